/* How similar each token of the index is to the most similar one of the needle's, compiled as blocks_body.h is, which
 * a file includes before this. A pass over all blocks, in which each is compared with all of the needle's tokens. */
/* The greatest similarities of a block's tokens that are at least `floor`, else `floor`. */
static int block_maxima(const kfi_block_maxima *x, unsigned length, const uint8_t *signature, const uint8_t *columns,
                        lane_bytes *greatest)
{
    int is_any = 0;
    for (uint32_t i = 0; i < x->count; i++) {
        const kfi_block_query *q = x->queries[i];
        const unsigned low = q->low[length], bound = overlap(signature, q->signature);
        const uint8_t *row = kfi_similarities_row(x->similarities, q->length, length);
        lane_bytes common, similarity;
        if (bound < low) continue;
        compare(q, columns, length, bound, (uint8_t *)&common);
        if (row) lookup(row, (const uint8_t *)&common, (uint8_t *)&similarity);
        else
            for (unsigned lane = 0; lane < KFI_BLOCK; lane++)
                similarity[lane] = (uint8_t)kfi_similarity_ceil(kfi_similarity(common[lane], q->length, length));
        const lane_bytes is_greater = (lane_bytes)(similarity > *greatest);
        *greatest = (similarity & is_greater) | (*greatest & ~is_greater);
        is_any = 1;
    }
    return is_any;
}

static void maxima(const kfi_block_maxima *x)
{
    const kfi_blocks *b = x->blocks;
    const lane_bytes floors = (lane_bytes){ 0 } + (uint8_t)x->floor;
    for (uint32_t i = 0; i < b->group_count; i++) {
        const kfi_length_group *g = &b->groups[i];
        const uint8_t *signature = b->signatures + (size_t)g->first_block * KFI_BLOCK;
        const uint8_t *columns = b->columns + g->columns;
        for (uint32_t t = 0; t < g->tokens;
             t += KFI_BLOCK, signature += KFI_BLOCK, columns += KFI_BLOCK * g->length) {
            lane_bytes greatest = floors;
            uint8_t values[KFI_BLOCK];
            if (!block_maxima(x, g->length, signature, columns, &greatest)) continue;
            memcpy(values, &greatest, sizeof values);
            uint32_t lanes = select_greater(values, x->floor);
            if (g->tokens - t < KFI_BLOCK) lanes &= (1u << (g->tokens - t)) - 1;
            for (; lanes; lanes &= lanes - 1) {
                const unsigned lane = (unsigned)__builtin_ctz(lanes);
                x->most[kfi_blocks_id(b, g->first_token + t + lane) & x->mask] = values[lane];
            }
        }
    }
}
