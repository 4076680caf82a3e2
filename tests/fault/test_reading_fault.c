/* Every call of the reader with every allocation failing once, on dictionaries of every kind: each returns one of its
 * statuses, and nothing leaks. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

static char current[100];
/* What is true of answers is not true where a call has failed. */
#define EXERCISE_MUST(condition, ...) MUST((condition) || fault_fired(), __VA_ARGS__)
#define EXERCISE_NAME current
#define EXERCISE_ALSO(status) ((status) == KF_LIMIT)
#include "exercise.h"
#include "exercise_query.h"
#include "shard_files.h"

#include <errno.h>

static key_set set;

static void build(const char *name, const key_set *s, size_t from, size_t to, kf_encoding encoding, uint32_t flags,
                  uint32_t normalise)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_builder *builder;
    options.value_type = KF_VALUES_BYTES;
    options.value_encoding = encoding;
    options.weights = KF_WEIGHTS_GIVEN;
    options.memory_limit = 16 << 20;
    options.duplicates = KF_DUPLICATES_FIRST;
    options.flags = flags;
    options.normalise = normalise;
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, NULL);
    for (size_t i = from; i < to && !status; i++) {
        char value[600];
        /* One that needs a block of its own, where there are blocks. */
        memset(value, 'v', sizeof value);
        const size_t size = i % 100 == 7 ? sizeof value : i % 9;
        status = kf_builder_add_weighted(builder, s->keys[i].data, s->keys[i].size, value, size, i * 7 % 31, NULL);
    }
    if (!status) status = kf_builder_set_metadata(builder, "entry 1", "of all parts", 12, NULL);
    if (!status) status = kf_builder_set_metadata(builder, "entry 2", "", 0, NULL);
    if (!status) status = kf_builder_finish(builder, NULL, NULL);
    ck_assert_int_eq(status, KF_OK);
    kf_builder_destroy(&builder);
}

static void make_keys(unsigned kind)
{
    set = (key_set){ .random = 88172645463325252u };
    if (kind == 0) set_add_chain(&set, 300, 1, 'a');     /* as many levels as bytes */
    else if (kind == 1) set_add_product(&set, 3, 8, 400);
    else set_add_numbers(&set, kind == 3 ? "Of a key with more bytes than there is room for without asking, number %u"
                                         : "Key %06u", 700, 13);
    set_sort(&set);
}

enum { KINDS = 6 };

/* Builds the dictionary of a kind; returns its file. */
static const char *make(unsigned kind)
{
    static const char *const parts[] = { "0.kf", "1.kf", "2.kf" };
    make_keys(kind);
    const size_t count = set.count, third = count / 3;
    switch (kind) {
    case 0: build("a.kf", &set, 0, count, KF_ENCODING_TOKENS, 0, 0); return "a.kf";
    case 1: build("a.kf", &set, 0, count, KF_ENCODING_ZSTD, KF_BUILD_FILTER | KF_BUILD_SIMILARITY, 0); return "a.kf";
    case 2: build("a.kf", &set, 0, count, KF_ENCODING_ZSTD, KF_BUILD_FILTER, KF_NORMALISE_CASE); return "a.kf";
    case 3: build("a.kf", &set, 0, count, KF_ENCODING_DISTINCT, KF_BUILD_SIMILARITY, KF_NORMALISE_CASE); return "a.kf";
    default:
        for (size_t i = 0; i < 3; i++)
            build(parts[i], &set, i * third, i < 2 ? (i + 1) * third : count,
                  i == 1 ? KF_ENCODING_ZSTD : KF_ENCODING_RAW, i < 2 ? KF_BUILD_FILTER : 0, 0);
        if (kind == 5) {
            model m = { .set = set };
            shards_cut cut = { 1, { third, 2 * third }, KF_WEIGHTS_GIVEN };
            rename(scratch_path("1.kf"), scratch_path("part0.kf"));
            shards_embed(&m, &cut, 0, 1, "1.kf");
        }
        shards_manifest("a.kfm", parts, 3);
        return "a.kfm";
    }
}

/* Opens the file and calls everything; the same calls each time. */
static void call_everything(void *context)
{
    const char *path = context;
    const uint32_t ways[] = { 0, KF_OPEN_IN_MEMORY, KF_OPEN_CHECK };
    const kf_bytes absent[] = { { (const uint8_t *)"", 0 }, { (const uint8_t *)"b", 1 }, { (const uint8_t *)"zz", 2 } };
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_error error = { 0 };
    kf_dict *dict;
    exercise_random = 88172645463325252u;
    options.flags = ways[exercise_random % 3];
    kf_status status = kf_dict_open(&dict, path, &options, &error);
    legal(status);
    MUST(!status || error.message[0], "no message");
    if (status) return;
    for (unsigned n = 0; n < 6; n++) {
        const kf_bytes key = set.keys[(n + 1) * 41 % set.count];
        exercise_key(dict, key, &buffer);
        exercise_many(dict, set.keys + n, set.count < 38 ? 1 : 32);
        exercise_many(dict, absent, 3);
        exercise_iterator(dict, key);
        exercise_weights(dict, key);
        if (!dict->header.normalise) exercise_query(dict, key);     /* which compares keys as they are */
        exercise_text(dict, key);
        exercise_sets(dict, key);
    }
    /* Lists that begin, and grow, at every height. */
    for (size_t first = 0; first < set.count && dict->header.keys < 400; first += 5) {
        kf_iter_options from = KF_ITER_OPTIONS_INIT;
        kf_iter *iter;
        from.first_ordinal = first;
        if (first % 2) from.prefix = (kf_bytes){ set.keys[first].data, set.keys[first].size / 2 };
        status = kf_iter_create(&iter, dict, &from, NULL);
        legal(status);
        if (status) continue;
        exercise_drain(iter, 40);
        kf_iter_destroy(&iter);
    }
    exercise_ordinals(dict, &buffer);
    exercise_metadata(dict);
    legal(kf_dict_verify(dict, NULL, &error));
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}

START_TEST(reading__memory_runs_out)
{
    char *path = strdup(scratch_path(make((unsigned)_i)));
    uint64_t last = 0;
    for (uint64_t n = 1; ; n = next_site(n, 1)) {
        snprintf(current, sizeof current, "kind %d, allocation %llu", _i, (unsigned long long)n);
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        fault_in_thread(call_everything, path);
        const int fired = fault_fired();
        fault_off();
        MUST(fault_live() == 0, "%s: %lld are left", current, (long long)fault_live());
        if (!fired) break;
        last = n;
    }
    ck_assert_uint_gt(last, 50);
    set_free(&set);
    free(path);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("reading_fault");
    TCase *t = tcase_create("reading_fault");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, reading__memory_runs_out, 0, KINDS);
    tcase_set_timeout(t, 0);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
