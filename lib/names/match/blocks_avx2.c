#include "names/match/blocks_x86.h"

static inline __m256i quarter(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* The low four bits of a class choose from each quarter of the table, the two above them among these. */
static inline void lookup(const uint8_t *table, const uint8_t *column, uint8_t *out)
{
    const __m256i c = _mm256_and_si256(load(column), _mm256_set1_epi8(63));
    const __m256i odd = _mm256_slli_epi16(c, 3), upper = _mm256_slli_epi16(c, 2);
    const __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter(table), c),
                                           _mm256_shuffle_epi8(quarter(table + 16), c), odd);
    const __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter(table + 32), c),
                                            _mm256_shuffle_epi8(quarter(table + 48), c), odd);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_blendv_epi8(low, high, upper));
}

#define KFI_VARIANT kfi_blocks_avx2
#define KFI_VARIANT_NAME "avx2"
#include "names/match/blocks_body.h"
