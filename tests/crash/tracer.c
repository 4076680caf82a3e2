/* Runs a program and stops it at its system calls (ptrace), with all its threads and children.
 *
 *   tracer LOG N PROGRAM [ARG...]    N > 0: kills it (SIGKILL) right before its N-th call, counted from its start
 *                                    N = 0: writes what it does to files into LOG
 *
 * A record of LOG is a line "NAME RESULT ARG0 .. ARG5 SIZE SIZE" and two strings of these sizes: the paths of the call,
 * or the bytes that it wrote. "calls COUNT" is the last line, whatever N. Ends with the program's status, 137 if it was
 * killed, and 77 where there is no PTRACE_GET_SYSCALL_INFO (Linux 5.3). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 256, KILLED = 137, UNABLE = 77, PATH_ROOM = 4096 };

/* Which of a call's arguments are paths, and which has the bytes that it writes; -1: none. */
static const struct call { const char *name; long number; int path, second, data; } recorded[] = {
#define CALL(name, path, second, data) { #name, SYS_##name, path, second, data }
#ifdef SYS_open
    CALL(open, 0, -1, -1), CALL(creat, 0, -1, -1), CALL(rename, 0, 1, -1), CALL(link, 0, 1, -1),
    CALL(symlink, 0, 1, -1), CALL(unlink, 0, -1, -1), CALL(mkdir, 0, -1, -1), CALL(rmdir, 0, -1, -1),
    CALL(dup2, -1, -1, -1),
#endif
    CALL(openat, 1, -1, -1), CALL(renameat2, 1, 3, -1), CALL(linkat, 1, 3, -1), CALL(symlinkat, 0, 2, -1),
#ifdef SYS_renameat
    CALL(renameat, 1, 3, -1),
#endif
    CALL(unlinkat, 1, -1, -1), CALL(mkdirat, 1, -1, -1), CALL(write, -1, -1, 1), CALL(pwrite64, -1, -1, 1),
    CALL(writev, -1, -1, -1), CALL(pwritev, -1, -1, -1), CALL(sendfile, -1, -1, -1), CALL(splice, -1, -1, -1),
    CALL(copy_file_range, -1, -1, -1), CALL(truncate, 0, -1, -1), CALL(ftruncate, -1, -1, -1),
    CALL(fallocate, -1, -1, -1), CALL(fsync, -1, -1, -1), CALL(fdatasync, -1, -1, -1), CALL(sync, -1, -1, -1),
    CALL(lseek, -1, -1, -1), CALL(close, -1, -1, -1), CALL(dup, -1, -1, -1), CALL(dup3, -1, -1, -1),
    CALL(fcntl, -1, -1, -1),
};

static struct { pid_t thread; uint64_t number, args[6]; } entered[THREADS];
static pid_t program;
static uint64_t calls, deadly;
static FILE *log_file;

static size_t slot_of(pid_t thread)
{
    size_t i = 0, first_free = THREADS;
    for (; i < THREADS && entered[i].thread != thread; i++)
        if (!entered[i].thread && first_free == THREADS) first_free = i;
    if (i == THREADS) i = first_free;
    if (i == THREADS) exit(UNABLE);
    entered[i].thread = thread;
    return i;
}

/* Up to `size` bytes of the program's memory, fewer if there are no more. */
static size_t peek(pid_t thread, uint64_t at, void *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t part = 4096 - (at + done) % 4096;
        if (part > size - done) part = size - done;
        const struct iovec here = { (char *)to + done, part };
        const struct iovec there = { (void *)(uintptr_t)(at + done), part };
        const ssize_t n = process_vm_readv(thread, &here, 1, &there, 1, 0);
        if (n <= 0) break;
        done += (size_t)n;
    }
    return done;
}

static size_t peek_path(pid_t thread, uint64_t at, char path[PATH_ROOM])
{
    path[peek(thread, at, path, PATH_ROOM - 1)] = '\0';
    return strlen(path);
}

static void record(size_t slot, int64_t result)
{
    static char first[PATH_ROOM], second[PATH_ROOM];
    const pid_t thread = entered[slot].thread;
    const uint64_t *args = entered[slot].args;
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        const struct call *c = &recorded[i];
        char *text = first;
        size_t size = 0, more = 0;
        if ((uint64_t)c->number != entered[slot].number || result < 0) continue;
        if (c->path >= 0) size = peek_path(thread, args[c->path], first);
        if (c->second >= 0) more = peek_path(thread, args[c->second], second);
        if (c->data >= 0) {
            text = malloc((size_t)result + 1);
            size = text ? peek(thread, args[c->data], text, (size_t)result) : 0;
            if (size != (size_t)result) exit(UNABLE);
        }
        fprintf(log_file, "%s %" PRId64, c->name, result);
        for (unsigned a = 0; a < 6; a++) fprintf(log_file, " %" PRId64, (int64_t)args[a]);
        fprintf(log_file, " %zu %zu\n", size, more);
        fwrite(text, 1, size, log_file);
        fwrite(second, 1, more, log_file);
        if (c->data >= 0) free(text);
    }
}

/* A thread stands before a call or after one. */
static void at_call(pid_t thread)
{
    struct __ptrace_syscall_info call = { 0 };
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof call, &call) <= 0) {
        if (errno != ESRCH) exit(UNABLE);
        return;
    }
    const size_t slot = slot_of(thread);
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
        entered[slot].number = call.entry.nr;
        for (unsigned a = 0; a < 6; a++) entered[slot].args[a] = call.entry.args[a];
        if (++calls == deadly) kill(program, SIGKILL);
    } else if (call.op == PTRACE_SYSCALL_INFO_EXIT && !deadly) {
        record(slot, call.exit.rval);
    }
}

/* Lets everything run until the program ends; returns its status. */
static int follow(void)
{
    int status;
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0; ) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            entered[slot_of(thread)].thread = 0;
            if (thread == program) return status;
            continue;
        }
        long signal_number = WSTOPSIG(status);
        if (signal_number == (SIGTRAP | 0x80)) {
            at_call(thread);
            signal_number = 0;
        } else if (signal_number == SIGTRAP || signal_number == SIGSTOP) {
            signal_number = 0;     /* a thread begins, or exec */
        }
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)signal_number);
    }
    return -1;
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 4) return 2;
    log_file = fopen(argv[1], "wb");
    deadly = strtoull(argv[2], NULL, 10);
    program = fork();
    if (!log_file || program < 0) return UNABLE;
    if (program == 0) {
        fclose(log_file);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) _exit(UNABLE);
        raise(SIGSTOP);
        execv(argv[3], argv + 3);
        _exit(127);
    }
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
                         | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status)) return UNABLE;
    if (ptrace(PTRACE_SETOPTIONS, program, NULL, (void *)options)) return UNABLE;
    ptrace(PTRACE_SYSCALL, program, NULL, NULL);
    status = follow();
    fprintf(log_file, "calls %" PRIu64 "\n", calls);
    if (fclose(log_file)) return UNABLE;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
