/* Files: mapping one for reading, publishing one atomically, and temporary spools.
 * All of the library's system calls on files are in file.c (one place to port). */
#ifndef KFI_BASE_FILE_H
#define KFI_BASE_FILE_H

#include "base/error.h"

#include <stdatomic.h>

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct kfi_mapping {
    const uint8_t *data;   /* anywhere: a caller's memory need not be aligned */
    size_t size;
    int owned;             /* allocated rather than mapped */
    int borrowed;          /* a part of another mapping, or a caller's memory, which must outlive it */
    uint64_t device, inode;   /* of a file */
} kfi_mapping;

/* Opens `path` (O_RDONLY|O_CLOEXEC|O_NOCTTY|O_NONBLOCK, fstat on the descriptor, regular files
 * only) and maps it, or reads it into memory. `flags` are KF_OPEN_... An empty file maps to size 0. */
kf_status kfi_mapping_open(kfi_mapping *mapping, const char *path, uint32_t flags, kf_error *error);
/* A copy of the `size` bytes at `data`, read-only. KF_NO_MEMORY. */
kf_status kfi_mapping_copy(kfi_mapping *mapping, const void *data, size_t size, kf_error *error);
void kfi_mapping_close(kfi_mapping *mapping);
/* `size` bytes from `offset` on, which the mapping has. */
static inline kfi_mapping kfi_mapping_part(const kfi_mapping *mapping, uint64_t offset, uint64_t size)
{
    return (kfi_mapping){ .data = mapping->data + offset, .size = (size_t)size, .borrowed = 1 };
}
/* Whether both are of the same bytes, and will be whatever becomes of files: of one file that had the same size, of the
 * same memory, or copies that are equal. O(1), O(size) of copies. */
int kfi_mapping_is_same(const kfi_mapping *a, const kfi_mapping *b);

/* ---- publishing --------------------------------------------------------------------------- */

/* A file written beside its target and renamed over it when complete. */
typedef struct kfi_output kfi_output;

/* Refuses a target that exists and is not a regular file. */
kf_status kfi_output_create(kfi_output **out, const char *path, kf_error *error);
/* From now on, refuses to replace a file of other programs too: one that has content which does not begin with the
 * `size` bytes at `magic`, which must outlive the output. KF_INVALID, also at once. */
kf_status kfi_output_protect(kfi_output *output, const void *magic, size_t size, kf_error *error);
/* The same checks of a path, before there is anything to write, and that its folder takes new files: KF_IO. */
kf_status kfi_output_check(const char *path, const void *magic, size_t size, kf_error *error);
/* From now on, publishing it does not wait for the disk. */
void kfi_output_hurry(kfi_output *output);
kf_status kfi_output_write(kfi_output *output, const void *data, size_t size, kf_error *error);
/* Bytes written so far. */
uint64_t kfi_output_offset(const kfi_output *output);
/* Overwrites bytes written earlier (the header). */
kf_status kfi_output_patch(kfi_output *output, uint64_t offset, const void *data, size_t size,
                           kf_error *error);
/* Reads back bytes written earlier. */
kf_status kfi_output_read(kfi_output *output, uint64_t offset, void *data, size_t size,
                          kf_error *error);
/* Gives a part of a nameless output back to the disk, where that can be: nothing reads it any more. */
void kfi_output_discard(kfi_output *output, uint64_t offset, uint64_t size);
/* Flush, fsync, fchmod to 0666 & ~umask, rename, fsync the folder; in a hurry without the two fsyncs. */
kf_status kfi_output_publish(kfi_output *output, kf_error *error);
/* Discards the file unless it was published. */
void kfi_output_destroy(kfi_output **output);

typedef struct kfi_disk_account { _Atomic uint64_t now, peak; } kfi_disk_account;

/* An output that is never published but read back: a file in `folder` without a name, gone when it is
 * destroyed. For `account` see below. */
kf_status kfi_output_create_nameless(kfi_output **out, const char *folder, kfi_disk_account *account,
                                     kf_error *error);
/* Flushes and frees the write buffer; from here on it can only be read and patched. */
kf_status kfi_output_finish(kfi_output *output, kf_error *error);

/* Opens a file in `folder` that has no name, or has lost it: a descriptor, or -1 and the reason. If the
 * account (may be NULL) has seen nothing yet, empty files that killed processes left there are removed,
 * where there can be such. */
int kfi_temporary_open(const char *folder, const kfi_disk_account *account, kf_error *error,
                       kf_status *status);
/* Gives a part of a file back to the disk, where the file system can: it reads as zeros from now on. Returns how many
 * bytes were. */
uint64_t kfi_hole_punch(int fd, uint64_t offset, uint64_t size);
/* Bytes that a user may still write into the file system of `folder`; UINT64_MAX if that can't be told. */
uint64_t kfi_disk_free(const char *folder);
/* Whether what is freed in one of the folders may be used in the other; 0 if that can't be told. */
int kfi_disk_is_same(const char *a, const char *b);
/* Notes that `size` more bytes are on disk; `account` may be NULL. */
static inline void kfi_disk_grow(kfi_disk_account *account, uint64_t size)
{
    if (!account) return;
    uint64_t now = atomic_fetch_add(&account->now, size) + size, peak = account->peak;
    while (peak < now && !atomic_compare_exchange_weak(&account->peak, &peak, now)) {}
}

/* ---- spools ------------------------------------------------------------------------------- */

/* A temporary file: written once from start to end, then read from start to end, any number of
 * times. It has no name (or is unlinked at once), so it vanishes with the process. What fits the
 * buffer stays there, and no file is made. */
typedef struct kfi_spool kfi_spool;
typedef struct kfi_spool_reader kfi_spool_reader;

/* `buffer_size` bytes of memory are used while writing. `account` (may be NULL) is kept at the sum
 * of bytes on disk of all spools that share it, whatever their threads, `peak` at its maximum. */
kf_status kfi_spool_create(kfi_spool **out, const char *folder, size_t buffer_size,
                           kfi_disk_account *account, kf_error *error);
/* A spool of a file that has a name and keeps it, with `size` bytes already. The descriptor is the spool's, also
 * when this fails. Nothing of it is ever discarded, and it can be read before it is finished. */
kf_status kfi_spool_adopt(kfi_spool **out, int fd, uint64_t size, size_t buffer_size, kfi_disk_account *account,
                          kf_error *error);
kf_status kfi_spool_write(kfi_spool *spool, const void *data, size_t size, kf_error *error);
/* Moves what is in the write buffer to the file, which is made when first needed. */
kf_status kfi_spool_flush(kfi_spool *spool, kf_error *error);
/* Waits until what is in the file is on disk. Any thread may do so. */
kf_status kfi_spool_sync(const kfi_spool *spool, kf_error *error);
/* Nothing can be written afterwards. */
kf_status kfi_spool_finish(kfi_spool *spool, kf_error *error);
uint64_t kfi_spool_size(const kfi_spool *spool);
/* Gives the disk back what lies in a part of a finished spool, which is not read any more, if the file system can.
 * Any thread may do so. */
void kfi_spool_discard(kfi_spool *spool, uint64_t offset, uint64_t size);
void kfi_spool_destroy(kfi_spool **spool);

kf_status kfi_spool_reader_create(kfi_spool_reader **out, const kfi_spool *spool,
                                  uint64_t offset, size_t buffer_size, kf_error *error);
/* `*data` points at exactly `size` contiguous bytes, valid until the next call; KF_END at the end
 * of the spool; KF_CORRUPT when fewer than `size` remain. The buffer grows if `size` exceeds it. */
kf_status kfi_spool_reader_take(kfi_spool_reader *reader, size_t size, const uint8_t **data,
                                kf_error *error);
/* Unsigned LEB128. */
kf_status kfi_spool_reader_varint(kfi_spool_reader *reader, uint64_t *value, kf_error *error);
kf_status kfi_spool_write_varint(kfi_spool *spool, uint64_t value, kf_error *error);
void kfi_spool_reader_destroy(kfi_spool_reader **reader);

#endif
