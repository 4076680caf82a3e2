#include "names/score/setratio.h"

#include "names/score/assignment.h"
#include "names/score/similarity.h"

/* The similarities of all tokens of `b` with all of the needle, as the rows or the columns of a matrix, whichever
 * makes it have more columns. The needle's tokens come in the order of its patterns. */
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

/* Where a's tokens are in the matrix: equal ones come together there, in the order in which they first occur. */
static void place(const kfi_patterns *patterns, kf_bytes a, uint32_t places[KF_NAME_TOKENS])
{
    kf_bytes tokens[KF_NAME_TOKENS];
    uint32_t next[KF_NAME_TOKENS], first = 0;
    const uint32_t n = kfi_name_tokens(a, tokens);
    for (uint32_t i = 0; i < patterns->count; first += patterns->list[i++].times) next[i] = first;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t pattern = 0;
        for (;; pattern++) {
            const kf_bytes text = patterns->list[pattern].text;
            if (text.size == tokens[i].size && !(text.size && memcmp(text.data, tokens[i].data, text.size))) break;
        }
        places[i] = next[pattern]++;
    }
}

/* From the columns that rows have to the tokens of b that those of a have. */
static void translate(const uint64_t *matrix, const kfi_patterns *patterns, kf_bytes a, uint32_t m,
                      const uint32_t *columns, uint32_t *partners)
{
    const uint32_t n = patterns->tokens, rows = m <= n ? m : n, width = m <= n ? n : m;
    uint32_t places[KF_NAME_TOKENS], by_place[KF_NAME_TOKENS];
    for (uint32_t i = 0; i < n; i++) by_place[i] = UINT32_MAX;
    for (uint32_t row = 0; row < rows; row++) {
        if (!matrix[(size_t)row * width + columns[row]]) continue;
        if (m <= n) by_place[columns[row]] = row;
        else by_place[row] = columns[row];
    }
    place(patterns, a, places);
    for (uint32_t i = 0; i < n; i++) partners[i] = by_place[places[i]];
}

kf_status kfi_setratio_pairs(kf_bytes a, kf_bytes b, double *score, uint32_t *partners, kf_error *error)
{
    kfi_patterns patterns = { 0 };
    kfi_array matrix = { 0 }, work = { 0 }, room = { 0 };
    const uint32_t m = kfi_name_token_count(b);
    uint64_t sum = 0;
    kf_status status = kfi_array_reserve(&room, m * (sizeof(kf_bytes) + sizeof(uint32_t)), error);
    if (status) return status;
    kf_bytes *tokens = (kf_bytes *)(void *)room.data;
    uint32_t *columns = (uint32_t *)(void *)(tokens + m);
    kfi_name_tokens(b, tokens);
    status = kfi_patterns_set(&patterns, a, error);
    const uint32_t n = patterns.tokens;
    if (!status) status = fill(&patterns, tokens, m, &matrix, error);
    const uint64_t *values = (const uint64_t *)(const void *)matrix.data;
    if (!status)
        status = kfi_assignment_pairs(values, m <= n ? m : n, m <= n ? n : m, &work, &sum, columns, error);
    if (!status) *score = kfi_score_value((kfi_score){ sum, n + m });
    if (!status && partners) translate(values, &patterns, a, m, columns, partners);
    kfi_array_free(&room);
    kfi_array_free(&work);
    kfi_array_free(&matrix);
    kfi_patterns_free(&patterns);
    return status;
}

kf_status kfi_setratio(kf_bytes a, kf_bytes b, double *score, kf_error *error)
{
    return kfi_setratio_pairs(a, b, score, NULL, error);
}
