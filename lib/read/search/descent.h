/* The keys that begin at many places of one text. A descent is a search (search.h) that starts at each place
 * anew. Most come to an end after a few bytes, and in a text of a language the same few bytes come again and
 * again; so what they lead to is kept in a small table.
 *
 *     kfi_descents_create(&descents, keys, variant, text, size);
 *     for each place:
 *         step = kfi_descents_begin(&descents, place, notes, room, &count);
 *         while (step == KFI_STEP_ON) step = kfi_descents_go_on(&descents, notes, room, &count);
 *
 * The root must be a container, and `room` KFI_DESCENT_ROOM at least, in every call. */
#ifndef KFI_READ_SEARCH_DESCENT_H
#define KFI_READ_SEARCH_DESCENT_H

#include "read/search/search.h"

enum { KFI_START_NOTES = 4, KFI_DESCENT_ROOM = KFI_STEP_NOTES + KFI_START_NOTES };

/* What the 4 bytes that a descent begins with make of it: one cache line. */
typedef struct kfi_start {
    uint64_t bytes;              /* little-endian; above them, whose descent it was */
    uint8_t known;               /* 0: the slot is empty */
    uint8_t step;                /* KFI_STEP_ON: to be gone on with; else the descent's end */
    uint8_t depth;
    uint8_t count;
    uint8_t sizes[KFI_START_NOTES];       /* of the keys met: 1 at least, */
    uint64_t ordinals[KFI_START_NOTES];   /* and their ordinals */
    const uint8_t *at;           /* KFI_STEP_ON: the container to go on at, */
    uint64_t rank;               /* and what a search knows there */
} kfi_start;

typedef struct kfi_descents {
    const kfi_keys *keys;
    const kfi_search_variant *variant;
    const uint8_t *text;
    size_t size;
    kfi_search search;
    kfi_start *starts;           /* direct-mapped by the bytes; NULL: the text is too short for it to pay */
    unsigned shift;
    uint32_t number;             /* among those that share the starts */
} kfi_descents;

/* KF_NO_MEMORY. */
kf_status kfi_descents_create(kfi_descents *descents, const kfi_keys *keys, const kfi_search_variant *variant,
                              const uint8_t *text, size_t size);
void kfi_descents_destroy(kfi_descents *descents);

/* Descents along the same text in other keys, which share the table of `owner`, that lives longer. No two may have
 * the same number; the owner's own is 0. They need not be destroyed. */
void kfi_descents_join(kfi_descents *descents, const kfi_descents *owner, const kfi_keys *keys,
                       const kfi_search_variant *variant, uint32_t number);

/* Sets out from text[place], place < size. Notes and result are those of a variant's `prefixes`; whether the
 * empty key is among the notes is left open. */
kfi_step kfi_descents_begin(kfi_descents *descents, size_t place, kf_prefix_match *notes, size_t room,
                            size_t *count);

/* After KFI_STEP_ON. */
static inline kfi_step kfi_descents_go_on(kfi_descents *d, kf_prefix_match *notes, size_t room, size_t *count)
{
    return d->variant->prefixes(d->keys, &d->search, notes, room, count);
}

#endif
