/* The nearest keys of dictionaries that have their keys in blocks. */
#ifndef KFI_QUERY_FUZZY_NEAREST_BLOCKS_H
#define KFI_QUERY_FUZZY_NEAREST_BLOCKS_H

#include "query/fuzzy/nearest_hits.h"

/* Whether the search can go by blocks, and had better. Only of a metric that has distances. */
int kfi_nearest_has_blocks(const kfi_nearest *search);
/* Finds the same as the walk (nearest.c). KF_INVALID (the needle is no UTF-8), KF_LIMIT (the work limit ended it),
 * KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_nearest_by_blocks(kfi_nearest *search, kf_error *error);

#endif
