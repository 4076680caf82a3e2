/* Files by descriptors of the C runtime, made from handles. */
#include "internal.h"

#define ALL_SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* ---- opening ---------------------------------------------------------------------------------------- */

/* Takes the path. Folders can be opened for reading only, and need a flag. */
static int open_wide(wchar_t *path, int flags)
{
    if (!path) return -1;
    const int writes = flags & (O_WRONLY | O_RDWR);
    const DWORD access = (flags & O_WRONLY ? 0 : GENERIC_READ) | (writes ? GENERIC_WRITE : 0);
    const DWORD how = !(flags & O_CREAT) ? OPEN_EXISTING : flags & O_EXCL ? CREATE_NEW : flags & O_TRUNC ? CREATE_ALWAYS
        : OPEN_ALWAYS;
    const DWORD kind = FILE_ATTRIBUTE_NORMAL | FILE_FLAG_BACKUP_SEMANTICS
        | (flags & O_NOFOLLOW ? FILE_FLAG_OPEN_REPARSE_POINT : 0);
    const HANDLE handle = CreateFileW(path, access, ALL_SHARED, NULL, how, kind, NULL);
    free(path);
    if (handle == INVALID_HANDLE_VALUE) return kfi_windows_fail();
    BY_HANDLE_FILE_INFORMATION found;
    const DWORD link = FILE_ATTRIBUTE_REPARSE_POINT, folder = FILE_ATTRIBUTE_DIRECTORY;
    if (flags & (O_NOFOLLOW | O_DIRECTORY) && GetFileInformationByHandle(handle, &found)) {
        const int is_link = flags & O_NOFOLLOW && (found.dwFileAttributes & (link | folder)) == link;
        if (is_link || (flags & O_DIRECTORY && !(found.dwFileAttributes & folder))) {
            CloseHandle(handle);
            errno = is_link ? ELOOP : ENOTDIR;
            return -1;
        }
    }
    const int fd = _open_osfhandle((intptr_t)handle, O_BINARY | O_NOINHERIT | (writes ? 0 : O_RDONLY));
    if (fd < 0) CloseHandle(handle);
    return fd;
}

int kfi_windows_open(const char *path, int flags, ...)
{
    return open_wide(kfi_windows_wide(path), flags);
}

int kfi_windows_openat(int folder, const char *name, int flags, ...)
{
    return open_wide(kfi_windows_wide_in(folder, name), flags);
}

/* ---- what files are ----------------------------------------------------------------------------------- */

static int stat_handle(HANDLE handle, struct kfi_windows_stat *out)
{
    BY_HANDLE_FILE_INFORMATION found;
    memset(out, 0, sizeof *out);
    const DWORD type = GetFileType(handle);
    if (type == FILE_TYPE_CHAR || type == FILE_TYPE_PIPE) {
        out->st_mode = (type == FILE_TYPE_CHAR ? S_IFCHR : S_IFIFO) | 0666;
        return 0;
    }
    if (!GetFileInformationByHandle(handle, &found)) {
        /* Wine knows no more of a file that is standard input. */
        LARGE_INTEGER size;
        if (type != FILE_TYPE_DISK || !GetFileSizeEx(handle, &size)) return kfi_windows_fail();
        out->st_mode = S_IFREG | 0666;
        out->st_size = size.QuadPart;
        return 0;
    }
    const DWORD attributes = found.dwFileAttributes;
    out->st_dev = found.dwVolumeSerialNumber;
    out->st_ino = (uint64_t)found.nFileIndexHigh << 32 | found.nFileIndexLow;
    out->st_size = (int64_t)((uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow);
    out->st_nlink = found.nNumberOfLinks;
    out->st_mode = (mode_t)((attributes & FILE_ATTRIBUTE_DIRECTORY ? S_IFDIR : S_IFREG)
                            | (attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666));
    /* In units of 100 ns since 1601. */
    const uint64_t time = (uint64_t)found.ftLastWriteTime.dwHighDateTime << 32 | found.ftLastWriteTime.dwLowDateTime;
    out->st_mtime = (time_t)(time / 10000000) - 11644473600;
    return 0;
}

/* Takes the path. */
static int stat_wide(wchar_t *path, struct kfi_windows_stat *out, int flags)
{
    if (!path) return -1;
    const int nofollow = flags & AT_SYMLINK_NOFOLLOW;
    const HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES, ALL_SHARED, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | (nofollow ? FILE_FLAG_OPEN_REPARSE_POINT : 0), NULL);
    const int result = handle == INVALID_HANDLE_VALUE ? kfi_windows_fail() : stat_handle(handle, out);
    if (handle != INVALID_HANDLE_VALUE) CloseHandle(handle);
    WIN32_FIND_DATAW found;
    if (!result && nofollow) {
        /* Of what can be a reparse point only links are not what they seem. */
        const HANDLE search = FindFirstFileW(path, &found);
        if (search != INVALID_HANDLE_VALUE) FindClose(search);
        if (search != INVALID_HANDLE_VALUE && found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT
            && found.dwReserved0 == IO_REPARSE_TAG_SYMLINK)
            out->st_mode = S_IFLNK | 0777;
    }
    free(path);
    return result;
}

int kfi_windows_stat(const char *path, struct kfi_windows_stat *out)
{
    return stat_wide(kfi_windows_wide(path), out, 0);
}

int kfi_windows_lstat(const char *path, struct kfi_windows_stat *out)
{
    return stat_wide(kfi_windows_wide(path), out, AT_SYMLINK_NOFOLLOW);
}

int kfi_windows_fstatat(int folder, const char *name, struct kfi_windows_stat *out, int flags)
{
    return stat_wide(kfi_windows_wide_in(folder, name), out, flags);
}

int kfi_windows_fstat(int fd, struct kfi_windows_stat *out) { return stat_handle(kfi_windows_handle(fd), out); }

int kfi_windows_statvfs(const char *path, struct kfi_windows_statvfs *out)
{
    wchar_t *wide = kfi_windows_wide(path);
    ULARGE_INTEGER free_bytes;
    if (!wide) return -1;
    const int result = GetDiskFreeSpaceExW(wide, &free_bytes, NULL, NULL) ? 0 : kfi_windows_fail();
    free(wide);
    if (!result) *out = (struct kfi_windows_statvfs){ free_bytes.QuadPart, 1 };
    return result;
}

/* ---- content -------------------------------------------------------------------------------------------- */

enum { PIECE = 1 << 30 };   /* a call takes less than 4 GiB */

ssize_t kfi_windows_pread(int fd, void *data, size_t size, off_t offset)
{
    OVERLAPPED at = { .Offset = (DWORD)offset, .OffsetHigh = (DWORD)((uint64_t)offset >> 32) };
    DWORD done = 0;
    if (ReadFile(kfi_windows_handle(fd), data, size > PIECE ? PIECE : (DWORD)size, &done, &at)) return (ssize_t)done;
    return GetLastError() == ERROR_HANDLE_EOF ? 0 : kfi_windows_fail();
}

ssize_t kfi_windows_write(int fd, const void *data, size_t size)
{
    DWORD done = 0;
    if (WriteFile(kfi_windows_handle(fd), data, size > PIECE ? PIECE : (DWORD)size, &done, NULL)) return (ssize_t)done;
    return kfi_windows_fail();
}

ssize_t kfi_windows_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    OVERLAPPED at = { .Offset = (DWORD)offset, .OffsetHigh = (DWORD)((uint64_t)offset >> 32) };
    DWORD done = 0;
    if (WriteFile(kfi_windows_handle(fd), data, size > PIECE ? PIECE : (DWORD)size, &done, &at)) return (ssize_t)done;
    return kfi_windows_fail();
}

int kfi_windows_fsync(int fd)
{
    struct kfi_windows_stat information;
    if (fstat(fd, &information)) return -1;
    if (S_ISDIR(information.st_mode)) return errno = EINVAL, -1;
    return FlushFileBuffers(kfi_windows_handle(fd)) ? 0 : kfi_windows_fail();
}

int kfi_windows_ftruncate(int fd, off_t size)
{
    FILE_END_OF_FILE_INFO end = { .EndOfFile.QuadPart = size };
    return SetFileInformationByHandle(kfi_windows_handle(fd), FileEndOfFileInfo, &end, sizeof end) ? 0
        : kfi_windows_fail();
}

int kfi_windows_flock(int fd, int operation)
{
    /* A byte that no file has: locks keep others from what they cover. */
    OVERLAPPED at = { .OffsetHigh = 0x7fffffff };
    const DWORD flags = (operation & LOCK_EX ? LOCKFILE_EXCLUSIVE_LOCK : 0)
        | (operation & LOCK_NB ? LOCKFILE_FAIL_IMMEDIATELY : 0);
    if (LockFileEx(kfi_windows_handle(fd), flags, 0, 1, 0, &at)) return 0;
    if (GetLastError() == ERROR_LOCK_VIOLATION || GetLastError() == ERROR_IO_PENDING) return errno = EWOULDBLOCK, -1;
    return kfi_windows_fail();
}

/* ---- names ------------------------------------------------------------------------------------------------ */

int kfi_windows_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    wchar_t *wide = kfi_windows_wide(path);
    const int result = wide && CreateDirectoryW(wide, NULL) ? 0 : wide ? kfi_windows_fail() : -1;
    free(wide);
    return result;
}

int kfi_windows_rmdir(const char *path)
{
    wchar_t *wide = kfi_windows_wide(path);
    const int result = wide && RemoveDirectoryW(wide) ? 0 : wide ? kfi_windows_fail() : -1;
    free(wide);
    return result;
}

int kfi_windows_rename_handle(HANDLE handle, const wchar_t *path, FILE_INFO_BY_HANDLE_CLASS how, DWORD flags)
{
    const size_t size = sizeof(FILE_RENAME_INFO) + wcslen(path) * sizeof *path;
    FILE_RENAME_INFO *order = calloc(1, size);
    if (!order) return errno = ENOMEM, -1;
    order->Flags = flags;
    order->FileNameLength = (DWORD)(wcslen(path) * sizeof *path);
    memcpy(order->FileName, path, order->FileNameLength);
    const int result = SetFileInformationByHandle(handle, how, order, (DWORD)size) ? 0 : kfi_windows_fail();
    free(order);
    return result;
}

/* FileRenameInfoEx; FILE_RENAME_FLAG_REPLACE_IF_EXISTS | FILE_RENAME_FLAG_POSIX_SEMANTICS: headers of mingw-w64 10 lack
 * some of them. */
enum { RENAME_EX = 22, AS_POSIX = 1 | 2 };

/* As POSIX renames: the old file lives on, without a name, for those who have it open. */
static int rename_over(const wchar_t *from, const wchar_t *to)
{
    const HANDLE handle = CreateFileW(from, DELETE | SYNCHRONIZE, ALL_SHARED, NULL, OPEN_EXISTING,
                                      FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) return kfi_windows_fail();
    const int result = kfi_windows_rename_handle(handle, to, (FILE_INFO_BY_HANDLE_CLASS)RENAME_EX, AS_POSIX);
    CloseHandle(handle);
    return result;
}

/* Whether a file that may not be replaced may be removed: then it is in use. */
static int is_in_use(const wchar_t *path)
{
    const DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES || attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY))
        return 0;
    const HANDLE handle = CreateFileW(path, DELETE, ALL_SHARED, NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT,
                                      NULL);
    if (handle == INVALID_HANDLE_VALUE) return GetLastError() == ERROR_SHARING_VIOLATION;
    CloseHandle(handle);
    return 1;
}

int kfi_windows_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    wchar_t *old = kfi_windows_wide_in(from_folder, from), *new = kfi_windows_wide_in(to_folder, to);
    int result = -1;
    if (old && new) {
        result = MoveFileExW(old, new, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) ? 0 : kfi_windows_fail();
        int reason = errno;
        if (result && (reason == EACCES || reason == EBUSY)) result = rename_over(old, new);
        if (result && reason == EACCES && is_in_use(new)) reason = EBUSY;
        errno = reason;
    }
    free(old);
    free(new);
    return result;
}

int kfi_windows_unlinkat(int folder, const char *name, int flags)
{
    (void)flags;
    wchar_t *path = kfi_windows_wide_in(folder, name);
    const int result = path && DeleteFileW(path) ? 0 : path ? kfi_windows_fail() : -1;
    free(path);
    return result;
}
