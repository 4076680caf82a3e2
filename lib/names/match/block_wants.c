#include "names/match/block_wants.h"

#include "names/score/similarity.h"

/* The least number of common code points with which the similarity reaches so many 255ths. */
static unsigned common_for(unsigned least, uint32_t a, uint32_t b)
{
    const uint32_t most = a < b ? a : b;
    for (uint32_t common = 0; common <= most; common++)
        if (kfi_similarity_ceil(kfi_similarity(common, a, b)) >= least) return common;
    return most + 1;
}

void kfi_block_query_want(kfi_block_query *q, unsigned least, unsigned below)
{
    for (uint32_t i = 0; i < q->blocks->group_count; i++) {
        const uint32_t length = q->blocks->groups[i].length;
        q->low[length] = (uint8_t)common_for(least, q->length, length);
        q->high[length] = (uint8_t)common_for(below, q->length, length);
    }
}

void kfi_block_similarities_set(kfi_block_similarities *similarities)
{
    uint8_t (*rows)[KFI_BLOCK_LENGTH] = similarities->rows;
    for (unsigned both = 0; both < KFI_BLOCK_SUMS; both++)
        for (unsigned common = 0; common < KFI_BLOCK_LENGTH; common++)
            rows[both][common] =
                (uint8_t)kfi_similarity_ceil(kfi_similarity(common < both / 2 ? common : both / 2, both, 0));
    rows[KFI_BLOCK_SUMS - 1][KFI_BLOCK_LENGTH - 1] = 255;
}
