/* The section POSTINGS: the slots of each token, by id. */
#ifndef KFI_NAMES_WRITE_POSTINGS_WRITER_H
#define KFI_NAMES_WRITE_POSTINGS_WRITER_H

#include "names/write/forward_writer.h"
#include "names/write/token_list.h"

/* Holds `memory` bytes of postings at a time, and goes through all slots for each such part. */
kf_status kfi_postings_write(kfi_token_list *list, const kfi_forward_writer *forward, uint32_t names, uint64_t memory,
                             kfi_writer *writer, kf_error *error);

#endif
