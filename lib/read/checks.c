#include "read/checks.h"

#include "base/thread.h"
#include "read/shards/shards_verify.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    STEP = 1 << 20,            /* bytes between two reports */
    WAIT_MILLISECONDS = 50     /* between two reports while the caller's thread has nothing else to do */
};

kf_status kfi_checks_add(kfi_checks *checks, const kfi_check *check, kf_error *error)
{
    if (checks->count == checks->capacity) {
        size_t capacity = checks->capacity ? 2 * checks->capacity : 16;
        kfi_check *grown = realloc(checks->list, capacity * sizeof *grown);
        if (!grown) return kfi_fail_memory(error, capacity * sizeof *grown);
        checks->list = grown;
        checks->capacity = capacity;
    }
    checks->list[checks->count++] = *check;
    return KF_OK;
}

typedef struct crew {
    const kfi_checks *checks;
    const kf_verify_options *options;
    uint64_t total;                    /* bytes of all checks */
    _Atomic uint64_t done;
    _Atomic uint64_t failed_at;        /* number of the first piece that failed; UINT64_MAX: none */
    _Atomic int cancelled;
    kfi_monitor monitor;
    /* Under its lock. */
    size_t check;                      /* the next piece to begin, */
    uint64_t piece, number;            /* and how many were begun before it */
    unsigned working;                  /* threads beside the caller's */
    kf_status status;                  /* of the first failure */
    kf_error error;
} crew;

typedef struct worker {
    crew *crew;
    int is_caller;
    uint64_t number;                   /* of the piece at hand */
    uint64_t counted;                  /* bytes of it that crew->done has */
    kfi_thread thread;
} worker;

/* ---- progress ----------------------------------------------------------------------------------- */

/* Only on the caller's thread. */
static void tell_caller(crew *c)
{
    const kf_progress progress = { KF_PHASE_VERIFY, c->done, c->total, 0, 0 };
    if (!c->cancelled && kfi_progress_call(c->options->progress, c->options->progress_context, &progress, NULL))
        c->cancelled = 1;
}

/* Counts the bytes of the piece at hand. KF_CANCELLED: its result does not matter any more. */
static kf_status count(worker *w, uint64_t bytes)
{
    crew *c = w->crew;
    c->done += bytes - w->counted;
    w->counted = bytes;
    if (w->is_caller) tell_caller(c);
    return c->cancelled || c->failed_at < w->number ? KF_CANCELLED : KF_OK;
}

static kf_status tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    worker *w = context;
    const uint64_t now = done < total ? done : total;
    return count(w, now > w->counted ? now : w->counted);
}

/* ---- pieces ------------------------------------------------------------------------------------- */

static uint64_t piece_bytes(const kfi_check *check, uint64_t piece)
{
    if (!check->piece_bytes) return check->bytes;
    uint64_t before = piece * check->piece_bytes, left = check->bytes - before;
    return left < check->piece_bytes ? left : check->piece_bytes;
}

/* Takes the next piece, if there is one that matters. */
static int take(worker *w, const kfi_check **check, uint64_t *piece)
{
    crew *c = w->crew;
    kfi_monitor_lock(&c->monitor);
    const int has = c->check < c->checks->count && !c->cancelled && c->number < c->failed_at;
    if (has) {
        *check = &c->checks->list[c->check];
        *piece = c->piece++;
        w->number = c->number++;
        w->counted = 0;
        if (c->piece == (*check)->pieces) {
            c->piece = 0;
            c->check++;
        }
    }
    kfi_monitor_unlock(&c->monitor);
    return has;
}

static void failed(worker *w, const kfi_check *check, kf_status status, const kf_error *error)
{
    crew *c = w->crew;
    kfi_monitor_lock(&c->monitor);
    if (w->number < c->failed_at) {
        c->failed_at = w->number;
        c->status = status;
        c->error = *error;
        if (check->shard != KFI_CHECK_WHOLE) kfi_shards_blame_member(&c->error, status, c->checks->whole, check->shard);
        else kfi_shards_blame_file(&c->error, status, c->checks->whole, check->mapping);
    }
    kfi_monitor_unlock(&c->monitor);
}

static void work(worker *w)
{
    const kfi_check *check;
    uint64_t piece;
    while (take(w, &check, &piece)) {
        const uint64_t bytes = piece_bytes(check, piece);
        kfi_progress progress = { tell, w, KF_PHASE_VERIFY, bytes, STEP, 0 };
        kf_error error = { .offset = UINT64_MAX };
        kf_status status = check->run(check, piece, &progress, &error);
        if (status && status != KF_CANCELLED) failed(w, check, status, &error);
        if (!status) (void)count(w, bytes);
    }
}

static void work_beside(void *context)
{
    worker *w = context;
    work(w);
    kfi_monitor_lock(&w->crew->monitor);
    w->crew->working--;
    kfi_monitor_changed(&w->crew->monitor);
    kfi_monitor_unlock(&w->crew->monitor);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Fewer threads than were asked for are no failure. Returns how many there are. */
static unsigned start(crew *c, worker *workers, unsigned wanted)
{
    unsigned started = 0;
    while (started < wanted) {
        worker *w = &workers[started];
        *w = (worker){ .crew = c };
        kfi_monitor_lock(&c->monitor);
        c->working++;
        kfi_monitor_unlock(&c->monitor);
        if (kfi_thread_start(&w->thread, work_beside, w, NULL)) {
            kfi_monitor_lock(&c->monitor);
            c->working--;
            kfi_monitor_unlock(&c->monitor);
            break;
        }
        started++;
    }
    return started;
}

static void wait_for_others(crew *c)
{
    kfi_monitor_lock(&c->monitor);
    while (c->working) {
        kfi_monitor_wait_for(&c->monitor, WAIT_MILLISECONDS);
        kfi_monitor_unlock(&c->monitor);
        tell_caller(c);
        kfi_monitor_lock(&c->monitor);
    }
    kfi_monitor_unlock(&c->monitor);
}

kf_status kfi_checks_run(const kfi_checks *checks, const kf_verify_options *options, kf_error *error)
{
    crew c = { .checks = checks, .options = options, .failed_at = UINT64_MAX };
    worker caller = { .crew = &c, .is_caller = 1 }, *others = NULL;
    uint64_t pieces = 0;
    for (size_t i = 0; i < checks->count; i++) {
        c.total += checks->list[i].bytes;
        pieces += checks->list[i].pieces;
    }
    unsigned wanted = options->threads > 1 ? options->threads - 1 : 0;
    if (wanted >= pieces) wanted = (unsigned)pieces - 1;
    kf_status status = kfi_monitor_create(&c.monitor, error);
    if (status) return status;
    tell_caller(&c);
    if (wanted) others = calloc(wanted, sizeof *others);
    const unsigned started = others ? start(&c, others, wanted) : 0;
    work(&caller);
    wait_for_others(&c);
    for (unsigned i = 0; i < started; i++) kfi_thread_join(&others[i].thread);
    if (!c.status && !c.cancelled) tell_caller(&c);
    free(others);
    kfi_monitor_destroy(&c.monitor);
    if (c.cancelled) return kfi_cancelled(error);
    if (c.status && error) *error = c.error;
    return c.status;
}
