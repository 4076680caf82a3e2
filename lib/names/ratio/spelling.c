/* The letters of tokens, from the blocks: much faster than from the vocabulary. */
#include "names/ratio/ratio_search.h"

#include <stdlib.h>

kf_status kfi_spelling_begin(kfi_whole *r, kf_error *error)
{
    const kfi_blocks *b = &r->names->blocks;
    const uint32_t tokens = r->names->head.tokens;
    uint8_t count[KFI_CLASSES] = { 0 };
    for (unsigned c = 0; c < KFI_CLASSES; c++) r->points[c] = UINT32_MAX;
    for (uint32_t i = 0; i < b->points; i++) {
        const uint32_t entry = kfi_load32(b->classes + 4 * (size_t)i), class = entry >> 24 & (KFI_CLASSES - 1);
        r->points[class] = count[class] ? UINT32_MAX : entry & (uint32_t)kfi_mask64(24);
        count[class] = 1;
    }
    if (r->names->letters.kinds) return KF_OK;
    r->places = calloc((size_t)tokens + 1, sizeof *r->places);   /* their product may be beyond 32 bits */
    if (!r->places) return kfi_fail_memory(error, (size_t)tokens * sizeof *r->places);
    memset(r->places, 0xff, (size_t)tokens * sizeof *r->places);
    for (uint32_t i = 0; i < b->tokens; i++) {
        const uint32_t id = kfi_blocks_id(b, i);
        if (id < tokens) r->places[id] = i;
    }
    return KF_OK;
}

const kfi_length_group *kfi_spelling_group(const kfi_blocks *b, uint32_t place)
{
    uint32_t low = 0, high = b->group_count;
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (b->groups[middle].first_token <= place) low = middle;
        else high = middle;
    }
    return &b->groups[low];
}

kf_status kfi_spelling_append(kf_matcher *m, uint32_t id, kfi_array *points, kf_error *error)
{
    const kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    const uint32_t place = kfi_ratio_place(r, id);
    const size_t before = points->size;
    kf_bytes token;
    kf_status status = kfi_array_reserve(points, 4 * KFI_BLOCK_LENGTH, error);
    if (status) return status;
    if (place < b->tokens) {
        const kfi_length_group *g = kfi_spelling_group(b, place);
        const uint32_t index = place - g->first_token;
        const uint8_t *column = kfi_blocks_column(b, g, index);
        uint32_t *out = (uint32_t *)(void *)(points->data + points->size), several = 0;
        for (uint32_t j = 0; j < g->length; j++, column += KFI_BLOCK) {
            out[j] = r->points[*column & (KFI_CLASSES - 1)];
            several |= out[j] == UINT32_MAX;
        }
        points->size += 4 * (size_t)g->length;
        if (!several) return KF_OK;
        points->size = before;
    }
    status = kfi_names_token_text(m->names, id, &m->rows.buffer, &token, error);
    return status ? status : kfi_name_points(token, points, error);
}
