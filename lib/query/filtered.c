#include "query/filtered.h"

#include "query/dfa.h"
#include "read/part.h"
#include "read/search/hunt.h"

/* ---- by a query ------------------------------------------------------------------------------- */

typedef struct select_iter {
    kf_iter iter;
    kfi_dfa dfa;
    kfi_hunt hunt;
    const kf_dict *whole;
    uint64_t base;               /* what the ordinals of the member that is searched are less than the whole's */
    uint64_t low, high;          /* ordinals of the whole in members that were not entered yet */
} select_iter;

/* Goes to the next member, with all that the automaton has become so far. */
static kf_status enter_part(select_iter *s)
{
    kfi_part part;
    kf_status status = kfi_part_first(&part, s->whole, s->low, s->high);
    if (status) return status;
    s->iter.dict = part.dict;
    s->base = part.base;
    s->low = part.base + part.high;
    kfi_hunt_begin(&s->hunt, &part.dict->keys, &s->dfa.guide, part.low, part.high);
    return KF_OK;
}

static kf_status select_next(kf_iter *iter, kf_entry *entry)
{
    select_iter *s = (select_iter *)iter;
    kf_status status = kfi_hunt_next(&s->hunt);
    while (status == KF_END && s->low < s->high) {
        status = enter_part(s);
        if (!status) status = kfi_hunt_next(&s->hunt);
    }
    if (status == KF_LIMIT) {
        iter->incomplete = 1;
        return KF_END;
    }
    if (status) return status;
    entry->key = (kf_bytes){ s->hunt.path, s->hunt.size };
    iter->ordinal = s->hunt.ordinal;
    entry->ordinal = s->base + s->hunt.ordinal;
    iter->match.distance = kfi_dfa_distance(&s->dfa, s->hunt.state);
    return KF_OK;
}

static void select_destroy(kf_iter *iter)
{
    select_iter *s = (select_iter *)iter;
    kfi_dfa_destroy(&s->dfa);
    kfi_hunt_destroy(&s->hunt);
}

static const kfi_iter_class select_class = { NULL, select_next, NULL, NULL, select_destroy };

kf_status kfi_iter_select(kf_iter **out, const kf_dict *dict, const kf_query *query, uint64_t low, uint64_t high,
                          uint64_t work_limit, kf_error *error)
{
    select_iter *s = (select_iter *)kfi_iter_new(sizeof *s, &select_class, dict);
    *out = s ? &s->iter : NULL;
    if (s && !kfi_dfa_create(&s->dfa, query, KFI_DFA_MEMORY)
        && !kfi_hunt_create(&s->hunt, dict->header.longest_key)) {
        if (work_limit) s->hunt.work_limit = work_limit;
        s->whole = dict;
        s->low = low;
        s->high = high;
        return KF_OK;
    }
    kf_iter_destroy(out);
    return kfi_fail_memory(error, sizeof *s);
}

/* ---- by a filter ------------------------------------------------------------------------------ */

typedef struct filter_iter {
    kf_iter iter;
    kf_iter *inner;
    kf_filter_fn filter;
    void *context;
    uint64_t left;
} filter_iter;

static kf_status filter_next(kf_iter *iter, kf_entry *entry)
{
    filter_iter *f = (filter_iter *)iter;
    if (!f->left) return KF_END;
    for (;;) {
        kf_status status = kf_iter_next(f->inner, entry);
        iter->incomplete = f->inner->incomplete;
        if (status) return status;
        if (f->filter && !f->filter(f->context, f->inner, entry)) continue;
        f->left--;
        iter->dict = f->inner->dict;
        iter->ordinal = f->inner->ordinal;
        iter->match = f->inner->match;
        return KF_OK;
    }
}

static kf_status filter_u64(kf_iter *iter, uint64_t *value)
{
    return kf_iter_value_u64(((filter_iter *)iter)->inner, value);
}

static void filter_destroy(kf_iter *iter) { kf_iter_destroy(&((filter_iter *)iter)->inner); }

static const kfi_iter_class filter_class = { NULL, filter_next, NULL, filter_u64, filter_destroy };

kf_status kfi_iter_filter(kf_iter **out, kf_iter **inner, kf_filter_fn filter, void *context, uint64_t limit,
                          kf_error *error)
{
    filter_iter *f = (filter_iter *)kfi_iter_new(sizeof *f, &filter_class, (*inner)->dict);
    *out = NULL;
    if (!f) {
        kf_iter_destroy(inner);
        return kfi_fail_memory(error, sizeof *f);
    }
    f->inner = *inner;
    f->filter = filter;
    f->context = context;
    f->left = limit;
    *inner = NULL;
    *out = &f->iter;
    return KF_OK;
}
