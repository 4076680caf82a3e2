/* Searches for names against scoring every name. */
#include "names_model.h"

static model_hit hits[MODEL_NAMES];

/* ---- names -------------------------------------------------------------------------------------- */

/* Few letters, so that much is alike: empty tokens, repeated ones, letters of two to four bytes, combining marks. */
static const char *const letters[] = { "a", "b", "c", "\xc3\xa9", "e\xcc\x81", "\xf0\x9f\x98\x80", "A", "-" };

static char *tiny_name(size_t kinds, size_t most_tokens, size_t most_letters)
{
    char name[512] = "";
    const size_t tokens = 1 + random_below(most_tokens);
    for (size_t t = 0; t < tokens; t++) {
        if (t) strcat(name, " ");
        if (random_below(8) == 0) continue;
        for (size_t i = random_below(most_letters + 1); i > 0; i--) strcat(name, letters[random_below(kinds)]);
    }
    return strdup(name);
}

static const char *const common[] = { "LIMITED", "LTD", "GROUP", "HOLDINGS", "AND", "THE", "SERVICES", "UK", "GMBH" };
static const char *const syllables[] = { "ba", "ber", "den", "el", "gor", "ha", "in", "ka", "lo", "mar", "ni", "os",
                                         "pra", "ru", "sen", "ta", "ul", "vi", "wes", "yo" };

static char *real_name(void)
{
    char name[256] = "";
    const size_t tokens = 1 + random_below(5);
    for (size_t t = 0; t < tokens; t++) {
        if (t) strcat(name, " ");
        if (random_below(5) < 2) {
            strcat(name, common[random_below(sizeof common / sizeof *common)]);
            continue;
        }
        for (size_t i = 1 + random_below(3); i > 0; i--)
            strcat(name, syllables[random_below(sizeof syllables / sizeof *syllables)]);
    }
    return strdup(name);
}

/* With some letters dropped, doubled or swapped, and tokens dropped or moved. */
static char *damaged(const char *name)
{
    char copy[600];
    size_t size = strlen(name);
    memcpy(copy, name, size + 1);
    for (size_t i = random_below(3); i > 0 && size > 1; i--) {
        const size_t at = random_below(size - 1);
        if ((copy[at] | copy[at + 1]) & 0x80) continue;
        switch (random_below(3)) {
        case 0: memmove(copy + at, copy + at + 1, size - at); size--; break;
        case 1: memmove(copy + at + 1, copy + at, size + 1 - at); size++; break;
        default: { const char swap = copy[at]; copy[at] = copy[at + 1]; copy[at + 1] = swap; }
        }
    }
    return strdup(copy);
}

static void search_all_ways(kf_matcher *matcher, const model_names *names, const char *needle)
{
    static const uint64_t limits[] = { 1, 2, 3, 10, 100000 };
    static const double cutoffs[] = { 0, 0.3, 0.5, 2.0 / 3, 0.8, 0.9, 1 };
    model_rank(names, needle, hits);
    model_check(matcher, names, needle, limits[random_below(5)], 0, hits);
    model_check(matcher, names, needle, limits[random_below(5)], cutoffs[random_below(7)], hits);
    model_check(matcher, names, needle, 1, 0, hits);
}

/* ------------------------------------------------------------------------------------------------- */

START_TEST(searches_of_tiny_names_are_exact)
{
    random_state = (uint64_t)_i * 1000;
    for (int round = 0; round < 60; round++) {
        model_names names = { .count = random_below(round % 3 ? 40 : 4) };
        const size_t kinds = 1 + random_below(8), tokens = 1 + random_below(6), most = 1 + random_below(6);
        for (size_t i = 0; i < names.count; i++) names.name[i] = tiny_name(kinds, tokens, most);
        kf_names *index = model_build(&names, "tiny.kf", 0);
        kf_matcher *matcher;
        ck_assert_int_eq(kf_names_verify(index, NULL, NULL), KF_OK);
        ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
        for (int i = 0; i < 12; i++) {
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

/* Enough names for all levels and plans. */
START_TEST(searches_of_many_names_are_exact)
{
    model_names names = { .count = _i % 2 ? 3000 : 700 };
    random_state = 77 + (uint64_t)_i;
    for (size_t i = 0; i < names.count; i++)
        names.name[i] = _i < 2 ? real_name() : random_below(9) ? real_name() : tiny_name(5, 4, 4);
    kf_names *index = model_build(&names, "many.kf", 16 << 20);
    kf_matcher *matcher;
    ck_assert_int_eq(kf_names_verify(index, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 40; i++) {
        char *needle = i % 4 == 0 ? real_name() : damaged(names.name[random_below(names.count)]);
        search_all_ways(matcher, &names, needle);
        free(needle);
    }
    static const char *const hard[] = {
        "", " ", "   ", "LIMITED", "LTD LTD LTD", "THE AND UK GROUP LIMITED", "q", "zzzzzz qqqqqq", "a b c d e f",
        "LIMITED LIMITED GROUP GROUP HOLDINGS HOLDINGS"
    };
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) search_all_ways(matcher, &names, hard[i]);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    tcase_add_loop_test(tests, searches_of_tiny_names_are_exact, 0, 4);
    tcase_add_loop_test(tests, searches_of_many_names_are_exact, 0, 4);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
