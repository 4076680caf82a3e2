/* kf_names_score: the definitions, from which searches must not differ. */
#include "names/score/ratio.h"
#include "names/score/setratio.h"

static const char *const scorer_names[] = {
    [KF_SCORER_SETRATIO] = "setratio", [KF_SCORER_RATIO] = "ratio", [KF_SCORER_TOKEN_SORT_RATIO] = "token_sort_ratio",
    [KF_SCORER_TOKEN_SET_RATIO] = "token_set_ratio", [KF_SCORER_WRATIO] = "wratio",
    [KF_SCORER_PARTIAL_RATIO] = "partial_ratio", [KF_SCORER_JARO_WINKLER] = "jaro_winkler"
};
enum { SCORERS = sizeof scorer_names / sizeof *scorer_names };

const char *kf_scorer_name(kf_scorer scorer)
{
    return (unsigned)scorer < SCORERS ? scorer_names[scorer] : NULL;
}

kf_status kf_scorer_find(const char *name, kf_scorer *out)
{
    for (unsigned i = 0; name && i < SCORERS; i++) {
        if (strcmp(name, scorer_names[i])) continue;
        *out = (kf_scorer)i;
        return KF_OK;
    }
    return KF_NOT_FOUND;
}

static kf_status score_whole(kf_status (*scorer)(kf_bytes, kf_bytes, kfi_score *, kf_error *), kf_bytes a, kf_bytes b,
                             double *score, kf_error *error)
{
    kfi_score exact;
    kf_status status = scorer(a, b, &exact, error);
    if (!status) *score = kfi_whole_value(exact);
    return status;
}

kf_status kf_names_score(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size, double *score,
                         kf_error *error)
{
    const kf_bytes first = { a, a_size }, second = { b, b_size };
    *score = 0;
    kf_status status = kfi_name_check(first, "the first name", error);
    if (!status) status = kfi_name_check(second, "the second name", error);
    if (status) return status;
    switch (scorer) {
    case KF_SCORER_SETRATIO: return kfi_setratio(first, second, score, error);
    case KF_SCORER_RATIO: return score_whole(kfi_ratio, first, second, score, error);
    case KF_SCORER_TOKEN_SORT_RATIO: return score_whole(kfi_token_sort_ratio, first, second, score, error);
    case KF_SCORER_TOKEN_SET_RATIO: return score_whole(kfi_token_set_ratio, first, second, score, error);
    case KF_SCORER_WRATIO: return kfi_wratio(first, second, score, error);
    case KF_SCORER_PARTIAL_RATIO: return score_whole(kfi_partial_ratio, first, second, score, error);
    case KF_SCORER_JARO_WINKLER: return kfi_jaro_winkler(first, second, score, error);
    }
    return kfi_fail(error, KF_INVALID, "unknown scorer %d", (int)scorer);
}
