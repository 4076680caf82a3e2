/* Descents (descent.h) in a dictionary of several members. The text at a place leads to one member, the last
 * whose first key is not above it. Keys of members before can begin the text too; but what is between such a
 * key and the text begins with the key, the first key of that one member included. So they are found once for
 * a member, as the keys before it that begin its first key:
 *
 *      member 0   ... "c" "ca"          text "cats": member 1, whose first key "cast" shares 2 bytes with it,
 *      member 1   "cast" "cat" ...      so "c" and "ca" begin it; and what a descent there finds, "cat" */
#ifndef KFI_READ_SHARDS_DESCENT_SHARDS_H
#define KFI_READ_SHARDS_DESCENT_SHARDS_H

#include "read/search/descent.h"
#include "read/shards/shard_set.h"

/* A member, once a place has led there. */
typedef struct kfi_shard_descents {
    kfi_descents descents;
    kf_prefix_match *before;     /* keys of members before it that begin its first key, shortest first; */
    size_t before_count;         /* in ordinals of the whole */
    int ready;
} kfi_shard_descents;

/* Where the first bytes of a text lead. */
typedef struct kfi_shard_route {
    uint32_t bytes;
    uint32_t shard;              /* and 1; 0: the slot is empty; ROUTE_OPEN: more bytes must tell */
} kfi_shard_route;

typedef struct kfi_text_shards {
    const kfi_shards *shards;
    const uint8_t *text;
    size_t size;
    kfi_descents table;          /* for what all share: no descents are made by it */
    kfi_shard_descents *member;  /* of each */
    kfi_shard_route *routes;     /* direct-mapped; NULL: the text is too short for it to pay */
} kfi_text_shards;

/* KF_NO_MEMORY. */
kf_status kfi_text_shards_create(kfi_text_shards *t, const kfi_shards *shards, const uint8_t *text,
                                 size_t size);
void kfi_text_shards_destroy(kfi_text_shards *t);

/* To which member text[place] leads, place < size; `*before` of its keys before begin the text there.
 * KF_NO_MEMORY, KF_CORRUPT. */
kf_status kfi_text_shards_find(kfi_text_shards *t, size_t place, size_t *shard, size_t *before);

#endif
