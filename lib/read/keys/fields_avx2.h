/* Packed fields with AVX2 and BMI2; see fields_portable.h for what each function does.
 *
 * Unpacking: 16 fields of w bits are 2w bytes, at most 16: one lane. A byte shuffle brings each field's
 * 16-bit window into a 16-bit slot, a multiplication moves the field to the slot's top (there is no
 * variable 16-bit shift), and one shift brings it down. */
#ifndef KFI_READ_KEYS_FIELDS_AVX2_H
#define KFI_READ_KEYS_FIELDS_AVX2_H

#include "read/keys/fields_bmi.h"

typedef struct kfi_vec { __m256i low, high; } kfi_vec;

/* For both lanes alike, so that they are operands in memory. */
typedef struct kfi_unpack_plan { uint8_t window[2][32]; uint16_t factor[2][16], down[8]; } kfi_unpack_plan;

#define KFI_W(w, i) (uint8_t)((i) * (w) / 8), (uint8_t)((i) * (w) / 8 + 1)
#define KFI_F(w, i) (uint16_t)(1u << (16 - (w) - (i) * (w) % 8))
#define KFI_W8(w, i) KFI_W(w, i), KFI_W(w, (i) + 1), KFI_W(w, (i) + 2), KFI_W(w, (i) + 3), KFI_W(w, (i) + 4), \
                     KFI_W(w, (i) + 5), KFI_W(w, (i) + 6), KFI_W(w, (i) + 7)
#define KFI_F8(w, i) KFI_F(w, i), KFI_F(w, (i) + 1), KFI_F(w, (i) + 2), KFI_F(w, (i) + 3), KFI_F(w, (i) + 4), \
                     KFI_F(w, (i) + 5), KFI_F(w, (i) + 6), KFI_F(w, (i) + 7)
#define KFI_PLAN(w) { { { KFI_W8(w, 0), KFI_W8(w, 0) }, { KFI_W8(w, 8), KFI_W8(w, 8) } }, \
                      { { KFI_F8(w, 0), KFI_F8(w, 0) }, { KFI_F8(w, 8), KFI_F8(w, 8) } }, { 16 - (w) } }
_Alignas(32) static const kfi_unpack_plan kfi_unpack_plans[9] = {
    { { { 0 } }, { { 0 } }, { 0 } }, KFI_PLAN(1), KFI_PLAN(2), KFI_PLAN(3), KFI_PLAN(4), KFI_PLAN(5), KFI_PLAN(6),
    KFI_PLAN(7), KFI_PLAN(8),
};
#undef KFI_W
#undef KFI_F
#undef KFI_W8
#undef KFI_F8
#undef KFI_PLAN

static inline __m256i kfi_unpack32(const uint8_t *p, unsigned width, const kfi_unpack_plan *plan)
{
    __m256i bytes = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p)),
        _mm_loadu_si128((const __m128i *)(const void *)(p + 2 * width)), 1);
    __m128i down = _mm_loadu_si128((const __m128i *)(const void *)plan->down);
    __m256i part[2];
    for (int i = 0; i < 2; i++) {
        __m256i window = _mm256_loadu_si256((const __m256i *)(const void *)plan->window[i]);
        __m256i factor = _mm256_loadu_si256((const __m256i *)(const void *)plan->factor[i]);
        part[i] = _mm256_srl_epi16(_mm256_mullo_epi16(_mm256_shuffle_epi8(bytes, window), factor), down);
    }
    return _mm256_packus_epi16(part[0], part[1]);
}

static inline kfi_vec kfi_vec_unpack(const uint8_t *p, unsigned width, unsigned count)
{
    const kfi_unpack_plan *plan = &kfi_unpack_plans[width];
    kfi_vec v = { kfi_unpack32(p, width, plan), _mm256_setzero_si256() };
    if (count > 32) v.high = kfi_unpack32(p + 4 * width, width, plan);
    return v;
}

static inline void kfi_vec_unpack_both(kfi_vec *v, const uint8_t *p, unsigned width, kfi_vec *w, const uint8_t *q,
                                       unsigned other, unsigned count)
{
    const kfi_unpack_plan *plan = &kfi_unpack_plans[width], *other_plan = &kfi_unpack_plans[other];
    v->low = kfi_unpack32(p, width, plan);
    w->low = kfi_unpack32(q, other, other_plan);
    v->high = w->high = _mm256_setzero_si256();
    if (count > 32) {
        v->high = kfi_unpack32(p + 4 * width, width, plan);
        w->high = kfi_unpack32(q + 4 * other, other, other_plan);
    }
}

static inline kfi_vec kfi_vec_load(const uint8_t *p)
{
    kfi_vec v = { _mm256_loadu_si256((const __m256i *)(const void *)p),
                  _mm256_loadu_si256((const __m256i *)(const void *)(p + 32)) };
    return v;
}

static inline uint64_t kfi_masks(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t kfi_vec_equal(kfi_vec v, uint8_t value)
{
    __m256i x = _mm256_set1_epi8((char)value);
    return kfi_masks(_mm256_cmpeq_epi8(v.low, x), _mm256_cmpeq_epi8(v.high, x));
}

static inline uint64_t kfi_vec_less(kfi_vec v, uint8_t value)
{
    __m256i x = _mm256_set1_epi8((char)value);   /* not less: the larger of both is v itself */
    return ~kfi_masks(_mm256_cmpeq_epi8(_mm256_max_epu8(v.low, x), v.low),
                      _mm256_cmpeq_epi8(_mm256_max_epu8(v.high, x), v.high));
}

static inline uint64_t kfi_vec_both(kfi_vec v, uint8_t value, kfi_vec w, uint8_t other)
{
    __m256i x = _mm256_set1_epi8((char)value), y = _mm256_set1_epi8((char)other);
    return kfi_masks(_mm256_and_si256(_mm256_cmpeq_epi8(v.low, x), _mm256_cmpeq_epi8(w.low, y)),
                     _mm256_and_si256(_mm256_cmpeq_epi8(v.high, x), _mm256_cmpeq_epi8(w.high, y)));
}

static inline kfi_vec kfi_vec_table(kfi_vec v, const uint8_t *table)
{
    __m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
    v.low = _mm256_shuffle_epi8(t, v.low);
    v.high = _mm256_shuffle_epi8(t, v.high);
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
    kfi_vec keep = kfi_vec_load(ones_then_zeros + 64 - count);
    __m256i zero = _mm256_setzero_si256();
    __m256i sums = _mm256_add_epi64(_mm256_sad_epu8(_mm256_and_si256(v.low, keep.low), zero),
                                    _mm256_sad_epu8(_mm256_and_si256(v.high, keep.high), zero));
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    return (uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1);
}

static inline uint32_t kfi_labels32(const uint8_t *p, uint8_t c, uint32_t *less)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p), x = _mm256_set1_epi8((char)c);
    *less = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, x), v));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, x));
}

static inline uint32_t kfi_differ16(const uint8_t *a, const uint8_t *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) ^ 0xffff;
}

static inline uint32_t kfi_differ_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table,
                                             const uint8_t *text)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(kfi_characters(p, bit, width, table), _mm_loadu_si128((const __m128i *)(const void *)text)))
        ^ 0xffff;
}

static inline uint32_t kfi_words8(const uint8_t *p, __m256i value)
{
    const __m256i *v = (const __m256i *)(const void *)p;
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_loadu_si256(v), value)))
         | (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_loadu_si256(v + 1), value))) << 4;
}

static inline uint32_t kfi_records8(const uint8_t *p, unsigned count, uint64_t value)
{
    const __m256i all = _mm256_set1_epi64x((long long)value);
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i += 16)   /* mostly once */
        equal |= (kfi_words8(p + 8 * i, all) | kfi_words8(p + 8 * i + 64, all) << 8) << i;
    return (uint32_t)kfi_low_bits(equal, count);
}

static inline uint32_t kfi_records16(const uint8_t *p, unsigned count, uint64_t low, uint64_t high)
{
    const __m256i all = _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)high, (long long)low));
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i += 8) {
        const uint32_t words = kfi_words8(p + 16 * i, all) | kfi_words8(p + 16 * i + 64, all) << 8;
        equal |= _pext_u32(words & words >> 1, 0x5555) << i;
    }
    return (uint32_t)kfi_low_bits(equal, count);
}

#endif
