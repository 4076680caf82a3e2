/* KF_DUPLICATES_JOIN: pairs of equal keys, which come one after the other, become one, whose value is theirs end to
 * end. Done behind the last pass, because a value that has grown would fit neither the buffers of runs nor those of
 * merges. Holds one key and its values. */
#ifndef KFI_WRITE_SORT_JOIN_H
#define KFI_WRITE_SORT_JOIN_H

#include "base/array.h"
#include "write/sort/sorter.h"

/* Zero-initialise it but for the first two. */
typedef struct kfi_join {
    kfi_pair_sink sink;
    void *context;
    int waiting;               /* a pair is in `key` and `value` */
    kfi_array key, value;
    uint64_t dropped;          /* pairs that others took in */
} kfi_join;

/* The type is kfi_pair_sink. KF_LIMIT, KF_NO_MEMORY, and what the sink fails with. */
kf_status kfi_join_add(void *self, kf_bytes key, kf_bytes value, kf_error *error);
/* Hands on the last pair. */
kf_status kfi_join_end(kfi_join *join, kf_error *error);
void kfi_join_free(kfi_join *join);

#endif
