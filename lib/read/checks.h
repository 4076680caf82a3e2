/* Verifying by several threads: a list of checks in an order, each of one piece or of several that can be done side by
 * side. Pieces are begun in the order of the list, and the failure that counts is the first one in that order, so the
 * answer is the same with any number of threads: a piece that comes before a failed one is always brought to its end,
 * one that comes after it is given up. */
#ifndef KFI_READ_CHECKS_H
#define KFI_READ_CHECKS_H

#include "base/progress.h"
#include "read/dict.h"

typedef struct kfi_check {
    /* Does one piece, in any thread. It reports how many of the piece's bytes are done, and returns at once what that
     * returns other than KF_OK. */
    kf_status (*run)(const struct kfi_check *check, uint64_t piece, kfi_progress *progress, kf_error *error);
    const kf_dict *dict;              /* a plain one, or the whole for what is said of the shards */
    const kfi_mapping *mapping;       /* a frame's, with its header */
    const kfi_header *header;
    size_t shard;                     /* which of the whole's shards; KFI_CHECK_WHOLE: none */
    uint64_t bytes, pieces;           /* of all pieces, of which there is at least one */
    uint64_t piece_bytes;             /* of each but the last, which has the rest; 0: the only piece has all */
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
