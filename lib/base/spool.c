#include "base/bits.h"
#include "base/file.h"
#include "base/sync.h"
#include "base/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct kfi_spool {
    int fd;                 /* -1 as long as all fits the buffer: short spools are never files */
    char *folder;           /* where the file will be */
    int finished;
    int named;              /* stays on disk when it is destroyed */
    uint8_t *buffer;
    size_t capacity;
    size_t used;            /* bytes in the buffer */
    uint64_t flushed;       /* bytes in the file */
    _Atomic uint64_t discarded;
    kfi_disk_account *account;
};

struct kfi_spool_reader {
    const kfi_spool *spool;
    int in_memory;          /* the buffer is the spool's own */
    uint8_t *buffer;
    size_t capacity;
    size_t position;        /* buffer[position .. filled) are the bytes to take next */
    size_t filled;
    uint64_t offset;        /* in the file, of the byte after buffer[filled - 1] */
};

kf_status kfi_spool_create(kfi_spool **out, const char *folder, size_t buffer_size,
                           kfi_disk_account *account, kf_error *error)
{
    kf_status status = KF_OK;

    *out = NULL;
    if (buffer_size < 16) buffer_size = 16;
    kfi_spool *spool = calloc(1, sizeof *spool);
    if (!spool) return kfi_fail_memory(error, sizeof *spool);
    spool->account = account;
    spool->capacity = buffer_size;
    spool->fd = -1;
    spool->folder = strdup(folder ? folder : ".");
    spool->buffer = malloc(buffer_size);
    if (!spool->folder || !spool->buffer) {
        status = kfi_fail_memory(error, buffer_size);
        goto out;
    }
    *out = spool;
    spool = NULL;
out:
    kfi_spool_destroy(&spool);
    return status;
}

kf_status kfi_spool_adopt(kfi_spool **out, int fd, uint64_t size, size_t buffer_size, kfi_disk_account *account,
                          kf_error *error)
{
    *out = NULL;
    if (buffer_size < 16) buffer_size = 16;
    kfi_spool *spool = calloc(1, sizeof *spool);
    uint8_t *buffer = malloc(buffer_size);
    if (!spool || !buffer) {
        free(spool);
        free(buffer);
        close(fd);
        return kfi_fail_memory(error, buffer_size);
    }
    *spool = (kfi_spool){ .fd = fd, .named = 1, .buffer = buffer, .capacity = buffer_size, .flushed = size,
                          .account = account };
    kfi_disk_grow(account, size);
    *out = spool;
    return KF_OK;
}

static kf_status put(kfi_spool *spool, const uint8_t *data, size_t size, kf_error *error)
{
    if (size && spool->fd < 0) {
        kf_status status = KF_OK;
        spool->fd = kfi_temporary_open(spool->folder, spool->account, error, &status);
        if (status) return status;
    }
    while (size) {
        ssize_t n = pwrite(spool->fd, data, size, (off_t)spool->flushed);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return kfi_fail_errno(error, n < 0 ? errno : EIO, "cannot write a temporary file");
        data += n;
        size -= (size_t)n;
        spool->flushed += (uint64_t)n;
        kfi_disk_grow(spool->account, (uint64_t)n);
    }
    return KF_OK;
}

kf_status kfi_spool_flush(kfi_spool *spool, kf_error *error)
{
    kf_status status = put(spool, spool->buffer, spool->used, error);
    spool->used = 0;
    return status;
}

kf_status kfi_spool_write(kfi_spool *spool, const void *data, size_t size, kf_error *error)
{
    if (spool->finished) return kfi_fail(error, KF_INVALID, "temporary file is already finished");
    if (size > spool->capacity - spool->used) {
        kf_status status = kfi_spool_flush(spool, error);
        if (status) return status;
        if (size >= spool->capacity) return put(spool, data, size, error);
    }
    kfi_copy(spool->buffer + spool->used, data, size);
    spool->used += size;
    return KF_OK;
}

kf_status kfi_spool_write_varint(kfi_spool *spool, uint64_t value, kf_error *error)
{
    uint8_t bytes[KFI_VARINT_MAX];
    if (!spool->finished && spool->capacity - spool->used >= KFI_VARINT_MAX) {
        spool->used += kfi_varint_write(spool->buffer + spool->used, value);
        return KF_OK;
    }
    size_t n = kfi_varint_write(bytes, value);
    return kfi_spool_write(spool, bytes, n, error);
}

kf_status kfi_spool_finish(kfi_spool *spool, kf_error *error)
{
    if (spool->finished) return KF_OK;
    if (spool->fd >= 0) {
        kf_status status = kfi_spool_flush(spool, error);
        if (status) return status;
        free(spool->buffer);
        spool->buffer = NULL;
    }
    spool->finished = 1;
    return KF_OK;
}

kf_status kfi_spool_sync(const kfi_spool *spool, kf_error *error)
{
    int result;
    if (spool->fd < 0) return KF_OK;
    do result = kfi_sync_content(spool->fd);
    while (result != 0 && errno == EINTR);
    return result ? kfi_fail_errno(error, errno, "cannot sync a temporary file") : KF_OK;
}

uint64_t kfi_spool_size(const kfi_spool *spool)
{
    return spool->flushed + spool->used;
}

uint64_t kfi_disk_free(const char *folder)
{
    struct statvfs system;
    if (statvfs(folder, &system)) return UINT64_MAX;
    return (uint64_t)system.f_bavail * system.f_frsize;
}

int kfi_disk_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev;
}

void kfi_spool_discard(kfi_spool *spool, uint64_t offset, uint64_t size)
{
    if (spool->named || !size || offset + size > spool->flushed) return;
    uint64_t freed = kfi_hole_punch(spool->fd, offset, size);
    spool->discarded += freed;
    if (spool->account) spool->account->now -= freed;
}

void kfi_spool_destroy(kfi_spool **pointer)
{
    kfi_spool *spool = pointer ? *pointer : NULL;
    if (!spool) return;
    if (spool->fd >= 0) close(spool->fd);
    if (spool->account && !spool->named) spool->account->now -= spool->flushed - spool->discarded;
    free(spool->buffer);
    free(spool->folder);
    free(spool);
    *pointer = NULL;
}

kf_status kfi_spool_reader_create(kfi_spool_reader **out, const kfi_spool *spool, uint64_t offset,
                                  size_t buffer_size, kf_error *error)
{
    *out = NULL;
    const int in_memory = spool->fd < 0;   /* and stays so: it is finished */
    if ((!spool->finished && !spool->named) || offset > (in_memory ? spool->used : spool->flushed))
        return kfi_fail(error, KF_INVALID, "temporary file is not ready to be read there");
    if (buffer_size < 16) buffer_size = 16;
    kfi_spool_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return kfi_fail_memory(error, sizeof *reader);
    reader->spool = spool;
    reader->in_memory = in_memory;
    if (in_memory) {
        reader->buffer = spool->buffer;
        reader->position = (size_t)offset;
        reader->filled = spool->used;
        *out = reader;
        return KF_OK;
    }
    reader->buffer = malloc(buffer_size);
    if (!reader->buffer) {
        free(reader);
        return kfi_fail_memory(error, buffer_size);
    }
    reader->capacity = buffer_size;
    reader->offset = offset;
    *out = reader;
    return KF_OK;
}

/* Refills the buffer until it holds at least `size` bytes, or all that remain if those are fewer. */
static kf_status fill(kfi_spool_reader *reader, size_t size, kf_error *error)
{
    size_t have = reader->filled - reader->position;
    if (reader->in_memory) return KF_OK;   /* all is there */
    uint64_t remain = reader->spool->flushed - reader->offset;
    if (size - have > remain) size = have + (size_t)remain;

    if (size > reader->capacity) {
        uint8_t *larger = malloc(size);
        if (!larger) return kfi_fail_memory(error, size);
        memcpy(larger, reader->buffer + reader->position, have);
        free(reader->buffer);
        reader->buffer = larger;
        reader->capacity = size;
    } else {
        memmove(reader->buffer, reader->buffer + reader->position, have);
    }
    reader->position = 0;
    reader->filled = have;
    while (reader->filled < size) {
        size_t room = reader->capacity - reader->filled;
        if (room > remain) room = (size_t)remain;
        ssize_t n = pread(reader->spool->fd, reader->buffer + reader->filled, room,
                          (off_t)reader->offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return kfi_fail_errno(error, n < 0 ? errno : EIO, "cannot read a temporary file");
        reader->filled += (size_t)n;
        reader->offset += (uint64_t)n;
        remain -= (uint64_t)n;
    }
    return KF_OK;
}

kf_status kfi_spool_reader_take(kfi_spool_reader *reader, size_t size, const uint8_t **data,
                                kf_error *error)
{
    if (reader->filled - reader->position < size) {
        kf_status status = fill(reader, size, error);
        if (status) return status;
        size_t have = reader->filled - reader->position;
        if (have == 0) return KF_END;
        if (have < size) return kfi_fail(error, KF_CORRUPT, "temporary file ends early");
    }
    *data = reader->buffer + reader->position;
    reader->position += size;
    return KF_OK;
}

kf_status kfi_spool_reader_varint(kfi_spool_reader *reader, uint64_t *value, kf_error *error)
{
    if (reader->position < reader->filled && reader->buffer[reader->position] < 0x80) {   /* most are short */
        *value = reader->buffer[reader->position++];
        return KF_OK;
    }
    if (reader->filled - reader->position < KFI_VARINT_MAX) {
        kf_status status = fill(reader, KFI_VARINT_MAX, error);
        if (status) return status;
        if (reader->filled == reader->position) return KF_END;
    }
    const uint8_t *p = reader->buffer + reader->position;
    size_t n = kfi_varint_read(p, reader->filled - reader->position, value);
    if (n == 0) return kfi_fail(error, KF_CORRUPT, "temporary file holds a broken number");
    reader->position += n;
    return KF_OK;
}

void kfi_spool_reader_destroy(kfi_spool_reader **pointer)
{
    kfi_spool_reader *reader = pointer ? *pointer : NULL;
    if (!reader) return;
    if (!reader->in_memory) free(reader->buffer);
    free(reader);
    *pointer = NULL;
}
