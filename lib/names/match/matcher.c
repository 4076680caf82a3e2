#include "names/match/matcher.h"

#include "base/options.h"
#include "names/ratio/ratio_search.h"

#include <math.h>
#include <stdlib.h>

KFI_STRUCT_KIND(match_kind, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, flags, attribute);

/* ---- creating ----------------------------------------------------------------------------------- */

static size_t seen_words(const kf_names *names)
{
    return ((size_t)names->count / 64 / KFI_SEEN_PART + 1) * KFI_SEEN_PART;
}

/* The different numbers of tokens that names have: groups ascend by them. */
static void list_sizes(kf_matcher *m)
{
    for (uint32_t i = 0; i < m->names->head.groups; i++) {
        const uint32_t size = m->names->groups[i].tokens;
        if (!m->size_count || m->sizes[m->size_count - 1] != size) m->sizes[m->size_count++] = size;
    }
}

kf_status kf_matcher_create(kf_matcher **out, const kf_names *names, kf_error *error)
{
    kf_matcher *m = *out = calloc(1, sizeof *m);
    if (!m) return kfi_fail_memory(error, sizeof *m);
    m->names = names;
    kfi_process_begin(&m->processing, &names->process);
    m->blocks = kfi_blocks_best();
    kfi_block_similarities_set(&m->similarities);
    m->sizes = calloc((size_t)names->head.groups + 1, sizeof *m->sizes);
    m->most_mask = (uint32_t)kfi_mask64(kfi_bit_width(names->head.tokens));
    m->most = calloc((size_t)m->most_mask + 1, 1);
    m->touched = malloc(KFI_TOUCHED_MOST * sizeof *m->touched);
    m->seen = calloc(seen_words(names), sizeof *m->seen);
    m->seen_parts = calloc(seen_words(names) / KFI_SEEN_PART, 1);
    kf_status status = kfi_rows_create(&m->rows, names, &m->patterns, error);
    if (!status) status = kfi_array_reserve(&m->values, 8 * KF_NAME_TOKENS, error);
    if (!status && !(m->sizes && m->most && m->touched && m->seen && m->seen_parts))
        status = kfi_fail_memory(error, (size_t)names->head.tokens + names->count / 8);
    if (status) kf_matcher_destroy(out);
    else list_sizes(m);
    return status;
}

void kf_matcher_destroy(kf_matcher **matcher)
{
    kf_matcher *m = matcher ? *matcher : NULL;
    if (!m) return;
    kfi_array *const arrays[] = { &m->values, &m->matrix, &m->assignment, &m->ranked, &m->texts,
                                  &m->hits, &m->pointers, &m->pairs, &m->compared, &m->compared_ends };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kfi_array_free(arrays[i]);
    for (uint32_t i = 0; i < m->wanted_capacity; i++) {
        kfi_array_free(&m->wanted[i].similar);
        kfi_array_free(&m->wanted[i].similarities);
    }
    kfi_best_free(&m->best);
    kfi_rows_free(&m->rows);
    kfi_ratio_destroy(&m->whole);
    kfi_patterns_free(&m->patterns);
    kfi_process_end(&m->processing);
    free(m->sizes);
    free(m->most);
    free(m->touched);
    free(m->seen);
    free(m->seen_parts);
    free(m->wanted);
    free(m);
    *matcher = NULL;
}

/* ---- preparing ---------------------------------------------------------------------------------- */

/* Forgets the needle before. */
static void clear(kf_matcher *m)
{
    if (m->touched_count > KFI_TOUCHED_MOST) memset(m->most, 0, m->names->head.tokens);
    else for (uint32_t i = 0; i < m->touched_count; i++) m->most[m->touched[i]] = 0;
    m->touched_count = 0;
    const size_t parts = seen_words(m->names) / KFI_SEEN_PART;
    for (size_t i = 0; i < parts; i++) {
        if (m->seen_parts[i]) memset(m->seen + i * KFI_SEEN_PART, 0, KFI_SEEN_PART * sizeof *m->seen);
        m->seen_parts[i] = 0;
    }
    m->work = m->names_seen = m->names_scored = 0;
    m->waiting_count = 0;
    m->level = KFI_LEVEL_EXACT;
    m->reads++;
    m->last_group = NULL;
    m->unknown = 0;
    kfi_rows_clear(&m->rows);
    kfi_needs_begin(&m->needs, m->patterns.tokens);
}

static kf_status make_room(kf_matcher *m, uint32_t count, kf_error *error)
{
    if (count <= m->wanted_capacity) return KF_OK;
    kfi_wanted *wanted = realloc(m->wanted, count * sizeof *wanted);
    if (!wanted) return kfi_fail_memory(error, count * sizeof *wanted);
    m->wanted = wanted;
    memset(wanted + m->wanted_capacity, 0, (count - m->wanted_capacity) * sizeof *wanted);
    m->wanted_capacity = count;
    return KF_OK;
}

static kf_status prepare_token(kf_matcher *m, uint32_t index, kf_error *error)
{
    const kfi_pattern *p = &m->patterns.list[index];
    kfi_wanted *w = &m->wanted[index];
    const kfi_array similar = w->similar, similarities = w->similarities;
    const uint64_t length = p->length;
    *w = (kfi_wanted){ .id = UINT32_MAX, .similar = similar, .similarities = similarities, .known = KFI_FULL };
    kfi_wanted_cut(w, 0);
    w->near = length ? kfi_similarity(length, length, length + 1) : 0;
    w->most = w->unseen = w->near;
    kfi_block_query_set(&w->query, &m->names->blocks, kfi_pattern_points(&m->patterns, p), p->length);
    if (kfi_similarity_ceil(w->near) > m->unknown) m->unknown = kfi_similarity_ceil(w->near);
    kf_status status = kfi_names_token(m->names, p->text, &w->id);
    if (status == KF_NOT_FOUND) return KF_OK;
    if (status) return kfi_fail(error, status, "the vocabulary is damaged");
    w->most = w->unseen = KFI_SIMILARITY_ONE;
    w->frequency = kfi_names_frequency(m->names, w->id);
    w->costs[KFI_FULL] = w->frequency;
    return kfi_wanted_add(w, w->id, KFI_FULL, error);
}

kf_status kfi_matcher_prepare(kf_matcher *m, kf_bytes needle, const kf_matcher_options *o, kf_error *error)
{
    kf_status status = kfi_process_name(&m->names->process, &m->processing, needle, "the needle", &needle, error);
    if (!status) status = kfi_patterns_set(&m->patterns, needle, error);
    if (!status) status = make_room(m, m->patterns.count, error);
    if (status) return status;
    clear(m);
    kfi_matcher_begin_best(&m->best, o);
    m->work_limit = o->work_limit;
    m->first_slot = 0;
    for (uint32_t i = 0; i < m->patterns.count && !status; i++) status = prepare_token(m, i, error);
    return status;
}

/* ---- searching --------------------------------------------------------------------------------- */

kf_status kfi_matcher_options(kf_matcher_options *o, const kf_matcher_options *given, kf_error *error)
{
    kf_status status = kfi_options_read(o, given, &match_kind, error);
    if (status) return status;
    if (!kf_scorer_name(o->scorer)) return kfi_fail(error, KF_INVALID, "unknown scorer %d", (int)o->scorer);
    if (o->scorer > KF_SCORER_TOKEN_SET_RATIO)
        return kfi_fail(error, KF_INVALID, "names can't be searched by %s, only ranked again",
                        kf_scorer_name(o->scorer));
    if (!o->limit) return kfi_fail(error, KF_INVALID, "the limit of a search must be at least 1");
    if (!(o->cutoff >= 0 && o->cutoff <= 1)) return kfi_fail(error, KF_INVALID, "the cutoff must be from 0 to 1");
    if (!o->candidates && o->rerank) return kfi_fail(error, KF_INVALID, "a scorer to rank again by needs candidates");
    if (o->candidates && o->candidates < o->limit)
        return kfi_fail(error, KF_INVALID, "%u candidates are fewer than the limit of %llu", (unsigned)o->candidates,
                        (unsigned long long)o->limit);
    if (!kf_scorer_name(o->rerank)) return kfi_fail(error, KF_INVALID, "unknown scorer %d", (int)o->rerank);
    const uint32_t unknown = o->flags & ~(KF_MATCH_TIES | KF_MATCH_EXPLAIN);
    return unknown ? kfi_fail(error, KF_INVALID, "unknown flags %#x", (unsigned)unknown) : KF_OK;
}

kf_status kfi_matcher_find(kf_matcher *m, const kf_matcher_options *o, kf_error *error)
{
    if (!m->names->count) return KF_OK;
    if (o->scorer != KF_SCORER_SETRATIO) return kfi_ratio_search(m, o, error);
    return kfi_filter_is_small(m) ? kfi_filter_scan_at_once(m, error) : kfi_matcher_levels(m, error);
}

kf_status kfi_matcher_search(kf_matcher *m, kf_bytes needle, const kf_matcher_options *known,
                             const kf_name_hits **hits, kf_error *error)
{
    kf_status status = kfi_matcher_prepare(m, needle, known, error);
    if (!status) status = kfi_filter_set(m, known->attribute, error);
    if (!status) status = kfi_matcher_find(m, known, error);
    else if (status == KF_NOT_FOUND) status = KF_OK;   /* there is nothing to be found */
    const int exact = status != KF_END;
    if (status && exact) return status;
    status = kfi_matcher_give(m, known, exact, error);
    if (!status) *hits = &m->result;
    return status;
}

kf_status kf_matcher_search(kf_matcher *m, const void *needle, size_t needle_size, const kf_matcher_options *options,
                            const kf_name_hits **hits, kf_error *error)
{
    kf_matcher_options known;
    *hits = NULL;
    kf_status status = kfi_matcher_options(&known, options, error);
    return status ? status : kfi_matcher_search(m, (kf_bytes){ needle, needle_size }, &known, hits, error);
}
