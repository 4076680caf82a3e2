/* Saying how far long work is, and hearing that it is to stop: one object from the caller's kf_progress_fn down to
 * the innermost loop.
 *
 *   builder            tells the caller's function, with bytes on disk
 *     image, shards    MINIMISE: a shard only adds to the count of all, and hears whether it is still wanted
 *       layout         LAYOUT: hears besides whether the background has failed
 *       values         VALUES: in a thread of its own the count is only noted, for the caller's thread to tell
 *
 * A stage that has to do something else than to pass the news on has a `tell` of its own, which tells the one above.
 * A kfi_progress belongs to one thread. */
#ifndef KFI_BASE_PROGRESS_H
#define KFI_BASE_PROGRESS_H

#include "base/error.h"

#include <keyfold/progress.h>

typedef struct kfi_progress {
    /* NULL: nobody wants to know. A result other than KF_OK ends the work, which returns it. */
    kf_status (*tell)(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error);
    void *context;
    kf_phase phase;
    uint64_t total;        /* of the phase's units; 0: unknown */
    uint64_t step, since;  /* work between two reports, and since the last one */
} kfi_progress;

/* A stage of the work that tells whom `above` tells. */
static inline kfi_progress kfi_progress_stage(const kfi_progress *above, kf_phase phase, uint64_t total,
                                              uint64_t step)
{
    return (kfi_progress){ above->tell, above->context, phase, total, step, 0 };
}

/* Reports that `done` units of the phase are done. */
static inline kf_status kfi_progress_report(const kfi_progress *p, uint64_t done, kf_error *error)
{
    return p->tell ? p->tell(p->context, p->phase, done, p->total, error) : KF_OK;
}

/* Counts work, in whatever `step` is measured in, and reports when a step is full. */
static inline kf_status kfi_progress_count(kfi_progress *p, uint64_t work, uint64_t done, kf_error *error)
{
    p->since += work;
    if (__builtin_expect(p->since < p->step, 1)) return KF_OK;
    p->since = 0;
    return kfi_progress_report(p, done, error);
}

static inline kf_status kfi_cancelled(kf_error *error) { return kfi_fail(error, KF_CANCELLED, "cancelled"); }

/* Tells a caller's function, which may be NULL. */
static inline kf_status kfi_progress_call(kf_progress_fn function, void *context, const kf_progress *progress,
                                          kf_error *error)
{
    return function && function(context, progress) ? kfi_cancelled(error) : KF_OK;
}

#endif
