/* What keyfold uses of POSIX, made from calls of Windows: included before all else there (-include), so that the rest
 * is written once. Paths are UTF-8, of any length, with slashes of either kind. Files are opened so that others
 * may open, rename and remove them meanwhile, and never as text. Functions return what POSIX says and set errno.
 *
 * Threads are those of mingw-w64's winpthreads, linked in: it has all that base/thread.h asks for. */
#ifndef KFI_BASE_WINDOWS_POSIX_H
#define KFI_BASE_WINDOWS_POSIX_H

#define _CRT_RAND_S
#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifndef EDQUOT
#define EDQUOT 10069   /* WSAEDQUOT: nothing returns it */
#endif

/* ---- opening: what has no meaning here is 0 ------------------------------------------------------ */

#define O_CLOEXEC O_NOINHERIT
#define O_NOCTTY 0
#define O_NONBLOCK 0
#define O_DIRECTORY 0x4000000
#define O_NOFOLLOW 0x1000000
#define NAME_MAX 255
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 1
#define AT_EACCESS 2

#define tell kfi_windows_tell   /* io.h has a function of that name */
#undef open
#define open kfi_windows_open
#define openat kfi_windows_openat
int kfi_windows_open(const char *path, int flags, ...);
/* Folders are opened as files are; names in them are found wherever they were moved to meanwhile. */
int kfi_windows_openat(int folder, const char *name, int flags, ...);

/* ---- what files are ------------------------------------------------------------------------------- */

#define S_IFLNK 0xA000
#undef S_ISLNK
#define S_ISLNK(mode) (((mode) & S_IFMT) == S_IFLNK)

struct kfi_windows_stat {
    uint64_t st_dev, st_ino;   /* of a volume, and in it */
    int64_t st_size;
    mode_t st_mode;
    unsigned st_nlink, st_uid;
    time_t st_mtime;
};

#undef stat
#undef fstat
#define stat kfi_windows_stat
#define fstat kfi_windows_fstat
#define lstat kfi_windows_lstat
#define fstatat kfi_windows_fstatat
int kfi_windows_stat(const char *path, struct kfi_windows_stat *out);
int kfi_windows_lstat(const char *path, struct kfi_windows_stat *out);
int kfi_windows_fstat(int fd, struct kfi_windows_stat *out);
int kfi_windows_fstatat(int folder, const char *name, struct kfi_windows_stat *out, int flags);

/* Files get the rights that their folder says. */
static inline int kfi_windows_fchmod(int fd, mode_t mode) { return (void)fd, (void)mode, 0; }
#define fchmod kfi_windows_fchmod
/* Whether a folder takes a file is known by trying only. */
static inline int faccessat(int folder, const char *name, int mode, int flags)
{
    return (void)folder, (void)name, (void)mode, (void)flags, 0;
}

#define statvfs kfi_windows_statvfs
struct statvfs { uint64_t f_bavail, f_frsize; };
int kfi_windows_statvfs(const char *path, struct kfi_windows_statvfs *out);

/* ---- content -------------------------------------------------------------------------------------- */

#undef write
#define write kfi_windows_write
#define pread kfi_windows_pread
#define pwrite kfi_windows_pwrite
#define fsync kfi_windows_fsync
#undef ftruncate
#define ftruncate kfi_windows_ftruncate
/* EPIPE, where the C runtime may say EINVAL. */
ssize_t kfi_windows_write(int fd, const void *data, size_t size);
ssize_t kfi_windows_pread(int fd, void *data, size_t size, off_t offset);
ssize_t kfi_windows_pwrite(int fd, const void *data, size_t size, off_t offset);
/* EINVAL for a folder: Windows has no such thing. */
int kfi_windows_fsync(int fd);
int kfi_windows_ftruncate(int fd, off_t size);

/* Whoever locks gets it until the file is closed. */
#define LOCK_EX 2
#define LOCK_NB 4
#define flock kfi_windows_flock
int kfi_windows_flock(int fd, int operation);

/* ---- names ---------------------------------------------------------------------------------------- */

#undef mkdir
#define mkdir kfi_windows_mkdir
#undef rmdir
#define rmdir kfi_windows_rmdir
#undef rename
#define rename(from, to) renameat(AT_FDCWD, from, AT_FDCWD, to)
#undef unlink
#define unlink(path) unlinkat(AT_FDCWD, path, 0)
#define renameat kfi_windows_renameat
#define unlinkat kfi_windows_unlinkat
#define realpath kfi_windows_realpath
int kfi_windows_mkdir(const char *path, mode_t mode);
int kfi_windows_rmdir(const char *path);
/* Over a file that others have open, too, where the file system lets that happen: NTFS does since Windows 10, but not
 * while it is mapped. EBUSY. */
int kfi_windows_renameat(int from_folder, const char *from, int to_folder, const char *to);
int kfi_windows_unlinkat(int folder, const char *name, int flags);
/* With '/'; `resolved` is NULL. */
char *kfi_windows_realpath(const char *path, char *resolved);

#undef fopen
#define fopen kfi_windows_fopen
FILE *kfi_windows_fopen(const char *path, const char *mode);

/* ---- memory --------------------------------------------------------------------------------------- */

enum { PROT_READ = 1, PROT_WRITE = 2 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 4 };
#define MADV_RANDOM 1
#define MADV_WILLNEED 2
#define MAP_FAILED ((void *)(intptr_t)-1)
#define mmap kfi_windows_mmap
#define munmap kfi_windows_munmap
#define mprotect kfi_windows_mprotect
#define mlock kfi_windows_mlock
#define madvise kfi_windows_madvise
void *kfi_windows_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
/* The whole of what was mapped, whatever `size` says. */
int kfi_windows_munmap(void *address, size_t size);
int kfi_windows_mprotect(void *address, size_t size, int protection);
int kfi_windows_mlock(const void *address, size_t size);
int kfi_windows_madvise(void *address, size_t size, int advice);

/* Lines of the cache are a matter of speed, and vectors need not be aligned (meson.build). */
#define aligned_alloc(alignment, size) malloc(size)

/* ---- the rest -------------------------------------------------------------------------------------- */

#define strndup kfi_windows_strndup
char *kfi_windows_strndup(const char *text, size_t most);

static inline int kfi_windows_getentropy(void *data, size_t size)
{
    unsigned word;
    for (size_t at = 0; at < size; at += sizeof word) {
        if (rand_s(&word)) return -1;
        memcpy((char *)data + at, &word, size - at < sizeof word ? size - at : sizeof word);
    }
    return 0;
}
#define getentropy kfi_windows_getentropy

#endif
