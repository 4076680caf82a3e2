#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Two functions go by this name: glibc's returns the text, which need not be in `text`; that of POSIX a number. */
static const char *reason_of(int os_error, char *text, size_t size)
{
#if defined(_WIN32)
    if (os_error == EBUSY) return "a process has it open";   /* its own text is "Resource device" */
    return strerror_s(text, size, os_error) ? "unknown error" : text;
#elif defined(__GLIBC__)
    return strerror_r(os_error, text, size);
#else
    return strerror_r(os_error, text, size) ? "unknown error" : text;
#endif
}

static void fill(kf_error *error, kf_status status, int os_error, uint64_t offset,
                 const char *format, va_list arguments)
{
    memset(error, 0, sizeof *error);
    error->status = status;
    error->os_error = os_error;
    error->offset = offset;
    int n = vsnprintf(error->message, sizeof error->message, format, arguments);
    if (n < 0) error->message[0] = '\0';
    if (!os_error || n < 0) return;

    size_t used = strlen(error->message);
    char text[96];
    snprintf(error->message + used, sizeof error->message - used, ": %s", reason_of(os_error, text, sizeof text));
}

kf_status kfi_fail(kf_error *error, kf_status status, const char *format, ...)
{
    if (!error) return status;
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, 0, UINT64_MAX, format, arguments);
    va_end(arguments);
    return status;
}

kf_status kfi_fail_errno(kf_error *error, int os_error, const char *format, ...)
{
    kf_status status = KF_IO;
    if (os_error == ENOSPC || os_error == EDQUOT || os_error == EFBIG) status = KF_NO_SPACE;
    else if (os_error == ENOMEM) status = KF_NO_MEMORY;
    if (!error) return status;

    va_list arguments;
    va_start(arguments, format);
    fill(error, status, os_error, UINT64_MAX, format, arguments);
    va_end(arguments);
    return status;
}

kf_status kfi_fail_at(kf_error *error, kf_status status, uint64_t offset, const char *format, ...)
{
    if (!error) return status;
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, 0, offset, format, arguments);
    va_end(arguments);
    return status;
}

kf_status kfi_fail_key(kf_error *error, kf_status status, kf_bytes key, const char *format, ...)
{
    if (!error) return status;
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, 0, UINT64_MAX, format, arguments);
    va_end(arguments);
    error->key_size = key.size;
    size_t kept = key.size < sizeof error->key ? key.size : sizeof error->key;
    if (kept) memcpy(error->key, key.data, kept);
    return status;
}

kf_status kfi_fail_memory(kf_error *error, size_t size)
{
    return kfi_fail(error, KF_NO_MEMORY, "out of memory (%zu bytes wanted)", size);
}
