/* The course of a search. */
#include "names/ratio/token_codes.h"

#include "names/order.h"

#include <stdlib.h>

#define LIKELY 0.8                 /* the best score that is not good enough */

enum {
    SEED_SHARE = 32,               /* of all names that finding them may look at: one in so many */
    BATCH = 64                     /* chunks of names whose letters are compared at once */
};

/* ---- what a matcher keeps ----------------------------------------------------------------------- */

static void set_orders(kfi_whole *r)
{
    for (uint32_t tokens = 1, ranks = 1; tokens <= KFI_ARRANGED; ranks *= ++tokens)
        for (uint32_t rank = 0; rank < ranks; rank++) {
            uint32_t order[KFI_ARRANGED] = { 0, 1, 2, 3, 4, 5 };
            kfi_order_restore(order, tokens, rank);
            for (uint32_t i = 0; i < tokens; i++) r->orders[tokens][rank][i] = (uint8_t)order[i];
        }
}

static void set_tables(kfi_whole *r)
{
    for (uint32_t length = 0; length <= KFI_CODE_LENGTH; length++)
        for (uint32_t common = 0; common <= length; common++) {
            const uint8_t code = kfi_code(length, common);
            r->code_length[code] = (uint8_t)length;
            r->code_common[code] = (uint8_t)common;
            r->code_both[code] = length * KFI_UPPER + common;
        }
    for (uint32_t i = 0; i < 256; i++) {
        const uint32_t first = i & KFI_HALF_ANY, second = i >> KFI_HALF_BITS;
        r->halves_both[i] = (second < KFI_HALF_ANY ? second : KFI_CODE_LENGTH) * KFI_UPPER
                            + (first < KFI_HALF_ANY ? first : KFI_CODE_LENGTH);
    }
}

static kf_status fill(kf_matcher *m, kfi_whole *r, kf_error *error)
{
    r->names = m->names;
    r->scan = kfi_sketch_scan_best();
    set_orders(r);
    for (uint32_t i = 0; i < m->names->blocks.group_count; i++) {
        const kfi_length_group *group = &m->names->blocks.groups[i];
        if (group->length <= KFI_CODE_LENGTH) r->groups[group->length] = group;
    }
    r->codes = malloc((size_t)m->names->head.tokens + 1);
    r->halves = malloc((size_t)m->names->head.tokens + 1);
    if (!r->codes || !r->halves) return kfi_fail_memory(error, 2 * (size_t)m->names->head.tokens);
    r->noted = KFI_NOTED + 1;
    r->halves_are_set = 1;         /* to whatever is there */
    set_tables(r);
    /* Names may have no letters: these have a place all the same. */
    kf_status status = kfi_array_reserve(&r->points_of_name, sizeof(uint32_t), error);
    if (!status) status = kfi_array_reserve(&r->points_of_tokens, sizeof(uint32_t), error);
    return status ? status : kfi_spelling_begin(r, error);
}

/* All or nothing: after a failure the next search tries again. */
static kf_status create(kf_matcher *m, kf_error *error)
{
    if (m->whole) return KF_OK;
    m->whole = calloc(1, sizeof *m->whole);
    if (!m->whole) return kfi_fail_memory(error, sizeof *m->whole);
    const kf_status status = fill(m, m->whole, error);
    if (status) kfi_ratio_destroy(&m->whole);
    return status;
}

void kfi_ratio_destroy(kfi_whole **pointer)
{
    kfi_whole *r = *pointer;
    if (!r) return;
    kfi_array *const arrays[] = { &r->text, &r->points_of_tokens, &r->points_of_name, &r->rest, &r->texts };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kfi_array_free(arrays[i]);
    kfi_patterns_free(&r->pattern);
    kfi_patterns_free(&r->rest_pattern);
    free(r->codes);
    free(r->halves);
    free(r->places);
    free(r);
    *pointer = NULL;
}

/* ---- the needle --------------------------------------------------------------------------------- */

static kf_status know_words(kf_matcher *m, kf_error *error)
{
    kfi_whole *r = m->whole;
    for (uint32_t i = 0; i < r->word_count; i++) {
        kfi_needle_word *word = &r->known[i];
        *word = (kfi_needle_word){ UINT32_MAX, kfi_name_length(r->words[i]) };
        kf_status status = kfi_names_token(m->names, r->words[i], &word->id);
        if (status && status != KF_NOT_FOUND) return kfi_fail(error, status, "the vocabulary is damaged");
    }
    return KF_OK;
}

static void set_bit(kfi_two_words *words, uint32_t i)
{
    if (i < 64) words->low |= 1ull << i;
    else words->high |= 1ull << (i - 64);
}

/* Where the needle has letters, if they fit two words. */
static void set_masks(kfi_whole *r)
{
    const uint32_t *points = kfi_pattern_points(&r->pattern, &r->pattern.list[0]);
    memset(r->masks, 0, sizeof r->masks);
    r->space_mask = (kfi_two_words){ 0, 0 };
    r->is_doubtful = 0;
    r->is_short = r->length <= KFI_SHORT;
    for (uint32_t i = 0; r->is_short && i < r->length; i++) {
        const unsigned class = kfi_blocks_class(&r->names->blocks, points[i]);
        if (points[i] == KFI_NAME_SPACE) set_bit(&r->space_mask, i);
        if (class >= KFI_CLASSES) continue;
        set_bit(&r->masks[class], i);
        r->is_doubtful |= r->points[class] == UINT32_MAX;
    }
    for (unsigned i = 0; i < 256; i++) r->low_masks[i] = r->masks[i & (KFI_CLASSES - 1)].low;
}

static kf_status prepare(kf_matcher *m, kf_scorer scorer, kf_error *error)
{
    kfi_whole *r = m->whole;
    const kf_bytes needle = { m->patterns.text.data, m->patterns.text.size };
    kf_status status = KF_OK;
    r->scorer = scorer;
    r->text.size = r->word_count = 0;
    if (scorer == KF_SCORER_RATIO) {
        status = kfi_array_append(&r->text, needle.data, needle.size, error);
    } else {
        r->word_count = kfi_words(needle, scorer == KF_SCORER_TOKEN_SET_RATIO, r->words);
        status = kfi_words_join(r->words, r->word_count, &r->text, error);
    }
    if (!status) status = know_words(m, error);
    if (!status) status = kfi_patterns_set_whole(&r->pattern, (kf_bytes){ r->text.data, r->text.size }, error);
    if (status) return status;
    r->length = r->pattern.list[0].length;
    r->spaces = 0;
    for (size_t i = 0; i < r->text.size; i++) r->spaces += r->text.data[i] == KFI_NAME_SPACE;
    kfi_block_query_set(&r->query, &m->names->blocks, kfi_pattern_points(&r->pattern, &r->pattern.list[0]), r->length);
    kfi_token_codes_clear(m);
    if (m->names->letters.kinds)
        kfi_sketch_query_set(&r->sketch, &m->names->letters, kfi_pattern_points(&r->pattern, &r->pattern.list[0]),
                             r->length);
    set_masks(r);
    r->least = (kfi_score){ 0, 0 };
    r->seed_count = 0;
    return KF_OK;
}

/* ---- searching ---------------------------------------------------------------------------------- */

/* The best names by setratio, as far as little work goes: slots. */
static kf_status find_seeds(kf_matcher *m, uint64_t limit, kf_error *error)
{
    kfi_whole *r = m->whole;
    const uint64_t all = m->work_limit, share = m->names->count / SEED_SHARE + 2 * (uint64_t)m->names->blocks.blocks;
    if (limit > KFI_SEEDS || kfi_filter_is_small(m)) return KF_OK;
    kfi_best_begin(&m->best, limit, 0, 0, 0);
    m->work_limit = all && all < share ? all : share;
    kf_status status = kfi_matcher_levels(m, error);
    m->work_limit = all;
    if (status && status != KF_END) return status;
    for (size_t i = 0; i < kfi_best_count(&m->best); i++) r->seeds[r->seed_count++] = kfi_best_list(&m->best)[i].slot;
    return kfi_matcher_work(m, 0);
}

/* A mask a chunk of the names that may be among the best ones, by their letters. */
static void choose(kf_matcher *m, const kfi_group *group, uint32_t chunk, uint32_t count, uint64_t *masks)
{
    kfi_whole *r = m->whole;
    const kfi_letters *letters = &m->names->letters;
    uint32_t spaces = group->tokens - 1;
    memset(masks, 0xff, count * sizeof *masks);
    /* Sets of tokens may have fewer letters than the name. */
    if (!letters->kinds || r->scorer == KF_SCORER_TOKEN_SET_RATIO) return;
    if (kfi_score_compare(r->sketch.least, m->best.least)) kfi_sketch_query_want(&r->sketch, m->best.least);
    /* Empty tokens are not sorted: there may be fewer spaces. */
    if (r->scorer == KF_SCORER_TOKEN_SORT_RATIO && m->names->blocks.empty != UINT32_MAX && spaces > r->spaces)
        spaces = r->spaces;
    const kfi_sketch_query *query = r->are_likely ? &r->likely : &r->sketch;
    const int limit = kfi_sketch_query_limit(query, spaces);
    if (limit < 0) memset(masks, 0, count * sizeof *masks);
    else r->scan(query, letters->chunks + (uint64_t)chunk * KFI_CHUNK_SIZE, count, (unsigned)limit, masks);
}

/* Scores those of 64 names, from `first` on, that the mask has and whose bounds allow. */
static kf_status weigh_some(kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, kf_error *error)
{
    const kfi_whole *r = m->whole;
    const int is_short = r->scorer != KF_SCORER_TOKEN_SET_RATIO && r->is_short;
    kf_status status = KF_OK;
    for (uint64_t left = m->is_filtered || m->first_slot ? mask : 0; left; left &= left - 1)
        if (!kfi_matcher_passes(m, first + (uint32_t)__builtin_ctzll(left))) mask &= ~(left & (0 - left));
    m->names_seen += kfi_popcount(mask);
    /* Tokens of longer names are not sorted. */
    if (r->scorer != KF_SCORER_TOKEN_SET_RATIO || group->tokens <= KFI_SORTED_TOKENS) {
        const int64_t from = ((int64_t)first - group->first) * (int64_t)r->record;   /* may be that of another group */
        kfi_ratio_update(m);
        mask = kfi_ratio_reach(m, m->names->forward + group->records + from, mask, group->tokens);
    }
    if (is_short) return kfi_ratio_weigh_short(m, group, first, mask, error);
    for (; mask && !status; mask &= mask - 1)
        status = kfi_ratio_weigh(m, group, first + (uint32_t)__builtin_ctzll(mask), error);
    return status;
}

static kf_status look_at_chunk(kf_matcher *m, const kfi_group *group, uint32_t chunk, uint64_t mask, kf_error *error)
{
    const uint32_t first = chunk * KFI_CHUNK, end = group[1].first;
    if (first < group->first) mask &= UINT64_MAX << (group->first - first);
    if (end - first < KFI_CHUNK) mask &= (1ull << (end - first)) - 1;
    mask &= ~m->seen[chunk];
    if (mask && m->whole->are_likely) kfi_matcher_see_some(m, chunk, mask);
    kf_status status = kfi_matcher_work(m, 1 + kfi_popcount(mask));
    return status || !mask ? status : weigh_some(m, group, first, mask, error);
}

/* What is told of tokens, as soon as that pays. */
static kf_status tell(kf_matcher *m)
{
    kf_status status = kfi_token_codes_pay(m) ? kfi_token_codes_set(m) : KF_OK;
    return !status && kfi_token_halves_pay(m) ? kfi_token_halves_set(m) : status;
}

static kf_status look_at_group(kf_matcher *m, const kfi_group *group, kf_error *error)
{
    const uint32_t end = (group[1].first - 1) / KFI_CHUNK + 1;
    uint64_t masks[BATCH];
    kf_status status = KF_OK;
    kfi_ratio_begin_group(m, group);
    for (uint32_t chunk = group->first / KFI_CHUNK, count; chunk < end && !status; chunk += count) {
        count = end - chunk < BATCH ? end - chunk : BATCH;
        choose(m, group, chunk, count, masks);
        status = tell(m);
        for (uint32_t i = 0; i < count && !status; i++) status = look_at_chunk(m, group, chunk + i, masks[i], error);
    }
    return status;
}

static kf_status look_at_groups(kf_matcher *m, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < m->names->head.groups && !status; i++)
        if (m->names->groups[i + 1].first > m->first_slot)
            status = look_at_group(m, &m->names->groups[i], error);
    return status;
}

/* Those first whose letters allow for half of what the best score lacks: the sooner good ones are known, the fewer of
 * the others are looked at. Where there are few of these, going through the letters twice does not pay. */
static kf_status look_at_likely(kf_matcher *m, kf_error *error)
{
    kfi_whole *r = m->whole;
    kfi_score least = m->best.least;
    if (!m->names->letters.kinds || r->scorer == KF_SCORER_TOKEN_SET_RATIO) return KF_OK;
    if (kfi_whole_value(least) > LIKELY) return KF_OK;
    while (least.tokens > UINT32_MAX / 4) least = (kfi_score){ least.sum / 2, least.tokens / 2 };
    r->likely = r->sketch;
    kfi_sketch_query_want(&r->likely, (kfi_score){ 2 * least.sum + least.tokens, 4 * least.tokens });
    r->are_likely = 1;
    kf_status status = look_at_groups(m, error);
    r->are_likely = 0;
    return status;
}

/* Some names of a chunk. */
static kf_status look_at_some(kf_matcher *m, const kfi_group *group, uint32_t chunk, uint64_t some, kf_error *error)
{
    uint64_t mask;
    if (!some) return KF_OK;
    choose(m, group, chunk, 1, &mask);
    kf_status status = tell(m);
    return status ? status : look_at_chunk(m, group, chunk, mask & some, error);
}

/* The names in the attribute's list. */
static kf_status look_at_list(kf_matcher *m, kf_error *error)
{
    kfi_attribute_slots slots;
    kfi_run run;
    const kfi_group *group = m->names->groups;
    uint32_t chunk = 0;
    uint64_t some = 0;
    kf_status status = kfi_attribute_slots_begin(&slots, m->names, m->attribute), looked = KF_OK;
    kfi_ratio_begin_group(m, group);
    while (!status && !(status = kfi_attribute_slots_next(&slots, &run)))
        for (uint32_t slot = run.first; slot - run.first < run.count; slot++) {
            const int is_other = slot < group->first || slot >= group[1].first;
            if (is_other || slot / KFI_CHUNK != chunk) {
                looked = look_at_some(m, group, chunk, some, error);
                if (looked) return looked;
                some = 0;
            }
            if (is_other) kfi_ratio_begin_group(m, group = kfi_names_group(m->names, slot));
            chunk = slot / KFI_CHUNK;
            some |= 1ull << slot % KFI_CHUNK;
        }
    if (status != KF_END) return kfi_fail(error, status, "the names of an attribute are damaged");
    return look_at_some(m, group, chunk, some, error);
}

kf_status kfi_ratio_search(kf_matcher *m, const kf_matcher_options *o, kf_error *error)
{
    kf_status status = create(m, error);
    if (!status) status = prepare(m, o->scorer, error);
    if (!status) status = find_seeds(m, m->best.limit, error);
    const int is_over = status == KF_END;
    if (status && !is_over) return status;
    kfi_matcher_begin_best(&m->best, o);
    kfi_best_whole(&m->best);
    kfi_matcher_forget_seen(m);
    for (uint32_t i = 0; i < m->whole->seed_count && (!status || is_over); i++) {
        const uint32_t slot = m->whole->seeds[i];
        kfi_matcher_see(m, slot);
        const kf_status failed = kfi_ratio_score(m, kfi_names_group(m->names, slot), slot, error);
        if (failed) return failed;
    }
    if (status) return status;
    if (m->is_listed) return look_at_list(m, error);
    status = look_at_likely(m, error);
    return status ? status : look_at_groups(m, error);
}
