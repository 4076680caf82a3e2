/* Bounded-memory external merge sort of key/value pairs with a duplicates policy.
 *
 *   add -> buffer -> radix sort -> fold -> run ... run        buffer, radix_sort, fold, run, spill
 *   scan: runs -> merge (-> fold -> longer runs -> merge) -> fold -> sink         _merge, _fold, _scan
 *
 * Pairs are collected in buffers of at most `memory` bytes together. A full buffer is sorted (it often is
 * already) and written to a temporary run, front-coded; a buffer whose first key is not below the last run's
 * last key extends that run instead, so that sorted input of any size makes one run. With several threads
 * that is done in the background while the next buffer fills. Input that fits a buffer touches no disk.
 * Finishing merges all runs (in several passes if there are more than fit the memory) and pushes each
 * distinct key once, in order, into a sink. Instead, several threads can scan ranges of keys side by side.
 *
 * Memory: `memory` bytes at any time, sorting, run buffers and merging included; what exceeds it is
 * a few KiB, a KiB or so a MiB of runs, and one buffer of the value's size while a value above memory/64 (at
 * most 1 MiB) is in a sink. 16 MiB suffice for all keys and values; below that, large pairs may exceed it. When
 * runs are merged, less may be used: at most about 1 MiB a run. Disk: the runs (smaller than the input)
 * plus the large values, each given back once it was in the sink. What was read of a run for the last time is
 * given back to the disk at once, where the file system can; elsewhere, and when the sorting can be resumed, the
 * runs are there twice while a pass is under way. For resuming see resume.h. */
#ifndef KFI_WRITE_SORT_SORTER_H
#define KFI_WRITE_SORT_SORTER_H

#include "base/error.h"
#include "base/file.h"
#include "write/sort/key_sample.h"
#include "write/sort/run.h"

#include <keyfold/builder.h>

typedef struct kfi_sorter kfi_sorter;

typedef struct kfi_sort_options {
    uint64_t memory;
    const char *folder;            /* of temporary files; copied; NULL: the current one */
    kf_duplicates duplicates;
    kf_value_type value_type;      /* u64 values are passed as their 8 little-endian bytes */
    kfi_disk_account *account;
    unsigned threads;              /* the caller's included; 0 is 1 */
    const char *resume_folder;     /* see kf_build_options; NULL: nothing outlives the process. Copied */
    kf_value_type added_type;      /* for that: what the caller of the caller adds */
    int weighted;
} kfi_sort_options;

/* Takes one distinct key. The bytes are valid during the call only. */
typedef kf_status (*kfi_pair_sink)(void *context, kf_bytes key, kf_bytes value, kf_error *error);

/* KF_INVALID: the policy doesn't fit the type. KF_NO_MEMORY. With a folder to resume from, the errors of
 * kf_builder_create. */
kf_status kfi_sorter_create(kfi_sorter **out, const kfi_sort_options *options, kf_error *error);
/* Copies the pair. KF_LIMIT: key over 1 MiB. KF_TYPE: the value isn't of the type. KF_NO_MEMORY,
 * KF_IO, KF_NO_SPACE: nothing but destroy is allowed afterwards. */
kf_status kfi_sorter_add(kfi_sorter *sorter, kf_bytes key, kf_bytes value, kf_error *error);
/* How many pairs of the input are there already from an earlier process: as many are skipped of those added. */
uint64_t kfi_sorter_resumed(const kfi_sorter *sorter);
/* Bytes of pairs in the buffer that is being filled: the others are on disk, or about to be. */
uint64_t kfi_sorter_buffered(const kfi_sorter *sorter);
/* Whatever the pairs were needed for is done: nothing stays to be resumed. */
void kfi_sorter_done(kfi_sorter *sorter);
/* Pairs that the policy dropped: known after finish, or after all scans. */
uint64_t kfi_sorter_dropped(const kfi_sorter *sorter);
/* Once. Whatever held pairs is freed before it returns. The sink's error is passed on. KF_DUPLICATE
 * and KF_LIMIT (a sum) name the lowest such key, after the sink was given all lower ones. Besides:
 * KF_NO_MEMORY, KF_IO, KF_NO_SPACE, KF_CORRUPT (a temporary file was changed by others). */
kf_status kfi_sorter_finish(kfi_sorter *sorter, kfi_pair_sink sink, void *context,
                            kf_error *error);
void kfi_sorter_destroy(kfi_sorter **sorter);

/* ---- instead of finish: scanning ranges of keys ------------------------------------------------ */

/* Ends the adding: puts everything into runs, few enough for each of so many scans at a time to merge them
 * within its share of `memory`. Errors as for finish. */
kf_status kfi_sorter_seal(kfi_sorter *sorter, unsigned scans, kf_error *error);
/* Of all keys added. It may be reordered. */
kfi_key_sample *kfi_sorter_sample(kfi_sorter *sorter);

/* Pushes the range's distinct keys into the sink. Any number of threads may scan at once; each range is
 * scanned once. Errors as for finish. */
kf_status kfi_sorter_scan(kfi_sorter *sorter, const kfi_key_range *range, kfi_pair_sink sink, void *context,
                          kf_error *error);

#endif
