/* Keys that occur in a text: at each place where one may begin, a descent in the dictionary along the text that
 * notes the keys on its way. */
#include "base/array.h"
#include "query/text_boundary.h"
#include "read/iter.h"
#include "read/order.h"

#include <keyfold/text.h>

typedef struct find_iter {
    kf_iter iter;
    kf_bytes text;
    kf_find_options options;
    size_t position;             /* the keys that begin there are matches[at..count), shortest first */
    size_t next;                 /* where to look after that */
    kfi_array room;              /* the matches' memory */
    size_t at, count;
} find_iter;

static int is_boundary(const find_iter *f, size_t at)
{
    const kf_find_options *o = &f->options;
    switch (o->boundary) {
    case KF_BOUNDARY_BYTES: return 1;
    case KF_BOUNDARY_CODE_POINTS: return kfi_code_point_boundary(f->text, at);
    case KF_BOUNDARY_WORDS: return kfi_word_boundary(f->text, at);
    default: return o->is_boundary(o->boundary_context, f->text, at);
    }
}

/* Notes the keys that begin at f->position. */
static kf_status descend(find_iter *f)
{
    const kf_bytes rest = { f->text.data + f->position, f->text.size - f->position };
    for (;;) {
        size_t capacity = f->room.capacity / sizeof(kf_prefix_match), count;
        kf_status status = kfi_prefixes(&f->iter.dict->keys, rest, (kf_prefix_match *)(void *)f->room.data,
                                        capacity, &count);
        f->at = 0;
        f->count = count;
        if (status || count < capacity) return status;
        f->room.size = f->room.capacity;
        status = kfi_array_reserve(&f->room, 1, NULL);
        if (status) return status;
    }
}

/* Whether the key is one to return; makes it the current one. */
static int keep(find_iter *f, kf_prefix_match match, kf_entry *entry)
{
    const kf_find_options *o = &f->options;
    if (!match.size || !is_boundary(f, f->position + match.size)) return 0;
    entry->key = (kf_bytes){ f->text.data + f->position, match.size };
    entry->ordinal = f->iter.ordinal = match.ordinal;
    f->iter.match.position = f->position;
    f->iter.current = 1;   /* the filter may ask for the value */
    return !o->filter || o->filter(o->filter_context, &f->iter, entry);
}

static kf_status find_next(kf_iter *iter, kf_entry *entry)
{
    find_iter *f = (find_iter *)iter;
    const int longest = f->options.overlap == KF_OVERLAP_LONGEST;
    for (;;) {
        const kf_prefix_match *matches = (const kf_prefix_match *)(const void *)f->room.data;
        while (f->at < f->count) {
            kf_prefix_match match = matches[longest ? --f->count : f->at++];
            if (match.ordinal >= iter->dict->keys.count) return KF_CORRUPT;
            if (!keep(f, match, entry)) continue;
            if (longest) {
                f->count = 0;
                f->next = f->position + match.size;
            }
            return KF_OK;
        }
        while (f->next < f->text.size && !is_boundary(f, f->next)) f->next++;
        if (f->next == f->text.size) return KF_END;
        f->position = f->next++;
        kf_status status = descend(f);
        if (status) return status;
    }
}

static void find_destroy(kf_iter *iter) { kfi_array_free(&((find_iter *)iter)->room); }

static const kfi_iter_class find_class = { find_next, NULL, NULL, find_destroy };

kf_status kf_iter_find(kf_iter **out, const kf_dict *dict, const void *text, size_t text_size,
                       const kf_find_options *options, kf_error *error)
{
    const kf_find_options defaults = KF_FIND_OPTIONS_INIT;
    *out = NULL;
    if (!options) options = &defaults;
    if (options->struct_size < sizeof *options)
        return kfi_fail(error, KF_INVALID, "kf_find_options was not initialised");
    if ((unsigned)options->overlap > KF_OVERLAP_LONGEST || (unsigned)options->boundary > KF_BOUNDARY_CALLBACK)
        return kfi_fail(error, KF_INVALID, "the overlap or the boundary of a search in a text is out of range");
    if (options->boundary == KF_BOUNDARY_CALLBACK && !options->is_boundary)
        return kfi_fail(error, KF_INVALID, "KF_BOUNDARY_CALLBACK needs is_boundary");
    find_iter *f = (find_iter *)kfi_iter_new(sizeof *f, &find_class, dict);
    *out = &f->iter;
    if (!f) return kfi_fail_memory(error, sizeof *f);
    f->text = (kf_bytes){ text, text_size };
    f->options = *options;
    kf_status status = kfi_array_reserve(&f->room, 16 * sizeof(kf_prefix_match), error);
    if (status) kf_iter_destroy(out);
    return status;
}
