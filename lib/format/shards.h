/* The section SHARDS of a dictionary that is several files or images. FORMAT.md 2.7 is normative; this is its
 * code.
 *
 *   offset size
 *        0    4  number of shards, 1 to 4096
 *        4    1  weights (kf_weights): what all shards have
 *        5    3  zero
 *        8   56  an entry a shard, in the order of their keys
 *        -    -  pool: first key, last key, path, first key, last key, path, ... without gaps
 *
 *   entry
 *        0    8  offset of the image in the section IMAGES; 0 without that section
 *        8    8  size of the image, or of the file that the path names
 *       16    8  number of keys, at least 1
 *       24   16  build id of image or file
 *       40    4  size of the first key
 *       44    4  size of the last key
 *       48    4  size of the path; 0 if and only if there is a section IMAGES
 *       52    4  zero
 *
 *   | count .. | entry 0 | entry 1 | .. | first 0 | last 0 | path 0 | first 1 | ..
 *
 * Images follow each other without gaps. A path has no zero byte; if it does not begin with a slash it starts
 * from the folder of the file that it is in. */
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

/* The order of keys. */
int kfi_shard_compare(kf_bytes a, kf_bytes b);

/* Appends the section's bytes to `out`. The entries must be as described above. KF_NO_MEMORY. */
kf_status kfi_shards_encode(const kfi_shard *entries, size_t count, unsigned weights, kfi_array *out,
                            kf_error *error);

/* How many entries the section has room for and says that it has. O(1). KF_CORRUPT. */
kf_status kfi_shards_count(const uint8_t *section, uint64_t size, size_t *count, unsigned *weights,
                           kf_error *error);

/* Reads all (kfi_shards_count) entries; keys and paths are borrowed. Checks everything that is said above, the
 * order of the keys too. `images` is the size of IMAGES, 0 without that section. KF_CORRUPT. */
kf_status kfi_shards_decode(const uint8_t *section, uint64_t size, uint64_t images, kfi_shard *entries,
                            kf_error *error);

#endif
