/* The course of a search. */
#include "names/ratio/ratio.h"

#include <stdlib.h>

enum {
    SEEDS = 8,                     /* names that the search begins with, more than are wanted */
    SEED_SHARE = 32,               /* of all names that finding them may look at: one in so many */
    STEP = 1024                    /* names between two looks at the work limit */
};

/* ---- what a matcher keeps ----------------------------------------------------------------------- */

static kf_status create(kf_matcher *m, kf_error *error)
{
    if (m->whole) return KF_OK;
    kfi_whole *r = m->whole = calloc(1, sizeof *r);
    if (!r) return kfi_fail_memory(error, sizeof *r);
    r->names = m->names;
    r->codes = malloc((size_t)m->names->blocks.tokens + 1);
    if (!r->codes) return kfi_fail_memory(error, m->names->blocks.tokens);
    for (uint32_t length = 0; length <= KFI_CODE_LENGTH; length++)
        for (uint32_t common = 0; common <= length; common++) {
            r->code_length[kfi_code(length, common)] = (uint8_t)length;
            r->code_common[kfi_code(length, common)] = (uint8_t)common;
        }
    return kfi_spelling_begin(r, error);
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
    r->codes_are_set = 0;
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
    if (limit + SEEDS > KFI_SEEDS) return KF_OK;
    kfi_best_begin(&m->best, limit + SEEDS, 0, 0, 0);
    m->work_limit = all && all < share ? all : share;
    kf_status status = kfi_matcher_levels(m, error);
    m->work_limit = all;
    if (status && status != KF_END) return status;
    for (size_t i = 0; i < kfi_best_count(&m->best); i++) r->seeds[r->seed_count++] = kfi_best_list(&m->best)[i].slot;
    return kfi_matcher_work(m, 0);
}

static kf_status look_at_group(kf_matcher *m, const kfi_group *group, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint32_t slot = group->first; slot < group[1].first && !status; slot++) {
        if (slot % STEP == 0 || slot == group->first) {
            const uint32_t left = group[1].first - slot, step = STEP - slot % STEP;
            status = kfi_matcher_work(m, left < step ? left : step);
        }
        if (!status) status = kfi_ratio_weigh(m, group, slot, error);
    }
    return status;
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
    if (!is_over) status = kfi_token_codes_set(m);
    for (uint32_t i = 0; i < m->whole->seed_count && (!status || is_over); i++) {
        const uint32_t slot = m->whole->seeds[i];
        const kf_status failed = kfi_ratio_score(m, kfi_names_group(m->names, slot), slot, error);
        if (failed) return failed;
    }
    for (uint32_t i = 0; i < m->names->head.groups && !status; i++)
        status = look_at_group(m, &m->names->groups[i], error);
    return status;
}
