#include "read/keys/state.h"

#include "read/keys/bucket_cache.h"
#include "read/keys/node_decode.h"

#include <stdlib.h>

/*  NODE     a node; nothing is matched
 *  EDGE     inside the label of the edge to a child node
 *  ENTRIES  in a bucket: the entries entry..high-1 share `matched` bytes from the container's depth on. The
 *           first of them has bytes of its own there, or ends there and the prefix is a key. (If a jump
 *           ended there, the state would be its target.) */
enum state_kind { STATE_ENTRIES, STATE_NODE, STATE_EDGE };

kf_status kfi_states_create(kfi_states *states, const kfi_keys *keys)
{
    *states = (kfi_states){ .keys = keys };
    states->cache = kfi_bucket_cache_create();
    states->text = malloc((size_t)keys->longest_key + 2 * KFI_TOKEN_MAX);
    if (states->cache && states->text) return KF_OK;
    kfi_states_destroy(states);
    return KF_NO_MEMORY;
}

void kfi_states_destroy(kfi_states *states)
{
    free(states->cache);
    free(states->text);
    *states = (kfi_states){ 0 };
}

/* ---- texts ------------------------------------------------------------------------------------ */

/* Makes `text` the bytes of an entry after its lcp; 0 on damage. `s` gives container and depth. */
static int load_entry(kfi_states *states, const kfi_decoded *d, const kfi_state *s, unsigned entry)
{
    if (states->text_at == d->at && states->text_index == entry && d->any_depth) return 1;
    states->text_at = NULL;
    uint64_t from = (uint64_t)s->depth + d->lcp[entry];
    if (from > states->keys->longest_key) return 0;
    const uint8_t *end = kfi_decoded_append(states->keys, d, entry, states->text,
                                            states->text + (states->keys->longest_key - from));
    if (!end) return 0;
    states->text_size = (size_t)(end - states->text);
    states->text_at = d->at;
    states->text_index = entry;
    return 1;
}

/* Makes `text` the label of the edge to a child node. */
static int load_edge(kfi_states *states, const kfi_node *n, uint32_t depth, unsigned big)
{
    if (states->text_at == n->at && states->text_index == big) return 1;
    states->text_at = NULL;
    const uint8_t *end = kfi_node_edge_append(states->keys, n, big, states->text,
                                              states->text + (states->keys->longest_key - depth));
    if (!end) return 0;
    states->text_size = (size_t)(end - states->text);
    states->text_at = n->at;
    states->text_index = big;
    return 1;
}

/* ---- making states ---------------------------------------------------------------------------- */

static int parse_node(const kfi_states *states, const uint8_t *at, kfi_node *n)
{
    kfi_place place = kfi_place_of(states->keys, at);
    return place.end == states->keys->tree + states->keys->tree_size && kfi_node_parse(n, place);
}

/* The state at a container; `depth` <= the longest key. */
static kf_status enter(kfi_states *states, const uint8_t *at, uint32_t depth, uint64_t ordinal, uint64_t keys,
                       kfi_state *s)
{
    kfi_node n;
    *s = (kfi_state){ .ordinal = ordinal, .keys = keys, .depth = depth, .at = at, .end = ordinal + keys };
    if (at[0] & 0x80) {
        if (!parse_node(states, at, &n)) return KF_CORRUPT;
        s->kind = STATE_NODE;
        s->final = n.final;
    } else {
        const kfi_decoded *d = kfi_bucket_cached(states->cache, states->keys, at, depth);
        if (!d) return KF_CORRUPT;
        s->kind = STATE_ENTRIES;
        s->final = d->view.final;
        s->high = (uint8_t)d->view.count;
    }
    s->base = ordinal + (unsigned)s->final;
    return KF_OK;
}

kf_status kfi_state_root(kfi_states *states, kfi_state *root)
{
    const kfi_keys *keys = states->keys;
    *root = (kfi_state){ .keys = keys->count, .final = keys->parameters.root_kind == KFI_ROOT_EMPTY_KEY };
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) return KF_OK;
    return enter(states, keys->tree + keys->parameters.root, 0, 0, keys->count, root);
}

/* The state of entries low..high-1, whose first `matched` bytes agree. `s` gives the bucket; it may be
 * `child`. */
static kf_status make_entries(kfi_states *states, const kfi_decoded *d, const kfi_state *s, unsigned low,
                              unsigned high, uint32_t matched, kfi_state *child)
{
    kfi_state made = *s;
    uint64_t end = high < d->view.count ? s->base + kfi_decoded_rank(d, high) : s->end;
    made.entry = (uint8_t)low;
    made.high = (uint8_t)high;
    made.matched = matched;
    made.kind = STATE_ENTRIES;
    made.ordinal = s->base + kfi_decoded_rank(d, low);
    made.keys = end - made.ordinal;
    made.final = 0;
    if (!load_entry(states, d, s, low)) return KF_CORRUPT;
    if (d->lcp[low] + states->text_size == matched) {
        kfi_place target;
        made.final = !kfi_decoded_is_jump(d, low);
        if (!made.final) {
            if (high != low + 1 || !kfi_bucket_target(states->keys, &d->view, low, &target))
                return KF_CORRUPT;
            return enter(states, target.at, s->depth + matched, made.ordinal, made.keys, child);
        }
    }
    *child = made;
    return KF_OK;
}

/* The state after the first `matched` bytes of the edge to a child node. */
static kf_status make_edge(kfi_states *states, const kfi_node *n, const kfi_state *s, unsigned big,
                           uint32_t matched, kfi_state *child)
{
    kfi_place place;
    if (!load_edge(states, n, s->depth, big)) return KF_CORRUPT;
    if (matched < states->text_size) {
        *child = (kfi_state){ .ordinal = s->ordinal, .keys = s->keys, .kind = STATE_EDGE,
                              .big = (uint16_t)big, .depth = s->depth, .matched = matched, .at = n->at };
        return KF_OK;
    }
    if (!kfi_node_child(states->keys, n, big, &place)) return KF_CORRUPT;
    return enter(states, place.at, s->depth + matched, s->ordinal, s->keys, child);
}

/* ---- children --------------------------------------------------------------------------------- */

/* The entry after `entry` that does not go on with its bytes at `matched`. */
static unsigned next_sibling(const kfi_decoded *d, unsigned entry, unsigned high, uint32_t matched)
{
    do entry++;
    while (entry < high && d->lcp[entry] > matched);
    return entry;
}

/* The byte by which entry `entry` of a state goes on; -1 when the entry ends there, -2 on damage. */
static int own_byte(kfi_states *states, const kfi_decoded *d, const kfi_state *s, unsigned entry)
{
    if (entry != s->entry) return d->label[entry];
    uint32_t at = s->matched - d->lcp[entry];
    if (s->matched < d->lcp[entry] || !load_entry(states, d, s, entry) || at > states->text_size) return -2;
    return at < states->text_size ? states->text[at] : -1;
}

/* Sets `d` to the state's bucket; 0 on damage. */
static int bucket_of(kfi_states *states, const kfi_state *s, const kfi_decoded **d)
{
    *d = kfi_bucket_cached(states->cache, states->keys, s->at, s->depth);
    return *d != NULL;
}

static kf_status next_in_entries(kfi_states *states, const kfi_state *s, kfi_children *c, uint8_t *label,
                                 kfi_state *child)
{
    const kfi_decoded *d;
    if (s->entry >= s->high) return KF_END;   /* the root of a dictionary without containers */
    if (!bucket_of(states, s, &d)) return KF_CORRUPT;
    unsigned entry = c->begun ? c->entry : s->entry;
    int byte = -1;
    c->begun = 1;
    while (byte == -1) {
        if (entry >= s->high) return KF_END;
        if (entry > s->entry && d->lcp[entry] != s->matched) return KF_CORRUPT;
        byte = own_byte(states, d, s, entry);
        if (byte == -2) return KF_CORRUPT;
        c->entry = next_sibling(d, entry, s->high, s->matched);
        if (byte == -1) entry = c->entry;
    }
    *label = (uint8_t)byte;
    return make_entries(states, d, s, entry, c->entry, s->matched + 1, child);
}

/* Bucket j of a node, as a state whose entries are all of it. `bigs`: child nodes before the run meant. */
static int node_bucket(kfi_states *states, const kfi_node *n, const kfi_state *s, unsigned j, unsigned bigs,
                       kfi_state *bucket, const kfi_decoded **d)
{
    kfi_place place;
    if (!kfi_node_bucket(n, j, &place) || place.at[0] & 0x80) return 0;
    uint64_t smalls = j + 1 < n->buckets ? kfi_node_buckets_before(n, j + 1)
                                         : s->ordinal + s->keys - s->base - kfi_node_bigs_before(n, n->bigs);
    uint64_t first = s->base + kfi_node_bigs_before(n, bigs);
    *bucket = (kfi_state){ .kind = STATE_ENTRIES, .depth = s->depth, .at = place.at,
                           .base = first + kfi_node_buckets_before(n, j), .end = first + smalls };
    return bucket_of(states, bucket, d);
}

static kf_status node_big(kfi_states *states, const kfi_node *n, const kfi_state *s, unsigned big,
                          kfi_state *child)
{
    kfi_state from = *s;
    uint64_t before = kfi_node_bigs_before(n, big);
    from.ordinal = s->base + before + kfi_node_smalls_before(n, big);
    from.keys = kfi_node_bigs_before(n, big + 1) - before;
    return make_edge(states, n, &from, big, 1, child);
}

static kf_status next_in_node(kfi_states *states, const kfi_state *s, kfi_children *c, uint8_t *label,
                              kfi_state *child)
{
    kfi_node n;
    kfi_state bucket;
    const kfi_decoded *d = NULL;
    if (!parse_node(states, s->at, &n)) return KF_CORRUPT;
    for (; c->bucket < n.buckets; c->bucket++, c->entry = 0) {
        if (!node_bucket(states, &n, s, c->bucket, c->big, &bucket, &d)) return KF_CORRUPT;
        if (c->entry < d->view.count) break;
        d = NULL;
    }
    if (c->big < n.bigs && (!d || n.big_label[c->big] < d->label[c->entry])) {
        *label = n.big_label[c->big];
        return node_big(states, &n, s, c->big++, child);
    }
    if (!d) return KF_END;
    unsigned low = c->entry;
    *label = d->label[low];
    c->entry = next_sibling(d, low, d->view.count, 0);
    return make_entries(states, d, &bucket, low, c->entry, 1, child);
}

static kf_status step_edge(kfi_states *states, const kfi_state *s, uint8_t *label, kfi_state *child)
{
    kfi_node n;
    if (!parse_node(states, s->at, &n) || s->big >= n.bigs) return KF_CORRUPT;
    if (!load_edge(states, &n, s->depth, s->big) || s->matched >= states->text_size) return KF_CORRUPT;
    *label = states->text[s->matched];
    return make_edge(states, &n, s, s->big, s->matched + 1, child);
}

kf_status kfi_state_next(kfi_states *states, const kfi_state *s, kfi_children *c, uint8_t *label,
                         kfi_state *child)
{
    if (s->kind == STATE_NODE) return next_in_node(states, s, c, label, child);
    if (s->kind == STATE_ENTRIES) return next_in_entries(states, s, c, label, child);
    if (c->begun) return KF_END;
    c->begun = 1;
    return step_edge(states, s, label, child);
}

static kf_status child_of_entries(kfi_states *states, const kfi_state *s, uint8_t label, kfi_state *child)
{
    const kfi_decoded *d;
    if (s->entry >= s->high) return KF_NOT_FOUND;
    if (!bucket_of(states, s, &d)) return KF_CORRUPT;
    for (unsigned entry = s->entry; entry < s->high; ) {
        unsigned next = next_sibling(d, entry, s->high, s->matched);
        int byte = own_byte(states, d, s, entry);
        if (byte == -2) return KF_CORRUPT;
        if (byte == label) return make_entries(states, d, s, entry, next, s->matched + 1, child);
        entry = next;
    }
    return KF_NOT_FOUND;
}

static kf_status child_of_node(kfi_states *states, const kfi_state *s, uint8_t label, kfi_state *child)
{
    kfi_node n;
    kfi_state bucket;
    const kfi_decoded *d;
    unsigned big = 0;
    if (!parse_node(states, s->at, &n)) return KF_CORRUPT;
    while (big < n.bigs && n.big_label[big] < label) big++;
    if (big < n.bigs && n.big_label[big] == label) return node_big(states, &n, s, big, child);
    if (!n.buckets) return KF_NOT_FOUND;
    if (!node_bucket(states, &n, s, kfi_node_bucket_of(&n, label), big, &bucket, &d)) return KF_CORRUPT;
    for (unsigned entry = 0; entry < d->view.count; ) {
        unsigned next = next_sibling(d, entry, d->view.count, 0);
        if (d->label[entry] == label) return make_entries(states, d, &bucket, entry, next, 1, child);
        entry = next;
    }
    return KF_NOT_FOUND;
}

kf_status kfi_state_child(kfi_states *states, const kfi_state *s, uint8_t label, kfi_state *child)
{
    uint8_t byte;
    kfi_state step;
    if (s->kind == STATE_NODE) return child_of_node(states, s, label, child);
    if (s->kind == STATE_ENTRIES) return child_of_entries(states, s, label, child);
    kf_status status = step_edge(states, s, &byte, &step);
    if (!status && byte != label) return KF_NOT_FOUND;
    if (!status) *child = step;
    return status;
}
