/* kf_names_score: the definition, from which searches must not differ. */
#include "names/score/assignment.h"
#include "names/score/pattern.h"
#include "names/score/similarity.h"

/* The similarities of all tokens of `b` with all of the needle, as the rows or the columns of a matrix, whichever
 * makes it have more columns. */
static kf_status fill(kfi_patterns *patterns, const kf_bytes *tokens, uint32_t count, kfi_array *matrix,
                      kf_error *error)
{
    const uint32_t n = patterns->tokens;
    kfi_array points = { 0 }, row = { 0 };
    kf_status status = kfi_array_reserve(matrix, 8 * (size_t)n * count, error);
    if (!status) status = kfi_array_reserve(&row, 8 * (size_t)patterns->count, error);
    for (uint32_t j = 0; j < count && !status; j++) {
        uint64_t *similarities = (uint64_t *)(void *)row.data;
        points.size = 0;
        status = kfi_name_points(tokens[j], &points, error);
        if (status) break;
        kfi_patterns_compare(patterns, (const uint32_t *)(const void *)points.data, (uint32_t)(points.size / 4),
                             similarities);
        uint64_t *out = (uint64_t *)(void *)matrix->data + (count <= n ? (size_t)j * n : j);
        const size_t step = count <= n ? 1 : count;
        for (uint32_t i = 0; i < patterns->count; i++)
            for (uint32_t k = 0; k < patterns->list[i].times; k++, out += step) *out = similarities[i];
    }
    kfi_array_free(&points);
    kfi_array_free(&row);
    return status;
}

static kf_status setratio(kf_bytes a, kf_bytes b, double *score, kf_error *error)
{
    kfi_patterns patterns = { 0 };
    kfi_array matrix = { 0 }, work = { 0 };
    kf_bytes tokens[KF_NAME_TOKENS];
    const uint32_t m = kfi_name_tokens(b, tokens);
    uint64_t sum = 0;
    kf_status status = kfi_patterns_set(&patterns, a, error);
    const uint32_t n = patterns.tokens;
    if (!status) status = fill(&patterns, tokens, m, &matrix, error);
    if (!status)
        status = kfi_assignment((const uint64_t *)(const void *)matrix.data, m <= n ? m : n, m <= n ? n : m, &work,
                                &sum, error);
    if (!status) *score = kfi_score_value((kfi_score){ sum, n + m });
    kfi_array_free(&work);
    kfi_array_free(&matrix);
    kfi_patterns_free(&patterns);
    return status;
}

kf_status kf_names_score(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size, double *score,
                         kf_error *error)
{
    const kf_bytes first = { a, a_size }, second = { b, b_size };
    *score = 0;
    if (scorer != KF_SCORER_SETRATIO) return kfi_fail(error, KF_INVALID, "unknown scorer %d", (int)scorer);
    kf_status status = kfi_name_check(first, "the first name", error);
    if (!status) status = kfi_name_check(second, "the second name", error);
    return status ? status : setratio(first, second, score, error);
}
