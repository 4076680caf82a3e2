#include "read/keys/verify_top.h"

#include "read/keys/by_key.h"

enum { MOST_POSITIONS = 16 };

/* The bytes that select a cell, as far as each has a class of its own. */
static unsigned cell_bytes(const kfi_top *top, uint64_t cell, const int16_t byte_of[MOST_POSITIONS][256],
                           uint8_t *bytes)
{
    for (unsigned i = 0; i < top->positions; i++) {
        uint32_t stride = kfi_load32(top->strides + 4 * i);
        uint64_t class = cell / stride;
        cell %= stride;
        if (class == 0) return i;
        bytes[i] = (uint8_t)byte_of[i][class & 255];   /* the strides were checked: below 256 */
    }
    return top->positions;
}

/* Whether some node on the way that `bytes` lead from the root is the one that the cell names. */
static int cell_is_right(const kfi_keys *keys, uint64_t cell, const uint8_t *bytes, unsigned size)
{
    const kfi_top *top = &keys->top;
    const uint8_t *p = top->cells + cell * top->cell_width;
    uint64_t position = kfi_load64(p + 1) & kfi_mask64(8 * top->position_width);
    uint64_t rank = kfi_load64(p + 1 + top->position_width) & kfi_mask64(8 * top->rank_width);
    kfi_key_way way = kfi_key_way_begin(keys, (kf_bytes){ bytes, size });
    while (kfi_is_node(way.place.at)) {
        if (way.depth == p[0]) return (uint64_t)(way.place.at - keys->tree) == position && way.first == rank;
        if (kfi_step_by_key_in_node(&way) != KFI_STEP_ON) return 0;
    }
    return 0;
}

kf_status kfi_top_verify(const kfi_keys *keys, const uint8_t *file, kf_error *error)
{
    const kfi_top *top = &keys->top;
    int16_t byte_of[MOST_POSITIONS][256];   /* -1: none */
    uint8_t classes[MOST_POSITIONS] = { 0 };
    uint64_t offset = (uint64_t)(top->cells - file), next = top->cell_count;
    if (!top->positions) return KF_OK;
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER)
        return kfi_fail_at(error, KF_CORRUPT, offset, "a table of first nodes without a tree");
    memset(byte_of, -1, sizeof byte_of);
    for (unsigned i = 0; i < top->positions; i++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t class = top->classes[256 * i + b];
            if (class && byte_of[i][class] >= 0)
                return kfi_fail_at(error, KF_CORRUPT, offset, "two bytes share a class");
            if (class > classes[i]) classes[i] = class;
            if (class) byte_of[i][class] = (int16_t)b;
        }
        uint32_t stride = kfi_load32(top->strides + 4 * i);
        if (!stride || stride * (classes[i] + 1ull) != next)
            return kfi_fail_at(error, KF_CORRUPT, offset, "the strides of the table of first nodes are wrong");
        next = stride;
    }
    for (uint64_t cell = 0; cell < top->cell_count; cell++) {
        uint8_t bytes[MOST_POSITIONS];
        unsigned size = cell_bytes(top, cell, (const int16_t (*)[256])byte_of, bytes);
        if (!cell_is_right(keys, cell, bytes, size))
            return kfi_fail_at(error, KF_CORRUPT, offset + cell * top->cell_width,
                               "the table of first nodes leads to a wrong node");
    }
    return KF_OK;
}
