/* What sets, differences and merges refuse. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

static key_set universe;

static kf_status set_status(kf_set_operation operation, const kf_dict *const *dicts, size_t count,
                            const kf_set_options *options)
{
    kf_iter *iter = (kf_iter *)(void *)&universe;
    kf_error error = { 0 };
    kf_status status = kf_iter_create_set(&iter, operation, dicts, count, options, &error);
    ck_assert(!status || (iter == NULL && error.message[0] && error.status == status));
    kf_iter_destroy(&iter);
    return status;
}

START_TEST(sets__misuse)
{
    kf_set_options o = KF_SET_OPTIONS_INIT;
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    kf_build_options build = KF_BUILD_OPTIONS_INIT;
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_error error;
    kf_dict *dict;
    set_make(&universe, 7, 0, 1);
    set_build(&universe, "none.kf", KF_VALUES_NONE);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("none.kf"), NULL, NULL), KF_OK);
    const kf_dict *dicts[2] = { dict, dict };
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, NULL), KF_OK);
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 0, NULL), KF_INVALID);
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, SIZE_MAX / 4, NULL), KF_INVALID);
    ck_assert_int_eq(set_status((kf_set_operation)4, dicts, 2, NULL), KF_INVALID);
    o.values = (kf_set_values)6;
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_INVALID);
    for (o.values = KF_SET_VALUES_SUM; o.values <= KF_SET_VALUES_MAX; o.values++)
        ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_TYPE);
    o = (kf_set_options){ sizeof o - 1, KF_SET_VALUES_FIRST, NULL };
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_INVALID);
    o = (kf_set_options)KF_SET_OPTIONS_INIT;
    o.within = &within;
    within.flags = KF_ITER_REVERSE;
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_INVALID);
    within = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    within.order = KF_ORDER_DISTANCE;
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_INVALID);
    within = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    within.first_ordinal = 1;
    ck_assert_int_eq(set_status(KF_SET_UNION, dicts, 2, &o), KF_INVALID);
    kf_iter *iter;
    ck_assert_int_eq(kf_iter_create_diff(&iter, dicts[0], dicts[1], &within, &error), KF_INVALID);
    ck_assert_int_eq(kf_iter_create_diff(&iter, dicts[0], NULL, NULL, &error), KF_INVALID);
    const char *path = scratch_path("refused.kf");
    merge.values = KF_SET_VALUES_ALL;
    ck_assert_int_eq(kf_dict_merge(path, dicts, 2, &merge, NULL, &error), KF_INVALID);
    merge = (kf_merge_options)KF_MERGE_OPTIONS_INIT;
    merge.struct_size--;
    ck_assert_int_eq(kf_dict_merge(path, dicts, 2, &merge, NULL, &error), KF_INVALID);
    merge = (kf_merge_options)KF_MERGE_OPTIONS_INIT;
    merge.build = &build;
    build.memory_limit = 1;
    ck_assert_int_eq(kf_dict_merge(path, dicts, 2, &merge, NULL, &error), KF_INVALID);
    build.memory_limit = 0;
    build.value_encoding = KF_ENCODING_ZSTD;
    ck_assert_int_eq(kf_dict_merge(path, dicts, 2, &merge, NULL, &error), KF_INVALID);
    build.struct_size = 0;
    ck_assert_int_eq(kf_dict_merge(path, dicts, 2, &merge, NULL, &error), KF_INVALID);
    ck_assert_int_eq(scratch_count(), 1);
    kf_dict_close(&dict);
    set_free(&universe);
}
END_TEST

START_TEST(sets__mixed_types)
{
    const kf_dict *dicts[3];
    kf_dict *opened[3];
    kf_error error;
    kf_iter *iter;
    set_make(&universe, 14, 3, 1);
    for (int t = 0; t < 3; t++) {
        const char *names[] = { "none.kf", "u64.kf", "bytes.kf" };
        set_build(&universe, names[t], (kf_value_type)t);
        ck_assert_int_eq(kf_dict_open(&opened[t], scratch_path(names[t]), NULL, NULL), KF_OK);
    }
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            dicts[0] = dicts[1] = opened[a];
            dicts[2] = opened[b];
            kf_status status = kf_dict_merge(scratch_path("mixed.kf"), dicts, 3, NULL, NULL, &error);
            ck_assert_int_eq(status, a == b ? KF_OK : KF_TYPE);
            if (status) ck_assert_ptr_nonnull(strstr(error.message, "dictionary 2"));
            ck_assert_int_eq(scratch_count(), 3 + !status);
            unlink(scratch_path("mixed.kf"));
            ck_assert_int_eq(set_status(KF_SET_INTERSECTION, dicts, 3, NULL), status);
            ck_assert_int_eq(kf_iter_create_diff(&iter, dicts[0], dicts[2], NULL, &error), status);
            kf_iter_destroy(&iter);
        }
    for (int t = 0; t < 3; t++) kf_dict_close(&opened[t]);
    set_free(&universe);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sets_refused");
    TCase *t = tcase_create("sets_refused");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, sets__misuse);
    tcase_add_test(t, sets__mixed_types);
    suite_add_tcase(s, t);
    return suite_run(s);
}
