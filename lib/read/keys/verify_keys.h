/* Verifying the key structure. */
#ifndef KFI_READ_KEYS_VERIFY_KEYS_H
#define KFI_READ_KEYS_VERIFY_KEYS_H

#include "base/progress.h"
#include "read/keys/keys_view.h"

/* Visits every container once and checks every field in it: ranges, order of the keys, sums, lengths,
 * and that the whole agrees with the header. Time is linear in the file's size; memory is a small record a
 * shared container and one a container on the deepest path. `file` is the start of the mapping, for the
 * offsets in messages; progress is told in bytes. KF_CORRUPT, KF_NO_MEMORY, what the progress returns. */
kf_status kfi_keys_verify(const kfi_keys *keys, const uint8_t *file, kfi_progress *progress, kf_error *error);

#endif
