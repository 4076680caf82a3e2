#include "read/node_decode.h"
#include "read/order.h"

/* A descent along a text, noting the keys that end on it: text[0..depth) leads to the container at
 * `place`, whose first key has ordinal `first`. */
typedef struct descent {
    const kfi_keys *keys;
    const uint8_t *text;
    size_t size, depth;
    kfi_place place;
    uint64_t first;
    kf_prefix_match *matches;
    size_t capacity, count;      /* capacity 0: only the last match, in matches[0] */
} descent;

enum { DAMAGED, GO_ON, DONE };

/* 0 when there is no room for more. */
static int note(descent *t, size_t size, uint64_t ordinal)
{
    size_t at = t->capacity ? t->count : 0;
    t->matches[at] = (kf_prefix_match){ size, ordinal };
    t->count = at + 1;
    return t->count != t->capacity;
}

/* How many bytes of the codes agree with text[at..]; -1 on damage. `*whole`: all do. */
static ptrdiff_t match_codes(const descent *t, const uint8_t *bits, uint64_t bit, uint64_t count, size_t at,
                             int *whole)
{
    const unsigned width = kfi_code_width(t->keys);
    const unsigned most = t->keys->parameters.character_bits ? 2 * KFI_TOKEN_MAX : 1;
    const size_t from = at;
    uint8_t text[4 * KFI_TOKEN_MAX];
    *whole = 0;
    while (count) {
        unsigned step = count < most ? (unsigned)count : most;
        const uint8_t *end = kfi_codes_append(t->keys, bits, bit, step, text, text + 2 * KFI_TOKEN_MAX);
        if (!end) return -1;
        for (const uint8_t *p = text; p < end; p++, at++)
            if (at == t->size || *p != t->text[at]) return (ptrdiff_t)(at - from);
        bit += (uint64_t)step * width;
        count -= step;
    }
    *whole = 1;
    return (ptrdiff_t)(at - from);
}

static int match_bucket(descent *t)
{
    kfi_decoded d;
    if (!kfi_bucket_decode(t->keys, t->place, (uint32_t)t->depth, &d)) return DAMAGED;
    if (d.view.final && !note(t, t->depth, t->first)) return DONE;
    t->first += (unsigned)d.view.final;
    size_t matched = t->depth;
    for (unsigned entry = 0; entry < d.view.count && matched < t->size; entry++) {
        /* The entry that can go on where the text and an entry before have parted. */
        size_t shared = t->depth + (size_t)d.lcp[entry];
        int whole;
        if (shared < matched) break;
        if (shared > matched || d.label[entry] != t->text[matched]) continue;
        matched += 1 - (d.escaped >> entry & 1);
        ptrdiff_t same = match_codes(t, d.view.bits,
                                     d.view.codes_at + (uint64_t)d.code[entry] * kfi_code_width(t->keys),
                                     d.code[entry + 1] - d.code[entry], matched, &whole);
        if (same < 0) return DAMAGED;
        matched += (size_t)same;
        if (!whole) continue;
        uint64_t ordinal = t->first + kfi_decoded_rank(&d, entry);
        if (kfi_decoded_is_jump(&d, entry)) {
            t->first = ordinal;
            t->depth = matched;
            return kfi_bucket_target(t->keys, &d.view, entry, &t->place) ? GO_ON : DAMAGED;
        }
        if (!note(t, matched, ordinal)) return DONE;
    }
    return DONE;
}

static int match_node(descent *t)
{
    kfi_node n;
    if (t->place.end != t->keys->tree + t->keys->tree_size || !kfi_node_parse(&n, t->place)) return DAMAGED;
    if (n.final && !note(t, t->depth, t->first)) return DONE;
    if (t->depth == t->size) return DONE;
    t->first += (unsigned)n.final;
    uint8_t label = t->text[t->depth];
    unsigned i = 0;
    while (i < n.bigs && n.big_label[i] < label) i++;
    t->first += kfi_node_bigs_before(&n, i);
    if (i < n.bigs && n.big_label[i] == label) {
        const uint8_t *bits;
        uint64_t codes;
        int whole;
        if (!kfi_node_edge_codes(t->keys, &n, i, &bits, &codes)) return DAMAGED;
        ptrdiff_t same = match_codes(t, bits, 0, codes, t->depth + 1, &whole);
        if (same < 0) return DAMAGED;
        if (!whole) return DONE;
        t->first += kfi_node_smalls_before(&n, i);
        t->depth += 1 + (size_t)same;
        return kfi_node_child(t->keys, &n, i, &t->place) ? GO_ON : DAMAGED;
    }
    if (!n.buckets) return DONE;
    unsigned j = kfi_node_bucket_of(&n, label);
    t->first += kfi_node_buckets_before(&n, j);
    if (!kfi_node_bucket(&n, j, &t->place) || t->place.at[0] & 0x80) return DAMAGED;
    return match_bucket(t);
}

kf_status kfi_prefixes(const kfi_keys *keys, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                       size_t *count)
{
    const kfi_keys_parameters *p = &keys->parameters;
    descent t = { .keys = keys, .text = text.data, .size = text.size,
                  .place = { keys->tree + p->root, keys->tree + keys->tree_size },
                  .matches = matches, .capacity = capacity };
    int step = p->root_kind == KFI_ROOT_CONTAINER ? GO_ON : DONE;
    if (p->root_kind == KFI_ROOT_EMPTY_KEY) note(&t, 0, 0);
    /* Each container takes a byte of the text at least. */
    while (step == GO_ON) step = t.place.at[0] & 0x80 ? match_node(&t) : match_bucket(&t);
    *count = t.count;
    return step == DONE ? KF_OK : KF_CORRUPT;
}
