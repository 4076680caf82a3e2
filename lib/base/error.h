/* Filling a caller's kf_error. Every function returns the status it was given, so that a failure is
 * reported and returned in one statement. */
#ifndef KFI_BASE_ERROR_H
#define KFI_BASE_ERROR_H

#include <keyfold/status.h>

#if defined(__GNUC__)
#define KFI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define KFI_PRINTF(f, a)
#endif

kf_status kfi_fail(kf_error *error, kf_status status, const char *format, ...) KFI_PRINTF(3, 4);

/* KF_NO_SPACE for ENOSPC, EDQUOT and EFBIG, KF_NO_MEMORY for ENOMEM, else KF_IO; appends strerror. */
kf_status kfi_fail_errno(kf_error *error, int os_error, const char *format, ...) KFI_PRINTF(3, 4);

/* A file whose content is wrong at `offset`. */
kf_status kfi_fail_at(kf_error *error, kf_status status, uint64_t offset, const char *format, ...)
    KFI_PRINTF(4, 5);

kf_status kfi_fail_key(kf_error *error, kf_status status, kf_bytes key, const char *format, ...)
    KFI_PRINTF(4, 5);

kf_status kfi_fail_memory(kf_error *error, size_t size);

#endif
