/* What tokens have in common with the whole needle. */
#include "names/ratio/token_codes.h"

enum {
    ALL = 127,                     /* more common letters than tokens in blocks have */
    AT_ONCE = 64,                  /* tokens that are compared at once in the time of one */
    HALVES_AT_ONCE = 32            /* the same with both halves, in the time that scoring a name takes */
};

/* Tokens that bounds of sums say nothing of: names that have them are looked at. Sorted words, and sets of them, are
 * without the empty token; what a set has in common with the needle counts otherwise. */
static void mark(kfi_whole *r)
{
    const uint32_t tokens = r->names->head.tokens, empty = r->names->blocks.empty;
    if (r->scorer != KF_SCORER_RATIO && empty < tokens) r->codes[empty] = KFI_CODE_LONG;
    for (uint32_t i = 0; r->scorer == KF_SCORER_TOKEN_SET_RATIO && i < r->word_count; i++)
        if (r->known[i].id < tokens) r->codes[r->known[i].id] = KFI_CODE_LONG;
}

void kfi_token_codes_clear(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    const uint32_t tokens = m->names->head.tokens;
    memset(r->codes, KFI_CODE_UNKNOWN, tokens);
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

uint8_t kfi_token_code_find(kf_matcher *m, uint32_t id)
{
    kfi_whole *r = m->whole;
    r->compared++;
    r->points_of_tokens.size = 0;
    if (kfi_spelling_append(m, id, &r->points_of_tokens, NULL)) return KFI_CODE_LONG;
    const uint32_t length = (uint32_t)(r->points_of_tokens.size / 4);
    const uint32_t *points = (const uint32_t *)(const void *)r->points_of_tokens.data;
    return r->codes[id] = kfi_code(length, kfi_pattern_common(&r->pattern, 0, points, length));
}

/* All lanes are wanted that have tokens: the first ones. */
static kf_status take_block(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                            const uint8_t *common)
{
    kfi_whole *r = context;
    const uint32_t count = kfi_popcount(lanes);
    (void)query;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = kfi_blocks_id(&r->names->blocks, first + i);
        if (id < r->names->head.tokens) r->codes[id] = kfi_code(group->length, common[i]);
    }
    return KF_OK;
}

static void want_all(kfi_block_query *query)
{
    memset(query->low, 0, sizeof query->low);
    memset(query->high, ALL, sizeof query->high);
}

kf_status kfi_token_codes_set(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    if (r->codes_are_set) return KF_OK;
    r->codes_are_set = 1;
    if (!r->length) return KF_OK;  /* has no pattern to compare with */
    want_all(&r->query);
    const kfi_block_query *query = &r->query;
    const kf_status status = m->blocks->scan(b, &query, 1, take_block, r);
    mark(r);
    return status ? status : kfi_matcher_work(m, b->blocks);
}

/* ---- the needle's halves ------------------------------------------------------------------------ */

int kfi_token_halves_pay(const kf_matcher *m)
{
    const kfi_whole *r = m->whole;
    const int is_ordered = r->scorer == KF_SCORER_RATIO && r->is_short;   /* where they tell more of names */
    if (!r->codes_are_set || r->halves_are_set || r->length < 2) return 0;
    return r->length > KFI_BLOCK_LENGTH
           || (is_ordered && m->names_scored > m->names->blocks.tokens / HALVES_AT_ONCE);
}

/* Of a needle that was too long to be compared as a whole a token has no more than of its halves. */
static void lower(kfi_whole *r, uint32_t id)
{
    const uint8_t code = r->codes[id];
    uint32_t first = KFI_BLOCK_LENGTH, second = KFI_BLOCK_LENGTH;
    kfi_token_halves_get(r, id, &first, &second);
    if (code < KFI_CODE_LONG && first + second < r->code_common[code])
        r->codes[id] = kfi_code(r->code_length[code], first + second);
}

static kf_status take_half(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                           const uint8_t *common)
{
    kfi_whole *r = context;
    const uint32_t count = kfi_popcount(lanes);
    const unsigned shift = query ? KFI_HALF_BITS : 0;
    (void)group;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = kfi_blocks_id(&r->names->blocks, first + i);
        if (id >= r->names->head.tokens) continue;
        const unsigned value = common[i] < KFI_HALF_ANY ? common[i] : KFI_HALF_ANY;
        r->halves[id] = (uint8_t)((r->halves[id] & ~(KFI_HALF_ANY << shift)) | value << shift);
        if (query && r->length > KFI_BLOCK_LENGTH) lower(r, id);
    }
    return KF_OK;
}

kf_status kfi_token_halves_set(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    const uint32_t *points = kfi_pattern_points(&r->pattern, &r->pattern.list[0]), half = r->length / 2;
    kfi_block_query queries[2];
    r->halves_are_set = 1;
    memset(r->halves, 0xff, m->names->head.tokens);
    kfi_block_query_set(&queries[0], b, points, half);
    kfi_block_query_set(&queries[1], b, points + half, r->length - half);
    for (unsigned i = 0; i < 2; i++) want_all(&queries[i]);
    const kfi_block_query *const both[] = { &queries[0], &queries[1] };
    const kf_status status = m->blocks->scan(b, both, 2, take_half, r);
    return status ? status : kfi_matcher_work(m, 2 * (uint64_t)b->blocks);
}
