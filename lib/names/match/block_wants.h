/* What a search for names wants of the blocks (read/blocks/blocks_scan.h). */
#ifndef KFI_NAMES_MATCH_BLOCK_WANTS_H
#define KFI_NAMES_MATCH_BLOCK_WANTS_H

#include "names/index/index.h"
#include "read/blocks/blocks_scan.h"

/* Wants tokens whose similarity in 255ths is from `least` on and below `below`. */
void kfi_block_query_want(kfi_block_query *query, unsigned least, unsigned below);

/* The table of kfi_block_maxima, in 255ths. */
void kfi_block_similarities_set(kfi_block_similarities *similarities);

#endif
