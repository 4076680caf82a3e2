/* Long values: zstd is chosen for what it makes smaller, not for noise, and not where tokens do as well. */
#include <keyfold/keyfold.h>

#include "scratch.h"
#include "suite.h"

enum { VALUES = 1500, SIZE = 600 };

typedef enum content { NOISE, REPEATED_INSIDE, COMMON_TEXT } content;

static kf_error error;

static void make_value(content c, unsigned i, char value[SIZE])
{
    uint64_t r = (i + 1) * 0x9e3779b97f4a7c15u;
    for (unsigned b = 0; b < SIZE; b++) {
        r = r * 6364136223846793005u + 1442695040888963407u;
        value[b] = (char)(r >> 56);
        if (c == REPEATED_INSIDE && b >= 60) value[b] = value[b - 60];
        if (c == COMMON_TEXT && b % 50 > 8) value[b] = "the quick brown fox jumps over the lazy dog, often"[b % 50];
    }
}

static kf_dict_stat stat_of(content c)
{
    kf_builder *builder;
    kf_dict *dict;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_BYTES;
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
    kf_dict_stat noise = stat_of(NOISE), repeated = stat_of(REPEATED_INSIDE), common = stat_of(COMMON_TEXT);
    ck_assert_int_eq(noise.value_encoding, KF_ENCODING_RAW);
    ck_assert_int_eq(repeated.value_encoding, KF_ENCODING_ZSTD);
    ck_assert_uint_lt(repeated.value_bytes, VALUES * SIZE / 5);
    ck_assert_int_eq(common.value_encoding, KF_ENCODING_TOKENS);
    ck_assert_uint_lt(common.value_bytes, VALUES * SIZE * 3 / 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("choice");
    TCase *all = tcase_create("choice");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, choice__of_zstd);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
