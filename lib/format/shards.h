/* The section SHARDS of a dictionary that is several files or images. FORMAT.md 2.7 draws it; this is its code. */
#ifndef KFI_FORMAT_SHARDS_H
#define KFI_FORMAT_SHARDS_H

#include "base/array.h"

enum {
    KFI_SHARDS_LIMIT = 4096,
    KFI_SHARDS_HEADER = 8,
    KFI_SHARDS_ENTRY = 56,
    KFI_SHARD_PATH_LIMIT = 4095
};

typedef struct kfi_shard {
    uint64_t offset, size, keys;
    uint8_t build_id[16];
    kf_bytes first, last, path;
} kfi_shard;

typedef struct kfi_shards_head {
    size_t count;
    unsigned weights;          /* kf_weights, of all shards */
    int plain;                 /* a manifest: none of the files has shards itself */
} kfi_shards_head;

/* The order of keys. */
int kfi_shard_compare(kf_bytes a, kf_bytes b);

/* Appends the section's bytes to `out`. The entries must be as described above. KF_NO_MEMORY. */
kf_status kfi_shards_encode(const kfi_shard *entries, const kfi_shards_head *head, kfi_array *out, kf_error *error);

/* What the section begins with: it has room for so many entries. O(1). KF_CORRUPT. */
kf_status kfi_shards_head_decode(const uint8_t *section, uint64_t size, kfi_shards_head *head, kf_error *error);

/* Reads all entries; keys and paths are borrowed. Checks everything that is said above, the
 * order of the keys too. `images` is the size of IMAGES, 0 without that section. KF_CORRUPT. */
kf_status kfi_shards_decode(const uint8_t *section, uint64_t size, uint64_t images, kfi_shard *entries,
                            kf_error *error);

#endif
