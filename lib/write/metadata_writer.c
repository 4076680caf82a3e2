#include "write/metadata_writer.h"

#include <string.h>

enum { NAME_LIMIT = 255, LIMIT = 64 << 20 };

kf_status kfi_metadata_add(kfi_metadata *metadata, uint64_t *bytes, const char *name, const void *data, size_t size,
                           kf_error *error)
{
    if (!name || !*name || strlen(name) > NAME_LIMIT)
        return kfi_fail(error, KF_INVALID, "a metadata name has 1 to %d bytes", NAME_LIMIT);
    if (!strncmp(name, "keyfold.", 8))
        return kfi_fail(error, KF_INVALID, "metadata names that begin with \"keyfold.\" are reserved");
    if (size > LIMIT || *bytes + strlen(name) + size > LIMIT)
        return kfi_fail(error, KF_LIMIT, "metadata is limited to 64 MiB in all");
    *bytes += strlen(name) + size;
    return kfi_metadata_set(metadata, KFI_METADATA_BYTES, name, data, size, error);
}

kf_status kfi_metadata_write(const kfi_metadata *metadata, kfi_writer *writer, kf_error *error)
{
    kfi_array section = { 0 };
    kf_status status = kfi_metadata_encode(metadata, &section, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_METADATA, error);
    if (!status) status = kfi_writer_write(writer, section.data, section.size, error);
    if (!status) status = kfi_writer_end(writer, error);
    kfi_array_free(&section);
    return status;
}
