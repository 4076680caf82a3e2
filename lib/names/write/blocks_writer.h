/* The section BLOCKS: tokens of one length side by side, those with the same letters as neighbours. */
#ifndef KFI_NAMES_WRITE_BLOCKS_WRITER_H
#define KFI_NAMES_WRITE_BLOCKS_WRITER_H

#include "names/write/token_list.h"
#include "write/sort/sorter.h"
#include "write/writer.h"

/* `sort` says how to sort tokens. */
kf_status kfi_blocks_write(const kfi_token_list *list, const kfi_sort_options *sort, kfi_writer *writer,
                           kf_error *error);

#endif
