#include "read/hunt.h"

#include "read/bucket_cache.h"
#include "read/node_decode.h"

#include <stdlib.h>

enum {
    GO_ON = -1,                /* a step that has not reached a key yet; the others give a kf_status */
    FIRST_LEVELS = 24
};

enum level_kind { LEVEL_NODE, LEVEL_ENTRIES };

/* A container on the way to the current key.
 *   ENTRIES   entries entry..end-1 of a bucket are still to be looked at. The text of the last one looked at
 *             is alive up to `alive` bytes from the container's depth on: so far are path and states valid.
 *             Entry e has ordinal base + its rank.
 *   NODE      Labels below `label` are done with. The first key behind the final one has ordinal `base`.
 * `inside` is the ordinal of the child container that the next level is, or of its first key. */
struct kfi_hunt_level {
    const uint8_t *at;
    uint64_t base, inside;
    uint32_t depth, alive;
    uint16_t label;
    uint8_t kind, entry, end;
};

kf_status kfi_hunt_create(kfi_hunt *h, const kfi_keys *keys)
{
    memset(h, 0, sizeof *h);
    h->keys = keys;
    h->work_limit = UINT64_MAX;
    h->capacity = FIRST_LEVELS;
    h->bytes = malloc((size_t)keys->longest_key + 2 * KFI_TOKEN_MAX);
    h->states = malloc(((size_t)keys->longest_key + 1) * sizeof *h->states);
    h->cache = kfi_bucket_cache_create();
    h->levels = malloc(h->capacity * sizeof *h->levels);
    h->path = h->bytes;
    if (h->bytes && h->states && h->cache && h->levels) return KF_OK;
    kfi_hunt_destroy(h);
    return KF_NO_MEMORY;
}

void kfi_hunt_destroy(kfi_hunt *h)
{
    free(h->bytes);
    free(h->states);
    free(h->cache);
    free(h->levels);
    memset(h, 0, sizeof *h);
}

/* ---- stepping the guide ----------------------------------------------------------------------- */

/* Steps the path's first `size` bytes again, after the guide has forgotten its states; 0 without memory. */
static int step_again(kfi_hunt *h, size_t size)
{
    kfi_guide *g = h->guide;
    size_t at = 0;
    h->resets = g->resets;
    h->states[0] = g->start;
    while (at < size) {
        uint32_t state = h->states[at];
        uint32_t next = g->table[state + KFI_GUIDE_NEXT + g->class_of[h->bytes[at]]];
        if (next == KFI_GUIDE_UNKNOWN) next = g->fill(g, state, h->bytes[at]);
        if (next == KFI_GUIDE_FAILED) return 0;
        if (g->resets != h->resets) {
            h->resets = g->resets;
            h->states[0] = g->start;
            at = 0;
            continue;
        }
        h->states[++at] = next;
    }
    return 1;
}

/* The state that byte `label` leads to after the path's first `size` bytes, whose states are set. */
static __attribute__((noinline)) uint32_t step_slowly(kfi_hunt *h, size_t size, uint8_t label)
{
    kfi_guide *g = h->guide;
    for (;;) {
        uint32_t next = g->fill(g, h->states[size], label);
        if (next == KFI_GUIDE_FAILED || g->resets == h->resets) return next;
        if (!step_again(h, size)) return KFI_GUIDE_FAILED;
    }
}

static inline uint32_t step(kfi_hunt *h, size_t size, uint8_t label)
{
    const kfi_guide *g = h->guide;
    uint32_t next = g->table[h->states[size] + KFI_GUIDE_NEXT + g->class_of[label]];
    if (__builtin_expect(next == KFI_GUIDE_UNKNOWN, 0)) next = step_slowly(h, size, label);
    if (next != KFI_GUIDE_FAILED && kfi_guide_bound(g, next) < g->cutoff) return KFI_GUIDE_DEAD;
    return next;
}

/* Steps along path[from .. to), whose states up to `from` are set. Sets `*alive` to where it died, or to
 * `to`; 0 without memory. */
static inline int step_along(kfi_hunt *h, size_t from, size_t to, size_t *alive)
{
    for (; from < to; from++) {
        uint32_t next = step(h, from, h->bytes[from]);
        if (next == KFI_GUIDE_DEAD) break;
        if (__builtin_expect(next == KFI_GUIDE_FAILED, 0)) return 0;
        h->states[from + 1] = next;
    }
    *alive = from;
    return 1;
}

/* ---- levels ----------------------------------------------------------------------------------- */

static kfi_hunt_level *top(const kfi_hunt *h) { return &h->levels[h->height - 1]; }

static kfi_hunt_level *push(kfi_hunt *h)
{
    if (h->height == h->capacity) {
        kfi_hunt_level *grown = realloc(h->levels, 2 * h->capacity * sizeof *grown);
        if (!grown) return NULL;
        h->levels = grown;
        h->capacity *= 2;
    }
    return &h->levels[h->height++];
}

static int pop(kfi_hunt *h)
{
    if (!--h->height) return KF_END;
    /* What was below has at least one key, whether it was looked at or not. */
    if (h->floor <= top(h)->inside) h->floor = top(h)->inside + 1;
    return GO_ON;
}

static int parse_node(const kfi_hunt *h, const uint8_t *at, kfi_node *n)
{
    kfi_place place = { at, h->keys->tree + h->keys->tree_size };
    return kfi_node_parse(n, place) && (n->bigs || n->buckets);
}

static const kfi_decoded *decoded(const kfi_hunt *h, const uint8_t *at, uint32_t depth)
{
    return kfi_bucket_cached(h->cache, h->keys, at, depth);
}

/* Every key, and every container's first key, comes here: ordinals ascend and are below the count. */
static int in_order(const kfi_hunt *h, uint64_t ordinal)
{
    return ordinal >= h->floor && ordinal < h->keys->count;
}

/* Whether the key of `size` bytes, whose states are set, is wanted. */
static int take(kfi_hunt *h, size_t size, uint64_t ordinal)
{
    h->floor = ordinal + 1;
    if (ordinal - h->low >= h->high - h->low || !kfi_guide_accepts(h->guide, h->states[size])) return 0;
    h->size = size;
    h->ordinal = ordinal;
    h->state = h->states[size];
    return 1;
}

/* Pushes the container at `at`, to which the path's first `depth` bytes lead. */
static int enter(kfi_hunt *h, const uint8_t *at, size_t depth, uint64_t first)
{
    kfi_hunt_level *f = push(h);
    int final;
    if (!f) return KF_NO_MEMORY;
    *f = (kfi_hunt_level){ .at = at, .depth = (uint32_t)depth };
    h->floor = first;
    if (at[0] & 0x80) {
        kfi_node n;
        if (kfi_place_of(h->keys, at).end != h->keys->tree + h->keys->tree_size || !parse_node(h, at, &n))
            return KF_CORRUPT;
        f->kind = LEVEL_NODE;
        final = n.final;
    } else {
        const kfi_decoded *d = decoded(h, at, (uint32_t)depth);
        if (!d) return KF_CORRUPT;
        f->kind = LEVEL_ENTRIES;
        f->end = (uint8_t)d->view.count;
        final = d->view.final;
    }
    f->base = first + (unsigned)final;
    return final && take(h, depth, first) ? KF_OK : GO_ON;
}

/* ---- buckets ---------------------------------------------------------------------------------- */

/* Goes on behind an entry whose text is alive to its end. */
static int visit(kfi_hunt *h, kfi_hunt_level *f, const kfi_decoded *d, unsigned entry, size_t size)
{
    uint64_t ordinal = f->base + kfi_decoded_rank(d, entry);
    kfi_place target;
    if (ordinal >= h->high) return KF_END;
    if (!in_order(h, ordinal)) return KF_CORRUPT;
    f->inside = ordinal;
    if (!kfi_decoded_is_jump(d, entry)) return take(h, size, ordinal) ? KF_OK : GO_ON;
    if (ordinal < h->low && entry + 1u < d->view.count
        && f->base + kfi_decoded_rank(d, entry + 1u) <= h->low) return GO_ON;
    if (!kfi_bucket_target(h->keys, &d->view, entry, &target)) return KF_CORRUPT;
    return enter(h, target.at, size, ordinal);
}

static int entries_forward(kfi_hunt *h)
{
    kfi_hunt_level *f = top(h);
    const kfi_decoded *d = decoded(h, f->at, f->depth);
    if (!d) return KF_CORRUPT;
    const size_t depth = f->depth, height = h->height;
    const uint8_t *limit = h->bytes + h->keys->longest_key;
    unsigned entry = f->entry;
    uint32_t alive = f->alive;
    for (; entry < f->end; entry++) {
        const uint32_t lcp = d->lcp[entry];
        if (lcp > alive) continue;
        h->work++;
        uint32_t next = step(h, depth + lcp, d->label[entry]);
        alive = lcp;
        if (next == KFI_GUIDE_DEAD) continue;
        if (__builtin_expect(next == KFI_GUIDE_FAILED, 0)) return KF_NO_MEMORY;
        uint8_t *end = kfi_decoded_append(h->keys, d, entry, h->bytes + depth + lcp, limit);
        if (!end) return KF_CORRUPT;
        const size_t size = (size_t)(end - h->bytes);
        size_t reached = depth + lcp + 1;
        h->states[reached] = next;
        if (!step_along(h, reached, size, &reached)) return KF_NO_MEMORY;
        alive = (uint32_t)(reached - depth);
        if (reached < size) continue;
        f->entry = (uint8_t)(entry + 1);
        f->alive = alive;
        int result = visit(h, f, d, entry, size);
        if (result != GO_ON || h->height != height) return result;
    }
    return pop(h);
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static int enter_big(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n, unsigned big)
{
    uint64_t before = kfi_node_bigs_before(n, big), keys = kfi_node_bigs_before(n, big + 1) - before;
    uint64_t ordinal = f->base + before + kfi_node_smalls_before(n, big);
    size_t reached;
    kfi_place child;
    f->label = (uint16_t)(n->big_label[big] + 1);
    if (ordinal >= h->high) return KF_END;
    if (ordinal + keys <= h->low) return GO_ON;
    uint8_t *end = kfi_node_edge_append(h->keys, n, big, h->bytes + f->depth, h->bytes + h->keys->longest_key);
    if (!end || !in_order(h, ordinal)) return KF_CORRUPT;
    f->inside = ordinal;
    if (!step_along(h, f->depth, (size_t)(end - h->bytes), &reached)) return KF_NO_MEMORY;
    if (reached < (size_t)(end - h->bytes)) return GO_ON;
    if (!kfi_node_child(h->keys, n, big, &child) || !(child.at[0] & 0x80)) return KF_CORRUPT;
    return enter(h, child.at, reached, ordinal);
}

/* Pushes entries begin..end-1 of bucket j; `bigs` child nodes lie before them. */
static int enter_entries(kfi_hunt *h, const kfi_hunt_level *f, const kfi_node *n, unsigned j, unsigned bigs,
                         const kfi_decoded *d, unsigned begin, unsigned end)
{
    uint64_t base = f->base + kfi_node_bigs_before(n, bigs) + kfi_node_buckets_before(n, j);
    uint32_t depth = f->depth;
    kfi_hunt_level *made = push(h);
    if (!made) return KF_NO_MEMORY;
    *made = (kfi_hunt_level){ .at = d->at, .base = base, .depth = depth, .kind = LEVEL_ENTRIES,
                              .entry = (uint8_t)begin, .end = (uint8_t)end };
    return GO_ON;
}

static unsigned bigs_below(const kfi_node *n, unsigned label)
{
    unsigned low = 0, high = n->bigs;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (n->big_label[middle] < label) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The ordinal of the first key of bucket j or after it. */
static uint64_t bucket_ordinal(const kfi_hunt_level *f, const kfi_node *n, unsigned j)
{
    return f->base + kfi_node_buckets_before(n, j)
           + (j ? kfi_node_bigs_before(n, bigs_below(n, n->bucket_label[j - 1])) : 0);
}

static const kfi_decoded *node_bucket(const kfi_hunt *h, const kfi_node *n, unsigned j, uint32_t depth)
{
    kfi_place place;
    if (!kfi_node_bucket(n, j, &place) || place.at[0] & 0x80) return NULL;
    return decoded(h, place.at, depth);
}

/* Where the state goes on by few labels: each is looked up. */
static int node_by_labels(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n, const kfi_guide_labels *labels)
{
    const size_t height = h->height;
    unsigned i = 0;
    while (i < labels->count && labels->label[i] < f->label) i++;
    for (; i < labels->count; i++) {
        const uint8_t label = labels->label[i];
        unsigned big = bigs_below(n, label);
        h->work++;
        f->label = (uint16_t)(label + 1);
        if (big < n->bigs && n->big_label[big] == label) {
            int result = enter_big(h, f, n, big);
            if (result != GO_ON || h->height != height) return result;
            continue;
        }
        if (!n->buckets) continue;
        unsigned j = kfi_node_bucket_of(n, label);
        const kfi_decoded *d = node_bucket(h, n, j, f->depth);
        if (!d) return KF_CORRUPT;
        unsigned begin = kfi_decoded_run_above(d, 0, (uint8_t)(label ? label - 1 : 0));
        if (!label) begin = 0;
        if (begin == d->view.count || d->label[begin] != label) continue;
        return enter_entries(h, f, n, j, big, d, begin, kfi_decoded_run_above(d, begin, label));
    }
    return pop(h);
}

/* Where it goes on by many: child nodes and runs of entries in the order of their labels. */
static int node_in_order(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n)
{
    const size_t height = h->height;
    for (;;) {
        unsigned big = f->label > 255 ? n->bigs : bigs_below(n, f->label), before = big;
        for (; big < n->bigs; big++) {
            h->work++;
            uint32_t next = step(h, f->depth, n->big_label[big]);
            if (next == KFI_GUIDE_FAILED) return KF_NO_MEMORY;
            if (next != KFI_GUIDE_DEAD) break;
        }
        const unsigned big_label = big < n->bigs ? n->big_label[big] : 256;
        unsigned j = n->buckets, begin = 0;
        const kfi_decoded *d = NULL;
        if (n->buckets && f->label <= 255) j = kfi_node_bucket_of(n, (uint8_t)f->label);
        for (; j < n->buckets; j++) {
            if (j + 1 < n->buckets && h->low > f->base && bucket_ordinal(f, n, j + 1) <= h->low) continue;
            if (j && n->bucket_label[j - 1] > big_label) break;
            d = node_bucket(h, n, j, f->depth);
            if (!d) return KF_CORRUPT;
            for (begin = 0; begin < d->view.count && (d->lcp[begin] || d->label[begin] < f->label); ) begin++;
            if (begin < d->view.count) break;
            d = NULL;
        }
        if (d && d->label[begin] < big_label) {
            while (before < n->bigs && n->big_label[before] < d->label[begin]) before++;
            unsigned end = d->view.count;
            if (before < n->bigs) end = kfi_decoded_run_above(d, begin, n->big_label[before]);
            f->label = (uint16_t)(d->label[kfi_decoded_run_of(d, end - 1)] + 1);
            return enter_entries(h, f, n, j, before, d, begin, end);
        }
        if (big == n->bigs) return pop(h);
        int result = enter_big(h, f, n, big);
        if (result != GO_ON || h->height != height) return result;
    }
}

static int node_forward(kfi_hunt *h)
{
    kfi_hunt_level *f = top(h);
    kfi_guide *g = h->guide;
    const kfi_guide_labels *labels;
    kfi_node n;
    int failed;
    if (!parse_node(h, f->at, &n)) return KF_CORRUPT;
    while (!(labels = g->labels(g, h->states[f->depth], &failed)))
        if (failed || !step_again(h, f->depth)) return KF_NO_MEMORY;
    return labels->count > KFI_GUIDE_FEW ? node_in_order(h, f, &n) : node_by_labels(h, f, &n, labels);
}

/* ---- the walk --------------------------------------------------------------------------------- */

static kf_status forward(kfi_hunt *h, int result)
{
    while (result == GO_ON) {
        if (h->work > h->work_limit) return KF_LIMIT;
        result = top(h)->kind == LEVEL_NODE ? node_forward(h) : entries_forward(h);
    }
    if (result != KF_OK) h->height = 0;
    return (kf_status)result;
}

void kfi_hunt_begin(kfi_hunt *h, kfi_guide *guide, uint64_t low, uint64_t high)
{
    h->guide = guide;
    h->resets = guide->resets;
    h->low = low;
    h->high = high;
    h->floor = 0;
    h->height = 0;
    h->begun = 0;
    h->states[0] = guide->start;
}

kf_status kfi_hunt_next(kfi_hunt *h)
{
    const kfi_keys_parameters *p = &h->keys->parameters;
    if (h->height) return forward(h, GO_ON);
    if (h->begun || h->low >= h->high || h->guide->start == KFI_GUIDE_DEAD) return KF_END;
    h->begun = 1;
    if (p->root_kind == KFI_ROOT_NONE) return KF_END;
    if (p->root_kind == KFI_ROOT_EMPTY_KEY) return take(h, 0, 0) ? KF_OK : KF_END;
    return forward(h, enter(h, h->keys->tree + p->root, 0, 0));
}
