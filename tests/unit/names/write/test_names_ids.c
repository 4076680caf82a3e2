/* Ids that have to differ: found whatever they look like, and told with their positions. */
#include "names_model.h"

static kf_status build(char (*ids)[24], size_t count, uint32_t flags, kf_error *error)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    options.flags = flags;
    options.memory_limit = 16 << 20;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("i.kf"), &options, error), KF_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kf_names_builder_add(builder, ids[i], strlen(ids[i]), "name", 4, error), KF_OK);
    const kf_status status = kf_names_builder_finish(builder, NULL, error);
    kf_names_builder_destroy(&builder);
    return status;
}

enum { MOST = 300 };

START_TEST(equal_ids_are_found)
{
    static char ids[MOST][24];
    static const char *const formats[] = { "%zu", "x%zu", "%05zu", "%zu", "%zx" };
    random_state = 500 + (uint64_t)_i;
    for (int round = 0; round < 60; round++) {
        const size_t count = 2 + random_below(MOST - 2), first = random_below(count - 1);
        const size_t second = first + 1 + random_below(count - first - 1);
        const int order = (int)random_below(3), twice = (int)random_below(3);
        kf_error error = { 0 };
        char expected[80];
        for (size_t i = 0; i < count; i++) {    /* ascending, descending, in disorder */
            const size_t number = order == 0 ? i : order == 1 ? count - i : i * 7919 % 100003;
            snprintf(ids[i], sizeof ids[i], formats[_i], number * 3);
        }
        if (_i == 3) strcpy(ids[random_below(count)], "");     /* not all are numbers */
        if (twice) memcpy(ids[second], ids[first], sizeof *ids);
        const kf_status status = build(ids, count, KF_NAMES_UNIQUE_IDS, &error);
        ck_assert_int_eq(status, twice ? KF_DUPLICATE : KF_OK);
        if (twice) {
            snprintf(expected, sizeof expected, "the id '%s' is that of position %zu and of %zu", ids[first], first,
                     second);
            ck_assert_str_eq(error.message, expected);
            ck_assert_uint_eq(error.key_size, strlen(ids[first]));
        }
        ck_assert_int_eq(build(ids, count, 0, &error), KF_OK);
    }
}
END_TEST

/* As for dictionaries, what is no keyfold file is not replaced unless that is asked for. */
START_TEST(other_files_stay)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_error error = { 0 };
    scratch_write("other", "text\n", 5);
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("other"), NULL, &error), KF_INVALID);
    ck_assert_ptr_null(builder);
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("late"), NULL, &error), KF_OK);
    scratch_write("late", "text\n", 5);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, &error), KF_INVALID);
    kf_names_builder_destroy(&builder);
    options.flags = KF_NAMES_REPLACE_ANY;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("other"), &options, &error), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, &error), KF_OK);
    kf_names_builder_destroy(&builder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_ids");
    TCase *tests = tcase_create("ids");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    tcase_add_loop_test(tests, equal_ids_are_found, 0, 5);
    tcase_add_test(tests, other_files_stay);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
