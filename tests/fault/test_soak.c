/* One process for as long as asked (KEYFOLD_TEST_SECONDS): it builds, opens, asks, replaces and fails again and again.
 * What it holds at the end, of memory, mappings and descriptors, is what it held when it had done everything a few
 * times. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

#include <keyfold/bundle.h>
#include <keyfold/names.h>

#include <malloc.h>
#include <time.h>

enum { WARM_UP = 240, MORE_BYTES = 1 << 20, MORE_RESIDENT = 32 << 20, KEYS = 400 };

static uint64_t rounds, answers;
static kf_error error;

static void built(kf_status status) { MUST(!status, "round %llu: %s", (unsigned long long)rounds, error.message); }

/* Key i of a generation has the value generation << 32 | i. */
static size_t key_of(uint64_t i, char key[32]) { return (size_t)snprintf(key, 32, "key %08x", (unsigned)mix64(i)); }

static void build_dict(const char *name, uint64_t generation)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_U64;
    options.weights = KF_WEIGHTS_VALUE;
    options.memory_limit = 32 << 20;
    options.threads = 1 + (unsigned)(generation % 2);
    options.shards = 1 + (unsigned)(generation % 3 == 2);
    options.flags = KF_BUILD_SIMILARITY | KF_BUILD_NO_SYNC;
    built(kf_builder_create(&builder, scratch_path(name), &options, &error));
    for (uint64_t i = 0; i < KEYS; i++) {
        char key[32];
        built(kf_builder_add_u64(builder, key, key_of(i, key), generation << 32 | i, &error));
    }
    if (generation % 5) built(kf_builder_finish(builder, NULL, &error));   /* else it is given up */
    kf_builder_destroy(&builder);
}

static void ask_lists(const kf_dict *dict)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    kf_query *queries[2];
    kf_iter *iters[4] = { NULL };
    kf_entry entry;
    fuzzy.distance = 2;
    built(kf_query_create_fuzzy(&queries[0], "key 01234567", 12, &fuzzy, &error));
    built(kf_query_create_regex(&queries[1], "key (0|a).*", 11, 0, &error));
    for (unsigned q = 0; q < 2; q++) {
        o.query = queries[q];
        built(kf_iter_create(&iters[q], dict, &o, &error));
    }
    o.query = NULL;
    o.order = KF_ORDER_WEIGHT;
    built(kf_iter_create(&iters[2], dict, &o, &error));
    built(kf_iter_create_nearest(&iters[3], dict, "key 0123", 8, &nearest, &error));
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned n = 0; n < 50 && !kf_iter_next(iters[i], &entry); n++) answers++;
        kf_iter_destroy(&iters[i]);
    }
    for (unsigned q = 0; q < 2; q++) kf_query_destroy(&queries[q]);
}

static void ask_dict(const char *name, int in_memory)
{
    kf_dict *dict;
    kf_open_options how = KF_OPEN_OPTIONS_INIT;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes text;
    uint64_t generation = 0;
    how.flags = in_memory ? KF_OPEN_IN_MEMORY : 0;
    built(kf_dict_open(&dict, scratch_path(name), &how, &error));
    for (uint64_t i = 0; i < KEYS; i++) {
        char key[32];
        uint64_t value;
        built(kf_dict_get_u64(dict, key, key_of(i, key), &value));
        if (!i) generation = value >> 32;
        MUST(value == (generation << 32 | i), "round %llu: a mixed answer", (unsigned long long)rounds);
        built(kf_dict_key_at(dict, i, &buffer, &text));
    }
    answers += 2 * KEYS;
    ask_lists(dict);
    if (rounds % 4 == 0) built(kf_dict_verify(dict, NULL, &error));
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}

static void ask_bundle(void)
{
    const char *files[] = { scratch_path("one.kf") };
    char file[512];
    snprintf(file, sizeof file, "%s", files[0]);
    files[0] = file;
    built(kf_bundle_write(scratch_path("both.kfm"), files, 1, NULL, &error));
    ask_dict("both.kfm", 0);
}

static void ask_names(void)
{
    kf_names_builder *builder;
    kf_names *names;
    kf_matcher *matcher;
    const kf_name_hits *hits;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    built(kf_names_builder_create(&builder, scratch_path("names.kf"), NULL, &error));
    for (unsigned i = 0; i < 60; i++) {
        char name[60];
        kf_names_row row = KF_NAMES_ROW_INIT;
        row.name = (kf_bytes){ (uint8_t *)name, (size_t)snprintf(name, sizeof name, "HOUSE %u OF NAMES %u", i, i % 7) };
        row.id = (kf_bytes){ row.name.data + 6, 2 };
        built(kf_names_builder_add_row(builder, &row, &error));
    }
    built(kf_names_builder_finish(builder, NULL, &error));
    kf_names_builder_destroy(&builder);
    built(kf_names_open(&names, scratch_path("names.kf"), NULL, &error));
    built(kf_matcher_create(&matcher, names, &error));
    for (unsigned n = 0; n < 5; n++) {
        built(kf_matcher_search(matcher, "NAMES HOUSE 7", 13, &options, &hits, &error));
        answers += hits->count;
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&names);
}

/* What can't be opened or understood leaves nothing either. */
static void ask_wrongly(void)
{
    kf_dict *dict;
    kf_names *names;
    kf_query *query;
    size_t size;
    uint8_t *whole = scratch_read("one.kf", &size);
    ck_assert(whole && size > 500);
    whole[size / 2] ^= 4;
    scratch_write("damaged.kf", whole, size);
    scratch_write("cut.kf", whole, size / 2);
    free(whole);
    if (!kf_dict_open(&dict, scratch_path("damaged.kf"), NULL, NULL)) {
        MUST(kf_dict_verify(dict, NULL, &error) == KF_CORRUPT, "damage that is not found");
        kf_dict_close(&dict);
    }
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("cut.kf"), NULL, &error), KF_FORMAT);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("none.kf"), NULL, &error), KF_IO);
    ck_assert_int_eq(kf_names_open(&names, scratch_path("one.kf"), NULL, &error), KF_TYPE);
    ck_assert_int_ne(kf_query_create_regex(&query, "(a", 2, 0, &error), KF_OK);
    answers += 5;
}

static void one_round(void)
{
    build_dict("one.kf", rounds + 1);
    ask_dict("one.kf", rounds % 2 != 0);
    if (rounds % 3 == 0) ask_bundle();
    if (rounds % 3 == 1) ask_names();
    if (rounds % 3 == 2) ask_wrongly();
    rounds++;
}

typedef struct holding {
    uint64_t bytes, resident;   /* the whole process's */
    unsigned mappings;
    int descriptors;
    long allocations;           /* the library's and the test's */
} holding;

static holding held(void)
{
    holding now = { .descriptors = fault_open_files(), .allocations = fault_live() };
    char line[600];
    unsigned long pages = 0;
#if defined(__GLIBC__)
    now.bytes = mallinfo2().uordblks;
#endif
    FILE *maps = fopen("/proc/self/maps", "r"), *sizes = fopen("/proc/self/statm", "r");
    /* The heap's own may be split and joined. */
    while (maps && fgets(line, sizeof line, maps)) now.mappings += strstr(line, scratch) != NULL;
    if (sizes && fscanf(sizes, "%*u %lu", &pages) != 1) pages = 0;
    now.resident = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    if (maps) fclose(maps);
    if (sizes) fclose(sizes);
    return now;
}

START_TEST(soak__holds_nothing_more)
{
    const char *text = getenv("KEYFOLD_TEST_SECONDS");
    const time_t end = time(NULL) + (text ? (time_t)strtoull(text, NULL, 10) : (time_t)scaled(1, 2, 20));
    build_dict("one.kf", 1);
    while (rounds < WARM_UP) one_round();
    const holding before = held();
    do
        for (unsigned n = 0; n < 60; n++) one_round();       /* of all kinds the same number */
    while (time(NULL) < end);
    const holding after = held();
    printf("soak: %llu rounds, %llu answers; bytes %llu, then %llu; resident %llu, then %llu\n",
           (unsigned long long)rounds, (unsigned long long)answers, (unsigned long long)before.bytes,
           (unsigned long long)after.bytes, (unsigned long long)before.resident, (unsigned long long)after.resident);
    fflush(stdout);
    tally("rounds", rounds);
    tally("answers", answers);
    ck_assert_int_eq(after.descriptors, before.descriptors);
    ck_assert_int_eq(after.allocations, before.allocations);
    ck_assert_uint_eq(after.mappings, before.mappings);
    if (SANITIZED) return;      /* which keeps what was freed */
    ck_assert_uint_le(after.bytes, before.bytes + MORE_BYTES);
    ck_assert_uint_le(after.resident, before.resident + MORE_RESIDENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("soak");
    TCase *t = tcase_create("soak");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, soak__holds_nothing_more);
    tcase_set_timeout(t, 0);
    suite_add_tcase(s, t);
    return suite_run(s);
}
