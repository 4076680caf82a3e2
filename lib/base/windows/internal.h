/* What the files of this folder share. */
#ifndef KFI_BASE_WINDOWS_INTERNAL_H
#define KFI_BASE_WINDOWS_INTERNAL_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* Sets errno by GetLastError, and returns -1. */
int kfi_windows_fail(void);

/* A path for the functions of Windows, absolute; to be freed. NULL and errno. */
wchar_t *kfi_windows_wide(const char *path);
/* The same of a name in a folder. */
wchar_t *kfi_windows_wide_in(int folder, const char *name);
/* UTF-8; to be freed. NULL and errno. */
char *kfi_windows_narrow(const wchar_t *text);

/* Renames what has the handle, which must allow that (DELETE), to an absolute path: 0, or -1 and errno. */
int kfi_windows_rename_handle(HANDLE handle, const wchar_t *path, FILE_INFO_BY_HANDLE_CLASS how, DWORD flags);

static inline HANDLE kfi_windows_handle(int fd) { return (HANDLE)_get_osfhandle(fd); }

#endif
