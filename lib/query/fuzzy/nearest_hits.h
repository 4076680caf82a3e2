/* What every kind of search for the nearest keys has: its terms, and what it has found so far. */
#ifndef KFI_QUERY_FUZZY_NEAREST_HITS_H
#define KFI_QUERY_FUZZY_NEAREST_HITS_H

#include "query/ranked.h"

#include <keyfold/query.h>

typedef struct kfi_nearest {
    const kf_dict *dict;
    const kf_dict *member;           /* the plain dictionary that is searched right now, whose ordinals are */
    uint64_t base;                   /* `base` less than those of `dict` */
    const kf_nearest_options *options;
    const kf_iter_options *within;
    kf_bytes needle;
    uint64_t low, high;              /* the ordinals of `within` */
    uint64_t work;                   /* labels looked at so far */
    kfi_hits hits;
    kf_iter *candidate;              /* what the filter sees; NULL without a filter */
} kfi_nearest;

/* Offers a key of `member` to the hits if it is better than what they have and the filter wants it. KF_NO_MEMORY. */
kf_status kfi_nearest_offer(kfi_nearest *search, kf_bytes key, const kfi_hit *hit);

/* The score that a key must reach from ordinal `next` on: `least`, or the worst hit's once there are enough,
 * which later keys must better. Rounded down. */
float kfi_nearest_cutoff(const kfi_nearest *search, double least, uint64_t next);

#endif
