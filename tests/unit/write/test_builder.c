/* Pairs that a builder refuses, and how many shards it makes of a file. */
#include <keyfold/keyfold.h>

#include "scratch.h"
#include "suite.h"

static kf_error error;

static kf_builder *create(kf_value_type type, kf_weights weights, unsigned shards)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = type;
    options.weights = weights;
    options.shards = shards;
    options.memory_limit = 16 << 20;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("out.kf"), &options, &error), KF_OK);
    return builder;
}

/* A refusal says which key. One by the type leaves the build as it was, others end it. */
static void refused(kf_builder *builder, kf_status status, kf_status expected)
{
    ck_assert_int_eq(status, expected);
    ck_assert_uint_eq(error.key_size, 1);
    ck_assert(error.message[0]);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error) != KF_OK, status != KF_TYPE);
    kf_builder_destroy(&builder);
}

START_TEST(builder__types)
{
    kf_builder *b = create(KF_VALUES_U64, KF_WEIGHTS_NONE, 0);
    refused(b, kf_builder_add(b, "k", 1, "v", 1, &error), KF_TYPE);
    b = create(KF_VALUES_BYTES, KF_WEIGHTS_NONE, 0);
    refused(b, kf_builder_add_u64(b, "k", 1, 1, &error), KF_TYPE);
    b = create(KF_VALUES_NONE, KF_WEIGHTS_NONE, 0);
    refused(b, kf_builder_add_u64(b, "k", 1, 1, &error), KF_TYPE);
    b = create(KF_VALUES_NONE, KF_WEIGHTS_NONE, 0);
    refused(b, kf_builder_add(b, "k", 1, "v", 1, &error), KF_TYPE);
    b = create(KF_VALUES_BYTES, KF_WEIGHTS_GIVEN, 0);
    refused(b, kf_builder_add(b, "k", 1, "v", 1, &error), KF_TYPE);
    b = create(KF_VALUES_BYTES, KF_WEIGHTS_NONE, 0);
    refused(b, kf_builder_add_weighted(b, "k", 1, "v", 1, 1, &error), KF_TYPE);
}
END_TEST

START_TEST(builder__values_too_long)
{
    if (sizeof(size_t) < 8) return;     /* no size is too long */
    kf_builder *b = create(KF_VALUES_BYTES, KF_WEIGHTS_NONE, 0);
    /* There are not so many bytes: it must not look at them. */
    refused(b, kf_builder_add(b, "k", 1, "v", (size_t)((1ull << 40) + 1), &error), KF_LIMIT);
}
END_TEST

START_TEST(builder__shards)
{
    for (unsigned shards = 1; shards < 4; shards++) {
        kf_builder *b = create(KF_VALUES_U64, KF_WEIGHTS_NONE, shards);
        kf_dict *dict;
        kf_dict_stat stat = KF_DICT_STAT_INIT;
        for (unsigned i = 0; i < 3000; i++) {
            char key[16];
            size_t size = (size_t)snprintf(key, sizeof key, "%u", i * 2654435761u);
            ck_assert_int_eq(kf_builder_add_u64(b, key, size, i, &error), KF_OK);
        }
        kf_build_report report = KF_BUILD_REPORT_INIT;
        ck_assert_int_eq(kf_builder_finish(b, &report, &error), KF_OK);
        kf_builder_destroy(&b);
        ck_assert(report.shards == shards && report.keys == 3000 && report.pairs_added == 3000);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("out.kf"), NULL, &error), KF_OK);
        ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
        ck_assert_uint_eq(stat.shards, shards == 1 ? 0 : shards);
        ck_assert_uint_eq(stat.keys, 3000);
        kf_dict_close(&dict);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("builder");
    TCase *all = tcase_create("builder");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, builder__types);
    tcase_add_test(all, builder__values_too_long);
    tcase_add_test(all, builder__shards);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
