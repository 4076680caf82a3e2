/* KF_DUPLICATES_JOIN: the values of a key end to end, however the build is divided; and what refuses it. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

enum { KEYS = 5000, MIB = 1 << 20 };

/* Pair i: which key, and a value that tells i; large ones among them, and empty ones. */
static uint32_t key_of(size_t i) { return (uint32_t)(mix64(i * 7 + 1) % KEYS); }

static size_t value_of(size_t i, uint8_t *value)
{
    uint64_t r = mix64(i + 99);
    size_t size = r % 5 == 0 ? 0 : r % 1009 == 1 ? 300000 : 5 + r % 40;
    for (size_t at = 0; at < size; at++) value[at] = (uint8_t)(i * 31 + at);
    return size;
}

static uint8_t value_room[300000];

static void build(const char *name, size_t count, unsigned threads, unsigned shards, uint64_t memory)
{
    kf_builder *builder;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.value_type = KF_VALUES_BYTES;
    options.duplicates = KF_DUPLICATES_JOIN;
    options.memory_limit = memory;
    options.threads = threads;
    options.shards = shards;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, &error), KF_OK);
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_of(i);
        size_t size = value_of(i, value_room);
        ck_assert_msg(!kf_builder_add(builder, &key, 4, value_room, size, &error), "%s", error.message);
    }
    ck_assert_msg(!kf_builder_finish(builder, &report, &error), "%s", error.message);
    kf_builder_destroy(&builder);
    ck_assert_uint_eq(report.pairs_added, count);
    ck_assert_uint_eq(report.pairs_dropped, count - report.keys);
}

static void check(const char *name, size_t count)
{
    static uint8_t *joined[KEYS];
    static size_t sizes[KEYS], times[KEYS];
    kf_dict *dict;
    kf_error error = { 0 };
    kf_buffer buffer = { 0 };
    memset(sizes, 0, sizeof sizes);
    memset(times, 0, sizeof times);
    memset(joined, 0, sizeof joined);
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_of(i);
        size_t size = value_of(i, value_room);
        joined[key] = realloc(joined[key], sizes[key] + size + 1);
        memcpy(joined[key] + sizes[key], value_room, size);
        sizes[key] += size;
        times[key]++;
    }
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path(name), NULL, &error), KF_OK);
    ck_assert_msg(!kf_dict_verify(dict, NULL, &error), "%s", error.message);
    for (uint32_t key = 0; key < KEYS; key++) {
        kf_bytes value = { NULL, 0 };
        kf_status status = kf_dict_get(dict, &key, 4, &buffer, &value);
        if (status != (times[key] ? KF_OK : KF_NOT_FOUND)) ck_abort_msg("key %u: status %d", key, (int)status);
        if (times[key] && (value.size != sizes[key] || memcmp(value.data, joined[key], value.size)))
            ck_abort_msg("key %u: %zu bytes instead of %zu, or others", key, value.size, sizes[key]);
        free(joined[key]);
    }
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}

START_TEST(join__values_in_order)
{
    static const struct { size_t count; unsigned threads, shards; uint64_t memory; } ways[] = {
        { 0, 1, 1, 0 }, { 1, 1, 1, 0 }, { 20000, 1, 1, 64 * MIB }, { 60000, 1, 1, 16 * MIB }, { 60000, 4, 3, 16 * MIB },
        { 60000, 3, 1, 64 * MIB },
    };
    build("joined.kf", ways[_i].count, ways[_i].threads, ways[_i].shards, ways[_i].memory);
    check("joined.kf", ways[_i].count);
}
END_TEST

START_TEST(join__wants_bytes)
{
    kf_builder *builder;
    kf_error error = { 0 };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.duplicates = KF_DUPLICATES_JOIN;
    for (int type = KF_VALUES_NONE; type <= KF_VALUES_BYTES; type++) {
        for (int weights = KF_WEIGHTS_NONE; weights <= KF_WEIGHTS_GIVEN; weights += KF_WEIGHTS_GIVEN) {
            options.value_type = (kf_value_type)type;
            options.weights = (kf_weights)weights;
            kf_status status = kf_builder_create(&builder, scratch_path("no.kf"), &options, &error);
            int right = type == KF_VALUES_BYTES && !weights;
            ck_assert_int_eq(status, right ? KF_OK : KF_INVALID);
            if (!right) ck_assert_ptr_nonnull(strstr(error.message, "join"));
            kf_builder_destroy(&builder);
        }
    }
    options.value_type = KF_VALUES_BYTES;
    options.weights = KF_WEIGHTS_NONE;
    options.duplicates = (kf_duplicates)(KF_DUPLICATES_JOIN + 1);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("no.kf"), &options, &error), KF_INVALID);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("join");
    TCase *t = tcase_create("join");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, join__values_in_order, 0, 6);
    tcase_add_test(t, join__wants_bytes);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
