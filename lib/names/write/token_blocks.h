/* The section BLOCKS of an index: its tokens. */
#ifndef KFI_NAMES_WRITE_TOKEN_BLOCKS_H
#define KFI_NAMES_WRITE_TOKEN_BLOCKS_H

#include "names/write/token_list.h"
#include "write/blocks/blocks_writer.h"

/* `places`: see kfi_block_source. */
kf_status kfi_token_blocks_write(const kfi_token_list *list, const kfi_sort_options *sort, uint32_t *places,
                                 kfi_writer *writer, kf_error *error);

#endif
