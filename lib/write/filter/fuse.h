/* One part of a filter: construction by peeling (Graf and Lemire 2022; format/filter.h). */
#ifndef KFI_WRITE_FILTER_FUSE_H
#define KFI_WRITE_FILTER_FUSE_H

#include "base/error.h"
#include "format/filter.h"

enum { KFI_FUSE_MOST = 1 << 17 };   /* hashes of a part */

/* Room for parts, one after the other: 3.7 MiB, whatever their sizes. Zero-initialise it. */
typedef struct kfi_fuse {
    uint64_t *sums, *peeled;       /* of each place, the hashes that it is a place of; hashes in the order of peeling */
    uint32_t *counts;              /* of them; then where each peeled hash is alone */
    uint8_t *fingerprints;
} kfi_fuse;

kf_status kfi_fuse_create(kfi_fuse *fuse, kf_error *error);
void kfi_fuse_free(kfi_fuse *fuse);
/* Makes the part of `count` distinct hashes (at most KFI_FUSE_MOST): all but `first` is set, and
 * kfi_filter_part_size(part) fingerprints lie in the room until the next call. None if there are no hashes, or if no
 * seed serves, which nobody has seen. The same on every machine. */
void kfi_fuse_make(kfi_fuse *fuse, const uint64_t *hashes, size_t count, kfi_filter_part *part);

#endif
