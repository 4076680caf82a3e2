/* The command that keyfold.compile starts must not outlive the process that started it: nobody would read
 * what it reports, and it may be at it for hours. Linked into the package's copy of the command, this has it
 * get SIGTERM, on which it removes its temporary files, when that process ends, however it does. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#else
#include <pthread.h>
#include <sys/event.h>
#endif

/* The process that started it, set by _files.py. */
static const char variable[] = "KEYFOLD_PARENT";

#ifdef __linux__
static void die_with(pid_t parent)
{
    (void)parent;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}
#else
/* Where the kernel does not do it, a thread waits for the end. */
static void *wait_for(void *parent)
{
    struct kevent end;
    int queue = kqueue();

    EV_SET(&end, (uintptr_t)parent, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (queue >= 0 && kevent(queue, &end, 1, &end, 1, NULL) == 1) kill(getpid(), SIGTERM);
    return NULL;
}

static void die_with(pid_t parent)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, wait_for, (void *)(intptr_t)parent) == 0) pthread_detach(thread);
}
#endif

__attribute__((constructor)) static void follow(void)
{
    const char *given = getenv(variable);
    pid_t parent;
    sigset_t term;

    if (given == NULL) return;
    parent = (pid_t)strtol(given, NULL, 10);
    /* Python may ignore or block the signal, and children inherit that. */
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &term, NULL);
    die_with(parent);
    /* It may have ended before the kernel was told. */
    if (getppid() != parent) _exit(1);
    unsetenv(variable);
}
