/* Whether the blocks of a dictionary have its keys. */
#ifndef KFI_READ_BLOCKS_BLOCKS_VERIFY_H
#define KFI_READ_BLOCKS_BLOCKS_VERIFY_H

#include "base/progress.h"
#include "read/dict.h"

/* Of one that has blocks; its keys must have been verified. KF_CORRUPT, KF_NO_MEMORY, what progress returns. */
kf_status kfi_blocks_verify(const kf_dict *dict, kfi_progress *progress, kf_error *error);

#endif
