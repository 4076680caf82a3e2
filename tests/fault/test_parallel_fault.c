/* Builds by several threads, into several shards or one image, with every kind of call failing, without threads,
 * and cancelled: which call is the n-th differs from run to run, so what is demanded is the right file or the
 * failure that was made, and that nothing is left behind, in memory, in the folder or among the open files. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "parallel.h"
#include "sanitized.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MIB = 1 << 20, RUNS = 16, PLAIN_KEYS = SANITIZED ? 9000 : 20000 };

typedef struct scene {
    const char *name;
    model m;
    pairs p;
    how h;
} scene;

static const char old_content[] = "\x89KFD\r\n\x1a\nwhat was there before";
static uint8_t *good;
static size_t good_size;
static scene now;

/* ---- scenes --------------------------------------------------------------------------------------- */

/* More than the sorter's buffers hold, and not much to minimise. */
static void make_spilling(model *m)
{
    static const char padding[] = "what the keys have in common makes the sorter's runs long, and not the dictionary";
    char text[120];
    *m = (model){ .type = KF_VALUES_U64, .encoding = KF_ENCODING_PACKED, .value_shape = 1, .value_seed = 3 };
    m->set.random = 5;
    for (unsigned i = 0; i < 40000; i++)
        set_add(&m->set, text, (size_t)snprintf(text, sizeof text, "%07u %s", i, padding));
    set_sort(&m->set);
}

/* Enough for an image that its stages get threads of their own, and its values too. */
static void make_plain(model *m, kf_value_type type)
{
    char text[60];
    *m = (model){ .type = type, .value_shape = 3, .value_seed = 4, .weighted = type == KF_VALUES_BYTES };
    m->set.random = 8;
    for (unsigned i = 0; i < PLAIN_KEYS; i++)
        set_add(&m->set, text, (size_t)snprintf(text, sizeof text, "%07u of many keys", i * 3));
    set_sort(&m->set);
}

static void set_scene(int number)
{
    static const struct {
        const char *name;
        unsigned shape;
        kf_value_type type;
        kf_encoding encoding;
        kf_duplicates duplicates;
        kf_weights weights;
        unsigned memory, shards;
    } scenes[] = {
        { "sums", 9, KF_VALUES_U64, KF_ENCODING_AUTO, KF_DUPLICATES_SUM, KF_WEIGHTS_VALUE, 64, 4 },
        { "strings", 11, KF_VALUES_BYTES, KF_ENCODING_AUTO, KF_DUPLICATES_LAST, KF_WEIGHTS_GIVEN, 64, 4 },
        { "keys", 18, KF_VALUES_NONE, KF_ENCODING_AUTO, KF_DUPLICATES_FIRST, KF_WEIGHTS_NONE, 64, 4 },
        { "spilling", 0, KF_VALUES_U64, KF_ENCODING_PACKED, KF_DUPLICATES_MAX, KF_WEIGHTS_NONE, 16, 4 },
        { "one image of numbers", 0, KF_VALUES_U64, KF_ENCODING_AUTO, KF_DUPLICATES_SUM, KF_WEIGHTS_NONE, 16, 1 },
        { "one image of strings", 0, KF_VALUES_BYTES, KF_ENCODING_RAW, KF_DUPLICATES_LAST, KF_WEIGHTS_GIVEN, 16, 1 },
    };
    kf_build_report report = KF_BUILD_REPORT_INIT;
    alarm(200);   /* nothing may hang */
    memset(&now, 0, sizeof now);
    now.name = scenes[number].name;
    if (scenes[number].shape) {
        now.m = (model){ .type = scenes[number].type, .encoding = scenes[number].encoding, .value_shape = 3,
                         .weighted = scenes[number].weights == KF_WEIGHTS_GIVEN };
        set_make(&now.m.set, scenes[number].shape, 3, 1);
    } else if (scenes[number].shards == 1) {
        make_plain(&now.m, scenes[number].type);
        now.m.encoding = scenes[number].encoding;
    } else {
        make_spilling(&now.m);
    }
    snprintf(now.m.name, sizeof now.m.name, "%s", now.name);
    now.h = (how){ .threads = 3, .shards = scenes[number].shards,
                   .memory = (uint64_t)scenes[number].memory * MIB, .order = 1, .duplicates = scenes[number].duplicates,
                   .weights = scenes[number].weights };
    now.p = pairs_draw(&now.m, now.m.set.count / 4);
    fault_off();
    fault_short_io(0);
    pairs_build(&now.m, &now.p, &now.h, "out.kf", &report);
    ck_assert_uint_eq(report.shards, scenes[number].shards);
    good = scratch_read("out.kf", &good_size);
    ck_assert_int_eq(scratch_count(), 1);
}

static void clear_scene(void)
{
    fault_off();
    fault_short_io(0);
    pairs_free(&now.p);
    set_free(&now.m.set);
    free(good);
}

enum { SCENES = 6, SPILLING = 3, LEAST_RUNS = 8 };

/* ---- failing calls -------------------------------------------------------------------------------- */

static int content_is(const void *data, size_t size)
{
    size_t found_size;
    uint8_t *found = scratch_read("out.kf", &found_size);
    int same = found && found_size == size && !memcmp(found, data, size);
    free(found);
    return same;
}

static void check_after(kf_status status, int may_be_new, int files_before, const char *what, uint64_t n)
{
    const unsigned long long number = n;
    MUST(fault_live() == 0, "%s, %s %llu: %ld allocations are left", now.name, what, number, fault_live());
    MUST(fault_open_files() == files_before, "%s, %s %llu: files are left open", now.name, what, number);
    MUST(scratch_count() == 1, "%s, %s %llu: %d files in the folder", now.name, what, number, scratch_count());
    if (!status)
        MUST(content_is(good, good_size), "%s, %s %llu: not the right file", now.name, what, number);
    else if (!may_be_new || !content_is(good, good_size))
        MUST(content_is(old_content, sizeof old_content), "%s, %s %llu: the old file is gone", now.name, what, number);
}

/* One build with a failing call; whether the call was reached. */
static int build_failing(const char *what, unsigned kinds, uint64_t n, int os_error, int mode, kf_status expected,
                         unsigned *failed)
{
    kf_error error = { 0 };
    kf_build_report report = KF_BUILD_REPORT_INIT;
    int files = fault_open_files();
    const unsigned long long number = n;
    scratch_write("out.kf", old_content, sizeof old_content);
    fault_mark();
    fault_arm(kinds, n, os_error, mode);
    kf_status status = pairs_try(&now.m, &now.p, &now.h, "out.kf", &report, &error);
    int fired = fault_fired();
    fault_off();
    MUST(status == (fired ? expected : KF_OK) || !status, "%s, %s %llu: status %d, %s", now.name, what, number,
         (int)status, error.message);
    MUST(!status || (error.status == status && error.message[0]), "%s, %s %llu: no message", now.name, what, number);
    if (expected == KF_IO && status) MUST(error.os_error == os_error, "%s, %s %llu: errno", now.name, what, number);
    check_after(status, (kinds & FAULT_SYNC) != 0, files, what, n);
    *failed += status != KF_OK;
    return fired;
}

/* Some runs with calls from the first to the last failing; more, closer together, as long as only one of them failed:
 * many allocations can do without, as an array that only does not get room to grow. Returns how many failed. */
static unsigned sweep(const char *what, unsigned kinds, int os_error, int mode, kf_status expected)
{
    unsigned failed = 0;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = { 0 };
    fault_arm(kinds, 0, 0, FAULT_ONCE);
    ck_assert_int_eq(pairs_try(&now.m, &now.p, &now.h, "out.kf", &report, &error), KF_OK);
    uint64_t calls = fault_calls(), runs = rounds_of(RUNS) / (now.h.memory < 64 * MIB ? 8 : 1);
    if (runs < LEAST_RUNS) runs = LEAST_RUNS;
    uint64_t step = calls / runs ? calls / runs : 1;
    fault_off();
    for (uint64_t first = 1;; first = 1 + (step /= 2)) {
        for (uint64_t n = first; build_failing(what, kinds, n, os_error, mode, expected, &failed); n += step) {}
        if (kinds != FAULT_ALLOC || failed > 1 || step < 2) return failed;
    }
}

START_TEST(fault__allocations)
{
    set_scene(_i);
    ck_assert_uint_gt(sweep("allocation", FAULT_ALLOC, ENOMEM, FAULT_TWICE, KF_NO_MEMORY), 1);
    ck_assert_uint_gt(sweep("allocations from", FAULT_ALLOC, ENOMEM, FAULT_FROM, KF_NO_MEMORY), 1);
    clear_scene();
}
END_TEST

START_TEST(fault__system_calls)
{
    set_scene(_i);
    ck_assert_uint_gt(sweep("write", FAULT_WRITE, EIO, FAULT_ONCE, KF_IO), 1);
    ck_assert_uint_gt(sweep("write from", FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE), 1);
    ck_assert_uint_gt(sweep("read", FAULT_READ, EIO, FAULT_ONCE, KF_IO), 1);
    ck_assert_uint_gt(sweep("open", FAULT_OPEN, EMFILE, FAULT_FROM, KF_IO), 1);
    sweep("open once", FAULT_OPEN, EIO, FAULT_ONCE, KF_IO);
    sweep("truncate", FAULT_TRUNCATE, EIO, FAULT_ONCE, KF_IO);
    ck_assert_uint_ge(sweep("sync", FAULT_SYNC, EIO, FAULT_ONCE, KF_IO), 1);
    ck_assert_uint_ge(sweep("rename", FAULT_RENAME, EIO, FAULT_ONCE, KF_IO), 1);
    sweep("interrupt", FAULT_WRITE | FAULT_READ | FAULT_OPEN | FAULT_SYNC, EINTR, FAULT_ONCE, KF_OK);
    clear_scene();
}
END_TEST

START_TEST(fault__short_calls)
{
    kf_build_report report = KF_BUILD_REPORT_INIT;
    set_scene(_i);
    fault_short_io(_i == SPILLING ? 40093 : 777);
    pairs_build(&now.m, &now.p, &now.h, "out.kf", &report);
    ck_assert(content_is(good, good_size));
    sweep("short write", FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE);
    clear_scene();
}
END_TEST

START_TEST(fault__threads)
{
    unsigned failed = 0;
    uint64_t n;
    set_scene(_i);
    for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
        for (n = 1; build_failing("thread", FAULT_THREAD, n, EAGAIN, mode, KF_NO_MEMORY, &failed); n++) {}
    ck_assert_uint_gt(n, 2);
    /* The last of several that put shards together is never needed. */
    unsigned before = failed;
    build_failing("last thread", FAULT_THREAD, n - 1, EAGAIN, FAULT_FROM, KF_NO_MEMORY, &failed);
    if (_i != SPILLING) ck_assert_uint_eq(failed, before);
    /* Shards don't go on without a lock; one image does without that of a thread which it can do without. */
    failed = 0;
    for (n = 1; build_failing("lock", FAULT_LOCK, n, ENOMEM, FAULT_ONCE, KF_NO_MEMORY, &failed); n++)
        if (_i < SPILLING) ck_assert_uint_eq(failed, n);
    ck_assert_uint_ge(failed, 1);
    clear_scene();
}
END_TEST

/* ---- cancelling ----------------------------------------------------------------------------------- */

typedef struct watcher {
    pthread_t thread;
    int calls, stop;
    unsigned phases;           /* seen, a bit each */
    kf_phase last;
} watcher;

static int progress(void *context, const kf_progress *p)
{
    watcher *w = context;
    MUST(pthread_equal(pthread_self(), w->thread), "progress is told on another thread");
    MUST(p->phase >= w->last && p->phase <= KF_PHASE_WRITE, "phase %d after %d", (int)p->phase, (int)w->last);
    MUST(!p->total || p->done <= p->total, "%llu of %llu are done", (unsigned long long)p->done,
         (unsigned long long)p->total);
    w->last = p->phase;
    w->phases |= 1u << p->phase;
    return ++w->calls == w->stop;
}

/* Runs a build that is cancelled at a call of the callback (0: none); returns how many it made. */
static int build_cancelled(int stop, unsigned *phases)
{
    watcher w = { .thread = pthread_self(), .stop = stop };
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = { 0 };
    int files = fault_open_files();
    now.h.progress = progress;
    now.h.progress_context = &w;
    scratch_write("out.kf", old_content, sizeof old_content);
    fault_mark();
    kf_status status = pairs_try(&now.m, &now.p, &now.h, "out.kf", &report, &error);
    /* How often it is told depends on time: it may not come to that call. */
    MUST(status == (stop && w.calls >= stop ? KF_CANCELLED : KF_OK), "%s: stop %d of %d: status %d", now.name, stop,
         w.calls, (int)status);
    MUST(!stop || w.calls <= stop, "%s: the callback was called again after it had cancelled", now.name);
    MUST(!status || error.status == KF_CANCELLED, "%s: the error says %d", now.name, (int)error.status);
    check_after(status, 0, files, "cancelled at", (uint64_t)stop);
    *phases |= w.phases;
    return w.calls;
}

START_TEST(cancel__at_each_call)
{
    unsigned phases = 0;
    set_scene(_i);
    int calls = build_cancelled(0, &phases);
    ck_assert_int_ge(calls, 2);
    for (int n = 1; n <= calls + 1; n++) build_cancelled(n, &phases);
    ck_assert(phases & 1u << KF_PHASE_SORT && phases & 1u << KF_PHASE_WRITE);
    clear_scene();
}
END_TEST

/* Enough keys for calls while they are added and, unless the machine is fast, while the shards are made. */
START_TEST(cancel__many_keys)
{
    const unsigned of_one_image = 1u << KF_PHASE_MINIMISE | 1u << KF_PHASE_LAYOUT | 1u << KF_PHASE_VALUES;
    unsigned phases = 0, stopped = 0;
    char text[40];
    kf_build_report report = KF_BUILD_REPORT_INIT;
    alarm(200);
    memset(&now, 0, sizeof now);
    now.name = "many";
    now.m = (model){ .type = KF_VALUES_U64, .encoding = KF_ENCODING_PACKED, .value_shape = 3, .name = "many" };
    now.m.set.random = 3;
    for (uint64_t i = 0; i < 100000; i++) {
        int size = snprintf(text, sizeof text, "%010u", (unsigned)(mix64(i) >> 33));
        set_add(&now.m.set, text, (size_t)size);
    }
    set_sort(&now.m.set);
    now.h = (how){ .threads = 3, .shards = _i ? 1 : 3, .memory = 48 * MIB, .order = 1,
                   .duplicates = KF_DUPLICATES_SUM };
    now.p = pairs_draw(&now.m, 1000);
    pairs_build(&now.m, &now.p, &now.h, "out.kf", &report);
    good = scratch_read("out.kf", &good_size);
    int calls = build_cancelled(0, &phases);
    ck_assert_int_ge(calls, 4);
    for (int n = 1; n <= calls; n = (int)next_site((uint64_t)n, 1)) stopped += build_cancelled(n, &phases) == n;
    ck_assert_uint_gt(stopped, 2);
    ck_assert(phases & 1u << KF_PHASE_READ && phases & 1u << KF_PHASE_SORT && phases & 1u << KF_PHASE_WRITE);
    if (_i) ck_assert_uint_eq(phases & of_one_image, of_one_image);
    clear_scene();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("parallel_fault");
    TCase *t = tcase_create("faults");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, fault__allocations, 0, SCENES);
    suite_add_cases(t, fault__system_calls, 0, SCENES);
    suite_add_cases(t, fault__short_calls, 0, SCENES);
    suite_add_cases(t, fault__threads, 0, SCENES);
    suite_add_cases(t, cancel__at_each_call, 0, SCENES);
    suite_add_cases(t, cancel__many_keys, 0, 2);
    suite_add_tcase(s, t);
    return suite_run(s);
}
