#include "base/folder.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <sys/file.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

#define LOCK "keyfold.lock"       /* holds a byte if the folder was made for it */

enum { NAME_SIZE = 64, LOCK_ATTEMPTS = 100 };

struct kfi_folder {
    char *path;
    int fd, lock;
    int made;
};

const char *kfi_folder_path(const kfi_folder *folder) { return folder->path; }

static kf_status fail(const kfi_folder *folder, int reason, const char *what, const char *name, kf_error *error)
{
    return kfi_fail_errno(error, reason, "cannot %s '%s/%s'", what, folder->path, name);
}

static int open_in(const kfi_folder *folder, const char *name, int flags)
{
    int fd;
    do fd = openat(folder->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static kf_status sync_folder(const kfi_folder *folder, kf_error *error)
{
    int result;
    do result = kfi_sync(folder->fd);
    while (result != 0 && errno == EINTR);
    /* Some file systems cannot sync a folder and say so. */
    if (result == 0 || errno == EINVAL || errno == EBADF || errno == EROFS) return KF_OK;
    return kfi_fail_errno(error, errno, "cannot sync the folder '%s'", folder->path);
}

/* ---- one at a time ------------------------------------------------------------------------------ */

/* Whether what was locked still has its name: whoever had it before may have removed it. */
static int lock_is_named(const kfi_folder *folder)
{
    struct stat ours, named;
    return fstat(folder->lock, &ours) == 0 && fstatat(folder->fd, LOCK, &named, AT_SYMLINK_NOFOLLOW) == 0
           && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static kf_status lock(kfi_folder *folder, kf_error *error)
{
    for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
        folder->lock = open_in(folder, LOCK, O_CREAT | O_RDWR);
        if (folder->lock < 0) return fail(folder, errno, "create", LOCK, error);
        int result;
        do result = flock(folder->lock, LOCK_EX | LOCK_NB);
        while (result != 0 && errno == EINTR);
        if (result != 0 && errno != EWOULDBLOCK) return fail(folder, errno, "lock", LOCK, error);
        if (result != 0) break;
        if (lock_is_named(folder)) return KF_OK;
        close(folder->lock);
        folder->lock = -1;
    }
    return kfi_fail(error, KF_INVALID, "'%s' is in use by another build", folder->path);
}

/* Who made the folder has to be known to a later process, which may be the one that removes it. */
static kf_status note_maker(kfi_folder *folder, kf_error *error)
{
    char byte = 'm';
    if (!folder->made) {
        folder->made = pread(folder->lock, &byte, 1, 0) == 1;
        return KF_OK;
    }
    ssize_t n = pwrite(folder->lock, &byte, 1, 0);
    return n == 1 ? KF_OK : fail(folder, n < 0 ? errno : EIO, "write", LOCK, error);
}

kf_status kfi_folder_open(kfi_folder **out, const char *path, kf_error *error)
{
    *out = NULL;
    kfi_folder *folder = calloc(1, sizeof *folder);
    if (!folder) return kfi_fail_memory(error, sizeof *folder);
    kf_status status = KF_OK;
    folder->fd = folder->lock = -1;
    folder->path = strdup(path);
    if (!folder->path) {
        status = kfi_fail_memory(error, strlen(path) + 1);
        goto out;
    }
    folder->made = mkdir(path, 0700) == 0;
    if (!folder->made && errno != EEXIST) {
        status = kfi_fail_errno(error, errno, "cannot make the folder '%s'", path);
        goto out;
    }
    do folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (folder->fd < 0 && errno == EINTR);
    if (folder->fd < 0) status = kfi_fail_errno(error, errno, "cannot open the folder '%s'", path);
    if (!status) status = lock(folder, error);
    if (!status) status = note_maker(folder, error);
out:
    if (status) kfi_folder_close(&folder);
    *out = folder;
    return status;
}

void kfi_folder_close(kfi_folder **pointer)
{
    kfi_folder *folder = *pointer;
    if (!folder) return;
    if (folder->lock >= 0) close(folder->lock);
    if (folder->fd >= 0) close(folder->fd);
    free(folder->path);
    free(folder);
    *pointer = NULL;
}

void kfi_folder_end(kfi_folder **pointer)
{
    kfi_folder *folder = *pointer;
    if (!folder) return;
    struct stat ours, named;
    kfi_folder_remove(folder, LOCK);
    close(folder->lock);   /* on Windows a file is in its folder until then */
    folder->lock = -1;
    if (folder->made && fstat(folder->fd, &ours) == 0 && lstat(folder->path, &named) == 0
        && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
        rmdir(folder->path);
    kfi_folder_close(pointer);
}

/* ---- whole files -------------------------------------------------------------------------------- */

static kf_status write_whole(kfi_folder *folder, int fd, const char *name, const uint8_t *data, size_t size,
                             kf_error *error)
{
    int result;
    for (uint64_t at = 0; size; ) {
        ssize_t n = pwrite(fd, data, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(folder, n < 0 ? errno : EIO, "write", name, error);
        data += n;
        size -= (size_t)n;
        at += (uint64_t)n;
    }
    do result = kfi_sync(fd);
    while (result != 0 && errno == EINTR);
    return result ? fail(folder, errno, "sync", name, error) : KF_OK;
}

kf_status kfi_folder_store(kfi_folder *folder, const char *name, const void *data, size_t size, kf_error *error)
{
    char beside[NAME_SIZE];
    snprintf(beside, sizeof beside, "%s.new", name);
    int fd = open_in(folder, beside, O_CREAT | O_TRUNC | O_WRONLY);
    if (fd < 0) return fail(folder, errno, "create", beside, error);
    kf_status status = write_whole(folder, fd, beside, data, size, error);
    if (close(fd) != 0 && errno != EINTR && !status) status = fail(folder, errno, "close", beside, error);
    if (!status && renameat(folder->fd, beside, folder->fd, name) != 0)
        status = fail(folder, errno, "replace", name, error);
    if (status) kfi_folder_remove(folder, beside);
    return status ? status : sync_folder(folder, error);
}

kf_status kfi_folder_load(kfi_folder *folder, const char *name, size_t most, kfi_array *out, kf_error *error)
{
    struct stat information;
    kf_status status = KF_OK;
    int fd = open_in(folder, name, O_RDONLY);
    if (fd < 0 && errno == ENOENT) return kfi_fail(error, KF_NOT_FOUND, "no '%s/%s'", folder->path, name);
    if (fd < 0) return fail(folder, errno, "open", name, error);
    if (fstat(fd, &information) != 0) status = fail(folder, errno, "examine", name, error);
    else if (!S_ISREG(information.st_mode) || (uint64_t)information.st_size > most)
        status = kfi_fail(error, KF_CORRUPT, "'%s/%s' is not what was written there", folder->path, name);
    if (!status) status = kfi_array_reserve(out, (size_t)information.st_size + 1, error);
    for (uint64_t at = 0; !status && at < (uint64_t)information.st_size; ) {
        ssize_t n = pread(fd, out->data + out->size, (size_t)information.st_size - at, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = fail(folder, errno, "read", name, error);
        if (n <= 0) break;
        out->size += (size_t)n;
        at += (uint64_t)n;
    }
    close(fd);
    return status;
}

void kfi_folder_remove(kfi_folder *folder, const char *name)
{
    unlinkat(folder->fd, name, 0);
}

/* ---- spools ------------------------------------------------------------------------------------- */

kf_status kfi_folder_spool(kfi_folder *folder, const char *name, uint64_t size, size_t buffer_size,
                           kfi_disk_account *account, kfi_spool **out, kf_error *error)
{
    struct stat information;
    *out = NULL;
    int fd = open_in(folder, name, O_CREAT | O_RDWR);
    if (fd < 0) return fail(folder, errno, "open", name, error);
    kf_status status = KF_OK;
    if (fstat(fd, &information) != 0) status = fail(folder, errno, "examine", name, error);
    else if (!S_ISREG(information.st_mode) || (uint64_t)information.st_size < size)
        status = kfi_fail(error, KF_CORRUPT, "'%s/%s' is not what was written there", folder->path, name);
    else if ((uint64_t)information.st_size > size && ftruncate(fd, (off_t)size) != 0)
        status = fail(folder, errno, "shorten", name, error);
    /* Its name must last before anything that relies on it. */
    if (!status) status = sync_folder(folder, error);
    if (status) close(fd);
    return status ? status : kfi_spool_adopt(out, fd, size, buffer_size, account, error);
}
