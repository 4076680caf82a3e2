/* Choosing among a node's children: by rank, by label, in order. The children are child nodes ("bigs")
 * and RUNS of bucket entries: the entries that begin with one label, a run starting where lcp is 0. */
#ifndef KFI_READ_KEYS_NODE_DECODE_H
#define KFI_READ_KEYS_NODE_DECODE_H

#include "read/keys/bucket_decode.h"
#include "read/keys/node_view.h"

typedef struct kfi_node_pick {
    int is_big;
    unsigned big;             /* the child node picked; else how many come before the entry */
    unsigned bucket;          /* if not is_big */
    uint64_t before;          /* keys before the child node, or before the bucket's first entry if the
                                 child nodes after that lay behind the bucket; without `final` */
} kfi_node_pick;

/* The child that holds the key of rank `rank`, `final` not counted; 0 when there is none. */
static inline int kfi_node_select(const kfi_node *n, uint64_t rank, kfi_node_pick *pick)
{
    unsigned low = 0, high = n->bigs;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (kfi_node_bigs_before(n, middle) + kfi_node_smalls_before(n, middle) <= rank) low = middle + 1;
        else high = middle;
    }
    pick->is_big = 0;
    pick->big = low;
    if (low) {
        uint64_t smalls = kfi_node_smalls_before(n, low - 1);
        if (rank - smalls < kfi_node_bigs_before(n, low)) {
            pick->is_big = 1;
            pick->big = low - 1;
            pick->before = kfi_node_bigs_before(n, low - 1) + smalls;
            return 1;
        }
    }
    if (!n->buckets) return 0;
    uint64_t small = rank - kfi_node_bigs_before(n, low);
    unsigned first = 0, last = n->buckets - 1;
    while (first < last) {
        unsigned middle = (first + last) / 2;
        if (kfi_node_buckets_before(n, middle + 1) <= small) first = middle + 1;
        else last = middle;
    }
    pick->bucket = first;
    pick->before = kfi_node_bigs_before(n, low) + kfi_node_buckets_before(n, first);
    return 1;
}

/* The codes of edge i's label after its first byte; they lie in the section. */
static inline int kfi_node_edge_codes(const kfi_keys *keys, const kfi_node *n, unsigned i,
                                      const uint8_t **bits, uint64_t *codes)
{
    *bits = n->at;
    *codes = 0;
    if (!n->path_width) return 1;
    const uint8_t *path = kfi_node_path(n, i);
    if (!path) return 0;
    size_t used = kfi_varint_read(path, KFI_VARINT_MAX, codes);
    if (!used || used > (size_t)(n->end - path)) return 0;
    *bits = path + used;
    return *codes <= (uint64_t)(n->end - *bits) * 8 / keys->code_width;
}

/* Writes the label of the edge to child node `i`; as kfi_codes_append. */
static inline uint8_t *kfi_node_edge_append(const kfi_keys *keys, const kfi_node *n, unsigned i, uint8_t *to,
                                            const uint8_t *limit)
{
    const uint8_t *bits;
    uint64_t codes;
    if (to >= limit || !kfi_node_edge_codes(keys, n, i, &bits, &codes)) return NULL;
    *to++ = n->big_label[i];
    return kfi_codes_append(keys, bits, 0, codes, kfi_token_row(&keys->tokens, n->big_label[i]), to, limit);
}

/* Writes the label of the edge to child node i and finds the node; as kfi_codes_append. */
static inline uint8_t *kfi_node_follow(const kfi_keys *keys, const kfi_node *n, unsigned i, uint8_t *to,
                                       const uint8_t *limit, kfi_place *child)
{
    uint8_t *end = kfi_node_edge_append(keys, n, i, to, limit);
    return end && kfi_node_child(keys, n, i, child) && kfi_is_node(child->at) ? end : NULL;
}

/* How many child nodes have a label below `label` (0 to 256). */
static inline unsigned kfi_node_bigs_below(const kfi_node *n, unsigned label)
{
    unsigned low = 0, high = n->bigs;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (n->big_label[middle] < label) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The bucket in which a run with this label would be: the last whose first label is not above it. */
static inline unsigned kfi_node_bucket_of(const kfi_node *n, uint8_t label)
{
    unsigned low = 0, high = n->buckets ? n->buckets - 1 : 0;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (n->bucket_label[middle] <= label) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The first run from entry `from` (a run's start, or the count) on whose label is above `label`. */
static inline unsigned kfi_decoded_run_above(const kfi_decoded *d, unsigned from, uint8_t label)
{
    while (from < d->view.count && (d->lcp[from] || d->label[from] <= label)) from++;
    return from;
}

/* Where the run that holds `entry` starts. */
static inline unsigned kfi_decoded_run_of(const kfi_decoded *d, unsigned entry)
{
    while (d->lcp[entry]) entry--;   /* lcp[0] is 0 */
    return entry;
}

#endif
