#include "query/sets/grouped.h"

#include "read/part.h"

#include <stdlib.h>

/* A cursor, and the plain dictionary that it was last used for. */
typedef struct kfi_parked {
    kfi_column_cursor *cursor;
    const kf_dict *dict;
} kfi_parked;

static kf_status check_within(const kf_iter_options *within, kf_error *error)
{
    if (within->order != KF_ORDER_KEY || within->flags & KF_ITER_REVERSE)
        return kfi_fail(error, KF_INVALID, "operations on sets go through the keys in order, forwards only");
    if (within->first_ordinal)
        return kfi_fail(error, KF_INVALID, "ordinals do not limit what comes from several dictionaries");
    return KF_OK;
}

static kf_status check_members(const kf_dict *const *dicts, size_t count, kf_error *error)
{
    if (!count || !dicts) return kfi_fail(error, KF_INVALID, "no dictionary was given");
    if (count > SIZE_MAX / 2 / sizeof(kfi_member))
        return kfi_fail(error, KF_INVALID, "%zu dictionaries are too many", count);
    for (size_t i = 0; i < count; i++) {
        if (!dicts[i]) return kfi_fail(error, KF_INVALID, "dictionary %zu is not open", i);
        if (dicts[i]->header.value_type != dicts[0]->header.value_type)
            return kfi_fail(error, KF_TYPE, "dictionary %zu has values of another type than the first one",
                            i);
        if (dicts[i]->header.normalise != dicts[0]->header.normalise)
            return kfi_fail(error, KF_INVALID, "the keys of dictionary %zu are in another normal form than those of "
                            "the first one", i);
    }
    return KF_OK;
}

kf_status kfi_grouped_create(kf_iter **out, size_t size, const kfi_iter_class *class,
                             const kf_dict *const *dicts, size_t count, kfi_group_keys keys,
                             const kf_iter_options *options, kf_error *error)
{
    kf_iter_options known;
    const kf_iter_options *within = &known;
    *out = NULL;
    kf_status status = kfi_iter_options_read(&known, options, error);
    if (!status) status = check_within(within, error);
    if (!status) status = check_members(dicts, count, error);
    if (status) return status;
    kfi_grouped *g = (kfi_grouped *)kfi_iter_new(size, class, dicts[0]);
    if (!g) return kfi_fail_memory(error, size);
    g->left = within->limit;
    g->filter = within->filter;
    g->filter_context = within->filter_context;
    if (dicts[0]->header.value_type == KF_VALUES_BYTES) {
        g->parked = calloc(count, sizeof *g->parked);
        if (!g->parked) status = kfi_fail_memory(error, count * sizeof *g->parked);
    }
    if (!status) status = kfi_groups_open(&g->groups, dicts, count, keys, within, error);
    *out = &g->iter;
    if (status) kf_iter_destroy(out);
    return status;
}

void kfi_grouped_destroy(kf_iter *iter)
{
    kfi_grouped *g = (kfi_grouped *)iter;
    if (g->parked)
        for (size_t i = 0; i < g->groups.count; i++) kfi_column_cursor_destroy(&g->parked[i].cursor);
    free(g->parked);
    kfi_groups_close(&g->groups);
}

/* A cursor holds a decoded block: members that take turns keep theirs. */
static void change_source(kfi_grouped *g, size_t source)
{
    kf_iter *iter = &g->iter;
    g->parked[g->source] = (kfi_parked){ iter->cursor, iter->cursor_dict };
    iter->cursor = g->parked[source].cursor;
    iter->cursor_dict = g->parked[source].dict;
    g->parked[source] = (kfi_parked){ NULL, NULL };
    g->source = source;
}

kf_status kfi_grouped_emit(kfi_grouped *g, kfi_group_entry from, kf_entry *entry, int *kept)
{
    kf_iter *iter = &g->iter;
    if (g->parked && from.member != g->source) change_source(g, from.member);
    iter->ordinal = from.ordinal;
    iter->dict = g->groups.members[from.member].dict;
    g->groups.culprit = from.member;
    kf_status status = kfi_member_of(&iter->dict, &iter->ordinal);
    if (status) return status;
    iter->match.source = from.member;
    iter->match.distance = g->groups.distance;
    entry->key = g->groups.key;
    entry->ordinal = from.ordinal;
    *kept = 1;
    if (!g->filter) return KF_OK;
    iter->current = 1;   /* the filter may ask for the value */
    *kept = g->filter(g->filter_context, iter, entry) != 0;
    return KF_OK;
}
