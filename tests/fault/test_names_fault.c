/* Builds of and searches in indexes of names where any one allocation or system call fails. */
#include "fault.h"
#include "names_model.h"

#include <errno.h>

static const char *const names[] = {
    "ACME LIMITED", "BOLTS AND NUTS", "ACME BOLTS LTD", "", "NUTS  NUTS", "a b c d e f g h i",
    "0123456789012345678901234567890123456789012345678901234567890123456789 x"
};

static kf_status build_ids(int unique, kf_error *error)
{
    kf_names_builder *builder;
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    options.memory_limit = 16 << 20;
    options.flags = KF_NAMES_REPLACE_ANY | (unique ? KF_NAMES_UNIQUE_IDS : 0);
    options.processing = KF_NAMES_FOLD_CASE | KF_NAMES_NFKC | KF_NAMES_SQUEEZE;
    options.legal_forms = KF_LEGAL_CANONICAL;
    options.legal_table = "Ltd\tLimited\nCo\t^Firm\n";
    kf_status status = kf_names_builder_create(&builder, scratch_path("n.kf"), &options, error);
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) {
        kf_names_row row = KF_NAMES_ROW_INIT;
        row.id = (kf_bytes){ (const uint8_t *)"0987654321" + i, unique ? 1 : 0 };
        row.name = (kf_bytes){ (const uint8_t *)names[i], strlen(names[i]) };
        row.attribute = (kf_bytes){ (const uint8_t *)"attribute", i };
        row.payload = (kf_bytes){ (const uint8_t *)"payload", i / 2 };
        status = kf_names_builder_add_row(builder, &row, error);
    }
    if (!status) status = kf_names_builder_set_metadata(builder, "who", "a test", 6, error);
    if (!status) status = kf_names_builder_finish(builder, NULL, error);
    kf_names_builder_destroy(&builder);
    return status;
}

static kf_status build(kf_error *error) { return build_ids(1, error); }

static kf_status search(kf_error *error)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names *index;
    kf_matcher *matcher = NULL;
    const kf_name_hits *hits;
    kf_status status = kf_names_open(&index, scratch_path("n.kf"), NULL, error);
    if (!status) status = kf_matcher_create(&matcher, index, error);
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++)
        status = kf_matcher_search(matcher, names[i], strlen(names[i]), NULL, &hits, error);
    if (!status) status = kf_matcher_search(matcher, "ACM BOLT X", 10, NULL, &hits, error);
    options.flags = KF_MATCH_TIES | KF_MATCH_EXPLAIN;
    if (!status) status = kf_matcher_search(matcher, "ACM BOLT X", 10, &options, &hits, error);
    options.candidates = 5;
    options.rerank = KF_SCORER_WRATIO;
    if (!status) status = kf_matcher_search(matcher, "ACM BOLT X", 10, &options, &hits, error);
    for (int k = KF_SCORER_RATIO; k <= KF_SCORER_TOKEN_SET_RATIO && !status; k++) {
        options.scorer = (kf_scorer)k;
        status = kf_matcher_search(matcher, "ACM BOLT X", 10, &options, &hits, error);
    }
    if (!status) status = kf_names_verify(index, NULL, error);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    return status;
}

/* By each scorer with one matcher. One that has failed finds the next time what it would have. */
static kf_status search_again(kf_error *error)
{
    kf_names *index;
    kf_matcher *matcher = NULL;
    const kf_name_hits *hits;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_status status = kf_names_open(&index, scratch_path("n.kf"), NULL, error);
    if (!status) status = kf_matcher_create(&matcher, index, error);
    for (int s = KF_SCORER_SETRATIO; s <= KF_SCORER_TOKEN_SET_RATIO && !status; s++) {
        options.scorer = (kf_scorer)s;
        status = kf_matcher_search(matcher, "ACM BOLT X", 10, &options, &hits, error);
        if (!status) continue;
        ck_assert_int_eq(kf_matcher_search(matcher, "ACM BOLT X", 10, &options, &hits, NULL), KF_OK);
        ck_assert_uint_eq(hits->count, 1);
        ck_assert_uint_eq(hits->hits[0]->position, 2);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    return status;
}

static kf_status take(void *context, size_t index, const kf_name_hits *hits, kf_error *error)
{
    (void)context, (void)index, (void)hits, (void)error;
    return KF_OK;
}

static kf_status search_many(kf_error *error)
{
    kf_names *index;
    kf_bytes needles[sizeof names / sizeof *names];
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        needles[i] = (kf_bytes){ (const uint8_t *)names[i], strlen(names[i]) };
    how.threads = 3;
    kf_status status = kf_names_open(&index, scratch_path("n.kf"), NULL, error);
    if (!status)
        status = kf_names_search_many(index, needles, sizeof names / sizeof *names, NULL, &how, take, NULL, error);
    kf_names_close(&index);
    return status;
}

static kf_status take_pair(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    (void)context, (void)first, (void)second, (void)error;
    return KF_OK;
}

static kf_status dedupe(kf_error *error)
{
    kf_names *index;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    options.cutoff = 0.1;
    kf_status status = kf_names_open(&index, scratch_path("n.kf"), NULL, error);
    for (how.threads = 1; how.threads < 3 && !status; how.threads++)
        status = kf_names_dedupe(index, &options, &how, take_pair, NULL, error);
    kf_names_close(&index);
    return status;
}

static kf_status read_rows(kf_error *error)
{
    kf_names *index;
    kf_names_iter *iter = NULL;
    const kf_names_row *row;
    kf_status status = kf_names_open(&index, scratch_path("n.kf"), NULL, error);
    if (!status) status = kf_names_iter_create(&iter, index, 0, error);
    while (!status) status = kf_names_iter_next(iter, &row, error);
    kf_names_iter_destroy(&iter);
    kf_names_close(&index);
    return status == KF_END ? KF_OK : status;
}

static void sweep(kf_status (*work)(kf_error *), unsigned kinds, int reason, kf_status expected)
{
    int failures = 0;
    for (uint64_t n = 1; ; n++) {
        kf_error error = { 0 };
        const int files = fault_open_files();
        fault_mark();
        fault_arm(kinds, n, reason, FAULT_ONCE);
        const kf_status status = work(&error);
        const int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(fault_open_files(), files);
        if (!fired) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_int_gt(failures, 0);
            break;
        }
        /* An array that can't grow by half grows by what it needs: nothing has failed then. */
        if (expected) ck_assert_msg(!status || status == expected, "call %llu: %d", (unsigned long long)n, status);
        if (status) ck_assert(error.message[0]);
        failures += status != KF_OK;
    }
}

START_TEST(builds_without_memory)
{
    fault_skip_sync(1);
    sweep(build, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
}
END_TEST

START_TEST(builds_with_a_failing_disk)
{
    fault_skip_sync(1);
    sweep(build, FAULT_WRITE, ENOSPC, KF_NO_SPACE);
    sweep(build, FAULT_READ, EIO, KF_IO);
    sweep(build, FAULT_OPEN | FAULT_SYNC | FAULT_RENAME | FAULT_LINK, EIO, KF_OK);
}
END_TEST

START_TEST(a_failed_build_leaves_what_was_there)
{
    kf_error error;
    size_t size;
    scratch_write("n.kf", "before", 6);
    fault_arm(FAULT_ALLOC, 30, ENOMEM, FAULT_FROM);
    ck_assert_int_ne(build_ids(0, &error), KF_OK);
    fault_off();
    uint8_t *after = scratch_read("n.kf", &size);
    ck_assert_uint_eq(size, 6);
    ck_assert_int_eq(memcmp(after, "before", 6), 0);
    free(after);
    ck_assert_int_eq(scratch_count(), 1);
}
END_TEST

START_TEST(searches_without_memory)
{
    ck_assert_int_eq(build(NULL), KF_OK);
    sweep(search, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
    sweep(search_again, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
    sweep(search_many, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
    sweep(dedupe, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
    sweep(read_rows, FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
}
END_TEST

/* After a search that failed the matcher goes on. */
START_TEST(a_matcher_recovers)
{
    kf_names *index;
    kf_matcher *matcher;
    const kf_name_hits *hits;
    ck_assert_int_eq(build(NULL), KF_OK);
    ck_assert_int_eq(kf_names_open(&index, scratch_path("n.kf"), NULL, NULL), KF_OK);
    for (uint64_t n = 1; n < 80; n++) {
        kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
        options.scorer = (kf_scorer)(n % 4);
        ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
        fault_arm(FAULT_ALLOC, 1 + n / 4, ENOMEM, FAULT_ONCE);
        kf_matcher_search(matcher, "NUTS BOLTS", 10, &options, &hits, NULL);
        fault_off();
        ck_assert_int_eq(kf_matcher_search(matcher, "\xff", 1, &options, &hits, NULL), KF_INVALID);
        ck_assert_int_eq(kf_matcher_search(matcher, "NUTS BOLTS", 10, &options, &hits, NULL), KF_OK);
        ck_assert_uint_eq(hits->count, 1);
        const double found = hits->hits[0]->score;
        kf_matcher_destroy(&matcher);
        ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
        ck_assert_int_eq(kf_matcher_search(matcher, "NUTS BOLTS", 10, &options, &hits, NULL), KF_OK);
        ck_assert(hits->hits[0]->score == found);
        kf_matcher_destroy(&matcher);
    }
    kf_names_close(&index);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_fault");
    TCase *tests = tcase_create("fault");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, builds_without_memory);
    tcase_add_test(tests, builds_with_a_failing_disk);
    tcase_add_test(tests, a_failed_build_leaves_what_was_there);
    tcase_add_test(tests, searches_without_memory);
    tcase_add_test(tests, a_matcher_recovers);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
