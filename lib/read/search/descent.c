#include "read/search/descent.h"

#include "read/keys/by_key.h"

#include <stdlib.h>

enum {
    BYTES = 4,                 /* of the text, by which slots are found */
    AHEAD = 8,                 /* so many places from here on, the slot is fetched */
    SHORT_TEXT = 2048, SLOT_BITS_MIN = 7, SLOT_BITS_MAX = 15
};

kf_status kfi_descents_create(kfi_descents *d, const kfi_keys *keys, const kfi_search_variant *variant,
                              const uint8_t *text, size_t size)
{
    unsigned bits = SLOT_BITS_MIN;
    *d = (kfi_descents){ .keys = keys, .variant = variant, .text = text, .size = size };
    kfi_search_text(&d->search, keys, text, size);
    if (size < SHORT_TEXT) return KF_OK;
    while (bits < SLOT_BITS_MAX && size >> bits > 16) bits++;
    d->shift = 64 - bits;
    const size_t bytes = sizeof *d->starts << bits;
    d->starts = aligned_alloc(sizeof *d->starts, bytes);
    if (!d->starts) return KF_NO_MEMORY;
    memset(d->starts, 0, bytes);
    return KF_OK;
}

void kfi_descents_destroy(kfi_descents *d)
{
    free(d->starts);
    d->starts = NULL;
}

void kfi_descents_join(kfi_descents *d, const kfi_descents *owner, const kfi_keys *keys,
                       const kfi_search_variant *variant, uint32_t number)
{
    *d = *owner;
    d->keys = keys;
    d->variant = variant;
    d->number = number;
    kfi_search_text(&d->search, keys, d->text, d->size);
}

/* Fills a slot with where the first nodes lead. */
static __attribute__((noinline)) void fill(const kfi_keys *keys, kfi_start *start, uint64_t bytes)
{
    uint8_t text[sizeof bytes];
    kfi_store64(text, bytes);
    kfi_key_way way = kfi_key_way_begin(keys, (kf_bytes){ text, BYTES });
    *start = (kfi_start){ .bytes = bytes, .known = 1, .step = KFI_STEP_ON, .at = way.place.at };
    while (start->step == KFI_STEP_ON && kfi_is_node(way.place.at)) {
        const kfi_step step = kfi_step_by_key_in_node(&way);
        if (step == KFI_STEP_FOUND) return;   /* more bytes must tell */
        if (way.final && start->depth) {
            start->sizes[start->count] = start->depth;
            start->ordinals[start->count++] = start->rank;
        }
        start->step = (uint8_t)step;
        start->depth = (uint8_t)way.depth;
        start->rank = way.first;
        start->at = way.place.at;
    }
}

static inline kfi_start *slot(const kfi_descents *d, uint64_t bytes)
{
    return &d->starts[bytes * 0x9e3779b97f4a7c15u >> d->shift];
}

static inline size_t copy_notes(const kfi_start *start, kf_prefix_match *notes)
{
    for (unsigned i = 0; i < KFI_START_NOTES; i++)
        notes[i] = (kf_prefix_match){ start->sizes[i], start->ordinals[i] };
    return start->count;
}

/* Keeps how a descent ended, if few bytes made it so. */
static void keep(const kfi_descents *d, kfi_start *start, const kf_prefix_match *notes, size_t count)
{
    if (d->search.depth >= BYTES || count > KFI_START_NOTES) return;
    start->step = KFI_STEP_ABSENT;
    start->count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        start->sizes[i] = (uint8_t)notes[i].size;
        start->ordinals[i] = notes[i].ordinal;
    }
}

kfi_step kfi_descents_begin(kfi_descents *d, size_t place, kf_prefix_match *notes, size_t room, size_t *count)
{
    kfi_search *s = &d->search;
    const size_t size = d->size - place;
    const uint8_t *text = d->text + place;
    if (!d->starts || size < 16) {
        kfi_search_text(s, d->keys, text, size);
        return d->variant->prefixes(d->keys, s, notes, room, count);
    }
    const uint64_t number = (uint64_t)d->number << 32, bytes = kfi_load32(text) | number;
    if (size > AHEAD + 16) kfi_prefetch(slot(d, kfi_load32(text + AHEAD) | number));
    kfi_start *start = slot(d, bytes);
    if (__builtin_expect(!start->known || start->bytes != bytes, 0)) fill(d->keys, start, bytes);
    *count = copy_notes(start, notes);
    if (start->step != KFI_STEP_ON) return start->step;
    s->in_bucket = 0;
    s->key = text;   /* the tail is that of the whole text */
    s->size = size;
    s->tail_start = size - 16;
    s->place = (kfi_place){ start->at, d->keys->tree + d->keys->tree_size };
    s->rank = start->rank;
    s->depth = start->depth;
    size_t more;
    kfi_step step = d->variant->prefixes(d->keys, s, notes + *count, room - *count, &more);
    *count += more;
    if (step == KFI_STEP_ABSENT) keep(d, start, notes, *count);
    return step;
}
