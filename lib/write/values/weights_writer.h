/* Building the section WEIGHTS (format/weights.h): weights arrive in ordinal order. */
#ifndef KFI_WRITE_VALUES_WEIGHTS_WRITER_H
#define KFI_WRITE_VALUES_WEIGHTS_WRITER_H

#include "base/file.h"
#include "write/writer.h"

typedef struct kfi_weights_builder kfi_weights_builder;

typedef struct kfi_weights_options {
    int own;                       /* the weights are stored too; otherwise they are the values */
    uint64_t memory;
    const char *folder;
    kfi_disk_account *account;
} kfi_weights_options;

kf_status kfi_weights_builder_create(kfi_weights_builder **out, const kfi_weights_options *options,
                                     kf_error *error);
kf_status kfi_weights_builder_add(kfi_weights_builder *builder, uint64_t weight, kf_error *error);
/* Writes the section. */
kf_status kfi_weights_builder_finish(kfi_weights_builder *builder, kfi_writer *writer, kf_error *error);
void kfi_weights_builder_destroy(kfi_weights_builder **builder);

#endif
