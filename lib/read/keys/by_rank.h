/* Down the key structure by the number of keys before, one container a step: from an ordinal to its key. A step is
 * made from a node or from a decoded bucket, which the caller looks for, as it may have it decoded already. */
#ifndef KFI_READ_KEYS_BY_RANK_H
#define KFI_READ_KEYS_BY_RANK_H

#include "read/keys/node_decode.h"

/* text[0..size) leads to the container at `place`, whose first key has the ordinal `first`. */
typedef struct kfi_rank_way {
    const kfi_keys *keys;
    uint64_t ordinal;            /* of the key that is looked for */
    uint64_t first;
    kfi_place place;
    uint8_t *text;               /* room for the longest key and 2 * KFI_TOKEN_MAX bytes more */
    const uint8_t *limit;
    size_t size;
} kfi_rank_way;

static inline kfi_rank_way kfi_rank_way_begin(const kfi_keys *keys, uint64_t ordinal, uint8_t *text)
{
    return (kfi_rank_way){ .keys = keys, .ordinal = ordinal, .place = kfi_root(keys), .text = text,
                           .limit = text + keys->longest_key };
}

/* From the node at `place` to its child node or bucket that has the key: which one, is in `pick`, and the node in
 * `n`. KFI_STEP_FOUND: the key is text[0..size). KFI_STEP_ON, KFI_STEP_CORRUPT. */
static inline kfi_step kfi_step_by_rank_in_node(kfi_rank_way *w, kfi_node *n, kfi_node_pick *pick)
{
    if (!kfi_node_open(w->keys, n, w->place)) return KFI_STEP_CORRUPT;
    if (n->final && w->ordinal == w->first) return KFI_STEP_FOUND;
    w->first += (unsigned)n->final;
    if (!kfi_node_select(n, w->ordinal - w->first, pick)) return KFI_STEP_CORRUPT;
    w->first += pick->before;
    if (!pick->is_big) return kfi_node_bucket_checked(n, pick->bucket, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
    uint8_t *end = kfi_node_follow(w->keys, n, pick->big, w->text + w->size, w->limit, &w->place);
    if (!end) return KFI_STEP_CORRUPT;
    w->size = (size_t)(end - w->text);
    return KFI_STEP_ON;
}

/* From the bucket at `place`, decoded for the depth `size`, through the entry that has the key. `entry` is left as it
 * is where that is the bucket's own final key. The same results. */
static inline kfi_step kfi_step_by_rank_in_bucket(kfi_rank_way *w, const kfi_decoded *d, unsigned *entry)
{
    if (d->view.final && w->ordinal == w->first) return KFI_STEP_FOUND;
    w->first += (unsigned)d->view.final;
    const unsigned e = *entry = kfi_decoded_select(d, w->ordinal - w->first);
    uint8_t *end = kfi_decoded_text(w->keys, d, e, 0, w->text + w->size, w->limit);
    if (!end) return KFI_STEP_CORRUPT;
    w->size = (size_t)(end - w->text);
    w->first += kfi_decoded_rank(d, e);
    if (!kfi_decoded_is_jump(d, e)) return w->first == w->ordinal ? KFI_STEP_FOUND : KFI_STEP_CORRUPT;
    return kfi_bucket_target(w->keys, &d->view, e, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

/* The key of an ordinal below the count. Returns its size; SIZE_MAX on damage. `text` has room for the longest key
 * and 2 * KFI_TOKEN_MAX bytes more. */
size_t kfi_key_at(const kfi_keys *keys, uint64_t ordinal, uint8_t *text);

#endif
