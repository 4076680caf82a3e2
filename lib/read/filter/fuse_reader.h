/* The section FILTER, open: keys that it does not let pass are absent. */
#ifndef KFI_READ_FILTER_FUSE_READER_H
#define KFI_READ_FILTER_FUSE_READER_H

#include "base/error.h"

typedef struct kfi_filter {
    const uint8_t *fingerprints, *directory;   /* NULL: there is no filter */
    uint64_t size;                             /* of the fingerprints */
    unsigned bits;                             /* of the number of parts */
} kfi_filter;

/* O(1). KF_CORRUPT. */
kf_status kfi_filter_open(kfi_filter *filter, const uint8_t *section, uint64_t size, uint64_t offset,
                          kf_error *error);

/* Whether a key may be there. O(its size). On a damaged file the answer may be wrong either way; entries are checked
 * where they are used. */
int kfi_filter_passes(const kfi_filter *filter, kf_bytes key);

/* The same for many keys, whose places are fetched side by side: `passed` gets the numbers of those that may be there,
 * in ascending order. Returns how many. */
enum { KFI_FILTER_BATCH = 256 };
size_t kfi_filter_passes_many(const kfi_filter *filter, const kf_bytes *keys, size_t count, uint16_t *passed);

#endif
