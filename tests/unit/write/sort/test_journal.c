/* The journal of a sort that can be resumed: what is written is read again, and what cannot be is refused. */
#include "write/sort/journal.h"

#include "base/bits.h"
#include "base/hash.h"
#include "write/sort/pair.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>

enum { RUNS = 5, HEAD = 8 * 8, RUN = 10 * 8, SIZE = HEAD + RUNS * RUN + 8 };

static kf_error error;

static kfi_journal_run make_run(uint64_t i)
{
    return (kfi_journal_run){ .spool = i % 3, .order = 3 * i, .offset = 1000 * i + 1, .size = 700 + i,
                              .longest_key = KFI_SORT_KEY_MAX - i, .longest_field = 10 + i, .largest_block = 600 + i,
                              .hash = ~i, .pairs = 40 * i + 40, .input_hash = 77777 * i };
}

static void make_journal(kfi_journal *journal)
{
    *journal = (kfi_journal){ .value_type = 0x12345678, .weighted = 0x9abcdef0, .duplicates = 3,
                              .next_order = 3 * RUNS - 2, .dropped = 1ull << 40, .large_size = 1ull << 62,
                              .large_hash = 0x1122334455667788 };
    for (uint64_t i = 0; i < RUNS; i++) {
        kfi_journal_run run = make_run(i);
        ck_assert_int_eq(kfi_array_append(&journal->runs, &run, sizeof run, &error), KF_OK);
    }
}

/* The bytes of a journal, to be freed. */
static kfi_array written(const kfi_journal *journal)
{
    kfi_array out = { NULL, 0, 0 };
    ck_assert_int_eq(kfi_journal_write(journal, &out, &error), KF_OK);
    return out;
}

static kf_status read_back(const uint8_t *data, size_t size)
{
    kfi_journal journal = { 0 };
    uint8_t *exact = malloc(size + !size);      /* so that a sanitizer sees what is read beyond */
    memcpy(exact, data, size);
    kf_status status = kfi_journal_read(&journal, (kf_bytes){ exact, size }, &error);
    if (status) ck_assert_int_eq(error.status, status);
    kfi_journal_free(&journal);
    free(exact);
    return status;
}

START_TEST(journal__round_trip)
{
    kfi_journal journal, back = { 0 };
    make_journal(&journal);
    kfi_array bytes = { NULL, 0, 0 };
    ck_assert_int_eq(kfi_array_append(&bytes, "before", 6, &error), KF_OK);   /* what is there stays */
    ck_assert_int_eq(kfi_journal_write(&journal, &bytes, &error), KF_OK);
    ck_assert_uint_eq(bytes.size, 6 + SIZE);
    ck_assert_mem_eq(bytes.data, "before.kfdjrnl", 14);
    ck_assert_int_eq(kfi_journal_read(&back, (kf_bytes){ bytes.data + 6, SIZE }, &error), KF_OK);
    ck_assert(back.value_type == journal.value_type && back.weighted == journal.weighted);
    ck_assert(back.duplicates == journal.duplicates && back.next_order == journal.next_order);
    ck_assert(back.dropped == journal.dropped && back.large_size == journal.large_size);
    ck_assert(back.large_hash == journal.large_hash);
    ck_assert_uint_eq(kfi_journal_count(&back), RUNS);
    ck_assert_mem_eq(back.runs.data, journal.runs.data, RUNS * sizeof(kfi_journal_run));
    ck_assert_uint_eq(kfi_journal_pairs(&back), 40 * RUNS);
    for (uint64_t spool = 0; spool < 3; spool++) {
        kfi_journal_run last = make_run(spool + 3 < RUNS ? spool + 3 : spool);
        ck_assert_uint_eq(kfi_journal_spool_size(&back, spool), last.offset + last.size);
    }
    ck_assert_uint_eq(kfi_journal_spool_size(&back, 3), 0);
    kfi_journal_free(&back);
    kfi_journal_free(&journal);
    kfi_array_free(&bytes);
    ck_assert_uint_eq(kfi_journal_pairs(&(kfi_journal){ 0 }), 0);
}
END_TEST

START_TEST(journal__damaged)
{
    kfi_journal journal;
    make_journal(&journal);
    kfi_array bytes = written(&journal);
    ck_assert_int_eq(read_back(bytes.data, SIZE), KF_OK);
    for (size_t size = 0; size < SIZE; size++) ck_assert_int_eq(read_back(bytes.data, size), KF_CORRUPT);
    for (size_t at = 0; at < SIZE; at++) {
        bytes.data[at] ^= 0x40;
        ck_assert_int_eq(read_back(bytes.data, SIZE), at >= 8 && at < 12 ? KF_UNSUPPORTED : KF_CORRUPT);
        bytes.data[at] ^= 0x40;
    }
    kfi_array_free(&bytes);
    kfi_journal_free(&journal);
}
END_TEST

/* A journal whose hash is right and that says what no sort writes. */
START_TEST(journal__lies)
{
    static const struct { unsigned run, word; uint64_t value; int fine; } lies[] = {
        { 1, 0, KFI_JOURNAL_SPOOLS - 1, 1 }, { 1, 0, KFI_JOURNAL_SPOOLS, 0 }, { 1, 1, 1, 1 }, { 1, 1, 0, 0 },
        { 4, 1, 3 * RUNS - 3, 1 }, { 4, 1, 3 * RUNS - 2, 0 }, { 4, 2, 1ull << 62, 1 }, { 4, 2, (1ull << 62) + 1, 0 },
        { 3, 2, 701, 1 }, { 3, 2, 700, 0 }, { 4, 3, 0, 0 }, { 4, 3, 1ull << 62, 1 }, { 4, 3, (1ull << 62) + 1, 0 },
        { 4, 3, 604, 1 }, { 4, 3, 603, 0 }, { 4, 4, KFI_SORT_KEY_MAX, 1 }, { 4, 4, KFI_SORT_KEY_MAX + 1, 0 },
        { 4, 5, 604, 1 }, { 4, 5, 605, 0 }, { 4, 8, 161, 1 }, { 4, 8, 160, 0 }, { 0, 8, 1, 1 }, { 0, 8, 0, 0 },
    };
    kfi_journal journal;
    make_journal(&journal);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        kfi_array bytes = written(&journal);
        kfi_store64(bytes.data + HEAD + lies[i].run * RUN + lies[i].word * 8, lies[i].value);
        kfi_store64(bytes.data + SIZE - 8, XXH3_64bits(bytes.data, SIZE - 8));
        ck_assert_msg(read_back(bytes.data, SIZE) == (lies[i].fine ? KF_OK : KF_CORRUPT), "lie %zu", i);
        kfi_array_free(&bytes);
    }
    journal.large_size++;
    kfi_array bytes = written(&journal);
    ck_assert_int_eq(read_back(bytes.data, SIZE), KF_CORRUPT);
    kfi_array_free(&bytes);
    kfi_journal_free(&journal);
}
END_TEST

START_TEST(journal__no_memory)
{
    kfi_journal journal;
    make_journal(&journal);
    kfi_array bytes = written(&journal);
    for (int way = 0; way < 4; way++)
        for (uint64_t n = 1; ; n++) {
            const int writing = way & 1;
            kfi_array out = { NULL, 0, 0 };
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, way & 2 ? FAULT_TWICE : FAULT_FROM);
            kf_status status = KF_OK;
            kfi_journal back = { 0 };
            if (writing) status = kfi_journal_write(&journal, &out, &error);
            else status = kfi_journal_read(&back, (kf_bytes){ bytes.data, SIZE }, &error);
            int fired = fault_fired();
            fault_off();
            kfi_array_free(&out);
            kfi_journal_free(&back);
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
            if (!fired) {
                ck_assert_uint_gt(n, 3);
                break;
            }
        }
    kfi_array_free(&bytes);
    kfi_journal_free(&journal);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *all = tcase_create("journal");
    tcase_add_test(all, journal__round_trip);
    tcase_add_test(all, journal__damaged);
    tcase_add_test(all, journal__lies);
    tcase_add_test(all, journal__no_memory);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
