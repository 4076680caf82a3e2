#include "fault.h"
#include "tally.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- which call fails ----------------------------------------------------------------------- */

static struct {
    unsigned kinds;
    uint64_t n, calls;
    int os_error, mode, fired;
} plan;
static size_t short_io;
static _Thread_local int suspended;
static int refuse_nameless, skip_sync;
static unsigned hurry;
static uint64_t free_space = UINT64_MAX;
static _Atomic unsigned hurried;

void fault_arm(unsigned kinds, uint64_t n, int os_error, int mode)
{
    pthread_mutex_lock(&lock);
    plan.kinds = kinds;
    plan.n = n;
    plan.calls = 0;
    plan.os_error = os_error;
    plan.mode = mode;
    plan.fired = 0;
    pthread_mutex_unlock(&lock);
}

void fault_off(void) { fault_arm(0, 0, 0, FAULT_ONCE); }
int fault_fired(void) { return plan.fired; }
uint64_t fault_calls(void) { return plan.calls; }
void fault_short_io(size_t bytes) { short_io = bytes; }
void fault_hurry(unsigned seconds) { hurry = seconds; }
void fault_skip_sync(int skip) { skip_sync = skip; }
void fault_free_space(uint64_t bytes) { free_space = bytes; }
void fault_refuse_nameless(int refuse) { refuse_nameless = refuse; }

/* Counts a call; true, with errno set, if it must fail. */
static int fails(unsigned kind)
{
    int fail = 0;
    if (suspended) return 0;
    pthread_mutex_lock(&lock);
    if (plan.kinds & kind) {
        plan.calls++;
        const uint64_t last = plan.mode == FAULT_FROM ? UINT64_MAX : plan.n + (plan.mode == FAULT_TWICE);
        fail = plan.n && plan.calls >= plan.n && plan.calls <= last;
        if (fail) {
            if (plan.mode == FAULT_KILL) raise(SIGKILL);
            plan.fired = 1;
            tally(kind == FAULT_ALLOC ? "failing allocations" : "failing calls", 1);
            errno = plan.os_error;
        }
    }
    pthread_mutex_unlock(&lock);
    return fail;
}

static fault_watcher watcher;
void fault_watch(fault_watcher new_watcher) { watcher = new_watcher; }

static void watch(unsigned kind, const char *path)
{
    if (watcher && !suspended) watcher(kind, path);
}

static void watch_file(unsigned kind, int fd)
{
    char link[40], path[500];
    if (!watcher) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size < 0 ? 0 : size] = '\0';
    watch(kind, path);
}

static size_t shortened(size_t size)
{
    return short_io && size > short_io ? short_io : size;
}

/* ---- live allocations ----------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *pointer);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);

enum { BUCKETS = 1 << 14 };
struct node { struct node *next; void *pointer; size_t size; };
static struct node *buckets[BUCKETS];
static long live;
static size_t live_bytes, peak_bytes;

static struct node **bucket(void *pointer)
{
    return &buckets[((uintptr_t)pointer >> 4) * 0x9e3779b97f4a7c15u >> 50];
}

static void *born(void *pointer, size_t size)
{
    struct node *node = pointer ? __real_malloc(sizeof *node) : NULL;
    if (!node) return pointer;
    pthread_mutex_lock(&lock);
    struct node **head = bucket(pointer);
    *node = (struct node){ *head, pointer, size };
    *head = node;
    live++;
    live_bytes += size;
    if (live_bytes > peak_bytes) peak_bytes = live_bytes;
    pthread_mutex_unlock(&lock);
    return pointer;
}

static void died(void *pointer)
{
    if (!pointer) return;
    struct node *dead = NULL;
    pthread_mutex_lock(&lock);
    for (struct node **p = bucket(pointer); *p; p = &(*p)->next)
        if ((*p)->pointer == pointer) {
            dead = *p;
            *p = dead->next;
            live--;
            live_bytes -= dead->size;
            break;
        }
    pthread_mutex_unlock(&lock);
    __real_free(dead);
}

void fault_mark(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < BUCKETS; i++)
        while (buckets[i]) {
            struct node *node = buckets[i];
            buckets[i] = node->next;
            __real_free(node);
        }
    live = 0;
    live_bytes = peak_bytes = 0;
    pthread_mutex_unlock(&lock);
}

long fault_live(void) { return live; }
size_t fault_live_bytes(void) { return live_bytes; }
size_t fault_peak_bytes(void) { return peak_bytes; }

void *__wrap_malloc(size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : born(__real_malloc(size), size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : born(__real_calloc(count, size), count * size);
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails(FAULT_ALLOC)) return NULL;
    /* Forgotten first: another thread may be given the old address at once. */
    died(old);
    void *fresh = __real_realloc(old, size);
    if (!fresh && old && size) born(old, malloc_usable_size(old));
    return born(fresh, size);
}

void __wrap_free(void *pointer)
{
    died(pointer);
    __real_free(pointer);
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    if (fails(FAULT_ALLOC)) return ENOMEM;
    int result = __real_posix_memalign(out, alignment, size);
    if (result == 0) born(*out, size);
    return result;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : born(__real_aligned_alloc(alignment, size), size);
}

char *__wrap_strndup(const char *text, size_t size)
{
    size = strnlen(text, size);
    char *copy = __wrap_malloc(size + 1);
    if (copy) memcpy(copy, text, size), copy[size] = '\0';
    return copy;
}

char *__wrap_strdup(const char *text) { return __wrap_strndup(text, strlen(text)); }

/* zstd allocates for itself, where it is a shared library by other names than those above. */
#define WRAP_CREATE(name, parameters, arguments) \
    void *__real_##name parameters; \
    void *__wrap_##name parameters; \
    void *__wrap_##name parameters { return fails(FAULT_ALLOC) ? NULL : __real_##name arguments; }
WRAP_CREATE(ZSTD_createCCtx, (void), ())
WRAP_CREATE(ZSTD_createDCtx, (void), ())
WRAP_CREATE(ZSTD_createDDict, (const void *dictionary, size_t size), (dictionary, size))

/* It allocates its window. */
size_t __real_ZSTD_decompressStream(void *context, void *out, void *in);
size_t __wrap_ZSTD_decompressStream(void *context, void *out, void *in);
size_t __wrap_ZSTD_decompressStream(void *context, void *out, void *in)
{
    enum { MEMORY_ALLOCATION = 64 };   /* of ZSTD_ErrorCode */
    return fails(FAULT_ALLOC) ? (size_t)-MEMORY_ALLOCATION : __real_ZSTD_decompressStream(context, out, in);
}

/* ---- system calls --------------------------------------------------------------------------- */

/* Each call exists twice: under its own name and, with 64-bit offsets, under a second one. */
#define WRAP(kind, result, name, parameters, arguments) \
    result __real_##name parameters; \
    result __wrap_##name parameters { return fails(kind) ? (result)-1 : __real_##name arguments; }

static int refused(int flags)
{
    if (!refuse_nameless || (flags & O_TMPFILE) != O_TMPFILE) return 0;
    errno = EOPNOTSUPP;
    return 1;
}

#define WRAP_OPEN(name) \
    int __real_##name(const char *path, int flags, ...); \
    int __wrap_##name(const char *path, int flags, ...) \
    { \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        return refused(flags) || fails(FAULT_OPEN) ? -1 : __real_##name(path, flags, mode); \
    }
#define WRAP_OPENAT(name) \
    int __real_##name(int folder, const char *path, int flags, ...); \
    int __wrap_##name(int folder, const char *path, int flags, ...) \
    { \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        return refused(flags) || fails(FAULT_OPEN) ? -1 : __real_##name(folder, path, flags, mode); \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
WRAP(FAULT_OPEN, int, mkostemp, (char *name, int flags), (name, flags))
WRAP(FAULT_OPEN, int, mkostemp64, (char *name, int flags), (name, flags))

#define WRAP_WATCHED(kind, result, name, parameters, arguments, watched) \
    result __real_##name parameters; \
    result __wrap_##name parameters \
    { \
        if (fails(kind)) return -1; \
        watched; \
        return __real_##name arguments; \
    }
WRAP_WATCHED(FAULT_WRITE, ssize_t, write, (int fd, const void *data, size_t size),
             (fd, data, shortened(size)), watch_file(FAULT_WRITE, fd))
WRAP_WATCHED(FAULT_WRITE, ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at),
             (fd, data, shortened(size), at), watch_file(FAULT_WRITE, fd))
WRAP_WATCHED(FAULT_WRITE, ssize_t, pwrite64, (int fd, const void *data, size_t size, off_t at),
             (fd, data, shortened(size), at), watch_file(FAULT_WRITE, fd))
WRAP(FAULT_READ, ssize_t, read, (int fd, void *data, size_t size), (fd, data, shortened(size)))
WRAP(FAULT_READ, ssize_t, pread, (int fd, void *data, size_t size, off_t at),
     (fd, data, shortened(size), at))
WRAP(FAULT_READ, ssize_t, pread64, (int fd, void *data, size_t size, off_t at),
     (fd, data, shortened(size), at))
#define WRAP_SYNC(name) \
    int __real_##name(int fd); \
    int __wrap_##name(int fd) \
    { \
        if (fails(FAULT_SYNC)) return -1; \
        watch_file(FAULT_SYNC, fd); \
        return skip_sync ? 0 : __real_##name(fd); \
    }
WRAP_SYNC(fsync)
WRAP_SYNC(fdatasync)
WRAP_WATCHED(FAULT_RENAME, int, rename, (const char *from, const char *to), (from, to), watch(FAULT_RENAME, to))
WRAP_WATCHED(FAULT_RENAME, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to),
             watch(FAULT_RENAME, to))
WRAP_WATCHED(FAULT_LINK, int, link, (const char *from, const char *to), (from, to), watch(FAULT_LINK, to))
WRAP_WATCHED(FAULT_LINK, int, linkat, (int a, const char *from, int b, const char *to, int flags),
             (a, from, b, to, flags), watch(FAULT_LINK, to))
WRAP(FAULT_TRUNCATE, int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(FAULT_TRUNCATE, int, ftruncate64, (int fd, off_t size), (fd, size))
WRAP(FAULT_MAP, void *, mmap, (void *a, size_t n, int protection, int flags, int fd, off_t at),
     (a, n, protection, flags, fd, at))
WRAP(FAULT_MAP, void *, mmap64, (void *a, size_t n, int protection, int flags, int fd, off_t at),
     (a, n, protection, flags, fd, at))
WRAP(FAULT_MAP, int, mlock, (const void *data, size_t size), (data, size))
WRAP(FAULT_STAT, int, stat, (const char *path, struct stat *out), (path, out))
WRAP(FAULT_STAT, int, stat64, (const char *path, struct stat64 *out), (path, out))
WRAP(FAULT_STAT, int, fstat, (int fd, struct stat *out), (fd, out))
WRAP(FAULT_STAT, int, fstat64, (int fd, struct stat64 *out), (fd, out))
WRAP(FAULT_STAT, int, fstatat, (int a, const char *path, struct stat *out, int flags),
     (a, path, out, flags))
WRAP(FAULT_STAT, int, fstatat64, (int a, const char *path, struct stat64 *out, int flags),
     (a, path, out, flags))
#define WRAP_STATVFS(name) \
    int __real_##name(const char *path, struct name *out); \
    int __wrap_##name(const char *path, struct name *out) \
    { \
        int result = __real_##name(path, out); \
        if (result == 0 && free_space != UINT64_MAX) out->f_bavail = free_space / out->f_frsize; \
        return result; \
    }
WRAP_STATVFS(statvfs)
WRAP_STATVFS(statvfs64)
WRAP(FAULT_NAMES, int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(FAULT_NAMES, int, rmdir, (const char *path), (path))
WRAP(FAULT_NAMES, int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(FAULT_NAMES, int, flock, (int fd, int operation), (fd, operation))
WRAP(FAULT_MODE, int, fchmod, (int fd, mode_t mode), (fd, mode))

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = __real_clock_gettime(clock, out);
    unsigned ahead = atomic_fetch_add(&hurried, hurry) + hurry;
    out->tv_sec += (time_t)ahead;
    return result;
}

int __real_close(int fd);
int __wrap_close(int fd)
{
    int fail = fails(FAULT_CLOSE);
    int reason = errno;
    int result = __real_close(fd);
    if (!fail) return result;
    errno = reason;
    return -1;
}

/* These return what went wrong. */
#define WRAP_PTHREAD(kind, name, parameters, arguments) \
    int __real_##name parameters; \
    int __wrap_##name parameters { return fails(kind) ? errno : __real_##name arguments; }

WRAP_PTHREAD(FAULT_THREAD, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes,
             void *(*run)(void *), void *context), (thread, attributes, run, context))
WRAP_PTHREAD(FAULT_LOCK, pthread_mutex_init, (pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes),
             (mutex, attributes))
WRAP_PTHREAD(FAULT_LOCK, pthread_cond_init, (pthread_cond_t *condition, const pthread_condattr_t *attributes),
             (condition, attributes))

struct job { void (*work)(void *); void *context; };

static void *run_job(void *context)
{
    struct job *job = context;
    job->work(job->context);
    return NULL;
}

void fault_in_thread(void (*work)(void *), void *context)
{
    struct job job = { work, context };
    pthread_t thread;
    if (__real_pthread_create(&thread, NULL, run_job, &job)) abort();
    pthread_join(thread, NULL);
}

/* ---- Check itself --------------------------------------------------------------------------- */

/* libcheck is a static library, so its own calls are wrapped too: an assertion made while a plan is
 * armed must neither fail nor count. */
void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line)
{
    suspended++;
    __real__mark_point(file, line);
    suspended--;
}

void __real__ck_assert_failed(const char *file, int line, const char *expression,
                              const char *message, ...);
void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
                              const char *message, ...)
{
    char text[1024];
    va_list list;
    fault_off();
    if (!message) {
        __real__ck_assert_failed(file, line, expression, NULL);
        return;
    }
    va_start(list, message);
    vsnprintf(text, sizeof text, message, list);
    va_end(list);
    __real__ck_assert_failed(file, line, expression, "%s", text);
}

int fault_open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return -1;
    int count = -1;    /* the folder's own descriptor */
    for (struct dirent *entry; (entry = readdir(folder)); ) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}
