/* Memory: of files, and without. */
#include "internal.h"

static DWORD pages_of(int protection)
{
    return protection & PROT_WRITE ? PAGE_READWRITE : protection & PROT_READ ? PAGE_READONLY : PAGE_NOACCESS;
}

void *kfi_windows_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address;
    void *out = NULL;
    if (flags & MAP_ANONYMOUS) {
        out = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, pages_of(protection));
    } else {
        const HANDLE section = CreateFileMappingW(kfi_windows_handle(fd), NULL, PAGE_READONLY, 0, 0, NULL);
        if (section)
            out = MapViewOfFile(section, FILE_MAP_READ, (DWORD)((uint64_t)offset >> 32), (DWORD)offset, size);
        if (!out) (void)kfi_windows_fail();
        if (section) CloseHandle(section);
        return out ? out : MAP_FAILED;
    }
    if (!out) errno = ENOMEM;
    return out ? out : MAP_FAILED;
}

int kfi_windows_munmap(void *address, size_t size)
{
    (void)size;
    MEMORY_BASIC_INFORMATION found;
    if (!VirtualQuery(address, &found, sizeof found)) return kfi_windows_fail();
    if (found.Type == MEM_PRIVATE) return VirtualFree(address, 0, MEM_RELEASE) ? 0 : kfi_windows_fail();
    return UnmapViewOfFile(address) ? 0 : kfi_windows_fail();
}

int kfi_windows_mprotect(void *address, size_t size, int protection)
{
    DWORD before;
    return VirtualProtect(address, size, pages_of(protection), &before) ? 0 : kfi_windows_fail();
}

int kfi_windows_mlock(const void *address, size_t size)
{
    return VirtualLock((void *)(uintptr_t)address, size) ? 0 : kfi_windows_fail();
}

int kfi_windows_madvise(void *address, size_t size, int advice)
{
    WIN32_MEMORY_RANGE_ENTRY range = { address, size };
    /* How pages are read is Windows's own affair. */
    if (advice != MADV_WILLNEED) return 0;
    return PrefetchVirtualMemory(GetCurrentProcess(), 1, &range, 0) ? 0 : kfi_windows_fail();
}
