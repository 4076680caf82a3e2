/* Runs of sorted pairs: damaged ones, ones made by hand, and how many are merged at once. */
#include "write/sort/fold.h"
#include "write/sort/run_merge.h"

#include "random.h"
#include "scratch.h"
#include "suite.h"

/* ck_assert without its cost when it holds (a message to the parent process), for inner loops. */
#define SURE(condition) do { if (!(condition)) ck_abort_msg("%s", #condition); } while (0)

static const kfi_key_range everything = { .has_to = 0 };

/* ---- damaged runs --------------------------------------------------------------------------- */

/* Writes a run of `count` numbered keys and returns its bytes. */
static uint8_t *write_run(size_t count, kf_value_type type, kfi_run *run)
{
    kfi_run_writer writer = { .spool = NULL };
    kfi_spool *spool;
    kfi_spool_reader *reader;
    const uint8_t *data;
    uint8_t previous[64], key[64] = { 0 }, field[64] = { 0 };
    size_t previous_size = 0;
    ck_assert_int_eq(kfi_spool_create(&spool, scratch, 4096, NULL, NULL), KF_OK);
    kfi_run_writer_begin(&writer, spool, 200, 1000);
    ck_assert_int_eq(kfi_run_writer_segment(&writer, 40, 20, NULL), KF_OK);
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)sprintf((char *)key, i % 3 ? "%05zu/some/path/of/its/own" : "%05zu", i);
        size_t field_size = 0;
        if (type == KF_VALUES_U64) field_size = kfi_sort_u64_put(field, random64() >> random_below(64));
        if (type == KF_VALUES_BYTES) field_size = kfi_varint_write(field, 2 * 10) + 10;
        size_t shorter = size < previous_size ? size : previous_size;
        kfi_sort_pair pair = { key, size, kfi_sort_common(key, previous, shorter), field, field_size };
        ck_assert_int_eq(kfi_run_writer_put(&writer, &pair, NULL), KF_OK);
        memcpy(previous, key, previous_size = size);
    }
    ck_assert_int_eq(kfi_run_writer_flush(&writer, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(spool, NULL), KF_OK);
    *run = writer.run;
    run->marks = run->text = (kfi_array){ NULL, 0, 0 };   /* they are the writer's */
    uint8_t *bytes = malloc((size_t)run->size);
    SURE(bytes);
    ck_assert_int_eq(kfi_spool_reader_create(&reader, spool, 0, 4096, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_take(reader, (size_t)run->size, &data, NULL), KF_OK);
    memcpy(bytes, data, (size_t)run->size);
    kfi_spool_reader_destroy(&reader);
    kfi_run_writer_free(&writer);
    kfi_spool_destroy(&spool);
    return bytes;
}

static kf_status count_folded(void *context, const kfi_sort_pair *pair, kf_error *error)
{
    size_t *count = context;
    SURE(pair->key_size <= 40 && pair->field_size <= 20);
    *count += 1 + (pair->key_size && pair->key[pair->key_size - 1] == 255);
    return KF_OK;
}

static void damage(uint8_t *bytes, size_t size)
{
    size_t at = random_below(size);
    switch (random_below(4)) {
    case 0: bytes[at] ^= (uint8_t)(1u << random_below(8)); break;
    case 1: bytes[at] = 255; break;
    case 2: for (size_t i = at; i < size && i < at + 30; i++) bytes[i] = (uint8_t)random64(); break;
    default: memset(bytes + at, 0, size - at < 40 ? size - at : 40);
    }
}

START_TEST(damaged_runs)
{
    kf_value_type type = (kf_value_type)_i;
    kfi_run runs[4];
    size_t corrupt = 0;
    random_state = 4242 + (uint64_t)_i;
    uint8_t *bytes = write_run(120, type, &runs[0]);
    size_t size = (size_t)runs[0].size;
    uint8_t *changed = malloc(size);
    SURE(changed);
    for (int round = 0; round < 1500; round++) {
        kfi_spool *spool;
        kfi_merge *merge;
        kf_error error;
        kfi_sort_fold fold = { .duplicates = KF_DUPLICATES_LAST, .last_pass = 1 };
        size_t count = 0;
        ck_assert_int_eq(kfi_spool_create(&spool, scratch, 4096, NULL, NULL), KF_OK);
        for (size_t i = 0; i < 4; i++) {
            memcpy(changed, bytes, size);
            if (round) damage(changed, size);
            runs[i] = runs[0];
            runs[i].spool = spool;
            runs[i].offset = i * size;
            ck_assert_int_eq(kfi_spool_write(spool, changed, size, NULL), KF_OK);
        }
        ck_assert_int_eq(kfi_spool_finish(spool, NULL), KF_OK);
        ck_assert_int_eq(kfi_merge_create(&merge, runs, 4, &everything, 1024, 100000, type, &error), KF_OK);
        kf_status status = kfi_sort_fold_all(&fold, (kfi_sort_source){ kfi_merge_next, merge }, 40, 20,
                                             count_folded, &count, &error);
        if (!round) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_uint_eq(count, 120);
            ck_assert_uint_eq(fold.dropped, 360);
        }
        ck_assert(status == KF_OK || status == KF_CORRUPT);
        corrupt += status == KF_CORRUPT;
        kfi_merge_destroy(&merge);
        kfi_sort_fold_free(&fold);
        kfi_spool_destroy(&spool);
    }
    ck_assert_uint_gt(corrupt, 500);
    free(changed);
    free(bytes);
}
END_TEST

/* Reads all of a run that is one block with these records. */
static kf_status read_typed(kf_value_type type, const char *records, size_t size, uint32_t block_size,
                            size_t largest_block, size_t longest_key, size_t longest_field)
{
    kfi_spool *spool;
    kfi_run_reader reader;
    kf_status status;
    uint8_t bytes[256] = { 0 };
    kfi_store32(bytes, block_size);
    memcpy(bytes + 4, records, size);
    size += 4 + KFI_SORT_PAD;
    ck_assert_int_eq(kfi_spool_create(&spool, scratch, 4096, NULL, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_write(spool, bytes, size, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(spool, NULL), KF_OK);
    kfi_run run = { .spool = spool, .size = size, .longest_key = longest_key, .longest_field = longest_field,
                    .largest_block = largest_block };
    ck_assert_int_eq(kfi_run_reader_open(&reader, &run, &everything, 64, type, NULL), KF_OK);
    do status = kfi_run_reader_next(&reader, NULL);
    while (!status);
    kfi_run_reader_close(&reader);
    kfi_spool_destroy(&spool);
    return status;
}

static kf_status read_crafted(const char *records, size_t size, uint32_t block_size, size_t largest_block,
                              size_t longest_key, size_t longest_field)
{
    return read_typed(KF_VALUES_U64, records, size, block_size, largest_block, longest_key, longest_field);
}

START_TEST(crafted_runs)
{
    /* "ab" -> 5, then "abc" -> 0. */
    const char good[] = "\x02" "ab" "\x01\x05" "\x21" "c" "\x00";
    const uint32_t n = sizeof good - 1 + KFI_SORT_PAD;
    ck_assert_int_eq(read_crafted(good, 8, n, n + 4, 3, 2), KF_END);
    ck_assert_int_eq(read_crafted(good, 8, n - 1, n + 4, 3, 2), KF_CORRUPT);   /* record cut */
    ck_assert_int_eq(read_crafted(good, 8, n + 1, n + 5, 3, 2), KF_CORRUPT);   /* more than the run has */
    ck_assert_int_eq(read_crafted(good, 8, n, n - 1, 3, 2), KF_CORRUPT);       /* larger than any block */
    ck_assert_int_eq(read_crafted(good, 8, KFI_SORT_PAD, n + 4, 3, 2), KF_CORRUPT);
    ck_assert_int_eq(read_crafted(good, 8, 0, n + 4, 3, 2), KF_CORRUPT);
    ck_assert_int_eq(read_typed(KF_VALUES_NONE, "", 0, KFI_SORT_PAD, n + 4, 3, 2), KF_CORRUPT);
    ck_assert_int_eq(read_typed(KF_VALUES_NONE, "\0", 1, KFI_SORT_PAD + 1, n + 4, 3, 2), KF_END);
    ck_assert_int_eq(read_crafted(good, 8, n - 3, n + 4, 3, 2), KF_CORRUPT);   /* a rest that is no block */
    ck_assert_int_eq(read_crafted(good, 8, n, n + 4, 2, 2), KF_CORRUPT);       /* key too long */
    ck_assert_int_eq(read_crafted(good, 8, n, n + 4, 3, 1), KF_CORRUPT);       /* field too long */
    ck_assert_int_eq(read_crafted("\x12" "ab" "\x01\x05" "\x21" "c", 8, n, n + 4, 9, 2), KF_CORRUPT);
    ck_assert_int_eq(read_crafted("\x02" "ab" "\x01\x05" "\x31" "c", 8, n, n + 4, 9, 2), KF_CORRUPT);
    ck_assert_int_eq(read_crafted("\x02" "ab" "\x09" "12345678", 12, n + 4, n + 8, 9, 20), KF_CORRUPT);
    ck_assert_int_eq(read_crafted("\x0f\xff\xff\xff\xff\xff\xff\xff", 8, n, n + 4, 9, 2), KF_CORRUPT);
    ck_assert_int_eq(read_crafted("\xf1\xff\xff\xff\xff\xff\xff\xff", 8, n, n + 4, 9, 2), KF_CORRUPT);
    ck_assert_int_eq(read_crafted("\x0f\xff\xff\xff\x7f" "abc", 8, n, n + 4, 9, 2), KF_CORRUPT);
}
END_TEST

/* ---- pieces --------------------------------------------------------------------------------- */

START_TEST(fan_in)
{
    kfi_run runs[10];
    for (size_t i = 0; i < 10; i++)
        runs[i] = (kfi_run){ .size = 1000000, .longest_key = 100, .longest_field = 8, .largest_block = 4000 };
    ck_assert_uint_eq(kfi_merge_fan_in(runs, 0, 1000, 0), 0);
    ck_assert_uint_eq(kfi_merge_fan_in(runs, 1, 1000, 0), 1);
    ck_assert_uint_eq(kfi_merge_fan_in(runs, 10, 1000, 0), 2);
    ck_assert_uint_eq(kfi_merge_fan_in(runs, 10, 1000, 1 << 20), 10);
    size_t some = kfi_merge_fan_in(runs, 10, 1000, 25000);
    ck_assert(some > 2 && some < 10);
    ck_assert_uint_lt(kfi_merge_fan_in(runs, 10, 8000, 25000), some);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runs");
    TCase *all = tcase_create("runs");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    suite_add_cases(all, damaged_runs, 0, 3);
    tcase_add_test(all, crafted_runs);
    tcase_add_test(all, fan_in);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
