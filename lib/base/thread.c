#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

kf_status kfi_monitor_create(kfi_monitor *monitor, kf_error *error)
{
    pthread_condattr_t attributes;
    int reason = pthread_mutex_init(&monitor->lock, NULL);
    if (reason) return kfi_fail_errno(error, reason, "cannot create a lock");
    reason = pthread_condattr_init(&attributes);
    if (!reason) {
#if !defined(__APPLE__) && !defined(_WIN32)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
        reason = pthread_cond_init(&monitor->changed, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    if (!reason) return KF_OK;
    pthread_mutex_destroy(&monitor->lock);
    return kfi_fail_errno(error, reason, "cannot create a lock");
}

void kfi_monitor_destroy(kfi_monitor *monitor)
{
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->lock);
}

void kfi_monitor_lock(kfi_monitor *monitor) { pthread_mutex_lock(&monitor->lock); }

void kfi_monitor_unlock(kfi_monitor *monitor) { pthread_mutex_unlock(&monitor->lock); }

void kfi_monitor_wait(kfi_monitor *monitor) { pthread_cond_wait(&monitor->changed, &monitor->lock); }

void kfi_monitor_wait_for(kfi_monitor *monitor, unsigned milliseconds)
{
#ifdef __APPLE__
    const struct timespec period = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
    pthread_cond_timedwait_relative_np(&monitor->changed, &monitor->lock, &period);
#else
#ifdef _WIN32
    const clockid_t clock = CLOCK_REALTIME;   /* its conditions know no other */
#else
    const clockid_t clock = CLOCK_MONOTONIC;
#endif
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&monitor->changed, &monitor->lock, &until);
#endif
}

void kfi_monitor_changed(kfi_monitor *monitor) { pthread_cond_broadcast(&monitor->changed); }

static void *run_thread(void *context)
{
    kfi_thread *thread = context;
    thread->run(thread->context);
    return NULL;
}

kf_status kfi_thread_start(kfi_thread *thread, void (*run)(void *context), void *context, kf_error *error)
{
    thread->run = run;
    thread->context = context;
#ifdef _WIN32
    int reason = pthread_create(&thread->id, NULL, run_thread, thread);
#else
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int reason = pthread_create(&thread->id, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
#endif
    thread->started = !reason;
    if (reason == EAGAIN) return kfi_fail(error, KF_NO_MEMORY, "the system gives no more threads; ask for fewer");
    return reason ? kfi_fail_errno(error, reason, "cannot start a thread") : KF_OK;
}

void kfi_thread_join(kfi_thread *thread)
{
    if (thread->started) pthread_join(thread->id, NULL);
    thread->started = 0;
}

static int has_key(kfi_per_thread *per_thread)
{
    if (per_thread->has_key) return 1;
    pthread_mutex_lock(&per_thread->lock);
    if (!per_thread->has_key) per_thread->has_key = !pthread_key_create(&per_thread->key, per_thread->destroy);
    pthread_mutex_unlock(&per_thread->lock);
    return per_thread->has_key;
}

void *kfi_per_thread_get(kfi_per_thread *per_thread)
{
    if (!has_key(per_thread)) return NULL;
    void *thing = pthread_getspecific(per_thread->key);
    if (thing) return thing;
    thing = per_thread->create();
    if (thing && pthread_setspecific(per_thread->key, thing)) {
        per_thread->destroy(thing);
        thing = NULL;
    }
    return thing;
}

void kfi_per_thread_end(kfi_per_thread *per_thread)
{
    if (!per_thread->has_key) return;
    void *thing = pthread_getspecific(per_thread->key);
    if (thing) per_thread->destroy(thing);
    pthread_key_delete(per_thread->key);
    per_thread->has_key = 0;
}

static struct timespec now(void)
{
    struct timespec time = { 0, 0 };
#ifdef CLOCK_MONOTONIC_COARSE
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
#else
    clock_gettime(CLOCK_MONOTONIC, &time);
#endif
    return time;
}

uint64_t kfi_seconds(void) { return (uint64_t)now().tv_sec; }

uint64_t kfi_milliseconds(void)
{
    const struct timespec time = now();
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}
