/* The ends of what parallel builds may be given: no key, one, all alike, each a prefix of the next, of a MiB, with
 * values of many MiB, more shards than keys; and how much memory that takes. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "parallel.h"
#include "sanitized.h"

#include "read/shards/shard_set.h"

enum { MIB = 1 << 20 };

static const how ways[] = {
    { .threads = 1, .shards = 1, .memory = 16 * MIB }, { .threads = 8, .shards = 64, .memory = 16 * MIB },
    { .threads = 8, .shards = 64, .memory = 128 * MIB }, { .threads = 256, .shards = 2, .memory = 1024ull * MIB },
    { .threads = 3, .shards = 0, .memory = 0 }, { .threads = 0, .shards = 5, .memory = 0 },
};
enum { WAYS = sizeof ways / sizeof *ways };

static void new_model(model *m, kf_value_type type, const char *name)
{
    *m = (model){ .type = type, .value_shape = 3, .value_seed = 9 };
    m->set.random = 12345;
    snprintf(m->name, sizeof m->name, "%s", name);
}

/* Builds in every way, and returns the most shards that came out. */
static size_t build_all(model *m, size_t more, kf_duplicates duplicates)
{
    size_t most = 0;
    pairs p = pairs_draw(m, more);
    for (unsigned w = 0; w < WAYS; w++) {
        how h = ways[w];
        kf_build_report report = KF_BUILD_REPORT_INIT;
        kf_dict *dict;
        kf_error error = { 0 };
        h.duplicates = duplicates;
        for (h.order = 0; h.order < 2; h.order++) {
            pairs_build(m, &p, &h, "out.kf", &report);
            MUST(kf_dict_open(&dict, scratch_path("out.kf"), NULL, &error) == KF_OK, "%s, way %u: %s", m->name, w,
                 error.message);
            MUST(kf_dict_verify(dict, NULL, &error) == KF_OK, "%s, way %u: %s", m->name, w, error.message);
            model_check_facts(m, dict);
            model_check_lookups(m, dict, 50);
            model_check_values(m, dict, 200);
            model_check_ranges(m, dict, 4);
            size_t shards = dict->shards ? dict->shards->count : 1;
            if (shards > most) most = shards;
            kf_dict_close(&dict);
        }
    }
    pairs_free(&p);
    return most;
}

START_TEST(edge__no_key_and_one)
{
    model m;
    for (int type = KF_VALUES_NONE; type <= KF_VALUES_BYTES; type++) {
        new_model(&m, (kf_value_type)type, "no key");
        ck_assert_uint_eq(build_all(&m, 0, KF_DUPLICATES_ERROR), 1);
        set_free(&m.set);
        new_model(&m, (kf_value_type)type, "the empty key");
        set_add(&m.set, "", 0);
        ck_assert_uint_eq(build_all(&m, 0, KF_DUPLICATES_ERROR), 1);
        ck_assert_uint_eq(build_all(&m, 200, KF_DUPLICATES_LAST), 1);
        set_free(&m.set);
        new_model(&m, (kf_value_type)type, "two keys");
        set_add(&m.set, "", 0);
        set_add(&m.set, "\0", 1);
        ck_assert_uint_eq(build_all(&m, 0, KF_DUPLICATES_ERROR), 2);
        ck_assert_uint_eq(build_all(&m, 300, KF_DUPLICATES_FIRST), 2);
        set_free(&m.set);
    }
}
END_TEST

START_TEST(edge__prefixes)
{
    model m;
    uint8_t text[2000];
    memset(text, _i ? 0 : 0xff, sizeof text);
    new_model(&m, KF_VALUES_U64, "each is a prefix of the next");
    for (size_t size = 0; size < sizeof text; size += size < 300 ? 1 : 50) set_add(&m.set, text, size);
    size_t shards = build_all(&m, 100, KF_DUPLICATES_SUM);
    ck_assert_uint_gt(shards, 40);
    set_free(&m.set);
}
END_TEST

/* Nothing that the sample keeps tells them apart: one shard. */
START_TEST(edge__keys_that_part_late)
{
    model m;
    uint8_t text[400];
    memset(text, 'k', sizeof text);
    new_model(&m, KF_VALUES_BYTES, "keys that part late");
    for (unsigned i = 0; i < 2000; i++) {
        text[300] = (uint8_t)(i >> 8);
        text[350] = (uint8_t)i;
        set_add(&m.set, text, 351 + i % 40);
    }
    set_sort(&m.set);
    ck_assert_uint_eq(build_all(&m, 50, KF_DUPLICATES_FIRST), 1);
    set_free(&m.set);
}
END_TEST

/* ---- memory --------------------------------------------------------------------------------------- */

/* Keys up to the limit; in random order more of them than the sorter holds, so that runs of few pairs are merged
 * in passes. */
static void make_long_keys(model *m, unsigned count)
{
    uint8_t *text = malloc(MIB);
    new_model(m, KF_VALUES_U64, "long keys");
    for (unsigned i = 0; i < count; i++) {
        memset(text, 'a' + (int)i % 3, MIB);
        snprintf((char *)text, 12, "%u", i * 7919u % 1000u);
        set_add(&m->set, text, i % 7 ? MIB / 2 + i * 3001 : MIB);
        if (i % 4 == 0) set_add(&m->set, text, 5 + i);
    }
    free(text);
    set_sort(&m->set);
}

START_TEST(edge__keys_of_a_mebibyte)
{
    model m;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    make_long_keys(&m, SANITIZED ? 6 : 16);
    pairs p = pairs_draw(&m, 5);
    static const how long_ways[] = {
        { .threads = 4, .shards = 6, .memory = 16 * MIB, .order = 1, .duplicates = KF_DUPLICATES_SUM },
        { .threads = 3, .shards = 6, .memory = 64 * MIB, .order = 4, .duplicates = KF_DUPLICATES_SUM },
    };
    for (unsigned w = 0; w < 2; w++) {
        kf_dict *dict;
        kf_error error = { 0 };
        pairs_build(&m, &p, &long_ways[w], "out.kf", &report);
        MUST(kf_dict_open(&dict, scratch_path("out.kf"), NULL, &error) == KF_OK, "%s", error.message);
        model_check_facts(&m, dict);
        model_check_lookups(&m, dict, 20);
        model_check_values(&m, dict, 100);
        kf_dict_close(&dict);
        ck_assert_uint_gt(report.shards, 3);
    }
    pairs_free(&p);
    set_free(&m.set);
}
END_TEST

/* Values above what the sorter takes into its buffers, some of several MiB. */
START_TEST(edge__huge_values)
{
    enum { VALUES = 40, MOST = 5 * MIB };
    uint8_t *value = malloc(MOST);
    kf_buffer buffer = KF_BUFFER_INIT;
    static const kf_encoding encodings[] = { KF_ENCODING_RAW, KF_ENCODING_ZSTD };
    for (unsigned round = 0; round < 2; round++) {
        kf_builder *builder;
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        kf_build_report report = KF_BUILD_REPORT_INIT;
        kf_error error = { 0 };
        kf_dict *dict;
        kf_status status;
        options.value_type = KF_VALUES_BYTES;
        options.value_encoding = encodings[round];
        options.memory_limit = round ? 64 * MIB : 16 * MIB;
        options.duplicates = KF_DUPLICATES_LAST;
        options.threads = 4;
        options.shards = 7;
        status = kf_builder_create(&builder, scratch_path("out.kf"), &options, &error);
        for (unsigned turn = 0; turn < 2 * VALUES && !status; turn++) {
            unsigned i = turn * 17 % VALUES;
            size_t size = i % 9 == 0 ? MOST - i : (size_t)i * 9973;
            memset(value, (int)(turn < VALUES ? 1 : i), size);
            char key[20];
            int key_size = snprintf(key, sizeof key, "key %u", i);
            status = kf_builder_add(builder, key, (size_t)key_size, value, size, &error);
        }
        if (!status) status = kf_builder_finish(builder, &report, &error);
        MUST(!status, "round %u: %s", round, error.message);
        kf_builder_destroy(&builder);
        ck_assert_uint_eq(report.shards, 7);
        ck_assert_uint_eq(report.keys, VALUES);
        MUST(kf_dict_open(&dict, scratch_path("out.kf"), NULL, &error) == KF_OK, "%s", error.message);
        for (unsigned i = 0; i < VALUES; i++) {
            char key[20];
            kf_bytes got;
            int key_size = snprintf(key, sizeof key, "key %u", i);
            MUST(kf_dict_get(dict, key, (size_t)key_size, &buffer, &got) == KF_OK, "key %u", i);
            MUST(got.size == (i % 9 == 0 ? (size_t)MOST - i : (size_t)i * 9973), "size of value %u", i);
            for (size_t b = 0; b < got.size; b++) MUST(got.data[b] == (uint8_t)i, "value %u", i);
        }
        kf_dict_close(&dict);
    }
    kf_buffer_free(&buffer);
    free(value);
}
END_TEST

/* The most bytes that a build has allocated at one time. */
static size_t peak_of(const model *m, const pairs *p, const how *h)
{
    kf_build_report report = KF_BUILD_REPORT_INIT;
    fault_mark();
    pairs_build(m, p, h, "out.kf", &report);
    ck_assert_int_eq(fault_live(), 0);
    return fault_peak_bytes();
}

START_TEST(memory__is_kept)
{
    static const how tight[] = {
        { .threads = 8, .shards = 8, .memory = 16 * MIB, .order = 1, .duplicates = KF_DUPLICATES_LAST },
        { .threads = 1, .shards = 64, .memory = 16 * MIB, .order = 1, .duplicates = KF_DUPLICATES_LAST },
        { .threads = 4, .shards = 64, .memory = 64 * MIB, .order = 2, .duplicates = KF_DUPLICATES_LAST },
        { .threads = 8, .shards = 1, .memory = 16 * MIB, .order = 4, .duplicates = KF_DUPLICATES_LAST },
    };
    static const kf_encoding encodings[] = { KF_ENCODING_AUTO, KF_ENCODING_TOKENS, KF_ENCODING_ZSTD };
    char text[40];
    model m;
    new_model(&m, KF_VALUES_BYTES, "memory");
    m.encoding = encodings[_i];
    for (uint64_t i = 0; i < rounds_of(24000); i++)
        set_add(&m.set, text, (size_t)snprintf(text, sizeof text, "%x", (unsigned)(mix64(i) >> 33)));
    set_sort(&m.set);
    pairs p = pairs_draw(&m, m.set.count / 5);
    for (unsigned w = 0; w < 4; w++) {
        size_t peak = peak_of(&m, &p, &tight[w]);
        printf("memory__is_kept: encoding %d, %u threads, %u shards: %.1f MiB of %u\n", (int)m.encoding,
               tight[w].threads, tight[w].shards, (double)peak / MIB, (unsigned)(tight[w].memory >> 20));
        fflush(stdout);
        MUST(peak <= tight[w].memory, "way %u: %zu bytes", w, peak);
    }
    pairs_free(&p);
    set_free(&m.set);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("parallel_edges");
    TCase *t = tcase_create("edges");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, edge__no_key_and_one);
    suite_add_cases(t, edge__prefixes, 0, 2);
    tcase_add_test(t, edge__keys_that_part_late);
    tcase_add_test(t, edge__keys_of_a_mebibyte);
    tcase_add_test(t, edge__huge_values);
    suite_add_cases(t, memory__is_kept, 0, 3);
    suite_add_tcase(s, t);
    return suite_run(s);
}
