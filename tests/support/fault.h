/* Fault injection: the linker routes the library's allocations and system calls through here
 * (`fault_link_args` in tests/meson.build), where any one of them can be made to fail.
 *
 * The sweep that every module's test should make:
 *
 *     for (uint64_t n = 1; ; n++) {
 *         fault_mark();
 *         fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
 *         kf_status status = work();
 *         int fired = fault_fired();
 *         fault_off();
 *         ck_assert_int_eq(fault_live(), 0);
 *         if (!fired) break;                 // every call has failed once
 *         ck_assert_int_eq(status, KF_NO_MEMORY);
 *     }
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stddef.h>
#include <stdint.h>

enum {
    FAULT_ALLOC = 1u << 0,    /* malloc calloc realloc posix_memalign aligned_alloc strdup strndup,
                                 and what zstd creates, or allocates for a stream */
    FAULT_OPEN = 1u << 1,     /* open openat mkostemp */
    FAULT_WRITE = 1u << 2,    /* write pwrite */
    FAULT_READ = 1u << 3,     /* read pread */
    FAULT_SYNC = 1u << 4,     /* fsync fdatasync */
    FAULT_RENAME = 1u << 5,   /* rename renameat */
    FAULT_LINK = 1u << 6,     /* link linkat */
    FAULT_TRUNCATE = 1u << 7, /* ftruncate */
    FAULT_MAP = 1u << 8,      /* mmap mlock */
    FAULT_CLOSE = 1u << 9,    /* close: the descriptor is closed all the same */
    FAULT_STAT = 1u << 10,    /* stat fstat fstatat */
    FAULT_MODE = 1u << 11,    /* fchmod */
    FAULT_IO = 0xffeu,        /* all of these but FAULT_ALLOC */
    FAULT_ALL = 0xfffu,
    FAULT_THREAD = 1u << 12,  /* pthread_create */
    FAULT_LOCK = 1u << 13,    /* pthread_mutex_init pthread_cond_init */
    FAULT_NAMES = 1u << 14    /* mkdir rmdir unlinkat flock */
};

enum { FAULT_ONCE = 0, FAULT_FROM = 1, FAULT_KILL = 2, FAULT_TWICE = 3 };

/* From now on the n-th call (from 1) of these kinds together fails with `os_error`; with FAULT_FROM
 * all later ones too; with FAULT_TWICE the next one too (arrays ask a second time, for less); with FAULT_KILL the
 * process dies of SIGKILL instead, right before it. Counting starts at 0. n = 0: only count. */
void fault_arm(unsigned kinds, uint64_t n, int os_error, int mode);
/* Nothing fails any more. */
void fault_off(void);
/* Whether a call was made to fail since fault_arm. */
int fault_fired(void);
/* Calls of the armed kinds since fault_arm. */
uint64_t fault_calls(void);
/* Reads and writes transfer at most so many bytes a call; 0: as asked. fault_off leaves it. */
void fault_short_io(size_t bytes);
/* fsync and fdatasync count, and can fail, but sync nothing: a process that is killed loses nothing by that, and
 * tests that kill it a thousand times gain. fault_off leaves it. */
void fault_skip_sync(int skip);
/* Every look at a clock finds it so many seconds further on than it would be. fault_off leaves it. */
void fault_hurry(unsigned seconds);
/* Every file system seems to have so many bytes free; UINT64_MAX: what it has. fault_off leaves it. */
void fault_free_space(uint64_t bytes);
/* O_TMPFILE is refused as on a file system that lacks it. fault_off leaves it. */
void fault_refuse_nameless(int refuse);

/* Called before each write, sync, link and rename that goes through, with the file's path, or the new name; it may not
 * make any itself. NULL: no more. */
typedef void (*fault_watcher)(unsigned kind, const char *path);
void fault_watch(fault_watcher watcher);

/* Runs `work` in a thread of its own, so that what the library keeps for a thread is freed with it. */
void fault_in_thread(void (*work)(void *), void *context);

/* Forgets all allocations up to now. */
void fault_mark(void);
/* Allocations since fault_mark that were not freed, their bytes, and the most bytes at one time. */
long fault_live(void);
size_t fault_live_bytes(void);
size_t fault_peak_bytes(void);

/* File descriptors that the process has open. */
int fault_open_files(void);

#endif
