/* The best names so far: a heap with the worst of them on top. */
#ifndef KFI_NAMES_MATCH_BEST_H
#define KFI_NAMES_MATCH_BEST_H

#include "base/array.h"
#include "names/score/similarity.h"

typedef struct kfi_found {
    kfi_score score;
    uint32_t position, slot;
} kfi_found;

typedef struct kfi_best {
    kfi_array heap;                /* kfi_found */
    uint64_t limit;
    double cutoff;
    kfi_score least;               /* a name with less cannot become one of them */
} kfi_best;

static inline size_t kfi_best_count(const kfi_best *best) { return best->heap.size / sizeof(kfi_found); }
static inline kfi_found *kfi_best_list(const kfi_best *best) { return (kfi_found *)(void *)best->heap.data; }
static inline int kfi_best_is_full(const kfi_best *best) { return kfi_best_count(best) >= best->limit; }

void kfi_best_begin(kfi_best *best, uint64_t limit, double cutoff);
/* Whether a name of that score and position is to be offered. */
int kfi_best_wants(const kfi_best *best, kfi_score score, uint32_t position);
/* Takes it. KF_NO_MEMORY. */
kf_status kfi_best_offer(kfi_best *best, const kfi_found *found, kf_error *error);
/* Puts the list into its order: the best first, of equal ones the lowest position. */
void kfi_best_sort(kfi_best *best);

#endif
