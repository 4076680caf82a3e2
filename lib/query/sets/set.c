/* Set operations: which groups are kept, and which member's value an entry has. */
#include "base/options.h"
#include "query/sets/grouped.h"
#include "read/part.h"

#include <keyfold/set.h>

typedef struct set_iter {
    kfi_grouped grouped;
    kf_set_operation operation;
    kf_set_values values;
    size_t turn;                /* KF_SET_VALUES_ALL: members of the group that had theirs */
} set_iter;

static int is_kept(const set_iter *s)
{
    const kfi_groups *g = &s->grouped.groups;
    switch (s->operation) {
    case KF_SET_INTERSECTION: return g->group_count == g->count;
    case KF_SET_DIFFERENCE: return g->group_count == 1 && g->group[0].member == 0;
    case KF_SET_SYMMETRIC_DIFFERENCE: return g->group_count % 2 != 0;
    default: return 1;
    }
}

static kf_status number_of(kfi_groups *g, size_t i, uint64_t *number)
{
    const kfi_group_entry *from = &g->group[i];
    uint64_t ordinal = from->ordinal;
    const kf_dict *dict = g->members[from->member].dict;
    g->culprit = from->member;
    kf_status status = kfi_member_of(&dict, &ordinal);
    return status ? status : kfi_column_u64(dict->column, ordinal, number);
}

/* Which entry of the group has the smallest or largest value; of equal ones the first. */
static kf_status extreme(set_iter *s, size_t *pick)
{
    kfi_groups *g = &s->grouped.groups;
    uint64_t best = 0, number;
    *pick = 0;
    for (size_t i = 0; i < g->group_count && g->group_count > 1; i++) {
        kf_status status = number_of(g, i, &number);
        if (status) return status;
        if (i && !(s->values == KF_SET_VALUES_MIN ? number < best : number > best)) continue;
        best = number;
        *pick = i;
    }
    return KF_OK;
}

static kf_status pick_entry(set_iter *s, size_t *pick)
{
    size_t count = s->grouped.groups.group_count;
    if (s->values >= KF_SET_VALUES_MIN && s->values <= KF_SET_VALUES_MAX) return extreme(s, pick);
    *pick = s->values == KF_SET_VALUES_LAST ? count - 1 : 0;
    return KF_OK;
}

static kf_status set_next(kf_iter *iter, kf_entry *entry)
{
    set_iter *s = (set_iter *)iter;
    kfi_groups *g = &s->grouped.groups;
    int kept = 0;
    if (!s->grouped.left) return KF_END;
    while (!kept) {
        size_t pick;
        kf_status status = KF_OK;
        if (s->values == KF_SET_VALUES_ALL && s->turn && s->turn < g->group_count) {
            pick = s->turn++;
        } else {
            do status = kfi_groups_next(g);
            while (!status && !is_kept(s));
            iter->incomplete = g->incomplete;
            if (!status) status = pick_entry(s, &pick);
            s->turn = 1;
        }
        if (!status) status = kfi_grouped_emit(&s->grouped, g->group[pick], entry, &kept);
        if (status) return kfi_grouped_fail(&s->grouped, status);
    }
    s->grouped.left--;
    return KF_OK;
}

static kf_status set_value_u64(kf_iter *iter, uint64_t *value)
{
    set_iter *s = (set_iter *)iter;
    kfi_groups *g = &s->grouped.groups;
    uint64_t sum = 0, number;
    if (s->values != KF_SET_VALUES_SUM) return kfi_column_u64(iter->dict->column, iter->ordinal, value);
    for (size_t i = 0; i < g->group_count; i++) {
        kf_status status = number_of(g, i, &number);
        if (status) return kfi_grouped_fail(&s->grouped, status);
        if (number > UINT64_MAX - sum) return KF_LIMIT;
        sum += number;
    }
    *value = sum;
    return KF_OK;
}

static const kfi_iter_class set_class = { NULL, set_next, NULL, set_value_u64, kfi_grouped_destroy };

KFI_STRUCT_KIND(options_kind, kf_set_options, KF_SET_OPTIONS_INIT, within, within);

kf_status kf_iter_create_set(kf_iter **out, kf_set_operation operation, const kf_dict *const *dicts, size_t count,
                      const kf_set_options *options, kf_error *error)
{
    kf_set_options known;
    *out = NULL;
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (status) return status;
    kf_set_values values = known.values;
    if ((unsigned)operation > KF_SET_SYMMETRIC_DIFFERENCE || (unsigned)values > KF_SET_VALUES_ALL)
        return kfi_fail(error, KF_INVALID, "the set operation or the values policy is out of range");
    kfi_group_keys keys = operation == KF_SET_INTERSECTION ? KFI_KEYS_EVERY
                          : operation == KF_SET_DIFFERENCE ? KFI_KEYS_FIRST : KFI_KEYS_ANY;
    status = kfi_grouped_create(out, sizeof(set_iter), &set_class, dicts, count, keys, known.within, error);
    if (status) return status;
    if (values >= KF_SET_VALUES_SUM && values <= KF_SET_VALUES_MAX
        && dicts[0]->header.value_type != KF_VALUES_U64) {
        kf_iter_destroy(out);
        return kfi_fail(error, KF_TYPE, "values that are not integers can't be added up or compared");
    }
    set_iter *s = (set_iter *)*out;
    s->operation = operation;
    s->values = values;
    return KF_OK;
}
