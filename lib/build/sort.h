/* Bounded-memory external merge sort of key/value pairs with a duplicates policy.
 *
 * Pairs are collected in one buffer of at most `memory` bytes. A full buffer is sorted (it usually
 * is already) and written to a temporary run, front-coded; a buffer whose first key is above the
 * last run's last key extends that run instead, so that sorted input of any size makes one run.
 * Input that fits the buffer touches no disk. Finishing merges all runs (in several passes if there
 * are more than fit the memory) and pushes each distinct key once, in order, into a sink. */
#ifndef KFI_BUILD_SORT_H
#define KFI_BUILD_SORT_H

#include "base/error.h"
#include "base/file.h"

#include <keyfold/builder.h>

typedef struct kfi_sorter kfi_sorter;

typedef struct kfi_sort_options {
    uint64_t memory;
    const char *folder;
    kf_duplicates duplicates;
    kf_value_type value_type;      /* u64 values are passed as their 8 little-endian bytes */
    kfi_disk_account *account;
} kfi_sort_options;

/* Takes one distinct key. The bytes are valid during the call only. */
typedef kf_status (*kfi_pair_sink)(void *context, kf_bytes key, kf_bytes value, kf_error *error);

kf_status kfi_sorter_create(kfi_sorter **out, const kfi_sort_options *options, kf_error *error);
kf_status kfi_sorter_add(kfi_sorter *sorter, kf_bytes key, kf_bytes value, kf_error *error);
/* Pairs added, and pairs that the policy dropped (known after finish). */
uint64_t kfi_sorter_added(const kfi_sorter *sorter);
uint64_t kfi_sorter_dropped(const kfi_sorter *sorter);
kf_status kfi_sorter_finish(kfi_sorter *sorter, kfi_pair_sink sink, void *context,
                            kf_error *error);
void kfi_sorter_destroy(kfi_sorter **sorter);

#endif
