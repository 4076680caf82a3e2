#include "base/file.h"

#include <keyfold/dict.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an empty file maps to: a valid address of which nothing may be read. */
static const uint8_t nothing[1];

/* Reads `size` bytes from the start of the file; a file that has shrunk meanwhile is refused. */
static kf_status read_all(int fd, uint8_t *data, size_t size, const char *path, kf_error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, data + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return kfi_fail_errno(error, errno, "cannot read '%s'", path);
        if (n == 0)
            return kfi_fail_at(error, KF_FORMAT, done, "'%s' was cut while it was read", path);
        done += (size_t)n;
    }
    return KF_OK;
}

/* Advice is only advice: where the kernel does not offer it, nothing is lost but speed. */
static void advise(const kfi_mapping *mapping, uint32_t flags)
{
    void *data = (void *)(uintptr_t)mapping->data;
#ifdef MADV_HUGEPAGE
    /* What is read as a whole anyway loses nothing by being read in large pieces. */
    if (flags & (KF_OPEN_HUGE | KF_OPEN_POPULATE | KF_OPEN_IN_MEMORY))
        (void)madvise(data, mapping->size, MADV_HUGEPAGE);
#endif
    if (mapping->owned) return;
    if (flags & KF_OPEN_RANDOM) (void)madvise(data, mapping->size, MADV_RANDOM);
}

static void populate(const kfi_mapping *mapping)
{
    void *data = (void *)(uintptr_t)mapping->data;
#ifdef MADV_POPULATE_READ
    if (madvise(data, mapping->size, MADV_POPULATE_READ) == 0) return;
#endif
    (void)madvise(data, mapping->size, MADV_WILLNEED);
}

static kf_status map(kfi_mapping *mapping, int fd, size_t size, const char *path, uint32_t flags,
                     kf_error *error)
{
    int in_memory = (flags & KF_OPEN_IN_MEMORY) != 0;
    void *data = in_memory
        ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return kfi_fail_errno(error, errno, "cannot map '%s'", path);
    mapping->data = data;
    mapping->size = size;
    mapping->owned = in_memory;
    advise(mapping, flags);

    if (in_memory) {
        kf_status status = read_all(fd, data, size, path, error);
        if (status) return status;
        (void)mprotect(data, size, PROT_READ);
    } else if (flags & KF_OPEN_POPULATE) {
        populate(mapping);
    }
    if ((flags & KF_OPEN_LOCK) && mlock(data, size) != 0) {
        int reason = errno;
        kfi_fail_errno(error, reason, "cannot lock the pages of '%s' in memory", path);
        if (error) error->status = KF_IO;
        return KF_IO;
    }
    return KF_OK;
}

kf_status kfi_mapping_open(kfi_mapping *mapping, const char *path, uint32_t flags, kf_error *error)
{
    kf_status status;
    struct stat information;

    *mapping = (kfi_mapping){ 0 };
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return kfi_fail_errno(error, errno, "cannot open '%s'", path);

    if (fstat(fd, &information) != 0) {
        status = kfi_fail_errno(error, errno, "cannot examine '%s'", path);
        goto out;
    }
    if (!S_ISREG(information.st_mode)) {
        status = kfi_fail(error, KF_FORMAT, "'%s' is not a regular file", path);
        goto out;
    }
    if ((uint64_t)information.st_size > SIZE_MAX / 2) {
        status = kfi_fail(error, KF_NO_MEMORY, "'%s' is larger than the address space", path);
        goto out;
    }
    mapping->data = nothing;
    mapping->device = (uint64_t)information.st_dev;
    mapping->inode = (uint64_t)information.st_ino;
    status = KF_OK;
    if (information.st_size > 0)
        status = map(mapping, fd, (size_t)information.st_size, path, flags, error);
out:
    close(fd);
    if (status) kfi_mapping_close(mapping);
    return status;
}

kf_status kfi_mapping_copy(kfi_mapping *mapping, const void *data, size_t size, kf_error *error)
{
    *mapping = (kfi_mapping){ .data = nothing };
    if (!size) return KF_OK;
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) return kfi_fail_memory(error, size);
    *mapping = (kfi_mapping){ .data = copy, .size = size, .owned = 1 };
    advise(mapping, KF_OPEN_IN_MEMORY);
    memcpy(copy, data, size);
    (void)mprotect(copy, size, PROT_READ);
    return KF_OK;
}

void kfi_mapping_close(kfi_mapping *mapping)
{
    if (mapping->size && !mapping->borrowed) munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (kfi_mapping){ 0 };
}

int kfi_mapping_is_same(const kfi_mapping *a, const kfi_mapping *b)
{
    if (a->size != b->size || a->owned != b->owned || a->borrowed != b->borrowed) return 0;
    if (a->borrowed) return a->data == b->data;
    if (a->owned) return memcmp(a->data, b->data, a->size) == 0;
    return a->device == b->device && a->inode == b->inode;
}
