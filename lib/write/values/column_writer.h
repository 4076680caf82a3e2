/* Building the value column: values arrive in ordinal order, are spooled, sampled and encoded. */
#ifndef KFI_WRITE_VALUES_COLUMN_WRITER_H
#define KFI_WRITE_VALUES_COLUMN_WRITER_H

#include "base/file.h"
#include "base/progress.h"
#include "write/tokens/token_trainer.h"
#include "write/writer.h"

#include <keyfold/values.h>

typedef struct kfi_column_builder kfi_column_builder;

typedef struct kfi_column_options {
    kf_value_type type;            /* U64 or BYTES */
    kf_encoding encoding;          /* AUTO or forced */
    uint64_t memory;
    const char *folder;
    kfi_disk_account *account;
    kfi_progress progress;         /* while the column is written */
    kfi_effort effort;
} kfi_column_options;

kf_status kfi_column_builder_create(kfi_column_builder **out, const kfi_column_options *options,
                                    kf_error *error);
/* U64 values are passed as their 8 little-endian bytes. */
kf_status kfi_column_builder_add(kfi_column_builder *builder, kf_bytes value, kf_error *error);
/* Chooses the encoding and writes the column into the writer's current section, which is empty yet. The first
 * `head_size` bytes are kept free: for the column's header, and what the caller patches in behind it. */
kf_status kfi_column_builder_write(kfi_column_builder *builder, kfi_writer *writer, size_t head_size,
                                   kf_encoding *chosen, kf_error *error);
/* The same as the section KFI_SECTION_VALUES. */
kf_status kfi_column_builder_finish(kfi_column_builder *builder, kfi_writer *writer,
                                    kf_encoding *chosen, kf_error *error);
void kfi_column_builder_destroy(kfi_column_builder **builder);

#endif
