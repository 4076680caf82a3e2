#include "read/opening.h"

#include "base/error.h"
#include "base/options.h"

KFI_STRUCT_KIND(open_kind, kf_open_options, KF_OPEN_OPTIONS_INIT, reserved, member_context);

/* A caller's options, with `known` flags only. */
static kf_status read_options(kf_open_options *read, const kf_open_options *options, uint32_t known, kf_error *error)
{
    kf_status status = kfi_options_read(read, options, &open_kind, error);
    if (status) return status;
    if (read->flags & ~known)
        return kfi_fail(error, KF_INVALID, "flags that are unknown or have no meaning here: %#x",
                        read->flags & ~known);
    return read->reserved ? kfi_fail(error, KF_INVALID, "what is reserved in kf_open_options must be 0") : KF_OK;
}

kf_status kfi_open_file(kfi_mapping *mapping, kf_open_options *known, const char *path, const kf_open_options *options,
                        uint32_t more_flags, kf_error *error)
{
    const uint32_t flags = KF_OPEN_IN_MEMORY | KF_OPEN_POPULATE | KF_OPEN_RANDOM | KF_OPEN_HUGE | KF_OPEN_LOCK
                           | more_flags;
    kf_status status = read_options(known, options, flags, error);
    if (!status && !path) status = kfi_fail(error, KF_INVALID, "no path was given");
    if (!status && !*path) status = kfi_fail(error, KF_INVALID, "the path is empty");
    return status ? status : kfi_mapping_open(mapping, path, known->flags, error);
}

kf_status kfi_open_bytes(kfi_mapping *mapping, const void *data, size_t size, const kf_open_options *options,
                         kf_error *error)
{
    kf_open_options known;
    *mapping = (kfi_mapping){ .data = data, .size = size, .borrowed = 1 };
    kf_status status = read_options(&known, options, KF_OPEN_IN_MEMORY, error);
    if (!status && !data) status = kfi_fail(error, KF_INVALID, "no memory was given");
    if (!status && known.flags & KF_OPEN_IN_MEMORY) status = kfi_mapping_copy(mapping, data, size, error);
    return status;
}
