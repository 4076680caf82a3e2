#include "read/search/descent.h"

#include "read/keys/node_decode.h"

#include <stdlib.h>

/* Bytes of the text by which slots are found first, and then. */
enum { NEAR = 4, FAR = 8 };

enum { SHORT_TEXT = 2048, SLOT_BITS_MIN = 7, SLOT_BITS_MAX = 12 };

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

/* How many bytes of an edge's label after its first agree with bytes[0..left); *whole: all of it do. -1 on
 * damage. */
static int match_edge(const kfi_keys *keys, const kfi_node *n, unsigned edge, const uint8_t *bytes,
                      size_t left, int *whole)
{
    const unsigned width = kfi_code_width(keys);
    const uint8_t *bits;
    uint64_t codes;
    int same = 0;
    *whole = 0;
    if (!kfi_node_edge_codes(keys, n, edge, &bits, &codes)) return -1;
    for (uint64_t bit = 0; codes; codes--, bit += width) {
        uint8_t text[4 * KFI_TOKEN_MAX];
        const uint8_t *end = kfi_codes_append(keys, bits, bit, 1, text, text + 2 * KFI_TOKEN_MAX);
        if (!end) return -1;
        for (const uint8_t *p = text; p < end; p++, same++)
            if ((size_t)same == left || *p != bytes[same]) return same;
    }
    *whole = 1;
    return same;
}

/* Goes down one node; 0 when the descent is to stop at what `start` says. */
static int start_node(const kfi_keys *keys, kfi_start *start, const uint8_t *bytes)
{
    const kfi_place place = { start->at, keys->tree + keys->tree_size };
    kfi_place next;
    kfi_node n;
    start->step = KFI_STEP_CORRUPT;
    if (!kfi_node_parse(&n, place)) return 0;
    start->step = KFI_STEP_ON;
    if (start->depth == NEAR) return 0;
    const uint8_t label = bytes[start->depth];
    const uint64_t first = start->rank + (unsigned)n.final;
    unsigned i = 0, depth = start->depth;
    int whole, same = 0;
    while (i < n.bigs && n.big_label[i] < label) i++;
    const int big = i < n.bigs && n.big_label[i] == label;
    if (big) {
        size_t left = NEAR - 1 - depth;
        same = match_edge(keys, &n, i, bytes + depth + 1, left, &whole);
        if (same >= 0 && !whole && (size_t)same == left) return 0;   /* more bytes must tell */
    }
    if (n.final && depth) {
        start->sizes[start->count] = (uint8_t)depth;
        start->ordinals[start->count++] = start->rank;
    }
    start->step = KFI_STEP_CORRUPT;
    start->rank = first + kfi_node_bigs_before(&n, i);
    if (big) {
        if (same < 0 || !kfi_node_child(keys, &n, i, &next)) return 0;
        start->step = whole ? KFI_STEP_ON : KFI_STEP_ABSENT;
        start->rank += kfi_node_smalls_before(&n, i);
        start->depth = (uint8_t)(depth + 1 + (unsigned)same);
        start->at = next.at;
        return whole && next.at[0] & 0x80;
    }
    start->step = KFI_STEP_ABSENT;
    if (!n.buckets) return 0;
    start->step = KFI_STEP_CORRUPT;
    unsigned j = kfi_node_bucket_of(&n, label);
    start->rank += kfi_node_buckets_before(&n, j);
    if (!kfi_node_bucket(&n, j, &next) || next.at[0] & 0x80) return 0;
    start->at = next.at;
    start->step = KFI_STEP_ON;
    return 0;
}

/* Fills a slot with where the first nodes lead: each takes a byte at least. */
static __attribute__((noinline)) void fill(const kfi_keys *keys, kfi_start *start, uint64_t bytes)
{
    uint8_t text[FAR];
    kfi_store64(text, bytes);
    *start = (kfi_start){ .bytes = bytes, .known = NEAR, .step = KFI_STEP_ON };
    start->at = keys->tree + keys->parameters.root;
    if (!(start->at[0] & 0x80)) return;
    while (start_node(keys, start, text)) {}
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
static void keep(kfi_descents *d, kfi_start *near, uint64_t bytes, const kf_prefix_match *notes, size_t count)
{
    const size_t seen = d->search.depth + 1;
    kfi_start *start = near;
    if (seen > FAR || count > KFI_START_NOTES) return;
    if (seen > NEAR) {
        start = slot(d, bytes);
        *start = (kfi_start){ .bytes = bytes, .known = FAR, .rank = d->number };
    }
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
    const uint64_t bytes = kfi_load64(text), few = (bytes & UINT32_MAX) | (uint64_t)d->number << 32;
    kfi_start *near = slot(d, few);
    if (__builtin_expect(near->known != NEAR || near->bytes != few, 0)) fill(d->keys, near, few);
    *count = copy_notes(near, notes);
    if (near->step != KFI_STEP_ON) return near->step;
    const kfi_start *far = slot(d, bytes);
    if (far->known == FAR && far->bytes == bytes && far->rank == d->number) {
        *count = copy_notes(far, notes);
        return far->step;
    }
    s->in_bucket = 0;
    s->key = text;   /* the tail is that of the whole text */
    s->size = size;
    s->tail_start = size - 16;
    s->place = (kfi_place){ near->at, d->keys->tree + d->keys->tree_size };
    s->rank = near->rank;
    s->depth = near->depth;
    size_t more;
    kfi_step step = d->variant->prefixes(d->keys, s, notes + *count, room - *count, &more);
    *count += more;
    if (step == KFI_STEP_ABSENT) keep(d, near, bytes, notes, *count);
    return step;
}
