/* Scorers of names as whole texts. Their scores are fractions of small numbers (similarity.h). */
#ifndef KFI_NAMES_SCORE_RATIO_H
#define KFI_NAMES_SCORE_RATIO_H

#include "names/score/pattern.h"
#include "names/score/similarity.h"

/* Of texts of a and b code points whose longest common subsequence has `common`. */
static inline kfi_score kfi_ratio_of(uint64_t common, uint64_t a, uint64_t b)
{
    return a + b ? (kfi_score){ common, (uint32_t)(a + b) } : (kfi_score){ 1, 2 };
}

/* All of these take names that were accepted, and fail with KF_NO_MEMORY only. */

/* O(a * b / 64) */
kf_status kfi_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error);
kf_status kfi_token_sort_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error);
kf_status kfi_token_set_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error);
/* O(a * b) */
kf_status kfi_partial_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error);
kf_status kfi_wratio(kf_bytes a, kf_bytes b, double *score, kf_error *error);
kf_status kfi_jaro_winkler(kf_bytes a, kf_bytes b, double *score, kf_error *error);

/* token_set_ratio, of what is common to the sets and what is not: the lengths of these as joined words, and that of
 * the longest common subsequence of the latter. `has_common`: there are common words. */
kfi_score kfi_token_set_score(int has_common, uint64_t common, uint64_t a, uint64_t b, uint64_t rest_common);

#endif
