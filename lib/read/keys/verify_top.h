/* Checking the table of first nodes. */
#ifndef KFI_READ_KEYS_VERIFY_TOP_H
#define KFI_READ_KEYS_VERIFY_TOP_H

#include "read/keys/keys_view.h"

/* Every cell must name a node that the cell's bytes lead to from the root, with its depth and rank. The
 * tree itself must have been verified. KF_CORRUPT. O(cells x positions). */
kf_status kfi_top_verify(const kfi_keys *keys, const uint8_t *file, kf_error *error);

#endif
