/* The nearest keys by Jaro-Winkler similarity. */
#ifndef KFI_QUERY_FUZZY_NEAREST_JARO_H
#define KFI_QUERY_FUZZY_NEAREST_JARO_H

#include "query/fuzzy/nearest_hits.h"

/* KF_LIMIT: the work limit ended it; errors are reported. */
kf_status kfi_nearest_by_jaro_winkler(kfi_nearest *search, kf_error *error);

#endif
