#include "read/keys/by_key.h"

kfi_order kfi_codes_compare(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count, kf_bytes key,
                            size_t *at)
{
    const unsigned width = keys->code_width;
    const unsigned most = keys->parameters.character_bits ? 2 * KFI_TOKEN_MAX : 1;
    uint8_t text[4 * KFI_TOKEN_MAX];
    for (unsigned some; count; count -= some, bit += (uint64_t)some * width) {
        some = count < most ? (unsigned)count : most;
        const uint8_t *end = kfi_codes_append(keys, bits, bit, some, text, text + 2 * KFI_TOKEN_MAX);
        if (!end) return KFI_TEXT_BAD;
        for (const uint8_t *t = text; t < end; t++, ++*at) {
            if (*at == key.size) return KFI_TEXT_LONGER;
            if (*t != key.data[*at]) return *t < key.data[*at] ? KFI_TEXT_BELOW : KFI_TEXT_ABOVE;
        }
    }
    return KFI_TEXT_AGREES;
}

/* The same for an entry's label and tail. */
static kfi_order compare_entry(const kfi_key_way *w, const kfi_decoded *d, unsigned entry, size_t *at)
{
    const uint8_t label = d->label[entry];
    if (*at == w->key.size) return KFI_TEXT_LONGER;
    if (label != w->key.data[*at]) return label < w->key.data[*at] ? KFI_TEXT_BELOW : KFI_TEXT_ABOVE;
    *at += 1 - (d->escaped >> entry & 1);
    const uint64_t first = d->code[entry], bit = d->view.codes_at + first * w->keys->code_width;
    return kfi_codes_compare(w->keys, d->view.bits, bit, d->code[entry + 1] - first, w->key, at);
}

/* Stays at an entry that begins with the key, or makes the jump that it is. `base`: of the bucket's ranks. */
static kfi_step take_entry(kfi_key_way *w, const kfi_decoded *d, unsigned entry, uint64_t base, kfi_order o, size_t at)
{
    unsigned next = entry + 1;
    while (next < d->view.count && w->depth + d->lcp[next] >= w->key.size) next++;
    w->first = base + kfi_decoded_rank(d, entry);
    if (next < d->view.count) w->end = base + kfi_decoded_rank(d, next);
    if (o == KFI_TEXT_LONGER || !kfi_decoded_is_jump(d, entry)) return KFI_STEP_FOUND;
    w->depth = at;
    return kfi_bucket_target(w->keys, &d->view, entry, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

static kfi_step step_in_bucket(kfi_key_way *w)
{
    kfi_decoded d;
    if (!kfi_bucket_decode(w->keys, w->place, (uint32_t)w->depth, &d)) return KFI_STEP_CORRUPT;
    w->final = d.view.final;
    const uint64_t base = w->first + (unsigned)d.view.final;
    size_t at = w->depth;   /* so far the key agrees with the entry before, which is below it */
    for (unsigned entry = 0; entry < d.view.count; entry++) {
        const size_t shared = w->depth + d.lcp[entry];
        if (shared > at) continue;
        const kfi_order o = shared < at ? KFI_TEXT_ABOVE : compare_entry(w, &d, entry, &at);
        if (o == KFI_TEXT_BAD) return KFI_STEP_CORRUPT;
        if (o == KFI_TEXT_BELOW) continue;
        if (o == KFI_TEXT_ABOVE) return kfi_way_absent(w, base + kfi_decoded_rank(&d, entry));
        if (o == KFI_TEXT_AGREES && at < w->key.size && !kfi_decoded_is_jump(&d, entry)) continue;
        return take_entry(w, &d, entry, base, o, at);
    }
    return kfi_way_absent(w, w->end);
}

kfi_step kfi_step_by_key(kfi_key_way *w)
{
    if (kfi_is_node(w->place.at)) return kfi_step_by_key_in_node(w);
    w->final = 0;
    return w->depth == w->key.size ? KFI_STEP_FOUND : step_in_bucket(w);
}

kf_status kfi_prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    kfi_key_way way = kfi_key_way_begin(keys, prefix);
    kfi_step step = KFI_STEP_FOUND;
    if (keys->parameters.root_kind == KFI_ROOT_CONTAINER) {
        do step = kfi_step_by_key(&way);
        while (step == KFI_STEP_ON);
    } else if (prefix.size) {
        way.first = way.end;
    }
    *first = way.first;
    *end = way.end;
    if (step == KFI_STEP_CORRUPT || way.end < way.first || way.end > keys->count) return KF_CORRUPT;
    return KF_OK;
}

kf_status kfi_lower_bound(const kfi_keys *keys, kf_bytes key, uint64_t *ordinal)
{
    uint64_t end;
    return kfi_prefix_range(keys, key, ordinal, &end);
}
