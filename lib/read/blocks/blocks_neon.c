#include "read/blocks/blocks_scan.h"

#include <arm_neon.h>

enum { LANES = 16 };
typedef uint8x16_t lane_bytes;

static inline void store(uint8_t *to, lane_bytes lanes) { vst1q_u8(to, lanes); }

static inline lane_bytes count_bits(lane_bytes n) { return vcntq_u8(n); }

/* A class behind a table chooses 0. */
static inline void lookup(const kfi_block_query *query, const uint8_t *column, unsigned n, lane_bytes *masks)
{
    const uint8x16_t c = vandq_u8(vld1q_u8(column), vdupq_n_u8(KFI_CLASSES - 1));
    if (query->classes <= KFI_CLASSES / 2)
        for (unsigned k = 0; k < n; k++) masks[k] = vqtbl2q_u8(vld1q_u8_x2(query->masks[k]), c);
    else
        for (unsigned k = 0; k < n; k++) masks[k] = vqtbl4q_u8(vld1q_u8_x4(query->masks[k]), c);
}

#include "read/blocks/blocks_vectors.h"

/* Bit i for byte i, all of which are 0 or 255: each becomes its bit, and neighbours are added three times. */
static inline uint32_t bits_of(uint8x16_t low, uint8x16_t high)
{
    static const uint8_t bits[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    const uint8x16_t weights = vld1q_u8(bits);
    uint8x16_t sums = vpaddq_u8(vandq_u8(low, weights), vandq_u8(high, weights));
    sums = vpaddq_u8(sums, sums);
    return vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(sums, sums)), 0);
}

static inline uint64_t reaching(const uint8_t *signatures, unsigned count, const uint8_t *signature, unsigned low)
{
    const uint8x16_t first = vld1q_u8(signature), second = vld1q_u8(signature + 16);
    uint64_t found = 0;
    for (unsigned i = 0; i < count; i++, signatures += KFI_BLOCK) {
        const uint16x8_t sums = vpaddlq_u8(vminq_u8(vld1q_u8(signatures), first));
        const unsigned sum = vaddvq_u16(vpadalq_u8(sums, vminq_u8(vld1q_u8(signatures + 16), second)));
        found |= (uint64_t)(sum >= low) << i;
    }
    return found;
}

static inline uint8x16_t between(const uint8_t *common, unsigned low, unsigned high)
{
    const uint8x16_t c = vld1q_u8(common);
    return vandq_u8(vcgeq_u8(c, vdupq_n_u8((uint8_t)low)), vcltq_u8(c, vdupq_n_u8((uint8_t)high)));
}

static inline uint32_t select_lanes(const uint8_t *common, unsigned low, unsigned high)
{
    return bits_of(between(common, low, high), between(common + 16, low, high));
}

static inline void raise_lanes(const uint8_t *row, const uint8_t *common, uint8_t *values)
{
    const uint8x16x4_t table = vld1q_u8_x4(row);
    for (unsigned i = 0; i < KFI_BLOCK; i += 16) {
        const uint8x16_t c = vminq_u8(vld1q_u8(common + i), vdupq_n_u8(KFI_BLOCK_LENGTH - 1));
        vst1q_u8(values + i, vmaxq_u8(vld1q_u8(values + i), vqtbl4q_u8(table, c)));
    }
}

static inline uint32_t select_above(const uint8_t *values, unsigned floor)
{
    const uint8x16_t least = vdupq_n_u8((uint8_t)floor);
    return bits_of(vcgtq_u8(vld1q_u8(values), least), vcgtq_u8(vld1q_u8(values + 16), least));
}

#define KFI_VARIANT kfi_blocks_neon
#define KFI_VARIANT_NAME "neon"
#include "read/blocks/blocks_body.h"
