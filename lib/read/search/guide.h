/* A deterministic automaton over bytes, as the guided walk (hunt.h) steps it: rows of a table that are filled
 * in when they are first needed. What the states mean is the affair of whoever fills (lib/query/dfa.h).
 *
 *   table   | row 0: dead | row | row | ...           a state is the position of its row
 *   row     | info | bound | labels: 8 bytes | next[class 0] | next[class 1] | ... next[last class]
 *
 *   info    bit 0: a key may end here; bits 1..: number of the row
 *   bound   a float's bits: no key that goes on from here is better than that
 *   labels  count:8, then the bytes by which keys go on, ascending, if they are few
 *   next    the state after a byte of that class; KFI_GUIDE_DEAD: no key goes on; KFI_GUIDE_UNKNOWN: ask */
#ifndef KFI_READ_SEARCH_GUIDE_H
#define KFI_READ_SEARCH_GUIDE_H

#include "base/error.h"

#include <string.h>

enum {
    KFI_GUIDE_DEAD = 0,
    KFI_GUIDE_INFO = 0,
    KFI_GUIDE_BOUND = 1,
    KFI_GUIDE_LABELS = 2,
    KFI_GUIDE_NEXT = 4,
    KFI_GUIDE_FEW = 7,               /* so many labels are few */
    KFI_GUIDE_MANY = 0xfe,           /* counts of labels that are not few, or not known yet */
    KFI_GUIDE_LABELS_UNKNOWN = 0xff
};
#define KFI_GUIDE_UNKNOWN UINT32_MAX
#define KFI_GUIDE_FAILED (UINT32_MAX - 1)   /* result of `fill`: no memory */

typedef struct kfi_guide {
    uint32_t *table;
    const uint8_t *class_of;     /* [256] */
    uint32_t start;
    float cutoff;                /* states whose bound is below it are dead */
    uint32_t resets;             /* counts how often all states but `start` were forgotten */
    size_t path;                 /* set by the walk before it asks: bytes that it would have to step again */
    /* The state after `byte`, which is KFI_GUIDE_UNKNOWN in the table, or KFI_GUIDE_FAILED. May forget all
     * states, `state` too; then `resets` grows, the result means nothing and the walk steps its path again. */
    uint32_t (*fill)(struct kfi_guide *guide, uint32_t state, uint8_t byte);
    /* Finds out a state's labels, for which it may call `fill`: 0 without memory. */
    int (*find_labels)(struct kfi_guide *guide, uint32_t state);
} kfi_guide;

static inline int kfi_guide_accepts(const kfi_guide *guide, uint32_t state)
{
    return guide->table[state + KFI_GUIDE_INFO] & 1;
}

static inline uint32_t kfi_guide_row(const kfi_guide *guide, uint32_t state)
{
    return guide->table[state + KFI_GUIDE_INFO] >> 1;
}

/* Count and bytes; valid until the next `fill`. */
static inline const uint8_t *kfi_guide_labels(const kfi_guide *guide, uint32_t state)
{
    return (const uint8_t *)&guide->table[state + KFI_GUIDE_LABELS];
}

static inline float kfi_guide_bound(const kfi_guide *guide, uint32_t state)
{
    float bound;
    memcpy(&bound, &guide->table[state + KFI_GUIDE_BOUND], sizeof bound);
    return bound;
}

#endif
