/* Temporary files without a name.
 *
 * Where O_TMPFILE is not to be had the file gets a name that is removed at once; a process killed
 * between the two leaves an empty file. The next build that needs such files in the same folder removes
 * it. No lock tells it whether the process that made the file still lives, as it makes no difference:
 * nobody opens the file by its name, and who made it finds done what was to be done next. What has to be
 * avoided is only to take a file of somebody else's for one of these. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX ".keyfold-"
#define PATTERN "XXXXXX"          /* as mkostemp wants it */

enum { YOUNG = 60 /* seconds; it may be another program's that has just begun with it */ };
enum { PAGE = 4096 };   /* of most file systems */

static int is_left_over(int folder, const char *name)
{
    static const char random[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const size_t prefix = sizeof PREFIX - 1, rest = sizeof PATTERN - 1;
    struct stat found;
    if (strncmp(name, PREFIX, prefix) || strlen(name) != prefix + rest) return 0;
    if (strspn(name + prefix, random) != rest) return 0;
    return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode)
           && (found.st_mode & 07777) == 0600 && found.st_size == 0 && found.st_nlink == 1
           && found.st_uid == geteuid() && time(NULL) - found.st_mtime > YOUNG;
}

/* That it fails is nobody's concern. */
static void remove_left_over(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder)); )
        if (is_left_over(dirfd(folder), entry->d_name)) unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

int kfi_temporary_open(const char *folder, const kfi_disk_account *account, kf_error *error,
                       kf_status *status)
{
    int fd = -1;
#ifdef O_TMPFILE
    do fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0) return fd;
#endif
    /* Reading a large folder takes long: only while there is nothing in any of a build's files. */
    if (account && account->peak == 0) remove_left_over(folder);
    size_t size = strlen(folder) + sizeof "/" PREFIX PATTERN;
    char *name = malloc(size);
    if (!name) {
        *status = kfi_fail_memory(error, size);
        return -1;
    }
    snprintf(name, size, "%s/" PREFIX PATTERN, folder);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) *status = kfi_fail_errno(error, errno, "cannot create a temporary file in '%s'", folder);
    else unlinkat(AT_FDCWD, name, 0);
    free(name);
    return fd;
}

uint64_t kfi_hole_punch(int fd, uint64_t offset, uint64_t size)
{
#ifdef FALLOC_FL_PUNCH_HOLE
    /* Whole pages only: a part of one would be zeroed, at no gain, while others may read the rest of it. */
    uint64_t end = (offset + size) / PAGE * PAGE;
    offset = (offset + PAGE - 1) / PAGE * PAGE;
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (end > offset && !fallocate(fd, mode, (off_t)offset, (off_t)(end - offset))) return end - offset;
#else
    (void)fd, (void)offset, (void)size;
#endif
    return 0;
}
