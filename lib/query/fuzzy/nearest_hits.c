#include "query/fuzzy/nearest_hits.h"

#include <math.h>

kf_status kfi_nearest_offer(kfi_nearest *s, kf_bytes key, const kfi_hit *hit)
{
    const kf_entry entry = { key, hit->ordinal };
    if (kfi_hits_full(&s->hits) && !kfi_hit_better(hit, &s->hits.hit[0])) return KF_OK;
    if (s->candidate) {
        s->candidate->dict = s->member;
        s->candidate->ordinal = hit->ordinal - s->base;
        s->candidate->current = 1;
        s->candidate->match.distance = hit->distance;
        s->candidate->match.similarity = s->options->ranking == KF_RANK_SIMILARITY ? hit->score : 0;
        if (!s->within->filter(s->within->filter_context, s->candidate, &entry)) return KF_OK;
    }
    return kfi_hits_offer(&s->hits, hit);
}

/* Rounded down. */
static float below(double x)
{
    float f = (float)x;
    return (double)f > x ? nextafterf(f, -INFINITY) : f;
}

float kfi_nearest_cutoff(const kfi_nearest *s, double least, uint64_t next)
{
    if (!kfi_hits_full(&s->hits)) return below(least);
    const kfi_hit *worst = &s->hits.hit[0];
    float cutoff = below(worst->score);
    /* Keys to come lose against equal ones before them. */
    return worst->ordinal < next ? nextafterf(cutoff, INFINITY) : cutoff;
}
