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

static inline uint64_t kfi_packed_sign_extend(uint64_t value, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return bytes ? (uint64_t)((int64_t)(value << shift) >> shift) : 0;
}

/* Set bits among the first `n` (0..127) after bit 0. */
static inline unsigned kfi_packed_rank(const uint8_t *map, unsigned n)
{
    uint64_t low = kfi_load64(map), high = kfi_load64(map + 8);
    if (n < 64) return kfi_popcount(low & (((1ull << n) << 1) - 2));
    return kfi_popcount(low & ~1ull) + kfi_popcount(high & (((1ull << (n - 64)) << 1) - 1));
}

/* Value `index`. Every position that follows from the file's bytes is compared with the payload's
 * end before the 8 bytes there are loaded; fields at fixed distances of a checked position (a base,
 * a slope, a bit map: 33 bytes at most) lie in the pad at worst. */
static inline kf_status kfi_packed_get(const kfi_packed *packed, uint64_t index, uint64_t *value)
{
    if (index >= packed->count) return KF_CORRUPT;
    uint64_t entry = kfi_load64(packed->directory + index / KFI_PACKED_BLOCK * 8);
    unsigned i = index % KFI_PACKED_BLOCK, width = entry & 127, mode = entry >> 7 & 7;
    uint64_t at = entry >> 17, size = packed->payload_size;
    if (at > size || width > 64) return KF_CORRUPT;
    uint64_t base = kfi_packed_sign_extend(kfi_load64(packed->payload + at), packed->base_bytes);
    at += packed->base_bytes;
    if (mode == KFI_PACKED_RUNS) {
        i = kfi_packed_rank(packed->payload + at, i);
        at += KFI_PACKED_MAP;
    } else if (mode == KFI_PACKED_LOCAL) {
        unsigned m = (unsigned)(entry >> 10 & 127) + 1, index_width = kfi_bit_width(m - 1);
        uint64_t bit = (uint64_t)i * index_width, indices = at + (((uint64_t)m * width + 7) >> 3);
        if (indices + (bit >> 3) > size) return KF_CORRUPT;
        i = (unsigned)kfi_load_bits(packed->payload + indices, bit, index_width);
    } else if (mode == KFI_PACKED_LINEAR) {
        unsigned bytes = packed->base_bytes < 8 ? packed->base_bytes + 1 : 8;
        uint64_t slope = kfi_load64(packed->payload + at) & kfi_mask64(8 * bytes);
        base += slope * i >> KFI_PACKED_SLOPE_SHIFT;
        at += bytes;
    } else if (mode != KFI_PACKED_OFFSET) {
        return KF_CORRUPT;
    }
    uint64_t bit = (uint64_t)i * width, position = at + (bit >> 3);
    if (position > size) return KF_CORRUPT;
    /* Widths are 0..57, or 64 at a byte's start; others are damage and yield some number. */
    uint64_t delta = kfi_load64(packed->payload + position) >> (bit & 7);
    *value = base + (delta & kfi_mask64(width));
    return KF_OK;
}

/* Values `index` - 1 (0 if there is none) and `index`: where something begins and ends. */
static inline kf_status kfi_packed_get_span(const kfi_packed *packed, uint64_t index, uint64_t *start,
                                            uint64_t *end)
{
    unsigned i = index % KFI_PACKED_BLOCK;
    if (i && index < packed->count) {
        uint64_t entry = kfi_load64(packed->directory + index / KFI_PACKED_BLOCK * 8);
        unsigned width = entry & 127, mode = entry >> 7 & 7, slope_bytes = 0;
        uint64_t at = entry >> 17, bit = (uint64_t)i * width, slope = 0;
        if (mode == KFI_PACKED_LINEAR) slope_bytes = packed->base_bytes < 8 ? packed->base_bytes + 1 : 8;
        uint64_t size = packed->base_bytes + slope_bytes + (bit >> 3);
        if ((mode == KFI_PACKED_OFFSET || mode == KFI_PACKED_LINEAR) && width <= 57
            && at <= packed->payload_size && size <= packed->payload_size - at) {
            const uint8_t *payload = packed->payload + at;
            uint64_t base = kfi_packed_sign_extend(kfi_load64(payload), packed->base_bytes);
            if (slope_bytes) slope = kfi_load_bytes(payload + packed->base_bytes, slope_bytes);
            payload += packed->base_bytes + slope_bytes;
            *start = base + kfi_load_bits(payload, bit - width, width) + (slope * (i - 1) >> KFI_PACKED_SLOPE_SHIFT);
            *end = base + kfi_load_bits(payload, bit, width) + (slope * i >> KFI_PACKED_SLOPE_SHIFT);
            return KF_OK;
        }
    }
    *start = 0;
    kf_status status = kfi_packed_get(packed, index, end);
    return status || !index ? status : kfi_packed_get(packed, index - 1, start);
}

static inline void kfi_packed_prefetch(const kfi_packed *packed, uint64_t index)
{
    if (index < packed->count)
        __builtin_prefetch(packed->directory + index / KFI_PACKED_BLOCK * 8);
}

/* The same for what the directory entry points to. */
static inline void kfi_packed_prefetch_payload(const kfi_packed *packed, uint64_t index)
{
    if (index >= packed->count) return;
    uint64_t entry = kfi_load64(packed->directory + index / KFI_PACKED_BLOCK * 8);
    uint64_t at = entry >> 17, field = packed->base_bytes + index % KFI_PACKED_BLOCK * (entry & 127) / 8;
    if (at > packed->payload_size) return;
    __builtin_prefetch(packed->payload + at);
    if (field < packed->payload_size - at) __builtin_prefetch(packed->payload + at + field);
}

#endif
