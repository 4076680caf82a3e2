/* Best-first search in the tree of maxima: weights are its leaves (level 0), a block of 64 of one level is one
 * child of the level above.
 *
 *             level 2   |     9     |  5  |        one candidate in the queue for each block that was opened:
 *             level 1   | 4 | 9 | 7 | 5 | 2 |      its best child that was not taken yet
 *             weights    ... 3 9 0 8 ...
 *
 * Taking a candidate puts its block's next best child in its place and, unless it is a leaf, opens it: so the
 * queue grows by at most one a step instead of by 64, and a block is never sorted as a whole. Children are in
 * the order (larger maximum, smaller first ordinal), which a block's own children never precede; hence so are
 * the leaves taken. Each step takes one child of one block, in that order and for good, so that maxima which lie
 * change the order of the answers and nothing else. A dictionary of several members is several such trees, with
 * one queue. */
#include "query/complete.h"

#include "read/part.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CANDIDATES = 48 };

typedef struct candidate {
    uint64_t bound;               /* the maximum, or the weight */
    uint64_t index;               /* of the child in its level */
    unsigned level;
    unsigned part;                /* whose tree it is in */
} candidate;

/* A member of the dictionary and its tree, in its own ordinals. */
typedef struct weight_part {
    kfi_part in;
    kfi_maxima maxima;            /* of the file, or of `made` */
    uint64_t *made;
} weight_part;

typedef struct weight_iter {
    kf_iter iter;
    weight_part *part, only;      /* several, or &only */
    unsigned parts;
    uint64_t left;
    kf_filter_fn filter;
    void *filter_context;
    kf_buffer key;
    candidate *queue;             /* a heap, the best on top */
    size_t count, capacity;
    const weight_part *of;        /* whose block's weights are in `weight`; NULL: none are */
    uint64_t block;
    candidate first[FIRST_CANDIDATES];
    uint64_t weight[KFI_WEIGHTS_FAN];
} weight_iter;

/* ---- queue ------------------------------------------------------------------------------------ */

static int better(const candidate *a, const candidate *b)
{
    if (a->bound != b->bound) return a->bound > b->bound;
    if (a->part != b->part) return a->part < b->part;
    /* A block's number is to be read as that of its first ordinal. */
    uint64_t x = a->index << a->level * KFI_WEIGHTS_FAN_BITS, y = b->index << b->level * KFI_WEIGHTS_FAN_BITS;
    return x < y;
}

static void sink(weight_iter *w)
{
    candidate *q = w->queue, moved = q[0];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < w->count) {
        if (child + 1 < w->count && better(&q[child + 1], &q[child])) child++;
        if (!better(&q[child], &moved)) break;
        q[at] = q[child];
        at = child;
    }
    q[at] = moved;
}

static kf_status grow(weight_iter *w)
{
    size_t capacity = 2 * w->capacity;
    candidate *queue = malloc(capacity * sizeof *queue);
    if (!queue) return KF_NO_MEMORY;
    memcpy(queue, w->queue, w->count * sizeof *queue);
    if (w->queue != w->first) free(w->queue);
    w->queue = queue;
    w->capacity = capacity;
    return KF_OK;
}

static kf_status push(weight_iter *w, const candidate *c)
{
    if (w->count == w->capacity && grow(w)) return KF_NO_MEMORY;
    size_t at = w->count++;
    for (; at && better(c, &w->queue[(at - 1) / 2]); at = (at - 1) / 2) w->queue[at] = w->queue[(at - 1) / 2];
    w->queue[at] = *c;
    return KF_OK;
}

/* ---- blocks ----------------------------------------------------------------------------------- */

/* The weights of block `block`, as far as they are in the range, at their places in w->weight. */
static kf_status load_block(weight_iter *w, const weight_part *p, uint64_t block, uint64_t first, uint64_t last)
{
    if (w->of == p && w->block == block) return KF_OK;
    w->of = NULL;
    kf_status status = kfi_weights_block(&p->in.dict->weights, first, (unsigned)(last - first) + 1,
                                         w->weight + first % KFI_WEIGHTS_FAN);
    if (status) return status;
    w->of = p;
    w->block = block;
    return KF_OK;
}

/* The best child of a block of children of best->level in best->part that comes after `*best` in their order
 * (or the best of all, where best->index is UINT64_MAX). KF_END when there is none. */
static kf_status next_child(weight_iter *w, uint64_t block, candidate *best)
{
    const weight_part *p = &w->part[best->part];
    const unsigned level = best->level, shift = level * KFI_WEIGHTS_FAN_BITS;
    uint64_t first = block << KFI_WEIGHTS_FAN_BITS, last = first | (KFI_WEIGHTS_FAN - 1);
    const candidate after = *best;
    int found = 0;
    if (first < p->in.low >> shift) first = p->in.low >> shift;
    if (last > (p->in.high - 1) >> shift) last = (p->in.high - 1) >> shift;
    if (!level && load_block(w, p, block, first, last)) return KF_CORRUPT;
    for (uint64_t i = first; i <= last; i++) {
        uint64_t bound = level ? kfi_maximum(&p->maxima, level, i) : w->weight[i % KFI_WEIGHTS_FAN];
        if (found && bound <= best->bound) continue;
        if (after.index != UINT64_MAX && (bound > after.bound || (bound == after.bound && i <= after.index))) continue;
        best->bound = bound;
        best->index = i;
        found = 1;
    }
    return found ? KF_OK : KF_END;
}

static kf_status open_block(weight_iter *w, unsigned part, uint64_t block, unsigned level)
{
    candidate best = { 0, UINT64_MAX, level, part };
    kf_status status = next_child(w, block, &best);
    if (!status) status = push(w, &best);
    return status == KF_END ? KF_OK : status;
}

/* The next entry by weight, without regard to the filter. */
static kf_status take(weight_iter *w, candidate *taken)
{
    kf_status status;
    do {
        if (!w->count) return KF_END;
        candidate next = *taken = w->queue[0];
        status = next_child(w, taken->index >> KFI_WEIGHTS_FAN_BITS, &next);
        if (status && status != KF_END) return status;
        w->queue[0] = status ? w->queue[--w->count] : next;
        sink(w);
        status = taken->level ? open_block(w, taken->part, taken->index, taken->level - 1) : KF_OK;
    } while (!status && taken->level);
    return status;
}

/* ---- the iterator ----------------------------------------------------------------------------- */

static kf_status weight_next(kf_iter *iter, kf_entry *entry)
{
    weight_iter *w = (weight_iter *)iter;
    candidate taken;
    do {
        if (!w->left) return KF_END;
        kf_status status = take(w, &taken);
        if (status) return status;
        const kfi_part *in = &w->part[taken.part].in;
        status = kf_dict_key_at(in->dict, taken.index, &w->key, &entry->key);
        if (status) return status;
        iter->dict = in->dict;
        iter->ordinal = taken.index;
        entry->ordinal = in->base + taken.index;
        iter->match.weight = taken.bound;
        iter->current = 1;
    } while (w->filter && !w->filter(w->filter_context, iter, entry));
    w->left--;
    return KF_OK;
}

static uint64_t weight_remaining(const kf_iter *iter)
{
    const weight_iter *w = (const weight_iter *)iter;
    return w->filter && w->left ? UINT64_MAX : w->left;
}

static void weight_destroy(kf_iter *iter)
{
    weight_iter *w = (weight_iter *)iter;
    if (w->queue != w->first) free(w->queue);
    kf_buffer_free(&w->key);
    for (unsigned i = 0; i < w->parts; i++) free(w->part[i].made);
    if (w->part != &w->only) free(w->part);
}

static const kfi_iter_class weight_class = { NULL, weight_next, weight_remaining, NULL, weight_destroy };

/* ---- maxima made here ------------------------------------------------------------------------- */

/* Level 1 of the range, from the weights. */
static kf_status read_weights(weight_iter *w, unsigned part)
{
    const weight_part *p = &w->part[part];
    const uint64_t first = p->in.low >> KFI_WEIGHTS_FAN_BITS, last = (p->in.high - 1) >> KFI_WEIGHTS_FAN_BITS;
    for (uint64_t block = first; block <= last; block++) {
        candidate best = { 0, UINT64_MAX, 0, part };
        if (next_child(w, block, &best)) return KF_CORRUPT;
        kfi_store64((uint8_t *)(p->made + (block - first)), best.bound);
    }
    return KF_OK;
}

/* Where the file has none. The count of weights is no lie here: each has its place in the column, since a
 * constant one has maxima without storing them. */
static kf_status make_maxima(weight_iter *w, unsigned part, kf_error *error)
{
    weight_part *p = &w->part[part];
    kfi_maxima *maxima = &p->maxima;
    uint64_t total = 0, place = 0, counts[KFI_WEIGHTS_LEVELS + 1];
    *maxima = (kfi_maxima){ .width = 64 };
    for (uint64_t low = p->in.low, last = p->in.high - 1; last - low >= KFI_WEIGHTS_FAN;) {
        low >>= KFI_WEIGHTS_FAN_BITS;
        last >>= KFI_WEIGHTS_FAN_BITS;
        maxima->first[++maxima->levels] = low;
        total += counts[maxima->levels] = last - low + 1;
    }
    if (!total) return KF_OK;
    if (total > SIZE_MAX / 16) return kfi_fail_memory(error, SIZE_MAX);
    p->made = malloc((size_t)total * sizeof *p->made);
    if (!p->made) return kfi_fail_memory(error, (size_t)total * sizeof *p->made);
    for (unsigned k = 1; k <= maxima->levels; place += counts[k++])
        maxima->level[k] = (const uint8_t *)(p->made + place);
    kf_status status = read_weights(w, part);
    if (status) return kfi_fail(error, status, "a weight cannot be read");
    uint64_t *to = p->made + counts[1];
    for (unsigned k = 2; k <= maxima->levels; k++)
        for (uint64_t i = 0; i < counts[k]; i++, to++) {
            candidate best = { 0, UINT64_MAX, k - 1, part };
            next_child(w, maxima->first[k] + i, &best);   /* there is one */
            kfi_store64((uint8_t *)to, best.bound);
        }
    return KF_OK;
}

/* ---- create ----------------------------------------------------------------------------------- */

/* The members that the range (not empty) touches. */
static kf_status find_parts(weight_iter *w, const kf_dict *dict, uint64_t low, uint64_t high)
{
    if (dict->shards) {
        size_t count = kfi_shard_of_ordinal(dict->shards, high - 1) - kfi_shard_of_ordinal(dict->shards, low) + 1;
        if (count > UINT_MAX) return KF_NO_MEMORY;
        weight_part *part = count > 1 ? calloc(count, sizeof *part) : &w->only;
        if (!part) return KF_NO_MEMORY;
        w->part = part;
    }
    kf_status status = KF_OK;
    for (; !status && low < high; low = w->part[w->parts - 1].in.base + w->part[w->parts - 1].in.high)
        status = kfi_part_first(&w->part[w->parts++].in, dict, low, high);
    return status;
}

/* The best child of each of the blocks that a member's tree is made of. */
static kf_status open_part(weight_iter *w, unsigned part, kf_error *error)
{
    weight_part *p = &w->part[part];
    const uint64_t low = p->in.low, high = p->in.high;
    kf_status status = KF_OK;
    p->maxima = p->in.dict->weights.maxima;
    if (!p->in.dict->weights.column) return kfi_fail(error, KF_TYPE, "the dictionary has no weights");
    if (!p->maxima.levels) status = make_maxima(w, part, error);
    if (status) return status;
    unsigned level = kfi_maxima_level(&p->maxima, low, high), shift = level * KFI_WEIGHTS_FAN_BITS;
    uint64_t block = low >> shift >> KFI_WEIGHTS_FAN_BITS, last = (high - 1) >> shift >> KFI_WEIGHTS_FAN_BITS;
    for (; block <= last; block++) {
        status = open_block(w, part, block, level);
        if (status) return kfi_fail(error, status, "a weight cannot be read");
    }
    return KF_OK;
}

kf_status kfi_iter_by_weight(kf_iter **out, const kf_dict *dict, uint64_t low, uint64_t high, uint64_t limit,
                             kf_filter_fn filter, void *filter_context, kf_error *error)
{
    *out = NULL;
    if (!kf_dict_has_weights(dict)) return kfi_fail(error, KF_TYPE, "the dictionary has no weights");
    weight_iter *w = (weight_iter *)kfi_iter_new(sizeof *w, &weight_class, dict);
    if (!w) return kfi_fail_memory(error, sizeof *w);
    kf_status status = KF_OK;
    w->queue = w->first;
    w->capacity = FIRST_CANDIDATES;
    w->part = &w->only;
    w->filter = filter;
    w->filter_context = filter_context;
    if (high > dict->header.keys) high = dict->header.keys;
    if (low < high && limit) {
        w->left = high - low < limit ? high - low : limit;
        status = find_parts(w, dict, low, high);
        if (status && !kfi_shards_told(dict, status, error)) kfi_fail_memory(error, sizeof *w->part);
        for (unsigned i = 0; i < w->parts && !status; i++) status = open_part(w, i, error);
    }
    if (status) kf_iter_destroy((kf_iter **)&w);
    else *out = &w->iter;
    return status;
}
