#include "read/shards.h"

#include "read/order.h"

#include <stdlib.h>

/* ---- finding a shard -------------------------------------------------------------------------- */

/* The 8 bytes of a key from `skip` on as a big-endian number; zeros after its end. Numbers that differ order
 * their keys; equal ones say nothing. */
static uint64_t slice_of(kf_bytes key, size_t skip)
{
    uint8_t bytes[8] = { 0 };
    size_t size = key.size > skip ? key.size - skip : 0;
    if (size) memcpy(bytes, key.data + skip, size < 8 ? size : 8);
    uint64_t slice = 0;
    for (unsigned i = 0; i < 8; i++) slice = slice << 8 | bytes[i];
    return slice;
}

static int compare(kf_bytes a, kf_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

size_t kfi_shard_of_key(const kfi_shards *s, kf_bytes key)
{
    /* The answer is in low .. high-1. */
    size_t low = 0, high = s->count;
    if (high == 1) return 0;
    if (s->skip) {
        size_t common = key.size < s->skip ? key.size : s->skip;
        int order = common ? memcmp(key.data, s->first_key[1].data, common) : 0;
        if (order > 0) return s->count - 1;
        if (order < 0 || common < s->skip) return 0;
    }
    uint64_t slice = slice_of(key, s->skip);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        int below = s->slice[middle] < slice
                    || (s->slice[middle] == slice && compare(s->first_key[middle], key) <= 0);
        if (below) low = middle;
        else high = middle;
    }
    return low;
}

size_t kfi_shard_of_ordinal(const kfi_shards *s, uint64_t ordinal)
{
    size_t low = 0, high = s->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->first[middle] <= ordinal) low = middle;
        else high = middle;
    }
    return low;
}

/* ---- places of keys that need not be there ---------------------------------------------------- */

kf_status kfi_shards_lower_bound(const kfi_shards *s, kf_bytes key, uint64_t *ordinal)
{
    size_t shard = kfi_shard_of_key(s, key);
    kf_status status = kfi_lower_bound(&s->member[shard]->keys, key, ordinal);
    *ordinal += s->first[shard];
    return status;
}

kf_status kfi_shards_prefix_range(const kfi_shards *s, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    (void)s, (void)prefix;
    *first = *end = 0;
    return KF_CORRUPT;
}

/* ---- opening ---------------------------------------------------------------------------------- */

kf_status kfi_shards_open(kf_dict *dict, const char *path, uint32_t flags, kf_error *error)
{
    (void)dict, (void)path, (void)flags;
    return kfi_fail(error, KF_UNSUPPORTED, "sharded dictionaries can't be opened yet");
}

void kfi_shards_close(kfi_shards **pointer)
{
    kfi_shards *s = *pointer;
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) kf_dict_close(&s->member[i]);
    free(s->member);
    free(s->first);
    free(s->first_key);
    free(s->last_key);
    free(s->slice);
    free(s);
    *pointer = NULL;
}
