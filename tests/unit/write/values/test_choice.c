/* Long values: zstd is chosen for what it makes smaller, not for noise, and not where tokens do as well. */
#include <keyfold/keyfold.h>

#include "random.h"
#include "scratch.h"
#include "suite.h"

enum { VALUES = 1500, SIZE = 600 };

typedef enum content { NOISE, REPEATED_INSIDE, COMMON_TEXT, COMMON_PARTS } content;

static kf_error error;

static void make_value(content c, unsigned i, char value[SIZE])
{
    uint64_t r = (i + 1) * 0x9e3779b97f4a7c15u;
    for (unsigned b = 0; b < SIZE; b++) {
        r = r * 6364136223846793005u + 1442695040888963407u;
        value[b] = (char)(r >> 56);
        if (c == REPEATED_INSIDE && b >= 60) value[b] = value[b - 60];
        if (c == COMMON_TEXT && b % 50 > 8) value[b] = "the quick brown fox jumps over the lazy dog, often"[b % 50];
        /* 100 bytes of noise, of a hundred such */
        if (c == COMMON_PARTS) value[b] = (char)mix64(mix64(i * 6 + b / 100) % 100 * 100 + b % 100);
    }
}

static kf_dict_stat stat_of(content c, kf_encoding encoding)
{
    kf_builder *builder;
    kf_dict *dict;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_BYTES;
    options.value_encoding = encoding;
    options.memory_limit = 64 << 20;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, &error), KF_OK);
    for (unsigned i = 0; i < VALUES; i++) {
        char key[8], value[SIZE];
        snprintf(key, sizeof key, "%05u", i);
        make_value(c, i, value);
        ck_assert_int_eq(kf_builder_add(builder, key, 5, value, SIZE, &error), KF_OK);
    }
    ck_assert_msg(!kf_builder_finish(builder, NULL, &error), "%s", error.message);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("a.kf"), NULL, &error), KF_OK);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    kf_dict_close(&dict);
    return stat;
}

START_TEST(choice__of_zstd)
{
    kf_dict_stat noise = stat_of(NOISE, KF_ENCODING_AUTO), repeated = stat_of(REPEATED_INSIDE, KF_ENCODING_AUTO);
    kf_dict_stat common = stat_of(COMMON_TEXT, KF_ENCODING_AUTO);
    ck_assert_int_eq(noise.value_encoding, KF_ENCODING_RAW);
    ck_assert_int_eq(repeated.value_encoding, KF_ENCODING_ZSTD);
    ck_assert_uint_lt(repeated.value_bytes, VALUES * SIZE / 5);
    ck_assert_int_eq(common.value_encoding, KF_ENCODING_TOKENS);
    ck_assert_uint_lt(common.value_bytes, VALUES * SIZE * 3 / 10);
    /* What values have in common is in zstd's dictionary. */
    common = stat_of(COMMON_PARTS, KF_ENCODING_AUTO);
    ck_assert_int_eq(common.value_encoding, KF_ENCODING_ZSTD);
    ck_assert_uint_lt(common.value_bytes, VALUES * SIZE / 8);
}
END_TEST

/* Small values in blocks with large ones beside them, which have places of their own, also at the column's start. */
START_TEST(choice__large_values)
{
    enum { MANY = 600, LARGE = 20000 };
    static char values[MANY][LARGE];
    kf_builder *builder;
    kf_dict *dict;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_buffer buffer = { 0 };
    kf_bytes got;
    options.value_type = KF_VALUES_BYTES;
    options.value_encoding = KF_ENCODING_ZSTD;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, &error), KF_OK);
    for (unsigned i = 0; i < MANY; i++) {
        const unsigned size = i % 200 ? i : LARGE;
        char key[8];
        snprintf(key, sizeof key, "%05u", i);
        for (unsigned b = 0; b < size; b++) values[i][b] = (char)(mix64(i * 99 + b / 50) >> b % 50);
        ck_assert_int_eq(kf_builder_add(builder, key, 5, values[i], size, &error), KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("a.kf"), NULL, &error), KF_OK);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_int_eq(kf_dict_value_at(dict, i, &buffer, &got), KF_OK);
        ck_assert_uint_eq(got.size, i % 200 ? i : LARGE);
        ck_assert(!memcmp(got.data, values[i], got.size));
    }
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("choice");
    TCase *all = tcase_create("choice");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, choice__of_zstd);
    tcase_add_test(all, choice__large_values);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
