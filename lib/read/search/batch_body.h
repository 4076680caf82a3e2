/* Finding many keys, compiled once for each instruction set: searches that run interleaved. While one waits for memory
 * the others proceed. Where nothing waits long, one after the other is faster, because its branches are easier to
 * foresee. */
#ifndef KFI_READ_SEARCH_BATCH_BODY_H
#define KFI_READ_SEARCH_BATCH_BODY_H

#include "read/search/find_body.h"

enum { LANES = 16 };

typedef struct lane {
    const kfi_keys *keys;
    const uint8_t *cell;         /* of the table of first nodes, to start at, */
    uint64_t reference;          /* or the directory entry to jump to: asked for in the round before */
    enum { AT_CELL, AT_JUMP, AT_CONTAINER, AT_BUCKET } state;
    size_t owner;
    lean search;
    uint8_t room[KEY_ROOM];
} lane;

static void lane_start(lane *l, const kfi_keys *keys, kf_bytes key, size_t owner)
{
    l->keys = keys;
    l->owner = owner;
    pad_key(l->room, key.data, key.size);
    l->search = at_root(keys, l->room, key.size);
    l->cell = top_cell(keys, l->room, key.size);
    l->state = l->cell ? AT_CELL : AT_CONTAINER;
    KFI_PREFETCH(l->cell ? l->cell : l->search.at);
}

/* One access to memory further. */
static lean_step lane_step(lane *l)
{
    const kfi_keys *keys = l->keys;
    lean_step step = LEAN_ON;
    lean s = l->search;
    if (l->state == AT_CELL) {
        start_at_cell(&s, keys, l->cell);
    } else if (l->state == AT_JUMP) {
        if (!follow(keys, &s, l->reference)) return LEAN_CORRUPT;
    } else {
        if (!kfi_is_node(s.at)) step = lean_bucket_step(keys, &s, &l->reference);
        else if (l->state == AT_BUCKET) return LEAN_CORRUPT;
        else step = lean_node(keys, &s);
        if (KFI_RARELY(step == LEAN_RARE)) {
            rare r = { s, l->reference, l->state == AT_BUCKET };
            step = rare_step(keys, &r);
            s = r.search;
            l->reference = r.reference;
        }
    }
    l->search = s;
    l->state = step == LEAN_JUMP ? AT_JUMP : step == LEAN_BUCKET ? AT_BUCKET : AT_CONTAINER;
    if (step == LEAN_JUMP) {
        KFI_PREFETCH(keys->shared + l->reference * keys->parameters.directory_width / 8);
    } else {
        KFI_PREFETCH(s.at);
        KFI_PREFETCH(s.at + 64);
    }
    return step;
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
    lane lanes[LANES], *at[LANES];   /* at[0..active) run */
    size_t active = 0, next = 0;
    kf_status result = KF_OK;
    *found = 0;
    if (!q->keys_of && !q->keys->interleave) return find_each(q, count, ordinals, found);
    for (size_t i = 0; i < LANES; i++) at[i] = &lanes[i];
    for (;;) {
        for (; active < LANES && next < count; next++) {
            const kfi_keys *keys = q->keys_of ? q->keys_of[next] : q->keys;
            const kf_bytes key = kfi_batch_key(q, next);
            if (!is_other(keys, key.size)) {
                lane_start(at[active++], keys, key, next);
                continue;
            }
            kf_status status = find_other(keys, key.data, key.size, &ordinals[next]);
            if (status) ordinals[next] = UINT64_MAX;
            else ++*found;
            if (status == KF_CORRUPT) result = KF_CORRUPT;
        }
        if (!active) break;
        for (size_t i = 0; i < active;) {
            lane *l = at[i];
            lean_step step = lane_step(l);
            if (step < LEAN_FOUND) {
                i++;
                continue;
            }
            int hit = step == LEAN_FOUND && l->search.rank < l->keys->count;
            if (step == LEAN_CORRUPT || (step == LEAN_FOUND && !hit)) result = KF_CORRUPT;
            ordinals[l->owner] = hit ? l->search.rank : UINT64_MAX;
            *found += (size_t)hit;
            at[i] = at[--active];
            at[active] = l;
        }
    }
    return result;
}

#endif
