/* Packed fields with AVX-512 (BW, VL, VBMI) and BMI2; see fields_portable.h for what each function does.
 *
 * Unpacking: a byte permutation brings the w bytes of each eight fields into a 64-bit lane, and the
 * multi-shift instruction picks eight bytes at any bit offsets of a lane. */
#ifndef KFI_READ_KEYS_FIELDS_AVX512_H
#define KFI_READ_KEYS_FIELDS_AVX512_H

#include "read/keys/fields_bmi.h"

typedef __m512i kfi_vec;

static inline kfi_vec kfi_vec_unpack(const uint8_t *p, unsigned width, unsigned count)
{
    (void)count;
    const __m512i lane = _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505,
                                          0x0404040404040404, 0x0303030303030303, 0x0202020202020202,
                                          0x0101010101010101, 0);
    const __m512i within = _mm512_set1_epi64(0x0706050403020100);
    /* lane * width + within and within * width: below 64, so 16-bit products don't carry over. */
    __m512i w = _mm512_set1_epi16((short)width);
    __m512i window = _mm512_add_epi8(_mm512_mullo_epi16(lane, w), within);
    __m512i shifts = _mm512_set1_epi64((long long)(0x0706050403020100ull * width));
    __m512i bytes = _mm512_permutexvar_epi8(window, _mm512_loadu_si512(p));
    return _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, bytes),
                            _mm512_set1_epi8((char)((1u << width) - 1)));
}

static inline void kfi_vec_unpack_both(kfi_vec *v, const uint8_t *p, unsigned width, kfi_vec *w, const uint8_t *q,
                                       unsigned other, unsigned count)
{
    *v = kfi_vec_unpack(p, width, count);
    *w = kfi_vec_unpack(q, other, count);
}

static inline kfi_vec kfi_vec_load(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline uint64_t kfi_vec_equal(kfi_vec v, uint8_t value)
{
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)value));
}

static inline uint64_t kfi_vec_less(kfi_vec v, uint8_t value)
{
    return _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8((char)value));
}

static inline uint64_t kfi_vec_both(kfi_vec v, uint8_t value, kfi_vec w, uint8_t other)
{
    return _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)value)), w,
                                       _mm512_set1_epi8((char)other));
}

static inline kfi_vec kfi_vec_table(kfi_vec v, const uint8_t *table)
{
    __m128i t = _mm_loadu_si128((const __m128i *)(const void *)table);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(t), v);
}

static inline uint64_t kfi_vec_sum(kfi_vec v, unsigned count)
{
    const __mmask64 keep = kfi_low_bits(~0ull, count);
    return (uint64_t)_mm512_reduce_add_epi64(
        _mm512_sad_epu8(_mm512_maskz_mov_epi8(keep, v), _mm512_setzero_si512()));
}

static inline uint32_t kfi_labels32(const uint8_t *p, uint8_t c, uint32_t *less)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p), x = _mm256_set1_epi8((char)c);
    *less = _mm256_cmplt_epu8_mask(v, x);
    return _mm256_cmpeq_epi8_mask(v, x);
}

static inline uint32_t kfi_differ16(const uint8_t *a, const uint8_t *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    return _mm_cmpneq_epi8_mask(x, y);
}

static inline uint32_t kfi_differ_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table,
                                             const uint8_t *text)
{
    return _mm_cmpneq_epi8_mask(kfi_characters(p, bit, width, table),
                                _mm_loadu_si128((const __m128i *)(const void *)text));
}

static inline uint32_t kfi_records8(const uint8_t *p, unsigned count, uint64_t value)
{
    const __m512i all = _mm512_set1_epi64((long long)value);
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i += 8)
        equal |= (uint32_t)_mm512_cmpeq_epi64_mask(_mm512_loadu_si512(p + 8 * i), all) << i;
    return (uint32_t)kfi_low_bits(equal, count);
}

static inline uint32_t kfi_records16(const uint8_t *p, unsigned count, uint64_t low, uint64_t high)
{
    const __m512i all = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)high, (long long)low));
    uint32_t equal = 0;
    for (unsigned i = 0; i < count; i += 4) {
        const uint32_t words = _mm512_cmpeq_epi64_mask(_mm512_loadu_si512(p + 16 * i), all);
        equal |= _pext_u32(words & words >> 1, 0x55) << i;
    }
    return (uint32_t)kfi_low_bits(equal, count);
}

#endif
