/* Packed fields with NEON, which every 64-bit ARM processor has; see fields_portable.h for what each function does.
 *
 * Unpacking: 16 fields of w bits are 2w bytes, at most 16. A table lookup brings each field's 16-bit window into a
 * 16-bit slot, and a shift, which here may differ from slot to slot, brings the field to its bottom. */
#ifndef KFI_READ_KEYS_FIELDS_NEON_H
#define KFI_READ_KEYS_FIELDS_NEON_H

#include "read/keys/fields_words.h"

#include <arm_neon.h>

typedef struct kfi_vec { uint8x16_t part[4]; } kfi_vec;

typedef struct kfi_unpack_plan { uint8_t window[2][16]; int16_t shift[2][8]; } kfi_unpack_plan;

#define KFI_W(w, i) (uint8_t)((i) * (w) / 8), (uint8_t)((i) * (w) / 8 + 1)
#define KFI_S(w, i) (int16_t)-((i) * (w) % 8)
#define KFI_PLAN(w) { { { KFI_W(w, 0), KFI_W(w, 1), KFI_W(w, 2), KFI_W(w, 3), KFI_W(w, 4), KFI_W(w, 5), \
                          KFI_W(w, 6), KFI_W(w, 7) }, \
                        { KFI_W(w, 8), KFI_W(w, 9), KFI_W(w, 10), KFI_W(w, 11), KFI_W(w, 12), KFI_W(w, 13), \
                          KFI_W(w, 14), KFI_W(w, 15) } }, \
                      { { KFI_S(w, 0), KFI_S(w, 1), KFI_S(w, 2), KFI_S(w, 3), KFI_S(w, 4), KFI_S(w, 5), \
                          KFI_S(w, 6), KFI_S(w, 7) }, \
                        { KFI_S(w, 8), KFI_S(w, 9), KFI_S(w, 10), KFI_S(w, 11), KFI_S(w, 12), KFI_S(w, 13), \
                          KFI_S(w, 14), KFI_S(w, 15) } } }
static const kfi_unpack_plan kfi_unpack_plans[9] = {
    { { { 0 } }, { { 0 } } }, KFI_PLAN(1), KFI_PLAN(2), KFI_PLAN(3), KFI_PLAN(4), KFI_PLAN(5), KFI_PLAN(6),
    KFI_PLAN(7), KFI_PLAN(8),
};
#undef KFI_W
#undef KFI_S
#undef KFI_PLAN

/* The 16 fields that begin the bytes. */
static inline uint8x16_t kfi_unpack16(uint8x16_t bytes, unsigned width, const kfi_unpack_plan *plan)
{
    const uint16x8_t low = vreinterpretq_u16_u8(vqtbl1q_u8(bytes, vld1q_u8(plan->window[0])));
    const uint16x8_t high = vreinterpretq_u16_u8(vqtbl1q_u8(bytes, vld1q_u8(plan->window[1])));
    const uint8x16_t fields = vuzp1q_u8(vreinterpretq_u8_u16(vshlq_u16(low, vld1q_s16(plan->shift[0]))),
                                        vreinterpretq_u8_u16(vshlq_u16(high, vld1q_s16(plan->shift[1]))));
    return vandq_u8(fields, vdupq_n_u8((uint8_t)((1u << width) - 1)));
}

static inline kfi_vec kfi_vec_unpack(const uint8_t *p, unsigned width, unsigned count)
{
    const kfi_unpack_plan *plan = &kfi_unpack_plans[width];
    kfi_vec v = { { vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0) } };
    for (unsigned i = 0; i < 4 && 16 * i < count && width; i++)
        v.part[i] = kfi_unpack16(vld1q_u8(p + 2 * width * i), width, plan);
    return v;
}

static inline void kfi_vec_unpack_both(kfi_vec *v, const uint8_t *p, unsigned width, kfi_vec *w, const uint8_t *q,
                                       unsigned other, unsigned count)
{
    *v = kfi_vec_unpack(p, width, count);
    *w = kfi_vec_unpack(q, other, count);
}

static inline kfi_vec kfi_vec_load(const uint8_t *p)
{
    return (kfi_vec){ { vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48) } };
}

static const uint8_t kfi_bit_weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };

/* Bit i for byte i, all of which are 0 or 255: each becomes its bit, and neighbours are added three times. */
static inline uint64_t kfi_masks(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    const uint8x16_t weights = vld1q_u8(kfi_bit_weights);
    const uint8x16_t low = vpaddq_u8(vandq_u8(a, weights), vandq_u8(b, weights));
    const uint8x16_t high = vpaddq_u8(vandq_u8(c, weights), vandq_u8(d, weights));
    const uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline uint64_t kfi_vec_equal(kfi_vec v, uint8_t value)
{
    const uint8x16_t x = vdupq_n_u8(value);
    return kfi_masks(vceqq_u8(v.part[0], x), vceqq_u8(v.part[1], x), vceqq_u8(v.part[2], x), vceqq_u8(v.part[3], x));
}

static inline uint64_t kfi_vec_less(kfi_vec v, uint8_t value)
{
    const uint8x16_t x = vdupq_n_u8(value);
    return kfi_masks(vcltq_u8(v.part[0], x), vcltq_u8(v.part[1], x), vcltq_u8(v.part[2], x), vcltq_u8(v.part[3], x));
}

static inline uint64_t kfi_vec_both(kfi_vec v, uint8_t value, kfi_vec w, uint8_t other)
{
    const uint8x16_t x = vdupq_n_u8(value), y = vdupq_n_u8(other);
    uint8x16_t both[4];
    for (unsigned i = 0; i < 4; i++) both[i] = vandq_u8(vceqq_u8(v.part[i], x), vceqq_u8(w.part[i], y));
    return kfi_masks(both[0], both[1], both[2], both[3]);
}

static inline kfi_vec kfi_vec_table(kfi_vec v, const uint8_t *table)
{
    const uint8x16_t t = vld1q_u8(table);
    for (unsigned i = 0; i < 4; i++) v.part[i] = vqtbl1q_u8(t, v.part[i]);
    return v;
}

static inline uint64_t kfi_vec_sum(kfi_vec v, unsigned count)
{
    static const uint8_t ones_then_zeros[128] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    };
    const kfi_vec keep = kfi_vec_load(ones_then_zeros + 64 - count);
    uint16x8_t sums = vpaddlq_u8(vandq_u8(v.part[0], keep.part[0]));
    for (unsigned i = 1; i < 4; i++) sums = vpadalq_u8(sums, vandq_u8(v.part[i], keep.part[i]));
    return vaddlvq_u16(sums);
}

static inline uint32_t kfi_labels32(const uint8_t *p, uint8_t c, uint32_t *less)
{
    const uint8x16_t v = vld1q_u8(p), w = vld1q_u8(p + 16), x = vdupq_n_u8(c);
    const uint64_t masks = kfi_masks(vceqq_u8(v, x), vceqq_u8(w, x), vcltq_u8(v, x), vcltq_u8(w, x));
    *less = (uint32_t)(masks >> 32);
    return (uint32_t)masks;
}

/* The first one's bit. */
static inline uint32_t kfi_differ(uint8x16_t a, uint8x16_t b)
{
    /* Four bits for each byte. */
    const uint8x8_t equal = vshrn_n_u16(vreinterpretq_u16_u8(vceqq_u8(a, b)), 4);
    const uint64_t other = ~vget_lane_u64(vreinterpret_u64_u8(equal), 0);
    return other ? 1u << ((unsigned)__builtin_ctzll(other) / 4) : 0;
}

static inline uint32_t kfi_differ16(const uint8_t *a, const uint8_t *b) { return kfi_differ(vld1q_u8(a), vld1q_u8(b)); }

static inline uint8x16_t kfi_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table)
{
    const uint64_t codes = kfi_load_bits(p, bit, 8 * width)
                           | kfi_load_bits(p, bit + 8 * width, 8 * width) << (8 * width);
    const uint8x16_t bytes = vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(codes), vcreate_u64(0)));
    return vqtbl1q_u8(vld1q_u8(table), kfi_unpack16(bytes, width, &kfi_unpack_plans[width]));
}

static inline uint32_t kfi_differ_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table,
                                             const uint8_t *text)
{
    return kfi_differ(kfi_characters(p, bit, width, table), vld1q_u8(text));
}

static inline void kfi_characters16(uint8_t *to, const uint8_t *p, uint64_t bit, unsigned width,
                                    const uint8_t table[16])
{
    vst1q_u8(to, kfi_characters(p, bit, width, table));
}

/* The word from its set bit number k on; 0 if it has none. Whole bytes are passed over by the sums of their set bits
 * (Vigna, Broadword Implementation of Rank/Select Queries, 2008). */
static inline uint64_t kfi_from_bit(uint64_t word, unsigned k)
{
    if (k > 63) return 0;
    if (k >= 4) {
        const uint64_t ones = 0x0101010101010101;
        const uint8x8_t bits = vcnt_u8(vreinterpret_u8_u64(vdup_n_u64(word)));
        const uint64_t sums = vget_lane_u64(vreinterpret_u64_u8(bits), 0) * ones;
        const uint64_t above = (sums + (0x7f - (uint64_t)k) * ones) & 0x8080808080808080;
        if (!above) return 0;
        const unsigned shift = (unsigned)__builtin_ctzll(above) & 56;
        k -= (unsigned)(sums << 8 >> shift & 0xff);
        word = word >> shift << shift;
    }
    while (k--) word &= word - 1;
    return word;
}

static inline unsigned kfi_select(uint64_t word, unsigned k)
{
    word = kfi_from_bit(word, k);
    return word ? (unsigned)__builtin_ctzll(word) : 64;
}

static inline uint64_t kfi_select_pair(uint64_t word, unsigned k)
{
    word = kfi_from_bit(word, k);
    const uint64_t above = word & (word - 1);
    return (word & -word) | (above & -above);
}

#endif
