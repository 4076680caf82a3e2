/* Finding many keys, compiled once for each instruction set: searches that run interleaved. While one waits for memory
 * the others proceed; as they are sorted by what they come to next, the processor need not guess that. Where nothing
 * waits long, one after the other is faster. */
#ifndef KFI_READ_SEARCH_BATCH_BODY_H
#define KFI_READ_SEARCH_BATCH_BODY_H

#include "read/search/find_body.h"

enum { LANES = 16 };

typedef struct lane {
    const kfi_keys *keys;
    const uint8_t *cell;         /* of the table of first nodes, to start at, */
    uint64_t reference;          /* or, if that is NULL, the directory entry to jump to */
    size_t owner;
    int in_bucket;
    lean search;
    uint8_t room[KEY_ROOM];
} lane;

typedef struct lane_list { size_t count; lane *at[LANES]; } lane_list;

/* A batch at work: each lane is in one of the lists. What the next step of a lane reads was asked for in the round
 * before. */
typedef struct batch {
    lane_list idle, waiting, arrived, nodes, buckets;   /* waiting: for a cell or a directory entry */
    uint64_t *ordinals;
    size_t found;
    kf_status result;
} batch;

KFI_INLINE void list_add(lane_list *list, lane *l) { list->at[list->count++] = l; }

static void answer(batch *b, size_t owner, kf_status status, uint64_t ordinal)
{
    b->ordinals[owner] = status ? UINT64_MAX : ordinal;
    b->found += !status;
    if (status == KF_CORRUPT) b->result = KF_CORRUPT;
}

static void lane_start(batch *b, const kfi_keys *keys, kf_bytes key, size_t owner)
{
    lane *l = b->idle.at[--b->idle.count];
    l->keys = keys;
    l->owner = owner;
    l->in_bucket = 0;
    pad_key(l->room, key.data, key.size);
    l->search = at_root(keys, l->room, key.size);
    l->cell = top_cell(keys, l->room, key.size);
    kfi_prefetch(l->cell ? l->cell : l->search.at);
    list_add(l->cell ? &b->waiting : &b->arrived, l);
}

/* What comes after a step of a lane. */
KFI_INLINE void lane_on(batch *b, lane *l, lean_step step)
{
    if (KFI_RARELY(step == LEAN_RARE)) {
        rare r = { l->search, l->reference, l->in_bucket };
        step = rare_step(l->keys, &r);
        l->search = r.search;
        l->reference = r.reference;
    }
    l->in_bucket = step == LEAN_BUCKET;
    if (step == LEAN_ON || step == LEAN_BUCKET) {
        kfi_prefetch(l->search.at);
        list_add(&b->arrived, l);
    } else if (step == LEAN_JUMP) {
        if (l->reference >= l->keys->endings.count)
            kfi_prefetch(l->keys->shared + l->reference * l->keys->parameters.directory_width / 8);
        l->cell = NULL;
        list_add(&b->waiting, l);
    } else {
        const uint64_t rank = l->search.rank;
        const int found = step == LEAN_FOUND && rank < l->keys->count;
        answer(b, l->owner, found ? KF_OK : step == LEAN_ABSENT ? KF_NOT_FOUND : KF_CORRUPT, rank);
        list_add(&b->idle, l);
    }
}

/* One step of each lane. */
static void round_of(batch *b)
{
    const size_t arrived = b->arrived.count, waiting = b->waiting.count;
    b->arrived.count = b->waiting.count = b->nodes.count = b->buckets.count = 0;
    for (size_t i = 0; i < arrived; i++) {   /* into both lists, and kept in one */
        lane *l = b->arrived.at[i];
        const int node = kfi_is_node(l->search.at);
        b->nodes.at[b->nodes.count] = b->buckets.at[b->buckets.count] = l;
        b->nodes.count += (size_t)node;
        b->buckets.count += (size_t)!node;
    }
    for (size_t i = 0; i < waiting; i++) {
        lane *l = b->waiting.at[i];
        lean_step step = LEAN_ON;
        if (l->cell) start_at_cell(&l->search, l->keys, l->cell);
        else step = lean_jump(l->keys, &l->search, l->reference);
        lane_on(b, l, step);
    }
    for (size_t i = 0; i < b->nodes.count; i++) {
        lane *l = b->nodes.at[i];
        const lean_step step = l->in_bucket ? LEAN_CORRUPT : lean_node(l->keys, &l->search);
        lane_on(b, l, step);
    }
    for (size_t i = 0; i < b->buckets.count; i++) {
        lane *l = b->buckets.at[i];
        lean s = l->search;
        const lean_step step = lean_bucket_step(l->keys, &s, &l->reference);
        if (step != LEAN_RARE) l->search = s;
        lane_on(b, l, step);
    }
}

static kf_status find_each(const kfi_key_batch *q, size_t count, uint64_t *ordinals, size_t *found)
{
    kf_status result = KF_OK;
    for (size_t i = 0; i < count; i++) {
        const kf_bytes key = kfi_batch_key(q, i);
        kf_status status = find(q->keys, key.data, key.size, &ordinals[i]);
        if (status) ordinals[i] = UINT64_MAX;
        else ++*found;
        if (status == KF_CORRUPT) result = KF_CORRUPT;
    }
    return result;
}

static kf_status find_many(const kfi_key_batch *q, size_t count, uint64_t *ordinals, size_t *found)
{
    lane lanes[LANES];
    batch b = { .ordinals = ordinals };
    *found = 0;
    if (!q->keys_of && !q->keys->interleave) return find_each(q, count, ordinals, found);
    for (size_t i = 0; i < LANES; i++) list_add(&b.idle, &lanes[i]);
    for (size_t next = 0; next < count || b.idle.count < LANES; round_of(&b)) {
        for (; b.idle.count && next < count; next++) {
            const kfi_keys *keys = q->keys_of ? q->keys_of[next] : q->keys;
            const kf_bytes key = kfi_batch_key(q, next);
            if (!is_other(keys, key.size)) {
                lane_start(&b, keys, key, next);
                continue;
            }
            uint64_t ordinal;
            const kf_status status = find_other(keys, key.data, key.size, &ordinal);
            answer(&b, next, status, ordinal);
        }
    }
    *found = b.found;
    return b.result;
}

#endif
