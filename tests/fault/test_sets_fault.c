/* Set operations, diff and merge with every allocation, and for merge every system call, failing once: the
 * failure is reported, the target stays as it was, nothing is left in memory, in the folder or open. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include <errno.h>

enum { MEMBERS = 3 };
#define OLD_CONTENT "\x89KFD\r\n\x1a\nwhat was there before"

static kf_dict *dicts[MEMBERS];

static void make_members(kf_value_type type, kf_encoding encoding, int weighted)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    char name[16], text[64];
    options.value_type = type;
    options.value_encoding = encoding;
    options.weights = weighted ? KF_WEIGHTS_GIVEN : KF_WEIGHTS_NONE;
    options.memory_limit = 16 << 20;
    for (unsigned m = 0; m < MEMBERS; m++) {
        kf_builder *builder;
        snprintf(name, sizeof name, "%u.kf", m);
        ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, NULL), KF_OK);
        for (unsigned i = 0; i < 900; i += 1 + m) {
            size_t size = (size_t)snprintf(text, sizeof text, "key %04u", i);
            size_t value = type == KF_VALUES_BYTES ? size : 0;
            kf_status status;
            if (type == KF_VALUES_U64 && weighted)
                status = kf_builder_add_u64_weighted(builder, text, size, i, i, NULL);
            else if (type == KF_VALUES_U64)
                status = kf_builder_add_u64(builder, text, size, i % 7 + m, NULL);
            else
                status = kf_builder_add(builder, text, size, text, value - (value && i % (m + 2) == 0), NULL);
            ck_assert_int_eq(status, KF_OK);
        }
        ck_assert_int_eq(kf_builder_set_metadata(builder, name, name, 2, NULL), KF_OK);
        ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
        kf_builder_destroy(&builder);
        ck_assert_int_eq(kf_dict_open(&dicts[m], scratch_path(name), NULL, NULL), KF_OK);
    }
}

static void drop_members(void)
{
    for (unsigned m = 0; m < MEMBERS; m++) kf_dict_close(&dicts[m]);
}

/* Operations 0..3 are those on sets, 4 is diff. */
typedef struct walk {
    unsigned operation;
    kf_set_values values;
    int with_query;
    size_t seen;
    kf_status status;
} walk;

static void run_walk(void *context)
{
    walk *w = context;
    const kf_dict *members[MEMBERS] = { dicts[0], dicts[1], dicts[2] };
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_set_options options = { sizeof options, w->values, &within };
    kf_query *query = NULL;
    kf_iter *iter = NULL;
    kf_entry entry;
    kf_error error = { 0 };
    kf_bytes bytes;
    uint64_t number;
    kf_status status = KF_OK;
    w->seen = 0;
    if (w->with_query) status = kf_query_create_fuzzy(&query, "key 0400", 8, NULL, &error);
    within.query = query;
    if (!status && w->operation < 4)
        status = kf_iter_create_set(&iter, (kf_set_operation)w->operation, members, MEMBERS, &options, &error);
    else if (!status)
        status = kf_iter_create_diff(&iter, dicts[0], dicts[1], &within, &error);
    if (status) ck_assert_int_eq(error.status, status);
    while (!status && !(status = kf_iter_next(iter, &entry))) {
        ++w->seen;
        if (kf_dict_value_type(dicts[0]) == KF_VALUES_BYTES) status = kf_iter_value(iter, &bytes);
        else status = kf_iter_value_u64(iter, &number);
    }
    kf_iter_destroy(&iter);
    kf_query_destroy(&query);
    w->status = status == KF_END ? KF_OK : status;
}

static void sweep_walk(unsigned operation, kf_set_values values, int with_query)
{
    walk w = { operation, values, with_query, 0, KF_OK };
    for (uint64_t n = 1; ; n++) {
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        fault_in_thread(run_walk, &w);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        if (!fired) {
            ck_assert_int_eq(w.status, KF_OK);
            ck_assert_uint_gt(w.seen, 0);
            ck_assert_uint_gt(n, 8);
            return;
        }
        /* A query may do with less memory. */
        ck_assert_msg(w.status == KF_NO_MEMORY || (with_query && !w.status),
                      "operation %u values %d query %d allocation %d: %s", operation, (int)values, with_query,
                      (int)n, kf_status_name(w.status));
    }
}

START_TEST(sets_fault__iterators)
{
    make_members(_i ? KF_VALUES_BYTES : KF_VALUES_U64, _i ? KF_ENCODING_ZSTD : KF_ENCODING_AUTO, 0);
    for (unsigned operation = 0; operation <= 4; operation++) {
        sweep_walk(operation, KF_SET_VALUES_LAST, 0);
        sweep_walk(operation, KF_SET_VALUES_ALL, operation == 0);
        if (!_i) sweep_walk(operation, KF_SET_VALUES_SUM, operation == 1);
    }
    drop_members();
}
END_TEST

static void check_target(int is_new)
{
    size_t size;
    uint8_t *content = scratch_read("out.kf", &size);
    ck_assert_ptr_nonnull(content);
    int is_old = size == sizeof OLD_CONTENT && !memcmp(content, OLD_CONTENT, size);
    free(content);
    ck_assert(is_new ? !is_old : is_old);
}

static void sweep_merge(unsigned kinds, int os_error, kf_status expected)
{
    const kf_dict *members[MEMBERS] = { dicts[0], dicts[1], dicts[2] };
    kf_merge_options options = KF_MERGE_OPTIONS_INIT;
    kf_build_options build = KF_BUILD_OPTIONS_INIT;
    kf_dict *merged;
    int files = fault_open_files();
    build.memory_limit = 16 << 20;
    options.build = &build;
    options.values = KF_SET_VALUES_LAST;
    for (uint64_t n = 1; ; n++) {
        kf_error error = { 0 };
        scratch_write("out.kf", OLD_CONTENT, sizeof OLD_CONTENT);
        fault_mark();
        fault_arm(kinds, n, os_error, FAULT_ONCE);
        kf_status status = kf_dict_merge(scratch_path("out.kf"), members, MEMBERS, &options, NULL, &error);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(fault_open_files(), files);
        ck_assert_int_eq(scratch_count(), MEMBERS + 1);
        if (status) {
            ck_assert_int_eq(status, expected);
            ck_assert(error.message[0]);
            /* What follows the rename may fail too; then the new file is there. */
            if (kinds == FAULT_ALLOC) check_target(0);
        } else {
            check_target(1);
            ck_assert_int_eq(kf_dict_open(&merged, scratch_path("out.kf"), NULL, NULL), KF_OK);
            ck_assert_uint_eq(kf_dict_count(merged), 900);
            kf_dict_close(&merged);
        }
        if (!fired) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_uint_gt(n, kinds == FAULT_ALLOC ? 20 : 2);
            return;
        }
    }
}

START_TEST(sets_fault__merge)
{
    make_members(_i ? KF_VALUES_BYTES : KF_VALUES_U64, KF_ENCODING_AUTO, !_i);
    sweep_merge(FAULT_ALLOC, ENOMEM, KF_NO_MEMORY);
    sweep_merge(FAULT_WRITE | FAULT_OPEN, ENOSPC, KF_NO_SPACE);
    drop_members();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sets_fault");
    TCase *t = tcase_create("sets_fault");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, sets_fault__iterators, 0, 2);
    suite_add_cases(t, sets_fault__merge, 0, 2);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
