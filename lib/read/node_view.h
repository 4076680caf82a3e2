/* A node's arrays, located and bounds-checked but not decoded. See format/keys.h for the layout. */
#ifndef KFI_READ_NODE_VIEW_H
#define KFI_READ_NODE_VIEW_H

#include "read/keys.h"

typedef struct kfi_node {
    const uint8_t *at, *end;
    unsigned bigs, buckets;
    int final;
    uint8_t big_width, count_width, small_width, bucket_width, path_width;
    const uint8_t *big_label, *bucket_label;
    const uint8_t *big_sum, *small_before, *bucket_sum, *big_offset, *bucket_offset, *path_offset;
    const uint8_t *paths;
    const uint8_t *first_bucket;
} kfi_node;

static inline uint64_t kfi_node_number(const uint8_t *array, unsigned i, unsigned width)
{
    return kfi_load64(array + (size_t)i * width) & kfi_mask64(8 * width);
}

/* 0 when the node does not fit its section. */
static inline int kfi_node_parse(kfi_node *n, kfi_place place)
{
    static const uint8_t path_widths[4] = { 0, 1, 2, 4 };
    const uint8_t *p = n->at = place.at;
    n->end = place.end;
    n->final = p[0] >> 6 & 1;
    n->big_width = (p[0] >> 3 & 7) + 1;
    n->count_width = (p[0] & 7) + 1;
    n->small_width = p[1] >> 3 & 15;
    n->path_width = path_widths[p[1] >> 1 & 3];
    n->bigs = p[2] | (p[1] & 1u) << 8;
    n->buckets = p[3] | (p[4] & 8u) << 5;
    n->bucket_width = (p[4] & 7) + 1;
    if (n->small_width > 8) return 0;
    unsigned inner = n->buckets ? n->buckets - 1 : 0;
    n->big_label = p + KFI_NODE_FIXED;
    n->bucket_label = n->big_label + n->bigs;
    n->big_sum = n->bucket_label + inner;
    n->small_before = n->big_sum + n->bigs * n->count_width;
    n->bucket_sum = n->small_before + n->bigs * n->small_width;
    n->big_offset = n->bucket_sum + inner * n->small_width;
    n->bucket_offset = n->big_offset + n->bigs * n->big_width;
    n->path_offset = n->bucket_offset + inner * n->bucket_width;
    n->paths = n->path_offset + (n->path_width ? (n->bigs + 1) * n->path_width : 0);
    if (n->paths > place.end) return 0;
    uint64_t paths_size = n->path_width ? kfi_node_number(n->path_offset, n->bigs, n->path_width) : 0;
    if (paths_size > (uint64_t)(place.end - n->paths)) return 0;
    n->first_bucket = n->paths + paths_size;
    return 1;
}

/* Child node i lies before the node; 0 when it would not. */
static inline int kfi_node_child(const kfi_keys *keys, const kfi_node *n, unsigned i, kfi_place *child)
{
    uint64_t offset = kfi_node_number(n->big_offset, i, n->big_width);
    if (offset == 0 || offset > (uint64_t)(n->at - keys->tree)) return 0;
    child->at = n->at - offset;
    child->end = n->end;
    return 1;
}

static inline int kfi_node_bucket(const kfi_node *n, unsigned j, kfi_place *bucket)
{
    uint64_t offset = j ? kfi_node_number(n->bucket_offset, j - 1, n->bucket_width) : 0;
    if (offset >= (uint64_t)(n->end - n->first_bucket)) return 0;
    bucket->at = n->first_bucket + offset;
    bucket->end = n->end;
    return 1;
}

/* Keys in child nodes 0..i-1, and in buckets 0..j-1. */
static inline uint64_t kfi_node_bigs_before(const kfi_node *n, unsigned i)
{
    return i ? kfi_node_number(n->big_sum, i - 1, n->count_width) : 0;
}
static inline uint64_t kfi_node_buckets_before(const kfi_node *n, unsigned j)
{
    return j ? kfi_node_number(n->bucket_sum, j - 1, n->small_width) : 0;
}
static inline uint64_t kfi_node_smalls_before(const kfi_node *n, unsigned i)
{
    return kfi_node_number(n->small_before, i, n->small_width);
}

#endif
