#include "read/opening.h"

#include "base/error.h"
#include "base/options.h"

KFI_STRUCT_KIND(open_kind, kf_open_options, KF_OPEN_OPTIONS_INIT, reserved, reserved);

/* The flags of a caller's options, `known` ones only. */
static kf_status read_flags(uint32_t *flags, const kf_open_options *options, uint32_t known, kf_error *error)
{
    kf_open_options read;
    kf_status status = kfi_options_read(&read, options, &open_kind, error);
    if (status) return status;
    *flags = read.flags;
    if (read.flags & ~known)
        return kfi_fail(error, KF_INVALID, "flags that are unknown or have no meaning here: %#x", read.flags & ~known);
    return read.reserved ? kfi_fail(error, KF_INVALID, "what is reserved in kf_open_options must be 0") : KF_OK;
}

kf_status kfi_open_file(kfi_mapping *mapping, uint32_t *flags, const char *path, const kf_open_options *options,
                        kf_error *error)
{
    const uint32_t known = KF_OPEN_IN_MEMORY | KF_OPEN_POPULATE | KF_OPEN_RANDOM | KF_OPEN_HUGE | KF_OPEN_LOCK;
    kf_status status = read_flags(flags, options, known, error);
    if (!status && !path) status = kfi_fail(error, KF_INVALID, "no path was given");
    if (!status && !*path) status = kfi_fail(error, KF_INVALID, "the path is empty");
    return status ? status : kfi_mapping_open(mapping, path, *flags, error);
}

kf_status kfi_open_bytes(kfi_mapping *mapping, const void *data, size_t size, const kf_open_options *options,
                         kf_error *error)
{
    uint32_t flags;
    *mapping = (kfi_mapping){ .data = data, .size = size, .borrowed = 1 };
    kf_status status = read_flags(&flags, options, KF_OPEN_IN_MEMORY, error);
    if (!status && !data) status = kfi_fail(error, KF_INVALID, "no memory was given");
    if (!status && flags & KF_OPEN_IN_MEMORY) status = kfi_mapping_copy(mapping, data, size, error);
    return status;
}
