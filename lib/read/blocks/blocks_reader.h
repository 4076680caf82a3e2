/* The section BLOCKS, open. Sizes are checked when it is opened, ids where they are used. */
#ifndef KFI_READ_BLOCKS_BLOCKS_READER_H
#define KFI_READ_BLOCKS_BLOCKS_READER_H

#include "base/error.h"
#include "format/blocks.h"

typedef struct kfi_length_group {
    uint32_t length;               /* of its keys, in units */
    uint32_t tokens;
    uint32_t first_token;          /* among all that are in blocks */
    uint32_t first_block;
    uint64_t columns;              /* offset */
} kfi_length_group;

/* Keys in blocks: a names index's tokens, a dictionary's keys. */
typedef struct kfi_blocks {
    uint32_t points;               /* classes of so many code points */
    const uint8_t *classes;
    uint32_t group_count;
    kfi_length_group groups[KFI_BLOCK_KEY_LENGTH];
    uint32_t tokens, blocks, longs;
    uint32_t empty;                /* the id of the empty key, or UINT32_MAX */
    const uint8_t *columns, *signatures, *ids, *long_entries;
    unsigned id_width;
} kfi_blocks;

/* The class of a unit, or KFI_CLASSES: no key in a block has it. */
unsigned kfi_blocks_class(const kfi_blocks *blocks, uint32_t unit);
/* O(groups), checks the section, which is of `keys` keys and has blocks of at most `longest` units. */
kf_status kfi_blocks_open(kfi_blocks *blocks, const uint8_t *section, uint64_t size, uint64_t offset, uint64_t keys,
                          uint32_t longest, kf_error *error);
/* Where the first unit of a key is, the others each KFI_BLOCK behind: place i of a group, which it has. */
static inline const uint8_t *kfi_blocks_column(const kfi_blocks *b, const kfi_length_group *g, uint32_t i)
{
    return b->columns + g->columns + (uint64_t)(i / KFI_BLOCK) * KFI_BLOCK * g->length + i % KFI_BLOCK;
}
/* The id of a key in a block. It may be any number on a damaged file. */
static inline uint32_t kfi_blocks_id(const kfi_blocks *b, uint32_t token)
{
    return (uint32_t)kfi_load_bits(b->ids, (uint64_t)token * b->id_width, b->id_width);
}
/* Keys that are in no block, of which only the length is known: i below blocks->longs. */
static inline uint32_t kfi_blocks_long_id(const kfi_blocks *b, uint32_t i)
{
    return kfi_load32(b->long_entries + 8 * (size_t)i);
}
static inline uint32_t kfi_blocks_long_length(const kfi_blocks *b, uint32_t i)
{
    return kfi_load32(b->long_entries + 8 * (size_t)i + 4);
}

/* Whether a key stands in its place, unit by unit, and its signature allows for it: place i of a group. */
int kfi_blocks_has(const kfi_blocks *blocks, const kfi_length_group *group, uint32_t place, kf_bytes key);

#endif
