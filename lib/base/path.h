/* Paths of files that name each other. */
#ifndef KFI_BASE_PATH_H
#define KFI_BASE_PATH_H

#include "base/error.h"

/* The last part of a path, after all separators. */
const char *kfi_path_name(const char *path);

/* The folder of a path, "." if it has none; to be freed. NULL: no memory. */
char *kfi_path_folder(const char *path);

/* The path without links; to be freed. NULL when it does not exist, or there is no memory. */
char *kfi_path_real(const char *path);

/* What `name` (not terminated) means in the file `path`: itself if it is absolute, else it starts from the
 * folder of `path`. To be freed. NULL: no memory. */
char *kfi_path_beside(const char *path, kf_bytes name);

/* Whether both are there and are the same file. */
int kfi_path_same(const char *a, const char *b);

/* How the file `from`, which need not exist, is to name the file `to`: a path from the folder of `from`, if it
 * takes at most two ".." that do not reach the root, so that both can be moved together; else an absolute one.
 * To be freed. KF_IO when a folder does not exist, KF_NO_MEMORY. */
kf_status kfi_path_between(char **out, const char *from, const char *to, int absolute, kf_error *error);

#endif
