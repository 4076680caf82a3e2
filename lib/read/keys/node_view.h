/* A node's arrays, located and bounds-checked but not decoded. Drawn in FORMAT.md 4.6. */
#ifndef KFI_READ_KEYS_NODE_VIEW_H
#define KFI_READ_KEYS_NODE_VIEW_H

#include "read/keys/keys_view.h"

typedef struct kfi_node {
    const uint8_t *at, *end;
    unsigned bigs, buckets;
    int final;
    uint8_t big_width, count_width, small_width, bucket_width, path_width;
    unsigned big_stride, bucket_stride;
    const uint8_t *big_label, *bucket_label;
    const uint8_t *big, *bucket;        /* records */
    const uint8_t *path_offset;
    const uint8_t *paths;
    const uint8_t *first_bucket;
} kfi_node;

/* All but first_bucket; 0 when the node does not fit its section. */
static inline __attribute__((always_inline)) int kfi_node_parse_arrays(kfi_node *n, kfi_place place)
{
    const uint8_t *p = n->at = place.at;
    const uint64_t head = kfi_load64(p);
    n->end = place.end;
    n->final = head >> 6 & 1;
    n->big_width = (uint8_t)((head >> 3 & 7) + 1);
    n->count_width = (uint8_t)((head & 7) + 1);
    n->small_width = head >> 11 & 15;
    n->path_width = (uint8_t)(0x4210 >> (head >> 9 & 3) * 4 & 15);
    n->bigs = (unsigned)((head >> 16 & 255) | (head & 0x100));
    n->buckets = (unsigned)((head >> 24 & 255) | (head >> 27 & 0x100));
    n->bucket_width = (uint8_t)((head >> 32 & 7) + 1);
    const unsigned inner = n->buckets - (n->buckets > 0);
    n->big_stride = n->big_width + (unsigned)n->small_width + n->count_width;
    n->bucket_stride = (unsigned)n->small_width + n->bucket_width;
    n->big_label = p + KFI_NODE_FIXED;
    n->bucket_label = n->big_label + n->bigs;
    n->big = n->bucket_label + inner;
    n->bucket = n->big + n->bigs * n->big_stride;
    n->path_offset = n->paths = n->bucket + inner * n->bucket_stride;
    if (n->path_width) n->paths = n->path_offset + (n->bigs + 1) * n->path_width;
    return n->small_width <= 8 && n->paths <= place.end;
}

/* 0 when the paths do not fit the section. */
static inline __attribute__((always_inline)) int kfi_node_parse_paths(kfi_node *n)
{
    uint64_t size = 0;
    if (n->path_width) size = kfi_load_bytes(n->path_offset + n->bigs * n->path_width, n->path_width);
    n->first_bucket = n->paths + size;
    return size <= (uint64_t)(n->end - n->paths);
}

static inline __attribute__((always_inline)) int kfi_node_parse(kfi_node *n, kfi_place place)
{
    return kfi_node_parse_arrays(n, place) && kfi_node_parse_paths(n);
}

/* Whoever does not know yet that the container is a node, in the section where nodes lie, and not empty. */
static inline int kfi_node_open(const kfi_keys *keys, kfi_node *n, kfi_place place)
{
    return place.end == keys->tree + keys->tree_size && kfi_node_parse(n, place) && (n->bigs || n->buckets);
}

/* Child node i lies before the node; 0 when it would not. */
static inline int kfi_node_child(const kfi_keys *keys, const kfi_node *n, unsigned i, kfi_place *child)
{
    uint64_t offset = kfi_load_bytes(n->big + i * n->big_stride + n->small_width, n->big_width);
    if (offset == 0 || offset > (uint64_t)(n->at - keys->tree)) return 0;
    child->at = n->at - offset;
    child->end = n->end;
    return 1;
}

static inline int kfi_node_bucket(const kfi_node *n, unsigned j, kfi_place *bucket)
{
    uint64_t offset = j ? kfi_load_bytes(n->bucket + (j - 1) * n->bucket_stride + n->small_width, n->bucket_width) : 0;
    if (offset >= (uint64_t)(n->end - n->first_bucket)) return 0;
    bucket->at = n->first_bucket + offset;
    bucket->end = n->end;
    return 1;
}

/* 0 too if what lies there cannot be a node's bucket. */
static inline int kfi_node_bucket_checked(const kfi_node *n, unsigned j, kfi_place *bucket)
{
    return kfi_node_bucket(n, j, bucket) && !(bucket->at[0] & 0xc0);
}

/* Keys in child nodes 0..i-1, in buckets 0..j-1, and in the entries with a label below big label i. */
static inline uint64_t kfi_node_bigs_before(const kfi_node *n, unsigned i)
{
    return i ? kfi_load_bytes(n->big + i * n->big_stride - n->count_width, n->count_width) : 0;
}
static inline uint64_t kfi_node_buckets_before(const kfi_node *n, unsigned j)
{
    return j ? kfi_load_bytes(n->bucket + (j - 1) * n->bucket_stride, n->small_width) : 0;
}
static inline uint64_t kfi_node_smalls_before(const kfi_node *n, unsigned i)
{
    return kfi_load_bytes(n->big + i * n->big_stride, n->small_width);
}

/* Where the rest of edge i's label lies, from its number of codes on; 0 when it would be out of bounds. */
static inline const uint8_t *kfi_node_path(const kfi_node *n, unsigned i)
{
    uint64_t offset = kfi_load_bytes(n->path_offset + i * n->path_width, n->path_width);
    return offset < (uint64_t)(n->end - n->paths) ? n->paths + offset : NULL;
}

#endif
