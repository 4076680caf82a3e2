/* Decoded buckets kept for the next look: containers that many parents share are decoded about once. */
#ifndef KFI_READ_KEYS_BUCKET_CACHE_H
#define KFI_READ_KEYS_BUCKET_CACHE_H

#include "read/keys/bucket_decode.h"

enum { KFI_BUCKET_CACHE_BITS = 6 };

/* Direct-mapped by address. The tags are apart so that an empty cache touches little memory. */
typedef struct kfi_bucket_cache {
    const uint8_t *tag[1 << KFI_BUCKET_CACHE_BITS];
    kfi_decoded slot[1 << KFI_BUCKET_CACHE_BITS];
} kfi_bucket_cache;

kfi_bucket_cache *kfi_bucket_cache_create(void);   /* free() frees it; NULL without memory */

kfi_decoded *kfi_bucket_cache_miss(kfi_bucket_cache *cache, const kfi_keys *keys, const uint8_t *at,
                                   uint32_t depth, unsigned slot);

/* The bucket at `at`, decoded for `depth`; NULL on damage. Valid until the next call. */
static inline kfi_decoded *kfi_bucket_cached(kfi_bucket_cache *cache, const kfi_keys *keys, const uint8_t *at,
                                             uint32_t depth)
{
    uint64_t hash = (uint64_t)(uintptr_t)at * 0x9e3779b97f4a7c15;
    unsigned slot = (unsigned)(hash >> (64 - KFI_BUCKET_CACHE_BITS));
    kfi_decoded *d = &cache->slot[slot];
    if (cache->tag[slot] == at && (d->any_depth || d->depth == depth)) return d;
    return kfi_bucket_cache_miss(cache, keys, at, depth, slot);
}

#endif
