#include "read/frame.h"

#include "base/bits.h"
#include "base/hash.h"

#include <string.h>

kf_status kfi_frame_verify_id(const kfi_mapping *mapping, const kfi_header *header, kf_error *error)
{
    const kfi_section *sums = &header->sections[header->section_count - 1];
    uint8_t id[16];
    kfi_header_build_id(header, mapping->data + sums->offset, (size_t)sums->size, id);
    if (!memcmp(id, header->build_id, sizeof id)) return KF_OK;
    return kfi_fail_at(error, KF_CORRUPT, sums->offset, "the build id does not fit the checksums");
}

kf_status kfi_frame_verify_blocks(const kfi_mapping *mapping, const kfi_header *header, uint64_t first, uint64_t count,
                                  kf_error *error)
{
    const kfi_section *sums = &header->sections[header->section_count - 1];
    const uint8_t *file = mapping->data, *sum = file + sums->offset + 8 * first;
    uint64_t at = header->header_size + first * KFI_CHECKSUM_BLOCK;
    for (; count && at < sums->offset; count--, at += KFI_CHECKSUM_BLOCK, sum += 8) {
        uint64_t size = sums->offset - at;
        if (size > KFI_CHECKSUM_BLOCK) size = KFI_CHECKSUM_BLOCK;
        if (XXH3_64bits(file + at, (size_t)size) != kfi_load64(sum))
            return kfi_fail_at(error, KF_CORRUPT, at, "the checksum of the block at %llu is wrong",
                               (unsigned long long)at);
    }
    return KF_OK;
}

kf_status kfi_frame_verify_pads(const kfi_mapping *mapping, const kfi_header *header, kf_error *error)
{
    const uint8_t *file = mapping->data;
    for (uint32_t i = 0; i < header->section_count; i++) {
        const kfi_section *section = &header->sections[i];
        uint64_t next = kfi_section_next(section->offset, section->size);
        for (uint64_t at = section->offset + section->size; at < next; at++)
            if (file[at])
                return kfi_fail_at(error, KF_CORRUPT, at, "padding at %llu is not zero",
                                   (unsigned long long)at);
    }
    return KF_OK;
}
