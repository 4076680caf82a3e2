/* Folders that outlive a process: whole files, spools, the lock, and every call failing. */
#include "base/folder.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <sys/stat.h>

static kf_error e;

static kfi_folder *open_folder(void)
{
    kfi_folder *folder = NULL;
    ck_assert_int_eq(kfi_folder_open(&folder, scratch_path("folder"), &e), KF_OK);
    return folder;
}

static int exists(const char *name)
{
    struct stat information;
    return stat(scratch_path(name), &information) == 0;
}

START_TEST(folder__spool_is_cut_to_its_size)
{
    kfi_folder *folder = open_folder();
    kfi_disk_account account = { 0, 0 };
    kfi_spool *spool;
    kfi_spool_reader *reader;
    const uint8_t *data;
    ck_assert_int_eq(kfi_folder_spool(folder, "spool", 0, 64, &account, &spool, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_write(spool, "0123456789", 10, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_flush(spool, &e), KF_OK);
    ck_assert_uint_eq(account.now, 10);
    kfi_spool_destroy(&spool);
    for (uint64_t size = 9; size >= 8; size--) {
        account = (kfi_disk_account){ 0, 0 };
        ck_assert_int_eq(kfi_folder_spool(folder, "spool", size, 64, &account, &spool, &e), KF_OK);
        ck_assert(account.now == size && account.peak == size && kfi_spool_size(spool) == size);
        ck_assert_int_eq(kfi_spool_reader_create(&reader, spool, 3, 64, &e), KF_OK);
        ck_assert_int_eq(kfi_spool_reader_take(reader, (size_t)size - 3, &data, &e), KF_OK);
        ck_assert_mem_eq(data, "3456789", (size_t)size - 3);
        ck_assert_int_eq(kfi_spool_reader_take(reader, 1, &data, &e), KF_END);
        kfi_spool_reader_destroy(&reader);
        kfi_spool_destroy(&spool);
    }
    spool = (kfi_spool *)(void *)&account;
    ck_assert_int_eq(kfi_folder_spool(folder, "spool", 9, 64, &account, &spool, &e), KF_CORRUPT);
    ck_assert_ptr_null(spool);
    ck_assert_int_eq(mkdir(scratch_path("folder/sub"), 0700), 0);
    ck_assert_int_eq(kfi_folder_spool(folder, "sub", 0, 64, &account, &spool, &e), KF_IO);
    ck_assert_int_eq(rmdir(scratch_path("folder/sub")), 0);
    kfi_folder_remove(folder, "spool");
    kfi_folder_end(&folder);
    ck_assert_ptr_null(folder);
    ck_assert(!exists("folder"));
}
END_TEST

/* One process at a time; and only a folder that was made here goes at the end. */
START_TEST(folder__lock_and_end)
{
    kfi_folder *folder = open_folder(), *second = folder;
    ck_assert_int_ne(kfi_folder_open(&second, scratch_path("folder"), &e), KF_OK);
    ck_assert_ptr_null(second);
    kfi_folder_close(&folder);
    ck_assert_ptr_null(folder);
    ck_assert(exists("folder"));
    kfi_folder_close(&folder);
    kfi_folder_end(&folder);
    folder = open_folder();
    kfi_folder_end(&folder);
    ck_assert(!exists("folder"));
    ck_assert_int_eq(mkdir(scratch_path("folder"), 0700), 0);
    folder = open_folder();
    kfi_folder_end(&folder);
    ck_assert(exists("folder"));
    ck_assert_int_eq(rmdir(scratch_path("folder")), 0);
}
END_TEST

static kf_status all_calls(kfi_folder **folder, kfi_spool **spool, kfi_array *read)
{
    kf_status status = kfi_folder_open(folder, scratch_path("folder"), &e);
    if (!status) status = kfi_folder_store(*folder, "file", "content", 7, &e);
    if (!status) status = kfi_folder_load(*folder, "file", 7, read, &e);
    if (!status) status = kfi_folder_spool(*folder, "spool", 0, 64, NULL, spool, &e);
    if (!status) status = kfi_spool_write(*spool, "content", 7, &e);
    if (!status) status = kfi_spool_flush(*spool, &e);
    if (!status) status = kfi_spool_sync(*spool, &e);
    kfi_spool_destroy(spool);
    if (!status) status = kfi_folder_spool(*folder, "spool", 3, 64, NULL, spool, &e);
    kfi_spool_destroy(spool);
    return status;
}

START_TEST(folder__every_call_fails)
{
    static const struct { unsigned kinds; int os_error; kf_status status; } ways[] = {
        { FAULT_ALLOC, ENOMEM, KF_NO_MEMORY }, { FAULT_IO & ~FAULT_CLOSE, EIO, KF_IO },
    };
    int files = fault_open_files();
    for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
        for (uint64_t n = 1; ; n++) {
            kfi_folder *folder = NULL;
            kfi_spool *spool = NULL;
            kfi_array read = { NULL, 0, 0 };
            e = (kf_error){ 0 };
            fault_mark();
            fault_arm(ways[_i].kinds, n, ways[_i].os_error, mode);
            kf_status status = all_calls(&folder, &spool, &read);
            int fired = fault_fired();
            fault_off();
            ck_assert_ptr_null(spool);
            if (read.size) ck_assert_mem_eq(read.data, "content", 7);
            if (folder) {
                kfi_folder_remove(folder, "file");
                kfi_folder_remove(folder, "spool");
            }
            kfi_folder_end(&folder);
            kfi_array_free(&read);
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(fault_open_files(), files);
            if (!fired) {
                ck_assert_int_eq(status, KF_OK);
                ck_assert_uint_gt(n, 5);
                break;
            }
            /* Memory that is asked for generously at first, and a folder's sync that is refused, are got over. */
            ck_assert_msg(status == ways[_i].status || (mode == FAULT_ONCE && status == KF_OK), "call %d: %s", (int)n,
                          kf_status_name(status));
            if (status) ck_assert(e.status == status && e.message[0]);
            unlink(scratch_path("folder/keyfold.lock"));
            rmdir(scratch_path("folder"));
        }
}
END_TEST

int main(void)
{
    fault_skip_sync(1);
    Suite *suite = suite_create("folder");
    TCase *all = tcase_create("folder");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, folder__spool_is_cut_to_its_size);
    tcase_add_test(all, folder__lock_and_end);
    suite_add_cases(all, folder__every_call_fails, 0, 2);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
