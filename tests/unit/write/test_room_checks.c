/* What is asked of the disk, by what is kept and where it lies. */
#include "base/file.h"
#include "write/room.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <keyfold/dict.h>

enum { MB = 1 << 20 };

static kf_error error;

static kf_status runs(int kept, int whole, const char *values_folder, double more, double values)
{
    kfi_room room = { .folder = values_folder, .runs_folder = scratch, .target_folder = scratch,
                      .runs_are_kept = kept, .values_are_whole = whole };
    error = (kf_error){ 0 };
    return kfi_room_for_runs(&room, MB, more, values, &error);
}

START_TEST(room__runs)
{
    fault_free_space(10 * MB);
    for (int kept = 0; kept < 2; kept++)
        for (int whole = 0; whole < 2; whole++) {
            const int both = kept && whole;
            /* One megabyte of the runs is there already; values count where they are there beside the runs. */
            ck_assert_int_eq(runs(kept, whole, scratch, 11.0 * MB, 0), KF_OK);
            ck_assert_int_eq(runs(kept, whole, scratch, 11.0 * MB + 4096, 0), KF_NO_SPACE);
            ck_assert(error.status == KF_NO_SPACE && strstr(error.message, scratch));
            ck_assert_int_eq(runs(kept, whole, scratch, 6.0 * MB, 6.0 * MB), both ? KF_NO_SPACE : KF_OK);
            ck_assert_int_eq(runs(kept, whole, scratch, 6.0 * MB, 5.0 * MB), KF_OK);
            /* Elsewhere each must fit by itself. */
            if (kfi_disk_is_same("/proc", scratch)) continue;
            ck_assert_int_eq(runs(kept, whole, "/proc", 11.0 * MB, 10.0 * MB), KF_OK);
            ck_assert_int_eq(runs(kept, whole, "/proc", 12.0 * MB, 0), KF_NO_SPACE);
            ck_assert_int_eq(runs(kept, whole, "/proc", 0, 11.0 * MB), both ? KF_NO_SPACE : KF_OK);
        }
    fault_free_space(UINT64_MAX);
}
END_TEST

START_TEST(room__result)
{
    kfi_room here = { .folder = scratch, .runs_folder = scratch, .target_folder = scratch }, elsewhere = here;
    elsewhere.folder = "/proc";
    fault_free_space(10 * MB);
    ck_assert_int_eq(kfi_room_for_result(&here, 10 * MB, 0, &error), KF_OK);
    ck_assert_int_eq(kfi_room_for_result(&here, 11 * MB, 0, &error), KF_NO_SPACE);
    ck_assert_int_eq(kfi_room_for_result(&here, 11 * MB, MB, &error), KF_OK);
    ck_assert_int_eq(kfi_room_for_result(&here, 11 * MB, MB - 4096, &error), KF_NO_SPACE);
    ck_assert_int_eq(kfi_room_for_result(&here, 11 * MB, 12 * MB, &error), KF_OK);
    if (!kfi_disk_is_same("/proc", scratch)) {
        ck_assert_int_eq(kfi_room_for_result(&elsewhere, 11 * MB, MB, &error), KF_NO_SPACE);
        ck_assert_int_eq(kfi_room_for_result(&elsewhere, 10 * MB, MB, &error), KF_OK);
    }
    fault_free_space(0);
    ck_assert_int_eq(kfi_room_for_result(&here, MB, MB, &error), KF_OK);
    fault_free_space(UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("room_checks");
    TCase *all = tcase_create("room");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, room__runs);
    tcase_add_test(all, room__result);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
