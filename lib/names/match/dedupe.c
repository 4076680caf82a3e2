/* All pairs of alike names in one index.
 *
 * Slots are gone through in their order, in pieces. Names of which all tokens are equal lie side by side: such a run is
 * searched for once, among the names behind it only. What a piece has found waits until the pieces before it were
 * handed on, so that pairs come in the same order whatever the threads. */
#include "names/match/crew.h"
#include "names/match/matcher.h"

#include <stdlib.h>

enum {
    PIECE = 64,                    /* slots */
    AHEAD = 16                     /* pieces, for each thread, that may wait for their turn */
};

/* What was found, as a list: the names of a run, of which the first one is `FIRST`, then those that are alike. */
enum { FIRST, MORE, FOUND };
typedef struct entry {
    double score;
    uint32_t slot, kind;
} entry;

typedef struct waiting {
    kfi_array list;                /* entry */
    int is_done;
} waiting;

typedef struct dedupe {
    const kf_names *names;
    kf_matcher_options options;    /* of a search */
    uint32_t flags;
    kf_names_pair_sink sink;
    void *context;
    waiting *ring;                 /* in one's turn: pieces from `next` on */
    size_t ring_size;
    uint64_t next;
    kfi_array texts, hits;         /* in one's turn: kf_name_hit */
    kf_buffer buffer;
} dedupe;

/* A piece under way. */
typedef struct piece {
    const dedupe *d;
    kf_matcher *m;
    kfi_array list, members, text;   /* members: uint64_t, attribute and slot */
    kf_buffer buffer;
    kf_error *error;
} piece;

/* ---- finding ------------------------------------------------------------------------------------ */

static int is_same(const kf_names *n, const kfi_group *group, uint32_t a, uint32_t b)
{
    uint32_t left[KF_NAME_TOKENS], right[KF_NAME_TOKENS];
    kfi_names_ids(n, group, a, left);
    kfi_names_ids(n, group, b, right);
    return !memcmp(left, right, 4 * (size_t)group->tokens);
}

/* Only setratio does not ask for the order of tokens. */
static uint32_t end_of_run(const dedupe *d, const kfi_group *group, uint32_t first)
{
    uint32_t end = first + 1;
    if (d->options.scorer != KF_SCORER_SETRATIO) return end;
    while (end < group[1].first && is_same(d->names, group, first, end)) end++;
    return end;
}

static int is_begin_of_run(const dedupe *d, const kfi_group *group, uint32_t slot)
{
    return d->options.scorer != KF_SCORER_SETRATIO || slot == group->first || !is_same(d->names, group, slot - 1, slot);
}

static int compare_members(const void *left, const void *right)
{
    uint64_t a, b;
    memcpy(&a, left, 8);
    memcpy(&b, right, 8);
    return (a > b) - (a < b);
}

/* The names of a run, by attribute if these part them. */
static kf_status list_members(piece *p, uint32_t first, uint32_t end)
{
    const int by = p->d->flags & KF_DEDUPE_WITHIN_ATTRIBUTE;
    kf_status status = KF_OK;
    p->members.size = 0;
    for (uint32_t slot = first; slot < end && !status; slot++) {
        const uint32_t attribute = by ? kfi_names_attribute(p->d->names, slot) : 0;
        const uint64_t member = (uint64_t)attribute << 32 | slot;
        if (by && attribute >= kfi_names_attribute_count(p->d->names))
            return kfi_fail(p->error, KF_CORRUPT, "the attribute of slot %u is out of range", (unsigned)slot);
        if (kfi_matcher_passes(p->m, slot)) status = kfi_array_append(&p->members, &member, sizeof member, p->error);
    }
    if (!status && by && p->members.size)
        qsort(p->members.data, p->members.size / sizeof(uint64_t), sizeof(uint64_t), compare_members);
    return status;
}

static kf_status add(piece *p, uint32_t slot, double score, uint32_t kind)
{
    const entry e = { score, slot, kind };
    return kfi_array_append(&p->list, &e, sizeof e, p->error);
}

static int compare_found(const void *left, const void *right)
{
    const kfi_found *a = left, *b = right;
    return (a->slot > b->slot) - (a->slot < b->slot);
}

/* Names behind a run that are alike to it. `members` have one attribute, if it matters. */
static kf_status search(piece *p, const uint64_t *members, size_t count, uint32_t end)
{
    kf_matcher *m = p->m;
    kf_status status;
    p->text.size = 0;
    status = kfi_names_text(p->d->names, (uint32_t)members[0], &p->buffer, &p->text, p->error);
    if (!status)
        status = kfi_matcher_prepare(m, (kf_bytes){ p->text.data, p->text.size }, &p->d->options, p->error);
    if (status == KF_INVALID || status == KF_LIMIT)
        return kfi_fail(p->error, KF_CORRUPT, "slot %u has no name", (unsigned)members[0]);
    if (status) return status;
    m->first_slot = end;
    if (p->d->flags & KF_DEDUPE_WITHIN_ATTRIBUTE) kfi_filter_set_number(m, (uint32_t)(members[0] >> 32));
    status = kfi_matcher_find(m, &p->d->options, p->error);
    const size_t found = kfi_best_count(&m->best);
    kfi_found *list = kfi_best_list(&m->best);
    if (found) qsort(list, found, sizeof *list, compare_found);
    if (count + found < 2) return status;
    for (size_t i = 0; i < count && !status; i++) status = add(p, (uint32_t)members[i], 1, i ? MORE : FIRST);
    for (size_t i = 0; i < found && !status; i++)
        status = add(p, list[i].slot, kfi_best_value(&m->best, list[i].score), FOUND);
    return status;
}

static kf_status search_run(piece *p, uint32_t first, uint32_t end)
{
    p->m->first_slot = 0;
    if (!p->d->options.attribute.data) kfi_filter_clear(p->m);
    kf_status status = list_members(p, first, end);
    const uint64_t *members = (const uint64_t *)(const void *)p->members.data;
    const size_t count = p->members.size / sizeof *members;
    for (size_t from = 0, to; from < count && !status; from = to) {
        for (to = from + 1; to < count && members[to] >> 32 == members[from] >> 32; to++) {}
        status = search(p, members + from, to - from, end);
    }
    return status;
}

/* ---- handing on --------------------------------------------------------------------------------- */

static kf_status add_hit(dedupe *d, const entry *e, kf_error *error)
{
    kf_name_hit hit = { .position = kfi_names_position(d->names, e->slot), .score = e->score };
    kf_bytes *const parts[] = { &hit.id, &hit.name, &hit.attribute, &hit.payload };
    if (hit.position >= d->names->count) return kfi_fail(error, KF_CORRUPT, "a position is out of range");
    kf_status status = kfi_names_row(d->names, (uint32_t)hit.position, e->slot, &d->buffer, &d->texts, parts, error);
    return status ? status : kfi_array_append(&d->hits, &hit, sizeof hit, error);
}

static kf_status give(const dedupe *d, kf_name_hit *a, kf_name_hit *b, double score, kf_error *error)
{
    const int turns = a->position > b->position;
    a->score = b->score = score;
    const kf_status status = d->sink(d->context, turns ? b : a, turns ? a : b, error);
    if (status && !error->message[0]) kfi_fail(error, status, "what takes the pairs has ended the search for them");
    return status;
}

/* The pairs of a run: among its names, and of these with the others. */
static kf_status give_run(dedupe *d, const entry *list, size_t count, kf_error *error)
{
    kf_status status = KF_OK;
    size_t members = 0;
    d->texts.size = d->hits.size = 0;
    for (size_t i = 0; i < count && !status; i++) {
        members += list[i].kind != FOUND;
        status = add_hit(d, &list[i], error);
    }
    if (status) return status;
    kf_name_hit *hits = (kf_name_hit *)(void *)d->hits.data;
    const uint8_t *text = d->texts.data;
    for (size_t i = 0; i < count; i++) {
        kf_bytes *const parts[] = { &hits[i].id, &hits[i].name, &hits[i].attribute, &hits[i].payload };
        text = kfi_names_row_link(parts, text);
    }
    const int links = (d->flags & KF_DEDUPE_LINKS) != 0;
    for (size_t i = 0; i < members && !status; i++) {
        for (size_t k = i + 1; k < members && !(links && k > i + 1) && !status; k++)
            status = give(d, &hits[i], &hits[k], 1, error);
        for (size_t k = members; k < count && !(links && i) && !status; k++)
            status = give(d, &hits[i], &hits[k], list[k].score, error);
    }
    return status;
}

static kf_status give_piece(dedupe *d, const kfi_array *found, kf_error *error)
{
    const entry *list = (const entry *)(const void *)found->data;
    const size_t count = found->size / sizeof *list;
    kf_status status = KF_OK;
    for (size_t from = 0, to; from < count && !status; from = to) {
        for (to = from + 1; to < count && list[to].kind != FIRST; to++) {}
        status = give_run(d, list + from, to - from, error);
    }
    return status;
}

/* Leaves what was found to whose turn it is: that may be oneself. */
static kf_status hand_on(dedupe *d, kfi_crew_worker *worker, uint64_t number, kfi_array *list, kf_error *error)
{
    kf_status status = KF_OK;
    int matters = kfi_crew_enter(worker);
    while (matters && number - d->next >= d->ring_size) matters = kfi_crew_wait(worker);
    if (matters) {
        d->ring[number % d->ring_size] = (waiting){ *list, 1 };
        *list = (kfi_array){ 0 };
    }
    for (waiting *w; matters && !status && (w = &d->ring[d->next % d->ring_size])->is_done; d->next++) {
        status = give_piece(d, &w->list, error);
        kfi_array_free(&w->list);
        w->is_done = 0;
    }
    kfi_crew_leave(worker);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static kf_status run_piece(void *context, kfi_crew_worker *worker, uint64_t number, uint64_t *units, kf_error *error)
{
    dedupe *d = context;
    const uint32_t first = (uint32_t)(number * PIECE);
    const uint32_t end = d->names->count - first < PIECE ? d->names->count : first + PIECE;
    const kfi_group *group = kfi_names_group(d->names, first);
    piece p = { .d = d, .m = worker->matcher, .error = error };
    kf_status status = kfi_filter_set(p.m, d->options.attribute, error);
    const int is_possible = status != KF_NOT_FOUND;   /* else no name has the attribute */
    if (!is_possible) status = KF_OK;
    for (uint32_t slot = first; is_possible && slot < end && !status; slot++) {
        while (slot >= group[1].first) group++;
        if (is_begin_of_run(d, group, slot)) status = search_run(&p, slot, end_of_run(d, group, slot));
    }
    *units = end - first;
    if (!status) status = hand_on(d, worker, number, &p.list, error);
    kfi_array_free(&p.list);
    kfi_array_free(&p.members);
    kfi_array_free(&p.text);
    kf_buffer_free(&p.buffer);
    return status;
}

static kf_status take_options(dedupe *d, const kf_matcher_options *options, const kf_names_many_options *many,
                              kf_error *error)
{
    kf_status status = kfi_matcher_options(&d->options, options, error);
    if (status) return status;
    const kf_matcher_options *o = &d->options;
    if (!(o->cutoff > 0)) return kfi_fail(error, KF_INVALID, "pairs need a cutoff above 0");
    if (o->limit != 1 || o->work_limit || o->flags || o->tie_limit || o->candidates || many->attributes)
        return kfi_fail(error, KF_INVALID, "pairs have a cutoff, a scorer and an attribute, and no other options");
    d->flags = many->flags;
    if (d->flags & KF_DEDUPE_WITHIN_ATTRIBUTE && d->names->count && !d->names->attributes.image)
        return kfi_fail(error, KF_INVALID, "the names of this index have no attribute to search by");
    d->options.limit = UINT64_MAX;
    return KF_OK;
}

kf_status kf_names_dedupe(const kf_names *names, const kf_matcher_options *options, const kf_names_many_options *given,
                          kf_names_pair_sink sink, void *context, kf_error *error)
{
    kf_names_many_options many;
    dedupe d = { .names = names, .sink = sink, .context = context };
    const kfi_crew_work work = { names, ((uint64_t)names->count + PIECE - 1) / PIECE, names->count, run_piece, &d };
    kf_status status = kfi_crew_options(&many, given, KF_DEDUPE_WITHIN_ATTRIBUTE | KF_DEDUPE_LINKS, error);
    if (!status) status = take_options(&d, options, &many, error);
    if (status) return status;
    d.ring_size = (size_t)kfi_crew_threads(&work, &many) * AHEAD;
    d.ring = calloc(d.ring_size, sizeof *d.ring);
    if (!d.ring) return kfi_fail_memory(error, d.ring_size * sizeof *d.ring);
    status = kfi_crew_run(&work, &many, error);
    for (size_t i = 0; i < d.ring_size; i++) kfi_array_free(&d.ring[i].list);
    free(d.ring);
    kfi_array_free(&d.texts);
    kfi_array_free(&d.hits);
    kf_buffer_free(&d.buffer);
    return status;
}
