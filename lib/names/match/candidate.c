/* Looking at one name. */
#include "names/match/matcher.h"

#include "names/score/assignment.h"

void kfi_matcher_note(kf_matcher *m, uint32_t id, unsigned similarity)
{
    if (!m->most[id]) {
        if (m->touched_count < KFI_TOUCHED_MOST) m->touched[m->touched_count] = id;
        if (m->touched_count <= KFI_TOUCHED_MOST) m->touched_count++;
    }
    m->most[id] = (uint8_t)(similarity ? similarity : 1);
}

static inline unsigned known_of(const kf_matcher *m, uint32_t id)
{
    return m->most[id] ? m->most[id] : m->unknown;
}

/* The sum of the `wanted` greatest of the values, which it sorts. */
static uint64_t greatest(uint64_t *values, uint32_t count, uint32_t wanted)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count && i < wanted; i++) {
        uint32_t best = i;
        for (uint32_t j = i + 1; j < count; j++)
            if (values[j] > values[best]) best = j;
        const uint64_t value = values[best];
        values[best] = values[i];
        values[i] = value;
        sum += value;
    }
    return sum;
}

/* The greatest sum of similarities, if no two tokens of the name have the same one of the needle in their maxima, or
 * by the assignment. */
static kf_status score(kf_matcher *m, const uint32_t *rows, uint32_t tokens, uint64_t *sum, kf_error *error)
{
    const uint32_t n = m->patterns.tokens;
    m->matrix.size = 0;
    kf_status status = kfi_array_reserve(&m->matrix, 8 * (size_t)n * tokens, error);
    if (status) return status;
    for (uint32_t j = 0; j < tokens; j++) {
        const uint64_t *similarities = kfi_row(&m->rows, rows[j]) + 1;
        uint64_t *out = (uint64_t *)(void *)m->matrix.data + (tokens <= n ? (size_t)j * n : j);
        const size_t step = tokens <= n ? 1 : tokens;
        for (uint32_t i = 0; i < m->patterns.count; i++)
            for (uint32_t k = 0; k < m->patterns.list[i].times; k++, out += step) *out = similarities[i];
    }
    m->names_scored++;
    return kfi_assignment((const uint64_t *)(const void *)m->matrix.data, tokens <= n ? tokens : n,
                          tokens <= n ? n : tokens, &m->assignment, sum, error);
}

/* Exact maxima, token by token, until the name is out or all are known. `rows` of its tokens. */
static kf_status refine(kf_matcher *m, const uint32_t *ids, uint32_t tokens, uint64_t bound, uint32_t *rows,
                        int *is_out, kf_error *error)
{
    const uint32_t needs = kfi_matcher_needs_ceil(m, tokens);
    const int all_count = tokens <= m->patterns.tokens;
    uint64_t fresh = 0, maxima[KF_NAME_TOKENS];
    unsigned known[KF_NAME_TOKENS];
    kf_status status = KF_OK;
    *is_out = 1;
    /* As the bound has them: what is noted of a token below would tell otherwise when the name has it again. */
    for (uint32_t j = 0; j < tokens; j++) known[j] = known_of(m, ids[j]);
    kfi_rows_trim(&m->rows);
    for (uint32_t j = 0; j < tokens; j++) {
        int is_new;
        status = kfi_rows_find(&m->rows, ids[j], &rows[j], &is_new, error);
        if (status) return status;
        maxima[j] = kfi_row(&m->rows, rows[j])[0];
        fresh += is_new ? m->patterns.count : 0;
        const unsigned exact = kfi_similarity_ceil(maxima[j]);
        bound = bound - known[j] + exact;
        if (is_new) kfi_matcher_note(m, ids[j], exact);
        if (all_count && bound < needs) return kfi_matcher_work(m, fresh);
    }
    status = kfi_matcher_work(m, fresh);
    *is_out = greatest(maxima, tokens, m->patterns.tokens) < kfi_matcher_needs(m, tokens);
    return status;
}

static kf_status offer(kf_matcher *m, kfi_score score, uint32_t slot, kf_error *error)
{
    const kfi_found found = { score, kfi_names_position(m->names, slot), slot };
    if (found.position >= m->names->count) return kfi_fail(error, KF_CORRUPT, "a position is out of range");
    return kfi_best_wants(&m->best, score) ? kfi_best_offer(&m->best, &found, error) : KF_OK;
}

kf_status kfi_matcher_weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS], rows[KF_NAME_TOKENS];
    uint64_t values[KF_NAME_TOKENS], bound = 0, sum = 0;
    const uint32_t tokens = group->tokens, all = m->patterns.tokens + tokens;
    int is_out;
    kfi_names_ids(m->names, group, slot, ids);
    for (uint32_t i = 0; i < tokens; i++) {
        if (ids[i] >= m->names->head.tokens)
            return kfi_fail(error, KF_CORRUPT, "a token of slot %u is out of range", (unsigned)slot);
        values[i] = known_of(m, ids[i]);
        bound += values[i];
    }
    const uint32_t needs = kfi_matcher_needs_ceil(m, tokens);
    if (bound < needs) return KF_OK;
    if (tokens > m->patterns.tokens && greatest(values, tokens, m->patterns.tokens) < needs) return KF_OK;
    if (!bound) return offer(m, (kfi_score){ 0, all }, slot, error);
    if (m->last_group == group && !memcmp(m->last_ids, ids, 4 * (size_t)tokens))
        return m->last_is_out ? KF_OK : offer(m, m->last_score, slot, error);
    m->last_group = NULL;
    kf_status status = refine(m, ids, tokens, bound, rows, &is_out, error);
    if (!status && !is_out) status = score(m, rows, tokens, &sum, error);
    if (status) return status;
    m->last_group = group;
    memcpy(m->last_ids, ids, 4 * (size_t)tokens);
    m->last_is_out = is_out;
    m->last_score = (kfi_score){ sum, all };
    return is_out ? KF_OK : offer(m, m->last_score, slot, error);
}

kf_status kfi_matcher_look(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error)
{
    if (slot < m->first_slot || kfi_matcher_was_seen(m, slot)) return KF_OK;
    kfi_matcher_see(m, slot);
    if (!kfi_matcher_passes(m, slot)) return KF_OK;
    m->names_seen++;
    return kfi_matcher_weigh(m, group, slot, error);
}
