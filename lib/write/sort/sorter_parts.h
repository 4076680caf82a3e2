/* What the parts of the sorter share. */
#ifndef KFI_WRITE_SORT_SORTER_PARTS_H
#define KFI_WRITE_SORT_SORTER_PARTS_H

#include "base/thread.h"
#include "write/sort/buffer.h"
#include "write/sort/fold.h"
#include "write/sort/run_merge.h"
#include "write/sort/sorter.h"

#include <stdatomic.h>

enum { KFI_SPILLERS = 3 };

typedef struct kfi_resume kfi_resume;

/* Where the adding stood when a buffer was handed over. */
typedef struct kfi_resume_point {
    uint64_t pairs, input_hash;
    uint64_t large_size, large_hash;
} kfi_resume_point;

/* Makes full buffers runs, in a thread of its own if there are several. Each has a spool, and the run that it
 * wrote last may still go on. */
typedef struct kfi_spiller {
    struct kfi_sorter *sorter;
    kfi_thread thread;
    /* The next seven are changed under the sorter's monitor. */
    _Atomic(kfi_sort_buffer *) buffer;   /* at work on; NULL: idle */
    uint64_t order;            /* of the buffer */
    kfi_resume_point point;
    size_t longest_key, longest_field;
    int stop;
    kf_status status;          /* the first failure */
    kf_error error;

    kfi_spool *spool;
    kfi_run_writer writer;
    uint64_t last_order;       /* of the buffer that the writer's run ends with */
    kfi_sort_fold fold;
    kfi_key_sample sample;
} kfi_spiller;

struct kfi_sorter {
    kfi_sort_options options;
    char *folder;
    kfi_sort_shares shares;
    uint64_t added;
    uint64_t buffered;         /* bytes of the pairs in the buffer being filled */
    size_t longest_key, longest_field;
    uint64_t reserve;          /* of a buffer's memory, for writing runs with such keys and fields */
    int finished;
    _Atomic uint64_t dropped;
    unsigned scans;            /* that may be under way at once */

    kfi_monitor monitor;
    int has_monitor;
    kfi_sort_buffer buffers[KFI_SPILLERS + 1];
    kfi_sort_buffer *buffer;   /* the one being filled */
    kfi_sort_buffer *idle[KFI_SPILLERS + 1];
    unsigned idle_count;
    kfi_spiller spillers[KFI_SPILLERS];
    unsigned spiller_count;
    uint64_t buffers_spilled;

    /* The last key of the last buffer handed over, if that was sorted; and to whom. */
    kfi_array tail;
    kfi_spiller *tail_spiller;

    kfi_run *runs;             /* complete ones */
    size_t run_count, run_capacity;
    kfi_spool *merged;         /* where a pass put them, in place of the spillers' spools */
    kfi_key_sample sample;

    kfi_spool *large;          /* large values, in the order of adding */
    kfi_resume *resume;        /* NULL: nothing outlives the process */
};

/* What writing runs allocates besides the buffer or the merge that they come from. */
uint64_t kfi_sorter_output_memory(const kfi_sorter *sorter);
kf_status kfi_sorter_create_spool(const kfi_sorter *sorter, kfi_spool **spool, kf_error *error);
/* Takes over what the writer's run is, if there is one, to its place in the order. */
kf_status kfi_sorter_keep_run(kfi_sorter *sorter, kfi_run_writer *writer, kf_error *error);

/* Frees all that pairs are kept in; the counts remain. */
void kfi_sorter_release(kfi_sorter *sorter);

/* Whether the buffer being filled can go on with the run of the last one as it lies, and at once. */
int kfi_sorter_can_extend_run(const kfi_sorter *sorter);
/* Has the buffer being filled written out, and makes an empty one the one being filled. */
kf_status kfi_sorter_spill(kfi_sorter *sorter, kf_error *error);
/* The same for the last one, and waits for all. The runs are then complete and in order. */
kf_status kfi_sorter_spill_rest(kfi_sorter *sorter, kf_error *error);
/* Ends the threads. */
void kfi_sorter_stop(kfi_sorter *sorter);

#endif
