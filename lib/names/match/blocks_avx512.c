#include "names/match/blocks_x86.h"

static inline void lookup(const uint8_t *table, const uint8_t *column, uint8_t *out)
{
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permutex2var_epi8(load(table), load(column), load(table + 32)));
}

#define KFI_VARIANT kfi_blocks_avx512
#define KFI_VARIANT_NAME "avx512"
#include "names/match/blocks_body.h"
