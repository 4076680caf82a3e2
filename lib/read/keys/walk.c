#include "read/keys/walk.h"

#include "read/keys/bucket_cache.h"
#include "read/keys/by_rank.h"

#include <stdlib.h>

enum {
    UNKNOWN = 0xff,            /* a level's `begin` that is found out when it is needed */
    BEFORE = 0xff,             /* a level's `entry` before entry 0 */
    GO_ON = -1,                /* a step that has not reached a key yet; the others give a kf_status */
    FIRST_LEVELS = 24
};

enum level_kind { LEVEL_NODE, LEVEL_BUCKET, LEVEL_RUNS };
enum child_kind { CHILD_NONE, CHILD_FINAL, CHILD_BIG, CHILD_RUNS };

/* A container on the way to the current key.
 *   BUCKET, RUNS   all of a bucket, or some runs of a node's bucket: entries begin..end-1. Entry e has
 *                  ordinal base + its rank. In a BUCKET, `entry` BEFORE is where its final key is.
 *   NODE           The current child, and as a gap between children what precedes it: `big` child nodes,
 *                  and the entries before entry `begin` of bucket `bucket`. If the child is RUNS they are
 *                  begin..end-1. The first key behind the final one has ordinal `base`. */
struct kfi_walk_level {
    const uint8_t *at;
    uint64_t base;
    uint32_t depth;
    uint8_t kind, child;
    uint8_t begin, end, entry;
    uint16_t big, bucket;
};

kf_status kfi_walk_create(kfi_walk *w, const kfi_keys *keys)
{
    memset(w, 0, sizeof *w);
    w->keys = keys;
    w->capacity = FIRST_LEVELS;
    w->bytes = calloc(1, (size_t)keys->longest_key + 2 * KFI_TOKEN_MAX);
    w->cache = kfi_bucket_cache_create();
    w->levels = malloc(w->capacity * sizeof *w->levels);
    if (!w->bytes || !w->cache || !w->levels) {
        kfi_walk_destroy(w);
        return KF_NO_MEMORY;
    }
    w->path = w->bytes;
    w->limit = w->bytes + keys->longest_key;
    return KF_OK;
}

void kfi_walk_destroy(kfi_walk *w)
{
    free(w->bytes);
    free(w->cache);
    free(w->levels);
    memset(w, 0, sizeof *w);
}

/* ---- levels ----------------------------------------------------------------------------------- */

static const kfi_decoded *decoded(const kfi_walk *w, const uint8_t *at, uint32_t depth)
{
    return kfi_bucket_cached(w->cache, w->keys, at, depth);
}

static kfi_walk_level *top(const kfi_walk *w) { return &w->levels[w->height - 1]; }

static kfi_walk_level *push(kfi_walk *w)
{
    if (w->height == w->capacity) {
        kfi_walk_level *grown = realloc(w->levels, 2 * w->capacity * sizeof *grown);
        if (!grown) return NULL;
        w->levels = grown;
        w->capacity *= 2;
    }
    return &w->levels[w->height++];
}

static int pop(kfi_walk *w)
{
    if (!--w->height) return KF_END;
    const kfi_walk_level *f = top(w);
    if (f->kind == LEVEL_NODE) return GO_ON;
    w->bucket = decoded(w, f->at, f->depth);
    return w->bucket ? GO_ON : KF_CORRUPT;   /* unreachable: it was decoded when it was entered */
}

static const kfi_decoded *node_bucket(const kfi_walk *w, const kfi_node *n, unsigned j, uint32_t depth)
{
    kfi_place place;
    if (!kfi_node_bucket_checked(n, j, &place)) return NULL;
    return decoded(w, place.at, depth);
}

static void note_keep(kfi_walk *w, size_t at)
{
    if (at < w->keep) w->keep = at;
}

/* Pushes the container at `at`, to which the path leads, before its first key or behind its last one.
 * `first` is the ordinal of its first key. */
static int enter(kfi_walk *w, const uint8_t *at, uint64_t first, int behind, int *final)
{
    uint32_t depth = (uint32_t)w->size;
    kfi_walk_level *f = push(w);
    if (!f) return KF_NO_MEMORY;
    *f = (kfi_walk_level){ .at = at, .depth = depth };
    if (kfi_is_node(at)) {
        kfi_node n;
        if (!kfi_node_open(w->keys, &n, kfi_place_of(w->keys, at))) return KF_CORRUPT;
        *final = n.final;
        if (behind) {
            f->big = (uint16_t)n.bigs;
            f->bucket = (uint16_t)n.buckets;
        }
    } else {
        const kfi_decoded *d = w->bucket = decoded(w, at, depth);
        if (!d) return KF_CORRUPT;
        *final = d->view.final;
        f->kind = LEVEL_BUCKET;
        f->end = (uint8_t)d->view.count;
        f->entry = behind ? f->end : BEFORE;
    }
    f->base = first + (unsigned)*final;
    return GO_ON;
}

static int enter_forward(kfi_walk *w, const uint8_t *at, uint64_t first)
{
    int final = 0, result = enter(w, at, first, 0, &final);
    if (result != GO_ON || !final) return result;
    top(w)->child = CHILD_FINAL;
    w->ordinal = first;
    return KF_OK;
}

static int enter_behind(kfi_walk *w, const uint8_t *at, uint64_t first)
{
    int final;
    return enter(w, at, first, 1, &final);
}

static int enter_runs(kfi_walk *w, const kfi_decoded *d, uint64_t base, uint32_t depth, unsigned begin,
                      unsigned end, unsigned entry)
{
    kfi_walk_level *f = push(w);
    if (!f) return KF_NO_MEMORY;
    *f = (kfi_walk_level){ .at = d->at, .base = base, .depth = depth, .kind = LEVEL_RUNS,
                           .begin = (uint8_t)begin, .end = (uint8_t)end, .entry = (uint8_t)entry };
    w->bucket = d;
    return GO_ON;
}

static uint64_t big_ordinal(const kfi_node *n, const kfi_walk_level *f)
{
    return f->base + kfi_node_bigs_before(n, f->big) + kfi_node_smalls_before(n, f->big);
}

/* Writes the label of the edge to the level's child node and finds the node. */
static int follow_big(kfi_walk *w, const kfi_node *n, kfi_walk_level *f, const uint8_t **at)
{
    kfi_place child;
    uint8_t *end = kfi_node_follow(w->keys, n, f->big, w->bytes + f->depth, w->limit, &child);
    if (!end) return KF_CORRUPT;
    f->child = CHILD_BIG;
    note_keep(w, f->depth);
    w->size = (size_t)(end - w->bytes);
    *at = child.at;
    return GO_ON;
}

/* A seek leaves open where between the runs a child node lies. */
static int find_gap(const kfi_walk *w, const kfi_node *n, kfi_walk_level *f)
{
    if (f->begin != UNKNOWN) return 1;
    f->begin = 0;
    f->bucket = (uint16_t)kfi_node_bucket_of(n, n->big_label[f->big]);
    if (!n->buckets) return 1;
    const kfi_decoded *d = node_bucket(w, n, f->bucket, f->depth);
    if (!d) return 0;
    f->begin = (uint8_t)kfi_decoded_run_above(d, 0, n->big_label[f->big]);
    return 1;
}

/* ---- forwards --------------------------------------------------------------------------------- */

static int node_forward(kfi_walk *w)
{
    kfi_walk_level *f = top(w);
    kfi_node n;
    const kfi_decoded *d = NULL;
    const uint8_t *at;
    if (!kfi_node_open(w->keys, &n, kfi_place_of(w->keys, f->at))) return KF_CORRUPT;   /* unreachable: was opened */
    if (f->child == CHILD_BIG) {
        if (!find_gap(w, &n, f)) return KF_CORRUPT;
        f->big++;
    } else if (f->child == CHILD_RUNS) {
        f->begin = f->end;
    }
    f->child = CHILD_NONE;
    for (; f->bucket < n.buckets; f->bucket++, f->begin = 0) {
        d = node_bucket(w, &n, f->bucket, f->depth);
        if (!d) return KF_CORRUPT;
        if (f->begin < d->view.count) break;
        d = NULL;
    }
    if (f->big < n.bigs && (!d || n.big_label[f->big] < d->label[f->begin])) {
        int result = follow_big(w, &n, f, &at);
        return result == GO_ON ? enter_forward(w, at, big_ordinal(&n, f)) : result;
    }
    if (!d) return pop(w);
    unsigned end = d->view.count;
    if (f->big < n.bigs) end = kfi_decoded_run_above(d, f->begin, n.big_label[f->big]);
    f->end = (uint8_t)end;
    f->child = CHILD_RUNS;
    uint64_t base = f->base + kfi_node_bigs_before(&n, f->big) + kfi_node_buckets_before(&n, f->bucket);
    w->ordinal = base + kfi_decoded_rank(d, f->begin) - 1;
    return enter_runs(w, d, base, f->depth, f->begin, end, f->begin - 1u);
}

static inline int bucket_forward(kfi_walk *w, kfi_walk_level *f)
{
    const kfi_decoded *d = w->bucket;
    unsigned entry = (uint8_t)(f->entry + 1);
    if (entry >= f->end) return pop(w);
    f->entry = (uint8_t)entry;
    size_t from = (size_t)f->depth + d->lcp[entry];
    note_keep(w, from);
    uint8_t *end = kfi_decoded_append(w->keys, d, entry, w->bytes + from, w->limit);
    if (__builtin_expect(!end, 0)) return KF_CORRUPT;
    w->size = (size_t)(end - w->bytes);
    if (!kfi_decoded_is_jump(d, entry)) {
        w->ordinal++;
        return KF_OK;
    }
    kfi_place target;
    if (!kfi_bucket_target(w->keys, &d->view, entry, &target)) return KF_CORRUPT;
    return enter_forward(w, target.at, w->ordinal + 1);
}

static kf_status stop(kfi_walk *w, int result)
{
    if (result != KF_OK) w->height = 0;
    return (kf_status)result;
}

static kf_status forward(kfi_walk *w)
{
    int result;
    do {
        kfi_walk_level *f = top(w);
        result = f->kind == LEVEL_NODE ? node_forward(w) : bucket_forward(w, f);
    } while (result == GO_ON);
    return stop(w, result);
}

kf_status kfi_walk_next(kfi_walk *w)
{
    if (!w->height) return KF_END;
    w->keep = SIZE_MAX;
    return forward(w);
}

/* The next entry of a bucket level that does not begin with path[0..depth); `end` when there is none. */
static unsigned entry_after(const kfi_decoded *d, const kfi_walk_level *f, size_t depth)
{
    unsigned entry = f->entry + 1u;
    while (entry < f->end && (size_t)f->depth + d->lcp[entry] >= depth) entry++;
    return entry;
}

kf_status kfi_walk_skip(kfi_walk *w, size_t depth)
{
    int result = w->height ? GO_ON : KF_END;
    w->keep = SIZE_MAX;
    while (result == GO_ON) {
        kfi_walk_level *f = top(w);
        if (f->depth < depth) {
            if (f->kind == LEVEL_NODE) break;
            unsigned entry = entry_after(w->bucket, f, depth);
            if (entry < f->end) {
                f->entry = (uint8_t)(entry - 1);
                w->ordinal = f->base + kfi_decoded_rank(w->bucket, entry) - 1;
                break;
            }
        }
        result = pop(w);
    }
    return result == GO_ON ? forward(w) : stop(w, result);
}

/* ---- backwards -------------------------------------------------------------------------------- */

static int node_backward(kfi_walk *w)
{
    kfi_walk_level *f = top(w);
    kfi_node n;
    const kfi_decoded *d = NULL;
    const uint8_t *at;
    if (f->child == CHILD_FINAL) return pop(w);
    if (!kfi_node_open(w->keys, &n, kfi_place_of(w->keys, f->at))) return KF_CORRUPT;   /* unreachable: was opened */
    if (f->child == CHILD_BIG && !find_gap(w, &n, f)) return KF_CORRUPT;
    f->child = CHILD_NONE;
    if (f->begin || f->bucket) {
        if (!f->begin) f->bucket--;
        d = node_bucket(w, &n, f->bucket, f->depth);
        if (!d) return KF_CORRUPT;
        if (!f->begin) f->begin = (uint8_t)d->view.count;
    }
    if (f->big && (!d || n.big_label[f->big - 1] > d->label[kfi_decoded_run_of(d, f->begin - 1u)])) {
        f->big--;
        int result = follow_big(w, &n, f, &at);
        return result == GO_ON ? enter_behind(w, at, big_ordinal(&n, f)) : result;
    }
    if (!d) {
        if (!n.final) return pop(w);
        f->child = CHILD_FINAL;
        note_keep(w, f->depth);
        w->size = f->depth;
        w->ordinal--;
        return KF_OK;
    }
    f->end = f->begin;
    f->begin = (uint8_t)(f->big ? kfi_decoded_run_above(d, 0, n.big_label[f->big - 1]) : 0);
    if (f->begin >= f->end) return KF_CORRUPT;
    f->child = CHILD_RUNS;
    uint64_t base = f->base + kfi_node_bigs_before(&n, f->big) + kfi_node_buckets_before(&n, f->bucket);
    return enter_runs(w, d, base, f->depth, f->begin, f->end, f->end);
}

static int bucket_backward(kfi_walk *w, kfi_walk_level *f)
{
    const kfi_decoded *d = w->bucket;
    if (f->entry == BEFORE) return pop(w);
    if (f->entry == f->begin) {
        if (f->kind == LEVEL_RUNS || !d->view.final) return pop(w);
        f->entry = BEFORE;
        note_keep(w, f->depth);
        w->size = f->depth;
        w->ordinal--;
        return KF_OK;
    }
    /* What follows the level's end begins a run, or nothing follows: it shares nothing. */
    uint32_t valid = f->entry < f->end ? d->lcp[f->entry] : 0;
    unsigned entry = --f->entry;
    note_keep(w, (size_t)f->depth + valid);
    uint8_t *end = kfi_decoded_text(w->keys, d, entry, valid, w->bytes + f->depth, w->limit);
    if (!end) return KF_CORRUPT;
    w->size = (size_t)(end - w->bytes);
    if (!kfi_decoded_is_jump(d, entry)) {
        w->ordinal--;
        return KF_OK;
    }
    kfi_place target;
    if (!kfi_bucket_target(w->keys, &d->view, entry, &target)) return KF_CORRUPT;
    return enter_behind(w, target.at, f->base + kfi_decoded_rank(d, entry));
}

kf_status kfi_walk_previous(kfi_walk *w)
{
    int result;
    if (!w->height) return KF_END;
    w->keep = SIZE_MAX;
    do {
        kfi_walk_level *f = top(w);
        result = f->kind == LEVEL_NODE ? node_backward(w) : bucket_backward(w, f);
    } while (result == GO_ON);
    return stop(w, result);
}

/* ---- seeking ---------------------------------------------------------------------------------- */

/* Goes down from the bucket on top. */
static int seek_entry(kfi_walk *w, kfi_rank_way *way)
{
    kfi_walk_level *f = top(w);
    unsigned entry = BEFORE;
    const kfi_step step = kfi_step_by_rank_in_bucket(way, w->bucket, &entry);
    const int outside = f->kind == LEVEL_RUNS && (entry < f->begin || entry >= f->end);
    if (step == KFI_STEP_CORRUPT || outside) return KF_CORRUPT;
    f->entry = (uint8_t)entry;
    return step == KFI_STEP_FOUND ? KF_OK : GO_ON;
}

/* Goes down from the node on top, and from the bucket if that is where it leads. */
static int seek_node(kfi_walk *w, kfi_rank_way *way)
{
    kfi_walk_level *f = top(w);
    kfi_node n;
    kfi_node_pick pick;
    const kfi_step step = kfi_step_by_rank_in_node(way, &n, &pick);
    if (step == KFI_STEP_CORRUPT) return KF_CORRUPT;
    f->child = CHILD_FINAL;
    if (step == KFI_STEP_FOUND) return KF_OK;
    f->big = (uint16_t)pick.big;
    f->child = pick.is_big ? CHILD_BIG : CHILD_RUNS;
    f->begin = UNKNOWN;
    if (pick.is_big) return GO_ON;
    const kfi_decoded *d = decoded(w, way->place.at, f->depth);
    if (!d) return KF_CORRUPT;
    f->bucket = (uint16_t)pick.bucket;
    f->begin = (uint8_t)(pick.big ? kfi_decoded_run_above(d, 0, n.big_label[pick.big - 1]) : 0);
    f->end = (uint8_t)d->view.count;
    if (pick.big < n.bigs) f->end = (uint8_t)kfi_decoded_run_above(d, f->begin, n.big_label[pick.big]);
    const int result = enter_runs(w, d, way->first, f->depth, f->begin, f->end, BEFORE);
    return result == GO_ON ? seek_entry(w, way) : result;
}

kf_status kfi_walk_seek(kfi_walk *w, uint64_t ordinal)
{
    kfi_rank_way way = kfi_rank_way_begin(w->keys, ordinal, w->bytes);
    int result = GO_ON;
    w->height = w->size = w->keep = 0;
    if (ordinal >= w->keys->count) return KF_NOT_FOUND;
    w->ordinal = ordinal;
    if (w->keys->parameters.root_kind != KFI_ROOT_CONTAINER) return ordinal ? KF_CORRUPT : KF_OK;
    while (result == GO_ON) {
        int final;
        result = enter(w, way.place.at, way.first, 0, &final);
        if (result == GO_ON) result = top(w)->kind == LEVEL_NODE ? seek_node(w, &way) : seek_entry(w, &way);
        w->size = way.size;
    }
    return stop(w, result);
}
