#include "read/iter.h"

#include "base/options.h"
#include "read/keys/walk.h"
#include "read/part.h"

#include <stdlib.h>

/* ---- what all kinds share --------------------------------------------------------------------- */

kf_iter *kfi_iter_new(size_t size, const kfi_iter_class *class, const kf_dict *dict)
{
    kf_iter *iter = calloc(1, size);
    if (!iter) return NULL;
    iter->class = class;
    iter->dict = dict;
    return iter;
}

uint64_t kf_iter_remaining(const kf_iter *iter)
{
    if (iter->ended) return 0;
    return iter->class->remaining ? iter->class->remaining(iter) : UINT64_MAX;
}

kf_status kf_iter_next(kf_iter *iter, kf_entry *entry)
{
    if (__builtin_expect(iter->ended != KF_OK, 0)) return KF_END;
    kf_status status = iter->class->next(iter, entry);
    iter->current = !status;
    if (__builtin_expect(status != KF_OK, 0)) iter->ended = status;
    return status;
}

const kf_match *kf_iter_match(const kf_iter *iter) { return &iter->match; }

int kf_iter_incomplete(const kf_iter *iter) { return iter->incomplete; }

kf_status kfi_iter_value_of(kf_iter *iter, const kf_dict *dict, uint64_t ordinal, kf_bytes *value)
{
    if (dict->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (iter->cursor_dict != dict) {
        kfi_column_cursor_destroy(&iter->cursor);
        kf_status status = kfi_column_cursor_create(&iter->cursor);
        iter->cursor_dict = status ? NULL : dict;
        if (status) return status;
    }
    return kfi_column_bytes(dict->column, ordinal, iter->cursor, &iter->buffer, value);
}

kf_status kf_iter_value(kf_iter *iter, kf_bytes *value)
{
    if (iter->dict->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (!iter->current) return KF_INVALID;
    return kfi_iter_value_of(iter, iter->dict, iter->ordinal, value);
}

kf_status kf_iter_value_u64(kf_iter *iter, uint64_t *value)
{
    if (iter->dict->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (!iter->current) return KF_INVALID;
    if (iter->class->value_u64) return iter->class->value_u64(iter, value);
    return kfi_column_u64(iter->dict->column, iter->ordinal, value);
}

void kf_iter_destroy(kf_iter **pointer)
{
    kf_iter *iter = pointer ? *pointer : NULL;
    if (!iter) return;
    if (iter->class->destroy) iter->class->destroy(iter);
    kfi_column_cursor_destroy(&iter->cursor);
    kf_buffer_free(&iter->buffer);
    free(iter);
    *pointer = NULL;
}

/* Published first without order, query, filter and work limit. */
KFI_STRUCT_KIND(options_kind, kf_iter_options, KF_ITER_OPTIONS_INIT, limit, work_limit);

kf_status kfi_iter_options_read(kf_iter_options *o, const kf_iter_options *given, kf_error *error)
{
    kf_status status = kfi_options_read(o, given, &options_kind, error);
    if (status) return status;
    if (o->flags & ~(uint32_t)KF_ITER_REVERSE)
        return kfi_fail(error, KF_INVALID, "unknown flags for an iterator: %#x", o->flags);
    if ((unsigned)o->order > KF_ORDER_WEIGHT)
        return kfi_fail(error, KF_INVALID, "the order of an iteration is out of range");
    if (o->flags & KF_ITER_REVERSE && (o->query || o->order != KF_ORDER_KEY))
        return kfi_fail(error, KF_INVALID, "only iteration in key order without a query can be reversed");
    return KF_OK;
}

kf_status kfi_iter_range(const kf_dict *d, const kf_iter_options *o, uint64_t *low, uint64_t *high,
                         kf_error *error)
{
    uint64_t bound;
    kf_status status = kf_dict_prefix_range(d, o->prefix.data, o->prefix.size, low, &bound);
    *high = *low + bound;
    if (!status && o->from.size) {
        status = kf_dict_lower_bound(d, o->from.data, o->from.size, &bound);
        if (!status && bound > *low) *low = bound;
    }
    if (!status && o->has_to) {
        status = kf_dict_lower_bound(d, o->to.data, o->to.size, &bound);
        if (!status && bound < *high) *high = bound;
    }
    if (status) return kfi_fail(error, status, "the key structure contradicts itself");
    if (o->first_ordinal > *low) *low = o->first_ordinal;
    if (*high < *low) *high = *low;
    return KF_OK;
}

/* ---- ordered iteration ------------------------------------------------------------------------ */

typedef struct plain_iter {
    kf_iter iter;
    kfi_walk walk;
    uint64_t next, here;          /* in the member: ordinal of the next entry, and how many are to come */
    uint64_t base;                /* what the member's ordinals are less than the whole's */
    int reverse, started;
    const kf_dict *whole;
    uint64_t low, high;           /* ordinals of the whole in members that were not entered yet */
} plain_iter;

/* Goes to the next member. */
static kf_status enter_part(plain_iter *p)
{
    kfi_part part;
    kf_status status = p->reverse ? kfi_part_last(&part, p->whole, p->low, p->high)
                                  : kfi_part_first(&part, p->whole, p->low, p->high);
    if (status) return status;
    kfi_walk_destroy(&p->walk);
    status = kfi_walk_create(&p->walk, &part.dict->keys);
    if (status) return status;
    p->iter.dict = part.dict;
    p->base = part.base;
    p->here = part.high - part.low;
    p->next = p->reverse ? part.high - 1 : part.low;
    p->started = 0;
    if (p->reverse) p->high = part.base + part.low;
    else p->low = part.base + part.high;
    return KF_OK;
}

static kf_status plain_next(kf_iter *iter, kf_entry *entry)
{
    plain_iter *p = (plain_iter *)iter;
    kfi_walk *walk = &p->walk;
    kf_status status;
    if (__builtin_expect(!p->here, 0)) {
        if (p->low == p->high) return KF_END;
        status = enter_part(p);
        if (status) return status;
    }
    if (__builtin_expect(!p->started, 0)) status = kfi_walk_seek(walk, p->next);
    else status = p->reverse ? kfi_walk_previous(walk) : kfi_walk_next(walk);
    /* The ordinals are all there: only damage ends the walk early. */
    if (__builtin_expect(status || walk->ordinal != p->next, 0))
        return status == KF_NO_MEMORY ? status : KF_CORRUPT;
    p->started = 1;
    iter->ordinal = p->next;
    entry->ordinal = p->base + p->next;
    p->next += p->reverse ? UINT64_MAX : 1;
    p->here--;
    entry->key = (kf_bytes){ walk->path, walk->size };
    return KF_OK;
}

static uint64_t plain_remaining(const kf_iter *iter)
{
    const plain_iter *p = (const plain_iter *)iter;
    return p->here + (p->high - p->low);
}

static void plain_destroy(kf_iter *iter) { kfi_walk_destroy(&((plain_iter *)iter)->walk); }

static const kfi_iter_class plain_class = { plain_next, plain_remaining, NULL, plain_destroy };

kf_status kfi_iter_plain(kf_iter **out, const kf_dict *dict, uint64_t low, uint64_t high, uint64_t limit,
                         int reverse, kf_error *error)
{
    plain_iter *p = (plain_iter *)kfi_iter_new(sizeof *p, &plain_class, dict);
    *out = NULL;
    if (!p) return kfi_fail_memory(error, sizeof *p);
    *out = &p->iter;
    p->whole = dict;
    p->reverse = reverse;
    p->low = low;
    p->high = high;
    if (high - low > limit && reverse) p->low = high - limit;
    else if (high - low > limit) p->high = low + limit;
    if (p->low == p->high || !enter_part(p)) return KF_OK;
    kf_iter_destroy(out);
    return kfi_fail_memory(error, dict->header.longest_key);
}
