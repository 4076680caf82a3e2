/* A packed array: 64-bit integers with constant-time access, the base of every value column. FORMAT.md 5.1 draws
 * it: blocks of 128, each in the mode that is smallest. Runs suit values that follow from clustered keys, LINEAR the
 * offsets of strings and ascending numbers. */
#ifndef KFI_FORMAT_PACKED_H
#define KFI_FORMAT_PACKED_H

#include "base/bits.h"

enum {
    KFI_PACKED_BLOCK = 128,
    KFI_PACKED_OFFSET = 0,
    KFI_PACKED_RUNS = 1,
    KFI_PACKED_LOCAL = 2,
    KFI_PACKED_LINEAR = 3,
    KFI_PACKED_MAP = 16,             /* bytes of a RUNS bit map */
    KFI_PACKED_SLOPE_SHIFT = 8
};

/* Where an array lies in its section (FORMAT.md 5). The number of values is known from elsewhere. */
typedef struct kfi_packed_descriptor {
    uint64_t payload_offset, payload_size, directory_offset;
    uint8_t base_bytes;
} kfi_packed_descriptor;

/* Widths above 57 bits do not fit an 8-byte load at any bit: they are rounded up to 64. */
static inline unsigned kfi_packed_width(uint64_t most)
{
    unsigned width = kfi_bit_width(most);
    return width > 57 ? 64 : width;
}

static inline uint64_t kfi_packed_blocks(uint64_t count)
{
    return count / KFI_PACKED_BLOCK + (count % KFI_PACKED_BLOCK != 0);
}

#endif
