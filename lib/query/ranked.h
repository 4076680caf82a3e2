/* The best hits of a search, and the iterator that yields them. */
#ifndef KFI_QUERY_RANKED_H
#define KFI_QUERY_RANKED_H

#include "read/iter.h"

typedef struct kfi_hit {
    double score;                /* larger is better; then the larger weight, then the smaller ordinal */
    uint64_t weight, ordinal, distance;
} kfi_hit;

/* The best `limit` of all hits offered: a heap, the worst one on top, once there are so many. Starts as
 * { .limit = ... }. */
typedef struct kfi_hits {
    kfi_hit *hit;
    size_t count, capacity;
    uint64_t limit;
} kfi_hits;

static inline int kfi_hit_better(const kfi_hit *a, const kfi_hit *b)
{
    if (a->score != b->score) return a->score > b->score;
    if (a->weight != b->weight) return a->weight > b->weight;
    return a->ordinal < b->ordinal;
}

/* KF_NO_MEMORY. O(log limit). */
kf_status kfi_hits_offer(kfi_hits *hits, const kfi_hit *hit);
void kfi_hits_free(kfi_hits *hits);

/* Whether a further hit must be better than some other one, which is then `hit[0]`. */
static inline int kfi_hits_full(const kfi_hits *hits) { return hits->count == hits->limit; }

/* Yields the hits, best first. Takes them over: `hits` is empty afterwards, whatever happens. */
kf_status kfi_iter_ranked(kf_iter **out, const kf_dict *dict, kfi_hits *hits, int with_similarity,
                          kf_error *error);

#endif
