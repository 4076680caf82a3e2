/* Whether bytes are all of a file: what a copy is checked by. */
#include "read/frame.h"

#include <keyfold/dict.h>

#include <string.h>

kf_status kf_content_check(const void *data, size_t size, uint8_t build_id[16], kf_error *error)
{
    const kfi_mapping mapping = { .data = data, .size = size, .borrowed = 1 };
    kfi_header header;
    kf_status status = kfi_header_parse(&header, mapping.data, size, error);
    if (!status) status = kfi_frame_verify_id(&mapping, &header, error);
    if (!status) status = kfi_frame_verify_blocks(&mapping, &header, 0, UINT64_MAX, error);
    if (!status) status = kfi_frame_verify_pads(&mapping, &header, error);
    if (!status) memcpy(build_id, header.build_id, sizeof header.build_id);
    return status;
}
