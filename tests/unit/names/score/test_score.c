/* kf_names_score, and what it is made of. */
#include "names_model.h"

#include "names/score/assignment.h"
#include "names/score/similarity.h"

static double score(const char *a, const char *b)
{
    double result, other;
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, a, strlen(a), b, strlen(b), &result, NULL), KF_OK);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, b, strlen(b), a, strlen(a), &other, NULL), KF_OK);
    ck_assert(result == other);
    return result;
}

/* Scores that are what one writes in decimal are that double. */
START_TEST(scores_by_hand)
{
    static const struct { const char *a, *b; double score; } rows[] = {
        { "", "", 1 }, { " ", " ", 1 }, { "", " ", 2.0 / 3 }, { "a", "", 0 }, { "a", "a", 1 }, { "a", "b", 0 },
        { "a b", "b a", 1 }, { "a b", "a", 2.0 / 3 }, { "ab", "ac", 0.5 }, { "abcd", "abcx", 0.75 },
        { "a a", "a", 2.0 / 3 }, { "a a b", "a b b", 2.0 / 3 }, { "abcdefghij", "abcdefghi", 18.0 / 19 },
        { "\xc3\xa9", "e", 0 }, { "\xf0\x9f\x98\x80x", "\xf0\x9f\x98\x81x", 0.5 }, { "e\xcc\x81", "e", 2.0 / 3 },
        { "aaaaaaaaab", "aaaaaaaaac", 0.9 }, { "x y z", "p q r", 0 }, { "ab cd", "cd  ab", 0.8 },
        { "abcde", "a b c", 1.0 / 6 },
        /* The best pair of one token is not in the best pairing of all. */
        { "abc ab", "ab abcd", (1 + 6.0 / 7) / 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(score(rows[i].a, rows[i].b) == rows[i].score, "'%s' '%s': %.17g", rows[i].a, rows[i].b,
                      score(rows[i].a, rows[i].b));
}
END_TEST

/* The order of tokens changes not a bit of a score. */
START_TEST(orders_do_not_matter)
{
    static const char letters[] = "abcd";
    random_state = 5;
    for (int round = 0; round < 3000; round++) {
        char tokens[8][16], a[200] = "", b[200] = "", turned[200] = "";
        const size_t count = 1 + random_below(7), first = random_below(count);
        uint64_t sum;
        int both;
        for (size_t i = 0; i < count; i++) {
            size_t size = random_below(9);
            for (size_t k = 0; k < size; k++) tokens[i][k] = letters[random_below(4)];
            tokens[i][size] = 0;
        }
        for (size_t i = 0; i < count; i++) strcat(strcat(b, i ? " " : ""), tokens[i]);
        for (size_t i = 0; i < count; i++) strcat(strcat(turned, i ? " " : ""), tokens[(i + first) % count]);
        for (size_t i = 1 + random_below(6); i > 0; i--) {
            for (size_t k = random_below(8); k > 0; k--) strncat(a, &letters[random_below(4)], 1);
            if (i > 1) strcat(a, " ");
        }
        model_score(a, b, &sum, &both);
        ck_assert_double_eq_tol(score(a, b), 2.0 * (double)sum / ((double)MODEL_ONE * both), 1e-12);
        ck_assert(score(a, b) == score(a, turned));
        ck_assert(score(b, turned) == 1);
    }
}
END_TEST

/* Several words of bits: against the table of all prefixes. */
START_TEST(long_tokens)
{
    random_state = 6;
    for (int round = 0; round < 400; round++) {
        char a[301] = "", b[301] = "";
        static int row[302];
        const size_t n = random_below(300), m = random_below(300), kinds = 1 + random_below(20);
        for (size_t i = 0; i < n; i++) a[i] = (char)('a' + random_below(kinds));
        for (size_t j = 0; j < m; j++) b[j] = (char)('a' + random_below(kinds));
        memset(row, 0, sizeof row);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0, corner = 0; j < m; j++) {
                const int above = row[j + 1];
                row[j + 1] = a[i] == b[j] ? (int)corner + 1 : above > row[j] ? above : row[j];
                corner = (size_t)above;
            }
        ck_assert_double_eq_tol(score(a, b), n + m ? 2.0 * row[m] / (double)(n + m) : 1, 1e-12);
    }
}
END_TEST

/* Of all ways to choose columns for rows. */
static uint64_t best_choice(const uint64_t *matrix, uint32_t rows, uint32_t columns, uint32_t row, unsigned taken)
{
    uint64_t best = 0;
    if (row == rows) return 0;
    for (uint32_t j = 0; j < columns; j++) {
        if (taken >> j & 1) continue;
        const uint64_t sum = matrix[row * columns + j] + best_choice(matrix, rows, columns, row + 1, taken | 1u << j);
        if (sum > best) best = sum;
    }
    return best;
}

START_TEST(assignments)
{
    kfi_array work = { 0 };
    random_state = 7;
    for (int round = 0; round < 4000; round++) {
        uint64_t matrix[36], sum;
        const uint32_t columns = 1 + (uint32_t)random_below(6), rows = 1 + (uint32_t)random_below(columns);
        const uint64_t step = KFI_SIMILARITY_ONE / (1 + random_below(5));
        for (uint32_t i = 0; i < rows * columns; i++)
            matrix[i] = random_below(3) ? random_below(KFI_SIMILARITY_ONE / step + 1) * step
                                        : random_below(KFI_SIMILARITY_ONE + 1);
        ck_assert_int_eq(kfi_assignment(matrix, rows, columns, &work, &sum, NULL), KF_OK);
        ck_assert_uint_eq(sum, best_choice(matrix, rows, columns, 0, 0));
    }
    kfi_array_free(&work);
}
END_TEST

/* Doubles are the nearest ones, in the order of the exact scores. */
START_TEST(values_of_scores)
{
    random_state = 8;
    ck_assert(kfi_score_value((kfi_score){ KFI_SIMILARITY_ONE * 1024, 2048 }) == 1);
    for (uint32_t below = 2; below < 400; below++)
        for (uint32_t above = 0; above <= below / 2; above++)
            ck_assert(kfi_score_value((kfi_score){ KFI_SIMILARITY_ONE * above, below }) == 2.0 * above / below);
    for (int i = 0; i < 20000; i++) {
        const kfi_score a = { random_below(KFI_SIMILARITY_ONE), 2 + (uint32_t)random_below(9) };
        const kfi_score b = { a.sum + random_below(3) - 1, a.tokens + (uint32_t)(random_below(20) == 0) };
        const int order = kfi_score_compare(a, b);
        const double left = kfi_score_value(a), right = kfi_score_value(b);
        ck_assert(order < 0 ? left <= right : order > 0 ? left >= right : left == right);
        ck_assert(kfi_score_needs(b, a.tokens) <= a.sum ? order >= 0 : order < 0);
    }
}
END_TEST

START_TEST(names_that_are_refused)
{
    kf_error error;
    double result;
    static char large[KF_NAME_BYTES + 2], spaces[KF_NAME_TOKENS + 1];
    memset(large, 'x', sizeof large - 1);
    memset(spaces, ' ', sizeof spaces - 1);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, "a\xff", 2, "a", 1, &result, &error), KF_INVALID);
    ck_assert_uint_eq(error.offset, 1);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, "a", 1, "\xed\xa0\x80", 3, &result, &error), KF_INVALID);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, large, strlen(large), "a", 1, &result, &error), KF_LIMIT);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, large, KF_NAME_BYTES, "a", 1, &result, &error), KF_OK);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, "a", 1, spaces, KF_NAME_TOKENS, &result, &error), KF_LIMIT);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, spaces, KF_NAME_TOKENS - 1, spaces, KF_NAME_TOKENS - 1, &result,
                                    &error), KF_OK);
    ck_assert(result == 1);
    ck_assert_int_eq(kf_names_score((kf_scorer)99, "a", 1, "a", 1, &result, &error), KF_INVALID);
    ck_assert_int_eq(kf_names_score(KF_SCORER_SETRATIO, NULL, 0, NULL, 0, &result, NULL), KF_OK);
    ck_assert(result == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score");
    TCase *tests = tcase_create("score");
    tcase_add_test(tests, scores_by_hand);
    tcase_add_test(tests, orders_do_not_matter);
    tcase_add_test(tests, long_tokens);
    tcase_add_test(tests, assignments);
    tcase_add_test(tests, values_of_scores);
    tcase_add_test(tests, names_that_are_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
