/* The section FILTER (format/filter.h): hashes of keys go through a temporary file, are sorted, and become filters one
 * part after the other. */
#ifndef KFI_WRITE_FILTER_FILTER_WRITER_H
#define KFI_WRITE_FILTER_FILTER_WRITER_H

#include "write/writer.h"

typedef struct kfi_filter_writer kfi_filter_writer;

/* `memory`: for sorting hashes, once all keys were added. */
kf_status kfi_filter_writer_create(kfi_filter_writer **out, uint64_t memory, const char *folder,
                                   kfi_disk_account *account, kf_error *error);
/* Each key once, in any order. */
kf_status kfi_filter_writer_add(kfi_filter_writer *filter, kf_bytes key, kf_error *error);
kf_status kfi_filter_writer_write(kfi_filter_writer *filter, kfi_writer *writer, kf_error *error);
void kfi_filter_writer_destroy(kfi_filter_writer **filter);

#endif
