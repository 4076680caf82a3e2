#include "read/filter/fuse_verify.h"

#include "format/filter.h"
#include "read/dict.h"
#include "read/keys/walk.h"

enum { STEP = 4096 };              /* keys between two reports */

static kf_status verify_directory(const kfi_filter *f, uint64_t offset, kf_error *error)
{
    uint64_t first = 0;
    for (uint64_t i = 0; i >> f->bits == 0; i++) {
        const kfi_filter_part part = kfi_filter_part_load(f->directory + KFI_FILTER_ENTRY * i);
        const uint64_t size = part.segment_bits < 32 ? kfi_filter_part_size(&part) : UINT64_MAX;
        if (part.first != first || size > UINT32_MAX || size > f->size - first)
            return kfi_fail_at(error, KF_CORRUPT, offset, "part %llu of the filter is not where it should be",
                               (unsigned long long)i);
        first += size;
    }
    return first == f->size ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "the filter has more than its parts");
}

/* What the walk itself finds wrong is not for this check to tell. */
static kf_status verify_keys(const kf_dict *dict, kfi_walk *walk, kfi_progress *progress, kf_error *error)
{
    kf_status status = KF_OK, walked = kfi_walk_seek(walk, 0);
    while (!status && !walked) {
        if (walk->ordinal % STEP == 0) status = kfi_progress_report(progress, 0, error);
        const kf_bytes key = { walk->path, walk->size };
        if (!status && !kfi_filter_passes(&dict->filter, key))
            status = kfi_fail_key(error, KF_CORRUPT, key, "the filter does not let key %llu pass",
                                  (unsigned long long)walk->ordinal);
        if (!status) walked = kfi_walk_next(walk);
    }
    return walked == KF_NO_MEMORY ? kfi_fail_memory(error, dict->header.longest_key) : status;
}

kf_status kfi_filter_verify(const kf_dict *dict, kfi_progress *progress, kf_error *error)
{
    kfi_walk walk;
    kf_status status = verify_directory(&dict->filter, kfi_header_section(&dict->header, KFI_SECTION_FILTER)->offset,
                                        error);
    if (status) return status;
    if (kfi_walk_create(&walk, &dict->keys)) return kfi_fail_memory(error, dict->header.longest_key);
    status = verify_keys(dict, &walk, progress, error);
    kfi_walk_destroy(&walk);
    return status;
}
