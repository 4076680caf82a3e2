/* The guided walk, compiled once for each instruction set behind outline_body.h.
 *
 * A bucket is looked at as the search does, but for many keys at once: with `alive` bytes of the current text
 * alive, the entries of interest are those with an lcp of at most `alive`, and one comparison of all lcps
 * finds the next. Only an entry whose label is alive has its tail decoded. */
#include "read/search/hunt.h"

#include <stdlib.h>

enum level_kind { LEVEL_NODE, LEVEL_ENTRIES };

_Static_assert(sizeof(outline) <= KFI_HUNT_OUTLINE, "room for an outline");

/* ---- stepping the guide ----------------------------------------------------------------------- */

/* Steps the path's first `size` bytes again, after the guide has forgotten its states; 0 without memory. */
static int step_again(kfi_hunt *h, size_t size)
{
    kfi_guide *g = h->guide;
    size_t at = 0;
    h->resets = g->resets;
    h->states[0] = g->start;
    g->path = size;
    kfi_hunt_forget(h);
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
    g->path = size;
    for (;;) {
        uint32_t next = g->fill(g, h->states[size], label);
        if (next == KFI_GUIDE_FAILED || g->resets == h->resets) return next;
        if (!step_again(h, size)) return KFI_GUIDE_FAILED;
        if (h->states[size] == KFI_GUIDE_DEAD) return KFI_GUIDE_DEAD;   /* the cutoff has risen since */
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
    const kfi_guide *g = h->guide;
    const uint32_t *table = g->table;
    const uint8_t *class_of = g->class_of;
    uint32_t state = h->states[from];
    for (; from < to; from++) {
        uint32_t next = table[state + KFI_GUIDE_NEXT + class_of[h->bytes[from]]];
        if (__builtin_expect(next == KFI_GUIDE_UNKNOWN, 0)) {
            next = step_slowly(h, from, h->bytes[from]);
            if (next == KFI_GUIDE_FAILED) return 0;
            table = g->table;
        }
        if (next == KFI_GUIDE_DEAD || kfi_guide_bound(g, next) < g->cutoff) break;
        h->states[from + 1] = state = next;
    }
    *alive = from;
    return 1;
}

/* ---- levels ----------------------------------------------------------------------------------- */

static kfi_hunt_level *top(const kfi_hunt *h) { return &h->levels[h->height - 1]; }

/* A level for the container at `at`, nothing of it looked at; NULL without memory. */
static kfi_hunt_level *push(kfi_hunt *h, const uint8_t *at, size_t depth, uint64_t base)
{
    if (h->height == h->capacity) {
        kfi_hunt_level *grown = realloc(h->levels, 2 * h->capacity * sizeof *grown);
        if (!grown) return NULL;
        h->levels = grown;
        h->capacity *= 2;
    }
    kfi_hunt_level *f = &h->levels[h->height++];
    f->at = at;
    f->depth = (uint32_t)depth;
    f->base = base;
    f->inside = f->alive = f->label = f->entry = 0;
    f->state = KFI_GUIDE_DEAD;
    f->kind = LEVEL_ENTRIES;
    return f;
}

static kfi_hunt_barren *barren_slot(const kfi_hunt *h, const uint8_t *at, uint32_t state)
{
    return &h->barren[((uint64_t)(uintptr_t)at ^ state) * 0x9e3779b97f4a7c15 >> (64 - KFI_HUNT_BARREN_BITS)];
}

static int is_barren(const kfi_hunt *h, const uint8_t *at, uint32_t state)
{
    const kfi_hunt_barren *known = barren_slot(h, at, state);
    return known->at == at && known->state == state;
}

static int pop(kfi_hunt *h)
{
    const kfi_hunt_level *f = top(h);
    if (h->barren && f->state != KFI_GUIDE_DEAD && h->taken <= f->first && h->low <= f->first)
        *barren_slot(h, f->at, f->state) = (kfi_hunt_barren){ f->at, f->state };
    if (!--h->height) return KF_END;
    /* What was below has at least one key, whether it was looked at or not. */
    if (h->floor <= top(h)->inside) h->floor = top(h)->inside + 1;
    return GO_ON;
}

/* The bucket at `at`; NULL on damage. Valid until the next call. */
static const outline *outline_of(kfi_hunt *h, const uint8_t *at)
{
    const uint64_t hash = (uint64_t)(uintptr_t)at * 0x9e3779b97f4a7c15;
    const unsigned slot = (unsigned)(hash >> (64 - KFI_HUNT_OUTLINE_BITS));
    outline *o = (outline *)(void *)(h->outlines + (size_t)slot * KFI_HUNT_OUTLINE);
    if (h->outline_at[slot] == at) return o;
    h->outline_at[slot] = NULL;
    if (!outline_read(o, h->keys, kfi_place_of(h->keys, at))) return NULL;
    h->outline_at[slot] = at;
    return o;
}

/* The entries that may have one of the labels by which a state goes on. */
static inline uint64_t entries_alive(const kfi_hunt *h, const outline *o, uint32_t state)
{
    const uint8_t *few = kfi_guide_labels(h->guide, state);
    uint64_t alive = 0;
    if (few[0] > KFI_GUIDE_FEW) return ~0ull;
    for (unsigned i = 1; i <= few[0]; i++)
        alive |= kfi_vec_equal(o->labels, h->keys->parameters.label_code[few[i]]);
    return alive;
}

/* Whether the key of `size` bytes, whose states are set, is wanted. */
static int take(kfi_hunt *h, size_t size, uint64_t ordinal)
{
    h->floor = ordinal + 1;
    if (ordinal - h->low >= h->high - h->low || !kfi_guide_accepts(h->guide, h->states[size])) return 0;
    h->size = size;
    h->ordinal = ordinal;
    h->state = h->states[size];
    h->taken = ordinal + 1;
    return 1;
}

/* Pushes the container at `at`, to which the path's first `depth` bytes lead. */
static int enter(kfi_hunt *h, const uint8_t *at, size_t depth, uint64_t first)
{
    kfi_hunt_level *f = push(h, at, depth, first);
    int final;
    if (!f) return KF_NO_MEMORY;
    h->floor = first;
    if (kfi_is_node(at)) {
        if (!kfi_node_open(h->keys, &f->node, kfi_place_of(h->keys, at))) return KF_CORRUPT;
        f->kind = LEVEL_NODE;
        final = f->node.final;
    } else {
        const outline *o = outline_of(h, at);
        if (!o) return KF_CORRUPT;
        f->end = (uint8_t)o->view.count;
        final = o->view.final;
    }
    f->base += (unsigned)final;
    return final && take(h, depth, first) ? KF_OK : GO_ON;
}

/* ---- buckets ---------------------------------------------------------------------------------- */

/* Goes on behind an entry whose text is alive to its end. */
static int visit(kfi_hunt *h, kfi_hunt_level *f, const outline *o, unsigned entry, size_t size)
{
    uint64_t ordinal = f->base + rank_of(o, entry);
    kfi_place target;
    if (ordinal >= h->high) return KF_END;
    if (ordinal < h->floor) return KF_CORRUPT;
    f->inside = ordinal;
    if (!(o->view.jumps.map >> entry & 1)) return take(h, size, ordinal) ? KF_OK : GO_ON;
    if (ordinal < h->low && entry + 1u < o->view.count && f->base + rank_of(o, entry + 1) <= h->low) return GO_ON;
    if (!kfi_bucket_target(h->keys, &o->view, entry, &target)) return KF_CORRUPT;
    const uint32_t state = h->states[size];
    if (h->barren && is_barren(h, target.at, state)) {
        h->floor = ordinal + 1;
        return GO_ON;
    }
    const int result = enter(h, target.at, size, ordinal);
    if (result != KF_NO_MEMORY && result != KF_CORRUPT) {
        top(h)->first = ordinal;
        top(h)->state = state;
    }
    return result;
}

/* Decodes an entry's tail behind the path's first `at` bytes and the label, which is alive, a piece at a time as
 * long as it stays alive. As look_at. */
static inline int look_along(kfi_hunt *h, const outline *o, unsigned entry, size_t depth, size_t *reached, size_t *size)
{
    const uint8_t *limit = h->bytes + h->keys->longest_key;
    const unsigned width = h->keys->code_width, most = h->keys->parameters.character_bits ? KFI_TOKEN_MAX : 1;
    const int escaped = ((const uint8_t *)&o->labels)[entry] == h->escape;
    uint8_t *to = h->bytes + *reached - escaped;
    uint32_t row = kfi_label_row(h->keys, h->bytes[*reached - 1], escaped);
    uint64_t bit, count;
    if (!tail_codes(h->keys, &o->view, o->lcps, depth, entry, &bit, &count)) return KF_CORRUPT;
    while (count) {
        const unsigned n = count < most ? (unsigned)count : most;
        to = kfi_codes_append(h->keys, o->view.bits, bit, n, row, to, limit);
        if (!to) return KF_CORRUPT;
        row = kfi_token_row(&h->keys->tokens, to[-1]);
        const size_t end = (size_t)(to - h->bytes);
        if (!step_along(h, *reached, end, reached)) return KF_NO_MEMORY;
        if (*reached < end) return GO_ON;
        bit += (uint64_t)n * width;
        count -= n;
    }
    *size = *reached;
    return GO_ON;
}

/* Looks at an entry whose lcp is the `*reached` bytes of the path that are alive: sets that anew, and the path's
 * size if the whole entry is alive, else 0. GO_ON, or what ends the walk. */
static inline int look_at(kfi_hunt *h, const outline *o, unsigned entry, size_t depth, size_t *reached, size_t *size)
{
    const int label = label_of(h->keys, o, entry, depth);
    *size = 0;
    if (label < 0 || *reached >= h->keys->longest_key) return KF_CORRUPT;
    h->work++;
    uint32_t next = step(h, *reached, (uint8_t)label);
    if (next == KFI_GUIDE_DEAD) return GO_ON;
    if (__builtin_expect(next == KFI_GUIDE_FAILED, 0)) return KF_NO_MEMORY;
    h->bytes[*reached] = (uint8_t)label;
    h->states[++*reached] = next;
    return look_along(h, o, entry, depth, reached, size);
}

static int entries_forward(kfi_hunt *h)
{
    kfi_hunt_level *f = top(h);
    const outline *o = outline_of(h, f->at);
    if (!o) return KF_CORRUPT;   /* unreachable: it was read when its level was pushed */
    const lcp_view lcps = outline_lcps(o);
    const size_t depth = f->depth, height = h->height;
    uint64_t rest = kfi_bucket_all(&o->view) & (f->end < 64 ? (1ull << f->end) - 1 : ~0ull);
    rest &= f->entry < 64 ? ~0ull << f->entry : 0;
    size_t reached = depth + f->alive;
    while (rest) {
        /* Those that continue the text where it stopped being alive, up to the first that leaves it earlier. */
        const size_t at = reached;
        const uint64_t lower = lcps_less(&lcps, at - depth) & rest;
        uint64_t here = lcps_equal(&lcps, at - depth) & rest & ((lower & -lower) - 1);
        if (here) here &= entries_alive(h, o, h->states[at]);
        for (; here && reached == at; here &= here - 1) {
            const unsigned entry = (unsigned)__builtin_ctzll(here);
            size_t size;
            int result = look_at(h, o, entry, depth, &reached, &size);
            if (__builtin_expect(result != GO_ON, 0)) return result;
            rest &= ~0ull << entry << 1;
            if (!size) continue;
            f->entry = (uint8_t)(entry + 1);
            f->alive = (uint32_t)(reached - depth);
            result = visit(h, f, o, entry, size);
            if (result != GO_ON || h->height != height) return result;
        }
        if (reached != at) continue;
        if (!lower) break;
        uint32_t lcp;
        const unsigned entry = (unsigned)__builtin_ctzll(lower);
        if (!lcp_of(o, entry, &lcp) || lcp >= at - depth) return KF_CORRUPT;   /* unreachable: `lower` are below it */
        reached = depth + lcp;
        rest &= ~0ull << entry;
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
    if (!end || ordinal < h->floor) return KF_CORRUPT;
    f->inside = ordinal;
    if (!step_along(h, f->depth, (size_t)(end - h->bytes), &reached)) return KF_NO_MEMORY;
    if (reached < (size_t)(end - h->bytes)) return GO_ON;
    if (!kfi_node_child(h->keys, n, big, &child) || !kfi_is_node(child.at)) return KF_CORRUPT;
    return enter(h, child.at, reached, ordinal);
}

/* Pushes entries begin..end-1 of bucket j; `bigs` child nodes lie before them. */
static int enter_entries(kfi_hunt *h, const kfi_hunt_level *f, const kfi_node *n, unsigned j, unsigned bigs,
                         const uint8_t *at, unsigned begin, unsigned end)
{
    uint64_t base = f->base + kfi_node_bigs_before(n, bigs) + kfi_node_buckets_before(n, j);
    kfi_hunt_level *made = push(h, at, f->depth, base);
    if (!made) return KF_NO_MEMORY;
    made->entry = (uint8_t)begin;
    made->end = (uint8_t)end;
    return GO_ON;
}

/* The ordinal of the first key of bucket j, which is not the first one, or after it. */
static uint64_t bucket_ordinal(const kfi_hunt_level *f, const kfi_node *n, unsigned j)
{
    return f->base + kfi_node_buckets_before(n, j)
           + kfi_node_bigs_before(n, kfi_node_bigs_below(n, n->bucket_label[j - 1]));
}

static const outline *node_bucket(kfi_hunt *h, const kfi_node *n, unsigned j, const uint8_t **at)
{
    kfi_place place;
    if (!kfi_node_bucket_checked(n, j, &place)) return NULL;
    *at = place.at;
    return outline_of(h, place.at);
}

/* The run whose label is `label`; the number of entries if there is none, -1 on damage. */
static int run_of(const kfi_hunt *h, const outline *o, uint8_t label, size_t depth)
{
    const lcp_view lcps = outline_lcps(o);
    uint64_t runs = lcps_equal(&lcps, 0) & kfi_bucket_all(&o->view);
    runs &= kfi_vec_equal(o->labels, h->keys->parameters.label_code[label]);
    for (; runs; runs &= runs - 1) {
        int run = __builtin_ctzll(runs), found = label_of(h->keys, o, (unsigned)run, depth);
        if (found < 0) return -1;
        if (found == label) return run;
    }
    return (int)o->view.count;
}

/* Where the state goes on by few labels: each is looked up. */
static int node_by_labels(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n, const uint8_t few[KFI_GUIDE_FEW + 1])
{
    const size_t height = h->height;
    for (unsigned i = 1; i <= few[0]; i++) {
        const uint8_t label = few[i], *at;
        if (label < f->label) continue;
        unsigned big = kfi_node_bigs_below(n, label);
        h->work++;
        f->label = (uint16_t)(label + 1);
        if (big < n->bigs && n->big_label[big] == label) {
            int result = enter_big(h, f, n, big);
            if (result != GO_ON || h->height != height) return result;
            continue;
        }
        if (!n->buckets) continue;
        unsigned j = kfi_node_bucket_of(n, label);
        const outline *o = node_bucket(h, n, j, &at);
        int found, begin = o ? run_of(h, o, label, f->depth) : -1;
        if (begin < 0) return KF_CORRUPT;
        if (begin == (int)o->view.count) continue;
        int end = run_from(h->keys, o, (unsigned)begin + 1, 0, f->depth, &found);
        if (end < 0) return KF_CORRUPT;
        return enter_entries(h, f, n, j, big, at, (unsigned)begin, (unsigned)end);
    }
    return pop(h);
}

/* A run of entries of a node's bucket. */
typedef struct run {
    const outline *o;
    const uint8_t *at;         /* the bucket */
    unsigned bucket, begin;
    unsigned label;            /* 256: there is none */
} run;

/* The first run with a label of at least the level's and below `most`; 0 on damage. */
static int next_run(kfi_hunt *h, const kfi_hunt_level *f, const kfi_node *n, unsigned most, run *r)
{
    r->label = 256;
    if (!n->buckets || f->label > 255) return 1;
    for (r->bucket = kfi_node_bucket_of(n, (uint8_t)f->label); r->bucket < n->buckets; r->bucket++) {
        int label;
        if (r->bucket + 1 < n->buckets && h->low > f->base && bucket_ordinal(f, n, r->bucket + 1) <= h->low) continue;
        if (r->bucket && n->bucket_label[r->bucket - 1] > most) return 1;
        r->o = node_bucket(h, n, r->bucket, &r->at);
        int begin = r->o ? run_from(h->keys, r->o, 0, f->label, f->depth, &label) : -1;
        if (begin < 0) return 0;
        if (begin == (int)r->o->view.count) continue;
        r->begin = (unsigned)begin;
        if ((unsigned)label < most) r->label = (unsigned)label;
        return 1;
    }
    return 1;
}

/* Enters a run and all that follow it in the bucket before the next child node, which divides the ordinals. */
static int enter_runs(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n, const run *r)
{
    const unsigned big = kfi_node_bigs_below(n, r->label), j = r->bucket;
    const unsigned big_label = big < n->bigs ? n->big_label[big] : 256;
    int label, end = run_from(h->keys, r->o, r->begin + 1, big_label, f->depth, &label);
    if (end < 0) return KF_CORRUPT;
    f->label = (uint16_t)(j + 1 < n->buckets && n->bucket_label[j] < big_label ? n->bucket_label[j] : big_label);
    if (f->label <= r->label) return KF_CORRUPT;
    return enter_entries(h, f, n, j, big, r->at, r->begin, (unsigned)end);
}

/* Where it goes on by many: child nodes and runs of entries in the order of their labels. */
static int node_in_order(kfi_hunt *h, kfi_hunt_level *f, const kfi_node *n)
{
    const size_t height = h->height;
    for (;;) {
        unsigned big = kfi_node_bigs_below(n, f->label);
        run r;
        for (; big < n->bigs; big++) {
            h->work++;
            uint32_t next = step(h, f->depth, n->big_label[big]);
            if (next == KFI_GUIDE_FAILED) return KF_NO_MEMORY;
            if (next != KFI_GUIDE_DEAD) break;
        }
        if (!next_run(h, f, n, big < n->bigs ? n->big_label[big] : 256, &r)) return KF_CORRUPT;
        if (r.label < 256) return enter_runs(h, f, n, &r);
        if (big == n->bigs) return pop(h);
        if (n->big_label[big] < f->label) return KF_CORRUPT;   /* or there might be no end */
        int result = enter_big(h, f, n, big);
        if (result != GO_ON || h->height != height) return result;
    }
}

static int node_forward(kfi_hunt *h)
{
    kfi_hunt_level *f = top(h);
    kfi_guide *g = h->guide;
    uint8_t few[KFI_GUIDE_FEW + 1];
    g->path = f->depth;
    while (kfi_guide_labels(g, h->states[f->depth])[0] == KFI_GUIDE_LABELS_UNKNOWN) {
        if (!g->find_labels(g, h->states[f->depth])) return KF_NO_MEMORY;
        if (g->resets != h->resets && !step_again(h, f->depth)) return KF_NO_MEMORY;
    }
    memcpy(few, kfi_guide_labels(g, h->states[f->depth]), sizeof few);
    return few[0] > KFI_GUIDE_FEW ? node_in_order(h, f, &f->node) : node_by_labels(h, f, &f->node, few);
}

/* ---- the walk --------------------------------------------------------------------------------- */

static kf_status hunt(kfi_hunt *h, int begin)
{
    int result = begin ? enter(h, h->keys->tree + h->keys->parameters.root, 0, 0) : GO_ON;
    while (result == GO_ON) {
        if (!h->barren && h->work > KFI_HUNT_BARREN_WORK) kfi_hunt_remember(h);
        if (h->work > h->work_limit) result = KF_LIMIT;
        else result = top(h)->kind == LEVEL_NODE ? node_forward(h) : entries_forward(h);
    }
    if (result != KF_OK) h->height = 0;
    return (kf_status)result;
}
