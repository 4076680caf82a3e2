/* The course of a search. */
#include "names/match/matcher.h"

enum {
    SAMPLE = 512,                  /* names that share exact tokens, of which the best few are looked at first */
    FIRST_LOOKS = 8,
    EXACT_MOST = 256,              /* postings to close a search by exact tokens alone */
    RAISE = 1000,                  /* postings to raise what names need, a level */
    STEP = 16,                     /* 255ths: then there may be a cheaper plan */
    FEW = 64,                      /* postings that are always worth it */
    PARTS = 1 << 12,               /* of a similarity of 1: less than a score below 1 lacks */
    AHEAD = 8,                     /* tokens whose postings are on their way to the processor */
    GROWTH = 3                     /* of the cost, at least, from a level to the next */
};

/* Similarities 0.80, 0.66, 0.54, 0.42, 0.30 */
static const uint8_t levels[] = { 204, 168, 138, 107, 77 };
enum { LEVELS = sizeof levels, LOWEST = 40, ANY = 1 };

/* ---- reading postings --------------------------------------------------------------------------- */

/* Looks at the names that wait for it. */
static kf_status look_at_waiting(kf_matcher *m, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < m->waiting_count && !status; i++)
        status = kfi_matcher_look(m, m->waiting[i].group, m->waiting[i].slot, error);
    m->waiting_count = 0;
    return status;
}

/* Lets names wait until there are several: what is known of them is on its way to the processor meanwhile. */
static kf_status wait_for_run(kf_matcher *m, const kfi_group **group, kfi_run run, kf_error *error)
{
    kf_status status = kfi_matcher_work(m, run.count);
    for (uint32_t i = 0; i < run.count && !status; i++) {
        const uint32_t slot = run.first + i;
        if (slot < (*group)->first || slot >= (*group)[1].first) *group = kfi_names_group(m->names, slot);
        if (!kfi_matcher_is_possible(m, (*group)->tokens)) continue;
        kfi_prefetch(&m->seen[slot / 64]);
        kfi_prefetch(kfi_names_record(m->names, *group, slot));
        m->waiting[m->waiting_count++] = (kfi_waiting){ *group, slot };
        if (m->waiting_count == KFI_WAITING) status = look_at_waiting(m, error);
    }
    return status;
}

static kf_status read_token(kf_matcher *m, uint32_t id, kf_error *error)
{
    kfi_postings postings;
    kfi_run run;
    const kfi_group *group = m->names->groups;
    kf_status status = kfi_postings_begin(&postings, m->names, id);
    while (!status && !(status = kfi_postings_next(&postings, &run))) {
        status = wait_for_run(m, &group, run, error);
        if (status) return status;
    }
    return status == KF_END ? KF_OK : kfi_fail(error, status, "the postings of token %u are damaged", (unsigned)id);
}

/* The next token of the list; of similarity 0: there is none. */
static kfi_similar next_of(const kfi_wanted *w)
{
    return w->read < kfi_wanted_count(w) ? kfi_wanted_similar(w, w->read) : (kfi_similar){ 0, 0 };
}

/* Reads the postings of the next token in the list. */
static kf_status read_next(kf_matcher *m, kfi_wanted *w, kf_error *error)
{
    const kfi_similar next = next_of(w);
    if (w->read + AHEAD < kfi_wanted_count(w))
        kfi_postings_prefetch(m->names, kfi_wanted_similar(w, w->read + AHEAD).id);
    w->read++;
    w->costs[next.similarity] -= kfi_names_frequency(m->names, next.id);
    return read_token(m, next.id, error);
}

/* What reading has shown. */
static void conclude(kf_matcher *m, kfi_wanted *w)
{
    const unsigned next = next_of(w).similarity, least = next ? next + 1 : w->known;
    uint64_t value = least > KFI_FULL ? w->unseen : (KFI_SIMILARITY_ONE * (least - 1) + KFI_FULL - 1) / KFI_FULL;
    if (!w->is_scanned) value = next ? w->unseen : w->near;
    if (value < w->unseen) w->unseen = value;
    m->reads++;
}

/* ---- plans -------------------------------------------------------------------------------------- */

/* Reads the most similar ones of what a plan says. */
static kf_status follow(kf_matcher *m, const kfi_plan *plan, const uint32_t *order, kf_error *error)
{
    kf_status status = KF_OK;
    unsigned top = 0;
    for (uint32_t i = plan->covered; i < m->patterns.count; i++) {
        const unsigned next = next_of(&m->wanted[order[i]]).similarity;
        if (next > top) top = next;
    }
    const unsigned least = top >= plan->least + STEP ? top - STEP + 1 : plan->least;
    for (uint32_t i = plan->covered; i < m->patterns.count && !status; i++) {
        kfi_wanted *w = &m->wanted[order[i]];
        for (unsigned next; !status && (next = next_of(w).similarity) && next >= least; )
            status = read_next(m, w, error);
        if (!status) status = look_at_waiting(m, error);
        conclude(m, w);
    }
    return status;
}

/* Closes the search if that takes at most so many postings. `plan`: the last one that was made. */
static kf_status close_level(kf_matcher *m, uint64_t most, int *is_closed, kfi_plan *plan, kf_error *error)
{
    uint32_t order[KF_NAME_TOKENS];
    uint64_t unseen[KF_NAME_TOKENS];
    kf_status status = KF_OK;
    *is_closed = 0;
    while (!status) {
        for (uint32_t i = 0; i < m->patterns.count; i++) unseen[i] = m->wanted[i].unseen;
        *is_closed = kfi_matcher_is_closed(m, unseen);
        if (*is_closed) return KF_OK;
        *plan = kfi_matcher_plan(m, order);
        *is_closed = !plan->cost;  /* nothing is left to be read */
        if (*is_closed || plan->cost > most) return KF_OK;
        status = follow(m, plan, order, error);
    }
    return status;
}

/* Looks at names with the most similar tokens: the better the best ones are, the less is left to be looked at. */
static kf_status raise_needs(kf_matcher *m, kf_error *error)
{
    kf_status status = KF_OK;
    uint64_t read = 0;
    for (unsigned s = KFI_FULL; s >= m->level && s > 0 && !status; s--) {
        for (uint32_t i = 0; i < m->patterns.count && !status; i++) {
            kfi_wanted *w = &m->wanted[i];
            for (kfi_similar next; !status && (next = next_of(w)).similarity >= s; ) {
                const uint32_t frequency = kfi_names_frequency(m->names, next.id);
                if (read + frequency > RAISE) break;
                read += frequency;
                status = read_next(m, w, error);
            }
        }
    }
    if (!status) status = look_at_waiting(m, error);
    for (uint32_t i = 0; i < m->patterns.count; i++) conclude(m, &m->wanted[i]);
    return status;
}

/* ---- exact tokens ------------------------------------------------------------------------------- */

typedef struct first_look { kfi_score likely; uint32_t slot; } first_look;
typedef struct first_looks { first_look list[SAMPLE]; uint32_t count, most, sampled; } first_looks;

/* By how many tokens of the name are exact. */
static kf_status rank(kf_matcher *m, first_looks *looks, const kfi_group *group, uint32_t slot, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    first_look look = { { 0, m->patterns.tokens + group->tokens }, slot };
    if (!kfi_matcher_passes(m, slot)) return KF_OK;
    kfi_names_ids(m->names, group, slot, ids);
    for (uint32_t i = 0; i < group->tokens; i++) {
        if (ids[i] >= m->names->head.tokens) return kfi_fail(error, KF_CORRUPT, "a token is out of range");
        look.likely.sum += m->most[ids[i]] == KFI_FULL;
    }
    if (looks->count == looks->most
        && kfi_score_compare(look.likely, looks->list[looks->count - 1].likely) <= 0) return KF_OK;
    uint32_t at = looks->count < looks->most ? looks->count++ : looks->count - 1;
    for (; at && kfi_score_compare(look.likely, looks->list[at - 1].likely) > 0; at--)
        looks->list[at] = looks->list[at - 1];
    looks->list[at] = look;
    return KF_OK;
}

static kf_status sample_token(kf_matcher *m, first_looks *looks, uint32_t id, kf_error *error)
{
    kfi_postings postings;
    kfi_run run;
    kf_status status = kfi_postings_begin(&postings, m->names, id);
    while (!status && looks->sampled < SAMPLE && !(status = kfi_postings_next(&postings, &run))) {
        for (uint32_t i = 0; i < run.count && looks->sampled < SAMPLE && !status; i++, looks->sampled++)
            status = rank(m, looks, kfi_names_group(m->names, run.first + i), run.first + i, error);
        if (!status) status = kfi_matcher_work(m, run.count < SAMPLE ? run.count : SAMPLE);
        if (status == KF_END) return status;
    }
    return status == KF_END ? KF_OK : status;
}

/* Names with exactly the needle's tokens: found without reading any others. `is_over`: no other name counts. */
static kf_status look_at_equal(kf_matcher *m, int *is_over, kf_error *error)
{
    const uint32_t tokens = m->patterns.tokens;
    uint32_t ids[KFI_SORTED_TOKENS], count = 0;
    *is_over = 0;
    if (tokens > KFI_SORTED_TOKENS) return KF_OK;
    for (uint32_t i = 0; i < m->patterns.count; i++) {
        if (m->wanted[i].id == UINT32_MAX) return KF_OK;
        for (uint32_t k = 0; k < m->patterns.list[i].times; k++) ids[count++] = m->wanted[i].id;
    }
    const kfi_run run = kfi_names_equal(m->names, ids, count);
    kf_status status = kfi_matcher_work(m, run.count);
    for (uint32_t i = 0; i < run.count && !status; i++)
        status = kfi_matcher_look(m, kfi_names_group(m->names, run.first), run.first + i, error);
    *is_over = m->best.least.sum >= kfi_score_needs((kfi_score){ KFI_SIMILARITY_ONE - PARTS, 2 }, m->best.least.tokens);
    return status;
}

static kf_status look_at_exact(kf_matcher *m, kf_error *error)
{
    const uint64_t limit = m->best.limit;
    first_looks looks = { .most = limit < SAMPLE - FIRST_LOOKS ? (uint32_t)limit + FIRST_LOOKS : SAMPLE };
    kf_status status = KF_OK;
    if (limit == UINT64_MAX) return KF_OK;   /* nothing that is found says more than the cutoff does */
    /* The rarest one first; so the last one may be sampled only in part. */
    while (looks.sampled < SAMPLE && !status) {
        kfi_wanted *rarest = NULL;
        for (uint32_t i = 0; i < m->patterns.count; i++) {
            kfi_wanted *w = &m->wanted[i];
            if (w->id != UINT32_MAX && !w->is_sampled && (!rarest || w->frequency < rarest->frequency)) rarest = w;
        }
        if (!rarest) break;
        rarest->is_sampled = 1;
        status = sample_token(m, &looks, rarest->id, error);
    }
    for (uint32_t i = 0; i < looks.count && !status; i++)
        status = kfi_matcher_look(m, kfi_names_group(m->names, looks.list[i].slot), looks.list[i].slot, error);
    return status;
}

/* ------------------------------------------------------------------------------------------------- */

/* Makes bounds as close as a full scan needs them: tokens of which nothing is known should not be thought to have much
 * more than half of what each token of a name needs on average. */
static kf_status tighten(kf_matcher *m, kf_error *error)
{
    uint64_t least = KFI_SIMILARITY_ONE;
    for (uint32_t i = 0; i < m->size_count; i++) {
        const uint32_t size = m->sizes[i], pairs = size < m->patterns.tokens ? size : m->patterns.tokens;
        const uint64_t each = kfi_matcher_needs(m, size) / pairs;
        if (each < least && kfi_matcher_is_possible(m, size)) least = each;
    }
    const unsigned wanted = kfi_similarity_ceil(least) * 6 / 8;
    unsigned level = ANY;
    for (unsigned i = LEVELS; i-- > 0; )
        if (levels[i] <= wanted) level = levels[i];
    if (level == ANY && wanted >= LOWEST) level = LOWEST;
    return kfi_matcher_scan_maxima(m, level < m->level ? level : m->level, error);
}

kf_status kfi_matcher_levels(kf_matcher *m, kf_error *error)
{
    const uint64_t most = m->scan_names / KFI_NAMES_PER_POSTING + FEW;
    kfi_plan plan;
    int is_closed;
    for (uint32_t i = 0; i < m->patterns.count; i++)
        if (m->wanted[i].id != UINT32_MAX) kfi_matcher_note(m, m->wanted[i].id, KFI_FULL);
    kf_status status = look_at_equal(m, &is_closed, error);
    if (status || is_closed) return status;
    status = look_at_exact(m, error);
    if (!status) status = close_level(m, EXACT_MOST, &is_closed, &plan, error);
    for (unsigned i = 0; i < LEVELS && !status && !is_closed; i++) {
        /* After the first one, which is cheap, those are passed over that can't close the search. */
        if (i && kfi_matcher_reach(m) < levels[i]) continue;
        if (i && kfi_matcher_cost_ahead(m) > most / GROWTH) break;
        status = kfi_matcher_scan(m, levels[i], error);
        if (!status) status = close_level(m, most, &is_closed, &plan, error);
        if (status || is_closed) return status;
        if (plan.cost != UINT64_MAX) break;   /* lower levels would not be cheaper */
        if (m->best.limit != UINT64_MAX) status = raise_needs(m, error);
        if (!status) status = close_level(m, most, &is_closed, &plan, error);
    }
    if (status || is_closed) return status;
    status = tighten(m, error);
    return status ? status : kfi_matcher_full_scan(m, error);
}
