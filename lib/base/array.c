#include "base/array.h"

#include <stdlib.h>

/* At least `wanted`, half more than `capacity`, and never an overflow. */
static size_t grown(size_t capacity, size_t wanted)
{
    size_t size = capacity < SIZE_MAX / 2 ? capacity + capacity / 2 : SIZE_MAX;
    if (size < 64) size = 64;
    return size < wanted ? wanted : size;
}

kf_status kfi_array_grow(kfi_array *array, size_t more, kf_error *error)
{
    if (more > SIZE_MAX - array->size) return kfi_fail_memory(error, SIZE_MAX);

    size_t wanted = array->size + more;
    size_t capacity = grown(array->capacity, wanted);
    uint8_t *data = realloc(array->data, capacity);
    if (!data && capacity > wanted) data = realloc(array->data, capacity = wanted);
    if (!data) return kfi_fail_memory(error, wanted);
    array->data = data;
    array->capacity = capacity;
    return KF_OK;
}

void kfi_array_free(kfi_array *array)
{
    free(array->data);
    *array = (kfi_array){ NULL, 0, 0 };
}

kf_status kfi_buffer_reserve(kf_buffer *buffer, size_t size, size_t keep)
{
    if (buffer->capacity >= size) return KF_OK;
    size_t capacity = grown(buffer->capacity, size);
    uint8_t *data;
    if (keep) {
        data = realloc(buffer->data, capacity);
        if (!data) return KF_NO_MEMORY;
    } else {
        /* Nothing to preserve: spare realloc's copy. */
        data = malloc(capacity);
        if (!data) return KF_NO_MEMORY;
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return KF_OK;
}

void kf_buffer_free(kf_buffer *buffer)
{
    if (!buffer) return;
    free(buffer->data);
    *buffer = (kf_buffer)KF_BUFFER_INIT;
}
