/* Whole builds, and all kinds of reading afterwards, with every allocation and every system call failing
 * once: the failure is reported, the file that was there stays, nothing else is left behind, in memory,
 * in the folder or among the open files. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

#include <errno.h>
#include <sys/stat.h>

typedef struct scene {
    const char *name;
    model m;
    size_t large;            /* so many more keys, with values of 100 KB: more than the sorter may hold */
    uint8_t *large_value;
    uint64_t memory;
    uint32_t flags;
    int progress_stop;       /* the call of the progress callback that cancels; 0: none */
    int progress_calls;
} scene;

enum { LARGE_VALUE = 100000 };

static const char old_content[] = "\x89KFD\r\n\x1a\nwhat was there before";
static uint8_t *good;        /* the file as it comes out when nothing fails */
static size_t good_size;

static int progress(void *context, const kf_progress *p)
{
    scene *s = context;
    (void)p;
    return ++s->progress_calls == s->progress_stop;
}

static kf_status build(scene *s, kf_error *error)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_builder *builder;
    options.value_type = s->m.type;
    options.value_encoding = s->m.encoding;
    options.memory_limit = s->memory;
    options.flags = s->flags;
    options.progress = progress;
    options.progress_context = s;
    s->progress_calls = 0;
    kf_status status = kf_builder_create(&builder, scratch_path("out.kf"), &options, error);
    if (!status) status = kf_builder_set_metadata(builder, "title", s->name, strlen(s->name), error);
    for (size_t i = 0; i < s->m.set.count && !status; i++) {
        kf_bytes key = s->m.set.keys[s->m.set.count - 1 - i];
        if (s->m.type == KF_VALUES_U64)
            status = kf_builder_add_u64(builder, key.data, key.size,
                                        model_number(&s->m, s->m.set.count - 1 - i), error);
        else if (s->m.type == KF_VALUES_NONE)
            status = kf_builder_add(builder, key.data, key.size, NULL, 0, error);
        else
            status = kf_builder_add(builder, key.data, key.size, key.data, key.size, error);
    }
    for (size_t i = s->large; i-- && !status; ) {
        uint8_t key[8] = { 0xff, 0xff, 0xff, (uint8_t)(i >> 8), (uint8_t)i };
        s->large_value[0] = (uint8_t)i;
        status = kf_builder_add(builder, key, 5, s->large_value, LARGE_VALUE, error);
    }
    if (!status) status = kf_builder_finish(builder, &report, error);
    kf_builder_destroy(&builder);
    return status;
}

/* Some of everything that reads. A wrong answer is a failure of the test whatever fails below. */
static kf_status read_back(scene *s, uint32_t flags, kf_error *error)
{
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_iter *iter = NULL;
    kf_entry entry;
    kf_bytes bytes;
    kf_dict *dict;
    uint64_t number, other;
    options.flags = flags;
    kf_status status = kf_dict_open(&dict, scratch_path("out.kf"), &options, error);
    for (size_t i = 0; i < s->m.set.count && !status; i += 1 + s->m.set.count / 20) {
        kf_bytes key = s->m.set.keys[i];
        status = kf_dict_ordinal(dict, key.data, key.size, &number);
        MUST(status || number == i, "%s: ordinal of key %zu", s->name, i);
        if (!status && s->m.type == KF_VALUES_BYTES) {
            status = kf_dict_get(dict, key.data, key.size, &buffer, &bytes);
            MUST(status || model_same(bytes, key), "%s: value of key %zu", s->name, i);
        }
        if (!status && s->m.type == KF_VALUES_U64) {
            status = kf_dict_get_u64(dict, key.data, key.size, &number);
            MUST(status || number == model_number(&s->m, i), "%s: value of key %zu", s->name, i);
        }
        if (!status) status = kf_dict_key_at(dict, i, &buffer, &bytes);
        MUST(status || model_same(bytes, key), "%s: key %zu", s->name, i);
        if (!status) status = kf_dict_lower_bound(dict, key.data, key.size, &number);
        MUST(status || number == i, "%s: bound %zu", s->name, i);
        if (!status) status = kf_dict_prefix_range(dict, key.data, key.size, &number, &other);
        MUST(status || number == i, "%s: prefix %zu", s->name, i);
    }
    if (!status) status = kf_iter_create(&iter, dict, NULL, error);
    for (size_t i = 0; i < 30 && !status; i++) {
        status = kf_iter_next(iter, &entry);
        if (!status && s->m.type == KF_VALUES_BYTES) status = kf_iter_value(iter, &bytes);
        if (!status) MUST(entry.ordinal == i, "%s: iterator at %zu", s->name, i);
    }
    if (status == KF_END) status = KF_OK;
    kf_iter_destroy(&iter);
    if (!status) status = kf_iter_create_nearest(&iter, dict, "nothing like it", 15, NULL, error);
    if (!status) status = kf_iter_next(iter, &entry);
    if (status == KF_END) status = KF_OK;
    kf_iter_destroy(&iter);
    if (!status) status = kf_dict_verify(dict, NULL, error);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
    return status;
}

typedef struct reading {
    scene *s;
    uint32_t flags;
    kf_status status;
    kf_error error;
} reading;

static void run_reading(void *context)
{
    reading *r = context;
    r->status = read_back(r->s, r->flags, &r->error);
}

static int content_is(const void *data, size_t size)
{
    size_t found_size;
    uint8_t *found = scratch_read("out.kf", &found_size);
    int same = found && found_size == size && !memcmp(found, data, size);
    free(found);
    return same;
}

/* What must hold after a build, whatever has failed. With `may_be_new`, the new file may be in place
 * although the build reported a failure (of what comes after the rename). */
static void check_after(const scene *s, kf_status status, int may_be_new, int files_before, const char *what,
                        uint64_t n)
{
    ck_assert_msg(fault_live() == 0, "%s, %s %llu: %ld allocations are left", s->name, what,
                  (unsigned long long)n,
                  fault_live());
    MUST(fault_open_files() == files_before, "%s, %s %llu: files are left open", s->name, what,
         (unsigned long long)n);
    MUST(scratch_count() == 1, "%s, %s %llu: %d files in the folder", s->name, what, (unsigned long long)n,
         scratch_count());
    if (!status)
        MUST(content_is(good, good_size), "%s, %s %llu: not the right file", s->name, what,
             (unsigned long long)n);
    else if (!may_be_new || !content_is(good, good_size))
        MUST(content_is(old_content, sizeof old_content), "%s, %s %llu: the old file is gone", s->name, what,
             (unsigned long long)n);
}

/* Fails the n-th call for n = 1, 1 + stride, ... (in a long run; see next_site) until a build makes fewer. Returns how
 * often it fired. */
static uint64_t sweep_build(scene *s, const char *what, unsigned kinds, int os_error, int mode,
                            kf_status expected,
                            uint64_t stride)
{
    int files = fault_open_files();
    uint64_t fired_times = 0;
    for (uint64_t n = 1; ; n = next_site(n, stride)) {
        kf_error error = { 0 };
        scratch_write("out.kf", old_content, sizeof old_content);
        fault_mark();
        fault_arm(kinds, n, os_error, mode);
        kf_status status = build(s, &error);
        int fired = fault_fired();
        fault_off();
        if (!fired) {
            MUST(!status, "%s, %s: %s", s->name, what, error.message);
            break;
        }
        fired_times++;
        /* The failure of a call whose purpose can be reached otherwise need not be one of the build. */
        MUST(status == expected || !status, "%s, %s %llu: status %d, %s", s->name, what,
             (unsigned long long)n,
             (int)status, error.message);
        MUST(!status || (error.status == status && error.message[0]), "%s, %s %llu: no message", s->name,
             what,
             (unsigned long long)n);
        if (expected == KF_IO && status) MUST(error.os_error == os_error, "%s, %s: errno", s->name, what);
        check_after(s, status, (kinds & FAULT_SYNC) != 0, files, what, n);
    }
    check_after(s, KF_OK, 0, files, what, 0);
    return fired_times;
}

static void sweep_read(scene *s, uint32_t flags, unsigned kinds, int os_error, int mode, kf_status expected)
{
    int files = fault_open_files();
    for (uint64_t n = 1; ; n = next_site(n, 1)) {
        reading r = { s, flags, KF_OK, { 0 } };
        fault_mark();
        fault_arm(kinds, n, os_error, mode);
        fault_in_thread(run_reading, &r);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(fault_open_files(), files);
        if (!fired) {
            ck_assert_msg(!r.status, "%s: %s", s->name, r.error.message);
            break;
        }
        ck_assert_msg(r.status == expected || !r.status, "%s, reading %llu: status %d", s->name,
                      (unsigned long long)n,
                      (int)r.status);
    }
}

/* ---- scenes --------------------------------------------------------------------------------------- */

static scene now;

static void set_scene(int number)
{
    static const struct {
        const char *name;
        unsigned shape;
        kf_value_type type;
        kf_encoding encoding;
        size_t large;
        uint32_t flags;
    } scenes[] = {
        { "integers", 9, KF_VALUES_U64, KF_ENCODING_PACKED, 0, 0 },
        { "distinct integers", 18, KF_VALUES_U64, KF_ENCODING_DISTINCT, 0, 0 },
        { "token strings", 11, KF_VALUES_BYTES, KF_ENCODING_TOKENS, 0, 0 },
        { "zstd strings", 17, KF_VALUES_BYTES, KF_ENCODING_ZSTD, 0, 0 },
        { "distinct strings", 8, KF_VALUES_BYTES, KF_ENCODING_DISTINCT, 0, 0 },
        { "keys", 13, KF_VALUES_NONE, KF_ENCODING_AUTO, 0, 0 },
        { "keys that are stored once more", 13, KF_VALUES_NONE, KF_ENCODING_AUTO, 0, KF_BUILD_SIMILARITY },
        { "keys with a filter", 9, KF_VALUES_NONE, KF_ENCODING_AUTO, 0,
          KF_BUILD_FILTER | KF_BUILD_NO_SYNC },
        { "spilling", 7, KF_VALUES_BYTES, KF_ENCODING_RAW, 120, 0 },
    };
    memset(&now, 0, sizeof now);
    now.name = scenes[number].name;
    now.m = (model){ .type = scenes[number].type, .encoding = scenes[number].encoding, .value_shape = 4,
                     .name = "scene" };
    set_make(&now.m.set, scenes[number].shape, 3, 1);
    now.large = scenes[number].large;
    now.memory = (scenes[number].encoding == KF_ENCODING_ZSTD ? 32 : 16) << 20;   /* enough for zstd's trainer */
    now.flags = scenes[number].flags;
    now.large_value = calloc(1, LARGE_VALUE);
    fault_off();
    fault_short_io(0);
    kf_error error = { 0 };
    kf_status status = build(&now, &error);
    ck_assert_msg(!status, "%s: %s", now.name, error.message);
    good = scratch_read("out.kf", &good_size);
    ck_assert_int_eq(scratch_count(), 1);
}

static void clear_scene(void)
{
    fault_off();
    fault_short_io(0);
    set_free(&now.m.set);
    free(now.large_value);
    free(good);
}

enum { SCENES = 9, SPILLING = 8 };

START_TEST(builder__allocations_fail)
{
    set_scene(_i);
    uint64_t stride = _i == SPILLING ? 3 : 1;
    ck_assert_uint_gt(sweep_build(&now, "allocation", FAULT_ALLOC, ENOMEM, FAULT_TWICE, KF_NO_MEMORY, stride),
                      10);
    sweep_build(&now, "allocations from", FAULT_ALLOC, ENOMEM, FAULT_FROM, KF_NO_MEMORY, 2 * stride + 1);
    clear_scene();
}
END_TEST

START_TEST(builder__system_calls_fail)
{
    set_scene(_i);
    uint64_t stride = _i == SPILLING ? 2 : 1;
    ck_assert_uint_ge(sweep_build(&now, "write", FAULT_WRITE, EIO, FAULT_ONCE, KF_IO, stride), _i == SPILLING ? 5 : 1);
    sweep_build(&now, "write from", FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE, stride);
    sweep_build(&now, "read", FAULT_READ, EIO, FAULT_ONCE, KF_IO, stride);
    const uint64_t syncs = now.flags & KF_BUILD_NO_SYNC ? 0 : 2;     /* of the file and of the folder */
    ck_assert_uint_eq(sweep_build(&now, "sync", FAULT_SYNC, EIO, FAULT_ONCE, KF_IO, 1), syncs);
    ck_assert_uint_eq(sweep_build(&now, "sync", FAULT_SYNC, ENOSPC, FAULT_ONCE, KF_NO_SPACE, 1), syncs);
    ck_assert_uint_eq(sweep_build(&now, "rename", FAULT_RENAME, EIO, FAULT_ONCE, KF_IO, 1), 1);
    ck_assert_uint_ge(sweep_build(&now, "link", FAULT_LINK, ENOSPC, FAULT_FROM, KF_NO_SPACE, 1), 1);
    ck_assert_uint_ge(sweep_build(&now, "mode", FAULT_MODE, EPERM, FAULT_ONCE, KF_IO, 1), 1);
    ck_assert_uint_gt(sweep_build(&now, "open", FAULT_OPEN, EMFILE, FAULT_FROM, KF_IO, 1), 1);
    sweep_build(&now, "open once", FAULT_OPEN, EIO, FAULT_ONCE, KF_IO, 1);
    sweep_build(&now, "stat", FAULT_STAT, EIO, FAULT_ONCE, KF_IO, 1);
    sweep_build(&now, "truncate", FAULT_TRUNCATE, EIO, FAULT_ONCE, KF_IO, 1);
    clear_scene();
}
END_TEST

/* A signal that interrupts a call, and calls that transfer a part, are no failures. */
START_TEST(builder__interrupted_and_short_calls)
{
    set_scene(_i);
    sweep_build(&now, "interrupt", FAULT_WRITE | FAULT_READ | FAULT_SYNC | FAULT_OPEN, EINTR, FAULT_ONCE,
                KF_OK,
                _i == SPILLING ? 3 : 1);
    kf_error error = { 0 };
    fault_short_io(_i == SPILLING ? 4093 : 3);
    ck_assert_int_eq(build(&now, &error), KF_OK);
    ck_assert(content_is(good, good_size));
    ck_assert_int_eq(read_back(&now, KF_OPEN_IN_MEMORY, &error), KF_OK);
    /* Running out of space in the middle of what a short write began. */
    fault_short_io(_i == SPILLING ? 40093 : 777);
    sweep_build(&now, "short write", FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE, _i == SPILLING ? 97 : 7);
    clear_scene();
}
END_TEST

/* The same where files without a name are not to be had. */
START_TEST(builder__named_temporary_files)
{
    static const int scenes[] = { 0, 2, SPILLING };
    set_scene(scenes[_i]);
    uint64_t stride = scenes[_i] == SPILLING ? 5 : 1;
    fault_refuse_nameless(1);
    sweep_build(&now, "any call", FAULT_IO & ~(FAULT_CLOSE | FAULT_MAP), EIO, FAULT_ONCE, KF_IO, stride);
    sweep_build(&now, "allocation", FAULT_ALLOC, ENOMEM, FAULT_ONCE, KF_NO_MEMORY, 3 * stride);
    fault_refuse_nameless(0);
    clear_scene();
}
END_TEST

START_TEST(builder__cancelled_at_each_call)
{
    set_scene(_i);
    int files = fault_open_files(), calls;
    ck_assert_int_eq(build(&now, NULL), KF_OK);
    calls = now.progress_calls;
    ck_assert_int_ge(calls, 3);
    int step = 1 + calls / (_i == SPILLING ? 30 : 300);
    for (int n = 1; n <= calls; n += n + step > calls && n < calls ? calls - n : step) {
        kf_error error = { 0 };
        scratch_write("out.kf", old_content, sizeof old_content);
        fault_mark();
        now.progress_stop = n;
        kf_status status = build(&now, &error);
        MUST(status == KF_CANCELLED && error.status == KF_CANCELLED, "%s: stop %d of %d: status %d", now.name,
             n, calls,
             (int)status);
        MUST(now.progress_calls == n, "%s: the callback was called again after it had cancelled", now.name);
        check_after(&now, status, 0, files, "cancelled at", (uint64_t)n);
    }
    clear_scene();
}
END_TEST

/* Cancelled while pairs are added; nothing but destroying is allowed then. */
START_TEST(builder__cancelled_while_adding)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    kf_status status;
    uint32_t key = 0;
    now.progress_calls = 0;
    now.progress_stop = 2;
    options.progress = progress;
    options.progress_context = &now;
    fault_mark();
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("never.kf"), &options, &error), KF_OK);
    do {
        key++;
        status = kf_builder_add(builder, &key, 4, NULL, 0, &error);
    } while (!status && key < 1000000);
    ck_assert_int_eq(status, KF_CANCELLED);
    ck_assert_int_ne(kf_builder_add(builder, "x", 1, NULL, 0, &error), KF_OK);
    ck_assert_int_ne(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_ptr_null(builder);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(fault_live(), 0);
    ck_assert_int_eq(scratch_count(), 0);
}
END_TEST

START_TEST(reader__calls_fail)
{
    set_scene(_i);
    for (unsigned variant = 0; variant < 3; variant++) {
        static const uint32_t flags[] = { 0, KF_OPEN_IN_MEMORY,
                                          KF_OPEN_POPULATE | KF_OPEN_RANDOM | KF_OPEN_HUGE };
        sweep_read(&now, flags[variant], FAULT_ALLOC, ENOMEM, FAULT_ONCE, KF_NO_MEMORY);
        sweep_read(&now, flags[variant], FAULT_ALLOC, ENOMEM, FAULT_FROM, KF_NO_MEMORY);
        sweep_read(&now, flags[variant], FAULT_IO & ~FAULT_CLOSE, EIO, FAULT_ONCE, KF_IO);
        sweep_read(&now, flags[variant], FAULT_MAP, ENOMEM, FAULT_FROM, KF_NO_MEMORY);
    }
    clear_scene();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("builder_fault");
    TCase *t = tcase_create("faults");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, builder__allocations_fail, 0, SCENES);
    suite_add_cases(t, builder__system_calls_fail, 0, SCENES);
    suite_add_cases(t, builder__interrupted_and_short_calls, 0, SCENES);
    suite_add_cases(t, builder__named_temporary_files, 0, 3);
    suite_add_cases(t, builder__cancelled_at_each_call, 0, SCENES);
    tcase_add_test(t, builder__cancelled_while_adding);
    suite_add_cases(t, reader__calls_fail, 0, SPILLING);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
