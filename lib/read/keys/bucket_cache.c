#include "read/keys/bucket_cache.h"

#include <stdlib.h>

kfi_bucket_cache *kfi_bucket_cache_create(void)
{
    kfi_bucket_cache *cache = malloc(sizeof *cache);
    if (cache) memset(cache->tag, 0, sizeof cache->tag);
    return cache;
}

kfi_decoded *kfi_bucket_cache_miss(kfi_bucket_cache *cache, const kfi_keys *keys, const uint8_t *at,
                                   uint32_t depth, unsigned slot)
{
    cache->tag[slot] = NULL;
    if (!kfi_bucket_decode(keys, kfi_place_of(keys, at), depth, &cache->slot[slot])) return NULL;
    cache->tag[slot] = at;
    return &cache->slot[slot];
}
