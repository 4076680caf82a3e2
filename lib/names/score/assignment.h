/* The greatest sum of a matrix's entries of which no two are in one row or column. */
#ifndef KFI_NAMES_SCORE_ASSIGNMENT_H
#define KFI_NAMES_SCORE_ASSIGNMENT_H

#include "base/array.h"

/* `matrix` has rows <= columns, row after row; entries are at most KFI_SIMILARITY_ONE. `work` is memory to be used
 * again. O(rows * columns) where the rows' maxima are in different columns, else O(rows^2 * columns).
 * KF_NO_MEMORY. */
kf_status kfi_assignment(const uint64_t *matrix, uint32_t rows, uint32_t columns, kfi_array *work, uint64_t *sum,
                         kf_error *error);

/* The same, and which column each row has. */
kf_status kfi_assignment_pairs(const uint64_t *matrix, uint32_t rows, uint32_t columns, kfi_array *work, uint64_t *sum,
                               uint32_t *chosen, kf_error *error);

#endif
