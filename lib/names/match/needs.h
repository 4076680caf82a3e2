/* What a name needs to become one of the best: by its number of tokens, for the least score that counts. */
#ifndef KFI_NAMES_MATCH_NEEDS_H
#define KFI_NAMES_MATCH_NEEDS_H

#include "base/error.h"
#include "names/score/similarity.h"

#include <keyfold/names.h>

typedef struct kfi_needs {
    kfi_score least;
    uint32_t needle;               /* tokens */
    uint32_t version;              /* of the two above */
    uint32_t versions[KF_NAME_TOKENS + 1];   /* for which the rest was computed, by number of tokens */
    uint32_t ceil[KF_NAME_TOKENS + 1];
    uint64_t sum[KF_NAME_TOKENS + 1];
} kfi_needs;

/* For another needle. */
void kfi_needs_begin(kfi_needs *needs, uint32_t needle);
/* Computes what is not up to date. */
void kfi_needs_update(kfi_needs *needs, kfi_score least, uint32_t tokens);

/* The sum of similarities without which a name of so many tokens has less than that score. */
static inline uint64_t kfi_needs_sum(kfi_needs *n, kfi_score least, uint32_t tokens)
{
    kfi_needs_update(n, least, tokens);
    return n->sum[tokens];
}

/* The same for similarities in 255ths, each of which was rounded up. */
static inline uint32_t kfi_needs_ceil(kfi_needs *n, kfi_score least, uint32_t tokens)
{
    kfi_needs_update(n, least, tokens);
    return n->ceil[tokens];
}

#endif
