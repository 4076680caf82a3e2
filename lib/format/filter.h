/* The section FILTER, as code for writer and reader: which keys are certainly absent. FORMAT.md 13 draws it.
 *
 * Binary fuse filters with fingerprints of 8 bits (Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor
 * Filters", 2022), one for each part of the keys' hashes: a part is small enough to be built in little memory, and to
 * lie in few pages. */
#ifndef KFI_FORMAT_FILTER_H
#define KFI_FORMAT_FILTER_H

#include "base/bits.h"
#include "base/hash.h"

enum {
    KFI_FILTER_HEAD = 16,
    KFI_FILTER_ENTRY = 16,
    KFI_FILTER_PARTS_BITS = 32     /* of the number of parts, at most */
};

/* An entry of the directory. Without segments a part lets every key pass. */
typedef struct kfi_filter_part {
    uint64_t first;                /* of its fingerprints, among those of all parts */
    uint32_t segments;             /* two more are there: a key's three places are in segments side by side */
    uint8_t segment_bits, seed;
} kfi_filter_part;

static inline kfi_filter_part kfi_filter_part_load(const uint8_t *entry)
{
    return (kfi_filter_part){ kfi_load64(entry), kfi_load32(entry + 8), entry[12], entry[13] };
}

static inline uint64_t kfi_filter_hash(const void *key, size_t size) { return XXH3_64bits(key, size); }

static inline uint64_t kfi_filter_part_of(uint64_t hash, unsigned bits) { return bits ? hash >> (64 - bits) : 0; }

/* Fingerprints. */
static inline uint64_t kfi_filter_part_size(const kfi_filter_part *p)
{
    return p->segments ? ((uint64_t)p->segments + 2) << p->segment_bits : 0;
}

/* A key's three places in its part, each below the part's size if that is below 2^32, and its fingerprint. */
typedef struct kfi_filter_places {
    uint64_t at[3];
    uint8_t fingerprint;
} kfi_filter_places;

static inline kfi_filter_places kfi_filter_places_of(const kfi_filter_part *p, uint64_t hash)
{
    /* The finalizer of MurmurHash3 (Appleby): the part took the hash's high bits, and seeds must differ. */
    uint64_t x = hash + p->seed * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCDu;
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53u;
    x ^= x >> 33;
    const uint64_t size = (uint64_t)p->segments << p->segment_bits, mask = ((uint64_t)1 << p->segment_bits) - 1;
    const uint64_t first = (x >> 32) * size >> 32;
    return (kfi_filter_places){
        .at = { first, (first + mask + 1) ^ (x >> 18 & mask), (first + 2 * (mask + 1)) ^ (x & mask) },
        .fingerprint = (uint8_t)(x ^ x >> 36),
    };
}

#endif
