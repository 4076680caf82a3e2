/* One level down: which tokens of the index are similar to the needle's. */
#include "names/match/matcher.h"

enum {
    SIMILAR_LEAST = 1 << 10,       /* entries of a list, at most, even of a small index */
    SIMILAR_MOST = 1 << 15         /* of a large one */
};

typedef struct taking {
    kf_matcher *m;
    kfi_wanted *w;
    size_t most;                   /* entries that the list may have */
    size_t kept;                   /* that it had before */
    int is_full;                   /* more would not be read anyway */
    const kfi_length_group *group;
    uint8_t similarity[KFI_BLOCK_LENGTH + 1];   /* by common code points, of the group's tokens */
    uint64_t costs[KFI_FULL + 1];
    kf_error *error;
} taking;

enum { TOGETHER = 8 };             /* tokens of the needle that are compared in one go */

static kf_status take(taking *t, uint32_t id, unsigned similarity)
{
    kf_matcher *m = t->m;
    if (id >= m->names->head.tokens) return kfi_fail(t->error, KF_CORRUPT, "the id of a token is out of range");
    if (similarity > m->most[id]) kfi_matcher_note(m, id, similarity);
    if (t->is_full || id == t->w->id) return KF_OK;
    if (kfi_wanted_count(t->w) >= t->most) {
        t->is_full = 1;
        return KF_OK;
    }
    t->costs[similarity] += kfi_names_frequency(m->names, id);
    return kfi_wanted_add(t->w, id, similarity, t->error);
}

static kf_status take_block(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                            const uint8_t *common)
{
    taking *t = (taking *)context + query;
    kf_status status = KF_OK;
    if (group != t->group) {
        const uint32_t length = t->w->query.length, most = length < group->length ? length : group->length;
        for (uint32_t c = 0; c <= most; c++)
            t->similarity[c] = (uint8_t)kfi_similarity_ceil(kfi_similarity(c, length, group->length));
        t->group = group;
    }
    for (; lanes && !status; lanes &= lanes - 1) {
        const unsigned lane = (unsigned)__builtin_ctz(lanes);
        status = take(t, kfi_blocks_id(&t->m->names->blocks, first + lane), t->similarity[common[lane]]);
    }
    return status;
}

/* Tokens that are in no block: all that is known of them is how long they are. */
static kf_status take_longs(taking *t, unsigned least, unsigned below)
{
    const kfi_blocks *b = &t->m->names->blocks;
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < b->longs && !status; i++) {
        const uint32_t id = kfi_blocks_long_id(b, i);
        const uint32_t length = kfi_blocks_long_length(b, i), own = t->w->query.length;
        const unsigned similarity = kfi_similarity_ceil(kfi_similarity(own < length ? own : length, own, length));
        if (similarity >= least && similarity < below) status = take(t, id, similarity);
    }
    return status;
}

/* Sorts what was added to the list: the most similar first. */
static kf_status sort_added(taking *t)
{
    const size_t count = kfi_wanted_count(t->w) - t->kept;
    size_t places[KFI_FULL + 2] = { 0 };
    kfi_array *copy = &t->m->matrix;
    if (!count) return KF_OK;
    uint32_t *ids = (uint32_t *)(void *)t->w->similar.data + t->kept;
    uint8_t *similarities = t->w->similarities.data + t->kept;
    copy->size = 0;
    kf_status status = kfi_array_append(copy, ids, count * sizeof *ids, t->error);
    if (!status) status = kfi_array_append(copy, similarities, count, t->error);
    if (status) return status;
    const uint32_t *from = (const uint32_t *)(const void *)copy->data;
    const uint8_t *keys = copy->data + count * sizeof *from;
    for (size_t i = 0; i < count; i++) places[KFI_FULL - keys[i] + 1]++;
    for (unsigned s = 0; s <= KFI_FULL; s++) places[s + 1] += places[s];
    for (size_t i = 0; i < count; i++) {
        const size_t at = places[KFI_FULL - keys[i]]++;
        ids[at] = from[i];
        similarities[at] = keys[i];
    }
    return KF_OK;
}

/* What is known of the token now. */
static void conclude(kfi_wanted *w, unsigned level)
{
    const unsigned most = kfi_wanted_count(w) ? w->similarities.data[0] : level - 1;
    const uint64_t value = (KFI_SIMILARITY_ONE * most + KFI_FULL - 1) / KFI_FULL;
    w->known = level;
    w->is_scanned = 1;
    if (value < w->most) w->most = value;
    if (w->most < w->unseen) w->unseen = w->most;
}

/* After the blocks: what is in none. */
static kf_status finish(taking *t, unsigned level, unsigned below)
{
    kfi_wanted *w = t->w;
    kf_status status = take_longs(t, level, below);
    if (!status) status = kfi_matcher_work(t->m, t->m->names->blocks.blocks);
    if (status) return status;
    if (t->is_full) {
        kfi_wanted_cut(w, t->kept);
        return KF_OK;
    }
    for (unsigned s = 0; s <= KFI_FULL; s++) w->costs[s] += t->costs[s];
    status = sort_added(t);
    conclude(w, level);
    return status;
}

/* More than that are read by a full scan in less time, or take more memory than they are worth. */
static size_t list_limit(const kf_matcher *m)
{
    const size_t limit = m->names->count / KFI_NAMES_PER_POSTING + SIMILAR_LEAST;
    return limit < SIMILAR_MOST ? limit : SIMILAR_MOST;
}

static kf_status make_room(taking *t)
{
    const size_t more = t->most > t->kept ? t->most - t->kept : 0;
    kf_status status = kfi_array_reserve(&t->w->similar, more * sizeof(uint32_t), t->error);
    return status ? status : kfi_array_reserve(&t->w->similarities, more, t->error);
}

static kf_status scan_some(kf_matcher *m, kfi_wanted *const *wanted, size_t count, unsigned level, kf_error *error)
{
    taking takings[TOGETHER];
    const kfi_block_query *queries[TOGETHER] = { NULL };
    unsigned below[TOGETHER];
    for (size_t i = 0; i < count; i++) {
        kfi_wanted *w = wanted[i];
        takings[i] = (taking){ .m = m, .w = w, .most = list_limit(m),
                               .kept = kfi_wanted_count(w), .error = error };
        below[i] = w->is_scanned ? w->known : KFI_FULL + 1;
        kfi_block_query_want(&w->query, level, below[i]);
        queries[i] = &w->query;
    }
    /* All at once: growing leaves holes behind. */
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) status = make_room(takings + i);
    if (!status) status = m->blocks->scan(&m->names->blocks, queries, count, take_block, takings);
    for (size_t i = 0; i < count && !status; i++) status = finish(&takings[i], level, below[i]);
    return status;
}

kf_status kfi_matcher_scan(kf_matcher *m, unsigned level, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_wanted *wanted[TOGETHER];
    size_t count = 0;
    for (uint32_t i = 0; i < m->patterns.count && !status; i++) {
        if (m->patterns.list[i].length) wanted[count++] = &m->wanted[i];
        else m->wanted[i].known = level;   /* nothing but the empty token is similar to it */
        if (count < TOGETHER && i + 1 < m->patterns.count) continue;
        status = scan_some(m, wanted, count, level, error);
        count = 0;
    }
    m->level = level;
    m->unknown = level - 1;
    m->reads++;
    return status;
}

/* With nothing that a byte could alias, so that it is done many at a time. */
static void raise_all(uint8_t *values, size_t count, uint8_t least)
{
    for (size_t i = 0; i < count; i++) values[i] = values[i] < least ? least : values[i];
}

kf_status kfi_matcher_scan_maxima(kf_matcher *m, unsigned level, kf_error *error)
{
    const kfi_block_query *queries[KF_NAME_TOKENS];
    kfi_block_maxima maxima = { .queries = queries, .floor = (uint8_t)(level - 1), .similarities = &m->similarities,
                                .most = m->most, .mask = m->most_mask };
    kf_status status = KF_OK;
    m->level = level;
    m->unknown = level - 1;
    m->touched_count = UINT32_MAX;     /* all of them */
    raise_all(m->most, m->names->head.tokens, (uint8_t)m->unknown);
    for (uint32_t i = 0; i < m->patterns.count && !status; i++) {
        kfi_wanted *w = &m->wanted[i];
        taking t = { .m = m, .w = w, .is_full = 1, .error = error };
        if (!m->patterns.list[i].length) continue;
        kfi_block_query_want(&w->query, level, KFI_FULL + 1);
        queries[maxima.count++] = &w->query;
        status = take_longs(&t, level, KFI_FULL + 1);
    }
    m->blocks->maxima(&m->names->blocks, &maxima);
    return status ? status : kfi_matcher_work(m, (uint64_t)maxima.count * m->names->blocks.blocks);
}
