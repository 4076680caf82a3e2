/* The command that keyfold.compile starts must not outlive the process that started it: nobody would read
 * what it reports, and it may be at it for hours. Linked into the package's copy of the command, this has the
 * kernel send it SIGTERM, on which it removes its temporary files, when that process ends, however it does. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The process that started it, set by _files.py. */
static const char variable[] = "KEYFOLD_PARENT";

__attribute__((constructor)) static void follow(void)
{
    const char *parent = getenv(variable);
    sigset_t term;

    if (parent == NULL) return;
    /* Python may ignore or block the signal, and children inherit that. */
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &term, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* It may have ended before the kernel was told. */
    if (getppid() != (pid_t)strtol(parent, NULL, 10)) _exit(1);
    unsetenv(variable);
}
