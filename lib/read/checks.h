/* Verifying by several threads: a list of checks in an order, each of one piece or of several that can be done side by
 * side. Pieces are begun in the order of the list, and the failure that counts is the first one in that order, so the
 * answer is the same with any number of threads: a piece that comes before a failed one is always brought to its end,
 * one that comes after it is given up. */
#ifndef KFI_READ_CHECKS_H
#define KFI_READ_CHECKS_H

#include "base/progress.h"
#include "read/dict.h"

typedef struct kfi_check {
    /* One piece, which is `bytes` large for the progress. It reports how many of them it has done, and returns at once
     * what that returns other than KF_OK. Pieces run in any thread. */
    kf_status (*run)(const struct kfi_check *check, uint64_t piece, kfi_progress *progress, kf_error *error);
    const kf_dict *dict;              /* a plain one, or the whole for what is said of the shards */
    const kfi_mapping *mapping;       /* a frame's, with its header */
    const kfi_header *header;
    size_t shard;                     /* which of the whole's shards; KFI_CHECK_WHOLE: none */
    uint64_t bytes, pieces;           /* at least one piece; `bytes` of the last one or of each is piece_bytes at most */
    uint64_t piece_bytes;             /* 0: the only piece has all */
} kfi_check;

#define KFI_CHECK_WHOLE SIZE_MAX

typedef struct kfi_checks {
    kfi_check *list;
    size_t count, capacity;
    const kf_dict *whole;
} kfi_checks;

kf_status kfi_checks_add(kfi_checks *checks, const kfi_check *check, kf_error *error);

/* Does all of them. KF_CANCELLED, KF_NO_MEMORY, or what the first check that fails returns. */
kf_status kfi_checks_run(const kfi_checks *checks, const kf_verify_options *options, kf_error *error);

#endif
