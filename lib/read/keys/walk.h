/* Walking the keys in order, both ways: under iteration backwards, sets, verifying, and queries that prune. (Forwards
 * and many at a time: read/search/list.h.)
 *
 * A walk is a cursor on one key at a time. Its `path` holds the key's bytes; moving on rewrites only the
 * bytes after the first `keep`, those that the key does not share with the one before. A query that runs
 * an automaton along the keys therefore keeps one automaton state for each byte of the path:
 *
 *     kfi_walk_seek(walk, first ordinal);          or the lower bound of where matches can begin
 *     do {
 *         for (i = walk->keep; i < walk->size; i++) {
 *             state[i + 1] = automaton step(state[i], walk->path[i]);
 *             if (state[i + 1] is dead) {          no key that begins with path[0..i] can match:
 *                 status = kfi_walk_skip(walk, i + 1);      leave all of them undecoded
 *                 goto again;                      (skip moves to a key, as next does)
 *             }
 *         }
 *         if (state[size] accepts) emit(walk->path, walk->size, walk->ordinal);
 *         status = kfi_walk_next(walk);
 *     again:;
 *     } while (!status);
 *
 * A prefix p of the current key with keep < |p| <= size is met for the first time. A query that jumps (an
 * intersection with another sorted set) seeks.
 *
 * Costs: next is O(bytes that differ) plus O(1) a container entered; skip is O(1) a container left and at
 * most 64 comparisons; seek is O(key length). A container in view is decoded into a small cache, so
 * containers that many parents share are decoded about once.
 *
 * Damage: whatever the file's bytes, every call ends: each container entered adds a byte to the path, the
 * path never exceeds the longest key, and every container holds a key or is refused. A caller bounds the
 * number of calls by the dictionary's count. */
#ifndef KFI_READ_KEYS_WALK_H
#define KFI_READ_KEYS_WALK_H

#include "read/keys/keys_view.h"

typedef struct kfi_walk_level kfi_walk_level;
struct kfi_decoded;

typedef struct kfi_walk {
    /* The current key, for the caller to read. */
    const uint8_t *path;
    size_t size;
    size_t keep;               /* after next, previous and skip: bytes shared with the key before the call */
    uint64_t ordinal;

    /* Private from here on. */
    const kfi_keys *keys;
    uint8_t *bytes;            /* path: room for the longest key and what decoding overwrites */
    const uint8_t *limit;
    kfi_walk_level *levels;    /* the containers that lead to the current key, root first */
    size_t height, capacity;
    struct kfi_bucket_cache *cache;
    const struct kfi_decoded *bucket;   /* decoded top level, when that is a bucket */
} kfi_walk;

/* O(longest key) memory, O(1) time. KF_NO_MEMORY. No key is current. */
kf_status kfi_walk_create(kfi_walk *walk, const kfi_keys *keys);
void kfi_walk_destroy(kfi_walk *walk);

/* Each makes a key current: the one of an ordinal; the next; the previous; the first one that does not
 * begin with path[0..depth) (0 < depth <= size) in the direction of next. KF_END when there is none and
 * KF_NOT_FOUND for an ordinal beyond the last; then, and after an error (KF_CORRUPT, KF_NO_MEMORY), no
 * key is current and only seek is allowed. */
kf_status kfi_walk_seek(kfi_walk *walk, uint64_t ordinal);
kf_status kfi_walk_next(kfi_walk *walk);
kf_status kfi_walk_previous(kfi_walk *walk);
kf_status kfi_walk_skip(kfi_walk *walk, size_t depth);

#endif
