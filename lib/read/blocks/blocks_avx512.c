#include "read/blocks/blocks_x86.h"

static inline void lookup(const kfi_block_query *query, const uint8_t *column, unsigned n, lane_bytes *masks)
{
    const __m256i classes = load(column);
    for (unsigned k = 0; k < n; k++)
        masks[k] = (lane_bytes)_mm256_permutex2var_epi8(load(query->masks[k]), classes, load(query->masks[k] + 32));
}

#define KFI_VARIANT kfi_blocks_avx512
#define KFI_VARIANT_NAME "avx512"
#include "read/blocks/blocks_body.h"
