/* From ordinals to keys and from any bytes to their place among the keys, without a walk. */
#ifndef KFI_READ_ORDER_H
#define KFI_READ_ORDER_H

#include "read/keys.h"

#include <string.h>

/* The key of an ordinal below the count. Returns its size; SIZE_MAX on damage. `text` has room for
 * the longest key and 2 * KFI_TOKEN_MAX bytes more. */
size_t kfi_key_at(const kfi_keys *keys, uint64_t ordinal, uint8_t *text);

/* How many keys are below `key`. */
kf_status kfi_lower_bound(const kfi_keys *keys, kf_bytes key, uint64_t *ordinal);

/* The ordinals first .. end-1 are those of the keys that begin with `prefix`. */
kf_status kfi_prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end);

/* The keys that begin `text`, shortest first. With `capacity` 0 only the last one, in matches[0].
 * `count`: how many were stored. */
kf_status kfi_prefixes(const kfi_keys *keys, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                       size_t *count);

/* The same at many places of a text, from the front to the back: kfi_search_text prepares `s` for the text,
 * kfi_search_at for one place that has `size` bytes up to the text's end. Then comes a variant's `prefixes`. */
static inline void kfi_search_text(kfi_search *s, const uint8_t *text, size_t size)
{
    const size_t kept = size < 16 ? size : 16;
    s->in_bucket = 0;
    s->tail_start = size - kept;
    memset(s->tail, 0, sizeof s->tail);
    if (size) memcpy(s->tail, text + s->tail_start, kept);
}

static inline void kfi_search_at(kfi_search *s, const kfi_keys *keys, const uint8_t *place, size_t size)
{
    if (size < 16) kfi_search_text(s, place, size);
    else s->tail_start = size - 16;
    s->place.at = keys->tree + keys->parameters.root;
    s->place.end = keys->tree + keys->tree_size;
    s->rank = 0;
    s->depth = 0;
    s->key = place;
    s->size = size;
}

#endif
