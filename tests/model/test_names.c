/* Searches for names against scoring every name. */
#include "names_model.h"
#include "names_shapes.h"

#include <pthread.h>

static model_hit hits[MODEL_NAMES];

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
    random_state = (seed_or(0) << 32) + (uint64_t)_i * 1000;
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
    random_state = (seed_or(0) << 32) + 77 + (uint64_t)_i;
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

/* Threads share an index, each with a matcher of its own. */
typedef struct searching { const kf_names *index; const model_names *names; uint64_t checksum; } searching;

static void *search_all(void *context)
{
    searching *s = context;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_matcher *matcher;
    options.limit = 3;
    if (kf_matcher_create(&matcher, s->index, NULL)) return NULL;
    for (size_t i = 0; i < s->names->count; i += 3) {
        const kf_name_hits *found;
        const char *needle = s->names->name[i];
        if (kf_matcher_search(matcher, needle, strlen(needle) - (i % 2 && strlen(needle)), &options, &found, NULL))
            return NULL;
        for (size_t k = 0; k < found->count; k++)
            s->checksum = mix64(s->checksum ^ found->hits[k]->position ^ found->work << 32);
    }
    kf_matcher_destroy(&matcher);
    return s;
}

/* A name that has a token twice which is like none of the needle's, and a score that is the cutoff exactly. */
START_TEST(tokens_that_come_twice)
{
    static const char *const texts[] = { "b  a b", "   ", "c  c c c", "a" };
    model_names names = { .count = 4 };
    kf_matcher *matcher;
    for (size_t i = 0; i < names.count; i++) names.name[i] = strdup(texts[i]);
    kf_names *index = model_build(&names, "twice.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (size_t i = 0; i < names.count; i++) {
        model_rank(&names, texts[i], hits);
        for (size_t k = 0; k < names.count; k++)
            model_check(matcher, &names, texts[i], 4, hits[k].score, hits);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

START_TEST(threads_share_an_index)
{
    model_names names = { .count = 900 };
    searching jobs[5];
    pthread_t threads[4];
    random_state = 20;
    for (size_t i = 0; i < names.count; i++) names.name[i] = i % 100 ? real_name() : strdup("\xc3\xa9");
    kf_names *index = model_build(&names, "threads.kf", 0);
    for (int i = 0; i < 5; i++) jobs[i] = (searching){ index, &names, 1 };
    for (int i = 0; i < 4; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, search_all, &jobs[i]), 0);
    ck_assert_ptr_nonnull(search_all(&jobs[4]));
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        ck_assert_ptr_nonnull(result);
        ck_assert_uint_eq(jobs[i].checksum, jobs[4].checksum);
    }
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* The work limit: the same on every run and every machine, and said. */
START_TEST(work_is_limited)
{
    model_names names = { .count = 2000 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_matcher *matcher;
    random_state = 21;
    for (size_t i = 0; i < names.count; i++) names.name[i] = real_name();
    kf_names *index = model_build(&names, "work.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_search(matcher, "BERDEN LIMTED HOLDING", 21, NULL, &found, NULL), KF_OK);
    const uint64_t work = found->work, best = found->hits[0]->position;
    ck_assert_int_eq(found->exact, 1);
    ck_assert_uint_lt(found->names_scored, 200);
    for (uint64_t limit = 1; limit < work + 10; limit += 1 + limit / 8) {
        options.work_limit = limit;
        ck_assert_int_eq(kf_matcher_search(matcher, "BERDEN LIMTED HOLDING", 21, &options, &found, NULL), KF_OK);
        ck_assert_int_eq(found->exact, limit >= work);
        if (found->exact) ck_assert_uint_eq(found->hits[0]->position, best);
    }
    options.work_limit = work;
    ck_assert_int_eq(kf_matcher_search(matcher, "BERDEN LIMTED HOLDING", 21, &options, &found, NULL), KF_OK);
    ck_assert_int_eq(found->exact, 1);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* Whatever the order of the rows, the scores are the same. */
START_TEST(the_order_of_rows_changes_no_score)
{
    model_names names = { .count = 500 }, turned = { .count = 500 };
    kf_matcher *one, *other;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    options.limit = 20;
    random_state = 22;
    for (size_t i = 0; i < names.count; i++) names.name[i] = i % 3 ? real_name() : tiny_name(4, 5, 4);
    for (size_t i = 0; i < names.count; i++) turned.name[i] = strdup(names.name[(i * 7 + 3) % names.count]);
    kf_names *first = model_build(&names, "one.kf", 0), *second = model_build(&turned, "other.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&one, first, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&other, second, NULL), KF_OK);
    for (size_t i = 0; i < names.count; i += 5) {
        const kf_name_hits *a, *b;
        char *needle = damaged(names.name[i]);
        ck_assert_int_eq(kf_matcher_search(one, needle, strlen(needle), &options, &a, NULL), KF_OK);
        ck_assert_int_eq(kf_matcher_search(other, needle, strlen(needle), &options, &b, NULL), KF_OK);
        ck_assert_uint_eq(a->count, b->count);
        for (size_t k = 0; k < a->count; k++) ck_assert(a->hits[k]->score == b->hits[k]->score);
        free(needle);
    }
    kf_matcher_destroy(&one);
    kf_matcher_destroy(&other);
    kf_names_close(&first);
    kf_names_close(&second);
    model_free(&names);
    model_free(&turned);
}
END_TEST

START_TEST(metadata_and_content_are_at_hand)
{
    kf_names_builder *builder;
    kf_names *one, *other, *copy;
    kf_bytes name, content, file, again;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("meta.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_set_metadata(builder, "keyfold.mine", "", 0, NULL), KF_INVALID);
    ck_assert_int_eq(kf_names_builder_set_metadata(builder, "z", "last", 4, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_add(builder, "1", 1, "ACME", 4, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_set_metadata(builder, "a", "first", 5, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&one, scratch_path("meta.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_verify(one, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_metadata(one, "z", &content), KF_OK);
    ck_assert(content.size == 4 && !memcmp(content.data, "last", 4));
    ck_assert_int_eq(kf_names_metadata(one, "b", &content), KF_NOT_FOUND);
    ck_assert_int_eq(kf_names_metadata_at(one, 0, &name, &content), KF_OK);
    ck_assert(name.size == 1 && *name.data == 'a' && content.size == 5);
    ck_assert_int_eq(kf_names_metadata_at(one, 2, &name, &content), KF_NOT_FOUND);
    ck_assert_int_eq(kf_names_content(one, &file), KF_OK);
    ck_assert_int_eq(kf_names_open_memory(&copy, file.data, file.size, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_content(copy, &again), KF_OK);
    ck_assert(again.size == file.size && !memcmp(again.data, file.data, file.size));
    ck_assert_int_eq(kf_names_open(&other, scratch_path("meta.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_same_files(one, other), 1);
    ck_assert_int_eq(kf_names_same_files(one, copy), 0);
    kf_names_close(&copy);
    kf_names_close(&one);
    kf_names_close(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, searches_of_tiny_names_are_exact, 0, 4);
    suite_add_cases(tests, searches_of_many_names_are_exact, 0, 4);
    tcase_add_test(tests, tokens_that_come_twice);
    tcase_add_test(tests, threads_share_an_index);
    tcase_add_test(tests, metadata_and_content_are_at_hand);
    tcase_add_test(tests, work_is_limited);
    tcase_add_test(tests, the_order_of_rows_changes_no_score);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
