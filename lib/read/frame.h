/* What verifying needs from the file's frame. */
#ifndef KFI_READ_FRAME_H
#define KFI_READ_FRAME_H

#include "base/file.h"
#include "format/header.h"

/* Of a file whose header kfi_header_parse has accepted: the build id, which is that of the checksums; the checksums of
 * `count` blocks from `first` on, as far as there are any; and that all padding is zero. With the header's own
 * checksum no byte is left out, so any flipped bit is found. KF_CORRUPT with the offset of the block or byte. */
kf_status kfi_frame_verify_id(const kfi_mapping *mapping, const kfi_header *header, kf_error *error);
kf_status kfi_frame_verify_blocks(const kfi_mapping *mapping, const kfi_header *header, uint64_t first, uint64_t count,
                                  kf_error *error);
kf_status kfi_frame_verify_pads(const kfi_mapping *mapping, const kfi_header *header, kf_error *error);

/* The bytes that have checksums. */
static inline uint64_t kfi_frame_summed(const kfi_header *header)
{
    return header->sections[header->section_count - 1].offset - header->header_size;
}

#endif
