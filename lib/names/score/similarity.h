/* Scores as exact numbers. Similarities of tokens are counted in units of which the similarity 1 has so many that
 * those of tokens with at most 40 code points together are whole numbers: so sums do not depend on the order of adding
 * them, equal scores are equal, and no bound needs a tolerance. (Of longer tokens the fraction is dropped.) */
#ifndef KFI_NAMES_SCORE_SIMILARITY_H
#define KFI_NAMES_SCORE_SIMILARITY_H

#include "base/wide.h"

/* The least common multiple of 1 to 40. KF_NAME_TOKENS of these fit 64 bits, twice. */
#define KFI_SIMILARITY_ONE 5342931457063200ull

/* Of tokens of a and b code points whose longest common subsequence has `common`. */
static inline uint64_t kfi_similarity(uint64_t common, uint64_t a, uint64_t b)
{
    if (a + b == 0) return KFI_SIMILARITY_ONE;
    return KFI_SIMILARITY_ONE / (a + b) * (2 * common) + KFI_SIMILARITY_ONE % (a + b) * (2 * common) / (a + b);
}

/* 255ths, rounded up: what bounds are counted in. */
static inline unsigned kfi_similarity_ceil(uint64_t similarity)
{
    return (unsigned)((similarity * 255 + KFI_SIMILARITY_ONE - 1) / KFI_SIMILARITY_ONE);
}

/* 2 * sum / (KFI_SIMILARITY_ONE * tokens); tokens: of both names. Or, of names as whole texts, 2 * sum / tokens, both
 * being numbers of code points. */
typedef struct kfi_score {
    uint64_t sum;
    uint32_t tokens;
} kfi_score;

/* < 0, 0, > 0 */
static inline int kfi_score_compare(kfi_score a, kfi_score b)
{
    return kfi_wide_compare(kfi_wide_product(a.sum, b.tokens), kfi_wide_product(b.sum, a.tokens));
}

/* The least sum with which names of so many tokens together reach a score. */
static inline uint64_t kfi_score_needs(kfi_score least, uint32_t tokens)
{
    return kfi_wide_share_up(least.sum, tokens, least.tokens);
}

/* The nearest double. */
double kfi_score_value(kfi_score score);
static inline double kfi_whole_value(kfi_score score) { return 2 * (double)score.sum / score.tokens; }

#endif
