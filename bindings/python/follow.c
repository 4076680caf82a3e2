/* The command that keyfold.compile starts must not outlive the process that started it: nobody would read
 * what it reports, and it may be at it for hours. Linked into the package's copy of the command, this has it
 * get SIGTERM, on which it removes its temporary files, when that process ends, however it does. On Windows it just
 * ends: temporary files vanish there by themselves. */
#include <stdlib.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <signal.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#else
#include <pthread.h>
#include <sys/event.h>
#endif
#endif

/* The process that started it, set by _files.py. */
static const char variable[] = "KEYFOLD_PARENT";

#ifdef _WIN32
static DWORD WINAPI wait_for(void *parent)
{
    WaitForSingleObject(parent, INFINITE);
    TerminateProcess(GetCurrentProcess(), 1);
    return 0;
}

__attribute__((constructor)) static void follow(void)
{
    const char *given = getenv(variable);
    HANDLE parent, thread;

    if (given == NULL) return;
    parent = OpenProcess(SYNCHRONIZE, FALSE, strtoul(given, NULL, 10));
    if (parent == NULL) _exit(1);   /* it has ended */
    thread = CreateThread(NULL, 0, wait_for, parent, 0, NULL);
    if (thread != NULL) CloseHandle(thread);
    (void)_putenv("KEYFOLD_PARENT=");
}
#else
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
#endif
