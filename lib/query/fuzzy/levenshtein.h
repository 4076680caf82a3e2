/* The automaton of all texts within a distance of a needle. */
#ifndef KFI_QUERY_FUZZY_LEVENSHTEIN_H
#define KFI_QUERY_FUZZY_LEVENSHTEIN_H

#include "query/query.h"

/* What scores (kfi_verdict) are. */
typedef enum kfi_scoring {
    KFI_SCORE_NONE,         /* bounds are INFINITY */
    KFI_SCORE_DISTANCE,     /* minus the distance */
    KFI_SCORE_SIMILARITY    /* see kf_ranking */
} kfi_scoring;

/* kf_query_create_fuzzy with scores. */
kf_status kfi_levenshtein_create(kf_query **out, kf_bytes needle, const kf_fuzzy_options *options,
                                 kfi_scoring scoring, kf_error *error);

/* The similarity (see kf_ranking) of two texts of `a` and `b` units at distance d. */
double kfi_edit_similarity(kf_metric metric, uint64_t a, uint64_t b, uint64_t d);

/* Units of the needle. */
uint32_t kfi_levenshtein_size(const kf_query *query);

#endif
