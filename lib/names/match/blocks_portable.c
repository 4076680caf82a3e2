#include <stdint.h>

static inline void lookup(const uint8_t *table, const uint8_t *column, uint8_t *out)
{
    for (unsigned i = 0; i < 32; i++) out[i] = table[column[i] & 63];
}

static inline unsigned overlap(const uint8_t *a, const uint8_t *b)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 32; i++) sum += a[i] < b[i] ? a[i] : b[i];
    return sum;
}

static inline uint32_t select_lanes(const uint8_t *common, unsigned low, unsigned high)
{
    uint32_t lanes = 0;
    for (unsigned i = 0; i < 32; i++) lanes |= (uint32_t)(common[i] >= low && common[i] < high) << i;
    return lanes;
}

static inline uint32_t select_greater(const uint8_t *values, unsigned least)
{
    uint32_t lanes = 0;
    for (unsigned i = 0; i < 32; i++) lanes |= (uint32_t)(values[i] > least) << i;
    return lanes;
}

#define KFI_VARIANT kfi_blocks_portable
#define KFI_VARIANT_NAME "portable"
#include "names/match/blocks_body.h"
