/* Status codes, error details and the small value types that every part of the API shares. */
#ifndef KEYFOLD_STATUS_H
#define KEYFOLD_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* On Windows a program that is linked with the static library defines KF_STATIC; pkg-config and CMake say so. */
#if defined(_WIN32) && defined(KF_BUILDING)
#define KF_API __declspec(dllexport)
#elif defined(_WIN32) && defined(KF_STATIC)
#define KF_API
#elif defined(_WIN32)
#define KF_API __declspec(dllimport)
#elif defined(__GNUC__)
#define KF_API __attribute__((visibility("default")))
#else
#define KF_API
#endif

/* The version of these headers; kf_library_version tells that of the library at run time. */
#define KF_VERSION_MAJOR 0
#define KF_VERSION_MINOR 1
#define KF_VERSION_PATCH 0

/* The numbers are part of the ABI and never change. */
typedef enum kf_status {
    KF_OK = 0,
    KF_NOT_FOUND = 1,    /* the key, ordinal or metadata entry is absent */
    KF_END = 2,          /* an iterator has no more entries */
    KF_INVALID = 3,      /* an argument or option is out of its range */
    KF_NO_MEMORY = 4,    /* an allocation failed */
    KF_IO = 5,           /* the operating system reported an error; kf_error.os_error has errno */
    KF_NO_SPACE = 6,     /* the disk or a file size limit is full */
    KF_FORMAT = 7,       /* not a keyfold file, or cut or grown since it was written */
    KF_UNSUPPORTED = 8,  /* the file needs a feature or version that this library lacks */
    KF_CORRUPT = 9,      /* the file's content contradicts itself */
    KF_DUPLICATE = 10,   /* the same key was added twice under KF_DUPLICATES_ERROR */
    KF_LIMIT = 11,       /* a key, value or count is larger than the format allows */
    KF_TYPE = 12,        /* the dictionary's values are of another type, or the file is of another kind */
    KF_CANCELLED = 13,   /* a progress callback asked to stop */
    KF_REPLACED = 14     /* a file that a manifest names is another dictionary than when that was written */
} kf_status;

/* Details of a failure, owned by the caller; needs no clean-up. This struct never changes. */
typedef struct kf_error {
    kf_status status;
    int os_error;         /* errno, or 0 */
    uint64_t offset;      /* byte offset in the file concerned, or UINT64_MAX */
    size_t key_size;      /* bytes of the key concerned (may exceed what `key` holds); 0 if none */
    uint8_t key[64];      /* the key's first bytes */
    char message[256];    /* one line, NUL-terminated, no final newline */
} kf_error;

/* Borrowed bytes; `data` may be NULL when `size` is 0. This struct never changes. */
typedef struct kf_bytes {
    const uint8_t *data;
    size_t size;
} kf_bytes;

/* Memory that a caller lends to calls that may have to assemble their result. Start with
 * KF_BUFFER_INIT, reuse it for as many calls as you like, and free it with kf_buffer_free.
 * It grows when needed; a result stays valid until the next call that is lent the same buffer. One thread at a time may
 * use it. This struct never changes. */
typedef struct kf_buffer {
    uint8_t *data;
    size_t capacity;
} kf_buffer;
#define KF_BUFFER_INIT { NULL, 0 }

/* Frees what a buffer holds; it may be used again. NULL is accepted. */
KF_API void kf_buffer_free(kf_buffer *buffer);

/* The name of a status ("not found", ...): a static string, never NULL. */
KF_API const char *kf_status_name(kf_status status);

/* The library's version, "0.1.0": a static string. */
KF_API const char *kf_library_version(void);

#ifdef __cplusplus
}
#endif
#endif
