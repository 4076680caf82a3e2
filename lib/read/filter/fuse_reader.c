#include "read/filter/fuse_reader.h"

#include "format/filter.h"

kf_status kfi_filter_open(kfi_filter *f, const uint8_t *section, uint64_t size, uint64_t offset, kf_error *error)
{
    if (size < KFI_FILTER_HEAD) return kfi_fail_at(error, KF_CORRUPT, offset, "the filter is cut");
    const unsigned bits = section[0];
    const uint64_t fingerprints = kfi_load64(section + 8);
    if (bits > KFI_FILTER_PARTS_BITS || fingerprints > size - KFI_FILTER_HEAD
        || size - KFI_FILTER_HEAD - fingerprints != (uint64_t)KFI_FILTER_ENTRY << bits)
        return kfi_fail_at(error, KF_CORRUPT, offset, "the filter's size is not what its head says");
    *f = (kfi_filter){ section + KFI_FILTER_HEAD, section + KFI_FILTER_HEAD + fingerprints, fingerprints, bits };
    return KF_OK;
}

/* Where a hash's three fingerprints are and what they must sum up to; 0: it passes. */
static int locate(const kfi_filter *f, uint64_t hash, kfi_filter_places *places)
{
    const kfi_filter_part part = kfi_filter_part_load(f->directory
                                                      + KFI_FILTER_ENTRY * kfi_filter_part_of(hash, f->bits));
    const uint64_t size = part.segment_bits < 32 ? kfi_filter_part_size(&part) : 0;
    if (!size || size > UINT32_MAX || part.first > f->size || size > f->size - part.first) return 0;
    *places = kfi_filter_places_of(&part, hash);
    for (unsigned k = 0; k < 3; k++) places->at[k] += part.first;
    return 1;
}

static int is_right(const kfi_filter *f, const kfi_filter_places *p)
{
    return (f->fingerprints[p->at[0]] ^ f->fingerprints[p->at[1]] ^ f->fingerprints[p->at[2]]) == p->fingerprint;
}

int kfi_filter_passes(const kfi_filter *f, kf_bytes key)
{
    kfi_filter_places places;
    return !locate(f, kfi_filter_hash(key.data, key.size), &places) || is_right(f, &places);
}

size_t kfi_filter_passes_many(const kfi_filter *f, const kf_bytes *keys, size_t count, uint16_t *passed)
{
    kfi_filter_places places[KFI_FILTER_BATCH];
    uint8_t located[KFI_FILTER_BATCH];
    size_t passing = 0;
    for (size_t i = 0; i < count; i++) {
        located[i] = (uint8_t)locate(f, kfi_filter_hash(keys[i].data, keys[i].size), &places[i]);
        for (unsigned k = 0; k < 3 && located[i]; k++) kfi_prefetch(f->fingerprints + places[i].at[k]);
    }
    for (size_t i = 0; i < count; i++)
        if (!located[i] || is_right(f, &places[i])) passed[passing++] = (uint16_t)i;
    return passing;
}
