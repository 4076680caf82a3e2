#include "write/room.h"

#include "base/file.h"

static kf_status check(double more, const char *what, const char *folder, const char *advice, kf_error *error)
{
    uint64_t free_bytes = kfi_disk_free(folder);
    if (more <= (double)free_bytes) return KF_OK;
    return kfi_fail(error, KF_NO_SPACE, "%s will need about %.1f GB more in '%s', where %.1f GB are free: %smake room",
                    what, more / 1e9, folder, (double)free_bytes / 1e9, advice);
}

kf_status kfi_room_for_runs(const kfi_room *room, uint64_t used, double runs, double values, kf_error *error)
{
    static const char files[] = "temporary files", advice[] = "choose another folder for them, or ";
    runs -= (double)used;
    if (!room->runs_are_kept || !room->values_are_whole) values = 0;
    if (kfi_disk_is_same(room->runs_folder, room->folder))
        return check(runs + values, files, room->runs_folder, advice, error);
    kf_status status = check(runs, files, room->runs_folder, advice, error);
    return status ? status : check(values, files, room->folder, advice, error);
}

kf_status kfi_room_for_result(const kfi_room *room, uint64_t more, uint64_t returned, kf_error *error)
{
    if (!kfi_disk_is_same(room->folder, room->target_folder)) returned = 0;
    if (more <= returned) return KF_OK;
    return check((double)(more - returned), "the dictionary", room->target_folder, "", error);
}
