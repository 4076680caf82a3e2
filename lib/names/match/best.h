/* The best names so far: a heap with the worst of them on top; those that are as good as that one; and the score of the
 * next one below. */
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
    kfi_array ties;                /* kfi_found: a heap too, of others with the score of the worst one */
    uint64_t limit, tie_limit;     /* of the two */
    uint64_t tied;                 /* names as good as the worst one that are not in the heap */
    double cutoff;
    int is_whole;                  /* scores are of names as whole texts */
    int wants_next, has_next;
    kfi_score next;                /* the best one below them, if it was met and has the cutoff */
    kfi_score least;               /* a name with less cannot change any of this */
} kfi_best;

static inline size_t kfi_best_count(const kfi_best *best) { return best->heap.size / sizeof(kfi_found); }
static inline kfi_found *kfi_best_list(const kfi_best *best) { return (kfi_found *)(void *)best->heap.data; }
/* A score as a double. */
static inline double kfi_best_value(const kfi_best *best, kfi_score score)
{
    return best->is_whole ? kfi_whole_value(score) : kfi_score_value(score);
}
static inline int kfi_best_is_full(const kfi_best *best) { return kfi_best_count(best) >= best->limit; }

/* `tie_limit`: so many of those as good as the worst one are kept. `wants_next`: the score of the next one is found
 * too. */
void kfi_best_begin(kfi_best *best, uint64_t limit, double cutoff, uint64_t tie_limit, int wants_next);
/* Scores are of whole texts; nothing may have been offered yet. */
void kfi_best_whole(kfi_best *best);
void kfi_best_free(kfi_best *best);
/* Whether a name of that score is to be offered. */
int kfi_best_wants(const kfi_best *best, kfi_score score);
/* Takes it. KF_NO_MEMORY. */
kf_status kfi_best_offer(kfi_best *best, const kfi_found *found, kf_error *error);
/* Puts the list into its order, the best first, of equal ones the lowest position; with the ties, if there are any.
 * Nothing may be offered afterwards. KF_NO_MEMORY. */
kf_status kfi_best_sort(kfi_best *best, kf_error *error);

#endif
