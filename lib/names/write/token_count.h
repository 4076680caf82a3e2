/* Counting in how many names each token is: in memory, and when that is full by the external sorter. */
#ifndef KFI_NAMES_WRITE_TOKEN_COUNT_H
#define KFI_NAMES_WRITE_TOKEN_COUNT_H

#include "base/file.h"
#include "write/sort/sorter.h"

typedef struct kfi_token_count kfi_token_count;

/* `memory`: of the table, and as much again for sorting. */
kf_status kfi_token_count_create(kfi_token_count **out, uint64_t memory, const kfi_sort_options *sort, kf_error *error);
/* Counts the tokens of a name, each once. KF_NO_MEMORY, and the errors of sorting. */
kf_status kfi_token_count_add(kfi_token_count *count, const kf_bytes *tokens, uint32_t number, kf_error *error);
/* Gives each token once, in the order of bytes, with its count as 8 little-endian bytes. Frees what held them. */
kf_status kfi_token_count_finish(kfi_token_count *count, kfi_pair_sink sink, void *context, kf_error *error);
void kfi_token_count_destroy(kfi_token_count **count);

#endif
