/* Combinations of queries: which bytes they take for alike. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

static key_set set;
static kf_dict *dict;

static size_t hits_of(const kf_query *query)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    size_t count = 0;
    kf_status status;
    o.query = query;
    ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_OK);
    while (!(status = kf_iter_next(iter, &entry))) count++;
    ck_assert_int_eq(status, KF_END);
    kf_iter_destroy(&iter);
    return count;
}

/* Bytes that some part of a combination tells apart, the last one among them. */
START_TEST(combine__single_bytes)
{
    static const uint8_t some[] = { 0x00, 0x01, 'a', 'b', 0x7f, 0x80, 0xfe, 0xff };
    enum { SOME = sizeof some, PARTS = 4 };
    set = (key_set){ .random = 12 };
    for (unsigned b = 0; b < 256; b++) set_add(&set, &(uint8_t){ (uint8_t)b }, 1);
    set_sort(&set);
    set_build(&set, "bytes.kf", KF_VALUES_NONE);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("bytes.kf"), NULL, NULL), KF_OK);
    for (unsigned round = 0; round < 300; round++) {
        kf_query *part[PARTS], *query;
        unsigned in[PARTS], every = 255, any = 0;
        for (unsigned i = 0; i < PARTS; i++) {
            char pattern[8 * SOME];
            size_t size = 1;
            pattern[0] = '[';
            in[i] = 1 + (unsigned)set_below(&set, 255);
            for (unsigned k = 0; k < SOME; k++)
                if (in[i] >> k & 1) size += (size_t)sprintf(pattern + size, "\\x%02x", some[k]);
            pattern[size++] = ']';
            ck_assert_int_eq(kf_query_create_regex(&part[i], pattern, size, KF_PATTERN_BYTES, NULL), KF_OK);
            every &= in[i];
            any |= in[i];
        }
        ck_assert_int_eq(kf_query_create_all(&query, (const kf_query *const *)part, PARTS, NULL), KF_OK);
        ck_assert_uint_eq(hits_of(query), (size_t)__builtin_popcount(every));
        kf_query_destroy(&query);
        ck_assert_int_eq(kf_query_create_any(&query, (const kf_query *const *)part, PARTS, NULL), KF_OK);
        ck_assert_uint_eq(hits_of(query), (size_t)__builtin_popcount(any));
        kf_query_destroy(&query);
        for (unsigned i = 0; i < PARTS; i++) kf_query_destroy(&part[i]);
    }
    kf_dict_close(&dict);
    set_free(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("combine");
    TCase *all = tcase_create("combine");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, combine__single_bytes);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
