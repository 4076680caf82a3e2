#include "write/filter/fuse.h"

#include <stdlib.h>

enum {
    SEEDS = 64,
    PLACES_MOST = KFI_FUSE_MOST + KFI_FUSE_MOST / 4    /* 19/16 a hash for the most hashes, by shape_of */
};

kf_status kfi_fuse_create(kfi_fuse *f, kf_error *error)
{
    f->sums = malloc(PLACES_MOST * sizeof *f->sums);
    f->peeled = malloc(KFI_FUSE_MOST * sizeof *f->peeled);
    f->counts = malloc(2 * PLACES_MOST * sizeof *f->counts);
    f->fingerprints = malloc(PLACES_MOST);
    return f->sums && f->peeled && f->counts && f->fingerprints ? KF_OK : kfi_fail_memory(error, 17 * PLACES_MOST);
}

void kfi_fuse_free(kfi_fuse *f)
{
    free(f->sums);
    free(f->peeled);
    free(f->counts);
    free(f->fingerprints);
}

/* The paper's sizes for three places: segments of 2^(ln n / ln 3.33 + 2.25) and n (0.875 + 0.25 ln 10^6 / ln n) places
 * in all, here without floating point, so that all machines find the same. */
static void shape_of(kfi_filter_part *part, size_t count)
{
    static const uint32_t from[] = { 3, 9, 28, 92, 304, 1010, 3361, 11191, 37263, 124084 };   /* 3.33^(bits - 2.25) */
    part->segment_bits = 3;
    for (size_t i = 1; i < sizeof from / sizeof *from && count >= from[i]; i++) part->segment_bits++;
    const unsigned log = count > 1 ? kfi_bit_width(count) - 1 : 1;
    const uint64_t places = count * (875 + 4983 / log) / 1000;
    const uint64_t segments = (places + ((uint64_t)1 << part->segment_bits) - 1) >> part->segment_bits;
    part->segments = segments > 3 ? (uint32_t)segments - 2 : 1;
}

/* Takes away hashes that are alone in a place until none is: returns how many went. */
static size_t peel(kfi_fuse *f, const uint64_t *hashes, size_t count, const kfi_filter_part *part)
{
    const size_t size = (size_t)kfi_filter_part_size(part);
    uint32_t *alone = f->counts + PLACES_MOST;     /* places that may be alone; each hash's is left at its number */
    size_t waiting = 0, peeled = 0;
    memset(f->sums, 0, size * sizeof *f->sums);
    memset(f->counts, 0, size * sizeof *f->counts);
    for (size_t i = 0; i < count; i++) {
        const kfi_filter_places p = kfi_filter_places_of(part, hashes[i]);
        for (unsigned k = 0; k < 3; k++) f->sums[p.at[k]] ^= hashes[i], f->counts[p.at[k]]++;
    }
    for (size_t place = 0; place < size; place++)
        if (f->counts[place] == 1) alone[waiting++] = (uint32_t)place;
    while (peeled < waiting) {
        const uint32_t place = alone[peeled];
        if (f->counts[place] != 1) {               /* its hash went by another place */
            alone[peeled] = alone[--waiting];
            continue;
        }
        const uint64_t hash = f->sums[place];
        const kfi_filter_places p = kfi_filter_places_of(part, hash);
        f->peeled[peeled++] = hash;
        for (unsigned k = 0; k < 3; k++) {
            f->sums[p.at[k]] ^= hash;
            if (--f->counts[p.at[k]] == 1) alone[waiting++] = (uint32_t)p.at[k];
        }
    }
    return peeled;
}

/* In the opposite order each hash's own place is free, and makes the sum of its three right. */
static void assign(kfi_fuse *f, size_t count, const kfi_filter_part *part)
{
    const uint32_t *alone = f->counts + PLACES_MOST;
    memset(f->fingerprints, 0, (size_t)kfi_filter_part_size(part));
    while (count--) {
        const kfi_filter_places p = kfi_filter_places_of(part, f->peeled[count]);
        uint8_t sum = p.fingerprint;
        for (unsigned k = 0; k < 3; k++) sum ^= f->fingerprints[p.at[k]];
        f->fingerprints[alone[count]] = sum;
    }
}

void kfi_fuse_make(kfi_fuse *f, const uint64_t *hashes, size_t count, kfi_filter_part *part)
{
    *part = (kfi_filter_part){ 0 };
    if (!count) return;
    shape_of(part, count);
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        part->seed = (uint8_t)seed;
        if (peel(f, hashes, count, part) < count) continue;
        assign(f, count, part);
        return;
    }
    *part = (kfi_filter_part){ 0 };
}
