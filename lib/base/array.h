/* A growable byte array for build-time work. Zero-initialise it; kfi_array_free clears it. */
#ifndef KFI_BASE_ARRAY_H
#define KFI_BASE_ARRAY_H

#include "base/bits.h"
#include "base/error.h"

typedef struct kfi_array {
    uint8_t *data;
    size_t size;
    size_t capacity;
} kfi_array;

kf_status kfi_array_grow(kfi_array *array, size_t more, kf_error *error);
/* Makes room for `more` bytes after size; size stays. Grows by half. */
static inline kf_status kfi_array_reserve(kfi_array *array, size_t more, kf_error *error)
{
    return array->capacity - array->size >= more ? KF_OK : kfi_array_grow(array, more, error);
}
void kfi_array_free(kfi_array *array);

static inline kf_status kfi_array_append(kfi_array *array, const void *data, size_t size,
                                         kf_error *error)
{
    kf_status status = kfi_array_reserve(array, size, error);
    if (status) return status;
    if (size) memcpy(array->data + array->size, data, size);
    array->size += size;
    return KF_OK;
}

/* The same for what is mostly shorter than a call is worth. */
static inline kf_status kfi_array_append_short(kfi_array *array, const void *data, size_t size, kf_error *error)
{
    if (!size) return KF_OK;
    kf_status status = kfi_array_reserve(array, size, error);
    if (status) return status;
    kfi_copy(array->data + array->size, data, size);
    array->size += size;
    return KF_OK;
}

/* Makes a kf_buffer hold at least `size` bytes (contents are kept up to `keep`). */
kf_status kfi_buffer_reserve(kf_buffer *buffer, size_t size, size_t keep);

#endif
