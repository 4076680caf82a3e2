/* Searching records in plain C, where vectors gain nothing. */
#ifndef KFI_READ_KEYS_FIELDS_WORDS_H
#define KFI_READ_KEYS_FIELDS_WORDS_H

#include "base/bits.h"

/* Which of the `count` (1..32) words at p are `value`; and which pairs of them are `low` and `high`. Up to 127 bytes
 * more may be read. */
static inline uint32_t kfi_records8(const uint8_t *p, unsigned count, uint64_t value)
{
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i++) equal |= (uint32_t)(kfi_load64(p + 8 * i) == value) << i;
    return equal;
}

static inline uint32_t kfi_records16(const uint8_t *p, unsigned count, uint64_t low, uint64_t high)
{
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i++, p += 16)
        equal |= (uint32_t)!((kfi_load64(p) ^ low) | (kfi_load64(p + 8) ^ high)) << i;
    return equal;
}

#endif
