/* Merging runs. */
#ifndef KFI_WRITE_SORT_RUN_MERGE_H
#define KFI_WRITE_SORT_RUN_MERGE_H

#include "write/sort/run.h"

typedef struct kfi_merge kfi_merge;

/* How many of the runs, from the first on, can be merged within `memory`; at least 2 if there are so
 * many. `smallest_buffer` is the least that is worth reading at once. */
size_t kfi_merge_fan_in(const kfi_run *runs, size_t count, size_t smallest_buffer, uint64_t memory);

/* Merges the pairs of `count` >= 1 runs from the range's first key on; the caller stops at its end. Of equal keys
 * those of earlier runs come first. Uses what it needs of `memory`: at most 1 MiB of buffer a run, unless its
 * blocks are larger. The range must stay valid. */
kf_status kfi_merge_create(kfi_merge **out, const kfi_run *runs, size_t count, const kfi_key_range *range,
                           size_t smallest_buffer, uint64_t memory, kf_value_type type,
                           kf_error *error);
/* For a kfi_sort_source. */
kf_status kfi_merge_next(void *self, kfi_sort_pair *pair, kf_error *error);
void kfi_merge_destroy(kfi_merge **merge);

#endif
