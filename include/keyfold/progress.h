/* How far a long call has come: builds, merges, verifying and searches for many names tell it, and can be cancelled. */
#ifndef KEYFOLD_PROGRESS_H
#define KEYFOLD_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The stage of the work, and the unit of kf_progress.done and total in it. A build goes through READ to WRITE in
 * this order. A build of several shards, which are made side by side, goes from MINIMISE, which then covers all
 * of the work on them, to WRITE, where they are put together. */
typedef enum kf_phase {
    KF_PHASE_READ = 0,      /* pairs are being added; total is unknown (0) */
    KF_PHASE_SORT = 1,      /* runs are merged; units are pairs */
    KF_PHASE_MINIMISE = 2,  /* keys enter the automaton; units are keys */
    KF_PHASE_LAYOUT = 3,    /* states are encoded; units are states */
    KF_PHASE_VALUES = 4,    /* values are encoded; units are values */
    KF_PHASE_WRITE = 5,     /* checksums, fsync, rename; units are bytes */
    KF_PHASE_VERIFY = 6,    /* kf_dict_verify, kf_names_verify; units are bytes checked */
    KF_PHASE_MATCH = 7      /* kf_names_search_many; units are needles; kf_names_dedupe: names */
} kf_phase;

/* Given to a kf_progress_fn, for the time of the call. Later versions may add fields at the end. */
typedef struct kf_progress {
    kf_phase phase;
    uint64_t done;
    uint64_t total;           /* 0 when unknown */
    uint64_t temporary_bytes; /* of temporary files, on disk at the moment */
    uint64_t file_bytes;      /* that the finished file will have, as far as it can be told by now; else 0 */
} kf_progress;

/* Called now and then, on the thread that made the long call and from within it. A result other than 0 cancels:
 * that call returns KF_CANCELLED. The function must not use the builder that it is called for. */
typedef int (*kf_progress_fn)(void *context, const kf_progress *progress);

#ifdef __cplusplus
}
#endif
#endif
