/* A dictionary of several shards (FORMAT.md 2.7): plain dictionaries side by side, the keys of each above
 * those of the one before, under one numbering.
 *
 *      member      0               1                     2
 *      ordinals    first[0] = 0    first[1]              first[2]          first[3] = all keys
 *                  |-------------->|-------------------->|---------------->|
 *
 * A kf_dict has `shards` or is plain. In one that has, `header`, `metadata` and `mapping` are those of the
 * outer file, and header.keys, value_type and longest_key are right for the whole; `keys`, `column`, `weights`
 * are empty and must not be used. Images are all open; files that a manifest of plain ones names are opened when they
 * are first touched (shard_later.h). Members are plain, have at least one key and the value type of the whole. */
#ifndef KFI_READ_SHARDS_SHARD_SET_H
#define KFI_READ_SHARDS_SHARD_SET_H

#include "read/dict.h"

#include <stdatomic.h>

/* A file that was opened only for the shards in it: what a manifest names and is not plain itself. */
typedef struct kfi_shards_file kfi_shards_file;

/* What members that are opened at their first touch need. */
typedef struct kfi_shards_later kfi_shards_later;

typedef struct kfi_shards {
    size_t count;              /* at least 1 */
    _Atomic(kf_dict *) *member;   /* owned; NULL: not open yet (shard_later.h) */
    uint64_t *first;           /* count + 1: the global ordinal of each member's first key, and all keys */

    /* Private from here on: finding a key's shard. The first keys of all shards but the first one have
     * `skip` bytes in common; slice[i] is the 8 bytes after them as a big-endian number. */
    kf_bytes *first_key, *last_key;   /* they lie in the mappings of outer files */
    uint64_t *slice;
    size_t skip;
    unsigned weights;          /* kf_weights, of all members */
    kf_bytes *path;            /* the file that a member is in, as a manifest names it; else empty */
    kfi_shards_file *file;
    size_t files;
    kfi_shards_later *later;   /* NULL: all members are open */
} kfi_shards;

/* A member that is open; NULL if it is not. */
static inline const kf_dict *kfi_shards_opened(const kfi_shards *shards, size_t shard)
{
    return atomic_load_explicit(&shards->member[shard], memory_order_acquire);
}

/* The last member whose first key is <= `key`; 0 if there is none. O(log shards). The key is in this member or
 * nowhere. */
size_t kfi_shard_of_key(const kfi_shards *shards, kf_bytes key);

/* The member that has an ordinal below the number of all keys; its ordinal there is `ordinal` less
 * first[shard]. O(log shards). */
size_t kfi_shard_of_ordinal(const kfi_shards *shards, uint64_t ordinal);

/* As kfi_lower_bound and kfi_prefix_range (read/keys/by_key.h), in global ordinals. KF_CORRUPT. */
kf_status kfi_shards_lower_bound(const kfi_shards *shards, kf_bytes key, uint64_t *ordinal);
kf_status kfi_shards_prefix_range(const kfi_shards *shards, kf_bytes prefix, uint64_t *first, uint64_t *end);

/* The last member that may have keys that begin with `prefix`; kfi_shard_of_key gives the first one. O(log
 * shards). */
size_t kfi_shard_of_prefix_end(const kfi_shards *shards, kf_bytes prefix);

/* The part of the global ordinals low .. high-1 that lies in a member, in the member's ordinals; empty
 * (*from == *to) if none does. */
static inline void kfi_shard_part(const kfi_shards *shards, size_t shard, uint64_t low, uint64_t high,
                                  uint64_t *from, uint64_t *to)
{
    uint64_t begin = shards->first[shard], end = shards->first[shard + 1];
    low = low < begin ? begin : low > end ? end : low;
    high = high > end ? end : high;
    *from = low - begin;
    *to = (high < low ? low : high) - begin;
}

/* As kfi_prefixes (read/search/search.h). */
kf_status kfi_shards_prefixes(const kfi_shards *shards, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                              size_t *count);

/* ---- for read/dict.c -------------------------------------------------------------------------- */

/* As a variant's find_many; the batch's keys and keys_of don't matter. */
kf_status kfi_shards_find_many(const kfi_shards *shards, const kfi_key_batch *batch, size_t count,
                               uint64_t *ordinals, size_t *found);
/* As kf_dict_u64_at_many and kf_dict_value_at_many; the values' type is checked already. */
kf_status kfi_shards_u64_many(const kfi_shards *shards, const uint64_t *ordinals, size_t count, uint64_t *values);
kf_status kfi_shards_bytes_many(const kfi_shards *shards, const uint64_t *ordinals, size_t count,
                                kf_buffer *data, uint64_t *ends);

/* Opens the shards of a dictionary whose mapping, header and metadata are there and whose header says that it
 * has shards. `path` is the outer file's, NULL in memory, where there can be no manifest (KF_INVALID). Sets
 * dict->shards, on failure too. */
kf_status kfi_shards_open(kf_dict *dict, const char *path, const kf_open_options *options, kf_error *error);
/* Fills what finding a key's shard goes by, once there are all first keys. */
void kfi_shards_index(kfi_shards *shards);
/* Accepts NULL. */
void kfi_shards_close(kfi_shards **shards);
/* Whether the members are in the same files (kfi_mapping_is_same); those of two dictionaries with one build id, or NULL
 * of both. */
int kfi_shards_same_files(const kfi_shards *a, const kfi_shards *b);
/* Adds to what the outer file has what it says of the members. */
void kfi_shards_outline(const kfi_shards *shards, kf_dict_stat *stat);
/* And what their files have, which must be open. */
void kfi_shards_stat(const kfi_shards *shards, kf_dict_stat *stat);

#endif
