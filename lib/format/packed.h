/* A packed array: 64-bit integers with constant-time access, the base of every value column.
 *
 * Values are coded in blocks of 128 (the last may be shorter), each in the mode that is smallest:
 *
 *   DIRECTORY  a block: u64 = width | mode << 7 | (m - 1) << 10 | offset of its payload << 17
 *   PAYLOAD    by mode, without alignment, fields of `width` bits from the lowest bit on:
 *     OFFSET   base | n deltas                             value = base + delta
 *     RUNS     base | 16-byte bit map | m deltas           bit i is set where value i differs from
 *                                                          the one before; 1 + bits set = m
 *     LOCAL    base | m deltas | n indices to them         for blocks of m < n distinct values;
 *              (deltas padded to a whole byte)             an index has bits(m - 1) bits
 *     LINEAR   base | slope | n deltas                     value = base + (slope * i >> 8) + delta
 *
 * A base has `base_bytes` bytes and is sign-extended to 64 bits, a slope one byte more (unsigned).
 * All arithmetic is modulo 2^64. A width is 0..57 or 64. Runs suit values that follow from clustered
 * keys, LINEAR the offsets of strings and ascending numbers. */
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

/* Where an array lies in its section:
 *   u64 payload offset | u64 payload size | u64 directory offset | u8 base_bytes | 7 zero bytes
 * The number of values is known from elsewhere. */
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
