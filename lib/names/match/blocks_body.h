/* The scan, compiled once for each instruction set: a file includes this after it has defined KFI_VARIANT,
 * KFI_VARIANT_NAME and
 *     lookup(table, column, out)      out[i] = table[column[i]] of 32 lanes, classes below 64
 *     overlap(a, b)                   the sum of the lesser ones of 32 bytes each
 *     select_lanes(common, low, high) bit i: low <= common[i] < high
 *     select_greater(values, least)   bit i: values[i] > least
 *
 * A lane is a token, its bits are positions of the needle's token, and a column is the next code point of all 32:
 * Hyyrö's recurrence, as in pattern.c. Lanes are as wide as the needle's token is long. */
#include "names/match/blocks_scan.h"
#include "names/score/similarity.h"

typedef uint8_t lane_bytes __attribute__((vector_size(KFI_BLOCK)));

/* LANES(name, type, its bytes): how many positions have gone out, for each lane. */
#define LANES(name, type, bytes)                                                                              \
    typedef type name##_lanes __attribute__((vector_size(KFI_BLOCK * bytes)));                                \
    static void name(const kfi_block_query *q, const uint8_t *column, unsigned length, uint8_t *common)       \
    {                                                                                                         \
        name##_lanes state = ~(name##_lanes){ 0 };                                                            \
        for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {                                          \
            name##_lanes mask = { 0 };                                                                        \
            for (unsigned k = 0; k < bytes; k++) {                                                            \
                lane_bytes part;                                                                              \
                lookup(q->masks[k], column, (uint8_t *)&part);                                                \
                mask |= __builtin_convertvector(part, name##_lanes) << (8 * k);                               \
            }                                                                                                 \
            const name##_lanes hit = state & mask;                                                            \
            state = (state + hit) | (state - hit);                                                            \
        }                                                                                                     \
        name##_lanes n = ~state;                                                                              \
        n -= n >> 1 & (type)0x5555555555555555;                                                               \
        n = (n & (type)0x3333333333333333) + (n >> 2 & (type)0x3333333333333333);                             \
        n = (n + (n >> 4)) & (type)0x0f0f0f0f0f0f0f0f;                                                        \
        for (unsigned shift = 8; shift < 8 * bytes; shift *= 2) n += n >> shift;                              \
        const lane_bytes counts = __builtin_convertvector(n, lane_bytes) & 0x7f;                              \
        memcpy(common, &counts, sizeof counts);                                                               \
    }
LANES(lanes_8, uint8_t, 1)
LANES(lanes_32, uint32_t, 4)
LANES(lanes_64, uint64_t, 8)

#if defined(__AVX512BW__)
LANES(lanes_16, uint16_t, 2)     /* one register */
#else
/* Bits of each byte. */
static inline void count_bits(lane_bytes *n)
{
    *n -= *n >> 1 & 0x55;
    *n = (*n & 0x33) + (*n >> 2 & 0x33);
    *n = (*n + (*n >> 4)) & 0x0f;
}

/* Lanes of 16 bits as two of 8: the sum of the lower ones carries where it is less than a summand. */
static void lanes_16(const kfi_block_query *q, const uint8_t *column, unsigned length, uint8_t *common)
{
    lane_bytes low = ~(lane_bytes){ 0 }, high = low;
    for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {
        lane_bytes low_hit, high_hit;
        lookup(q->masks[0], column, (uint8_t *)&low_hit);
        lookup(q->masks[1], column, (uint8_t *)&high_hit);
        low_hit &= low;
        high_hit &= high;
        const lane_bytes sum = low + low_hit, carry = (lane_bytes)(sum < low);   /* 0 or -1 */
        low = sum | (low - low_hit);
        high = (high + high_hit - carry) | (high - high_hit);
    }
    low = ~low;
    high = ~high;
    count_bits(&low);
    count_bits(&high);
    low += high;
    memcpy(common, &low, sizeof low);
}
#endif

static void compare(const kfi_block_query *q, const uint8_t *columns, unsigned length, unsigned bound,
                    uint8_t *common)
{
    if (q->length <= 8) lanes_8(q, columns, length, common);
    else if (q->length <= 16) lanes_16(q, columns, length, common);
    else if (q->length <= 32) lanes_32(q, columns, length, common);
    else if (q->length <= KFI_BLOCK_LENGTH) lanes_64(q, columns, length, common);
    else memset(common, (int)(bound < length ? bound : length), KFI_BLOCK);   /* the signature has to do */
}

static kf_status scan(const kfi_block_query *q, kfi_block_sink sink, void *context)
{
    const kfi_blocks *b = q->blocks;
    for (uint32_t i = 0; i < b->group_count; i++) {
        const kfi_length_group *g = &b->groups[i];
        const unsigned length = g->length, low = q->low[length], high = q->high[length];
        const uint8_t *signature = b->signatures + (size_t)g->first_block * KFI_BLOCK;
        const uint8_t *columns = b->columns + g->columns;
        if (low >= high) continue;
        for (uint32_t t = 0; t < g->tokens; t += KFI_BLOCK, signature += KFI_BLOCK, columns += KFI_BLOCK * length) {
            uint8_t common[KFI_BLOCK];
            const unsigned bound = overlap(signature, q->signature);
            if (bound < low) continue;
            compare(q, columns, length, bound, common);
            uint32_t lanes = select_lanes(common, low, high);
            if (g->tokens - t < KFI_BLOCK) lanes &= (1u << (g->tokens - t)) - 1;
            kf_status status = lanes ? sink(context, g, g->first_token + t, lanes, common) : KF_OK;
            if (status) return status;
        }
    }
    return KF_OK;
}

#include "names/match/blocks_maxima.h"

const kfi_blocks_variant KFI_VARIANT = { KFI_VARIANT_NAME, scan, maxima };
