#include "names/ratio/sketch_scan.h"

#include <immintrin.h>

static inline __m256i load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }

/* Sums that are too great for a byte stay at its greatest value. */
void kfi_sketch_scan_avx2(const kfi_sketch_query *q, const uint8_t *chunk, uint32_t count, unsigned limit,
                          uint64_t *masks)
{
    const __m256i four = _mm256_set1_epi8(15), most = _mm256_set1_epi8((char)limit);
    __m256i shares[KFI_CHUNK_PAIRS];
    for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++)
        shares[pair] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)q->shares[pair]));
    for (; count > 0; count--, chunk += KFI_CHUNK_SIZE) {
        __m256i low = _mm256_setzero_si256(), high = low;
        for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++) {
            const __m256i names = load(chunk + pair * KFI_CHUNK_HALF);
            low = _mm256_adds_epu8(low, _mm256_shuffle_epi8(shares[pair], _mm256_and_si256(names, four)));
            high = _mm256_adds_epu8(high, _mm256_shuffle_epi8(shares[pair],
                                                              _mm256_and_si256(_mm256_srli_epi16(names, 4), four)));
        }
        const uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(low, most), low));
        const uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(high, most), high));
        *masks++ = (uint64_t)second << 32 | first;
    }
}
