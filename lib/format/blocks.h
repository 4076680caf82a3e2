/* The layout of the section BLOCKS, as code for writer and reader: keys (of a names index, tokens) of one length side
 * by side. FORMAT.md 12.4 draws it. */
#ifndef KFI_FORMAT_BLOCKS_H
#define KFI_FORMAT_BLOCKS_H

#include "base/bits.h"

enum {
    KFI_BLOCK = 32,                /* keys of one length, side by side */
    KFI_BLOCK_LENGTH = 64,         /* units of a token of a names index; longer ones are in no block */
    KFI_BLOCK_KEY_LENGTH = 255,    /* units of a key of a dictionary; so of any key in a block */
    KFI_CLASSES = 64,              /* of units */
    KFI_BLOCK_UNITS = 0x110100,    /* code points, and bytes outside of well-formed UTF-8 */
    KFI_BLOCKS_HEAD = 32,
    KFI_LENGTH_GROUP_SIZE = 8
};
#define KFI_BLOCK_KEYS_LIMIT (UINT32_MAX - 1u)   /* keys; an id is not UINT32_MAX */

static inline uint64_t kfi_bits_size(uint64_t bits) { return (bits + 7) / 8; }

/* Bits of a number below `count`. */
static inline unsigned kfi_rank_width(uint64_t count) { return count ? kfi_bit_width(count - 1) : 0; }

#endif
