/* The slots of each token, by id: the section POSTINGS, and a part of ATTRIBUTES. */
#ifndef KFI_NAMES_WRITE_POSTINGS_WRITER_H
#define KFI_NAMES_WRITE_POSTINGS_WRITER_H

#include "names/write/token_list.h"
#include "write/writer.h"

/* Writes into the current section. `slots`: of each slot a varint count of ids, and their differences. A token of more
 * than `most` names has no list; then `slots` must not have it either. Holds `memory` bytes of postings at a time, and
 * goes through all slots for each such part. */
kf_status kfi_postings_write(kfi_token_list *list, const kfi_spool *slots, uint32_t names, uint32_t most,
                             uint64_t memory, kfi_writer *writer, kfi_progress *progress, kf_error *error);

#endif
