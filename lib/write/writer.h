/* Writing a dictionary file section by section: alignment, tail pads, checksums, build id, header. */
#ifndef KFI_WRITE_WRITER_H
#define KFI_WRITE_WRITER_H

#include "base/file.h"
#include "format/header.h"

typedef struct kfi_writer kfi_writer;

/* Starts the file `path` (atomically published at finish). Room for KFI_MAX_SECTIONS is not
 * reserved: `section_count` sections will be written, the checksum section included. */
kf_status kfi_writer_create(kfi_writer **out, const char *path, uint32_t section_count,
                            kf_error *error);
/* Refuses, now and at the end, to replace a file that is none of ours. KF_INVALID. */
kf_status kfi_writer_protect(kfi_writer *writer, kf_error *error);
/* See kfi_output_hurry. */
void kfi_writer_hurry(kfi_writer *writer);
/* The same for an image: a file without a name in `folder`, which finish leaves to kfi_writer_take_image. */
kf_status kfi_writer_create_image(kfi_writer **out, const char *folder, uint32_t section_count,
                                  kfi_disk_account *account, kf_error *error);
kf_status kfi_writer_begin(kfi_writer *writer, kfi_section_type type, kf_error *error);
kf_status kfi_writer_write(kfi_writer *writer, const void *data, size_t size, kf_error *error);
/* Bytes written into the current section so far. */
uint64_t kfi_writer_position(const kfi_writer *writer);
/* Overwrites bytes of the current section (only within its first 4096 bytes, which are kept in
 * memory until kfi_writer_end for that purpose). */
kf_status kfi_writer_patch(kfi_writer *writer, uint64_t position, const void *data, size_t size,
                           kf_error *error);
kf_status kfi_writer_end(kfi_writer *writer, kf_error *error);
/* Writes the checksum section and the header (whose counts and features are the caller's; sizes, sections and
 * build id are filled in here) and publishes. */
kf_status kfi_writer_finish(kfi_writer *writer, kfi_header *header, kf_error *error);
/* The finished image, which is the caller's from here on. */
kfi_output *kfi_writer_take_image(kfi_writer *writer);
void kfi_writer_destroy(kfi_writer **writer);

#endif
