#include "read/iter.h"

#include "base/array.h"
#include "base/options.h"
#include "read/keys/walk.h"
#include "read/part.h"
#include "read/search/list.h"
#include "read/shards/shard_later.h"

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

/* What comes when there is nothing more: once an error that entries came before. */
static kf_status at_end(kf_iter *iter)
{
    const kf_status status = iter->late ? iter->late : KF_END;
    iter->late = KF_OK;
    iter->current = 0;
    return status;
}

static inline void take_ahead(kf_iter *iter, kf_entry *entry)
{
    *entry = *iter->ahead++;
    iter->ordinal = entry->ordinal - iter->base;
    iter->current = 1;
}

kf_status kf_iter_next(kf_iter *iter, kf_entry *entry)
{
    if (__builtin_expect(iter->ahead != iter->ahead_end, 1)) {
        take_ahead(iter, entry);
        return KF_OK;
    }
    if (__builtin_expect(iter->ended != KF_OK, 0)) return at_end(iter);
    kf_status status = iter->class->next(iter, entry);
    iter->current = !status;
    if (__builtin_expect(status != KF_OK, 0)) iter->ended = status;
    return status;
}

/* One by one, for kinds that know no other way: the keys are copied. */
static kf_status next_each(kf_iter *iter, kf_entry *entries, size_t most, size_t *count)
{
    enum { BYTES = 1 << 16 };
    kf_status status = KF_OK;
    size_t size = 0, n = 0;
    while (n < most && size < BYTES) {
        kf_entry *e = &entries[n];
        status = iter->class->next(iter, e);
        if (!status) status = kfi_buffer_reserve(&iter->keys, size + e->key.size + 1, size);
        if (status) break;
        if (e->key.size) memcpy(iter->keys.data + size, e->key.data, e->key.size);
        size += e->key.size;
        n++;
    }
    const uint8_t *key = iter->keys.data;
    for (size_t i = 0; i < n; key += entries[i++].key.size) entries[i].key.data = key;
    *count = n;
    if (!n) return status;
    iter->ended = status;
    if (status != KF_END) iter->late = status;
    return KF_OK;
}

kf_status kf_iter_next_many(kf_iter *iter, kf_entry *entries, size_t capacity, size_t *count)
{
    *count = 0;
    iter->current = 0;
    if (!capacity) return KF_INVALID;
    if (iter->ahead != iter->ahead_end) {
        while (*count < capacity && iter->ahead != iter->ahead_end) entries[(*count)++] = *iter->ahead++;
        return KF_OK;
    }
    if (iter->ended) return at_end(iter);
    kf_status status = iter->class->next_many ? iter->class->next_many(iter, entries, capacity, count)
                                              : next_each(iter, entries, capacity, count);
    if (status) iter->ended = status;
    return status;
}

const kf_match *kf_iter_match(const kf_iter *iter) { return &iter->match; }

int kf_iter_incomplete(const kf_iter *iter) { return iter->incomplete; }

kf_status kf_iter_value(kf_iter *iter, kf_bytes *value)
{
    const kf_dict *dict = iter->dict;
    if (dict->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (!iter->current) return KF_INVALID;
    if (iter->cursor_dict != dict) {
        kfi_column_cursor_destroy(&iter->cursor);
        kf_status status = kfi_column_cursor_create(&iter->cursor);
        iter->cursor_dict = status ? NULL : dict;
        if (status) return status;
    }
    return kfi_column_bytes(dict->column, iter->ordinal, iter->cursor, &iter->buffer, value);
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
    kf_buffer_free(&iter->keys);
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
    if (status && !kfi_shards_told(d, status, error)) kfi_fail(error, status, "the key structure contradicts itself");
    if (status) return status;
    if (o->first_ordinal > *low) *low = o->first_ordinal;
    if (*high < *low) *high = *low;
    return KF_OK;
}

/* ---- ordered iteration ------------------------------------------------------------------------ */

enum {
    AHEAD_FIRST = 16, AHEAD_MOST = 64,     /* entries that are made at once */
    ARENA = 1536, ARENA_MOST = 4096        /* bytes for their keys that come with the iterator */
};

/* Forwards by a list, whose entries are made ahead; backwards by a walk. */
typedef struct plain_iter {
    kf_iter iter;
    uint64_t here;                /* in the member: how many are still to be made */
    uint64_t next;                /* and the next one's ordinal there, if it has not started or goes backwards */
    int reverse, started;
    size_t block;                 /* how many are made ahead the next time */
    const kf_dict *whole;
    uint64_t low, high;           /* ordinals of the whole in members that were not entered yet */
    kfi_walk walk;
    kf_entry made[AHEAD_MOST];
    kfi_list list;
} plain_iter;

/* Goes to the next member. */
static kf_status enter_part(plain_iter *p)
{
    kfi_part part;
    kf_status status = p->reverse ? kfi_part_last(&part, p->whole, p->low, p->high)
                                  : kfi_part_first(&part, p->whole, p->low, p->high);
    if (status) return status;
    kfi_walk_destroy(&p->walk);
    status = p->reverse ? kfi_walk_create(&p->walk, &part.dict->keys)
                        : kfi_list_begin(&p->list, &part.dict->keys);
    if (status) return status;
    p->iter.dict = part.dict;
    p->iter.base = part.base;
    p->here = part.high - part.low;
    p->next = p->reverse ? part.high - 1 : part.low;
    p->started = 0;
    if (p->reverse) p->high = part.base + part.low;
    else p->low = part.base + part.high;
    return KF_OK;
}

static kf_status previous(plain_iter *p, kf_entry *entry)
{
    kfi_walk *walk = &p->walk;
    const kf_status status = p->started ? kfi_walk_previous(walk) : kfi_walk_seek(walk, p->next);
    /* The ordinals are all there: only damage ends the walk early. */
    if (status) return status == KF_NO_MEMORY ? status : KF_CORRUPT;
    p->started = 1;
    p->iter.ordinal = p->next--;
    p->here--;
    *entry = (kf_entry){ { walk->path, walk->size }, p->iter.base + p->iter.ordinal };
    return KF_OK;
}

static kf_status plain_next_many(kf_iter *iter, kf_entry *entries, size_t most, size_t *count)
{
    plain_iter *p = (plain_iter *)iter;
    kf_status status = KF_OK;
    if (!p->here) status = p->low == p->high ? KF_END : enter_part(p);
    if (!status && p->reverse) {
        *count = 1;
        return previous(p, entries);
    }
    if (!status && !p->started) status = kfi_list_seek(&p->list, p->next);
    p->started = 1;
    if (!status) status = kfi_list_fill(&p->list, entries, most < p->here ? most : (size_t)p->here, count);
    if (status) return status;
    p->here -= *count;
    if (iter->base)
        for (size_t i = 0; i < *count; i++) entries[i].ordinal += iter->base;
    return KF_OK;
}

static kf_status plain_next(kf_iter *iter, kf_entry *entry)
{
    plain_iter *p = (plain_iter *)iter;
    size_t count;
    if (p->reverse && p->here) return previous(p, entry);
    kf_status status = plain_next_many(iter, p->made, p->block, &count);
    if (status) return status;
    p->block = AHEAD_MOST;
    iter->ahead = p->made;
    iter->ahead_end = p->made + count;
    take_ahead(iter, entry);
    return KF_OK;
}

static uint64_t plain_remaining(const kf_iter *iter)
{
    const plain_iter *p = (const plain_iter *)iter;
    return (uint64_t)(iter->ahead_end - iter->ahead) + p->here + (p->high - p->low);
}

static void plain_destroy(kf_iter *iter)
{
    plain_iter *p = (plain_iter *)iter;
    kfi_walk_destroy(&p->walk);
    kfi_list_destroy(&p->list);
}

static const kfi_iter_class plain_class = { plain_next_many, plain_next, plain_remaining, NULL, plain_destroy };

/* An iterator with nothing to come, from one that is used again or may be NULL. Little of it is written. */
static plain_iter *plain_new(kf_iter *used, const kf_dict *dict)
{
    plain_iter *p = (plain_iter *)used;
    if (used && used->class == &plain_class) {
        kfi_walk_destroy(&p->walk);
        kfi_column_cursor_destroy(&used->cursor);
        const kf_buffer buffer = used->buffer, keys = used->keys;
        memset(p, 0, offsetof(plain_iter, made));
        p->iter.buffer = buffer;
        p->iter.keys = keys;
    } else {
        size_t arena = (size_t)dict->header.longest_key + ARENA;
        kf_iter_destroy(&used);
        if (arena > ARENA_MOST) arena = ARENA_MOST;
        arena = (arena + 63) / 64 * 64;
        p = aligned_alloc(64, sizeof *p + arena);
        if (!p) return NULL;
        memset(p, 0, offsetof(plain_iter, made));
        kfi_list_init(&p->list, (uint8_t *)(p + 1), arena);
    }
    p->iter.class = &plain_class;
    p->iter.dict = p->whole = dict;
    p->block = AHEAD_FIRST;
    return p;
}

/* Keys that begin with a prefix: one way down finds where they are, and leads to the first. */
static kf_status plain_prefix(plain_iter *p, kf_bytes prefix, uint64_t limit)
{
    kf_status status = kfi_list_begin(&p->list, &p->whole->keys);
    if (!status) status = kfi_list_prefix(&p->list, prefix, &p->here);
    if (p->here > limit) p->here = limit;
    p->started = 1;
    return status;
}

static kf_status plain_range(plain_iter *p, const kf_iter_options *o, uint64_t limit)
{
    kf_status status = kfi_iter_range(p->whole, o, &p->low, &p->high, NULL);
    if (status) return status;
    if (p->high - p->low > limit && p->reverse) p->low = p->high - limit;
    else if (p->high - p->low > limit) p->high = p->low + limit;
    return p->low == p->high ? KF_OK : enter_part(p);
}

kf_status kfi_iter_plain(kf_iter **out, const kf_dict *dict, const kf_iter_options *o, uint64_t limit,
                         kf_error *error)
{
    plain_iter *p = plain_new(*out, dict);
    *out = NULL;
    if (!p) return kfi_fail_memory(error, sizeof *p);
    *out = &p->iter;
    p->reverse = (o->flags & KF_ITER_REVERSE) != 0;
    const int alone = o->prefix.size && !o->from.size && !o->has_to && !o->first_ordinal;
    kf_status status = alone && !p->reverse && !dict->special ? plain_prefix(p, o->prefix, limit)
                                                             : plain_range(p, o, limit);
    if (!status) return KF_OK;
    kf_iter_destroy(out);
    if (status == KF_NO_MEMORY) return kfi_fail_memory(error, dict->header.longest_key);
    if (!kfi_shards_told(dict, status, error)) kfi_fail(error, status, "the key structure contradicts itself");
    return status;
}
