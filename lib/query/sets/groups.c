#include "query/sets/groups.h"

#include "base/bits.h"
#include "read/part.h"
#include "read/special.h"

#include <stdlib.h>

enum {
    PATIENCE_LEAST = 2,
    PATIENCE_MOST = 24,
    FAR = 200                 /* so many keys away, a search would have been better from the start */
};

/* ---- keys ------------------------------------------------------------------------------------- */

/* How many bytes a and b share, given that they share `from`. */
static inline size_t shared_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                  size_t from)
{
    size_t size = a_size < b_size ? a_size : b_size;
    for (; from + 8 <= size; from += 8) {
        uint64_t differ = kfi_load64(a + from) ^ kfi_load64(b + from);
        if (differ) return from + (unsigned)__builtin_ctzll(differ) / 8;
    }
    while (from < size && a[from] == b[from]) from++;
    return from;
}

/* Whether a is below b, of which the first `shared` bytes and no more are the same. */
static inline int is_below(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, size_t shared)
{
    return shared < b_size && (shared == a_size || a[shared] < b[shared]);
}

static int member_below(const kfi_member *a, const kfi_member *b)
{
    return is_below(a->key, a->size, b->key, b->size, shared_bytes(a->key, a->size, b->key, b->size, 0));
}

/* ---- members ---------------------------------------------------------------------------------- */

static void end_member(kfi_groups *g, kfi_member *m)
{
    m->done = 1;
    m->shared = 0;
    if (g->keys == KFI_KEYS_EVERY || (g->keys == KFI_KEYS_FIRST && m == g->members)) g->over = 1;
}

static kf_status next_hit(kfi_groups *g, kfi_member *m)
{
    kf_entry entry;
    kf_status status = kf_iter_next(m->hits, &entry);
    if (status == KF_END) {
        g->incomplete |= kf_iter_incomplete(m->hits);
        end_member(g, m);
        return KF_OK;
    }
    if (status) return status;
    m->key = entry.key.data;
    m->size = entry.key.size;
    m->ordinal = entry.ordinal;
    return KF_OK;
}

/* Goes to the plain dictionary that has an ordinal. */
static kf_status enter_part(kfi_member *m, uint64_t ordinal)
{
    kfi_part part;
    kf_status status = kfi_part_first(&part, m->dict, ordinal, m->end);
    if (status) return status;
    kfi_walk_destroy(&m->walk);
    m->base = part.base;
    m->stop = part.base + part.high;
    return kfi_walk_create(&m->walk, &part.dict->keys);
}

/* Moves the walk to an ordinal above the current one. */
static kf_status seek(kfi_groups *g, kfi_member *m, uint64_t ordinal)
{
    kf_status status = KF_OK;
    if (ordinal >= m->end) {
        end_member(g, m);
        return KF_OK;
    }
    if (ordinal >= m->stop) status = enter_part(m, ordinal);
    if (status) return status;
    status = kfi_walk_seek(&m->walk, ordinal - m->base);
    if (status) return status == KF_NO_MEMORY ? status : KF_CORRUPT;
    m->ordinal = ordinal;
    m->key = m->walk.path;
    m->size = m->walk.size;
    return KF_OK;
}

/* Behind the last key of a plain dictionary: the next one's first key, of which the caller knows no more than
 * that it may share bytes with the last winner's. */
static kf_status step_over(kfi_groups *g, kfi_member *m)
{
    kf_status status = seek(g, m, m->ordinal);
    if (!status && !m->done) m->walk.keep = shared_bytes(g->text, g->text_size, m->key, m->size, 0);
    return status;
}

static inline kf_status step(kfi_groups *g, kfi_member *m)
{
    if (__builtin_expect(m->hits != NULL, 0)) return next_hit(g, m);
    if (__builtin_expect(++m->ordinal >= m->stop, 0)) return step_over(g, m);
    kf_status status = kfi_walk_next(&m->walk);
    /* The ordinals are all there: only damage ends the walk early. */
    if (__builtin_expect(status || m->base + m->walk.ordinal != m->ordinal, 0))
        return status == KF_NO_MEMORY ? status : KF_CORRUPT;
    m->size = m->walk.size;
    return KF_OK;
}

/* The last winner has moved on. What it now shares with the key that it left, and that it is above that, is
 * checked here for every member: so the tree's order and sharing are right and the result's keys ascend,
 * whatever the files' bytes are. */
static inline kf_status settle(kfi_groups *g, kfi_member *m, size_t shared)
{
    m->shared = shared;
    int above = shared <= g->text_size && is_below(g->text, g->text_size, m->key, m->size, shared);
    return above ? KF_OK : KF_CORRUPT;
}

static inline kf_status settle_far(kfi_groups *g, kfi_member *m)
{
    return settle(g, m, shared_bytes(g->text, g->text_size, m->key, m->size, 0));
}

/* Moves the last winner to its next key. */
static inline kf_status advance(kfi_groups *g, kfi_member *m)
{
    kf_status status = step(g, m);
    if (__builtin_expect(status || m->done, 0)) return status;
    return m->hits ? settle_far(g, m) : settle(g, m, m->walk.keep);
}

/* Moves the last winner to its first key that is not below the bar's. */
static kf_status leap(kfi_groups *g, kfi_member *m)
{
    const kfi_member *bar = &g->members[g->bar];
    uint64_t bound, from = m->ordinal;
    kf_status status;
    for (unsigned steps = 0; m->hits || steps < m->patience; steps++) {
        status = step(g, m);
        if (status || m->done) return status;
        if (!member_below(m, bar)) {
            if (m->patience < PATIENCE_MOST) m->patience++;
            return settle_far(g, m);
        }
    }
    status = kfi_dict_lower_bound(m->dict, (kf_bytes){ bar->key, bar->size }, &bound);
    if (!status && bound <= m->ordinal) status = KF_CORRUPT;
    if (!status) status = seek(g, m, bound);
    if (status || m->done) return status;
    m->patience = bound - from > FAR ? PATIENCE_LEAST : PATIENCE_MOST;
    return settle_far(g, m);
}

/* ---- the tree --------------------------------------------------------------------------------- */

/* Whether a comes before b. Both share a known number of bytes with one key that is not above either. */
static inline int wins(kfi_groups *g, size_t a, size_t b)
{
    kfi_member *one = &g->members[a], *other = &g->members[b];
    if (one->shared != other->shared) return one->shared > other->shared;
    if (one->done || other->done) return !one->done;
    size_t shared = shared_bytes(one->key, one->size, other->key, other->size, one->shared);
    int first;
    if (shared == one->size && shared == other->size) first = a < b;
    else first = is_below(one->key, one->size, other->key, other->size, shared);
    if (first) other->shared = shared;
    else one->shared = shared;
    return first;
}

/* The last winner has moved on: its matches again, from the leaf to the root. */
static inline void play(kfi_groups *g, size_t member)
{
    for (size_t n = (g->count + member) / 2; n; n /= 2) {
        size_t loser = g->losers[n];
        if (wins(g, loser, member)) {
            g->losers[n] = member;
            member = loser;
        }
    }
    g->losers[0] = member;
}

static kf_status play_all(kfi_groups *g, kf_error *error)
{
    size_t *winners = calloc(2 * g->count, sizeof *winners);
    if (!winners) return kfi_fail_memory(error, 2 * g->count * sizeof *winners);
    for (size_t i = 0; i < g->count; i++) winners[g->count + i] = i;
    for (size_t n = g->count - 1; n; n--) {
        size_t a = winners[2 * n], b = winners[2 * n + 1];
        int first = wins(g, a, b);
        winners[n] = first ? a : b;
        g->losers[n] = first ? b : a;
    }
    g->losers[0] = winners[1];
    free(winners);
    return KF_OK;
}

/* ---- groups ----------------------------------------------------------------------------------- */

/* Takes the winner's key over: the bytes that it shares with the last one are there. */
static inline void take(kfi_groups *g, const kfi_member *m)
{
    if (m->size > m->shared) memcpy(g->text + m->shared, m->key + m->shared, m->size - m->shared);
    g->text_size = m->size;
}

/* Collects the members that have the winner's key, and moves them on. */
static kf_status collect(kfi_groups *g)
{
    size_t winner = g->losers[0];
    g->group_count = 0;
    if (g->members[winner].hits) g->distance = kf_iter_match(g->members[winner].hits)->distance;
    if (g->keys == KFI_KEYS_EVERY) g->bar = KFI_MEMBER_NONE;
    for (;;) {
        kfi_member *m = &g->members[winner];
        g->group[g->group_count++] = (kfi_group_entry){ winner, m->ordinal };
        kf_status status = advance(g, m);
        g->culprit = winner;
        if (status) return status;
        if (g->keys == KFI_KEYS_EVERY && !m->done
            && (g->bar == KFI_MEMBER_NONE || member_below(&g->members[g->bar], m)))
            g->bar = winner;
        play(g, winner);
        winner = g->losers[0];
        m = &g->members[winner];
        if (m->done || m->shared != g->text_size || m->size != g->text_size) break;
    }
    g->key = (kf_bytes){ g->text, g->text_size };
    return KF_OK;
}

kf_status kfi_groups_next(kfi_groups *g)
{
    for (;;) {
        size_t winner = g->losers[0];
        kfi_member *m = &g->members[winner];
        if (g->over || m->done) return KF_END;
        take(g, m);
        if (g->keys == KFI_KEYS_ANY || winner == g->bar || !member_below(m, &g->members[g->bar]))
            return collect(g);
        kf_status status = leap(g, m);
        g->culprit = winner;
        if (status) return status;
        if (g->keys == KFI_KEYS_EVERY && !m->done && member_below(&g->members[g->bar], m)) g->bar = winner;
        play(g, winner);
    }
}

/* ---- open and close --------------------------------------------------------------------------- */

static kf_status open_member(kfi_groups *g, size_t i, const kf_iter_options *within, kf_error *error)
{
    kfi_member *m = &g->members[i];
    uint64_t low;
    kf_status status;
    m->patience = PATIENCE_MOST;
    /* The query chooses the keys of one member where a result's key must be in that one. */
    if (within->query && (g->keys == KFI_KEYS_ANY || !i)) {
        kf_iter_options options = *within;
        options.limit = UINT64_MAX;
        options.filter = NULL;
        status = kf_iter_create(&m->hits, m->dict, &options, error);
        return status ? status : next_hit(g, m);
    }
    status = kfi_iter_range(m->dict, within, &low, &m->end, error);
    return status ? status : seek(g, m, low);
}

static kf_status allocate(kfi_groups *g, size_t count)
{
    g->members = calloc(count, sizeof *g->members);
    if (!g->members) return KF_NO_MEMORY;
    g->count = count;
    g->group = calloc(count, sizeof *g->group);
    g->losers = calloc(count, sizeof *g->losers);
    return g->group && g->losers ? KF_OK : KF_NO_MEMORY;
}

kf_status kfi_groups_open(kfi_groups *g, const kf_dict *const *dicts, size_t count, kfi_group_keys keys,
                          const kf_iter_options *within, kf_error *error)
{
    size_t longest = 0;
    g->keys = keys;
    g->bar = 0;
    kf_status status = allocate(g, count);
    if (status) return kfi_fail_memory(error, count * sizeof *g->members);
    for (size_t i = 0; i < count; i++) {
        g->members[i].dict = dicts[i];
        if (dicts[i]->header.longest_key > longest) longest = dicts[i]->header.longest_key;
        status = open_member(g, i, within, error);
        g->culprit = i;
        if (status == KF_NO_MEMORY) return kfi_fail_memory(error, dicts[i]->header.longest_key);
        if (status == KF_CORRUPT && !kfi_shards_told(dicts[i], status, error))
            return kfi_fail(error, status, "dictionary %zu: its keys contradict themselves", i);
        if (status) return status;
        if (keys == KFI_KEYS_EVERY && !g->members[i].done
            && member_below(&g->members[g->bar], &g->members[i]))
            g->bar = i;
    }
    g->text = calloc(1, longest + 1);
    return g->text ? play_all(g, error) : kfi_fail_memory(error, longest + 1);
}

void kfi_groups_close(kfi_groups *g)
{
    for (size_t i = 0; i < g->count; i++) {
        kfi_walk_destroy(&g->members[i].walk);
        kf_iter_destroy(&g->members[i].hits);
    }
    free(g->members);
    free(g->group);
    free(g->losers);
    free(g->text);
    memset(g, 0, sizeof *g);
}
