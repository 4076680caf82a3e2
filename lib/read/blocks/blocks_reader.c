#include "read/blocks/blocks_reader.h"

#include "base/utf8.h"

enum { FIRST_BITS = 24 };

unsigned kfi_blocks_class(const kfi_blocks *b, uint32_t unit)
{
    uint32_t low = 0, high = b->points;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if ((kfi_load32(b->classes + 4 * (size_t)middle) & kfi_mask64(FIRST_BITS)) < unit) low = middle + 1;
        else high = middle;
    }
    if (low == b->points) return KFI_CLASSES;
    const uint32_t entry = kfi_load32(b->classes + 4 * (size_t)low);
    return (entry & kfi_mask64(FIRST_BITS)) == unit ? entry >> FIRST_BITS & (KFI_CLASSES - 1) : KFI_CLASSES;
}

/* Lays the groups out: sets what follows from how many tokens each has. `at` is where they are described. */
static kf_status read_groups(kfi_blocks *b, const uint8_t *at, uint64_t offset, uint32_t longest, uint64_t *columns,
                             kf_error *error)
{
    uint32_t length = 0;
    uint64_t tokens = 0, blocks = 0;
    for (uint32_t i = 0; i < b->group_count; i++, at += KFI_LENGTH_GROUP_SIZE) {
        kfi_length_group *g = &b->groups[i];
        *g = (kfi_length_group){ kfi_load32(at), kfi_load32(at + 4), (uint32_t)tokens, (uint32_t)blocks, *columns };
        if (g->length <= length || g->length > longest || !g->tokens || g->tokens > b->tokens - tokens)
            return kfi_fail_at(error, KF_CORRUPT, offset, "the groups of blocks contradict each other");
        const uint64_t more = ((uint64_t)g->tokens + KFI_BLOCK - 1) / KFI_BLOCK;
        length = g->length;
        tokens += g->tokens;
        blocks += more;
        *columns += more * KFI_BLOCK * length;
    }
    b->blocks = (uint32_t)blocks;
    return tokens == b->tokens ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "keys are in no group of blocks");
}

kf_status kfi_blocks_open(kfi_blocks *b, const uint8_t *section, uint64_t size, uint64_t offset, uint64_t keys,
                          uint32_t longest, kf_error *error)
{
    if (size < KFI_BLOCKS_HEAD) return kfi_fail_at(error, KF_CORRUPT, offset, "the section of blocks is cut");
    b->points = kfi_load32(section);
    b->group_count = kfi_load32(section + 4);
    b->tokens = kfi_load32(section + 8);
    b->longs = kfi_load32(section + 12);
    b->empty = kfi_load32(section + 16);
    b->id_width = kfi_rank_width(keys);
    const uint64_t groups = KFI_BLOCKS_HEAD + 4 * (uint64_t)b->points;
    uint64_t end = groups + KFI_LENGTH_GROUP_SIZE * (uint64_t)b->group_count;
    if (b->group_count > longest || end > size
        || (uint64_t)b->tokens + b->longs + (b->empty != UINT32_MAX) != keys)
        return kfi_fail_at(error, KF_CORRUPT, offset, "the head of the blocks is impossible");
    b->classes = section + KFI_BLOCKS_HEAD;
    b->columns = section;
    kf_status status = read_groups(b, section + groups, offset, longest, &end, error);
    if (status) return status;
    const uint64_t ids = end + (uint64_t)b->blocks * KFI_BLOCK;
    const uint64_t longs = ids + kfi_bits_size((uint64_t)b->tokens * b->id_width);
    if (longs + 8 * (uint64_t)b->longs != size)
        return kfi_fail_at(error, KF_CORRUPT, offset, "the section of blocks has the wrong size");
    b->signatures = section + end;
    b->ids = section + ids;
    b->long_entries = section + longs;
    return KF_OK;
}

int kfi_blocks_has(const kfi_blocks *b, const kfi_length_group *g, uint32_t place, kf_bytes key)
{
    const uint32_t block = place / KFI_BLOCK;
    const uint8_t *column = kfi_blocks_column(b, g, place);
    const uint8_t *signature = b->signatures + ((uint64_t)g->first_block + block) * KFI_BLOCK;
    uint8_t counts[KFI_BLOCK] = { 0 };
    uint32_t length = 0;
    for (size_t at = 0; at < key.size; length++) {
        uint32_t unit;
        at += kfi_utf8_unit(key.data + at, key.size - at, &unit);
        const unsigned class = kfi_blocks_class(b, unit);
        if (length == g->length || column[(size_t)length * KFI_BLOCK] != class) return 0;
        counts[class % KFI_BLOCK]++;
    }
    for (unsigned i = 0; i < KFI_BLOCK; i++)
        if (counts[i] > signature[i]) return 0;
    return length == g->length;
}
