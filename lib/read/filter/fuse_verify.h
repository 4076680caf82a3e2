#ifndef KFI_READ_FILTER_FUSE_VERIFY_H
#define KFI_READ_FILTER_FUSE_VERIFY_H

#include "base/progress.h"

#include <keyfold/dict.h>

/* Whether the directory is right and all keys of a dictionary that has a filter pass. KF_CORRUPT; the progress's
 * errors. O(keys). */
kf_status kfi_filter_verify(const kf_dict *dict, kfi_progress *progress, kf_error *error);

#endif
