/* Reading a packed array (format/packed.h) in place. */
#ifndef KFI_READ_VALUES_PACKED_READER_H
#define KFI_READ_VALUES_PACKED_READER_H

#include "base/error.h"
#include "format/packed.h"

typedef struct kfi_packed {
    const uint8_t *directory;
    const uint8_t *payload;
    uint64_t payload_size;
    uint64_t count;
    unsigned base_bytes;
} kfi_packed;

/* `descriptor` was checked against the section, which has KFI_TAIL_PAD readable bytes after it. */
static inline void kfi_packed_open(kfi_packed *packed, const uint8_t *section,
                                   const kfi_packed_descriptor *descriptor, uint64_t count)
{
    packed->directory = section + descriptor->directory_offset;
    packed->payload = section + descriptor->payload_offset;
    packed->payload_size = descriptor->payload_size;
    packed->count = count;
    packed->base_bytes = descriptor->base_bytes;
}

/* ---- the one decoder: everything else loads values through kfi_packed_load ----------------------- */

#define KFI_PACKED_INLINE static inline __attribute__((always_inline))

/* A block's entry in the directory. */
typedef struct kfi_packed_entry {
    uint64_t at;                     /* its payload */
    unsigned width, mode, m;
} kfi_packed_entry;

KFI_PACKED_INLINE kfi_packed_entry kfi_packed_entry_of(const kfi_packed *packed, uint64_t index)
{
    uint64_t entry = kfi_load64(packed->directory + index / KFI_PACKED_BLOCK * 8);
    return (kfi_packed_entry){ entry >> 17, entry & 127, entry >> 7 & 7, (unsigned)(entry >> 10 & 127) + 1 };
}

KFI_PACKED_INLINE uint64_t kfi_packed_sign_extend(uint64_t value, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return bytes ? (uint64_t)((int64_t)(value << shift) >> shift) : 0;
}

/* Set bits among the first `n` (0..127) after bit 0. */
KFI_PACKED_INLINE unsigned kfi_packed_rank(const uint8_t *map, unsigned n)
{
    uint64_t low = kfi_load64(map), high = kfi_load64(map + 8);
    if (n < 64) return kfi_popcount(low & (((1ull << n) << 1) - 2));
    return kfi_popcount(low & ~1ull) + kfi_popcount(high & (((1ull << (n - 64)) << 1) - 1));
}

/* Fields i .. i+count-1 of those at `at` of the payload. Widths are 0..57, or 64 at a byte's start; others are damage
 * and yield some number. */
KFI_PACKED_INLINE kf_status kfi_packed_fields(const kfi_packed *packed, uint64_t at, unsigned i, unsigned count,
                                              unsigned width, uint64_t base, uint64_t *values)
{
    uint64_t bit = (uint64_t)i * width;
    const uint8_t *fields = packed->payload + at;
    if (at + ((bit + (uint64_t)(count - 1) * width) >> 3) > packed->payload_size) return KF_CORRUPT;
    for (unsigned k = 0; k < count; k++, bit += width)
        values[k] = base + kfi_low_bits(kfi_load64(fields + (bit >> 3)) >> (bit & 7), width);
    return KF_OK;
}

/* The runs' values, each as often as the map says; the last first, so that none is overwritten before it is copied. */
KFI_PACKED_INLINE kf_status kfi_packed_runs(const kfi_packed *packed, uint64_t at, unsigned i, unsigned count,
                                            unsigned width, uint64_t base, uint64_t *values)
{
    const uint8_t *map = packed->payload + at;
    unsigned rank = kfi_packed_rank(map, i), run = count > 1 ? kfi_packed_rank(map, i + count - 1) - rank : 0;
    if (kfi_packed_fields(packed, at + KFI_PACKED_MAP, rank, run + 1, width, base, values)) return KF_CORRUPT;
    for (unsigned k = count - 1; k; k--) {
        values[k] = values[run];
        run -= map[(i + k) / 8] >> ((i + k) % 8) & 1;
    }
    return KF_OK;
}

/* Values first .. first+count-1 (1 <= count), which are in one block. Every position that follows from the file's
 * bytes is compared with the payload's end before the 8 bytes there are loaded; fields at fixed distances of a checked
 * position (a base, a slope, a bit map: 33 bytes at most) lie in the pad at worst. */
KFI_PACKED_INLINE kf_status kfi_packed_load(const kfi_packed *packed, uint64_t first, unsigned count,
                                            uint64_t *values)
{
    if (first >= packed->count || count - 1 > packed->count - 1 - first) return KF_CORRUPT;
    const kfi_packed_entry e = kfi_packed_entry_of(packed, first);
    unsigned i = first % KFI_PACKED_BLOCK;
    if (e.at > packed->payload_size || e.width > 64) return KF_CORRUPT;
    uint64_t base = kfi_packed_sign_extend(kfi_load64(packed->payload + e.at), packed->base_bytes);
    uint64_t at = e.at + packed->base_bytes;
    if (e.mode == KFI_PACKED_RUNS) return kfi_packed_runs(packed, at, i, count, e.width, base, values);
    if (e.mode == KFI_PACKED_LOCAL) {
        uint64_t indices = at + (((uint64_t)e.m * e.width + 7) >> 3);
        if (kfi_packed_fields(packed, indices, i, count, kfi_bit_width(e.m - 1), 0, values)) return KF_CORRUPT;
        for (unsigned k = 0; k < count; k++)
            if (kfi_packed_fields(packed, at, (unsigned)values[k], 1, e.width, base, values + k)) return KF_CORRUPT;
        return KF_OK;
    }
    if (e.mode == KFI_PACKED_LINEAR) {
        unsigned bytes = packed->base_bytes < 8 ? packed->base_bytes + 1 : 8;
        uint64_t slope = kfi_load_bytes(packed->payload + at, bytes);
        if (kfi_packed_fields(packed, at + bytes, i, count, e.width, base, values)) return KF_CORRUPT;
        for (unsigned k = 0; k < count; k++) values[k] += slope * (i + k) >> KFI_PACKED_SLOPE_SHIFT;
        return KF_OK;
    }
    if (e.mode != KFI_PACKED_OFFSET) return KF_CORRUPT;
    return kfi_packed_fields(packed, at, i, count, e.width, base, values);
}

KFI_PACKED_INLINE kf_status kfi_packed_get(const kfi_packed *packed, uint64_t index, uint64_t *value)
{
    return kfi_packed_load(packed, index, 1, value);
}

/* Values `index` - 1 (0 if there is none) and `index`: where something begins and ends. */
KFI_PACKED_INLINE kf_status kfi_packed_get_span(const kfi_packed *packed, uint64_t index, uint64_t *start,
                                                uint64_t *end)
{
    if (index % KFI_PACKED_BLOCK) {
        uint64_t both[2];
        if (kfi_packed_load(packed, index - 1, 2, both)) return KF_CORRUPT;
        *start = both[0];
        *end = both[1];
        return KF_OK;
    }
    *start = 0;
    kf_status status = kfi_packed_get(packed, index, end);
    return status || !index ? status : kfi_packed_get(packed, index - 1, start);
}

static inline void kfi_packed_prefetch(const kfi_packed *packed, uint64_t index)
{
    if (index < packed->count)
        kfi_prefetch(packed->directory + index / KFI_PACKED_BLOCK * 8);
}

/* The same for what the directory entry points to. */
static inline void kfi_packed_prefetch_payload(const kfi_packed *packed, uint64_t index)
{
    if (index >= packed->count) return;
    const kfi_packed_entry e = kfi_packed_entry_of(packed, index);
    uint64_t field = packed->base_bytes + index % KFI_PACKED_BLOCK * e.width / 8;
    if (e.at > packed->payload_size) return;
    kfi_prefetch(packed->payload + e.at);
    if (field < packed->payload_size - e.at) kfi_prefetch(packed->payload + e.at + field);
}

#endif
