/* What tokens have in common with the whole needle. */
#include "names/ratio/token_codes.h"

enum {
    AT_ONCE = 64,                  /* tokens that are compared at once in the time of one */
    HALVES_AT_ONCE = 32            /* the same with both halves, in the time that scoring a name takes */
};

/* Remembers whose code was set: while these are few, the next needle need not go through all. */
static inline void note(kfi_whole *r, uint32_t id)
{
    if (r->noted < KFI_NOTED) r->notes[r->noted] = id;
    if (r->noted <= KFI_NOTED) r->noted++;
}

/* Tokens that bounds of sums say nothing of: names that have them are looked at. Sorted words, and sets of them, are
 * without the empty token; what a set has in common with the needle counts otherwise. */
static void mark(kfi_whole *r)
{
    const uint32_t tokens = r->names->head.tokens, empty = r->names->blocks.empty;
    if (r->scorer != KF_SCORER_RATIO && empty < tokens) r->codes[empty] = KFI_CODE_LONG;
    for (uint32_t i = 0; r->scorer == KF_SCORER_TOKEN_SET_RATIO && i < r->word_count; i++)
        if (r->known[i].id < tokens) {
            r->codes[r->known[i].id] = KFI_CODE_LONG;
            note(r, r->known[i].id);
        }
}

void kfi_token_codes_clear(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    const uint32_t tokens = m->names->head.tokens;
    if (r->noted <= KFI_NOTED) for (uint32_t i = 0; i < r->noted; i++) r->codes[r->notes[i]] = KFI_CODE_UNKNOWN;
    else memset(r->codes, KFI_CODE_UNKNOWN, tokens);
    if (r->halves_are_set) memset(r->halves, 0xff, (size_t)tokens + 1);
    r->noted = 0;
    r->codes[tokens] = KFI_CODE_LONG;   /* for ids that there are not */
    for (uint32_t i = 0; i < b->longs; i++)
        if (kfi_blocks_long_id(b, i) < tokens) r->codes[kfi_blocks_long_id(b, i)] = KFI_CODE_LONG;
    if (b->empty < tokens) r->codes[b->empty] = 0;
    mark(r);
    r->codes_are_set = r->halves_are_set = 0;
    r->compared = 0;
}

int kfi_token_codes_pay(const kf_matcher *m)
{
    return !m->whole->codes_are_set && m->whole->compared > m->names->blocks.tokens / AT_ONCE;
}

/* What a token in a block has in common with a short needle, or more if classes of several letters are common. */
static uint8_t find_short(kfi_whole *r, uint32_t place)
{
    const kfi_blocks *b = &r->names->blocks;
    const kfi_length_group *g = kfi_spelling_group(b, place);
    const uint8_t *column = kfi_blocks_column(b, g, place - g->first_token);
    kfi_two_words state = { UINT64_MAX, UINT64_MAX };
    for (uint32_t i = 0; i < g->length; i++, column += KFI_BLOCK)
        state = kfi_two_words_step(state, r->masks[*column & (KFI_CLASSES - 1)], 1);
    return kfi_code(g->length, kfi_popcount(~state.low) + kfi_popcount(~state.high));
}

uint8_t kfi_token_code_find(kf_matcher *m, uint32_t id)
{
    kfi_whole *r = m->whole;
    const uint32_t place = kfi_ratio_place(r, id);
    uint8_t code = KFI_CODE_LONG;
    r->compared++;
    r->points_of_tokens.size = 0;
    if (r->is_short && place < m->names->blocks.tokens) {
        code = find_short(r, place);
    } else if (!kfi_spelling_append(m, id, &r->points_of_tokens, NULL)) {
        const uint32_t length = (uint32_t)(r->points_of_tokens.size / 4);
        const uint32_t *points = (const uint32_t *)(const void *)r->points_of_tokens.data;
        code = kfi_code(length, kfi_pattern_common(&r->pattern, 0, points, length));
    } else {
        return code;
    }
    r->codes[id] = code;
    note(r, id);
    return code;
}

/* Gives a byte to each of the tokens from `first` on. */
static void give(const kfi_whole *r, uint8_t *out, uint32_t first, uint32_t count, const uint8_t *bytes)
{
    const kfi_blocks *b = &r->names->blocks;
    const uint32_t tokens = r->names->head.tokens;
    const unsigned width = b->id_width;
    uint64_t bit = (uint64_t)first * width;
    for (uint32_t i = 0; i < count; i++, bit += width) {
        const uint32_t id = (uint32_t)kfi_load_bits(b->ids, bit, width);
        out[id < tokens ? id : tokens] = bytes[i];
    }
}

static void take_codes(void *context, const kfi_length_group *group, uint32_t first, uint32_t count,
                       const uint8_t (*common)[KFI_BLOCK])
{
    kfi_whole *r = context;
    const uint32_t length = group->length;
    uint8_t codes[KFI_BLOCK];
    for (uint32_t i = 0; i < KFI_BLOCK; i++) codes[i] = kfi_code(length, common[0][i]);
    give(r, r->codes, first, count, codes);
}

kf_status kfi_token_codes_set(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    if (r->codes_are_set) return KF_OK;
    r->codes_are_set = 1;
    r->noted = KFI_NOTED + 1;
    if (!r->length) return KF_OK;  /* has no pattern to compare with */
    const kfi_block_query *query = &r->query;
    m->blocks->compare_all(b, &query, 1, take_codes, r);
    r->codes[m->names->head.tokens] = KFI_CODE_LONG;
    mark(r);
    return kfi_matcher_work(m, b->blocks);
}

/* ---- the needle's halves ------------------------------------------------------------------------ */

int kfi_token_halves_pay(const kf_matcher *m)
{
    const kfi_whole *r = m->whole;
    const int is_ordered = r->scorer != KF_SCORER_TOKEN_SET_RATIO && r->is_short;   /* where they tell more of names */
    if (!r->codes_are_set || r->halves_are_set || r->length < 2) return 0;
    return r->length > KFI_BLOCK_LENGTH
           || (is_ordered && m->names_scored > m->names->blocks.tokens / HALVES_AT_ONCE);
}

/* Of a needle that was too long to be compared as a whole a token has no more than of its halves. */
static void lower(kfi_whole *r, uint32_t id, uint32_t both)
{
    const uint8_t code = r->codes[id];
    if (code < KFI_CODE_LONG && both < r->code_common[code]) r->codes[id] = kfi_code(r->code_length[code], both);
}

static void take_halves(void *context, const kfi_length_group *group, uint32_t first, uint32_t count,
                        const uint8_t (*common)[KFI_BLOCK])
{
    kfi_whole *r = context;
    uint8_t halves[KFI_BLOCK];
    (void)group;
    for (uint32_t i = 0; i < KFI_BLOCK; i++) {
        const uint8_t left = common[0][i] < KFI_HALF_ANY ? common[0][i] : KFI_HALF_ANY;
        const uint8_t right = common[1][i] < KFI_HALF_ANY ? common[1][i] : KFI_HALF_ANY;
        halves[i] = (uint8_t)(left | right << KFI_HALF_BITS);
    }
    give(r, r->halves, first, count, halves);
    if (r->length <= KFI_BLOCK_LENGTH) return;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = kfi_blocks_id(&r->names->blocks, first + i);
        if (id < r->names->head.tokens) lower(r, id, (uint32_t)common[0][i] + common[1][i]);
    }
}

kf_status kfi_token_halves_set(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    const uint32_t *points = kfi_pattern_points(&r->pattern, &r->pattern.list[0]), half = r->length / 2;
    kfi_block_query queries[2];
    const kfi_block_query *const both[] = { &queries[0], &queries[1] };
    r->halves_are_set = 1;
    kfi_block_query_set(&queries[0], b, points, half);
    kfi_block_query_set(&queries[1], b, points + half, r->length - half);
    m->blocks->compare_all(b, both, 2, take_halves, r);
    return kfi_matcher_work(m, 2 * (uint64_t)b->blocks);
}
