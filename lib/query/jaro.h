/* Jaro-Winkler similarity, and an automaton that bounds it from above. */
#ifndef KFI_QUERY_JARO_H
#define KFI_QUERY_JARO_H

#include "query/automaton.h"

/* The similarity of two texts of `a_size` and `b_size` units (Jaro 1989; Winkler 1990: a common prefix of up to
 * four units adds a tenth of what is missing for each, if the similarity exceeds 0.7). `marks` has room for
 * a_size + b_size bytes. O(a_size * window). */
double kfi_jaro_winkler(const uint32_t *a, size_t a_size, const uint32_t *b, size_t b_size, uint8_t *marks);

/* Accepts every text. The bound of a state is exact enough to prune with; scores are 0: the caller computes
 * them. Errors as for kf_query_fuzzy. */
kf_status kfi_jaro_create(kf_query **out, kf_bytes needle, kf_unit unit, kf_error *error);

#endif
