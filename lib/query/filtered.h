/* Iterators that choose: by a query, by a filter. */
#ifndef KFI_QUERY_FILTERED_H
#define KFI_QUERY_FILTERED_H

#include "read/iter.h"

/* The keys with ordinals low .. high-1 that a query accepts, in key order. `work_limit` as in
 * kf_iter_options. KF_NO_MEMORY. */
kf_status kfi_iter_select(kf_iter **out, const kf_dict *dict, const kf_query *query, uint64_t low, uint64_t high,
                          uint64_t work_limit, kf_error *error);

/* What `inner` yields and `filter` (may be NULL) lets through, at most `limit` entries. Takes over `*inner`
 * and clears it, whatever happens. KF_NO_MEMORY. */
kf_status kfi_iter_filter(kf_iter **out, kf_iter **inner, kf_filter_fn filter, void *context, uint64_t limit,
                          kf_error *error);

#endif
