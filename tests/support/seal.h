/* Putting checksums right in a file that was changed, so that more than these must find the change. */
#ifndef TESTS_SUPPORT_SEAL_H
#define TESTS_SUPPORT_SEAL_H

#include "base/bits.h"
#include "format/header.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* What the header says of the content, whatever that is. */
static inline void seal_read(kfi_header *h, const uint8_t *file, uint32_t count, uint32_t features)
{
    memset(h, 0, sizeof *h);
    h->header_size = kfi_header_size(count);
    h->section_count = count;
    h->incompatible = kfi_load32(file + 24) & 0xff ? features : kfi_load32(file + 24);
    h->compatible = kfi_load32(file + 28);
    h->keys = kfi_load64(file + 32);
    h->longest_key = kfi_load32(file + 40);
    h->value_type = file[48];
    h->value_encoding = file[49];
    h->raw_key_bytes = kfi_load64(file + 56);
    h->raw_value_bytes = kfi_load64(file + 64);
    h->states = kfi_load64(file + 72);
    h->states_extra = kfi_load64(file + 80);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = file + KFI_HEADER_SIZE + KFI_SECTION_ENTRY_SIZE * i;
        h->sections[i] = (kfi_section){ kfi_load32(entry), kfi_load64(entry + 8), kfi_load64(entry + 16) };
    }
}

/* Writes header and, if wanted, the checksums, which must have their place. */
static inline void seal_header(kfi_header *h, uint8_t *file, int right_sums)
{
    const kfi_section *last = &h->sections[h->section_count - 1];
    for (uint64_t at = h->header_size, n = 0; right_sums && at < last->offset; at += KFI_CHECKSUM_BLOCK, n++) {
        size_t part = (size_t)(last->offset - at);
        if (part > KFI_CHECKSUM_BLOCK) part = KFI_CHECKSUM_BLOCK;
        kfi_store64(file + last->offset + 8 * n, XXH3_64bits(file + at, part));
    }
    kfi_header_build_id(h, file + last->offset, (size_t)last->size, h->build_id);
    kfi_header_write(h, file);
}

/* Puts right what encloses the content of a file of `size` bytes, if its sections lie within it as they must. */
static inline void seal_file(uint8_t *file, size_t size, uint32_t features, int right_sums)
{
    kfi_header h;
    const uint32_t count = size < KFI_HEADER_SIZE ? 0 : kfi_load32(file + 44);
    if (!count || count > KFI_MAX_SECTIONS || size < kfi_header_size(count)) return;
    seal_read(&h, file, count, features);
    h.file_size = size;
    for (uint32_t i = 0; i < count; i++)
        if (h.sections[i].offset > size || h.sections[i].size > size - h.sections[i].offset) return;
    if (h.sections[count - 1].size == 8 * kfi_checksum_blocks(h.sections[count - 1].offset - h.header_size))
        seal_header(&h, file, right_sums);
}

#endif
