/* States of the automaton as values: for searches that keep many places open at once (best-first search,
 * approximate matching in order of distance) and for operations on several dictionaries side by side.
 * The walk (walk.h) is faster where keys are visited in order.
 *
 * A state stands for a prefix: the keys that begin with it are the ordinals ordinal .. ordinal+keys-1, the
 * first of which is the prefix itself if `final`. Its children are one byte longer each; bytes inside an
 * edge's label or an entry's tail are states as any other. States are copied freely and own nothing; the
 * prefix is kfi_key_at(ordinal), cut to kfi_state_size. */
#ifndef KFI_READ_KEYS_STATE_H
#define KFI_READ_KEYS_STATE_H

#include "read/keys/keys_view.h"

typedef struct kfi_state {
    uint64_t ordinal, keys;
    int final;
    /* Private from here on. */
    uint8_t kind;
    uint8_t entry, high;       /* ENTRIES: entry..high-1 begin with the prefix */
    uint16_t big;              /* EDGE: which one of the node's */
    uint32_t depth, matched;   /* of the container, and bytes of the prefix after that */
    const uint8_t *at;         /* the container */
    uint64_t base;             /* ENTRIES: entry e has ordinal base + its rank; NODE: ordinal + final */
    uint64_t end;              /* ENTRIES: the ordinal after the bucket's last entry */
} kfi_state;

/* What states are read with: decoded buckets and the text of one edge. Belongs to one thread. */
typedef struct kfi_states {
    const kfi_keys *keys;
    struct kfi_bucket_cache *cache;
    uint8_t *text;
    size_t text_size;
    const uint8_t *text_at;    /* whose text it is: a container and a number of an edge or entry in it */
    unsigned text_index;
} kfi_states;

/* KF_NO_MEMORY. */
kf_status kfi_states_create(kfi_states *states, const kfi_keys *keys);
void kfi_states_destroy(kfi_states *states);

/* The state of the empty prefix. KF_CORRUPT. */
kf_status kfi_state_root(kfi_states *states, kfi_state *root);

/* Bytes of the prefix. */
static inline size_t kfi_state_size(const kfi_state *state) { return (size_t)state->depth + state->matched; }

/* Enumerates the children in the order of their bytes: start with KFI_CHILDREN_INIT. KF_END after the last
 * one, KF_CORRUPT. At most 256 calls give a child. */
typedef struct kfi_children {
    unsigned big, bucket, entry;
    int begun;
} kfi_children;
#define KFI_CHILDREN_INIT { 0, 0, 0, 0 }
kf_status kfi_state_next(kfi_states *states, const kfi_state *state, kfi_children *children, uint8_t *label,
                         kfi_state *child);

/* The child by `label`: KF_NOT_FOUND when there is none. O(1). `child` may be `state` itself. */
kf_status kfi_state_child(kfi_states *states, const kfi_state *state, uint8_t label, kfi_state *child);

#endif
