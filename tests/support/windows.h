/* What the tests use of POSIX besides what the library does (lib/base/windows/posix.h): included before all else on
 * Windows, where Check has no fork, and a test's process is all that its cases have. */
#ifndef TESTS_SUPPORT_WINDOWS_H
#define TESTS_SUPPORT_WINDOWS_H

#define PROT_NONE 0

/* The linker replaces (--wrap) what posix.h makes of these names. */
#define __real_mmap __real_kfi_windows_mmap
#define __wrap_mmap __wrap_kfi_windows_mmap
#define __real_munmap __real_kfi_windows_munmap
#define __wrap_munmap __wrap_kfi_windows_munmap

/* Meson stops what does not end. */
static inline unsigned alarm(unsigned seconds) { return (void)seconds, 0; }

int setenv(const char *name, const char *value, int overwrite);
char *mkdtemp(char *path);
int link(const char *from, const char *to);

#endif
