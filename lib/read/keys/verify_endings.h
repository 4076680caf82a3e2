/* Verifying the endings. */
#ifndef KFI_READ_KEYS_VERIFY_ENDINGS_H
#define KFI_READ_KEYS_VERIFY_ENDINGS_H

#include "read/keys/keys_view.h"

/* Compares each list with what is below its container. The containers must be sound (kfi_keys_verify). `file` is the
 * start of the mapping, for the offsets in messages. KF_CORRUPT. */
kf_status kfi_endings_verify(const kfi_keys *keys, const uint8_t *file, kf_error *error);

#endif
