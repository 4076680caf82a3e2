/* base/nameless.h and the temporary files of base/file.h: they have a name, but are removed when the last handle is
 * closed, which Windows does however the process ends. What may get a name of its own later is marked for that after it
 * was opened, and stays if the process is killed in between: only a mark can be taken back. */
#include "base/nameless.h"
#include "base/file.h"
#include "base/random.h"
#include "internal.h"

#include <winioctl.h>

static int mark(HANDLE handle, BOOLEAN removed)
{
    FILE_DISPOSITION_INFO order = { removed };
    return SetFileInformationByHandle(handle, FileDispositionInfo, &order, sizeof order) ? 0 : kfi_windows_fail();
}

/* The file is removed when it is closed: always, if that was asked for while it was opened, or while it is marked. */
static HANDLE open_unnamed(int folder, DWORD flag)
{
    char name[40];
    snprintf(name, sizeof name, ".keyfold-%016llx", (unsigned long long)kfi_random());
    wchar_t *path = kfi_windows_wide_in(folder, name);
    if (!path) return INVALID_HANDLE_VALUE;
    const HANDLE handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL | flag, NULL);
    if (handle == INVALID_HANDLE_VALUE) (void)kfi_windows_fail();
    free(path);
    return handle;
}

int kfi_nameless_open(int folder)
{
    const HANDLE handle = open_unnamed(folder, 0);
    if (handle == INVALID_HANDLE_VALUE) return -1;
    const int fd = mark(handle, TRUE) ? -1 : _open_osfhandle((intptr_t)handle, O_BINARY | O_NOINHERIT);
    if (fd < 0) {
        (void)mark(handle, TRUE);
        CloseHandle(handle);
    }
    return fd;
}

int kfi_nameless_link(int fd, int folder, const char *name)
{
    const HANDLE handle = kfi_windows_handle(fd);
    wchar_t *path = kfi_windows_wide_in(folder, name);
    if (!path) return -1;
    const int result = mark(handle, FALSE) || kfi_windows_rename_handle(handle, path, FileRenameInfo, 0) ? -1 : 0;
    const int reason = errno;
    if (result) (void)mark(handle, TRUE);
    free(path);
    errno = reason;
    return result;
}

int kfi_temporary_open(const char *folder, const kfi_disk_account *account, kf_error *error, kf_status *status)
{
    (void)account;
    DWORD done;
    const int parent = open(folder, O_RDONLY);
    const HANDLE handle = parent < 0 ? INVALID_HANDLE_VALUE : open_unnamed(parent, FILE_FLAG_DELETE_ON_CLOSE);
    const int fd = handle == INVALID_HANDLE_VALUE ? -1 : _open_osfhandle((intptr_t)handle, O_BINARY | O_NOINHERIT);
    const int reason = errno;
    if (handle != INVALID_HANDLE_VALUE && fd < 0) CloseHandle(handle);
    if (parent >= 0) close(parent);
    if (fd < 0) *status = kfi_fail_errno(error, reason, "cannot create a temporary file in '%s'", folder);
    /* Only then can a part be given back. Where it can't be, nothing else is lost. */
    else (void)DeviceIoControl(kfi_windows_handle(fd), FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &done, NULL);
    return fd;
}

uint64_t kfi_hole_punch(int fd, uint64_t offset, uint64_t size)
{
    enum { UNIT = 65536 };   /* that NTFS gives back */
    const uint64_t end = (offset + size) / UNIT * UNIT;
    offset = (offset + UNIT - 1) / UNIT * UNIT;
    if (end <= offset) return 0;
    FILE_ZERO_DATA_INFORMATION hole;
    hole.FileOffset.QuadPart = (LONGLONG)offset;
    hole.BeyondFinalZero.QuadPart = (LONGLONG)end;
    DWORD done;
    return DeviceIoControl(kfi_windows_handle(fd), FSCTL_SET_ZERO_DATA, &hole, sizeof hole, NULL, 0, &done, NULL)
        ? end - offset : 0;
}
