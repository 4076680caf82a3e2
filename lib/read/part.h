/* Plain dictionaries one by one where there may be several: the members of a dictionary that a range of its
 * ordinals touches. A plain dictionary is its own only member.
 *
 *     while (low < high) {
 *         kfi_part part = kfi_part_first(dict, low, high);
 *         ... part.dict, ordinals part.low .. part.high-1 of it, which are `part.base` less than the whole's
 *         low = part.base + part.high;
 *     } */
#ifndef KFI_READ_PART_H
#define KFI_READ_PART_H

#include "read/shards/shard_set.h"

typedef struct kfi_part {
    const kf_dict *dict;
    uint64_t base;
    uint64_t low, high;        /* low < high */
} kfi_part;

static inline kfi_part kfi_part_of(const kf_dict *dict, uint64_t ordinal, uint64_t low, uint64_t high)
{
    const kfi_shards *shards = dict->shards;
    if (!shards) return (kfi_part){ dict, 0, low, high };
    const size_t shard = kfi_shard_of_ordinal(shards, ordinal);
    kfi_part part = { .dict = shards->member[shard], .base = shards->first[shard] };
    kfi_shard_part(shards, shard, low, high, &part.low, &part.high);
    return part;
}

/* The part of the ordinals low .. high-1 (low < high <= all keys) in the first, and in the last member that
 * they touch. */
static inline kfi_part kfi_part_first(const kf_dict *dict, uint64_t low, uint64_t high)
{
    return kfi_part_of(dict, low, low, high);
}
static inline kfi_part kfi_part_last(const kf_dict *dict, uint64_t low, uint64_t high)
{
    return kfi_part_of(dict, high - 1, low, high);
}

/* The plain dictionary that holds the entry of an ordinal (below the number of all keys), which becomes the
 * one there. */
static inline const kf_dict *kfi_member_of(const kf_dict *dict, uint64_t *ordinal)
{
    const kfi_shards *shards = dict->shards;
    if (__builtin_expect(!shards, 1)) return dict;
    const size_t shard = kfi_shard_of_ordinal(shards, *ordinal);
    *ordinal -= shards->first[shard];
    return shards->member[shard];
}

#endif
