/* Threads that wait for one another. */
#include "base/thread.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 6, TURNS = 3000 };

typedef struct table {
    kfi_monitor monitor;
    unsigned turn, turns;
} table;

typedef struct player { table *table; unsigned number; } player;

/* Each moves when it is its turn: all must be woken each time, and nothing may get lost. */
static void play(void *context)
{
    const player *p = context;
    table *t = p->table;
    kfi_monitor_lock(&t->monitor);
    while (t->turns < TURNS) {
        if (t->turn != p->number) {
            kfi_monitor_wait(&t->monitor);
            continue;
        }
        t->turn = (t->turn + 1) % THREADS;
        t->turns++;
        kfi_monitor_changed(&t->monitor);
    }
    kfi_monitor_unlock(&t->monitor);
}

START_TEST(monitor__turns)
{
    table t = { .turn = 0 };
    player players[THREADS];
    kfi_thread threads[THREADS];
    alarm(60);
    ck_assert_int_eq(kfi_monitor_create(&t.monitor, NULL), KF_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        players[i] = (player){ &t, i };
        ck_assert_int_eq(kfi_thread_start(&threads[i], play, &players[i], NULL), KF_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) kfi_thread_join(&threads[i]);
    ck_assert_uint_eq(t.turns, TURNS);
    kfi_monitor_destroy(&t.monitor);
}
END_TEST

/* Nobody tells it anything: it must come back by itself, over the border of a second too. */
START_TEST(monitor__waits_for_a_time)
{
    static const unsigned times[] = { 0, 1, 20, 990 };
    kfi_monitor monitor;
    alarm(60);
    ck_assert_int_eq(kfi_monitor_create(&monitor, NULL), KF_OK);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        kfi_monitor_lock(&monitor);
        kfi_monitor_wait_for(&monitor, times[i]);
        kfi_monitor_unlock(&monitor);
    }
    kfi_monitor_destroy(&monitor);
}
END_TEST

static int handled;

static void handle(int number) { handled = number; }

static void note_mask(void *context)
{
    pthread_sigmask(SIG_SETMASK, NULL, context);
}

START_TEST(thread__takes_no_signals)
{
    kfi_thread thread;
    sigset_t seen, before, after;
    sigemptyset(&seen);
    signal(SIGUSR1, handle);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    ck_assert_int_eq(kfi_thread_start(&thread, note_mask, &seen, NULL), KF_OK);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    kfi_thread_join(&thread);
    static const int numbers[] = { SIGUSR1, SIGTERM, SIGINT, SIGALRM, SIGCHLD, SIGPIPE };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert(sigismember(&seen, numbers[i]));
        ck_assert_int_eq(sigismember(&after, numbers[i]), sigismember(&before, numbers[i]));
    }
    raise(SIGUSR1);
    ck_assert_int_eq(handled, SIGUSR1);
}
END_TEST

START_TEST(thread__cannot_be_started)
{
    static const struct { int reason; kf_status status; } reasons[] = {
        { EAGAIN, KF_NO_MEMORY }, { ENOMEM, KF_NO_MEMORY }, { EPERM, KF_IO },
    };
    for (size_t i = 0; i < 3; i++) {
        kfi_thread thread = { .started = 1 };
        kf_error error = { 0 };
        sigset_t before, after;
        pthread_sigmask(SIG_SETMASK, NULL, &before);
        fault_arm(FAULT_THREAD, 1, reasons[i].reason, FAULT_ONCE);
        kf_status status = kfi_thread_start(&thread, note_mask, &after, &error);
        fault_off();
        ck_assert_int_eq(status, reasons[i].status);
        ck_assert_int_eq(error.status, status);
        ck_assert_uint_gt(strlen(error.message), 10);
        ck_assert_int_eq(thread.started, 0);
        kfi_thread_join(&thread);
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        ck_assert_int_eq(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    }
}
END_TEST

START_TEST(monitor__cannot_be_created)
{
    for (uint64_t n = 1; n <= 2; n++) {
        kfi_monitor monitor;
        kf_error error = { 0 };
        fault_arm(FAULT_LOCK, n, ENOMEM, FAULT_ONCE);
        kf_status status = kfi_monitor_create(&monitor, &error);
        fault_off();
        ck_assert_int_eq(status, KF_NO_MEMORY);
        ck_assert_int_eq(error.status, status);
    }
}
END_TEST

/* ---- something a thread has one of ---------------------------------------------------------------- */

static _Atomic int created, destroyed, none_left;

static void *create_thing(void)
{
    if (none_left) return NULL;
    created++;
    return malloc(1);
}

static void destroy_thing(void *thing)
{
    destroyed++;
    free(thing);
}

static kfi_per_thread things = KFI_PER_THREAD(create_thing, destroy_thing);

static void note_thing(void *context)
{
    void **seen = context;
    *seen = kfi_per_thread_get(&things);
    if (kfi_per_thread_get(&things) != *seen) *seen = NULL;
}

START_TEST(per_thread__one_for_each)
{
    void *seen[THREADS], *own;
    kfi_thread threads[THREADS];
    none_left = 1;
    ck_assert_ptr_null(kfi_per_thread_get(&things));
    none_left = 0;
    note_thing(&own);
    ck_assert_ptr_nonnull(own);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(kfi_thread_start(&threads[i], note_thing, &seen[i], NULL), KF_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        kfi_thread_join(&threads[i]);
        ck_assert_ptr_nonnull(seen[i]);
        ck_assert_ptr_ne(seen[i], own);
    }
    ck_assert_int_eq(created, THREADS + 1);
    ck_assert_int_eq(destroyed, THREADS);
    kfi_per_thread_end(&things);
    ck_assert_int_eq(destroyed, THREADS + 1);
    kfi_per_thread_end(&things);
    note_thing(&own);   /* it begins anew */
    ck_assert_ptr_nonnull(own);
    kfi_per_thread_end(&things);
    ck_assert_int_eq(destroyed, created);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("thread");
    TCase *t = tcase_create("thread");
    tcase_add_test(t, monitor__turns);
    tcase_add_test(t, monitor__waits_for_a_time);
    tcase_add_test(t, thread__takes_no_signals);
    tcase_add_test(t, thread__cannot_be_started);
    tcase_add_test(t, monitor__cannot_be_created);
    tcase_add_test(t, per_thread__one_for_each);
    suite_add_tcase(s, t);
    return suite_run(s);
}
