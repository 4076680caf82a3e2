#include "base/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 32 };

/* The only way to one is through /proc. */
static const char *path_of(int fd, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "/proc/self/fd/%d", fd);
    return path;
}

#ifdef O_TMPFILE
static int can_be_linked(int fd)
{
    char path[PATH_SIZE];
    struct stat information;
    return stat(path_of(fd, path), &information) == 0 && S_ISREG(information.st_mode);
}

int kfi_nameless_open(int folder)
{
    int fd;
    do fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0 && !can_be_linked(fd)) close(fd), fd = -1;
    return fd;
}
#else
int kfi_nameless_open(int folder) { return (void)folder, -1; }
#endif

int kfi_nameless_link(int fd, int folder, const char *name)
{
    char path[PATH_SIZE];
    return linkat(AT_FDCWD, path_of(fd, path), folder, name, AT_SYMLINK_FOLLOW);
}
