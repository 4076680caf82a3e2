/* Where bytes belong among the keys; and down the nodes along a key, one a step, for those who keep what they pass.
 * (What finds a prefix's place, read/search/along_body.h, and the search for one key go down by themselves: they are
 * compiled for each instruction set.)
 *
 *     kfi_key_way way = kfi_key_way_begin(keys, key);      the root must be a container
 *     while (kfi_is_node(way.place.at) && (step = kfi_step_by_key_in_node(&way)) == KFI_STEP_ON) ...
 *
 * Each step leads to a node that takes at least a byte of the key, or into one of the node's buckets; so there is an
 * end on any bytes. */
#ifndef KFI_READ_KEYS_BY_KEY_H
#define KFI_READ_KEYS_BY_KEY_H

#include "read/keys/node_decode.h"

/* key[0..depth) leads to the container at `place`. The keys that begin with these bytes, or in a node's bucket
 * those of them that it holds, have the ordinals first .. end-1. */
typedef struct kfi_key_way {
    const kfi_keys *keys;
    kf_bytes key;
    size_t depth;
    kfi_place place;
    uint64_t first, end;
    int final;                   /* whether the container that the last step left is a key itself */
} kfi_key_way;

static inline kfi_key_way kfi_key_way_begin(const kfi_keys *keys, kf_bytes key)
{
    return (kfi_key_way){ .keys = keys, .key = key, .place = kfi_root(keys), .end = keys->count };
}

/* The ordinals first .. end-1 are those of the keys that begin with `prefix`; `first` is how many are below it.
 * first <= end <= the count, whatever the file's bytes. KF_CORRUPT. */
kf_status kfi_prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end);

/* How many keys are below `key`. KF_CORRUPT. */
kf_status kfi_lower_bound(const kfi_keys *keys, kf_bytes key, uint64_t *ordinal);

/* How a text compares with the key from some place on. */
typedef enum kfi_order {
    KFI_TEXT_BELOW,
    KFI_TEXT_ABOVE,
    KFI_TEXT_LONGER,      /* the key ends in it */
    KFI_TEXT_AGREES,      /* to its end */
    KFI_TEXT_BAD
} kfi_order;

/* Compares what `count` codes, the first of row `row`, stand for with key[*at..size); `*at` becomes where the
 * comparison ended. */
kfi_order kfi_codes_compare(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count, uint32_t row,
                            kf_bytes key, size_t *at);

static inline kfi_step kfi_way_absent(kfi_key_way *w, uint64_t ordinal)
{
    w->first = w->end = ordinal;
    return KFI_STEP_ABSENT;
}

/* Into the bucket in which entries with the key's next byte would be; `bigs` child nodes are below that. */
static inline kfi_step kfi_way_into_bucket(kfi_key_way *w, const kfi_node *n, unsigned bigs)
{
    const unsigned j = kfi_node_bucket_of(n, w->key.data[w->depth]);
    const uint64_t first = w->first + (unsigned)n->final, base = first + kfi_node_bigs_before(n, bigs);
    if (!n->buckets) return kfi_way_absent(w, base);
    /* Keys of the node in all its buckets: what the child nodes leave. */
    const uint64_t smalls = j + 1 < n->buckets ? kfi_node_buckets_before(n, j + 1)
                                               : w->end - first - kfi_node_bigs_before(n, n->bigs);
    w->first = base + kfi_node_buckets_before(n, j);
    w->end = base + smalls;
    return kfi_node_bucket_checked(n, j, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

/* A step down from the node at `place`.
 * KFI_STEP_ON      it has gone down
 * KFI_STEP_FOUND   the keys that begin with the key are first .. end-1
 * KFI_STEP_ABSENT  there are none: `first`, and `end`, is the ordinal of the first key above it
 * KFI_STEP_CORRUPT
 * After FOUND and ABSENT depth and place are as they were. On a damaged file ordinals may be any numbers. */
static inline kfi_step kfi_step_by_key_in_node(kfi_key_way *w)
{
    kfi_node n;
    w->final = 0;
    if (w->depth == w->key.size) return KFI_STEP_FOUND;
    if (!kfi_node_open(w->keys, &n, w->place)) return KFI_STEP_CORRUPT;
    w->final = n.final;
    const uint8_t label = w->key.data[w->depth];
    const unsigned i = kfi_node_bigs_below(&n, label);
    if (i == n.bigs || n.big_label[i] != label) return kfi_way_into_bucket(w, &n, i);

    const uint8_t *path;
    uint64_t codes, base = w->first + (unsigned)n.final + kfi_node_smalls_before(&n, i);
    size_t at = w->depth + 1;
    if (!kfi_node_edge_codes(w->keys, &n, i, &path, &codes)) return KFI_STEP_CORRUPT;
    const uint32_t row = kfi_token_row(&w->keys->tokens, n.big_label[i]);
    const kfi_order o = codes ? kfi_codes_compare(w->keys, path, 0, codes, row, w->key, &at) : KFI_TEXT_AGREES;
    w->first = base + kfi_node_bigs_before(&n, i);
    w->end = base + kfi_node_bigs_before(&n, i + 1);
    if (o == KFI_TEXT_BELOW) return kfi_way_absent(w, w->end);
    if (o == KFI_TEXT_ABOVE) return kfi_way_absent(w, w->first);
    if (o == KFI_TEXT_LONGER) return KFI_STEP_FOUND;
    if (o == KFI_TEXT_BAD) return KFI_STEP_CORRUPT;
    w->depth = at;
    return kfi_node_child(w->keys, &n, i, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

#endif
