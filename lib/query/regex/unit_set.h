/* Sets of units: what one place of a pattern matches. */
#ifndef KFI_QUERY_REGEX_UNIT_SET_H
#define KFI_QUERY_REGEX_UNIT_SET_H

#include "base/array.h"

enum { KFI_CODE_POINT_MAX = 0x10ffff };

typedef struct kfi_range {
    uint32_t low, high;      /* both belong to it */
} kfi_range;

typedef struct kfi_set {
    kfi_array ranges;        /* of kfi_range; after kfi_set_normalise ascending, with gaps between them */
    int stray;               /* also each byte that is not part of well-formed UTF-8 */
} kfi_set;

static inline size_t kfi_set_count(const kfi_set *set)
{
    return set->ranges.size / sizeof(kfi_range);
}

static inline const kfi_range *kfi_set_ranges(const kfi_set *set)
{
    return (const kfi_range *)(const void *)set->ranges.data;
}

void kfi_set_clear(kfi_set *set);
void kfi_set_free(kfi_set *set);

/* The others leave `set` in any order. Errors: KF_NO_MEMORY. */
kf_status kfi_set_add(kfi_set *set, uint32_t low, uint32_t high, kf_error *error);
kf_status kfi_set_add_all(kfi_set *set, const kfi_set *other, kf_error *error);

void kfi_set_normalise(kfi_set *set);
/* Replaces a normalised set by what 0 .. `most` has besides it, and turns `stray` over if `strays`. */
kf_status kfi_set_negate(kfi_set *set, uint32_t most, int strays, kf_error *error);

/* Adds A-Z for a-z and the reverse. */
kf_status kfi_set_fold_ascii(kfi_set *set, kf_error *error);

#endif
