/* Comparing a token of the needle with all tokens in blocks: compiled for several instruction sets (blocks_body.h),
 * of which the best one is chosen at run time. All give the same.
 *
 * Classes stand for code points, so what is found is at least as long as the longest common subsequence. */
#ifndef KFI_READ_BLOCKS_BLOCKS_SCAN_H
#define KFI_READ_BLOCKS_BLOCKS_SCAN_H

#include "read/blocks/blocks_reader.h"

#include <string.h>

typedef struct kfi_block_query {
    const kfi_blocks *blocks;
    uint32_t length;               /* code points of the needle's token, at least 1 */
    uint32_t classes;              /* all of its classes are less */
    int edits;                     /* what is common of texts is the longer one's length less their Levenshtein
                                      distance, no longest common subsequence. Only of needles of KFI_BLOCK_LENGTH */
    uint8_t signature[KFI_BLOCK];
    uint8_t masks[KFI_BLOCK_LENGTH / 8][KFI_CLASSES];   /* where a class is in it: byte k has positions 8k to 8k+7.
                                                           Empty if it is longer than tokens in blocks are */
    /* By the length of tokens: those are wanted with which at least `low` code points are common, and fewer than
     * `high`. */
    uint8_t low[KFI_BLOCK_KEY_LENGTH + 1], high[KFI_BLOCK_KEY_LENGTH + 1];
} kfi_block_query;

/* How many code points a token of a block can have in common with one: what the signatures' counts have. */
static inline unsigned kfi_block_overlap(const uint8_t *a, const uint8_t *b)
{
    const uint64_t even = 0x00ff00ff00ff00ff;
    uint64_t sum = 0;
    uint8_t least[KFI_BLOCK];
    for (unsigned i = 0; i < KFI_BLOCK; i++) least[i] = a[i] < b[i] ? a[i] : b[i];
    for (unsigned i = 0; i < KFI_BLOCK; i += 8) {
        const uint64_t word = kfi_load64(least + i);
        sum += (word & even) + (word >> 8 & even);
    }
    return (unsigned)(sum * 0x0001000100010001 >> 48);
}

/* Takes tokens of a block for one of the queries: bit i of `lanes` is token first + i, with which common[i] are
 * common. */
typedef kf_status (*kfi_block_sink)(void *context, size_t query, const kfi_length_group *group, uint32_t first,
                                    uint32_t lanes, const uint8_t *common);

/* Calls the sink for each block that has any, until it returns other than KF_OK: for a query in the order of blocks.
 * All queries are of these blocks. */
typedef kf_status (*kfi_block_scan)(const kfi_blocks *blocks, const kfi_block_query *const *queries, size_t count,
                                    kfi_block_sink sink, void *context);

/* Takes the tokens of a block: with token first + i of `count` common[q][i] are common with query q. */
typedef void (*kfi_block_taker)(void *context, const kfi_length_group *group, uint32_t first, uint32_t count,
                                const uint8_t (*common)[KFI_BLOCK]);

/* Compares all tokens with queries, KFI_BLOCK_TOGETHER at most, whatever these want; each has at least one letter. */
enum { KFI_BLOCK_TOGETHER = 2 };
typedef void (*kfi_block_compare_fn)(const kfi_blocks *blocks, const kfi_block_query *const *queries, size_t count,
                                     kfi_block_taker taker, void *context);

/* How similar tokens are at most, by the length of both, the last row for all greater ones too, and by how much is
 * common. */
enum { KFI_BLOCK_SUMS = 2 * KFI_BLOCK_LENGTH };
typedef struct kfi_block_similarities { uint8_t rows[KFI_BLOCK_SUMS][KFI_BLOCK_LENGTH]; } kfi_block_similarities;

/* How similar each token in a block is to the most similar one of the queries. */
typedef struct kfi_block_maxima {
    const kfi_block_query *const *queries;
    uint32_t count;
    uint8_t floor;                 /* below 255: what is not above it is not written. Queries want tokens above it */
    const kfi_block_similarities *similarities;
    uint8_t *most;                 /* by id: what is less is raised; */
    uint32_t mask;                 /* of which so many bits count: whatever the file says */
} kfi_block_maxima;

/* One pass over the blocks. */
typedef void (*kfi_block_maxima_fn)(const kfi_blocks *blocks, const kfi_block_maxima *maxima);

typedef struct kfi_blocks_variant {
    const char *name;
    kfi_block_scan scan;
    kfi_block_maxima_fn maxima;
    kfi_block_compare_fn compare_all;
} kfi_blocks_variant;

extern const kfi_blocks_variant kfi_blocks_portable;
#if defined(__x86_64__)
extern const kfi_blocks_variant kfi_blocks_avx2;
extern const kfi_blocks_variant kfi_blocks_avx512;
#elif defined(__aarch64__)
extern const kfi_blocks_variant kfi_blocks_neon;
#endif

/* Chosen once, as kfi_search_best is. */
const kfi_blocks_variant *kfi_blocks_best(void);

/* Prepares for a token of the needle, but for what is wanted. */
void kfi_block_query_set(kfi_block_query *query, const kfi_blocks *blocks, const uint32_t *points, uint32_t length);

#endif
