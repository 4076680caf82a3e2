#include "format/weights.h"

void kfi_weights_header_write(const kfi_weights_header *header, uint8_t *out)
{
    memset(out + KFI_COLUMN_HEADER_SIZE, 0, KFI_WEIGHTS_HEADER_SIZE - KFI_COLUMN_HEADER_SIZE);
    kfi_store64(out + 160, header->maxima_offset);
    out[168] = header->width;
}

kf_status kfi_weights_header_parse(kfi_weights_header *header, const uint8_t *section, uint64_t size,
                                   uint64_t keys, kf_error *error)
{
    memset(header, 0, sizeof *header);
    if (size < KFI_WEIGHTS_HEADER_SIZE) return kfi_fail(error, KF_CORRUPT, "the weights are cut");
    header->has_column = section[0] != 0;
    header->maxima_offset = kfi_load64(section + 160);
    header->width = section[168];
    uint64_t offset = header->maxima_offset;
    if (offset > size || (header->width > 57 && header->width != 64))
        return kfi_fail(error, KF_CORRUPT, "the maxima of the weights do not fit them");
    for (uint64_t count = keys; count > KFI_WEIGHTS_FAN;) {
        count = kfi_weights_above(count);
        header->level_offset[++header->levels] = offset;
        /* At most 2^58 fields of 64 bits: 2^61 bytes. */
        uint64_t bytes = count / 8 * header->width + (count % 8 * header->width + 7) / 8;
        if (bytes > size - offset) return kfi_fail(error, KF_CORRUPT, "the maxima of the weights are cut");
        offset += bytes;
    }
    return KF_OK;
}
