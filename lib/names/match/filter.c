/* Searches among the names of one attribute.
 *
 *   few names have it     each of them is looked at
 *   up to a sixteenth     as among all names, but the attribute's list of names takes the place of a full scan
 *   more                  as among all names
 *
 * Names of other attributes are passed over wherever a name is looked at. */
#include "names/match/matcher.h"

enum {
    SMALL = 64,                    /* names, */
    BLOCKS_PER_NAME = 64           /* and one more for so many blocks of tokens */
};

void kfi_filter_clear(kf_matcher *m)
{
    m->is_filtered = m->is_listed = 0;
    m->scan_names = m->names->count;
}

void kfi_filter_set_number(kf_matcher *m, uint32_t attribute)
{
    const uint32_t frequency = kfi_names_attribute_frequency(m->names, attribute);
    m->is_filtered = m->names->attributes.image != NULL;
    m->attribute = attribute;
    m->is_listed = m->is_filtered && kfi_attribute_is_listed(frequency, m->names->count);
    m->scan_names = m->is_listed ? frequency : m->names->count;
}

kf_status kfi_filter_set(kf_matcher *m, kf_bytes attribute, kf_error *error)
{
    uint32_t number;
    kfi_filter_clear(m);
    if (!attribute.data) return KF_OK;
    if (!m->names->count) return KF_NOT_FOUND;
    if (!m->names->attributes.image)
        return kfi_fail(error, KF_INVALID, "the names of this index have no attribute to search by");
    kf_status status = kfi_names_attribute_find(m->names, attribute, &number);
    if (status == KF_CORRUPT) return kfi_fail(error, status, "the attributes are damaged");
    if (!status) kfi_filter_set_number(m, number);
    return status;
}

int kfi_filter_is_small(const kf_matcher *m)
{
    return m->is_listed && m->scan_names <= SMALL + m->names->blocks.blocks / BLOCKS_PER_NAME;
}

kf_status kfi_filter_scan(kf_matcher *m, kf_error *error)
{
    kfi_attribute_slots slots;
    kfi_run run;
    const kfi_group *group = m->names->groups;
    kf_status status = kfi_attribute_slots_begin(&slots, m->names, m->attribute);
    while (!status && !(status = kfi_attribute_slots_next(&slots, &run))) {
        status = kfi_matcher_work(m, run.count);
        for (uint32_t slot = run.first; slot - run.first < run.count && !status; slot++) {
            if (slot < m->first_slot) continue;
            if (slot < group->first || slot >= group[1].first) group = kfi_names_group(m->names, slot);
            if (kfi_matcher_is_possible(m, group->tokens)) status = kfi_matcher_look(m, group, slot, error);
        }
        if (status) return status;
    }
    return status == KF_END ? KF_OK : kfi_fail(error, status, "the names of an attribute are damaged");
}

kf_status kfi_filter_scan_at_once(kf_matcher *m, kf_error *error)
{
    for (uint32_t i = 0; i < m->patterns.count; i++)
        if (m->wanted[i].id != UINT32_MAX) kfi_matcher_note(m, m->wanted[i].id, KFI_FULL);
    return kfi_filter_scan(m, error);
}
