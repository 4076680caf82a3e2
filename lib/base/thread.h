/* Threads: starting and joining them, waiting for one another, what each has of its own, and what
 * is done once for all; and time. */
#ifndef KFI_BASE_THREAD_H
#define KFI_BASE_THREAD_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

/* A lock, and the news that something under it has changed. */
typedef struct kfi_monitor {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} kfi_monitor;

kf_status kfi_monitor_create(kfi_monitor *monitor, kf_error *error);
void kfi_monitor_destroy(kfi_monitor *monitor);
void kfi_monitor_lock(kfi_monitor *monitor);
void kfi_monitor_unlock(kfi_monitor *monitor);
/* Locked: gives the lock up until somebody calls kfi_monitor_changed, or for no reason. */
void kfi_monitor_wait(kfi_monitor *monitor);
/* The same for at most so long. */
void kfi_monitor_wait_for(kfi_monitor *monitor, unsigned milliseconds);
void kfi_monitor_changed(kfi_monitor *monitor);

typedef struct kfi_thread {
    pthread_t id;
    void (*run)(void *context);
    void *context;
    int started;
} kfi_thread;

/* `thread` stays where it is until it is joined. Signals are not delivered to it. KF_NO_MEMORY: the system
 * gives no more threads. */
kf_status kfi_thread_start(kfi_thread *thread, void (*run)(void *context), void *context, kf_error *error);
/* Nothing if it was not started. */
void kfi_thread_join(kfi_thread *thread);

/* Something that each thread has one of, made when it first asks and destroyed when it ends. */
typedef struct kfi_per_thread {
    void *(*create)(void);
    void (*destroy)(void *thing);
    pthread_mutex_t lock;
    pthread_key_t key;
    _Atomic int has_key;
} kfi_per_thread;
#define KFI_PER_THREAD(create, destroy) { create, destroy, PTHREAD_MUTEX_INITIALIZER, 0, 0 }

/* The calling thread's. NULL: there is no memory. */
void *kfi_per_thread_get(kfi_per_thread *per_thread);
/* Before the library is unloaded, so that no thread that ends calls `destroy` any more. Destroys the calling thread's,
 * and leaves those of others, if there are any, as they are. */
void kfi_per_thread_end(kfi_per_thread *per_thread);

/* What is done once a process, by whichever thread comes first; the others wait for it. Static: KFI_ONCE_INIT. */
typedef struct kfi_once {
    pthread_once_t state;
} kfi_once;
#define KFI_ONCE_INIT { PTHREAD_ONCE_INIT }

static inline void kfi_once_run(kfi_once *once, void (*run)(void)) { pthread_once(&once->state, run); }

/* Time from some moment on, whatever is done to the clock. Costs little, and ticks some hundred times a second. */
uint64_t kfi_seconds(void);
uint64_t kfi_milliseconds(void);

#endif
