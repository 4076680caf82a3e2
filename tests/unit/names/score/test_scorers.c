/* The scorers of names as RapidFuzz has them, and explanations. */
#include "random.h"
#include "suite.h"

#include <keyfold/keyfold.h>

#include <math.h>

static double score(kf_scorer scorer, const char *a, const char *b)
{
    double result, other;
    ck_assert_int_eq(kf_names_score(scorer, a, strlen(a), b, strlen(b), &result, NULL), KF_OK);
    ck_assert_int_eq(kf_names_score(scorer, b, strlen(b), a, strlen(a), &other, NULL), KF_OK);
    ck_assert(result == other);
    return result;
}

/* What RapidFuzz 3.14.6 gives for KF_SCORER_RATIO and those behind it. */
START_TEST(known_scores)
{
    static const struct { const char *a, *b; double score[6]; } rows[] = {
        { "", "", { 1, 1, 0, 0, 1, 1 } },
        { "a", "", { 0, 0, 0, 0, 0, 0 } },
        { " ", " ", { 1, 1, 0, 1, 1, 1 } },
        { "a", "a", { 1, 1, 1, 1, 1, 1 } },
        { "abc", "abd",
          { 0.666666666666667, 0.666666666666667, 0.666666666666667, 0.666666666666667, 0.8, 0.822222222222222 } },
        { "a b", "b a", { 0.333333333333333, 1, 1, 0.95, 0.5, 0.555555555555555 } },
        { "fuzzy wuzzy was a bear", "wuzzy fuzzy was a bear",
          { 0.909090909090909, 1, 1, 0.95, 0.930232558139535, 0.984848484848485 } },
        { "fuzzy was a bear", "fuzzy fuzzy was a bear",
          { 0.842105263157895, 0.842105263157895, 1, 0.95, 1, 0.907954545454545 } },
        { "fuzzy was a bear but not a dog", "fuzzy was a bear but not a cat",
          { 0.9, 0.9, 0.923076923076923, 0.9, 0.947368421052632, 0.96 } },
        { "this is a test", "this is a test!",
          { 0.96551724137931, 0.96551724137931, 0.96551724137931, 0.96551724137931, 1, 0.986666666666667 } },
        { "a certain string", "cetain",
          { 0.545454545454545, 0.545454545454545, 0.545454545454545, 0.75, 0.833333333333333, 0.680555555555555 } },
        { "a", "aaaaaaaa", { 0.222222222222222, 0.222222222222222, 0.222222222222222, 0.9, 1, 0.7375 } },
        { "a", "aaaaaaaaa", { 0.2, 0.2, 0.2, 0.6, 1, 0.733333333333333 } },
        { "ab", "abc", { 0.8, 0.8, 0.8, 0.9, 1, 0.911111111111111 } },
        { "NEW YORK METS", "NEW YORK YANKEES",
          { 0.758620689655172, 0.620689655172414, 0.761904761904762,
            0.758620689655172, 0.818181818181818, 0.906730769230769 } },
        { "  a  b ", "b a", { 0.4, 1, 1, 0.855, 0.8, 0.650793650793651 } },
        { "a b c", "d e f", { 0.4, 0.4, 0.4, 0.4, 0.444444444444444, 0.6 } },
        { "M\xc3\xbcller & S\xc3\xb6hne GmbH", "Mueller und Soehne",
          { 0.594594594594595, 0.540540540540541, 0.540540540540541, 0.594594594594595, 0.6875, 0.608807371965267 } },
        { "\xf0\x9f\x98\x80x y", "y \xf0\x9f\x98\x81x", { 0.25, 0.75, 0.75, 0.7125, 0.4, 0.5 } },
        { "MARTHA", "MARHTA",
          { 0.833333333333333, 0.833333333333333, 0.833333333333333,
            0.833333333333333, 0.833333333333333, 0.961111111111111 } },
        { "DIXON", "DICKSONX",
          { 0.615384615384615, 0.615384615384615, 0.615384615384615,
            0.615384615384615, 0.571428571428571, 0.813333333333333 } },
        { "DWAYNE", "DUANE",
          { 0.727272727272727, 0.727272727272727, 0.727272727272727, 0.727272727272727, 0.666666666666667, 0.84 } },
        { "ab", "ba", { 0.5, 0.5, 0.5, 0.5, 0.666666666666667, 0 } },
        { "abcd", "abcdefgh", { 0.666666666666667, 0.666666666666667, 0.666666666666667, 0.9, 1, 0.9 } },
        { "x", "y", { 0, 0, 0, 0, 0, 0 } },
        { "aab", "baa",
          { 0.666666666666667, 0.666666666666667, 0.666666666666667, 0.666666666666667, 0.8, 0.555555555555555 } },
        { "GROUP LIMITED", "LIMITED", { 0.7, 0.7, 1, 0.9, 1, 0.406593406593407 } },
        { "ACME HOLDINGS (UK) LTD", "ACME", { 0.307692307692308, 0.307692307692308, 1, 0.9, 1, 0.836363636363636 } },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
          "baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          { 0.985915492957746, 0.985915492957746, 0.985915492957746,
            0.985915492957746, 0.99290780141844, 0.990610328638498 } },
        { "xabcdex", "abcde",
          { 0.833333333333333, 0.833333333333333, 0.833333333333333, 0.833333333333333, 1, 0.904761904761905 } },
        { "b c a a", "a a a b",
          { 0.571428571428571, 0.714285714285714, 1, 0.95, 0.727272727272727, 0.676190476190476 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int k = 0; k < 6; k++) {
            const double found = score((kf_scorer)(KF_SCORER_RATIO + k), rows[i].a, rows[i].b);
            ck_assert_msg(fabs(found - rows[i].score[k]) < 1e-12, "%s of '%s' and '%s': %.15g, not %.15g",
                          kf_scorer_name((kf_scorer)(KF_SCORER_RATIO + k)), rows[i].a, rows[i].b, found,
                          rows[i].score[k]);
        }
}
END_TEST

/* ---- by their definitions ----------------------------------------------------------------------- */

static const char *const letters[] = { "a", "b", "c", "\xc3\xa9", "e\xcc\x81", "\xf0\x9f\x98\x80", "A", " ", " " };

static void random_text(char *out, size_t most)
{
    *out = 0;
    for (size_t i = random_below(most + 1), kinds = 2 + random_below(8); i > 0; i--)
        strcat(out, letters[random_below(5) ? random_below(kinds) : 8]);
}

/* Code points from 0. */
static size_t points_of(const char *text, uint32_t *out)
{
    size_t count = 0;
    for (; *text; text++)
        if ((*text & 0xc0) != 0x80) out[count++] = (uint8_t)*text;
        else out[count - 1] = out[count - 1] << 8 | (uint8_t)*text;
    return count;
}

static double plain_ratio(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    static size_t row[4000];
    memset(row, 0, (m + 1) * sizeof *row);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0, corner = 0; j < m; j++) {
            const size_t above = row[j + 1];
            row[j + 1] = a[i] == b[j] ? corner + 1 : above > row[j] ? above : row[j];
            corner = above;
        }
    return n + m ? 2.0 * (double)row[m] / (double)(n + m) : 1;
}

static double ratio_of_texts(const char *a, const char *b)
{
    static uint32_t first[4000], second[4000];
    const size_t n = points_of(a, first), m = points_of(b, second);
    return plain_ratio(first, n, second, m);
}

/* Parts of b as long as a, or shorter ones at an end. */
static double best_part(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    double best = n || m ? 0 : 1;
    for (size_t from = 0; from < m; from++)
        for (size_t to = from + 1; to <= m && to <= from + n; to++)
            if (to - from == n || !from || to == m) best = fmax(best, plain_ratio(a, n, b + from, to - from));
    return best;
}

static double partial_of_texts(const char *a, const char *b)
{
    uint32_t first[400], second[400];
    const size_t n = points_of(a, first), m = points_of(b, second);
    const double one = n <= m ? best_part(first, n, second, m) : 0;
    return fmax(one, n >= m ? best_part(second, m, first, n) : 0);
}

static int compare(const void *a, const void *b) { return strcmp(a, b); }

typedef struct words { char word[64][64]; size_t count; } words;

static words words_of(const char *text, int once)
{
    char copy[600];
    words w = { .count = 0 };
    size_t kept = 0;
    strcpy(copy, text);
    for (char *token = strtok(copy, " "); token; token = strtok(NULL, " ")) strcpy(w.word[w.count++], token);
    qsort(w.word, w.count, sizeof *w.word, compare);
    for (size_t i = 0; once && i < w.count; i++)
        if (!kept || strcmp(w.word[i], w.word[kept - 1])) memmove(w.word[kept++], w.word[i], sizeof *w.word);
    if (once) w.count = kept;
    return w;
}

/* Those words that are (or are not) among others, behind what is in `out`. */
static void join(char *out, const words *w, const words *others, int among)
{
    for (size_t i = 0; i < w->count; i++) {
        int found = 0;
        for (size_t j = 0; others && j < others->count; j++) found |= !strcmp(w->word[i], others->word[j]);
        if (others && found != among) continue;
        strcat(strcat(out, *out ? " " : ""), w->word[i]);
    }
}

static double token_set_of(const char *a, const char *b)
{
    const words first = words_of(a, 1), second = words_of(b, 1);
    char common[600] = "", left[600], right[600];
    if (!first.count || !second.count) return 0;
    join(common, &first, &second, 1);
    strcpy(left, common);
    strcpy(right, common);
    join(left, &first, &second, 0);
    join(right, &second, &first, 0);
    if (!*common) return ratio_of_texts(left, right);
    return fmax(ratio_of_texts(left, right), fmax(ratio_of_texts(common, left), ratio_of_texts(common, right)));
}

START_TEST(scores_by_definition)
{
    random_state = 31 + (uint64_t)_i;
    for (int round = 0; round < 1500; round++) {
        char a[300], b[300], first[600] = "", second[600] = "";
        random_text(a, round % 3 ? 12 : 40);
        random_text(b, round % 3 ? 12 : 40);
        const words left = words_of(a, 0), right = words_of(b, 0);
        join(first, &left, NULL, 0);
        join(second, &right, NULL, 0);
        ck_assert(score(KF_SCORER_RATIO, a, b) == ratio_of_texts(a, b));
        ck_assert(score(KF_SCORER_TOKEN_SORT_RATIO, a, b) == ratio_of_texts(first, second));
        ck_assert_msg(fabs(score(KF_SCORER_PARTIAL_RATIO, a, b) - partial_of_texts(a, b)) < 1e-15, "'%s' '%s'", a, b);
        ck_assert_msg(fabs(score(KF_SCORER_TOKEN_SET_RATIO, a, b) - token_set_of(a, b)) < 1e-15, "'%s' '%s'", a, b);
        for (int k = KF_SCORER_SETRATIO; k <= KF_SCORER_JARO_WINKLER; k++) {
            const double found = score((kf_scorer)k, a, b);
            ck_assert(found >= 0 && found <= 1);
            ck_assert(score((kf_scorer)k, a, a) == (double)(k == KF_SCORER_TOKEN_SET_RATIO ? left.count > 0
                                                            : k == KF_SCORER_WRATIO ? *a != 0 : 1));
        }
    }
}
END_TEST

/* Several words of bits, and limits. */
START_TEST(long_names)
{
    static char a[KF_NAME_BYTES + 1], b[KF_NAME_BYTES + 1];
    random_state = 32;
    for (int round = 0; round < 60; round++) {
        const size_t n = random_below(1000), m = random_below(3000), kinds = 1 + random_below(20);
        for (size_t i = 0; i < n; i++) a[i] = (char)('a' + random_below(kinds));
        for (size_t i = 0; i < m; i++) b[i] = (char)('a' + random_below(kinds));
        a[n] = b[m] = 0;
        ck_assert(score(KF_SCORER_RATIO, a, b) == ratio_of_texts(a, b));
    }
    memset(a, 'x', KF_NAME_BYTES);
    memset(b, 'x', KF_NAME_BYTES);
    ck_assert(score(KF_SCORER_RATIO, a, b) == 1);
    a[7] = 'y';
    ck_assert(score(KF_SCORER_RATIO, a, b) == 2 * (KF_NAME_BYTES - 1.0) / (2 * KF_NAME_BYTES));
}
END_TEST

/* ---- names of scorers --------------------------------------------------------------------------- */

START_TEST(scorers_have_names)
{
    static const char *const names[] = { "setratio", "ratio", "token_sort_ratio", "token_set_ratio", "wratio",
                                         "partial_ratio", "jaro_winkler" };
    kf_scorer found = KF_SCORER_WRATIO;
    for (int k = 0; k < 7; k++) {
        ck_assert_str_eq(kf_scorer_name((kf_scorer)k), names[k]);
        ck_assert_int_eq(kf_scorer_find(names[k], &found), KF_OK);
        ck_assert_int_eq(found, k);
    }
    ck_assert_ptr_null(kf_scorer_name((kf_scorer)7));
    ck_assert_ptr_null(kf_scorer_name((kf_scorer)-1));
    ck_assert_int_eq(kf_scorer_find("Ratio", &found), KF_NOT_FOUND);
    ck_assert_int_eq(kf_scorer_find("", &found), KF_NOT_FOUND);
    ck_assert_int_eq(kf_scorer_find(NULL, &found), KF_NOT_FOUND);
    ck_assert_int_eq(found, KF_SCORER_JARO_WINKLER);
}
END_TEST

/* ---- explanations ------------------------------------------------------------------------------- */

static kf_explanation *explain(kf_scorer scorer, const char *a, const char *b)
{
    kf_explanation *e;
    ck_assert_int_eq(kf_names_explain(scorer, a, strlen(a), b, strlen(b), &e, NULL), KF_OK);
    ck_assert(e->score == score(scorer, a, b));
    return e;
}

static void expect_pair(const kf_token_pair *p, const char *a, uint32_t i, const char *b, uint32_t j, uint32_t common)
{
    ck_assert(p->a.size == strlen(a) && (!*a || !memcmp(p->a.data, a, p->a.size)));
    ck_assert(p->b.size == strlen(b) && (!*b || !memcmp(p->b.data, b, p->b.size)));
    ck_assert(p->a_index == i && p->b_index == j && p->common == common && p->reserved == 0);
}

START_TEST(explanations_by_hand)
{
    kf_explanation *e = explain(KF_SCORER_SETRATIO, "ACME HOLDINGS LTD", "LTD ACMA xyz");
    ck_assert_uint_eq(e->count, 2);
    expect_pair(&e->pairs[0], "ACME", 0, "ACMA", 1, 3);
    expect_pair(&e->pairs[1], "LTD", 2, "LTD", 0, 3);
    ck_assert(e->pairs[0].similarity == 0.75 && e->pairs[1].similarity == 1);
    kf_explanation_free(&e);
    ck_assert_ptr_null(e);
    e = explain(KF_SCORER_TOKEN_SET_RATIO, "b  a b c", "x b a  a");
    ck_assert_uint_eq(e->count, 2);
    expect_pair(&e->pairs[0], "b", 0, "b", 1, 1);
    expect_pair(&e->pairs[1], "a", 2, "a", 2, 1);
    kf_explanation_free(&e);
    e = explain(KF_SCORER_SETRATIO, "", "x ");
    ck_assert_uint_eq(e->count, 1);
    expect_pair(&e->pairs[0], "", 0, "", 1, 0);
    ck_assert(e->pairs[0].similarity == 1);
    kf_explanation_free(&e);
    e = explain(KF_SCORER_RATIO, "a b", "a b");
    ck_assert_uint_eq(e->count, 0);
    kf_explanation_free(&e);
    kf_explanation_free(&e);
    kf_explanation_free(NULL);
    ck_assert_int_eq(kf_names_explain((kf_scorer)7, "a", 1, "a", 1, &e, NULL), KF_INVALID);
    ck_assert_int_eq(kf_names_explain(KF_SCORER_RATIO, "a", 1, "\xff", 1, &e, NULL), KF_INVALID);
    ck_assert_ptr_null(e);
}
END_TEST

/* The pairs of setratio add up to its score, and no token is in two. */
START_TEST(explanations_add_up)
{
    random_state = 33;
    for (int round = 0; round < 3000; round++) {
        char a[300], b[300];
        uint8_t a_taken[400] = { 0 }, b_taken[400] = { 0 };
        double sum = 0, tokens = 2;
        random_text(a, round % 3 ? 12 : 40);
        random_text(b, round % 3 ? 12 : 40);
        for (const char *at = a; *at; at++) tokens += *at == ' ';
        for (const char *at = b; *at; at++) tokens += *at == ' ';
        kf_explanation *e = explain(KF_SCORER_SETRATIO, a, b);
        for (size_t i = 0; i < e->count; i++) {
            const kf_token_pair *p = &e->pairs[i];
            ck_assert(!a_taken[p->a_index]++ && !b_taken[p->b_index]++ && p->similarity > 0);
            ck_assert(!i || p->a_index > p[-1].a_index);
            if (p->a.size + p->b.size) {
                char left[300] = "", right[300] = "";
                memcpy(left, p->a.data, p->a.size);
                memcpy(right, p->b.data, p->b.size);
                ck_assert(ratio_of_texts(left, right) == p->similarity);
            }
            sum += p->similarity;
        }
        ck_assert_double_eq_tol(2 * sum / tokens, e->score, 1e-12);
        kf_explanation_free(&e);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scorers");
    TCase *tests = tcase_create("scorers");
    tcase_add_test(tests, known_scores);
    suite_add_cases(tests, scores_by_definition, 0, 2);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, scorers_have_names);
    tcase_add_test(tests, explanations_by_hand);
    tcase_add_test(tests, explanations_add_up);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
