/* M. A. Jaro, "Advances in record-linkage methodology", 1989; W. E. Winkler, "String comparator metrics", 1990: with
 * the prefix of up to four letters weighing a tenth each where the similarity is above 0.7, as RapidFuzz has it. */
#include "names/score/ratio.h"

#include <stdlib.h>

enum { PREFIX = 4 };

/* Letters of a that are equal to one of b, none of which is taken twice, at most `reach` positions from their own.
 * Marks them. */
static uint32_t mark(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m, uint32_t reach, uint8_t *a_marks,
                     uint8_t *b_marks)
{
    uint32_t common = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t end = m - 1 < i + reach ? m : i + reach + 1;
        for (uint32_t j = i > reach ? i - reach : 0; j < end; j++) {
            if (b_marks[j] || a[i] != b[j]) continue;
            a_marks[i] = b_marks[j] = 1;
            common++;
            break;
        }
    }
    return common;
}

/* Marked letters that are not in the same order on both sides. */
static uint32_t misplaced(const uint32_t *a, uint32_t n, const uint32_t *b, const uint8_t *a_marks,
                          const uint8_t *b_marks)
{
    uint32_t count = 0, j = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!a_marks[i]) continue;
        while (!b_marks[j]) j++;
        count += a[i] != b[j++];
    }
    return count;
}

static double jaro(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m, uint8_t *marks)
{
    const uint32_t longer = n > m ? n : m, reach = longer > 3 ? longer / 2 - 1 : 0;
    if (!n || !m) return n == m;
    const double common = mark(a, n, b, m, reach, marks, marks + n);
    if (common == 0) return 0;
    return (common / n + common / m + (common - misplaced(a, n, b, marks, marks + n) / 2) / common) / 3;
}

kf_status kfi_jaro_winkler(kf_bytes first, kf_bytes second, double *score, kf_error *error)
{
    kfi_array points = { 0 };
    uint8_t *marks = NULL;
    *score = 0;
    kf_status status = kfi_array_reserve(&points, sizeof(uint32_t), error);   /* also if both are empty */
    if (!status) status = kfi_name_points(first, &points, error);
    const size_t n = points.size / 4;
    if (!status) status = kfi_name_points(second, &points, error);
    const size_t m = points.size / 4 - n;
    const uint32_t *a = (const uint32_t *)(const void *)points.data, *b = a + n;
    if (!status && !(marks = calloc(n + m + 1, 1))) status = kfi_fail_memory(error, n + m + 1);
    if (!status) {
        unsigned prefix = 0;
        while (prefix < PREFIX && prefix < n && prefix < m && a[prefix] == b[prefix]) prefix++;
        *score = jaro(a, (uint32_t)n, b, (uint32_t)m, marks);
        if (*score > 0.7) *score += prefix * 0.1 * (1 - *score);
        if (*score > 1) *score = 1;
    }
    free(marks);
    kfi_array_free(&points);
    return status;
}
