#include "names/match/crew.h"

#include "base/options.h"
#include "base/progress.h"
#include "base/thread.h"

#include <stdlib.h>

enum { TELL_MILLISECONDS = 50 };   /* between two reports */

KFI_STRUCT_KIND(many_kind, kf_names_many_options, KF_NAMES_MANY_OPTIONS_INIT, attributes, attributes);

typedef struct kfi_crew {
    const kfi_crew_work *work;
    const kf_names_many_options *options;
    _Atomic uint64_t next;         /* piece to begin */
    _Atomic uint64_t done;         /* units */
    _Atomic uint64_t failed_at;    /* the first piece that failed; UINT64_MAX: none */
    _Atomic int cancelled;
    uint64_t told;                 /* milliseconds; only the caller's thread */
    kfi_monitor monitor;           /* of what follows, */
    kfi_monitor turn;              /* and of what one thread at a time may do */
    unsigned working;              /* threads beside the caller's */
    kf_status status;              /* of the first failure */
    kf_error error;
} crew;

typedef struct member {
    kfi_crew_worker worker;
    kfi_thread thread;
    uint64_t piece;                /* at hand */
} member;

kf_status kfi_crew_options(kf_names_many_options *out, const kf_names_many_options *given, uint32_t known_flags,
                           kf_error *error)
{
    kf_status status = kfi_options_read(out, given, &many_kind, error);
    if (status) return status;
    const uint32_t unknown = out->flags & ~known_flags;
    if (unknown) return kfi_fail(error, KF_INVALID, "unknown flags %#x", (unsigned)unknown);
    if (out->threads > KFI_CREW_MOST)
        return kfi_fail(error, KF_INVALID, "at most %d threads, not %u", KFI_CREW_MOST, out->threads);
    return KF_OK;
}

unsigned kfi_crew_threads(const kfi_crew_work *work, const kf_names_many_options *options)
{
    const unsigned wanted = options->threads ? options->threads : 1;
    return wanted <= work->count ? wanted : work->count ? (unsigned)work->count : 1;
}

/* ---- progress ----------------------------------------------------------------------------------- */

/* Only on the caller's thread. */
static void tell(crew *c, int at_once)
{
    const uint64_t time = kfi_milliseconds();
    if (c->cancelled || (!at_once && time - c->told < TELL_MILLISECONDS)) return;
    const kf_progress progress = { KF_PHASE_MATCH, c->done, c->work->units, 0, 0 };
    c->told = time;
    if (kfi_progress_call(c->options->progress, c->options->progress_context, &progress, NULL)) c->cancelled = 1;
}

/* ---- pieces ------------------------------------------------------------------------------------- */

static void failed(crew *c, uint64_t piece, kf_status status, const kf_error *error)
{
    kfi_monitor_lock(&c->monitor);
    if (piece < c->failed_at) {
        c->failed_at = piece;
        c->status = status;
        c->error = *error;
    }
    kfi_monitor_unlock(&c->monitor);
}

static int matters(const crew *c, uint64_t piece)
{
    return !c->cancelled && piece < c->failed_at;
}

static void work(member *own, int is_caller)
{
    crew *c = own->worker.crew;
    while ((own->piece = c->next++) < c->work->count && matters(c, own->piece)) {
        kf_error error = { .offset = UINT64_MAX };
        uint64_t units = 0;
        const kf_status status = c->work->run(c->work->context, &own->worker, own->piece, &units, &error);
        if (status) failed(c, own->piece, status, &error);
        else c->done += units;
        if (is_caller) tell(c, 0);
    }
}

static void work_beside(void *context)
{
    member *own = context;
    crew *c = own->worker.crew;
    /* Others do the work if there is no memory for one more. */
    if (!kf_matcher_create(&own->worker.matcher, c->work->names, NULL)) work(own, 0);
    kf_matcher_destroy(&own->worker.matcher);
    kfi_monitor_lock(&c->monitor);
    c->working--;
    kfi_monitor_changed(&c->monitor);
    kfi_monitor_unlock(&c->monitor);
}

int kfi_crew_enter(kfi_crew_worker *worker)
{
    kfi_monitor_lock(&worker->crew->turn);
    return matters(worker->crew, ((member *)worker)->piece);
}

int kfi_crew_wait(kfi_crew_worker *worker)
{
    crew *c = worker->crew;
    kfi_monitor_wait_for(&c->turn, TELL_MILLISECONDS);
    if (!worker->number) {
        kfi_monitor_unlock(&c->turn);
        tell(c, 0);
        kfi_monitor_lock(&c->turn);
    }
    return matters(c, ((member *)worker)->piece);
}

void kfi_crew_leave(kfi_crew_worker *worker)
{
    kfi_monitor_changed(&worker->crew->turn);
    kfi_monitor_unlock(&worker->crew->turn);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Fewer threads than were asked for are no failure. Returns how many there are. */
static unsigned start(crew *c, member *members, unsigned wanted)
{
    unsigned started = 0;
    c->working = wanted;
    while (started < wanted) {
        member *m = &members[started];
        *m = (member){ .worker = { NULL, started + 1, c } };
        if (kfi_thread_start(&m->thread, work_beside, m, NULL)) break;
        started++;
    }
    kfi_monitor_lock(&c->monitor);
    c->working -= wanted - started;
    kfi_monitor_unlock(&c->monitor);
    return started;
}

static void wait_for_others(crew *c)
{
    kfi_monitor_lock(&c->monitor);
    while (c->working) {
        kfi_monitor_wait_for(&c->monitor, TELL_MILLISECONDS);
        kfi_monitor_unlock(&c->monitor);
        tell(c, 0);
        kfi_monitor_lock(&c->monitor);
    }
    kfi_monitor_unlock(&c->monitor);
}

static kf_status run(crew *c, member *caller, kf_error *error)
{
    const unsigned wanted = kfi_crew_threads(c->work, c->options) - 1;
    member *others = wanted ? calloc(wanted, sizeof *others) : NULL;
    tell(c, 1);
    const unsigned started = others ? start(c, others, wanted) : 0;
    work(caller, 1);
    wait_for_others(c);
    for (unsigned i = 0; i < started; i++) kfi_thread_join(&others[i].thread);
    free(others);
    if (!c->status) tell(c, 1);
    if (c->cancelled) return kfi_cancelled(error);
    if (c->status && error) *error = c->error;
    return c->status;
}

kf_status kfi_crew_run(const kfi_crew_work *work, const kf_names_many_options *options, kf_error *error)
{
    crew c = { .work = work, .options = options, .failed_at = UINT64_MAX };
    member caller = { .worker = { NULL, 0, &c } };
    kf_status status = kfi_monitor_create(&c.monitor, error);
    if (status) return status;
    status = kfi_monitor_create(&c.turn, error);
    if (!status) {
        status = kf_matcher_create(&caller.worker.matcher, work->names, error);
        if (!status) status = run(&c, &caller, error);
        kf_matcher_destroy(&caller.worker.matcher);
        kfi_monitor_destroy(&c.turn);
    }
    kfi_monitor_destroy(&c.monitor);
    return status;
}
