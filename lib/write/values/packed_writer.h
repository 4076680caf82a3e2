/* Writing a packed array (format/packed.h). The payload and the directory go to spools, since the
 * section they end up in may be receiving something else meanwhile. */
#ifndef KFI_WRITE_VALUES_PACKED_WRITER_H
#define KFI_WRITE_VALUES_PACKED_WRITER_H

#include "base/file.h"
#include "format/packed.h"
#include "write/writer.h"

typedef struct kfi_packed_writer kfi_packed_writer;

/* `most` is not exceeded by any value that will be added. */
kf_status kfi_packed_writer_create(kfi_packed_writer **out, uint64_t most, const char *folder,
                                   kfi_disk_account *account, kf_error *error);
/* Stores nothing, only the size is computed. */
kf_status kfi_packed_counter_create(kfi_packed_writer **out, uint64_t most, kf_error *error);
/* Whether it can be finished: it is no counter. */
int kfi_packed_writer_stores(const kfi_packed_writer *writer);
kf_status kfi_packed_writer_add(kfi_packed_writer *writer, uint64_t value, kf_error *error);
/* Bytes of payload and directory for what was added, as if it were finished now (a block that is
 * not yet full is estimated). */
uint64_t kfi_packed_writer_size(const kfi_packed_writer *writer);
/* Ends the array and appends it to the writer's current section. */
kf_status kfi_packed_writer_finish(kfi_packed_writer *writer, kfi_writer *out,
                                   kfi_packed_descriptor *descriptor, kf_error *error);
void kfi_packed_writer_destroy(kfi_packed_writer **writer);

/* Appends a whole finished spool to the writer's current section. */
kf_status kfi_append_spool(kfi_writer *out, const kfi_spool *spool, kf_error *error);

#endif
