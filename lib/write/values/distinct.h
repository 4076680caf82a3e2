/* The distinct values of a column, counted within a bound of memory and ranked by frequency. */
#ifndef KFI_WRITE_VALUES_DISTINCT_H
#define KFI_WRITE_VALUES_DISTINCT_H

#include "base/error.h"

typedef struct kfi_distinct kfi_distinct;

kf_status kfi_distinct_create(kfi_distinct **out, uint64_t memory, kf_error *error);
/* *index: how many others appeared before this value first did. KF_LIMIT (no error text) when the value does not fit
 * the memory: nothing can be added then. */
kf_status kfi_distinct_add(kfi_distinct *distinct, kf_bytes value, uint32_t *index, kf_error *error);
uint64_t kfi_distinct_count(const kfi_distinct *distinct);
/* Sum of the sizes of the distinct values. */
uint64_t kfi_distinct_bytes(const kfi_distinct *distinct);
/* Ranks by falling frequency, ties in order of appearance. Nothing can be added afterwards. */
kf_status kfi_distinct_rank(kfi_distinct *distinct, kf_error *error);
/* The rank of a value that was added, and of the one with such an index. */
uint32_t kfi_distinct_find(const kfi_distinct *distinct, kf_bytes value);
uint32_t kfi_distinct_rank_of(const kfi_distinct *distinct, uint32_t index);
/* How often the value of a rank was added. */
uint64_t kfi_distinct_uses(const kfi_distinct *distinct, uint32_t rank);
kf_bytes kfi_distinct_at(const kfi_distinct *distinct, uint32_t rank);
void kfi_distinct_destroy(kfi_distinct **distinct);

#endif
