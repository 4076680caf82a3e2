/* What the variants for x86 have both. A file includes this, and has lookup (blocks_vectors.h). */
#ifndef KFI_READ_BLOCKS_BLOCKS_X86_H
#define KFI_READ_BLOCKS_BLOCKS_X86_H

#include "read/blocks/blocks_scan.h"

#include <immintrin.h>

enum { LANES = KFI_BLOCK };
typedef uint8_t lane_bytes __attribute__((vector_size(KFI_BLOCK)));

static inline __m256i load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }

static inline __m256i quarter(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* ---- signatures --------------------------------------------------------------------------------- */

/* Four sums of 64 bits, to be added up. */
static inline __m256i overlap(const uint8_t *signatures, unsigned i, __m256i signature)
{
    return _mm256_sad_epu8(_mm256_min_epu8(load(signatures + (size_t)i * KFI_BLOCK), signature),
                           _mm256_setzero_si256());
}

/* Four signatures at a time. Of the last ones the last is taken again. */
static inline uint64_t reaching(const uint8_t *signatures, unsigned count, const uint8_t *signature, unsigned low)
{
    const __m256i own = load(signature);
    const __m128i least = _mm_set1_epi32((int)low - 1);
    const unsigned last = count - 1;
    uint64_t found = 0;
    for (unsigned i = 0; i < count; i += 4) {
        const __m256i a = overlap(signatures, i, own), b = overlap(signatures, i + 1 < last ? i + 1 : last, own);
        const __m256i c = overlap(signatures, i + 2 < last ? i + 2 : last, own);
        const __m256i d = overlap(signatures, i + 3 < last ? i + 3 : last, own);
        const __m256i ab = _mm256_or_si256(a, _mm256_slli_epi64(b, 32));
        const __m256i cd = _mm256_or_si256(c, _mm256_slli_epi64(d, 32));
        const __m256i sums = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
        const __m128i all = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        const int reach = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(all, least)));
        found |= (uint64_t)(unsigned)reach << i;
    }
    return count < 64 ? found & ((1ull << count) - 1) : found;
}

/* Counts are below 128: signed comparisons do. */
static inline uint32_t select_lanes(const uint8_t *common, unsigned low, unsigned high)
{
    const __m256i counts = load(common);
    const __m256i enough = _mm256_cmpgt_epi8(counts, _mm256_set1_epi8((char)((int)low - 1)));
    const __m256i below = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)high), counts);
    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(enough, below));
}

/* Each of 32 numbers below 64 chooses from a table: the low four bits from a quarter, the two above them which one. */
static inline __m256i choose(const uint8_t *table, __m256i c)
{
    const __m256i odd = _mm256_slli_epi16(c, 3), upper = _mm256_slli_epi16(c, 2);
    const __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter(table), c),
                                           _mm256_shuffle_epi8(quarter(table + 16), c), odd);
    const __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter(table + 32), c),
                                            _mm256_shuffle_epi8(quarter(table + 48), c), odd);
    return _mm256_blendv_epi8(low, high, upper);
}

static inline void raise_lanes(const uint8_t *row, const uint8_t *common, uint8_t *values)
{
    const __m256i c = _mm256_min_epu8(load(common), _mm256_set1_epi8(KFI_BLOCK_LENGTH - 1));
    _mm256_storeu_si256((__m256i *)(void *)values, _mm256_max_epu8(load(values), choose(row, c)));
}

/* The floor is below 255. */
static inline uint32_t select_above(const uint8_t *values, unsigned floor)
{
    const __m256i v = load(values), enough = _mm256_max_epu8(v, _mm256_set1_epi8((char)(floor + 1)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, enough));
}

/* ---- columns ------------------------------------------------------------------------------------ */

/* Bits of each byte. */
static inline lane_bytes count_bits(lane_bytes n)
{
    static const uint8_t counts[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };
    const __m256i table = quarter(counts), low = _mm256_set1_epi8(15);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16((__m256i)n, 4), low);
    return (lane_bytes)_mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256((__m256i)n, low)),
                                       _mm256_shuffle_epi8(table, high));
}

static inline void store(uint8_t *to, lane_bytes lanes) { _mm256_storeu_si256((__m256i *)(void *)to, (__m256i)lanes); }

#include "read/blocks/blocks_vectors.h"

#endif
