#include "read/keys/node_decode.h"
#include "read/keys/order.h"

#include <stdlib.h>

/* A descent along a key: key[0..depth) leads to the container at `place`, which holds the ordinals
 * first .. end-1. */
typedef struct descent {
    const kfi_keys *keys;
    const uint8_t *key;
    size_t size, depth;
    kfi_place place;
    uint64_t first, end;
} descent;

enum { DAMAGED, GO_ON, DONE };   /* DONE: `first` is the answer */

/* How coded text compares with the key's rest. */
typedef enum order { TEXT_BELOW, TEXT_ABOVE, TEXT_EQUAL, TEXT_BEGINS, TEXT_BAD } order;

/* Compares the codes with key[at..size). `*matched` is where in the key the comparison ended. EQUAL:
 * the text is the key's rest; BEGINS: it is a proper prefix of that. */
static order compare_codes(const descent *c, const uint8_t *bits, uint64_t bit, uint64_t count, size_t at,
                           size_t *matched)
{
    const unsigned width = kfi_code_width(c->keys);
    uint8_t text[4 * KFI_TOKEN_MAX];
    const unsigned most = c->keys->parameters.character_bits ? 2 * KFI_TOKEN_MAX : 1;
    while (count) {
        unsigned step = count < most ? (unsigned)count : most;
        const uint8_t *end = kfi_codes_append(c->keys, bits, bit, step, text, text + 2 * KFI_TOKEN_MAX);
        bit += (uint64_t)step * width;
        count -= step;
        if (!end) return TEXT_BAD;
        for (const uint8_t *t = text; t < end; t++, at++) {
            *matched = at;
            if (at == c->size) return TEXT_ABOVE;
            if (*t != c->key[at]) return *t < c->key[at] ? TEXT_BELOW : TEXT_ABOVE;
        }
    }
    *matched = at;
    return at == c->size ? TEXT_EQUAL : TEXT_BEGINS;
}

/* The same for an entry's label and tail. */
static order compare_entry(const descent *c, const kfi_decoded *d, unsigned entry, size_t at, size_t *matched)
{
    *matched = at;
    if (at == c->size) return TEXT_ABOVE;
    if (d->label[entry] != c->key[at]) return d->label[entry] < c->key[at] ? TEXT_BELOW : TEXT_ABOVE;
    at += 1 - (d->escaped >> entry & 1);
    return compare_codes(c, d->view.bits,
                         d->view.codes_at + (uint64_t)d->code[entry] * kfi_code_width(c->keys),
                         d->code[entry + 1] - d->code[entry], at, matched);
}

/* `rest`: keys in the bucket and behind its jumps; entry e comes c->first + its rank. `tail_end` is the
 * ordinal after the bucket's last entry. */
static int bound_bucket(descent *c, const kfi_decoded *d, uint64_t tail_end)
{
    size_t matched = c->depth;
    for (unsigned entry = 0; entry < d->view.count; entry++) {
        /* The entry before is below the key and agrees with it up to `matched`. */
        size_t shared = c->depth + (size_t)d->lcp[entry];
        if (shared > matched) continue;
        order o = TEXT_ABOVE;
        if (shared == matched) o = compare_entry(c, d, entry, matched, &matched);
        if (o == TEXT_BAD) return DAMAGED;
        if (o == TEXT_BELOW) continue;
        int jump = kfi_decoded_is_jump(d, entry);
        if (o == TEXT_BEGINS && !jump) continue;
        uint64_t first = c->first;
        c->first += kfi_decoded_rank(d, entry);
        if (!jump || o != TEXT_BEGINS) return DONE;
        c->end = entry + 1 < d->view.count ? first + kfi_decoded_rank(d, entry + 1) : tail_end;
        c->depth = matched;
        return kfi_bucket_target(c->keys, &d->view, entry, &c->place) ? GO_ON : DAMAGED;
    }
    c->first = tail_end;
    return DONE;
}

static int bound_small(descent *c, const kfi_node *n, unsigned bigs)
{
    kfi_decoded d;
    unsigned j = kfi_node_bucket_of(n, c->key[c->depth]);
    uint64_t bigs_before = kfi_node_bigs_before(n, bigs);
    if (!n->buckets) {
        c->first += bigs_before;
        return DONE;
    }
    if (!kfi_node_bucket(n, j, &c->place) || c->place.at[0] & 0x80) return DAMAGED;
    if (!kfi_bucket_decode(c->keys, c->place, (uint32_t)c->depth, &d)) return DAMAGED;
    /* Keys of the node in all its buckets: what the child nodes leave. */
    uint64_t smalls = j + 1 < n->buckets ? kfi_node_buckets_before(n, j + 1)
                                         : c->end - c->first - kfi_node_bigs_before(n, n->bigs);
    uint64_t tail_end = c->first + bigs_before + smalls;
    c->first += bigs_before + kfi_node_buckets_before(n, j);
    return bound_bucket(c, &d, tail_end);
}

static int bound_node(descent *c)
{
    kfi_node n;
    if (c->place.end != c->keys->tree + c->keys->tree_size || !kfi_node_parse(&n, c->place)) return DAMAGED;
    if (c->depth == c->size) return DONE;
    c->first += (unsigned)n.final;
    uint8_t label = c->key[c->depth];
    unsigned i = 0;
    while (i < n.bigs && n.big_label[i] < label) i++;
    if (i == n.bigs || n.big_label[i] != label) return bound_small(c, &n, i);

    const uint8_t *path;
    uint64_t codes;
    size_t matched = c->depth + 1;
    uint64_t begin = c->first + kfi_node_bigs_before(&n, i) + kfi_node_smalls_before(&n, i);
    c->end = c->first + kfi_node_bigs_before(&n, i + 1) + kfi_node_smalls_before(&n, i);
    if (!kfi_node_edge_codes(c->keys, &n, i, &path, &codes)) return DAMAGED;
    order o = compare_codes(c, path, 0, codes, matched, &matched);
    if (o == TEXT_BAD) return DAMAGED;
    c->first = o == TEXT_BELOW ? c->end : begin;
    if (o != TEXT_BEGINS) return DONE;
    c->depth = matched;
    return kfi_node_child(c->keys, &n, i, &c->place) ? GO_ON : DAMAGED;
}

static int bound_root_bucket(descent *c)
{
    kfi_decoded d;
    if (!kfi_bucket_decode(c->keys, c->place, (uint32_t)c->depth, &d)) return DAMAGED;
    if (c->depth == c->size) return DONE;
    c->first += (unsigned)d.view.final;
    return bound_bucket(c, &d, c->end);
}

kf_status kfi_lower_bound(const kfi_keys *keys, kf_bytes key, uint64_t *ordinal)
{
    const kfi_keys_parameters *p = &keys->parameters;
    descent c = { keys, key.data, key.size, 0, { keys->tree + p->root, keys->tree + keys->tree_size },
                  0, keys->count };
    int step = GO_ON;
    *ordinal = 0;
    if (p->root_kind != KFI_ROOT_CONTAINER) {
        *ordinal = key.size ? keys->count : 0;
        return KF_OK;
    }
    /* Each container takes a byte of the key at least. */
    while (step == GO_ON) step = c.place.at[0] & 0x80 ? bound_node(&c) : bound_root_bucket(&c);
    *ordinal = c.first;
    return step == DONE && c.first <= keys->count ? KF_OK : KF_CORRUPT;
}

kf_status kfi_prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    uint8_t small[256];
    size_t size = prefix.size;
    kf_status status = kfi_lower_bound(keys, prefix, first);
    *end = keys->count;
    if (status) return status;
    if (prefix.size > keys->longest_key) {
        *end = *first;
        return KF_OK;
    }
    /* The keys with the prefix end where those begin that are at least the next string of no more
     * bytes: trailing ff dropped, the last byte one up. */
    while (size && prefix.data[size - 1] == 0xff) size--;
    if (!size) return KF_OK;
    uint8_t *next = size <= sizeof small ? small : malloc(size);
    if (!next) return KF_NO_MEMORY;
    memcpy(next, prefix.data, size);
    next[size - 1]++;
    status = kfi_lower_bound(keys, (kf_bytes){ next, size }, end);
    if (next != small) free(next);
    if (!status && *end < *first) status = KF_CORRUPT;
    return status;
}
