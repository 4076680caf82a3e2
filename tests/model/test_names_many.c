/* Calls on an index that take long: many needles on several threads, all rows. What they tell is what searches one by
 * one tell. */
#include "names_model.h"

#include <pthread.h>
#ifndef _WIN32
#include <sys/wait.h>
#endif
#include <unistd.h>

enum { NAMES = 700, NEEDLES = 300 };

static model_names names;
static kf_names *index_of_names;
static kf_bytes needles[NEEDLES];

static void prepare(void)
{
    static const char *const words[] = { "LIMITED", "LTD", "ACME", "BOLTS", "NUTS", "AND", "GROUP", "caf\xc3\xa9", "" };
    scratch_open();
    random_state = 31;
    names.count = NAMES;
    for (size_t i = 0; i < NAMES; i++) {
        char name[200] = "";
        for (size_t t = random_below(5); ; t--) {
            sprintf(name + strlen(name), "%s", words[random_below(9)]);
            if (random_below(2)) sprintf(name + strlen(name), "%zu", random_below(60));
            if (!t) break;
            strcat(name, " ");
        }
        names.name[i] = strdup(name);
    }
    index_of_names = model_build(&names, "many.kf", 0);
    for (size_t i = 0; i < NEEDLES; i++) {
        const char *name = names.name[random_below(NAMES)];
        needles[i] = (kf_bytes){ (const uint8_t *)name, random_below(3) ? strlen(name) : strlen(name) / 4 };
        while (needles[i].size && (name[needles[i].size] & 0xc0) == 0x80) needles[i].size--;
    }
}

static void finish(void)
{
    kf_names_close(&index_of_names);
    model_free(&names);
    scratch_close();
}

/* ---- many needles ------------------------------------------------------------------------------- */

typedef struct taken {
    size_t count, times[NEEDLES], stop_at;   /* 0: never */
    uint64_t sums[NEEDLES];
    kf_status stop;
    const char *message;
    pthread_mutex_t lock;          /* nobody else has it: the sink is called by one thread at a time */
} taken;

static uint64_t sum_of(const kf_name_hits *hits)
{
    uint64_t sum = mix64(hits->count ^ (uint64_t)hits->exact << 32 ^ hits->work << 33);
    for (size_t i = 0; i < hits->count; i++) {
        const kf_name_hit *hit = hits->hits[i];
        uint64_t score;
        memcpy(&score, &hit->score, 8);
        sum = mix64(sum ^ hit->position ^ score) + hit->id.size;
        ck_assert_uint_eq(hit->name.size, strlen(names.name[hit->position]));
        ck_assert(!memcmp(hit->name.data, names.name[hit->position], hit->name.size));
    }
    return sum;
}

static kf_status take(void *context, size_t i, const kf_name_hits *hits, kf_error *error)
{
    taken *t = context;
    if (pthread_mutex_trylock(&t->lock)) abort();
    t->times[i]++;
    t->sums[i] = sum_of(hits);
    const int stops = ++t->count == t->stop_at;
    if (stops && t->message) snprintf(error->message, sizeof error->message, "%s", t->message);
    pthread_mutex_unlock(&t->lock);
    return stops ? t->stop : KF_OK;
}

static taken start_taking(void) { return (taken){ .lock = PTHREAD_MUTEX_INITIALIZER }; }

static void each_alone(taken *all, size_t count, const kf_matcher_options *options)
{
    kf_matcher *matcher;
    const kf_name_hits *hits;
    ck_assert_int_eq(kf_matcher_create(&matcher, index_of_names, NULL), KF_OK);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(kf_matcher_search(matcher, needles[i].data, needles[i].size, options, &hits, NULL), KF_OK);
        all->sums[i] = sum_of(hits);
    }
    kf_matcher_destroy(&matcher);
}

START_TEST(many_needles_are_as_each_alone)
{
    static const unsigned threads[] = { 0, 1, 2, 5, 256 };
    static const size_t counts[] = { NEEDLES, 0, 1, 2, 17 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    taken alone = start_taking();
    options.limit = 4;
    options.work_limit = 3000;
    each_alone(&alone, NEEDLES, &options);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++) {
            taken many = start_taking();
            kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
            how.threads = threads[i];
            ck_assert_int_eq(kf_names_search_many(index_of_names, needles, counts[k], &options, &how, take, &many,
                                                  NULL), KF_OK);
            ck_assert_uint_eq(many.count, counts[k]);
            for (size_t n = 0; n < counts[k]; n++) {
                ck_assert_uint_eq(many.times[n], 1);
                ck_assert_uint_eq(many.sums[n], alone.sums[n]);
            }
        }
    taken many = start_taking();
    each_alone(&alone, 20, NULL);
    ck_assert_int_eq(kf_names_search_many(index_of_names, needles, 20, NULL, NULL, take, &many, NULL), KF_OK);
    for (size_t n = 0; n < 20; n++) ck_assert_uint_eq(many.sums[n], alone.sums[n]);
}
END_TEST

/* The first bad needle is told, before anything is searched for, whatever the number of threads. */
START_TEST(a_bad_needle_is_told_by_its_index)
{
    static char spaces[KF_NAME_TOKENS + 1], bytes[KF_NAME_BYTES + 2];
    const kf_bytes good = needles[290];
    memset(spaces, ' ', KF_NAME_TOKENS);
    memset(bytes, 'a', KF_NAME_BYTES + 1);
    const struct { kf_bytes needle; kf_status status; const char *message; uint64_t offset; } rows[] = {
        { { (const uint8_t *)"ab\xff", 3 }, KF_INVALID, "needle 290: the needle is not UTF-8 at byte 2", 2 },
        { { (const uint8_t *)spaces, KF_NAME_TOKENS }, KF_LIMIT, "needle 290: the needle of 1025 tokens has more than "
          "the limit of 1024", UINT64_MAX },
        { { (const uint8_t *)bytes, KF_NAME_BYTES + 1 }, KF_LIMIT, "needle 290: the needle of 65536 bytes is longer "
          "than the limit of 65535", UINT64_MAX },
    };
    for (unsigned threads = 1; threads < 4; threads += 2)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
            taken many = start_taking();
            kf_error error;
            how.threads = threads;
            needles[290] = rows[i].needle;
            needles[295] = (kf_bytes){ (const uint8_t *)"\xff", 1 };
            ck_assert_int_eq(kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &many, &error),
                             rows[i].status);
            ck_assert_str_eq(error.message, rows[i].message);
            ck_assert_int_eq(error.status, rows[i].status);
            ck_assert_uint_eq(error.offset, rows[i].offset);
            ck_assert_uint_eq(many.count, 0);
        }
    needles[290] = needles[295] = good;
}
END_TEST

START_TEST(who_takes_the_hits_can_end_it)
{
    static const kf_status stops[] = { KF_CANCELLED, KF_END, KF_NOT_FOUND, KF_NO_SPACE };
    for (unsigned threads = 1; threads < 5; threads++)
        for (int i = 0; i < 4; i++)
            for (int says = 0; says < 2; says++) {
                kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
                taken many = start_taking();
                kf_error error;
                many.stop_at = 10;
                many.stop = stops[i];
                many.message = says ? "enough" : NULL;
                how.threads = threads;
                ck_assert_int_eq(kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &many,
                                                      &error), stops[i]);
                if (says) ck_assert_str_eq(error.message, "enough");
                else ck_assert_ptr_nonnull(strstr(error.message, "has ended the search"));
                if (threads == 1) ck_assert_uint_eq(many.count, 10);
                ck_assert_uint_lt(many.count, NEEDLES);
            }
}
END_TEST

typedef struct listener { uint64_t last, calls, stop_at; pthread_t thread; } listener;

static int listen_to(void *context, const kf_progress *progress)
{
    listener *l = context;
    ck_assert(pthread_equal(l->thread, pthread_self()));
    ck_assert_int_eq(progress->phase, KF_PHASE_MATCH);
    ck_assert_uint_eq(progress->total, NEEDLES);
    ck_assert_uint_ge(progress->done, l->last);
    ck_assert_uint_le(progress->done, NEEDLES);
    l->last = progress->done;
    return ++l->calls == l->stop_at;
}

START_TEST(progress_is_told_and_cancels)
{
    for (unsigned threads = 1; threads < 4; threads++) {
        kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
        listener l = { .thread = pthread_self() };
        taken many = start_taking();
        kf_error error;
        how.threads = threads;
        how.progress = listen_to;
        how.progress_context = &l;
        ck_assert_int_eq(kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &many, NULL), KF_OK);
        ck_assert_uint_eq(l.last, NEEDLES);
        ck_assert_uint_ge(l.calls, 2);
        l = (listener){ .thread = pthread_self(), .stop_at = 1 };
        many = start_taking();
        ck_assert_int_eq(kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &many, &error),
                         KF_CANCELLED);
        ck_assert_str_eq(error.message, "cancelled");
        ck_assert_uint_eq(many.count, 0);
    }
}
END_TEST

#ifndef _WIN32
/* Threads of this process, and a process that is forked after there were some. */
START_TEST(after_a_fork)
{
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    taken before = start_taking(), after = start_taking();
    how.threads = 3;
    ck_assert_int_eq(kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &before, NULL), KF_OK);
    const pid_t child = fork();
    if (child == 0) {
        kf_status status = kf_names_search_many(index_of_names, needles, NEEDLES, NULL, &how, take, &after, NULL);
        _exit(status || memcmp(before.sums, after.sums, sizeof before.sums) ? 1 : 0);
    }
    int result;
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_int_eq(result, 0);
}
END_TEST
#endif

/* ---- all rows ----------------------------------------------------------------------------------- */

static void check_rows(const kf_names *from, const model_names *model, uint64_t first)
{
    kf_names_iter *iter;
    const kf_names_row *row;
    char id[24];
    ck_assert_int_eq(kf_names_iter_create(&iter, from, first, NULL), KF_OK);
    for (uint64_t i = first; i < model->count; i++) {
        ck_assert_int_eq(kf_names_iter_next(iter, &row, NULL), KF_OK);
        ck_assert_uint_eq(row->struct_size, sizeof *row);
        ck_assert_uint_eq(row->id.size, (size_t)snprintf(id, sizeof id, "%llu", (unsigned long long)i + 1));
        ck_assert(!memcmp(row->id.data, id, row->id.size));
        ck_assert_uint_eq(row->name.size, strlen(model->name[i]));
        ck_assert(!memcmp(row->name.data, model->name[i], row->name.size));
        ck_assert(!row->attribute.size && !row->payload.size);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(kf_names_iter_next(iter, &row, NULL), KF_END);
        ck_assert_ptr_null(row);
    }
    kf_names_iter_destroy(&iter);
    ck_assert_ptr_null(iter);
    kf_names_iter_destroy(&iter);
    kf_names_iter_destroy(NULL);
}

START_TEST(rows_come_by_position)
{
    static const uint64_t firsts[] = { 0, 1, 350, NAMES - 1, NAMES, NAMES + 1, 1ull << 32, UINT64_MAX };
    model_names none = { .count = 0 };
    for (int i = 0; i < 8; i++) check_rows(index_of_names, &names, firsts[i]);
    kf_names *empty = model_build(&none, "none.kf", 0);
    check_rows(empty, &none, 0);
    kf_names_close(&empty);
}
END_TEST

/* An empty id and an empty name lie somewhere: a caller may copy them, which of NULL would not be defined. */
START_TEST(row_without_a_letter)
{
    kf_names_builder *builder;
    kf_names *bare;
    kf_names_iter *iter;
    const kf_names_row *row;
    kf_matcher *matcher;
    const kf_name_hits *hits;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("bare.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_add(builder, "", 0, "", 0, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&bare, scratch_path("bare.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_iter_create(&iter, bare, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_names_iter_next(iter, &row, NULL), KF_OK);
    ck_assert(row->id.data && row->name.data && row->attribute.data && row->payload.data);
    ck_assert_uint_eq(row->id.size + row->name.size + row->attribute.size + row->payload.size, 0);
    kf_names_iter_destroy(&iter);
    ck_assert_int_eq(kf_matcher_create(&matcher, bare, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_search(matcher, "", 0, NULL, &hits, NULL), KF_OK);
    ck_assert_uint_eq(hits->count, 1);
    const kf_name_hit *hit = hits->hits[0];
    ck_assert(hit->id.data && hit->name.data && hit->attribute.data && hit->payload.data);
    kf_matcher_destroy(&matcher);
    kf_names_close(&bare);
}
END_TEST

/* More names than a window has. */
START_TEST(rows_of_several_windows)
{
    enum { MANY = 80000 };
    kf_names_builder *builder;
    kf_names *many;
    kf_names_iter *iter;
    const kf_names_row *row;
    char name[40];
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("windows.kf"), NULL, NULL), KF_OK);
    for (unsigned i = 0; i < MANY; i++) {
        const int size = sprintf(name, "%u x%u", i * 7919 % 3000, i);
        ck_assert_int_eq(kf_names_builder_add(builder, "id", 2, name, (size_t)size, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&many, scratch_path("windows.kf"), NULL, NULL), KF_OK);
    for (unsigned first = 0; first < MANY; first += 61000) {
        ck_assert_int_eq(kf_names_iter_create(&iter, many, first, NULL), KF_OK);
        for (unsigned i = first; i < MANY; i++) {
            const size_t size = (size_t)sprintf(name, "%u x%u", i * 7919 % 3000, i);
            if (kf_names_iter_next(iter, &row, NULL) || row->name.size != size || memcmp(row->name.data, name, size))
                ck_abort_msg("row %u", i);
        }
        ck_assert_int_eq(kf_names_iter_next(iter, &row, NULL), KF_END);
        kf_names_iter_destroy(&iter);
    }
    kf_names_close(&many);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_many");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, prepare, finish);
    tcase_add_test(tests, many_needles_are_as_each_alone);
    tcase_add_test(tests, a_bad_needle_is_told_by_its_index);
    tcase_add_test(tests, who_takes_the_hits_can_end_it);
    tcase_add_test(tests, progress_is_told_and_cancels);
#ifndef _WIN32
    tcase_add_test(tests, after_a_fork);
#endif
    tcase_add_test(tests, rows_come_by_position);
    tcase_add_test(tests, row_without_a_letter);
    tcase_add_test(tests, rows_of_several_windows);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
