/* Completion: the entries of a range of ordinals, the largest weight first. */
#ifndef KFI_QUERY_COMPLETE_H
#define KFI_QUERY_COMPLETE_H

#include "read/iter.h"

/* Yields the entries of the ordinals low .. high-1 that `filter` (may be NULL) lets pass, at most `limit`, by
 * (larger weight, smaller ordinal); match.weight is set. With maxima in the file (format/weights.h) this is
 * O(1), and an entry O(log keys); else all weights of the range are read here. Memory: O(entries yielded), and
 * without maxima an eighth of a byte a weight of the range. KF_TYPE without weights, KF_NO_MEMORY, KF_CORRUPT. */
kf_status kfi_iter_by_weight(kf_iter **out, const kf_dict *dict, uint64_t low, uint64_t high, uint64_t limit,
                             kf_filter_fn filter, void *filter_context, kf_error *error);

#endif
