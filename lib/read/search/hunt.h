/* Walking the keys that a guide lets through: the traversal under every query. Like the walk (walk.h), but an
 * automaton is stepped along, label by label, before anything behind the label is decoded; what is dead is
 * passed over without being looked at. What is shared is looked at once for each state that leads to it, as long as
 * nothing comes of it.
 *
 *     kfi_hunt_begin(hunt, keys, guide, low, high);
 *     while (!(status = kfi_hunt_next(hunt))) use(hunt->path, hunt->size, hunt->ordinal, hunt->state);
 *
 * Damage: containers are entered and keys met in the order of ascending ordinals below the dictionary's count,
 * or the walk ends with KF_CORRUPT; so it ends on any bytes. */
#ifndef KFI_READ_SEARCH_HUNT_H
#define KFI_READ_SEARCH_HUNT_H

#include "read/keys/node_view.h"
#include "read/search/guide.h"

enum {
    KFI_HUNT_OUTLINE_BITS = 6,
    KFI_HUNT_OUTLINE = 448,     /* bytes that an unpacked bucket takes */
    KFI_HUNT_BARREN_BITS = 12,  /* containers that are remembered, by a hash, */
    KFI_HUNT_BARREN_WORK = 4096 /* from so many labels on */
};

/* A container, behind a jump, in which no key was wanted that a state led to. */
typedef struct kfi_hunt_barren {
    const uint8_t *at;
    uint32_t state;
} kfi_hunt_barren;

/* A container on the way to the current key.
 *   ENTRIES   entries entry..end-1 of a bucket are still to be looked at. The text of the last one looked at
 *             is alive up to `alive` bytes from the container's depth on: so far are path and states valid.
 *             Entry e has ordinal base + its rank.
 *   NODE      Labels below `label` are done with. The first key behind the final one has ordinal `base`.
 * `inside` is the ordinal of the child container that the next level is, or of its first key; `first` that of the first
 * key here, if a jump led here: with `state`, else KFI_GUIDE_DEAD. */
typedef struct kfi_hunt_level {
    const uint8_t *at;
    uint64_t base, inside, first;
    uint32_t depth, alive, state;
    uint16_t label;
    uint8_t kind, entry, end;
    kfi_node node;
} kfi_hunt_level;

typedef struct kfi_hunt {
    /* The current key, and the guide's state after it. */
    const uint8_t *path;
    size_t size;
    uint64_t ordinal;
    uint32_t state;
    uint64_t work;                  /* labels looked at so far */
    uint64_t work_limit;            /* beyond it, kfi_hunt_next ends with KF_LIMIT; UINT64_MAX at first */

    /* Private from here on. */
    const kfi_keys *keys;
    kfi_guide *guide;
    unsigned escape;                /* the label code that stands for none; above all others without one */
    uint32_t resets;                /* of the guide, when the states were last right */
    uint64_t low, high;             /* ordinals wanted */
    uint64_t floor;                 /* no ordinal below it may come */
    uint64_t taken;                 /* the ordinal behind the last key that was wanted */
    uint8_t *bytes;
    uint32_t *states;               /* after each byte of the path */
    kfi_hunt_level *levels;
    size_t height, capacity;
    int begun;
    const struct kfi_search_variant *variant;
    kfi_hunt_barren *barren;        /* NULL: too little was looked at yet */
    uint8_t *outlines;              /* buckets last looked at, unpacked; direct-mapped by address */
    const uint8_t *outline_at[1 << KFI_HUNT_OUTLINE_BITS];
} kfi_hunt;

/* For keys of at most `longest_key` bytes, which it takes memory in proportion to. KF_NO_MEMORY. */
kf_status kfi_hunt_create(kfi_hunt *hunt, size_t longest_key);
void kfi_hunt_destroy(kfi_hunt *hunt);

/* Sets out for the keys with ordinals low .. high-1, high <= count. May be called again at any time, for other
 * keys too; `work` goes on. */
void kfi_hunt_begin(kfi_hunt *hunt, const kfi_keys *keys, kfi_guide *guide, uint64_t low, uint64_t high);

/* Private to the walk. Barren containers are noted from now on, if there is memory for it; states have changed their
 * meaning. */
void kfi_hunt_remember(kfi_hunt *hunt);
void kfi_hunt_forget(kfi_hunt *hunt);

/* The next key that the guide accepts. KF_END, KF_LIMIT (work_limit), KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_hunt_next(kfi_hunt *hunt);

#endif
