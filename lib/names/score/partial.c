/* partial_ratio and wratio, as RapidFuzz defines them.
 *
 * The longest common subsequences of a text with all parts of another one come from one pass over the table of both
 * (semi-local comparison: A. Tiskin, "Semi-local string comparison: algorithmic techniques and applications", 2008):
 * strands run through the table from the left and the top to the right and the bottom, and cross each other at most
 * once, nowhere where letters are equal. A part has as many letters in common as it has positions but those whose
 * strand, ending below it, began above it. */
#include "names/score/ratio.h"
#include "names/score/words.h"

typedef struct texts {
    kfi_array a, b;                /* uint32_t: code points */
    kfi_array strands;             /* uint32_t */
} texts;

static const uint32_t *points_of(const kfi_array *array) { return (const uint32_t *)(const void *)array->data; }
static uint32_t length_of(const kfi_array *array) { return (uint32_t)(array->size / 4); }

/* For each position of b the strand that ends there: below a's length those from the left, then those from the top. */
static kf_status comb(const kfi_array *first, const kfi_array *second, kfi_array *strands, uint32_t **ends,
                      kf_error *error)
{
    const uint32_t *a = points_of(first), *b = points_of(second), n = length_of(first), m = length_of(second);
    strands->size = 0;
    kf_status status = kfi_array_reserve(strands, 4 * (size_t)m, error);
    if (status) return status;
    uint32_t *down = *ends = (uint32_t *)(void *)strands->data;
    for (uint32_t j = 0; j < m; j++) down[j] = n + j;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t right = n - 1 - i;
        for (uint32_t j = 0; j < m; j++) {
            const uint32_t above = down[j];
            const int turns = a[i] == b[j] || right > above;   /* else they cross */
            down[j] = turns ? right : above;
            right = turns ? above : right;
        }
    }
    return KF_OK;
}

static void take_better(kfi_score *best, uint32_t common, uint32_t n, uint32_t part)
{
    const kfi_score score = kfi_ratio_of(common, n, part);
    if (kfi_score_compare(score, *best) > 0) *best = score;
}

/* The best ratio of a with a part of b as long as a, or a shorter one at an end of b. a is not longer than b. */
static kf_status best_part(texts *t, const kfi_array *a, const kfi_array *b, kfi_score *best, kf_error *error)
{
    const uint32_t n = length_of(a), m = length_of(b);
    uint32_t *ends, lost = 0;
    kf_status status = comb(a, b, &t->strands, &ends, error);
    if (status) return status;
    kfi_array begins = { 0 };      /* by position of b: where its strand ends */
    status = kfi_array_reserve(&begins, 4 * (size_t)m, error);
    if (status) return status;
    uint32_t *end_of = (uint32_t *)(void *)begins.data;
    memset(end_of, 0xff, 4 * (size_t)m);
    for (uint32_t j = 0; j < m; j++)
        if (ends[j] >= n) end_of[ends[j] - n] = j;
    uint32_t from = 0;
    for (uint32_t to = 1; to < m + n; to++) {
        const uint32_t end = to < m ? to : m;
        if (to <= m) lost += ends[to - 1] >= n + from;
        if (to > n) lost -= end_of[from++] < end;
        take_better(best, end - from - lost, n, end - from);
    }
    kfi_array_free(&begins);
    return KF_OK;
}

kf_status kfi_partial_ratio(kf_bytes first, kf_bytes second, kfi_score *score, kf_error *error)
{
    texts t = { 0 };
    kf_status status = kfi_name_points(first, &t.a, error);
    if (!status) status = kfi_name_points(second, &t.b, error);
    const uint32_t n = length_of(&t.a), m = length_of(&t.b);
    *score = n || m ? (kfi_score){ 0, 2 } : kfi_ratio_of(0, 0, 0);
    if (!status && n && m && n <= m) status = best_part(&t, &t.a, &t.b, score, error);
    if (!status && n && m && n >= m) status = best_part(&t, &t.b, &t.a, score, error);
    kfi_array_free(&t.a);
    kfi_array_free(&t.b);
    kfi_array_free(&t.strands);
    return status;
}

/* ---- wratio ------------------------------------------------------------------------------------- */

static kf_status partial_of_words(const kf_bytes *a, uint32_t a_count, const kf_bytes *b, uint32_t b_count,
                                  double *score, kf_error *error)
{
    kfi_array first = { 0 }, second = { 0 };
    kfi_score best = { 0, 2 };
    kf_status status = kfi_words_join(a, a_count, &first, error);
    if (!status) status = kfi_words_join(b, b_count, &second, error);
    if (!status) status = kfi_partial_ratio((kf_bytes){ first.data, first.size },
                                            (kf_bytes){ second.data, second.size }, &best, error);
    *score = kfi_whole_value(best);
    kfi_array_free(&first);
    kfi_array_free(&second);
    return status;
}

/* partial_ratio of the sorted tokens, or of those that only one has; 1 if any is common. */
static kf_status partial_token_ratio(kf_bytes a, kf_bytes b, double *score, kf_error *error)
{
    kfi_word_lists w;
    double rest = 0;
    kf_status status = kfi_word_lists_set(&w, a, b, 1, error);
    if (!status) kfi_word_lists_part(&w);
    *score = 1;
    if (!status && !w.common_count) {
        w.a_count = kfi_words(a, 0, w.a);
        w.b_count = kfi_words(b, 0, w.b);
        status = partial_of_words(w.a, w.a_count, w.b, w.b_count, score, error);
        if (!status && (w.a_count > w.only_a_count || w.b_count > w.only_b_count))
            status = partial_of_words(w.only_a, w.only_a_count, w.only_b, w.only_b_count, &rest, error);
        if (rest > *score) *score = rest;
    }
    kfi_word_lists_free(&w);
    return status;
}

static void raise_to(double *score, double other)
{
    if (other > *score) *score = other;
}

kf_status kfi_wratio(kf_bytes a, kf_bytes b, double *score, kf_error *error)
{
    const double n = kfi_name_length(a), m = kfi_name_length(b), lengths = n > m ? n / m : m / n;
    const double tokens_weigh = 0.95, part_weighs = lengths <= 8 ? 0.9 : 0.6;
    kfi_score whole = { 0, 2 };
    double parts = 0;
    *score = 0;
    if (!a.size || !b.size) return KF_OK;
    kf_status status = kfi_ratio(a, b, &whole, error);
    *score = kfi_whole_value(whole);
    if (lengths < 1.5) {
        if (!status) status = kfi_token_sort_ratio(a, b, &whole, error);
        raise_to(score, kfi_whole_value(whole) * tokens_weigh);
        if (!status) status = kfi_token_set_ratio(a, b, &whole, error);
        raise_to(score, kfi_whole_value(whole) * tokens_weigh);
        return status;
    }
    if (!status) status = kfi_partial_ratio(a, b, &whole, error);
    raise_to(score, kfi_whole_value(whole) * part_weighs);
    if (!status) status = partial_token_ratio(a, b, &parts, error);
    raise_to(score, parts * tokens_weigh * part_weighs);
    return status;
}
