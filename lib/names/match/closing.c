/* When a search may end.
 *
 * A name that has not been looked at has no token that was read, so each of the needle's tokens is at most `unseen`
 * similar to any of the name's. Of a needle of n tokens and a name of m, min(n, m) pairs count: the greatest values. */
#include "names/match/matcher.h"

#include <stdlib.h>

static int compare_down(const void *a, const void *b)
{
    uint64_t left, right;
    memcpy(&left, a, 8);
    memcpy(&right, b, 8);
    return (left < right) - (left > right);
}

int kfi_matcher_is_closed(kf_matcher *m, const uint64_t *values)
{
    const uint32_t n = m->patterns.tokens;
    uint64_t *sorted = (uint64_t *)(void *)m->values.data, sum = 0;
    uint32_t count = 0, added = 0;
    if (!m->best.least.sum) return 0;
    for (uint32_t i = 0; i < m->patterns.count; i++)
        for (uint32_t k = 0; k < m->patterns.list[i].times; k++) sorted[count++] = values[i];
    qsort(sorted, n, sizeof *sorted, compare_down);
    for (uint32_t i = 0; i < m->size_count; i++) {
        const uint32_t size = m->sizes[i];
        while (added < n && added < size) sum += sorted[added++];
        if (sum >= kfi_matcher_needs(m, size)) return 0;
        if (size >= n) return 1;   /* longer names need more */
    }
    return 1;
}

/* The greatest values first: there are few tokens. */
static uint64_t most_of(const kf_matcher *m, uint32_t tokens)
{
    uint64_t sum = 0, below = UINT64_MAX;
    while (tokens) {
        uint64_t value = 0;
        uint32_t times = 0;
        for (uint32_t i = 0; i < m->patterns.count; i++) {
            const uint64_t unseen = m->wanted[i].unseen;
            if (unseen >= below || unseen < value) continue;
            times = unseen > value ? m->patterns.list[i].times : times + m->patterns.list[i].times;
            value = unseen;
        }
        if (!value) break;
        if (times > tokens) times = tokens;
        sum += times * value;
        tokens -= times;
        below = value;
    }
    return sum;
}

int kfi_matcher_is_possible(kf_matcher *m, uint32_t tokens)
{
    const uint64_t needs = kfi_matcher_needs(m, tokens);
    if (m->sizes_known[tokens].needs != m->needs.version || m->sizes_known[tokens].reads != m->reads) {
        m->sizes_known[tokens].needs = m->needs.version;
        m->sizes_known[tokens].reads = m->reads;
        m->sizes_known[tokens].is_possible = most_of(m, tokens) >= needs;
    }
    return m->sizes_known[tokens].is_possible;
}

/* What holds of names that have not been looked at once all tokens at least so similar were read. */
static uint64_t after_reading(const kf_matcher *m, const kfi_wanted *w, unsigned least)
{
    if (least > KFI_FULL) return w->unseen;
    uint64_t value = (KFI_SIMILARITY_ONE * (least - 1) + KFI_FULL - 1) / KFI_FULL;
    if (least == KFI_FULL && w->near < value) value = w->near;
    if (m->level == KFI_LEVEL_EXACT) value = w->near;
    return value < w->unseen ? value : w->unseen;
}

static uint64_t cost_down_to(const kfi_wanted *w, unsigned least)
{
    uint64_t cost = 0;
    for (unsigned s = least; s <= KFI_FULL; s++) cost += w->costs[s];
    return cost;
}

static int closes(kf_matcher *m, const uint32_t *order, uint32_t covered, unsigned least, uint64_t *values)
{
    for (uint32_t i = 0; i < m->patterns.count; i++) {
        const kfi_wanted *w = &m->wanted[order[i]];
        values[order[i]] = i < covered ? w->unseen : after_reading(m, w, least);
    }
    return kfi_matcher_is_closed(m, values);
}

/* The most expensive tokens first: these are the ones whose postings are rather not read. */
static void sort_by_cost(const kf_matcher *m, uint32_t *order, uint64_t *costs)
{
    for (uint32_t i = 0; i < m->patterns.count; i++) {
        const uint64_t cost = costs[i] = cost_down_to(&m->wanted[i], 0);
        uint32_t at = i;
        for (; at && costs[order[at - 1]] < cost; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

kfi_plan kfi_matcher_plan(kf_matcher *m, uint32_t *order)
{
    kfi_plan best = { UINT64_MAX, 0, 0 };
    uint64_t costs[KF_NAME_TOKENS], values[KF_NAME_TOKENS];
    const unsigned known = m->level < KFI_FULL ? m->level : KFI_FULL;
    sort_by_cost(m, order, costs);
    for (uint32_t covered = 0; covered < m->patterns.count; covered++) {
        unsigned low = known, high = KFI_FULL + 1;   /* the greatest that closes */
        if (!closes(m, order, covered, known, values)) break;   /* more covered ones close no sooner */
        while (low < high) {
            const unsigned middle = (low + high + 1) / 2;
            if (closes(m, order, covered, middle, values)) low = middle;
            else high = middle - 1;
        }
        uint64_t cost = 0;
        for (uint32_t i = covered; i < m->patterns.count && cost != UINT64_MAX; i++) {
            const kfi_wanted *w = &m->wanted[order[i]];
            if (low < w->known && low <= KFI_FULL) cost = UINT64_MAX;
            else cost += cost_down_to(w, low);
        }
        if (cost < best.cost) best = (kfi_plan){ cost, low, covered };
    }
    return best;
}

uint64_t kfi_matcher_cost_ahead(kf_matcher *m)
{
    uint64_t costs[KF_NAME_TOKENS], values[KF_NAME_TOKENS], best = UINT64_MAX;
    uint32_t order[KF_NAME_TOKENS];
    sort_by_cost(m, order, costs);
    for (uint32_t covered = 0; covered < m->patterns.count && closes(m, order, covered, 1, values); covered++) {
        uint64_t cost = 0;
        for (uint32_t i = covered; i < m->patterns.count && cost != UINT64_MAX; i++)
            cost = m->wanted[order[i]].known > m->level ? UINT64_MAX : cost + costs[order[i]];
        if (cost < best) best = cost;
    }
    return best;
}

unsigned kfi_matcher_reach(kf_matcher *m)
{
    uint64_t values[KF_NAME_TOKENS];
    uint32_t order[KF_NAME_TOKENS];
    unsigned low = 0, high = KFI_FULL;
    for (uint32_t i = 0; i < m->patterns.count; i++) order[i] = i;
    while (low < high) {
        const unsigned middle = (low + high + 1) / 2;
        if (closes(m, order, 0, middle, values)) low = middle;
        else high = middle - 1;
    }
    return low;
}
