/* What the variants for x86 have both. */
#ifndef KFI_NAMES_MATCH_BLOCKS_X86_H
#define KFI_NAMES_MATCH_BLOCKS_X86_H

#include <immintrin.h>
#include <stdint.h>

static inline __m256i load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }

static inline unsigned overlap(const uint8_t *a, const uint8_t *b)
{
    const __m256i sums = _mm256_sad_epu8(_mm256_min_epu8(load(a), load(b)), _mm256_setzero_si256());
    const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    return (unsigned)(_mm_cvtsi128_si32(half) + _mm_extract_epi32(half, 2));
}

/* Counts are below 128: signed comparisons do. */
static inline uint32_t select_lanes(const uint8_t *common, unsigned low, unsigned high)
{
    const __m256i counts = load(common);
    const __m256i enough = _mm256_cmpgt_epi8(counts, _mm256_set1_epi8((char)((int)low - 1)));
    const __m256i below = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)high), counts);
    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(enough, below));
}

/* `least` is below 255. */
static inline uint32_t select_greater(const uint8_t *values, unsigned least)
{
    const __m256i v = load(values), enough = _mm256_max_epu8(v, _mm256_set1_epi8((char)(least + 1)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, enough));
}

#endif
