/* What some systems lack, or call by another name. */
#ifndef TOOL_SYSTEM_H
#define TOOL_SYSTEM_H

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Makes argument and streams what they are elsewhere, before anything else; 0 if there is no memory. */
int system_start(int *argc, char ***argv);
/* Of the terminal that standard error is; 0: it is none, or that can't be told. */
size_t system_columns(void);

#if defined(_WIN32)
#define SIGPIPE 13
#define flockfile _lock_file
#define funlockfile _unlock_file
void *memmem(const void *data, size_t size, const void *part, size_t part_size);
#endif

#if defined(__APPLE__) || defined(_WIN32)
static inline void *memrchr(const void *data, int byte, size_t size)
{
    const unsigned char *bytes = data;
    while (size > 0)
        if (bytes[--size] == (unsigned char)byte)
            return (void *)(bytes + size);
    return NULL;
}
#endif

#if !defined(_WIN32)
/* A pipe that no program started from here inherits, as far as the system can; 0, or -1 and errno. */
static inline int make_pipe(int ends[2])
{
#if defined(__APPLE__)
    if (pipe(ends) != 0)
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#else
    return pipe2(ends, O_CLOEXEC);
#endif
}
#endif

/* The file will be read from start to end. */
static inline void advise_sequential(int file)
{
#if defined(__APPLE__)
    (void)fcntl(file, F_RDAHEAD, 1);
#elif defined(_WIN32)
    (void)file;   /* what is read so is noticed there */
#else
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
}

#endif
