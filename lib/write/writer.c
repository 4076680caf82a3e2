/* The sections pass straight through to the output; a running hash covers the checksum block that is
 * being filled. A patch changes bytes that were hashed already: the one or two blocks it can touch
 * are read back and hashed again when the section ends. */
#include "write/writer.h"

#include "base/array.h"
#include "base/bits.h"
#include "base/file.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PATCH_WINDOW = 4096, READ_SIZE = 1 << 16 };

struct kfi_writer {
    kfi_output *output;
    XXH3_state_t *hash;        /* of the block being filled */
    kfi_array checksums;       /* of the blocks before it, 8 bytes each */
    uint32_t header_size;
    uint32_t expected;         /* sections, the checksums included */
    uint32_t count;            /* sections begun */
    int image;                 /* not to be published */
    int open;                  /* between begin and end */
    int patched;               /* the open section's first bytes were changed */
    kfi_section sections[KFI_MAX_SECTIONS];
};

/* ---- checksums ------------------------------------------------------------------------------ */

static kf_status close_block(kfi_writer *writer, kf_error *error)
{
    uint8_t sum[8];
    kfi_store64(sum, XXH3_64bits_digest(writer->hash));
    XXH3_64bits_reset(writer->hash);
    return kfi_array_append(&writer->checksums, sum, sizeof sum, error);
}

/* Writes bytes that checksums cover. */
static kf_status emit(kfi_writer *writer, const uint8_t *data, size_t size, kf_error *error)
{
    uint64_t at = kfi_output_offset(writer->output) - writer->header_size;
    kf_status status = kfi_output_write(writer->output, data, size, error);
    while (!status && size) {
        size_t room = KFI_CHECKSUM_BLOCK - (size_t)(at % KFI_CHECKSUM_BLOCK);
        size_t part = size < room ? size : room;
        XXH3_64bits_update(writer->hash, data, part);
        if (part == room) status = close_block(writer, error);
        data += part;
        size -= part;
        at += part;
    }
    return status;
}

/* Hashes `size` bytes that begin `at` bytes after the header anew into `hash`. */
static kf_status rehash(kfi_writer *writer, XXH3_state_t *hash, uint64_t at, uint64_t size,
                        uint8_t *buffer, kf_error *error)
{
    XXH3_64bits_reset(hash);
    while (size) {
        size_t part = size < READ_SIZE ? (size_t)size : READ_SIZE;
        kf_status status = kfi_output_read(writer->output, writer->header_size + at, buffer, part,
                                           error);
        if (status) return status;
        XXH3_64bits_update(hash, buffer, part);
        at += part;
        size -= part;
    }
    return KF_OK;
}

/* Brings the checksums of all blocks that the open section's patch window touches up to date. */
static kf_status repair_checksums(kfi_writer *writer, kf_error *error)
{
    kf_status status = KF_OK;
    uint64_t end = kfi_output_offset(writer->output) - writer->header_size;
    uint64_t first = writer->sections[writer->count - 1].offset - writer->header_size;
    uint64_t last = first + PATCH_WINDOW < end ? first + PATCH_WINDOW : end;
    uint8_t *buffer = malloc(READ_SIZE);
    XXH3_state_t *hash = XXH3_createState();
    if (!buffer || !hash) {
        status = kfi_fail_memory(error, READ_SIZE);
        goto out;
    }
    for (uint64_t block = first / KFI_CHECKSUM_BLOCK; block * KFI_CHECKSUM_BLOCK < last; block++) {
        uint64_t at = block * KFI_CHECKSUM_BLOCK;
        if (end - at < KFI_CHECKSUM_BLOCK) {
            status = rehash(writer, writer->hash, at, end - at, buffer, error);
        } else {
            status = rehash(writer, hash, at, KFI_CHECKSUM_BLOCK, buffer, error);
            kfi_store64(writer->checksums.data + 8 * block, XXH3_64bits_digest(hash));
        }
        if (status) goto out;
    }
out:
    XXH3_freeState(hash);
    free(buffer);
    return status;
}

/* ---- sections ------------------------------------------------------------------------------- */

static const uint8_t zeros[KFI_SECTION_ALIGNMENT + KFI_TAIL_PAD];

/* Writes to `path`, or if that is NULL an image into `folder`. */
static kf_status create(kfi_writer **out, const char *path, const char *folder, uint32_t section_count,
                        kfi_disk_account *account, kf_error *error)
{
    *out = NULL;
    if (section_count == 0 || section_count > KFI_MAX_SECTIONS)
        return kfi_fail(error, KF_INVALID, "impossible number of sections %u", section_count);
    kfi_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return kfi_fail_memory(error, sizeof *writer);
    writer->image = !path;
    writer->expected = section_count;
    writer->header_size = kfi_header_size(section_count);

    kf_status status;
    uint8_t header[KFI_HEADER_SIZE + (KFI_MAX_SECTIONS + 1) * KFI_SECTION_ENTRY_SIZE] = { 0 };
    writer->hash = XXH3_createState();
    if (!writer->hash) {
        status = kfi_fail_memory(error, sizeof *writer->hash);
        goto out;
    }
    XXH3_64bits_reset(writer->hash);
    status = path ? kfi_output_create(&writer->output, path, error)
                  : kfi_output_create_nameless(&writer->output, folder, account, error);
    if (!status) status = kfi_output_write(writer->output, header, writer->header_size, error);
out:
    if (status) kfi_writer_destroy(&writer);
    *out = writer;
    return status;
}

kf_status kfi_writer_create(kfi_writer **out, const char *path, uint32_t section_count, kf_error *error)
{
    return create(out, path, NULL, section_count, NULL, error);
}

kf_status kfi_writer_protect(kfi_writer *writer, kf_error *error)
{
    return kfi_output_protect(writer->output, kfi_magic, KFI_MAGIC_SIZE, error);
}

void kfi_writer_hurry(kfi_writer *writer)
{
    kfi_output_hurry(writer->output);
}

kf_status kfi_writer_create_image(kfi_writer **out, const char *folder, uint32_t section_count,
                                  kfi_disk_account *account, kf_error *error)
{
    return create(out, NULL, folder, section_count, account, error);
}

kf_status kfi_writer_begin(kfi_writer *writer, kfi_section_type type, kf_error *error)
{
    if (writer->open || writer->count + 1 >= writer->expected || type == KFI_SECTION_CHECKSUMS)
        return kfi_fail(error, KF_INVALID, "section %u cannot begin here", (unsigned)type);
    writer->sections[writer->count++] = (kfi_section){ type, kfi_output_offset(writer->output), 0 };
    writer->open = 1;
    writer->patched = 0;
    return KF_OK;
}

kf_status kfi_writer_write(kfi_writer *writer, const void *data, size_t size, kf_error *error)
{
    if (!writer->open) return kfi_fail(error, KF_INVALID, "no section is open");
    return emit(writer, data, size, error);
}

uint64_t kfi_writer_position(const kfi_writer *writer)
{
    if (!writer->open) return 0;
    return kfi_output_offset(writer->output) - writer->sections[writer->count - 1].offset;
}

kf_status kfi_writer_patch(kfi_writer *writer, uint64_t position, const void *data, size_t size,
                           kf_error *error)
{
    uint64_t window = kfi_writer_position(writer);
    if (window > PATCH_WINDOW) window = PATCH_WINDOW;
    if (position > window || size > window - position)
        return kfi_fail(error, KF_INVALID, "a patch lies outside the section's first bytes");
    writer->patched = 1;
    uint64_t offset = writer->sections[writer->count - 1].offset + position;
    return kfi_output_patch(writer->output, offset, data, size, error);
}

static kf_status pad(kfi_writer *writer, kfi_section *section,
                     kf_status (*put)(kfi_writer *, const uint8_t *, size_t, kf_error *),
                     kf_error *error)
{
    uint64_t end = kfi_output_offset(writer->output);
    section->size = end - section->offset;
    return put(writer, zeros, (size_t)(kfi_section_next(section->offset, section->size) - end), error);
}

kf_status kfi_writer_end(kfi_writer *writer, kf_error *error)
{
    if (!writer->open) return kfi_fail(error, KF_INVALID, "no section is open");
    kf_status status = writer->patched ? repair_checksums(writer, error) : KF_OK;
    if (status) return status;
    writer->open = 0;
    return pad(writer, &writer->sections[writer->count - 1], emit, error);
}

/* The checksum section and its pad are not covered by checksums: the build id is. */
static kf_status emit_uncovered(kfi_writer *writer, const uint8_t *data, size_t size,
                                kf_error *error)
{
    return kfi_output_write(writer->output, data, size, error);
}

kf_status kfi_writer_finish(kfi_writer *writer, kfi_header *header, kf_error *error)
{
    if (writer->open || writer->count + 1 != writer->expected)
        return kfi_fail(error, KF_INVALID, "%u of %u sections were written", writer->count + 1,
                        writer->expected);
    kf_status status = KF_OK;
    kfi_section *last = &writer->sections[writer->count++];
    *last = (kfi_section){ KFI_SECTION_CHECKSUMS, kfi_output_offset(writer->output), 0 };
    if ((last->offset - writer->header_size) % KFI_CHECKSUM_BLOCK) status = close_block(writer, error);
    if (!status)
        status = emit_uncovered(writer, writer->checksums.data, writer->checksums.size, error);
    if (!status) status = pad(writer, last, emit_uncovered, error);
    if (status) return status;

    uint8_t bytes[KFI_HEADER_SIZE + (KFI_MAX_SECTIONS + 1) * KFI_SECTION_ENTRY_SIZE];
    header->header_size = writer->header_size;
    header->file_size = kfi_output_offset(writer->output);
    header->section_count = writer->count;
    memcpy(header->sections, writer->sections, sizeof header->sections);
    kfi_header_build_id(header, writer->checksums.data, writer->checksums.size, header->build_id);
    kfi_header_write(header, bytes);
    status = kfi_output_patch(writer->output, 0, bytes, writer->header_size, error);
    if (status) return status;
    return writer->image ? kfi_output_finish(writer->output, error) : kfi_output_publish(writer->output, error);
}

kfi_output *kfi_writer_take_image(kfi_writer *writer)
{
    kfi_output *image = writer->image ? writer->output : NULL;
    if (image) writer->output = NULL;
    return image;
}

void kfi_writer_destroy(kfi_writer **pointer)
{
    kfi_writer *writer = pointer ? *pointer : NULL;
    if (!writer) return;
    kfi_output_destroy(&writer->output);
    XXH3_freeState(writer->hash);
    kfi_array_free(&writer->checksums);
    free(writer);
    *pointer = NULL;
}
