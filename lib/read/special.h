/* Looking up in dictionaries that have shards, make keys normal or have a filter: what read/dict.c asks where a key is
 * not searched for as the caller has it and at once. Each does what the kf_dict_ call of its name does. Nothing is
 * allocated unless a key outgrows the room for its normal form (KF_NO_MEMORY). */
#ifndef KFI_READ_SPECIAL_H
#define KFI_READ_SPECIAL_H

#include "read/dict.h"

kf_status kfi_special_find(const kf_dict *dict, kf_bytes key, uint64_t *ordinal);
/* `*dict` becomes the plain dictionary that the key is in, `ordinal` is the one there. */
kf_status kfi_special_place(const kf_dict **dict, kf_bytes key, uint64_t *ordinal);
kf_status kfi_special_lower_bound(const kf_dict *dict, kf_bytes key, uint64_t *ordinal);
kf_status kfi_special_prefix_range(const kf_dict *dict, kf_bytes prefix, uint64_t *first, uint64_t *end);
/* With `capacity` 0 only the last one, in matches[0]. */
kf_status kfi_special_prefixes(const kf_dict *dict, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                               size_t *count);
kf_status kfi_special_find_many(const kf_dict *dict, const kfi_key_batch *batch, size_t count, uint64_t *ordinals,
                                size_t *found);

/* For who has a key in normal form. */
kf_status kfi_dict_lower_bound(const kf_dict *dict, kf_bytes key, uint64_t *ordinal);

#endif
