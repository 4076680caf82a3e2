/* What a search has found, for the caller. */
#include "names/match/matcher.h"

static kf_status add_hit(kf_matcher *m, const kfi_found *found, kf_error *error)
{
    kf_name_hit hit = { .position = found->position, .score = kfi_score_value(found->score) };
    const size_t id = m->texts.size;
    kf_status status = kfi_names_id(m->names, found->position, &m->rows.buffer, &m->texts, error);
    const size_t name = m->texts.size;
    if (!status) status = kfi_names_text(m->names, found->slot, &m->rows.buffer, &m->texts, error);
    hit.id.size = name - id;
    hit.name.size = m->texts.size - name;
    return status ? status : kfi_array_append(&m->hits, &hit, sizeof hit, error);
}

/* Hits point to texts, and pointers to hits, once these stay where they are. */
static kf_status link_hits(kf_matcher *m, kf_error *error)
{
    kf_name_hit *hits = (kf_name_hit *)(void *)m->hits.data;
    const size_t count = m->hits.size / sizeof *hits;
    const uint8_t *text = m->texts.data;
    kf_status status = kfi_array_reserve(&m->pointers, count * sizeof hits, error);
    for (size_t i = 0; i < count && !status; i++) {
        const kf_name_hit *hit = &hits[i];
        hits[i].id.data = text;
        text += hits[i].id.size;
        hits[i].name.data = text;
        text += hits[i].name.size;
        status = kfi_array_append(&m->pointers, &hit, sizeof hit, error);
    }
    return status;
}

/* By how much each is better than the next one. */
static void set_gaps(kf_matcher *m)
{
    kf_name_hit *hits = (kf_name_hit *)(void *)m->hits.data;
    const size_t count = m->hits.size / sizeof *hits;
    for (size_t i = 0; i < count; i++) {
        double next = m->best.cutoff;
        if (i + 1 < count) next = hits[i + 1].score;
        else if (m->best.tied) next = hits[i].score;
        else if (m->best.has_next) next = kfi_score_value(m->best.next);
        hits[i].gap = hits[i].score - next;
    }
}

kf_status kfi_matcher_give(kf_matcher *m, const kf_matcher_options *o, int exact, kf_error *error)
{
    kf_status status = kfi_best_sort(&m->best, error);
    const size_t count = kfi_best_count(&m->best);
    m->texts.size = m->hits.size = m->pointers.size = 0;
    for (size_t i = 0; i < count && !status; i++) status = add_hit(m, &kfi_best_list(&m->best)[i], error);
    if (o->flags & KF_MATCH_EXPLAIN) set_gaps(m);
    if (!status) status = link_hits(m, error);
    m->result = (kf_name_hits){ (const kf_name_hit *const *)(void *)m->pointers.data, count, exact, m->work,
                                m->names_seen, m->names_scored, m->best.tied };
    return status;
}
