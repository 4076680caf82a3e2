/* What changed between two dictionaries. */
#include "query/sets/grouped.h"
#include "read/part.h"

#include <keyfold/set.h>

#include <string.h>

enum { OLD, NEW };

typedef struct diff_iter {
    kfi_grouped grouped;
    /* What the values are compared with; the iterator's own cursor and buffer belong to the caller. */
    kfi_column_cursor *cursor[2];
    const kf_dict *cursor_dict[2];
    kf_buffer buffer[2];
} diff_iter;

/* Who has the entry of a side of the group, and where. */
static kf_status member_of(diff_iter *d, size_t side, const kf_dict **dict, uint64_t *ordinal)
{
    kfi_groups *g = &d->grouped.groups;
    g->culprit = side;
    *ordinal = g->group[side].ordinal;
    *dict = g->members[side].dict;
    return kfi_member_of(dict, ordinal);
}

static kf_status value_of(diff_iter *d, size_t side, kf_bytes *value)
{
    uint64_t ordinal;
    const kf_dict *dict;
    kf_status status = member_of(d, side, &dict, &ordinal);
    if (status) return status;
    if (d->cursor_dict[side] != dict) {
        kfi_column_cursor_destroy(&d->cursor[side]);
        status = kfi_column_cursor_create(&d->cursor[side]);
    }
    d->cursor_dict[side] = status ? NULL : dict;
    if (status) return status;
    return kfi_column_bytes(dict->column, ordinal, d->cursor[side], &d->buffer[side], value);
}

/* Whether the values of a key that both have differ. */
static kf_status compare_values(diff_iter *d, int *differ)
{
    kfi_groups *g = &d->grouped.groups;
    uint64_t number[2];
    kf_bytes value[2];
    kf_status status = KF_OK;
    *differ = 0;
    switch (g->members[OLD].dict->header.value_type) {
    case KF_VALUES_U64:
        for (size_t side = OLD; side <= NEW && !status; side++) {
            uint64_t ordinal;
            const kf_dict *dict;
            status = member_of(d, side, &dict, &ordinal);
            if (!status) status = kfi_column_u64(dict->column, ordinal, &number[side]);
        }
        if (!status) *differ = number[OLD] != number[NEW];
        break;
    case KF_VALUES_BYTES:
        for (size_t side = OLD; side <= NEW && !status; side++) status = value_of(d, side, &value[side]);
        if (!status)
            *differ = value[OLD].size != value[NEW].size
                      || (value[OLD].size && memcmp(value[OLD].data, value[NEW].data, value[OLD].size));
        break;
    default:
        break;
    }
    return status;
}

static kf_status diff_next(kf_iter *iter, kf_entry *entry)
{
    diff_iter *d = (diff_iter *)iter;
    kfi_groups *g = &d->grouped.groups;
    kf_match *match = &iter->match;
    int kept = 0;
    if (!d->grouped.left) return KF_END;
    while (!kept) {
        int differ;
        kf_status status;
        do {
            status = kfi_groups_next(g);
            differ = 1;
            if (!status && g->group_count > 1) status = compare_values(d, &differ);
        } while (!status && !differ);
        iter->incomplete = g->incomplete;
        if (status) return kfi_grouped_fail(&d->grouped, status);
        match->change = g->group_count > 1 ? KF_CHANGE_VALUE
                        : g->group[0].member == OLD ? KF_CHANGE_REMOVED : KF_CHANGE_ADDED;
        match->before = match->change == KF_CHANGE_ADDED ? KF_ABSENT : g->group[0].ordinal;
        status = kfi_grouped_emit(&d->grouped, g->group[g->group_count - 1], entry, &kept);
        if (status) return kfi_grouped_fail(&d->grouped, status);
    }
    d->grouped.left--;
    return KF_OK;
}

static void diff_destroy(kf_iter *iter)
{
    diff_iter *d = (diff_iter *)iter;
    for (int side = OLD; side <= NEW; side++) {
        kfi_column_cursor_destroy(&d->cursor[side]);
        kf_buffer_free(&d->buffer[side]);
    }
    kfi_grouped_destroy(iter);
}

static const kfi_iter_class diff_class = { NULL, diff_next, NULL, NULL, diff_destroy };

kf_status kf_iter_create_diff(kf_iter **out, const kf_dict *old_dict, const kf_dict *new_dict,
                       const kf_iter_options *within, kf_error *error)
{
    const kf_dict *const dicts[2] = { old_dict, new_dict };
    return kfi_grouped_create(out, sizeof(diff_iter), &diff_class, dicts, 2, KFI_KEYS_ANY, within, error);
}
