/* What the fields with AVX2 and with AVX-512 have in common: single words and 16 characters, by bit deposit. */
#ifndef KFI_READ_KEYS_FIELDS_BMI_H
#define KFI_READ_KEYS_FIELDS_BMI_H

#include "base/bits.h"

#include <immintrin.h>

static inline unsigned kfi_select(uint64_t word, unsigned k)
{
    return (unsigned)_tzcnt_u64(_pdep_u64(1ull << k, word));
}

static inline uint64_t kfi_select_pair(uint64_t word, unsigned k)
{
    return _pdep_u64(3ull << k, word);
}

/* What 16 characters from bit `bit` on of `width` (1..4) bits stand for. */
static inline __m128i kfi_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table)
{
    const uint64_t second = bit + 8 * width, each = kfi_mask64(width) * 0x0101010101010101;
    const __m128i codes = _mm_set_epi64x(
        (long long)_pdep_u64(kfi_load64(p + (second >> 3)) >> (second & 7), each),
        (long long)_pdep_u64(kfi_load64(p + (bit >> 3)) >> (bit & 7), each));
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)table), codes);
}

static inline void kfi_characters16(uint8_t *to, const uint8_t *p, uint64_t bit, unsigned width,
                                    const uint8_t table[16])
{
    _mm_storeu_si128((__m128i *)(void *)to, kfi_characters(p, bit, width, table));
}

#endif
