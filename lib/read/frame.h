/* What verifying needs from the file's frame. */
#ifndef KFI_READ_FRAME_H
#define KFI_READ_FRAME_H

#include "base/file.h"
#include "format/header.h"

/* Checks every byte of a file whose header kfi_header_parse has accepted: block checksums, build id,
 * and that all padding is zero. With the header's own checksum no byte is left out, so any flipped
 * bit is found. O(file size). KF_CORRUPT with the offset of the block or byte. */
kf_status kfi_frame_verify(const kfi_mapping *mapping, const kfi_header *header, kf_error *error);

#endif
