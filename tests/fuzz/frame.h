/* Any bytes as a file whose frame is right: sizes, offsets and checksums are put right, so that damage reaches the
 * readers. Include once in a program linked as image.h says. */
#ifndef TESTS_FUZZ_FRAME_H
#define TESTS_FUZZ_FRAME_H

#include "fuzz.h"

#include "image.h"
#include "names/names_layout.h"
#include "seal.h"

/* Lays the sections, fewer than `most`, out anew, one after the other, with the sizes that the table gives as far as
 * there are bytes for them. Returns the size of the file, 0 if it does not fit the arena. */
static inline size_t frame_lay_out(kfi_header *h, const uint8_t *file, size_t size, uint32_t most, uint32_t features)
{
    const uint32_t count = size < KFI_HEADER_SIZE ? 0 : kfi_load32(file + 44) % most;
    if (size < KFI_HEADER_SIZE + KFI_SECTION_ENTRY_SIZE * (size_t)count || count == 0) return 0;
    seal_read(h, file, count, features);
    uint64_t offset = h->header_size;
    for (uint32_t i = 0; i < count; i++) {
        kfi_section *s = &h->sections[i];
        const uint64_t left = offset < size ? size - offset : 0;
        s->offset = offset;
        if (s->size > left) s->size = left;
        if (i + 1 == count) {
            /* The checksums: as many as there must be. */
            s->type = KFI_SECTION_CHECKSUMS;
            s->size = 8 * kfi_checksum_blocks(offset - h->header_size);
        }
        offset = kfi_section_next(offset, s->size);
    }
    h->file_size = offset;
    return offset <= IMAGE_ROOM ? (size_t)offset : 0;
}

/* Makes `image` of a file with fewer than `most` sections. `features`: the incompatible ones, if it has any. `inner`
 * puts right what the sections have in them; may be NULL. */
static inline int frame_image(const uint8_t *file, size_t size, uint32_t most, uint32_t features, int right_sums,
                              void (*inner)(const kfi_header *h, int right_sums))
{
    kfi_header h;
    size_t total = frame_lay_out(&h, file, size, most, features);
    if (!total || !image_resize(total)) return 0;
    memset(image, 0, total);
    memcpy(image, file, size < total ? size : total);
    /* Between the sections lie zeros. */
    for (uint32_t i = 0; i < h.section_count; i++) {
        uint64_t end = h.sections[i].offset + h.sections[i].size;
        uint64_t next = i + 1 < h.section_count ? h.sections[i + 1].offset : total;
        memset(image + end, 0, (size_t)(next - end));
    }
    if (inner) inner(&h, right_sums);
    seal_header(&h, image, right_sums);
    return 1;
}

/* For frame_image, of an index of names: its dictionaries, where the bands say that they are. */
static inline void frame_mend_names(const kfi_header *h, int right_sums)
{
    const kfi_section *names = kfi_header_section(h, KFI_SECTION_NAMES);
    const kfi_section *vocabulary = kfi_header_section(h, KFI_SECTION_VOCABULARY);
    if (!names || !vocabulary) return;
    for (uint64_t at = KFI_NAMES_HEAD; at + KFI_BAND_SIZE <= names->size; at += KFI_BAND_SIZE) {
        const uint8_t *band = image + names->offset + at;
        const uint64_t offset = kfi_load64(band + 16), size = kfi_load64(band + 24);
        if (offset > vocabulary->size || size > vocabulary->size - offset) return;
        seal_file(image + vocabulary->offset + offset, (size_t)size, 0, right_sums);
    }
}

/* A file's bytes behind `prefix` zeros, to be freed; the file is removed. */
static inline uint8_t *frame_take(const char *path, size_t prefix, size_t *size)
{
    FILE *file = fopen(path, "rb");
    FUZZ_MUST(file, "%s", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file) + prefix;
    rewind(file);
    uint8_t *data = calloc(1, *size);
    FUZZ_MUST(data && fread(data + prefix, 1, *size - prefix, file) == *size - prefix, "%s", path);
    fclose(file);
    unlink(path);
    return data;
}

#endif
