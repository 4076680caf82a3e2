/* The disk that a build needs: large values and values lie there once, and a build that will find no room says so
 * while there is some. The disk is what fault.h says is free, less what the build has on it. */
#include "fault.h"
#include "scratch.h"
#include "suite.h"
#include "tally.h"
#include "feed.h"

#include <keyfold/keyfold.h>

enum { MEMORY = 16 << 20, MEDIUM = 120, LARGE = 400 << 10 };

typedef struct job {
    uint64_t pairs;
    size_t value_size;         /* 0: integers */
    unsigned threads, shards;
    int resume;
    kf_encoding encoding;
} job;

typedef struct watch {
    uint64_t capacity;         /* UINT64_MAX: there is no end of it */
    uint64_t free_later;       /* what is free once all pairs were added, however much is written; 0: see capacity */
    uint64_t most, first, last;   /* temporary bytes: the most told, and of the values' phase the first and the last */
    uint64_t phases;
} watch;

static int see(void *context, const kf_progress *progress)
{
    watch *w = context;
    uint64_t now = progress->temporary_bytes;
    if (now > w->most) w->most = now;
    if (progress->phase == KF_PHASE_VALUES && !w->phases++) w->first = now;
    if (progress->phase == KF_PHASE_VALUES) w->last = now;
    if (w->free_later && progress->phase >= KF_PHASE_MINIMISE) fault_free_space(w->free_later);
    if (w->capacity != UINT64_MAX) fault_free_space(w->capacity > now ? w->capacity - now : 0);
    return 0;
}

/* The pair's key is opaque, and so is its value. */
static void make_pair(const job *j, uint64_t i, char key[17], uint8_t *value)
{
    snprintf(key, 17, "%016llx", (unsigned long long)mix64(i));
    for (size_t b = 0; b < j->value_size; b += 8) {
        uint64_t word = mix64(i << 20 | b);
        memcpy(value + b, &word, 8);
    }
}

static kf_status build(const job *j, watch *w, kf_build_report *report, kf_error *error)
{
    static uint8_t value[LARGE + 8];
    char key[17];
    kf_builder *b = NULL;
    fault_skip_sync(1);
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = j->value_size ? KF_VALUES_BYTES : KF_VALUES_U64;
    options.value_encoding = j->encoding;
    options.memory_limit = MEMORY;
    options.threads = j->threads;
    options.shards = j->shards;
    options.progress = see;
    options.progress_context = w;
    options.expected_bytes = j->pairs * (16 + (j->value_size ? j->value_size : 8));
    if (j->resume) options.resume_folder = scratch_path("resume");
    kf_status status = kf_builder_create(&b, scratch_path("out.kf"), &options, error);
    for (uint64_t i = 0; i < j->pairs && !status; i++) {
        make_pair(j, i, key, value);
        if (j->value_size) status = kf_builder_add(b, key, 16, value, j->value_size, error);
        else status = kf_builder_add_u64(b, key, 16, mix64(i + 1), error);
    }
    if (!status) status = kf_builder_finish(b, report, error);
    kf_builder_destroy(&b);
    fault_free_space(UINT64_MAX);
    unlink(scratch_path("out.kf"));
    feed_remove("resume");
    return status;
}

static const job jobs[] = {
    { 140000, MEDIUM, 1, 1, 0, KF_ENCODING_RAW },
    { 140000, MEDIUM, 1, 1, 1, KF_ENCODING_RAW },
    { 230000, MEDIUM, 2, 1, 0, KF_ENCODING_AUTO },
    { 230000, MEDIUM, 2, 3, 0, KF_ENCODING_RAW },
    { 230, LARGE, 1, 1, 0, KF_ENCODING_RAW },
    { 230, LARGE, 1, 1, 1, KF_ENCODING_RAW },
    { 600000, 0, 1, 1, 0, KF_ENCODING_AUTO },
};
enum { JOBS = sizeof jobs / sizeof *jobs };

START_TEST(test_refused_in_time)
{
    const job *j = &jobs[_i];
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error;
    watch all = { .capacity = UINT64_MAX };
    ck_assert_msg(build(j, &all, &report, &error) == KF_OK, "job %d: %s", _i, error.message);
    uint64_t peak = report.temporary_peak, data = j->pairs * (16 + (j->value_size ? j->value_size : 8));

    /* What was given back in time: everything lies on the disk once, twice only if it can be resumed. */
    ck_assert_msg(peak <= (j->resume ? 2 : 1) * (data + data / 20) + MEMORY / 2, "job %d: %llu of %llu bytes", _i,
                  (unsigned long long)peak, (unsigned long long)data);
    if (j->value_size && j->shards == 1 && !j->resume)
        ck_assert_msg(all.phases > 2 && all.last < all.first / 3, "job %d: %llu, then %llu", _i,
                      (unsigned long long)all.first, (unsigned long long)all.last);

    uint64_t needed = j->resume || peak < data ? peak : data;
    watch small = { .capacity = needed - needed / 20 * 3 };
    ck_assert_msg(build(j, &small, &report, &error) == KF_NO_SPACE, "job %d fits less than it needs", _i);
    ck_assert_msg(small.most < small.capacity, "job %d: refused too late", _i);
    ck_assert_ptr_nonnull(strstr(error.message, "are free"));
    tally("full disks", 1);
    ck_assert_int_eq(scratch_count(), 0);

    watch enough = { .capacity = peak + peak / 8 };
    ck_assert_msg(build(j, &enough, &report, &error) == KF_OK, "job %d: %s", _i, error.message);
}
END_TEST

/* Images that are copied into the file one after the other: the first tells what all will need, where what is given
 * back meanwhile does not suffice. */
START_TEST(test_room_for_shards)
{
    static const job j = { 140000, MEDIUM, 1, 5, 1, KF_ENCODING_RAW };
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error;
    watch w = { .capacity = UINT64_MAX };
    ck_assert_msg(build(&j, &w, &report, &error) == KF_OK, "%s", error.message);
    uint64_t size = report.file_size;
    ck_assert_uint_eq(report.shards, 5);

    w.free_later = size / 2;
    /* What waits beside the file counts as given back: if the machine lets whoever embeds the images sleep until most
     * of them are there, there is room indeed. */
    kf_status status = KF_OK;
    for (unsigned tries = 0; tries < 10 && status == KF_OK; tries++) status = build(&j, &w, &report, &error);
    ck_assert_int_eq(status, KF_NO_SPACE);
    ck_assert_ptr_nonnull(strstr(error.message, "the dictionary will need"));
    ck_assert_ptr_nonnull(strstr(error.message, scratch));
    ck_assert_int_eq(scratch_count(), 0);
    w.free_later = size;
    ck_assert_msg(build(&j, &w, &report, &error) == KF_OK, "%s", error.message);
    ck_assert_uint_eq(report.file_size, size);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("room");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, scratch_open, scratch_close);
    suite_add_cases(c, test_refused_in_time, 0, JOBS);
    tcase_add_test(c, test_room_for_shards);
    suite_add_tcase(s, c);
    return s;
}

int main(void) { return suite_run(suite()); }
