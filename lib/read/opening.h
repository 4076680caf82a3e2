/* What opening a dictionary and opening an index of names begin with: the caller's options, and the mapping. */
#ifndef KFI_READ_OPENING_H
#define KFI_READ_OPENING_H

#include "base/file.h"

#include <keyfold/dict.h>

/* Maps a file; `known` becomes what the library knows of the options. Flags are those about mapping, and `more_flags`.
 * KF_INVALID (options, no path or an empty one), KF_IO, KF_NO_MEMORY. */
kf_status kfi_open_file(kfi_mapping *mapping, kf_open_options *known, const char *path, const kf_open_options *options,
                        uint32_t more_flags, kf_error *error);
/* Takes memory of the caller's, or with KF_OPEN_IN_MEMORY a copy of it. KF_INVALID, KF_NO_MEMORY. */
kf_status kfi_open_bytes(kfi_mapping *mapping, const void *data, size_t size, const kf_open_options *options,
                         kf_error *error);

#endif
