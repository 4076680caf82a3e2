#include "base/options.h"

#include <string.h>

static size_t size_of(const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

kf_status kfi_result_check(const void *result, const kfi_struct_kind *kind, kf_error *error)
{
    const size_t size = size_of(result);
    if (size >= kind->first_size && size <= KFI_OPTIONS_SIZE_LIMIT) return KF_OK;
    return kfi_fail(error, KF_INVALID, "%s was not initialised: its _INIT macro sets struct_size", kind->name);
}

kf_status kfi_options_read(void *out, const void *given, const kfi_struct_kind *kind, kf_error *error)
{
    memcpy(out, kind->initial, kind->size);
    if (!given) return KF_OK;
    kf_status status = kfi_result_check(given, kind, error);
    if (status) return status;
    const size_t size = size_of(given);
    for (size_t at = kind->size; at < size; at++)
        if (((const uint8_t *)given)[at])
            return kfi_fail(error, KF_INVALID, "%s has an option that this library does not know: the program was "
                            "compiled against a newer keyfold", kind->name);
    memcpy(out, given, size < kind->size ? size : kind->size);
    memcpy(out, &kind->size, sizeof kind->size);
    return KF_OK;
}

void kfi_result_write(void *result, const void *from, const kfi_struct_kind *kind)
{
    const size_t size = size_of(result), known = size < kind->size ? size : kind->size;
    memcpy((uint8_t *)result + sizeof size, (const uint8_t *)from + sizeof size, known - sizeof size);
    memset((uint8_t *)result + known, 0, size - known);
}
