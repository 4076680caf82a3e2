/* Keys that occur in a text: at each place where one may begin, a descent in the dictionary along the text
 * that notes the keys on its way; in a dictionary of several members, in the one to which the text leads. Where keys
 * are in a normal form, the descents follow that of the text, and a map leads back (base/normal_map.h). */
#include "base/array.h"
#include "base/normal_map.h"
#include "base/options.h"
#include "query/text_boundary.h"
#include "read/iter.h"
#include "read/part.h"
#include "read/shards/descent_shards.h"

#include <keyfold/text.h>

#include <stdlib.h>

typedef struct find_iter {
    kf_iter iter;
    kf_bytes text;
    kf_bytes form;                   /* what is descended along: the text, or its normal form */
    kfi_normal_map *map;             /* between the two; NULL: they are the same */
    kf_find_options options;
    const kf_dict *whole, *member;   /* `member`: where the descent is, whose ordinals are */
    uint64_t base;                   /* `base` less than those of the whole */
    kfi_descents descents;       /* of a plain dictionary, */
    kfi_text_shards shards;      /* and of one that has shards */
    kfi_normal_place place;      /* the keys that begin there are matches[at..count), shortest first */
    kfi_normal_place next;       /* where to look after that */
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

/* Goes to the member that the text leads to, and notes the keys of those before it. */
static kf_status enter_member(find_iter *f, kfi_descents **descents)
{
    const kfi_shards *shards = f->whole->shards;
    size_t shard, before;
    kf_status status = kfi_text_shards_find(&f->shards, f->place.here, &shard, &before);
    if (status) return status;
    status = kfi_shards_member(shards, shard, &f->member);
    if (status) return status;
    f->base = shards->first[shard];
    *descents = &f->shards.member[shard].descents;
    if (!before) return KF_OK;
    return kfi_array_append(&f->room, f->shards.member[shard].before, before * sizeof(kf_prefix_match), NULL);
}

static int has_text_keys(const kf_dict *plain)
{
    return plain->keys.parameters.root_kind == KFI_ROOT_CONTAINER;   /* else none but the empty one */
}

/* Notes the keys that begin at f->place. */
static kf_status descend(find_iter *f)
{
    enum { ROOM = KFI_DESCENT_ROOM * sizeof(kf_prefix_match) };
    kfi_array *room = &f->room;
    kfi_descents *descents = &f->descents;
    kfi_step step = KFI_STEP_ON;
    room->size = 0;
    if (f->whole->shards) {
        kf_status status = enter_member(f, &descents);
        if (status) return status;
        if (!has_text_keys(f->member)) step = KFI_STEP_ABSENT;
    }
    const size_t before = room->size / sizeof(kf_prefix_match);
    for (int begun = 0; step == KFI_STEP_ON; begun = 1) {
        size_t count;
        if (room->capacity - room->size < ROOM && kfi_array_reserve(room, ROOM, NULL)) return KF_NO_MEMORY;
        kf_prefix_match *notes = (kf_prefix_match *)(void *)(room->data + room->size);
        size_t most = (room->capacity - room->size) / sizeof *notes;
        step = begun ? kfi_descents_go_on(descents, notes, most, &count)
                     : kfi_descents_begin(descents, f->place.here, notes, most, &count);
        room->size += count * sizeof *notes;
    }
    f->at = 0;
    f->count = room->size / sizeof(kf_prefix_match);
    kf_prefix_match *found = (kf_prefix_match *)(void *)room->data;
    for (size_t i = before; f->base && i < f->count; i++) found[i].ordinal += f->base;
    return step == KFI_STEP_CORRUPT ? KF_CORRUPT : KF_OK;
}

/* Where a match ends. 0: within what one character of the text became. */
static int find_end(const find_iter *f, size_t size, kfi_normal_place *end)
{
    const size_t here = f->place.here + size;
    if (f->map && !kfi_normal_map_between(f->map, here)) return 0;
    *end = f->map ? kfi_normal_map_go(f->map, f->place, here) : (kfi_normal_place){ here, here };
    return 1;
}

/* Whether the key is one to return; makes it the current one. */
static int keep(find_iter *f, kf_prefix_match match, kfi_normal_place *end, kf_entry *entry)
{
    const kf_find_options *o = &f->options;
    if (!match.size || !find_end(f, match.size, end) || !is_boundary(f, end->there)) return 0;
    entry->key = (kf_bytes){ f->form.data + f->place.here, match.size };
    entry->ordinal = match.ordinal;
    f->iter.match.position = f->place.there;
    f->iter.match.length = end->there - f->place.there;
    f->iter.current = 1;   /* the filter may ask for the value */
    return !o->filter || o->filter(o->filter_context, &f->iter, entry);
}

static void step(const find_iter *f, kfi_normal_place *place)
{
    if (f->map) *place = kfi_normal_map_next(f->map, *place);
    else place->there = ++place->here;
}

/* Whose the key is. */
static kf_status find_member(find_iter *f, uint64_t ordinal)
{
    f->iter.dict = f->member;
    f->iter.ordinal = ordinal - f->base;
    if (__builtin_expect(ordinal >= f->base, 1)) return f->iter.ordinal < f->member->keys.count ? KF_OK : KF_CORRUPT;
    f->iter.ordinal = ordinal;
    f->iter.dict = f->whole;
    return kfi_member_of(&f->iter.dict, &f->iter.ordinal);
}

static kf_status find_next(kf_iter *iter, kf_entry *entry)
{
    find_iter *f = (find_iter *)iter;
    const int longest = f->options.overlap == KF_OVERLAP_LONGEST;
    for (;;) {
        const kf_prefix_match *matches = (const kf_prefix_match *)(const void *)f->room.data;
        while (f->at < f->count) {
            kf_prefix_match match = matches[longest ? --f->count : f->at++];
            kfi_normal_place end;
            kf_status status = find_member(f, match.ordinal);
            if (status) return status;
            if (!keep(f, match, &end, entry)) continue;
            if (longest) {
                f->count = 0;
                f->next = end;
            }
            return KF_OK;
        }
        while (f->next.here < f->form.size && !is_boundary(f, f->next.there)) step(f, &f->next);
        if (f->next.here == f->form.size) return KF_END;
        f->place = f->next;
        step(f, &f->next);
        kf_status status = descend(f);
        if (status) return status;
    }
}

static void find_destroy(kf_iter *iter)
{
    find_iter *f = (find_iter *)iter;
    kfi_descents_destroy(&f->descents);
    kfi_text_shards_destroy(&f->shards);
    kfi_array_free(&f->room);
    if (f->map) kfi_normal_map_destroy(f->map);
    free(f->map);
}

/* Makes the text's normal form what is descended along. KF_NO_MEMORY. */
static kf_status make_normal(find_iter *f, uint32_t flags)
{
    f->map = malloc(sizeof *f->map);
    if (!f->map) return KF_NO_MEMORY;
    kf_status status = kfi_normal_map_create(f->map, flags, f->text, SIZE_MAX);
    if (status) return status;
    f->form = kfi_normal_map_form(f->map);
    if (f->form.size) f->next = kfi_normal_map_first(f->map);
    return KF_OK;
}

static const kfi_iter_class find_class = { NULL, find_next, NULL, NULL, find_destroy };

KFI_STRUCT_KIND(options_kind, kf_find_options, KF_FIND_OPTIONS_INIT, filter_context, filter_context);

kf_status kf_iter_create_find(kf_iter **out, const kf_dict *dict, const void *text, size_t text_size,
                       const kf_find_options *options, kf_error *error)
{
    kf_find_options known;
    *out = NULL;
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (status) return status;
    if ((unsigned)known.overlap > KF_OVERLAP_LONGEST || (unsigned)known.boundary > KF_BOUNDARY_CALLBACK)
        return kfi_fail(error, KF_INVALID, "the overlap or the boundary is out of range");
    if (known.boundary == KF_BOUNDARY_CALLBACK && !known.is_boundary)
        return kfi_fail(error, KF_INVALID, "KF_BOUNDARY_CALLBACK needs is_boundary");
    find_iter *f = (find_iter *)kfi_iter_new(sizeof *f, &find_class, dict);
    if (!f) return kfi_fail_memory(error, sizeof *f);
    *out = &f->iter;
    f->form = f->text = (kf_bytes){ text, text_size };
    f->options = known;
    f->whole = f->member = dict;
    if (dict->header.normalise) status = make_normal(f, dict->header.normalise);
    if (!status && dict->shards)
        status = kfi_text_shards_create(&f->shards, dict->shards, f->form.data, f->form.size);
    else if (!status && has_text_keys(dict))
        status = kfi_descents_create(&f->descents, &dict->keys, dict->search, f->form.data, f->form.size);
    else f->next.here = f->form.size;
    if (!status) return KF_OK;
    kf_iter_destroy(out);
    return kfi_shards_told(dict, status, error) ? status : kfi_fail_memory(error, text_size);
}
