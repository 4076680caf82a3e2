/* What a search has found, for the caller. */
#include "names/match/matcher.h"

#include "names/score/explain.h"

#include <stdlib.h>

/* ---- ranking ------------------------------------------------------------------------------------ */

/* What is told of the names beside the hits. */
typedef struct beyond {
    uint64_t tied;
    double next;                   /* a score that none of them exceeds */
} beyond;

static kf_status add_ranked(kf_matcher *m, const kfi_found *found, double score, kf_error *error)
{
    const kfi_ranked ranked = { score, found->position, found->slot };
    return kfi_array_append(&m->ranked, &ranked, sizeof ranked, error);
}

/* Takes them as they were found. */
static kf_status take(kf_matcher *m, beyond *b, kf_error *error)
{
    const size_t count = kfi_best_count(&m->best);
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_found *found = &kfi_best_list(&m->best)[i];
        status = add_ranked(m, found, kfi_best_value(&m->best, found->score), error);
    }
    *b = (beyond){ m->best.tied, m->best.has_next ? kfi_best_value(&m->best, m->best.next) : m->best.cutoff };
    return status;
}

static int compare(const void *left, const void *right)
{
    const kfi_ranked *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? 1 : -1;
    return (a->position > b->position) - (a->position < b->position);
}

/* How many of the sorted list are hits. */
static size_t cut(const kfi_ranked *list, size_t count, const kf_matcher_options *o, beyond *b)
{
    size_t hits = 0, ties = 0;
    while (hits < count && hits < o->limit && list[hits].score >= o->cutoff) hits++;
    if (hits && list[hits - 1].score > 0)
        while (hits + ties < count && list[hits + ties].score == list[hits - 1].score) ties++;
    if (o->flags & KF_MATCH_TIES) {
        const size_t more = o->tie_limit && o->tie_limit < ties ? (size_t)o->tie_limit : ties;
        hits += more;
        ties -= more;
    }
    *b = (beyond){ ties, hits < count && list[hits].score >= o->cutoff ? list[hits].score : o->cutoff };
    return hits;
}

/* A damaged file may give any bytes for a name. */
static kf_status check_name(const kf_matcher *m, uint64_t position, kf_bytes name, kf_error *error)
{
    if (!kfi_name_check(name, "", NULL)) return KF_OK;
    return kfi_fail(error, KF_CORRUPT, "position %llu of %u has no name", (unsigned long long)position,
                    (unsigned)m->names->count);
}

/* Scores them once more, and takes the best ones. */
static kf_status rank_again(kf_matcher *m, const kf_matcher_options *o, beyond *b, kf_error *error)
{
    const size_t count = kfi_best_count(&m->best);
    const kfi_array *needle = &m->patterns.text;
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_found *found = &kfi_best_list(&m->best)[i];
        double score;
        m->texts.size = 0;
        status = kfi_names_text(m->names, found->slot, &m->rows.buffer, &m->texts, error);
        if (!status) status = check_name(m, found->position, (kf_bytes){ m->texts.data, m->texts.size }, error);
        if (!status)
            status = kf_names_score(o->rerank, needle->data, needle->size, m->texts.data, m->texts.size, &score, error);
        if (!status) status = add_ranked(m, found, score, error);
    }
    if (status) return status;
    kfi_ranked *list = (kfi_ranked *)(void *)m->ranked.data;
    if (count) qsort(list, count, sizeof *list, compare);
    m->ranked.size = cut(list, count, o, b) * sizeof *list;
    return KF_OK;
}

/* ---- hits --------------------------------------------------------------------------------------- */

/* The texts of a hit, in the order in which they are kept. */
#define PARTS(hit) { &(hit)->id, &(hit)->name, &(hit)->attribute, &(hit)->payload }

static kf_status add_hit(kf_matcher *m, const kfi_ranked *ranked, kf_error *error)
{
    kf_name_hit hit = { .position = ranked->position, .score = ranked->score };
    kf_bytes *const parts[] = PARTS(&hit);
    kf_status status = kfi_names_row(m->names, ranked->position, ranked->slot, &m->rows.buffer, &m->texts, parts,
                                     error);
    return status ? status : kfi_array_append(&m->hits, &hit, sizeof hit, error);
}

static size_t count_hits(const kf_matcher *m) { return m->hits.size / sizeof(kf_name_hit); }
static kf_name_hit *hits_of(const kf_matcher *m) { return (kf_name_hit *)(void *)m->hits.data; }

/* Hits point to texts, and pointers to hits, once these stay where they are. */
static kf_status link_hits(kf_matcher *m, kf_error *error)
{
    kf_name_hit *hits = hits_of(m);
    const size_t count = count_hits(m);
    const uint8_t *text = m->texts.data;
    kf_status status = kfi_array_reserve(&m->pointers, count * sizeof hits, error);
    for (size_t i = 0; i < count && !status; i++) {
        const kf_name_hit *hit = &hits[i];
        kf_bytes *const parts[] = PARTS(&hits[i]);
        text = kfi_names_row_link(parts, text);
        status = kfi_array_append(&m->pointers, &hit, sizeof hit, error);
    }
    return status;
}

/* The names of the hits as they were compared, one behind the other; `ends`: where each ends. */
static kf_status list_compared(kf_matcher *m, kf_error *error)
{
    const kfi_ranked *list = (const kfi_ranked *)(const void *)m->ranked.data;
    m->compared.size = m->compared_ends.size = 0;
    kf_status status = kfi_array_reserve(&m->compared, 1, error);   /* the empty name has a place too */
    for (size_t i = 0; i < count_hits(m) && !status; i++) {
        status = kfi_names_text(m->names, list[i].slot, &m->rows.buffer, &m->compared, error);
        if (!status) status = kfi_array_append(&m->compared_ends, &m->compared.size, sizeof m->compared.size, error);
    }
    return status;
}

/* By how much each is better than the next one, and which tokens are why. */
static kf_status explain(kf_matcher *m, kf_scorer scorer, const beyond *b, kf_error *error)
{
    const kf_bytes needle = { m->patterns.text.data, m->patterns.text.size };
    kf_name_hit *hits = hits_of(m);
    const size_t count = count_hits(m);
    kf_status status = list_compared(m, error);
    const size_t *ends = (const size_t *)(const void *)m->compared_ends.data;
    for (size_t i = 0, begin = 0; i < count && !status; begin = ends[i++]) {
        const size_t before = m->pairs.size;
        const double after = i + 1 < count ? hits[i + 1].score : b->tied ? hits[i].score : b->next;
        const kf_bytes name = { m->compared.data + begin, ends[i] - begin };
        hits[i].gap = hits[i].score - after;
        status = check_name(m, hits[i].position, name, error);
        if (!status) status = kfi_explain(scorer, needle, name, &m->pairs, error);
        hits[i].pair_count = (m->pairs.size - before) / sizeof(kf_token_pair);
    }
    const kf_token_pair *pairs = (const kf_token_pair *)(const void *)m->pairs.data;
    for (size_t i = 0; i < count && !status; i++) {
        if (!hits[i].pair_count) continue;
        hits[i].pairs = pairs;
        pairs += hits[i].pair_count;
    }
    return status;
}

kf_status kfi_matcher_give(kf_matcher *m, const kf_matcher_options *o, int exact, kf_error *error)
{
    beyond b;
    m->ranked.size = m->texts.size = m->hits.size = m->pointers.size = m->pairs.size = 0;
    kf_status status = kfi_best_sort(&m->best, error);
    if (!status) status = o->candidates ? rank_again(m, o, &b, error) : take(m, &b, error);
    if (status) return status;
    const kfi_ranked *list = (const kfi_ranked *)(const void *)m->ranked.data;
    const size_t count = m->ranked.size / sizeof *list;
    m->texts.size = 0;
    for (size_t i = 0; i < count && !status; i++) status = add_hit(m, &list[i], error);
    if (!status) status = link_hits(m, error);
    if (!status && o->flags & KF_MATCH_EXPLAIN)
        status = explain(m, o->candidates ? o->rerank : o->scorer, &b, error);
    m->result = (kf_name_hits){ (const kf_name_hit *const *)(void *)m->pointers.data, count, exact, m->work,
                                m->names_seen, m->names_scored, b.tied };
    return status;
}
