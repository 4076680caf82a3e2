/* From ordinals to keys and from any bytes to their place among the keys, without a walk. */
#ifndef KFI_READ_KEYS_ORDER_H
#define KFI_READ_KEYS_ORDER_H

#include "read/keys/keys_view.h"

#include <keyfold/dict.h>

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

#endif
