/* Whole builds that are stopped and gone on with: the file is the one that an undisturbed build writes. */
#include "fault.h"
#include "scratch.h"
#include "suite.h"
#include "tally.h"
#include "feed.h"

#include <keyfold/keyfold.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define SURE(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)

typedef struct job {
    feed input;
    kf_duplicates duplicates;
    kf_weights weights;
    kf_encoding encoding;
    unsigned threads, shards;
    uint64_t memory;
    int resume;
    uint64_t cancel_at;        /* by the progress function, so many calls on; 0: never */
} job;

static int cancel(void *context, const kf_progress *progress)
{
    uint64_t *left = context;
    (void)progress;
    return *left && --*left == 0;
}

static kf_status add_pairs(const job *j, kf_builder *b, kf_error *error)
{
    uint8_t room[FEED_KEY], *value = malloc(FEED_VALUE);
    kf_status status = value ? KF_OK : KF_NO_MEMORY;
    int weighted = j->weights == KF_WEIGHTS_GIVEN;
    for (uint64_t i = 0; i < j->input.pairs && !status; i++) {
        kf_bytes k = feed_key(&j->input, i, room), v = { NULL, 0 };
        uint64_t number = feed_number(&j->input, i), weight = mix64(i) >> 30;
        if (j->input.type == KF_VALUES_BYTES) v = feed_value(&j->input, i, value);
        if (j->input.type == KF_VALUES_U64)
            status = weighted ? kf_builder_add_u64_weighted(b, k.data, k.size, number, weight, error)
                              : kf_builder_add_u64(b, k.data, k.size, number, error);
        else
            status = weighted ? kf_builder_add_weighted(b, k.data, k.size, v.data, v.size, weight, error)
                              : kf_builder_add(b, k.data, k.size, v.data, v.size, error);
    }
    free(value);
    return status;
}

static kf_status build(const job *j, const char *name, uint64_t *resumed, kf_build_report *report, kf_error *error)
{
    kf_builder *b = NULL;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    uint64_t left = j->cancel_at;
    options.value_type = j->input.type;
    options.value_encoding = j->encoding;
    options.duplicates = j->duplicates;
    options.weights = j->weights;
    options.threads = j->threads;
    options.shards = j->shards;
    options.memory_limit = j->memory;
    options.progress = cancel;
    options.progress_context = &left;
    if (j->resume) options.resume_folder = scratch_path("resume");
    kf_status status = kf_builder_create(&b, scratch_path(name), &options, error);
    if (resumed) *resumed = status ? 0 : kf_builder_resumed(b);
    if (!status) status = kf_builder_set_metadata(b, "name", "test", 4, error);
    if (!status) status = add_pairs(j, b, error);
    if (!status) status = kf_builder_finish(b, report, error);
    kf_builder_destroy(&b);
    return status;
}

/* Of the two files. */
static void same_files(const char *a, const char *b, const char *when)
{
    size_t a_size, b_size;
    uint8_t *a_data = scratch_read(a, &a_size), *b_data = scratch_read(b, &b_size);
    SURE(a_data && b_data && a_size == b_size && !memcmp(a_data, b_data, a_size), "%s: the files differ", when);
    free(a_data);
    free(b_data);
}

static job make_job(unsigned number)
{
    static const struct {
        kf_value_type type;
        kf_duplicates duplicates;
        feed_order order;
        kf_weights weights;
    } kinds[] = {
        { KF_VALUES_NONE, KF_DUPLICATES_FIRST, FEED_MIXED, KF_WEIGHTS_NONE },
        { KF_VALUES_U64, KF_DUPLICATES_SUM, FEED_MIXED, KF_WEIGHTS_VALUE },
        { KF_VALUES_BYTES, KF_DUPLICATES_LAST, FEED_WAVES, KF_WEIGHTS_NONE },
        { KF_VALUES_U64, KF_DUPLICATES_LAST, FEED_MIXED, KF_WEIGHTS_GIVEN },
        { KF_VALUES_BYTES, KF_DUPLICATES_FIRST, FEED_ASCENDING, KF_WEIGHTS_GIVEN },
    };
    unsigned kind = number % 5;
    job j = { .duplicates = kinds[kind].duplicates, .weights = kinds[kind].weights, .threads = number % 2 ? 3 : 1,
              .shards = number % 4 ? 3 : 1, .memory = 16 << 20 };
    j.input = (feed){ .pairs = 300000, .seed = number, .keys = 20000, .order = kinds[kind].order,
                      .type = kinds[kind].type, .large_every = kind == 2 ? 8000 : 0, .large_size = 150000 };
    return j;
}
enum { JOBS = 6 };

static int pause_then_kill(pid_t child, double seconds)
{
    int result;
    struct timespec wait = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    SURE(waitpid(child, &result, 0) == child, "waitpid");
    SURE(WIFSIGNALED(result) || WEXITSTATUS(result) == 0, "exit %d", WEXITSTATUS(result));
    return WIFSIGNALED(result);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

START_TEST(build__killed_at_random_times)
{
    char when[80];
    kf_error error;
    job j = make_job((unsigned)_i);
    uint64_t resumed, killed = 0, saved = 0;
    double start = now();
    SURE(build(&j, "want.kf", NULL, NULL, &error) == KF_OK, "%s", error.message);
    double whole = now() - start;
    j.resume = 1;
    for (unsigned round = 0; round < scale_of_run(); round++) {
        for (unsigned life = 0; life < 2; life++) {
            fflush(stdout);
            pid_t child = fork();
            SURE(child >= 0, "fork");
            if (child == 0) _exit(build(&j, "got.kf", NULL, NULL, NULL) ? 1 : 0);
            const uint64_t part = mix64(seed_or(0) * 7919 + round * 3 + life) % 1000;
            killed += (unsigned)pause_then_kill(child, whole * (double)part / 1000);
        }
        snprintf(when, sizeof when, "job %d, round %u", _i, round);
        SURE(build(&j, "got.kf", &resumed, NULL, &error) == KF_OK, "%s: %s", when, error.message);
        saved += resumed > 0;
        same_files("got.kf", "want.kf", when);
        SURE(!feed_exists("resume") || rmdir(scratch_path("resume")) == 0, "%s: something is left", when);
    }
    tally("kills at random times", killed);
    printf("job %d: %llu killed, %llu went on\n", _i, (unsigned long long)killed, (unsigned long long)saved);
    fflush(stdout);
}
END_TEST

START_TEST(build__cancelled)
{
    kf_error error;
    job j = make_job((unsigned)_i);
    kf_build_report want = KF_BUILD_REPORT_INIT, got = KF_BUILD_REPORT_INIT;
    uint64_t resumed = 0, last = 0, calls;
    j.input.pairs = 500000;
    SURE(build(&j, "want.kf", NULL, &want, &error) == KF_OK, "%s", error.message);
    j.resume = 1;
    for (calls = 7; ; calls = calls * 3 + 1) {
        j.cancel_at = calls;
        kf_status status = build(&j, "got.kf", &resumed, &got, &error);
        SURE(resumed >= last && resumed <= j.input.pairs, "went back");
        last = resumed;
        if (!status) break;
        SURE(status == KF_CANCELLED && feed_exists("resume/keyfold.lock"), "%d: %s", (int)status, error.message);
        j.threads = 4 - j.threads;
    }
    ck_assert_uint_gt(last, 0);
    ck_assert_uint_eq(got.pairs_added, want.pairs_added);
    ck_assert_uint_eq(got.pairs_dropped, want.pairs_dropped);
    ck_assert_uint_eq(got.keys, want.keys);
    ck_assert_uint_eq(got.shards, want.shards);
    same_files("got.kf", "want.kf", "cancelled");
    ck_assert(!feed_exists("resume"));
}
END_TEST

START_TEST(build__other_options)
{
    kf_error error;
    job j = make_job(3), other;
    j.resume = 1;
    j.cancel_at = 6;
    ck_assert_int_eq(build(&j, "got.kf", NULL, NULL, &error), KF_CANCELLED);
    other = j;
    other.weights = KF_WEIGHTS_NONE;
    ck_assert_int_eq(build(&other, "got.kf", NULL, NULL, &error), KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "choice of weights"));
    other = j;
    other.input.type = KF_VALUES_BYTES;
    ck_assert_int_eq(build(&other, "got.kf", NULL, NULL, &error), KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "value type"));
    other = j;
    other.input.other_at = 1000;
    ck_assert_int_eq(build(&other, "got.kf", NULL, NULL, &error), KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "input is not the one"));
    /* What may differ: the memory, the encoding, the shards and the target. */
    other = j;
    other.cancel_at = 0;
    other.memory = 64 << 20;
    other.encoding = KF_ENCODING_PACKED;
    other.shards = 1;
    uint64_t resumed;
    SURE(build(&other, "other.kf", &resumed, NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_uint_gt(resumed, 0);
    other.resume = 0;
    SURE(build(&other, "want.kf", NULL, NULL, &error) == KF_OK, "%s", error.message);
    same_files("other.kf", "want.kf", "other options");
}
END_TEST

/* In a process whose files are limited. */
START_TEST(build__full_then_more_room)
{
    int result;
    kf_error error;
    job j = make_job((unsigned)_i);
    uint64_t resumed = 0;
    j.input.pairs = 500000;
    j.input.keys = 100000;
    SURE(build(&j, "want.kf", NULL, NULL, &error) == KF_OK, "%s", error.message);
    j.resume = 1;
    fflush(stdout);
    pid_t child = fork();
    SURE(child >= 0, "fork");
    if (child == 0) {
        struct rlimit most = { 3 << 20, 3 << 20 };
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &most)) _exit(98);
        _exit(build(&j, "got.kf", NULL, NULL, &error) == KF_NO_SPACE ? 0 : 1);
    }
    SURE(waitpid(child, &result, 0) == child, "waitpid");
    SURE(WIFEXITED(result) && WEXITSTATUS(result) == 0, "not refused: %d", result);
    ck_assert(!feed_exists("got.kf"));
    SURE(build(&j, "got.kf", &resumed, NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_uint_gt(resumed, 0);
    same_files("got.kf", "want.kf", "more room");
    ck_assert(!feed_exists("resume"));
}
END_TEST

START_TEST(build__empty)
{
    kf_error error;
    job j = make_job(0);
    j.input.pairs = 0;
    SURE(build(&j, "want.kf", NULL, NULL, &error) == KF_OK, "%s", error.message);
    j.resume = 1;
    SURE(build(&j, "got.kf", NULL, NULL, &error) == KF_OK, "%s", error.message);
    same_files("got.kf", "want.kf", "empty");
    ck_assert(!feed_exists("resume"));
}
END_TEST

static void tear_down(void)
{
    feed_remove("resume");
    scratch_close();
}

static Suite *suite(void)
{
    Suite *s = suite_create("resume_build");
    TCase *t = tcase_create("resume_build");
    tcase_add_checked_fixture(t, scratch_open, tear_down);
    suite_add_cases(t, build__killed_at_random_times, 0, JOBS);
    suite_add_cases(t, build__cancelled, 1, 5);
    tcase_add_test(t, build__other_options);
    suite_add_cases(t, build__full_then_more_room, 2, 4);
    tcase_add_test(t, build__empty);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    fault_skip_sync(1);
    return suite_run(suite());
}
