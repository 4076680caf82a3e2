/* Building: ids that have to differ, found whatever they look like and told with their positions; files that are not
 * replaced; progress. */
#include "names_model.h"

#include <unistd.h>

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
    for (uint64_t round = 0; round < rounds_of(60); round++) {
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

/* ---- progress ----------------------------------------------------------------------------------- */

typedef struct watching { uint64_t calls, cancel_at; kf_phase phase; uint64_t done; unsigned seen; } watching;

static int watch(void *context, const kf_progress *progress)
{
    watching *w = context;
    if (++w->calls == w->cancel_at) return 1;
    ck_assert_int_ge(progress->phase, w->phase);
    if (progress->total) ck_assert_uint_le(progress->done, progress->total);
    w->phase = progress->phase;
    w->seen |= 1u << progress->phase;
    return 0;
}

static kf_status build_watched(watching *w, size_t count)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_error error = { 0 };
    options.progress = watch;
    options.progress_context = w;
    options.memory_limit = 16 << 20;
    options.flags = KF_NAMES_UNIQUE_IDS;
    options.processing = KF_NAMES_FOLD_CASE;
    options.threads = 2;
    kf_status status = kf_names_builder_create(&builder, scratch_path("w.kf"), &options, &error);
    for (size_t i = 0; i < count && !status; i++) {
        kf_names_row row = KF_NAMES_ROW_INIT;
        char id[24], name[40];
        snprintf(id, sizeof id, "%zu", i * 7919 % count);
        snprintf(name, sizeof name, "Name %zu %zu", i, i % 100);
        row.id = (kf_bytes){ (uint8_t *)id, strlen(id) };
        row.name = (kf_bytes){ (uint8_t *)name, strlen(name) };
        row.attribute = (kf_bytes){ (const uint8_t *)"attribute", i % 5 };
        status = kf_names_builder_add_row(builder, &row, &error);
    }
    if (!status) status = kf_names_builder_finish(builder, NULL, &error);
    kf_names_builder_destroy(&builder);
    return status;
}

/* Phases follow each other, and a build can be cancelled in each of them: then nothing is left. */
START_TEST(cancelled_at_any_time)
{
    const size_t count = 70001;    /* more than one step */
    watching all = { 0 };
    ck_assert_int_eq(build_watched(&all, count), KF_OK);
    ck_assert_uint_eq(all.seen, 0x3f);
    ck_assert_int_eq(unlink(scratch_path("w.kf")), 0);
    for (uint64_t n = 1 + (uint64_t)_i; n <= all.calls; n += 3 * scaled(4, 1, 1)) {
        watching w = { .cancel_at = n };
        const kf_status status = build_watched(&w, count);
        if (w.calls < n) continue;     /* how often is told while a thread is waited for is up to it */
        ck_assert_int_eq(status, KF_CANCELLED);
        ck_assert_int_eq(scratch_count(), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_ids");
    TCase *tests = tcase_create("ids");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, equal_ids_are_found, 0, 5);
    tcase_add_test(tests, other_files_stay);
    suite_add_cases(tests, cancelled_at_any_time, 0, 3);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
