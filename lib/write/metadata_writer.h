/* Entries that a caller has builders store, and their section. */
#ifndef KFI_WRITE_METADATA_WRITER_H
#define KFI_WRITE_METADATA_WRITER_H

#include "format/metadata.h"
#include "write/writer.h"

/* Adds an entry, within the limits of all builders; `bytes` is what the entries have together. Errors: those of
 * kf_builder_set_metadata. */
kf_status kfi_metadata_add(kfi_metadata *metadata, uint64_t *bytes, const char *name, const void *data, size_t size,
                           kf_error *error);
/* Writes the section. */
kf_status kfi_metadata_write(const kfi_metadata *metadata, kfi_writer *writer, kf_error *error);

#endif
