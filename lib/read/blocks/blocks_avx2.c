#include "read/blocks/blocks_x86.h"

static inline void lookup(const kfi_block_query *query, const uint8_t *column, unsigned n, lane_bytes *masks)
{
    const __m256i c = _mm256_and_si256(load(column), _mm256_set1_epi8(63));
    const __m256i odd = _mm256_slli_epi16(c, 3);
    if (query->classes <= KFI_CLASSES / 2) {
        /* Classes of the upper half get the highest bit, which chooses 0. */
        const __m256i lower = _mm256_add_epi8(c, _mm256_set1_epi8(0x60));
        for (unsigned k = 0; k < n; k++)
            masks[k] = (lane_bytes)_mm256_blendv_epi8(_mm256_shuffle_epi8(quarter(query->masks[k]), lower),
                                                      _mm256_shuffle_epi8(quarter(query->masks[k] + 16), lower), odd);
        return;
    }
    for (unsigned k = 0; k < n; k++) masks[k] = (lane_bytes)choose(query->masks[k], c);
}

#define KFI_VARIANT kfi_blocks_avx2
#define KFI_VARIANT_NAME "avx2"
#include "read/blocks/blocks_body.h"
