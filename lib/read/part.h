/* Plain dictionaries one by one where there may be several: the members of a dictionary that a range of its
 * ordinals touches. A plain dictionary is its own only member.
 *
 *     while (low < high) {
 *         kfi_part part;
 *         status = kfi_part_first(&part, dict, low, high);
 *         ... part.dict, ordinals part.low .. part.high-1 of it, which are `part.base` less than the whole's
 *         low = part.base + part.high;
 *     } */
#ifndef KFI_READ_PART_H
#define KFI_READ_PART_H

#include "read/shards/shard_later.h"

typedef struct kfi_part {
    const kf_dict *dict;
    uint64_t base;
    uint64_t low, high;        /* low < high */
} kfi_part;

static inline kf_status kfi_part_of(kfi_part *part, const kf_dict *dict, uint64_t ordinal, uint64_t low,
                                    uint64_t high)
{
    const kfi_shards *shards = dict->shards;
    *part = (kfi_part){ dict, 0, low, high };
    if (!shards) return KF_OK;
    const size_t shard = kfi_shard_of_ordinal(shards, ordinal);
    part->base = shards->first[shard];
    kfi_shard_part(shards, shard, low, high, &part->low, &part->high);
    return kfi_shards_member(shards, shard, &part->dict);
}

/* The part of the ordinals low .. high-1 (low < high <= all keys) in the first, and in the last member that
 * they touch. Errors: those of kfi_shards_member, with everything set but the dictionary. */
static inline kf_status kfi_part_first(kfi_part *part, const kf_dict *dict, uint64_t low, uint64_t high)
{
    return kfi_part_of(part, dict, low, low, high);
}
static inline kf_status kfi_part_last(kfi_part *part, const kf_dict *dict, uint64_t low, uint64_t high)
{
    return kfi_part_of(part, dict, high - 1, low, high);
}

/* Makes `*dict` the plain dictionary that holds the entry of an ordinal (below the number of all keys), which becomes
 * the one there. Errors: those of kfi_shards_member, with nothing changed. */
static inline kf_status kfi_member_of(const kf_dict **dict, uint64_t *ordinal)
{
    const kfi_shards *shards = (*dict)->shards;
    if (__builtin_expect(!shards, 1)) return KF_OK;
    const kf_dict *member;
    const size_t shard = kfi_shard_of_ordinal(shards, *ordinal);
    kf_status status = kfi_shards_member(shards, shard, &member);
    if (status) return status;
    *ordinal -= shards->first[shard];
    *dict = member;
    return KF_OK;
}

#endif
