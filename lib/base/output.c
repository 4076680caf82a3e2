/* Publishing a file atomically.
 *
 * The new content is written to a file without a name (nameless.h) in the target's folder, so that a
 * killed process leaves nothing behind. Publishing syncs it and gives it the target's name: at
 * once when the target is new, else by a temporary name and a rename over the target.
 * Where nameless files are not to be had, the temporary name exists from the start; a process killed
 * by force then leaves a file `.TARGET.RANDOM.tmp`, which nothing ever reads.
 *
 * All names are resolved in the folder's descriptor, once opened: a later chdir, or a rename of the
 * folder, cannot divert the file. */
#include "base/file.h"
#include "base/nameless.h"
#include "base/path.h"
#include "base/random.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Content is written in pieces that begin at multiples of 2 MiB, the size of a huge page: a file system that keeps
 * what is written together in one piece (ext4 since Linux 6.16, XFS) then maps it with huge pages, and lookups in a
 * new file miss the translation buffer far less. */
enum { BUFFER_SIZE = 2 << 20, BUFFER_FIRST = 32 << 10, NAME_SIZE = 256 };

struct kfi_output {
    char *path;                /* as given, for messages */
    const char *name;          /* its last part */
    int folder;                /* descriptor of the folder that holds it */
    int fd;
    mode_t mode;               /* of the published file */
    char temporary[NAME_SIZE]; /* "" while the file has no name */
    uint8_t *buffer;           /* of what follows `flushed`, up to a multiple of BUFFER_SIZE */
    size_t capacity;           /* of the buffer, which grows: most files are small */
    size_t used;               /* bytes in the buffer */
    uint64_t flushed;          /* bytes in the file */
    uint64_t discarded;        /* of these */
    int hurry;                 /* it is not synced */
    const uint8_t *magic;      /* how a file must begin to be replaced; NULL: as it likes */
    size_t magic_size;
    int nameless;              /* will never be published */
    kfi_disk_account *account; /* of a nameless one; may be NULL */
};

static kf_status fail(const kfi_output *output, int reason, const char *what, kf_error *error)
{
    return kfi_fail_errno(error, reason, "cannot %s '%s'", what, output->path);
}

/* By large steps: while it moves, the buffer is there twice. */
static kf_status grow(kfi_output *output, size_t least, kf_error *error)
{
    size_t capacity = BUFFER_FIRST;
    if (least <= output->capacity) return KF_OK;
    while (capacity < least) capacity *= 8;
    uint8_t *buffer = realloc(output->buffer, capacity);
    if (!buffer) return kfi_fail_memory(error, capacity);
    output->buffer = buffer;
    output->capacity = capacity;
    return KF_OK;
}

/* ---- names ---------------------------------------------------------------------------------- */

static kf_status split_path(kfi_output *output, const char *path, kf_error *error)
{
    size_t size = strlen(path);
    if (size == 0) return kfi_fail(error, KF_INVALID, "the output's path is empty");
    output->path = strdup(path);
    if (!output->path) return kfi_fail_memory(error, size + 1);
    output->name = kfi_path_name(output->path);
    if (*output->name == '\0' || !strcmp(output->name, ".") || !strcmp(output->name, ".."))
        return kfi_fail(error, KF_INVALID, "'%s' names a folder", path);

    char *folder = kfi_path_folder(path);
    if (!folder) return kfi_fail_memory(error, size + 1);
    do output->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (output->folder < 0 && errno == EINTR);
    const kf_status status = output->folder < 0
        ? kfi_fail_errno(error, errno, "cannot open the folder '%s'", folder) : KF_OK;
    free(folder);
    return status;
}

/* Whether a file may be replaced by its content: it is empty, or begins as those do that are written here. */
static kf_status check_content(const kfi_output *output, kf_error *error)
{
    uint8_t found[16];
    int fd;
    do fd = openat(output->folder, output->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return fail(output, errno, "look into the file that is to be replaced,", error);
    size_t size = 0;
    ssize_t n = 1;
    while (size < output->magic_size && n != 0) {
        n = pread(fd, found + size, output->magic_size - size, (off_t)size);
        if (n > 0) size += (size_t)n;
        else if (n < 0 && errno != EINTR) break;
    }
    int reason = errno;
    close(fd);
    if (n < 0) return fail(output, reason, "look into the file that is to be replaced,", error);
    if (size == 0 || (size == output->magic_size && !memcmp(found, output->magic, size))) return KF_OK;
    return kfi_fail(error, KF_INVALID, "'%s' exists and is not a keyfold file: it is replaced only by force (--force, "
                    "force=True, KF_BUILD_REPLACE_ANY)", output->path);
}

/* Only a regular file may be replaced: not a link, device, pipe or folder. What takes its place
 * between this look and the rename is the one thing that POSIX gives no means to refuse. */
static kf_status check_target(const kfi_output *output, int *exists, kf_error *error)
{
    struct stat information;
    if (fstatat(output->folder, output->name, &information, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) return fail(output, errno, "examine", error);
        *exists = 0;
        return KF_OK;
    }
    if (S_ISDIR(information.st_mode)) return kfi_fail(error, KF_INVALID, "'%s' is a folder", output->path);
    if (!S_ISREG(information.st_mode))
        return kfi_fail(error, KF_INVALID, "'%s' exists and is not a regular file", output->path);
    *exists = 1;
    return output->magic && information.st_size ? check_content(output, error) : KF_OK;
}

static void choose_temporary(kfi_output *output)
{
    /* 22 bytes are added to the target's name, and a name has at most NAME_MAX. */
    snprintf(output->temporary, sizeof output->temporary, ".%.*s.%016llx.tmp", NAME_MAX - 22,
             output->name, (unsigned long long)kfi_random());
}

/* ---- creating ------------------------------------------------------------------------------- */

static kf_status open_named(kfi_output *output, kf_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        choose_temporary(output);
        output->fd = openat(output->folder, output->temporary,
                            O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0666);
        if (output->fd >= 0) return KF_OK;
        if (errno != EEXIST && errno != EINTR) break;
    }
    int reason = errno;
    output->temporary[0] = '\0';
    return fail(output, reason, "create a file beside", error);
}

/* The mode that open gave the new file is 0666 without the umask's bits (or what the folder's
 * default access list says): asking the file is free of the races that asking umask() has. Until it
 * is published a file with a name is its owner's alone. */
static kf_status settle_mode(kfi_output *output, kf_error *error)
{
    struct stat information;
    if (fstat(output->fd, &information) != 0) return fail(output, errno, "examine", error);
    output->mode = information.st_mode & 0777;
    if (fchmod(output->fd, 0600) != 0) return fail(output, errno, "set the mode of", error);
    return KF_OK;
}

kf_status kfi_output_create(kfi_output **out, const char *path, kf_error *error)
{
    *out = NULL;
    kfi_output *output = calloc(1, sizeof *output);
    if (!output) return kfi_fail_memory(error, sizeof *output);
    output->folder = output->fd = -1;

    int exists;
    kf_status status = split_path(output, path, error);
    if (!status) status = check_target(output, &exists, error);
    if (status) goto out;
    status = grow(output, BUFFER_FIRST, error);
    if (status) goto out;
    output->fd = kfi_nameless_open(output->folder);
    if (output->fd < 0) status = open_named(output, error);
    if (!status) status = settle_mode(output, error);
out:
    if (status) kfi_output_destroy(&output);
    *out = output;
    return status;
}

kf_status kfi_output_protect(kfi_output *output, const void *magic, size_t size, kf_error *error)
{
    int exists;
    output->magic = magic;
    output->magic_size = size;
    return check_target(output, &exists, error);
}

kf_status kfi_output_check(const char *path, const void *magic, size_t size, kf_error *error)
{
    kfi_output *output = calloc(1, sizeof *output);
    if (!output) return kfi_fail_memory(error, sizeof *output);
    output->folder = output->fd = -1;
    kf_status status = split_path(output, path, error);
    if (!status) status = kfi_output_protect(output, magic, size, error);
    if (!status && faccessat(output->folder, ".", W_OK, AT_EACCESS) && (errno == EROFS || errno == EACCES))
        status = fail(output, errno, "create a file beside", error);
    kfi_output_destroy(&output);
    return status;
}

kf_status kfi_output_create_nameless(kfi_output **out, const char *folder, kfi_disk_account *account,
                                     kf_error *error)
{
    static const char name[] = "a temporary file";
    kf_status status = KF_OK;
    *out = NULL;
    kfi_output *output = calloc(1, sizeof *output);
    if (!output) return kfi_fail_memory(error, sizeof *output);
    output->folder = output->fd = -1;
    output->nameless = 1;
    output->account = account;
    output->path = strdup(name);
    if (!output->path) status = kfi_fail_memory(error, sizeof name);
    if (!status) status = grow(output, BUFFER_FIRST, error);
    if (!status) output->fd = kfi_temporary_open(folder ? folder : ".", account, error, &status);
    if (status) kfi_output_destroy(&output);
    *out = output;
    return status;
}

/* ---- content -------------------------------------------------------------------------------- */

static kf_status put(kfi_output *output, uint64_t offset, const uint8_t *data, size_t size,
                     kf_error *error)
{
    while (size) {
        ssize_t n = pwrite(output->fd, data, size, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(output, n < 0 ? errno : EIO, "write", error);
        data += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return KF_OK;
}

static kf_status flush(kfi_output *output, kf_error *error)
{
    kf_status status = put(output, output->flushed, output->buffer, output->used, error);
    if (status) return status;
    output->flushed += output->used;
    kfi_disk_grow(output->account, output->used);
    output->used = 0;
    return KF_OK;
}

void kfi_output_hurry(kfi_output *output)
{
    output->hurry = 1;
}

kf_status kfi_output_write(kfi_output *output, const void *data, size_t size, kf_error *error)
{
    if (!output->buffer) return kfi_fail(error, KF_INVALID, "this output is already finished");
    for (const uint8_t *p = data; size; ) {
        const size_t room = BUFFER_SIZE - output->flushed % BUFFER_SIZE - output->used;
        const int direct = !output->used && size >= room;
        const size_t part = direct ? room + (size - room) / BUFFER_SIZE * BUFFER_SIZE : size < room ? size : room;
        kf_status status = KF_OK;
        if (direct) {
            status = put(output, output->flushed, p, part, error);
            if (status) return status;
            output->flushed += part;
            kfi_disk_grow(output->account, part);
        } else {
            status = grow(output, output->used + part, error);
            if (status) return status;
            memcpy(output->buffer + output->used, p, part);
            output->used += part;
            if (part == room) status = flush(output, error);
            if (status) return status;
        }
        p += part;
        size -= part;
    }
    return KF_OK;
}

kf_status kfi_output_finish(kfi_output *output, kf_error *error)
{
    if (!output->buffer) return KF_OK;
    kf_status status = flush(output, error);
    if (status) return status;
    free(output->buffer);
    output->buffer = NULL;
    return KF_OK;
}

uint64_t kfi_output_offset(const kfi_output *output)
{
    return output->flushed + output->used;
}

kf_status kfi_output_patch(kfi_output *output, uint64_t offset, const void *data, size_t size,
                           kf_error *error)
{
    uint64_t end = kfi_output_offset(output);
    if (offset > end || size > end - offset)
        return kfi_fail(error, KF_INVALID, "a patch lies outside what was written");
    if (offset >= output->flushed) {
        if (size) memcpy(output->buffer + (offset - output->flushed), data, size);
        return KF_OK;
    }
    kf_status status = flush(output, error);
    return status ? status : put(output, offset, data, size, error);
}

kf_status kfi_output_read(kfi_output *output, uint64_t offset, void *data, size_t size,
                          kf_error *error)
{
    uint64_t end = kfi_output_offset(output);
    if (offset > end || size > end - offset)
        return kfi_fail(error, KF_INVALID, "a read lies outside what was written");
    if (offset >= output->flushed) {
        if (size) memcpy(data, output->buffer + (offset - output->flushed), size);
        return KF_OK;
    }
    kf_status status = flush(output, error);
    if (status) return status;
    for (uint8_t *p = data; size; ) {
        ssize_t n = pread(output->fd, p, size, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(output, n < 0 ? errno : EIO, "read back", error);
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return KF_OK;
}

void kfi_output_discard(kfi_output *output, uint64_t offset, uint64_t size)
{
    if (!output->nameless || size > output->flushed || offset > output->flushed - size) return;
    uint64_t freed = kfi_hole_punch(output->fd, offset, size);
    output->discarded += freed;
    if (output->account) output->account->now -= freed;
}

/* ---- publishing ----------------------------------------------------------------------------- */

/* Names a nameless file: as the target itself if that is new, else temporarily. */
static kf_status give_name(kfi_output *output, int target_exists, int *published, kf_error *error)
{
    if (!target_exists) {
        if (kfi_nameless_link(output->fd, output->folder, output->name) == 0) {
            *published = 1;
            return KF_OK;
        }
        if (errno != EEXIST) return fail(output, errno, "create", error);
        /* Something has appeared there since it was looked at. */
        kf_status status = check_target(output, &target_exists, error);
        if (status) return status;
    }
    for (int attempt = 0; attempt < 100; attempt++) {
        choose_temporary(output);
        if (kfi_nameless_link(output->fd, output->folder, output->temporary) == 0)
            return KF_OK;
        if (errno != EEXIST) break;
    }
    int reason = errno;
    output->temporary[0] = '\0';
    return fail(output, reason, "create a file beside", error);
}

static kf_status sync_folder(kfi_output *output, kf_error *error)
{
    int result;
    do result = kfi_sync(output->folder);
    while (result != 0 && errno == EINTR);
    /* Some file systems cannot sync a folder and say so. */
    if (result == 0 || errno == EINVAL || errno == EBADF || errno == EROFS) return KF_OK;
    return kfi_fail_errno(error, errno, "'%s' is complete and in place, but its folder cannot be "
                          "synced", output->path);
}

kf_status kfi_output_publish(kfi_output *output, kf_error *error)
{
    int exists = 0, published = 0, result;
    if (output->nameless) return kfi_fail(error, KF_INVALID, "a temporary file can't be published");
    kf_status status = flush(output, error);
    if (status) return status;
    if (fchmod(output->fd, output->mode) != 0) return fail(output, errno, "set the mode of", error);
    do result = output->hurry ? 0 : kfi_sync(output->fd);
    while (result != 0 && errno == EINTR);
    if (result != 0) return fail(output, errno, "sync", error);

    status = check_target(output, &exists, error);
    if (status) return status;
    if (!output->temporary[0]) {
        status = give_name(output, exists, &published, error);
        if (status) return status;
    }
    /* Linux frees the descriptor whatever close says. A nameless file had to stay open until here;
     * fsync has settled its content, so close has nothing to add once it is published. */
    result = close(output->fd);
    output->fd = -1;
    if (!published) {
        if (result != 0 && errno != EINTR) return fail(output, errno, "close", error);
        if (renameat(output->folder, output->temporary, output->folder, output->name) != 0)
            return fail(output, errno, "rename a file to", error);
        output->temporary[0] = '\0';
    }
    return output->hurry ? KF_OK : sync_folder(output, error);
}

void kfi_output_destroy(kfi_output **pointer)
{
    kfi_output *output = pointer ? *pointer : NULL;
    if (!output) return;
    if (output->account) output->account->now -= output->flushed - output->discarded;
    if (output->temporary[0]) unlinkat(output->folder, output->temporary, 0);
    if (output->fd >= 0) close(output->fd);
    if (output->folder >= 0) close(output->folder);
    free(output->buffer);
    free(output->path);
    free(output);
    *pointer = NULL;
}
