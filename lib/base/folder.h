/* A folder of named files that outlives the process that works in it; one at a time does. Names are resolved in the
 * folder as it was opened, wherever it is moved to. */
#ifndef KFI_BASE_FOLDER_H
#define KFI_BASE_FOLDER_H

#include "base/array.h"
#include "base/file.h"

typedef struct kfi_folder kfi_folder;

/* Made, for its owner alone, if it is not there; its own folder must be. KF_INVALID: another process (or another
 * part of this one) works in it. */
kf_status kfi_folder_open(kfi_folder **out, const char *path, kf_error *error);
/* As it was given. */
const char *kfi_folder_path(const kfi_folder *folder);

/* A whole small file: `data`, or what was there before, whatever happens meanwhile. On disk when this returns. */
kf_status kfi_folder_store(kfi_folder *folder, const char *name, const void *data, size_t size, kf_error *error);
/* Appends the file to `out`. KF_NOT_FOUND: there is none. KF_CORRUPT: it is no file, or has more than `most` bytes. */
kf_status kfi_folder_load(kfi_folder *folder, const char *name, size_t most, kfi_array *out, kf_error *error);
void kfi_folder_remove(kfi_folder *folder, const char *name);

/* Others may work in it now. Its files stay. */
void kfi_folder_close(kfi_folder **folder);
/* The same after all files were removed: the folder goes too, if it was made by kfi_folder_open, in this process or
 * an earlier one, and nothing else is in it. */
void kfi_folder_end(kfi_folder **folder);

/* A spool with a name in the folder, which outlives the process: opened with the first `size` bytes that it has,
 * to go on behind them. It can be read before it is finished. KF_CORRUPT: it has fewer. */
kf_status kfi_folder_spool(kfi_folder *folder, const char *name, uint64_t size, size_t buffer_size,
                           kfi_disk_account *account, kfi_spool **out, kf_error *error);

#endif
