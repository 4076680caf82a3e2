/* Waiting until what was written is on disk: each system has its own call for that. 0, or -1 and errno. */
#ifndef KFI_BASE_SYNC_H
#define KFI_BASE_SYNC_H

#include <fcntl.h>
#include <unistd.h>

/* A file or a folder. On macOS the disk may still lose what was synced, but not after F_FULLFSYNC, which some file
 * systems lack. */
static inline int kfi_sync(int fd)
{
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
    return fsync(fd);
}

/* A file's content, at least. */
static inline int kfi_sync_content(int fd)
{
#if defined(__linux__) || defined(__FreeBSD__)
    return fdatasync(fd);
#else
    return kfi_sync(fd);
#endif
}

#endif
