/* Looking at all names: what is left when the needle has nothing that tells it from many names. */
#include "names/match/matcher.h"

/* How to read a group's records. Masks keep an id within the table of what is known, whatever the file says. */
typedef struct fields {
    uint32_t tokens, record;
    uint32_t offset[KF_NAME_TOKENS], mask[KF_NAME_TOKENS];
} fields;

static void set_fields(fields *f, const kfi_group *group, uint32_t all)
{
    uint32_t at = 0, offset = 0;
    for (unsigned width = 1; width <= KFI_ID_WIDTHS; width++)
        for (uint32_t i = group->widths[width - 1]; i > 0; i--, offset += width) {
            f->offset[at] = offset;
            f->mask[at++] = (uint32_t)kfi_mask64(8 * width) & all;
        }
    f->tokens = at;
    f->record = offset;
}

static uint32_t sum_of(const kf_matcher *m, uint32_t slot)
{
    uint32_t ids[KF_NAME_TOKENS], sum = 0;
    const kfi_group *group = kfi_names_group(m->names, slot);
    kfi_names_ids(m->names, group, slot, ids);
    for (uint32_t i = 0; i < group->tokens; i++) sum += m->most[ids[i] & m->most_mask];
    return sum;
}

/* While the best ones have nothing in common with the needle: a name of a higher position that has nothing either. */
static int is_hopeless(const kf_matcher *m, uint32_t slot)
{
    const kfi_found *worst = kfi_best_list(&m->best);
    return m->unknown == 0 && kfi_best_is_full(&m->best) && !worst->score.sum
           && kfi_names_position(m->names, slot) > worst->position && !sum_of(m, slot);
}

/* The first record from `from` on whose tokens' sum reaches what is needed; `count`: none. The number of tokens is
 * a constant where this is inlined. */
static inline uint32_t find_next(const kf_matcher *m, const fields *f, const uint8_t *records, uint32_t from,
                                 uint32_t count, uint32_t needs, const uint32_t tokens)
{
    const uint8_t *record = records + (size_t)from * f->record;
    for (; from < count; from++, record += f->record) {
        uint32_t sum = 0;
        for (uint32_t i = 0; i < tokens; i++) sum += m->most[kfi_load32(record + f->offset[i]) & f->mask[i]];
        if (sum >= needs) break;
    }
    return from;
}

static uint32_t find(const kf_matcher *m, const fields *f, const uint8_t *records, uint32_t from, uint32_t count,
                     uint32_t needs)
{
    switch (f->tokens) {
    case 1: return find_next(m, f, records, from, count, needs, 1);
    case 2: return find_next(m, f, records, from, count, needs, 2);
    case 3: return find_next(m, f, records, from, count, needs, 3);
    case 4: return find_next(m, f, records, from, count, needs, 4);
    case 5: return find_next(m, f, records, from, count, needs, 5);
    case 6: return find_next(m, f, records, from, count, needs, 6);
    default: return find_next(m, f, records, from, count, needs, f->tokens);
    }
}

static kf_status scan_group(kf_matcher *m, const kfi_group *group, kf_error *error)
{
    fields f;
    const uint32_t count = group[1].first - group->first;
    const uint8_t *records = m->names->forward + group->records;
    kf_status status = kfi_matcher_work(m, count);
    const uint32_t begin = m->first_slot > group->first ? m->first_slot - group->first : 0;
    if (begin >= count) return status;
    set_fields(&f, group, m->most_mask);
    m->names_seen += count;
    for (uint32_t i = begin; !status; i++) {
        i = find(m, &f, records, i, count, kfi_matcher_needs_ceil(m, group->tokens));
        if (i >= count) break;
        const uint32_t slot = group->first + i;
        if (kfi_matcher_was_seen(m, slot) || !kfi_matcher_passes(m, slot) || is_hopeless(m, slot)) continue;
        status = kfi_matcher_weigh(m, group, slot, error);
    }
    return status;
}

kf_status kfi_matcher_full_scan(kf_matcher *m, kf_error *error)
{
    kf_status status = KF_OK;
    if (m->is_listed) return kfi_filter_scan(m, error);
    for (uint32_t i = 0; i < m->names->head.groups && !status; i++)
        if (kfi_matcher_is_possible(m, m->names->groups[i].tokens)) status = scan_group(m, &m->names->groups[i], error);
    return status;
}
