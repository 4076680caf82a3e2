/* Folders to resume from that hold what they should not, are in use, or fail. */
#include "base/folder.h"
#include "write/sort/journal.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"
#include "tally.h"
#include "feed.h"
#include "resume.h"

#include <errno.h>

#define JOURNAL "resume/keyfold.journal"

static plan small_plan(unsigned number, uint64_t pairs)
{
    plan p = make_plan(number);
    p.input.pairs = pairs;
    p.input.keys = pairs * 2 / 3;
    p.memory = p.threads > 1 ? 40 << 10 : 16 << 10;
    return p;
}

static outcome resumed(plan p)
{
    outcome got;
    p.folder = "resume";
    carry_out(&p, &got);
    return got;
}

/* ---- damage ------------------------------------------------------------------------------------- */

static void damaged(plan p, const char *file, const char *when)
{
    outcome got = resumed(p);
    refused(&got, KF_CORRUPT, file, when);
}

START_TEST(damage__journal)
{
    size_t size;
    plan p = small_plan(7, 1200);
    leave(p, p.input.pairs);
    uint8_t *journal = scratch_read(JOURNAL, &size);
    ck_assert_uint_gt(size, 200);
    for (size_t at = 0; at < size; at++) {
        journal[at] ^= (uint8_t)(1 << at % 8);
        scratch_write(JOURNAL, journal, size);
        outcome got = resumed(p);
        if (at < 8 || at >= 12) refused(&got, KF_CORRUPT, "keyfold.journal", "a byte");
        else refused(&got, KF_UNSUPPORTED, "keyfold.journal", "the version");
        journal[at] ^= (uint8_t)(1 << at % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write(JOURNAL, journal, cut);
        damaged(p, "keyfold.journal", "cut");
    }
    scratch_write(JOURNAL, journal, size);
    ck_assert_int_eq(resumed(p).status, KF_OK);
    free(journal);
}
END_TEST

/* A journal that lies, with the right checksum: anything may come of it but a crash, a hang or a wrong success. */
START_TEST(damage__journal_that_lies)
{
    size_t size;
    unsigned refusals = 0;
    plan p = small_plan(7, 1200);
    outcome want = undisturbed(p), got;
    leave(p, p.input.pairs);
    uint8_t *journal = scratch_read(JOURNAL, &size), *lie = malloc(size);
    for (uint64_t round = 0; round < rounds_of(3000); round++) {
        uint64_t r = mix64(seed_or(0) * 1000003 + round), words = size / 8 - 1, word;
        memcpy(lie, journal, size);
        for (uint64_t n = 0; n <= r % 2; n++) {
            uint8_t *at = lie + 8 * (1 + (r >> 8 * n) % (words - 1));
            memcpy(&word, at, 8);
            uint64_t s = mix64(r + n);
            word = s % 5 == 0 ? word + 1 : s % 5 == 1 ? word - 1 : s % 5 == 2 ? word ^ 1ull << s / 5 % 64
                   : s % 5 == 3 ? s : UINT64_MAX >> s / 5 % 64;
            memcpy(at, &word, 8);
        }
        word = XXH3_64bits(lie, size - 8);
        memcpy(lie + size - 8, &word, 8);
        scratch_write(JOURNAL, lie, size);
        got = resumed(p);
        refusals += got.status != KF_OK;
        tally("journals", 1);
        if (got.status == KF_OK) SURE(got.hash == want.hash && got.keys == want.keys, "a wrong success");
        if (!feed_exists("resume")) leave(p, p.input.pairs);
    }
    SURE(refusals > rounds_of(3000) / 2, "%u refused", refusals);
    free(journal);
    free(lie);
}
END_TEST

START_TEST(damage__runs_and_values)
{
    char name[40];
    size_t size;
    plan p = small_plan(_i ? CASES + 7 : 7, 1200);
    unsigned files = 0, tries = 0;
    /* Which threads get to write runs is the system's to say. */
    do leave(p, p.input.pairs);
    while (_i && !feed_exists("resume/keyfold.runs.1") && ++tries < 50);
    for (unsigned file = 0; file < 4; file++) {
        if (file < 3) snprintf(name, sizeof name, "resume/keyfold.runs.%u", file);
        else snprintf(name, sizeof name, "resume/keyfold.values");
        uint8_t *whole = scratch_read(name, &size);
        if (!whole) continue;
        files++;
        for (unsigned n = 0; n < 120; n++) {
            size_t at = n < 40 ? n : mix64(n) % size;
            whole[at] ^= (uint8_t)(1 << n % 8);
            scratch_write(name, whole, size);
            damaged(p, name + 7, "a byte");
            whole[at] ^= (uint8_t)(1 << n % 8);
        }
        for (unsigned n = 0; n < 40; n++) {
            scratch_write(name, whole, n < 4 ? n : n < 8 ? size - n + 3 : mix64(n) % size);
            damaged(p, name + 7, "cut");
        }
        ck_assert_int_eq(unlink(scratch_path(name)), 0);
        damaged(p, name + 7, "gone");
        /* More than the journal tells of is what a killed build leaves. */
        uint8_t *more = malloc(size + 1000);
        memcpy(more, whole, size);
        memset(more + size, 0x5a, 1000);
        scratch_write(name, more, size + 1000);
        free(more);
        free(whole);
    }
    ck_assert_uint_ge(files, _i ? 3 : 2);   /* runs of one thread or more, and values */
    outcome want = undisturbed(p), got = resumed(p);
    same(&got, &want, "whole again");
}
END_TEST

START_TEST(damage__no_files)
{
    plan p = small_plan(7, 600);
    static const char *const names[] = { JOURNAL, "resume/keyfold.lock", "resume/keyfold.runs.0",
                                         "resume/keyfold.values" };
    for (size_t i = 0; i < 4; i++) {
        char *path = strdup(scratch_path(names[i]));
        leave(p, p.input.pairs);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(symlink("/dev/zero", path), 0);
        ck_assert_int_ne(resumed(p).status, KF_OK);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        if (i != 1) ck_assert_int_ne(resumed(p).status, KF_OK);
        ck_assert_int_eq(unlink(path), 0);
        free(path);
        feed_remove("resume");
    }
    scratch_write("resume", "a file", 6);
    ck_assert_int_eq(resumed(p).status, KF_IO);
    ck_assert_int_eq(unlink(scratch_path("resume")), 0);
    p.folder = "no/resume";
    outcome got;
    carry_out(&p, &got);
    ck_assert_int_eq(got.status, KF_IO);
    ck_assert_int_eq(got.error.os_error, ENOENT);
}
END_TEST

/* ---- the folder --------------------------------------------------------------------------------- */

START_TEST(folder__in_use)
{
    kfi_folder *folder = NULL, *second = NULL;
    kf_error error;
    plan p = small_plan(0, 600);
    ck_assert_int_eq(kfi_folder_open(&folder, scratch_path("resume"), NULL), KF_OK);
    ck_assert_int_eq(kfi_folder_open(&second, scratch_path("resume"), &error), KF_INVALID);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(error.message, "in use"));
    outcome got = resumed(p);
    ck_assert_int_eq(got.status, KF_INVALID);
    ck_assert_ptr_nonnull(strstr(got.error.message, "in use"));
    p.folder = "resume";
    got = carry_out_apart(&p, 0);   /* another process */
    ck_assert_int_eq(got.status, KF_INVALID);
    kfi_folder_close(&folder);
    ck_assert_int_eq(resumed(p).status, KF_OK);
    ck_assert(!feed_exists("resume"));
}
END_TEST

START_TEST(folder__that_was_there)
{
    plan p = small_plan(0, 600);
    plan part = p;
    part.give = 400;
    ck_assert_int_eq(mkdir(scratch_path("resume"), 0755), 0);
    ck_assert_int_eq(resumed(part).status, KF_OK);
    ck_assert_uint_gt(resumed(part).resumed, 0);
    ck_assert_int_eq(resumed(p).status, KF_OK);
    ck_assert(feed_exists("resume"));
    ck_assert_int_eq(rmdir(scratch_path("resume")), 0);

    ck_assert_int_eq(mkdir(scratch_path("resume"), 0755), 0);
    scratch_write("resume/mine", "x", 1);
    ck_assert_int_eq(resumed(p).status, KF_OK);
    ck_assert_int_eq(unlink(scratch_path("resume/mine")), 0);
    ck_assert_int_eq(rmdir(scratch_path("resume")), 0);   /* nothing else is left in it */
}
END_TEST

START_TEST(folder__stores_whole_files)
{
    kfi_folder *folder = NULL;
    kfi_array read = { NULL, 0, 0 };
    ck_assert_int_eq(kfi_folder_open(&folder, scratch_path("resume"), NULL), KF_OK);
    ck_assert_int_eq(kfi_folder_load(folder, "a", 10, &read, NULL), KF_NOT_FOUND);
    ck_assert_int_eq(kfi_folder_store(folder, "a", "first", 5, NULL), KF_OK);
    for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++) {
        for (uint64_t n = 1; ; n++) {
            fault_arm(FAULT_OPEN | FAULT_WRITE | FAULT_SYNC | FAULT_RENAME | FAULT_CLOSE, n, EIO, mode);
            kf_status status = kfi_folder_store(folder, "a", "second", 6, NULL);
            int fired = fault_fired();
            fault_off();
            read.size = 0;
            ck_assert_int_eq(kfi_folder_load(folder, "a", 10, &read, NULL), KF_OK);
            ck_assert(read.size == 5 ? !memcmp(read.data, "first", 5)
                                     : read.size == 6 && !memcmp(read.data, "second", 6));
            ck_assert_int_eq(feed_exists("resume/a.new"), 0);
            if (!fired) break;
            ck_assert_int_ne(status, KF_OK);
            ck_assert_int_eq(kfi_folder_store(folder, "a", "first", 5, NULL), KF_OK);
        }
        ck_assert_int_eq(kfi_folder_store(folder, "a", "first", 5, NULL), KF_OK);
    }
    read.size = 0;
    ck_assert_int_eq(kfi_folder_load(folder, "a", 4, &read, NULL), KF_CORRUPT);
    kfi_folder_remove(folder, "a");
    kfi_array_free(&read);
    kfi_folder_end(&folder);
    ck_assert(!feed_exists("resume"));
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------- */

/* Fails one call after the other, then goes on without: nothing leaks, and what was failed is gone on with. */
static void fail_every(unsigned kinds, int os_error, int mode, kf_status expected, unsigned number)
{
    plan p = small_plan(number, 900);
    outcome want = undisturbed(p), got;
    unsigned failed = 0, succeeded = 0;
    int files = fault_open_files();
    for (uint64_t n = 1; ; n += 1 + n / 25) {
        feed_remove("resume");
        if (n % 2) leave(p, 500);
        fault_mark();
        fault_arm(kinds, n, os_error, mode);
        got = resumed(p);
        int fired = fault_fired();
        fault_off();
        SURE(fault_live() == 0, "call %llu: %ld allocations", (unsigned long long)n, fault_live());
        SURE(fault_open_files() == files, "call %llu: files", (unsigned long long)n);
        failed += got.status != KF_OK;
        if (got.status == KF_OK) SURE(got.hash == want.hash && got.dropped == want.dropped, "wrong");
        else SURE(got.status == (int)expected, "call %llu: %d %s", (unsigned long long)n, got.status,
                  got.error.message);
        if (!fired) break;
        succeeded += got.status == KF_OK;
        got = resumed(p);
        if (got.status != KF_OK) SURE(feed_exists("resume"), "%d %s", got.status, got.error.message);
        same(&got, &want, "after a failure");
    }
    SURE(failed > 20, "%u failed, %u not", failed, succeeded);
}

START_TEST(failure__of_memory)
{
    fail_every(FAULT_ALLOC, ENOMEM, FAULT_ONCE, KF_NO_MEMORY, 7);
    fail_every(FAULT_ALLOC, ENOMEM, FAULT_ONCE, KF_NO_MEMORY, CASES + 7);
}
END_TEST

START_TEST(failure__of_the_system)
{
    unsigned kinds = FAULT_OPEN | FAULT_WRITE | FAULT_READ | FAULT_SYNC | FAULT_RENAME | FAULT_TRUNCATE;
    fail_every(kinds, EIO, FAULT_ONCE, KF_IO, 7);
    fail_every(kinds, EIO, FAULT_FROM, KF_IO, 2);
    fail_every(kinds, EIO, FAULT_ONCE, KF_IO, CASES + 6);
    fail_every(FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE, 7);
}
END_TEST

START_TEST(failure__of_names)
{
    plan p = small_plan(7, 900);
    outcome want = undisturbed(p), got;
    for (uint64_t n = 1; n < 12; n++) {
        feed_remove("resume");
        fault_arm(FAULT_NAMES | FAULT_STAT, n, EIO, FAULT_ONCE);
        got = resumed(p);
        fault_off();
        if (got.status != KF_OK) {
            SURE(got.status == KF_IO || got.status == KF_INVALID, "%d %s", got.status, got.error.message);
            got = resumed(p);
        }
        SURE(got.status == KF_OK && got.hash == want.hash, "call %llu", (unsigned long long)n);
    }
}
END_TEST

START_TEST(failure__short_transfers)
{
    plan p = small_plan(7, 900);
    outcome want = undisturbed(p);
    fault_short_io(7);
    leave(p, 600);
    outcome got = resumed(p);
    fault_short_io(0);
    same(&got, &want, "short transfers");
}
END_TEST

static void tear_down(void)
{
    fault_off();
    feed_remove("resume");
    scratch_close();
}

static Suite *suite(void)
{
    Suite *s = suite_create("resume_damage");
    TCase *t = tcase_create("resume_damage");
    tcase_add_checked_fixture(t, scratch_open, tear_down);
    tcase_add_test(t, damage__journal);
    tcase_add_test(t, damage__journal_that_lies);
    suite_add_cases(t, damage__runs_and_values, 0, 2);
    tcase_add_test(t, damage__no_files);
    tcase_add_test(t, folder__in_use);
    tcase_add_test(t, folder__that_was_there);
    tcase_add_test(t, folder__stores_whole_files);
    tcase_add_test(t, failure__of_memory);
    tcase_add_test(t, failure__of_the_system);
    tcase_add_test(t, failure__of_names);
    tcase_add_test(t, failure__short_transfers);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    resume_prepare();
    return suite_run(suite());
}
