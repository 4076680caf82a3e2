#include "read/blocks/blocks_scan.h"

#include "read/search/search.h"

const kfi_blocks_variant *kfi_blocks_best(void)
{
#if defined(__x86_64__)
    const kfi_search_variant *best = kfi_search_best();
    if (best == &kfi_search_avx512) return &kfi_blocks_avx512;
    if (best == &kfi_search_avx2) return &kfi_blocks_avx2;
#elif defined(__aarch64__)
    if (kfi_search_best() == &kfi_search_neon) return &kfi_blocks_neon;
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
