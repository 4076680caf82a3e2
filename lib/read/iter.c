#include "read/dict.h"
#include "read/order.h"
#include "read/walk.h"

#include "base/array.h"

#include <keyfold/iter.h>

#include <stdlib.h>

struct kf_iter {
    const kf_dict *dict;
    kfi_walk walk;
    uint64_t next, left;          /* ordinal of the next entry, and how many there are to come */
    int reverse, started, current;
    uint64_t ordinal;             /* of the current entry */
    kfi_column_cursor *cursor;    /* made when a value is first asked for */
    kf_buffer buffer;
};

/* The ordinals low .. high-1 that satisfy the options, as far as they are contiguous. */
static kf_status range_of(const kf_dict *d, const kf_iter_options *o, uint64_t *low, uint64_t *high)
{
    uint64_t bound;
    kf_status status = kfi_prefix_range(&d->keys, o->prefix, low, high);
    if (!status && o->from.size) {
        status = kfi_lower_bound(&d->keys, o->from, &bound);
        if (!status && bound > *low) *low = bound;
    }
    if (!status && o->has_to) {
        status = kfi_lower_bound(&d->keys, o->to, &bound);
        if (!status && bound < *high) *high = bound;
    }
    if (o->first_ordinal > *low) *low = o->first_ordinal;
    if (*high < *low) *high = *low;
    return status;
}

kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options, kf_error *error)
{
    kf_iter_options all = KF_ITER_OPTIONS_INIT;
    uint64_t low, high;
    *out = NULL;
    if (!options) options = &all;
    if (options->struct_size < sizeof *options || options->flags & ~(uint32_t)KF_ITER_REVERSE)
        return kfi_fail(error, KF_INVALID, "kf_iter_options was not initialised, or a flag is unknown");
    kf_status status = range_of(dict, options, &low, &high);
    if (status == KF_NO_MEMORY) return kfi_fail_memory(error, options->prefix.size);
    if (status) return kfi_fail(error, status, "the key structure contradicts itself");

    kf_iter *iter = calloc(1, sizeof *iter);
    if (!iter) return kfi_fail_memory(error, sizeof *iter);
    status = kfi_walk_create(&iter->walk, &dict->keys);
    if (status) {
        free(iter);
        return kfi_fail_memory(error, dict->keys.longest_key);
    }
    iter->dict = dict;
    iter->reverse = (options->flags & KF_ITER_REVERSE) != 0;
    iter->left = high - low < options->limit ? high - low : options->limit;
    iter->next = iter->reverse ? high - 1 : low;
    *out = iter;
    return KF_OK;
}

uint64_t kf_iter_remaining(const kf_iter *iter) { return iter->left; }

kf_status kf_iter_next(kf_iter *iter, kf_entry *entry)
{
    kfi_walk *walk = &iter->walk;
    kf_status status;
    iter->current = 0;
    if (!iter->left) return KF_END;
    if (__builtin_expect(!iter->started, 0)) status = kfi_walk_seek(walk, iter->next);
    else status = iter->reverse ? kfi_walk_previous(walk) : kfi_walk_next(walk);
    if (__builtin_expect(status || walk->ordinal != iter->next, 0)) {
        /* The ordinals are all there: only damage ends the walk early. */
        iter->left = 0;
        return status == KF_NO_MEMORY ? status : KF_CORRUPT;
    }
    iter->started = iter->current = 1;
    iter->ordinal = iter->next;
    iter->next += iter->reverse ? UINT64_MAX : 1;
    iter->left--;
    entry->key = (kf_bytes){ walk->path, walk->size };
    entry->ordinal = iter->ordinal;
    return KF_OK;
}

kf_status kf_iter_value(kf_iter *iter, kf_bytes *value)
{
    if (iter->dict->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (!iter->current) return KF_INVALID;
    if (!iter->cursor) {
        kf_status status = kfi_column_cursor_create(&iter->cursor, iter->dict->column);
        if (status) return status;
    }
    return kfi_column_bytes(iter->dict->column, iter->ordinal, iter->cursor, &iter->buffer, value);
}

kf_status kf_iter_value_u64(kf_iter *iter, uint64_t *value)
{
    if (iter->dict->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (!iter->current) return KF_INVALID;
    return kfi_column_u64(iter->dict->column, iter->ordinal, value);
}

void kf_iter_destroy(kf_iter **iter)
{
    if (!*iter) return;
    kfi_walk_destroy(&(*iter)->walk);
    kfi_column_cursor_destroy(&(*iter)->cursor);
    kf_buffer_free(&(*iter)->buffer);
    free(*iter);
    *iter = NULL;
}
