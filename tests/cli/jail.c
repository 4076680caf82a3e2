/* Runs a program that may read files and talk to what is open already, and nothing else: jail PROGRAM [ARG...]
 *
 * Opening a file to write it, changing folders, sockets, signals to others, new processes and mappings that can be both
 * written and executed end it with SIGSYS. Prints "no seccomp" and exits with 77 where the kernel has none. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter program[256];
static unsigned short size;

static void emit(unsigned short code, unsigned yes, unsigned no, unsigned value)
{
    program[size++] = (struct sock_filter){ code, (unsigned char)yes, (unsigned char)no, value };
}

static void refuse(int call)
{
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)call);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
}

/* Refuses a call whose argument has any of some bits, or all of them. */
static void refuse_bits(int call, unsigned argument, unsigned bits, int all)
{
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, all ? 5 : 4, (unsigned)call);
    emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)(offsetof(struct seccomp_data, args) + 8 * argument));
    if (all) emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, bits);
    emit(all ? BPF_JMP | BPF_JEQ | BPF_K : BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
}

static void make_program(void)
{
    static const int refused[] = {
        SYS_socket, SYS_connect, SYS_bind, SYS_sendto, SYS_kill, SYS_tkill, SYS_ptrace, SYS_unlinkat, SYS_renameat,
        SYS_renameat2, SYS_mkdirat, SYS_linkat, SYS_symlinkat, SYS_mknodat, SYS_fchmod, SYS_fchmodat, SYS_fchown,
        SYS_fchownat, SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_setxattr, SYS_mount, SYS_chroot, SYS_setuid,
#if defined(__x86_64__)
        SYS_unlink, SYS_rename, SYS_mkdir, SYS_rmdir, SYS_link, SYS_symlink, SYS_creat, SYS_chmod, SYS_chown, SYS_fork,
        SYS_vfork,
#endif
    };
    const unsigned writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) refuse(refused[i]);
    refuse_bits(SYS_openat, 2, writing, 0);
#if defined(__x86_64__)
    refuse_bits(SYS_open, 1, writing, 0);
#endif
    refuse_bits(SYS_mmap, 2, PROT_WRITE | PROT_EXEC, 1);
    refuse_bits(SYS_mprotect, 2, PROT_WRITE | PROT_EXEC, 1);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    make_program();
    const struct sock_fprog jail = { size, program };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &jail)) {
        puts("no seccomp");
        return 77;
    }
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 78;
}
