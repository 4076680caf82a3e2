#include "names/match/blocks_scan.h"

#include "names/score/similarity.h"
#include "read/search/search.h"

const kfi_blocks_variant *kfi_blocks_best(void)
{
#if defined(__x86_64__)
    const kfi_search_variant *best = kfi_search_best();
    if (best == &kfi_search_avx512) return &kfi_blocks_avx512;
    if (best == &kfi_search_avx2) return &kfi_blocks_avx2;
#endif
    return &kfi_blocks_portable;
}

void kfi_block_query_set(kfi_block_query *q, const kfi_blocks *blocks, const uint32_t *points, uint32_t length)
{
    *q = (kfi_block_query){ .blocks = blocks, .length = length };
    for (uint32_t i = 0; i < length; i++) {
        const unsigned class = kfi_blocks_class(blocks, points[i]);
        if (class >= KFI_CLASSES) continue;
        if (class >= q->classes) q->classes = class + 1;
        if (q->signature[class % KFI_BLOCK] < UINT8_MAX) q->signature[class % KFI_BLOCK]++;
        if (length <= KFI_BLOCK_LENGTH) q->masks[i / 8][class] |= (uint8_t)(1u << (i % 8));
    }
}

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
