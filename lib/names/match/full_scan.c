/* Looking at all names: what is left when the needle has nothing that tells it from many names. */
#include "names/match/matcher.h"

enum { WORK_STEP = 1 << 12 };

/* How to read a group's records. */
typedef struct fields {
    uint32_t tokens, record;
    uint32_t offset[KF_NAME_TOKENS], mask[KF_NAME_TOKENS];
} fields;

static void set_fields(fields *f, const kfi_group *group)
{
    uint32_t at = 0, offset = 0;
    for (unsigned width = 1; width <= KFI_ID_WIDTHS; width++)
        for (uint32_t i = group->widths[width - 1]; i > 0; i--, offset += width) {
            f->offset[at] = offset;
            f->mask[at++] = (uint32_t)kfi_mask64(8 * width);
        }
    f->tokens = at;
    f->record = offset;
}

/* The sum of what is known of a record's tokens; UINT32_MAX: an id is out of range. */
static inline uint32_t bound_of(const uint8_t *most, uint32_t limit, const fields *f, const uint8_t *record)
{
    uint32_t sum = 0, highest = 0;
    for (uint32_t i = 0; i < f->tokens; i++) {
        const uint32_t id = kfi_load32(record + f->offset[i]) & f->mask[i];
        const uint32_t safe = id < limit ? id : limit;
        if (id > highest) highest = id;
        sum += most[safe];
    }
    return highest < limit ? sum : UINT32_MAX;
}

/* With nothing in common with the needle a name can only tie with others such, of lower positions. */
static int is_hopeless(const kf_matcher *m, uint32_t bound, uint32_t slot)
{
    const kfi_found *worst = kfi_best_list(&m->best);
    return !bound && kfi_best_is_full(&m->best)
           && (worst->score.sum || kfi_names_position(m->names, slot) > worst->position);
}

static kf_status scan_group(kf_matcher *m, const kfi_group *group, kf_error *error)
{
    fields f;
    const uint32_t count = group[1].first - group->first, limit = m->names->head.tokens;
    const uint8_t *record = m->names->forward + group->records;
    kf_status status = KF_OK;
    uint32_t needs = kfi_matcher_needs_ceil(m, group->tokens);
    set_fields(&f, group);
    for (uint32_t i = 0; i < count && !status; i++, record += f.record) {
        const uint32_t bound = bound_of(m->most, limit, &f, record), slot = group->first + i;
        if (i % WORK_STEP == 0) status = kfi_matcher_work(m, count - i < WORK_STEP ? count - i : WORK_STEP);
        if (status) break;
        if (bound < needs || kfi_matcher_was_seen(m, slot) || is_hopeless(m, bound, slot)) continue;
        status = kfi_matcher_weigh(m, group, slot, error);
        needs = kfi_matcher_needs_ceil(m, group->tokens);
    }
    m->names_seen += count;
    return status;
}

/* Whether any name of so many tokens could be one of the best. */
static int is_possible(kf_matcher *m, uint32_t tokens)
{
    uint64_t sum = 0;
    uint32_t left = tokens;
    /* The greatest values first: there are few tokens, and fewer groups. */
    uint64_t below = UINT64_MAX;
    while (left) {
        uint64_t value = 0;
        uint32_t times = 0;
        for (uint32_t i = 0; i < m->patterns.count; i++) {
            const uint64_t most = m->wanted[i].most;
            if (most >= below || most < value) continue;
            times = most > value ? m->patterns.list[i].times : times + m->patterns.list[i].times;
            value = most;
        }
        if (!value) break;
        if (times > left) times = left;
        sum += times * value;
        left -= times;
        below = value;
    }
    return sum >= kfi_matcher_needs(m, tokens);
}

kf_status kfi_matcher_full_scan(kf_matcher *m, kf_error *error)
{
    kf_status status = KF_OK;
    const uint32_t tokens = m->names->head.tokens;
    for (uint32_t i = 0; i < tokens; i++)
        if (m->most[i] < m->unknown) m->most[i] = (uint8_t)m->unknown;
    m->touched_count = UINT32_MAX;     /* all of them */
    for (uint32_t i = 0; i < m->names->head.groups && !status; i++)
        if (is_possible(m, m->names->groups[i].tokens)) status = scan_group(m, &m->names->groups[i], error);
    return status;
}
