/* Searches for names as whole texts, by ratio, token_sort_ratio and token_set_ratio, against scoring every name with
 * kf_names_score. */
#include "names_model.h"
#include "names_shapes.h"

typedef struct scored { double score; size_t position; } scored;

static scored ranks[MODEL_NAMES];

static int compare_scored(const void *left, const void *right)
{
    const scored *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? 1 : -1;
    return (a->position > b->position) - (a->position < b->position);
}

static void rank_all(kf_scorer scorer, const model_names *names, const char *needle)
{
    for (size_t i = 0; i < names->count; i++) {
        ranks[i].position = i;
        if (kf_names_score(scorer, needle, strlen(needle), names->name[i], strlen(names->name[i]), &ranks[i].score,
                           NULL)) ck_abort_msg("'%s'", names->name[i]);
    }
    qsort(ranks, names->count, sizeof *ranks, compare_scored);
}

static void expect_hits(kf_matcher *matcher, kf_scorer scorer, const model_names *names, const char *needle,
                        uint64_t limit, double cutoff)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_error error = { 0 };
    size_t count = 0;
    options.scorer = scorer;
    options.limit = limit;
    options.cutoff = cutoff;
    if (kf_matcher_search(matcher, needle, strlen(needle), &options, &found, &error))
        ck_abort_msg("'%s': %s", needle, error.message);
    while (count < names->count && count < limit && ranks[count].score >= cutoff) count++;
    if (found->count != count || !found->exact)
        ck_abort_msg("%s '%s' of %zu, %g: %zu hits, not %zu", kf_scorer_name(scorer), needle, names->count, cutoff,
                     found->count, count);
    for (size_t i = 0; i < count; i++) {
        const kf_name_hit *hit = found->hits[i];
        const char *name = names->name[hit->position];
        if (hit->position != ranks[i].position || hit->score != ranks[i].score)
            ck_abort_msg("%s '%s' of %zu, hit %zu: %.15g at %llu '%s', not %.15g at %zu '%s'", kf_scorer_name(scorer),
                         needle, names->count, i, hit->score, (unsigned long long)hit->position, name, ranks[i].score,
                         ranks[i].position, names->name[ranks[i].position]);
        if (hit->name.size != strlen(name) || memcmp(hit->name.data, name, hit->name.size)) ck_abort_msg("'%s'", name);
    }
}

static void search_all_ways(kf_matcher *matcher, const model_names *names, const char *needle)
{
    static const uint64_t limits[] = { 1, 2, 5, 10, 100000 };
    static const double cutoffs[] = { 0, 0.3, 0.5, 2.0 / 3, 0.8, 0.9, 1 };
    for (int k = KF_SCORER_RATIO; k <= KF_SCORER_TOKEN_SET_RATIO; k++) {
        const kf_scorer scorer = (kf_scorer)k;
        rank_all(scorer, names, needle);
        expect_hits(matcher, scorer, names, needle, 1, 0);
        expect_hits(matcher, scorer, names, needle, limits[random_below(5)], 0);
        expect_hits(matcher, scorer, names, needle, limits[random_below(5)], cutoffs[random_below(7)]);
        if (names->count) expect_hits(matcher, scorer, names, needle, 5, ranks[names->count / 3].score);
    }
}

/* ------------------------------------------------------------------------------------------------- */

START_TEST(searches_of_tiny_names_are_exact)
{
    random_state = (seed_or(0) << 32) + (uint64_t)_i * 1000 + 5;
    for (uint64_t round = 0; round < rounds_of(60); round++) {
        model_names names = { .count = random_below(round % 3 ? 40 : 4) };
        const size_t kinds = 1 + random_below(8), tokens = 1 + random_below(6), most = 1 + random_below(6);
        for (size_t i = 0; i < names.count; i++)
            names.name[i] = i && !random_below(6) ? strdup(names.name[random_below(i)])
                                                  : tiny_name(kinds, tokens, most);
        kf_names *index = model_build(&names, "tiny.kf", 0);
        kf_matcher *matcher;
        ck_assert_int_eq(kf_names_verify(index, NULL, NULL), KF_OK);
        ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
        for (int i = 0; i < 10; i++) {
            char *needle = names.count && i % 3 == 0 ? damaged(names.name[random_below(names.count)])
                                                     : tiny_name(kinds, tokens + 2, most + 1);
            search_all_ways(matcher, &names, needle);
            free(needle);
        }
        kf_matcher_destroy(&matcher);
        kf_names_close(&index);
        model_free(&names);
    }
}
END_TEST

START_TEST(searches_of_many_names_are_exact)
{
    static const char *const hard[] = {
        "", " ", "   ", "LIMITED", "LTD LTD LTD", "THE AND UK GROUP LIMITED", "q", "zzzzzz qqqqqq", "a b c d e f",
        "LIMITED LIMITED GROUP GROUP HOLDINGS HOLDINGS", "\xf0\x9f\x98\x80", "\xe4\xb8\xad GROUP"
    };
    model_names names = { .count = _i % 2 ? scaled(1500, 3000, 3000) : 700 };
    random_state = (seed_or(0) << 32) + 177 + (uint64_t)_i;
    for (size_t i = 0; i < names.count; i++)
        names.name[i] = _i < 2 ? real_name() : random_below(9) ? firm_name() : tiny_name(8, 4, 4);
    kf_names *index = model_build(&names, "many.kf", 16 << 20);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_names_verify(index, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 20; i++) {
        char *needle = i % 4 == 0 ? real_name() : damaged(names.name[random_below(names.count)]);
        search_all_ways(matcher, &names, needle);
        free(needle);
    }
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) search_all_ways(matcher, &names, hard[i]);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* Letters, tokens and needles beyond what has a code, a block, a word of bits, or a class of its own. */
START_TEST(searches_of_long_names_are_exact)
{
    model_names names = { .count = 200 };
    random_state = 178;
    for (size_t i = 0; i < names.count; i++) {
        char name[700] = "";
        const size_t letters = random_below(i % 4 ? 30 : 600);
        for (size_t k = 0; k < letters; k++) {
            const char letter[] = { (char)('a' + random_below(i % 3 ? 4 : 26)), 0 };
            const char other[] = { (char)0xc3, (char)(0x80 + random_below(60)), 0 };
            strcat(name, random_below(i % 2 ? 8 : 90) ? random_below(3) ? letter : other : " ");
            if (strlen(name) > 690) break;
        }
        names.name[i] = strdup(name);
    }
    kf_names *index = model_build(&names, "long.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (size_t i = 0; i < names.count; i += 5) {
        char *needle = strlen(names.name[i]) < 500 ? damaged(names.name[i]) : strdup(names.name[i]);
        search_all_ways(matcher, &names, needle);
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* A token that is like some others, and mostly has more than 15 letters in common with these. */
static void append_similar_token(char *name)
{
    static const char *const pool[] = { "abcdefghijklmnopqrst", "tsrqponmlkjihgfedcba", "aabbccddeeffgghh", "abcab" };
    char token[24];
    strcpy(token, pool[random_below(4)]);
    for (size_t edits = random_below(4); edits > 0; edits--)
        token[random_below(strlen(token))] = (char)('a' + random_below(20));
    if (random_below(3) == 0) token[1 + random_below(strlen(token))] = 0;
    if (*name) strcat(name, " ");
    strcat(name, token);
}

/* Up to twenty tokens, for needles of one word of bits, two, and more. */
START_TEST(searches_with_long_tokens_are_exact)
{
    model_names names = { .count = 1500 };
    random_state = (seed_or(0) << 32) + 182 + (uint64_t)_i;
    for (size_t i = 0; i < names.count; i++) {
        char name[700] = "";
        for (size_t tokens = 1 + random_below(i % 3 ? 7 : 20); tokens > 0; tokens--) append_similar_token(name);
        names.name[i] = strdup(name);
    }
    kf_names *index = model_build(&names, "tokens.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (size_t i = 0; i < names.count; i += 40) {
        char *needle = strlen(names.name[i]) < 500 ? damaged(names.name[i]) : strdup(names.name[i]);
        for (int k = KF_SCORER_RATIO; k <= KF_SCORER_TOKEN_SET_RATIO; k++) {
            rank_all((kf_scorer)k, &names, needle);
            expect_hits(matcher, (kf_scorer)k, &names, needle, 1, 0);
            expect_hits(matcher, (kf_scorer)k, &names, needle, 100, 0);
        }
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* Sets count a token once, however often a name has it, sorted or not. */
START_TEST(sets_of_repeated_tokens)
{
    static const char *const given[] = { "abcdzzzz", "zz yy zz yy zz yy zz yy zz abcdefgx", "zz zz zz abcdefyx",
                                         "abczzzzz zz" };
    model_names names = { .count = sizeof given / sizeof *given };
    for (size_t i = 0; i < names.count; i++) names.name[i] = strdup(given[i]);
    kf_names *index = model_build(&names, "sets.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    search_all_ways(matcher, &names, "abcdefgh");
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* One matcher, another scorer each time: nothing of the search before is left. */
START_TEST(scorers_take_turns)
{
    model_names names = { .count = 600 };
    random_state = 179;
    for (size_t i = 0; i < names.count; i++) names.name[i] = i % 5 ? firm_name() : real_name();
    kf_names *index = model_build(&names, "turns.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 200; i++) {
        const kf_scorer scorer = (kf_scorer)random_below(KF_SCORER_TOKEN_SET_RATIO + 1);
        char *needle = damaged(names.name[random_below(names.count)]);
        rank_all(scorer, &names, needle);
        expect_hits(matcher, scorer, &names, needle, 1 + random_below(4), 0);
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* Ties are told, and the gap to the next name. */
START_TEST(ties_and_gaps)
{
    model_names names = { .count = 400 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    random_state = 180;
    for (size_t i = 0; i < names.count; i++) names.name[i] = tiny_name(3, 3, 3);
    kf_names *index = model_build(&names, "ties.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    options.flags = KF_MATCH_TIES | KF_MATCH_EXPLAIN;
    for (int i = 0; i < 60; i++) {
        char *needle = tiny_name(3, 3, 4);
        size_t ties = 0;
        options.scorer = (kf_scorer)(KF_SCORER_RATIO + random_below(3));
        rank_all(options.scorer, &names, needle);
        ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
        while (ties < names.count && ranks[ties].score == ranks[0].score) ties++;
        if (ranks[0].score > 0) ck_assert_uint_eq(found->count, ties);
        if (ranks[0].score > 0 && ties < names.count)
            ck_assert_double_eq_tol(found->hits[ties - 1]->gap, ranks[0].score - ranks[ties].score, 1e-12);
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* The work limit: whatever it is, the search says whether it is exact, and what it gives is not made up. */
START_TEST(work_is_limited)
{
    model_names names = { .count = 3000 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    const char *needle = "BERDEN LIMTED HOLDING";
    random_state = 181;
    for (size_t i = 0; i < names.count; i++) names.name[i] = real_name();
    kf_names *index = model_build(&names, "work.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int k = KF_SCORER_RATIO; k <= KF_SCORER_TOKEN_SET_RATIO; k++) {
        options.scorer = (kf_scorer)k;
        options.work_limit = 0;
        ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
        const uint64_t work = found->work, best = found->hits[0]->position;
        for (uint64_t limit = 1; limit < work + 10; limit += 1 + limit / 8) {
            options.work_limit = limit;
            ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
            ck_assert_int_eq(found->exact, limit >= work);
            if (found->exact) ck_assert_uint_eq(found->hits[0]->position, best);
            for (size_t i = 0; i < found->count; i++) {
                double score;
                const kf_name_hit *hit = found->hits[i];
                ck_assert_int_eq(kf_names_score(options.scorer, needle, strlen(needle), hit->name.data, hit->name.size,
                                                &score, NULL), KF_OK);
                ck_assert(score == hit->score);
            }
        }
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

START_TEST(scorers_that_only_rank_again)
{
    model_names names = { .count = 1 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_error error;
    names.name[0] = strdup("a");
    kf_names *index = model_build(&names, "one.kf", 0);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int k = KF_SCORER_WRATIO; k <= KF_SCORER_JARO_WINKLER + 1; k++) {
        options.scorer = (kf_scorer)k;
        ck_assert_int_eq(kf_matcher_search(matcher, "a", 1, &options, &found, &error), KF_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, k <= KF_SCORER_JARO_WINKLER ? "ranked again" : "unknown scorer"));
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_ratio");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, searches_of_tiny_names_are_exact, 0, 4);
    suite_add_cases(tests, searches_of_many_names_are_exact, 0, 4);
    tcase_add_test(tests, searches_of_long_names_are_exact);
    suite_add_cases(tests, searches_with_long_tokens_are_exact, 0, 3);
    tcase_add_test(tests, sets_of_repeated_tokens);
    tcase_add_test(tests, scorers_take_turns);
    tcase_add_test(tests, ties_and_gaps);
    tcase_add_test(tests, work_is_limited);
    tcase_add_test(tests, scorers_that_only_rank_again);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
