/* Paths: UTF-8 outside, UTF-16 inside. */
#include "internal.h"

static const struct { DWORD code; int reason; } reasons[] = {
    { ERROR_FILE_NOT_FOUND, ENOENT }, { ERROR_PATH_NOT_FOUND, ENOENT }, { ERROR_INVALID_NAME, ENOENT },
    { ERROR_BAD_NETPATH, ENOENT }, { ERROR_BAD_NET_NAME, ENOENT }, { ERROR_BAD_PATHNAME, ENOENT },
    { ERROR_INVALID_DRIVE, ENOENT }, { ERROR_ACCESS_DENIED, EACCES }, { ERROR_SHARING_VIOLATION, EBUSY },
    { ERROR_USER_MAPPED_FILE, EBUSY }, { ERROR_DELETE_PENDING, EBUSY }, { ERROR_WRITE_PROTECT, EROFS },
    { ERROR_FILE_EXISTS, EEXIST }, { ERROR_ALREADY_EXISTS, EEXIST }, { ERROR_DIR_NOT_EMPTY, ENOTEMPTY },
    { ERROR_LOCK_VIOLATION, EAGAIN }, { ERROR_NOT_ENOUGH_MEMORY, ENOMEM }, { ERROR_OUTOFMEMORY, ENOMEM },
    { ERROR_COMMITMENT_LIMIT, ENOMEM }, { ERROR_WORKING_SET_QUOTA, ENOMEM }, { ERROR_TOO_MANY_OPEN_FILES, EMFILE },
    { ERROR_DISK_FULL, ENOSPC }, { ERROR_HANDLE_DISK_FULL, ENOSPC }, { 1295 /* quota exceeded */, ENOSPC },
    { ERROR_FILE_TOO_LARGE, EFBIG }, { ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG }, { ERROR_INVALID_HANDLE, EBADF },
    { ERROR_DIRECTORY, ENOTDIR }, { ERROR_NO_UNICODE_TRANSLATION, EILSEQ }, { ERROR_INVALID_PARAMETER, EINVAL },
    { ERROR_BROKEN_PIPE, EPIPE }, { ERROR_NO_DATA, EPIPE }, { ERROR_PIPE_NOT_CONNECTED, EPIPE },
    { ERROR_OPERATION_ABORTED, EINTR },
};

int kfi_windows_fail(void)
{
    const DWORD code = GetLastError();
    errno = EIO;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code) errno = reasons[i].reason;
    return -1;
}

/* Longer paths than this need a prefix, which turns off what Windows does to paths else: names of devices, and names
 * that end with dots, mean then what they would mean to nobody else. */
enum { SHORT_PATH = 240 };

static const wchar_t prefix[] = L"\\\\?\\", share[] = L"\\\\?\\UNC\\";
enum { PREFIX = sizeof prefix / sizeof *prefix - 1, SHARE = sizeof share / sizeof *share - 1 };

/* An absolute path without prefix gets it if it is long. */
static wchar_t *with_prefix(wchar_t *path)
{
    const size_t size = wcslen(path);
    if (size < SHORT_PATH || !wcsncmp(path, prefix, PREFIX)) return path;
    const int is_share = path[0] == L'\\' && path[1] == L'\\';
    wchar_t *out = malloc((size + SHARE + 1) * sizeof *out);
    if (out) {
        wcscpy(out, is_share ? share : prefix);
        wcscat(out, path + (is_share ? 2 : 0));
    }
    free(path);
    return out;
}

/* A path as a handle tells it loses its prefix if it is short enough. */
static wchar_t *without_prefix(wchar_t *path, size_t most)
{
    const size_t size = wcslen(path);
    if (!wcsncmp(path, share, SHARE) && size < most) {
        memmove(path + 1, path + SHARE - 1, (size - SHARE + 2) * sizeof *path);
    } else if (!wcsncmp(path, prefix, PREFIX) && size < most) {
        memmove(path, path + PREFIX, (size - PREFIX + 1) * sizeof *path);
    }
    return path;
}

static wchar_t *widen(const char *text, size_t room)
{
    const int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    if (size <= 0) return kfi_windows_fail(), NULL;
    wchar_t *out = malloc(((size_t)size + room) * sizeof *out);
    if (out) MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out + room, size);
    return out;
}

wchar_t *kfi_windows_wide(const char *path)
{
    if (!*path) return errno = ENOENT, NULL;
    wchar_t *given = widen(path, 0);
    if (!given) return NULL;
    const DWORD room = GetFullPathNameW(given, 0, NULL, NULL);
    wchar_t *out = room ? malloc(room * sizeof *out) : NULL;
    if (out && !GetFullPathNameW(given, room, out, NULL)) {
        free(out);
        out = NULL;
    }
    if (!room) (void)kfi_windows_fail();
    free(given);
    return out ? with_prefix(out) : NULL;
}

static wchar_t *path_of(HANDLE handle)
{
    const DWORD room = GetFinalPathNameByHandleW(handle, NULL, 0, 0);
    if (!room) return kfi_windows_fail(), NULL;
    wchar_t *out = malloc((room + 1) * sizeof *out);
    if (out && !GetFinalPathNameByHandleW(handle, out, room + 1, 0)) {
        (void)kfi_windows_fail();
        free(out);
        return NULL;
    }
    return out;
}

wchar_t *kfi_windows_wide_in(int folder, const char *name)
{
    if (folder == AT_FDCWD) return kfi_windows_wide(name);
    wchar_t *path = path_of(kfi_windows_handle(folder));
    if (!path) return NULL;
    const size_t size = wcslen(path);
    wchar_t *out = widen(name, size + 1);
    if (out) {
        memcpy(out, path, size * sizeof *out);
        out[size] = L'\\';
        /* A drive's root ends with one. */
        if (size && path[size - 1] == L'\\') memmove(out + size, out + size + 1, wcslen(out + size) * sizeof *out);
        out = without_prefix(out, SHORT_PATH);
    }
    free(path);
    return out;
}

char *kfi_windows_narrow(const wchar_t *text)
{
    const int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    if (size <= 0) return kfi_windows_fail(), NULL;
    char *out = malloc((size_t)size);
    if (out) WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL);
    return out;
}

char *kfi_windows_realpath(const char *path, char *resolved)
{
    (void)resolved;
    const int fd = open(path, O_RDONLY);
    if (fd < 0) return NULL;
    wchar_t *wide = path_of(kfi_windows_handle(fd));
    close(fd);
    if (!wide) return NULL;
    char *out = kfi_windows_narrow(without_prefix(wide, SIZE_MAX));
    free(wide);
    for (char *p = out; p && *p; p++)
        if (*p == '\\') *p = '/';
    return out;
}

FILE *kfi_windows_fopen(const char *path, const char *mode)
{
    wchar_t *wide = kfi_windows_wide(path), how[8] = { 0 };
    for (size_t i = 0; mode[i] && i < 6; i++) how[i] = (wchar_t)mode[i];
    if (!wcschr(how, L'b')) wcscat(how, L"b");
    FILE *file = wide ? _wfopen(wide, how) : NULL;
    free(wide);
    return file;
}

char *kfi_windows_strndup(const char *text, size_t most)
{
    const size_t size = strnlen(text, most);
    char *out = malloc(size + 1);
    if (!out) return NULL;
    memcpy(out, text, size);
    out[size] = '\0';
    return out;
}
