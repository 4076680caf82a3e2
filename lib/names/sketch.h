/* How many letters of each kind a text has, in 32 bits: letters are in 16 kinds, of each of which up to three are
 * counted; 3 is three or more. */
#ifndef KFI_NAMES_SKETCH_H
#define KFI_NAMES_SKETCH_H

#include "base/bits.h"

enum {
    KFI_KINDS = 16,
    KFI_KIND_MOST = 3,
    KFI_KIND_POINTS = 64           /* code points whose kind is chosen; that of others is their number modulo 16 */
};

/* The sum of two texts' sketches is that of both. */
static inline uint32_t kfi_sketch_add(uint32_t a, uint32_t b)
{
    const uint32_t ones = 0x55555555, a_high = a >> 1 & ones, b_high = b >> 1 & ones;
    const uint32_t low = a ^ b, carry = a & b & ones, high = a_high ^ b_high ^ carry;
    const uint32_t over = (a_high & b_high) | (a_high & carry) | (b_high & carry);
    return ((low & ones) | over) | (high | over) << 1;
}

static inline uint32_t kfi_sketch_of(unsigned kind) { return 1u << (2 * kind); }

/* The kinds that were chosen: entries of a code point | kind << 24, ascending. */
static inline unsigned kfi_sketch_kind(const uint8_t *entries, uint32_t count, uint32_t point)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2, entry = kfi_load32(entries + 4 * (size_t)middle);
        if ((entry & 0xffffff) == point) return entry >> 24 & (KFI_KINDS - 1);
        if ((entry & 0xffffff) < point) low = middle + 1;
        else high = middle;
    }
    return point & (KFI_KINDS - 1);
}

#endif
