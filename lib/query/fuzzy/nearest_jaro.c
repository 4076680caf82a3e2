/* The nearest keys by Jaro-Winkler similarity: a walk in key order that passes over every prefix whose bound is
 * too low. As there is no distance to deepen by, passes lower the least score instead. */
#include "query/fuzzy/nearest_jaro.h"

#include "query/fuzzy/jaro.h"
#include "read/keys/walk.h"
#include "read/part.h"

#include <math.h>

/* Only this much can the order of floating-point operations change a bound. */
#define SLACK 1e-12

/* The least score that a key at `next` or later may have. Scores that are equal in numbers may differ in their last
 * bits, by which hits are ordered: so only when nothing can be better do later keys lose without a look. */
static double cutoff_of(const kfi_nearest *s, double least, uint64_t next)
{
    if (!kfi_hits_full(&s->hits)) return least - SLACK;
    const kfi_hit *worst = &s->hits.hit[0];
    return worst->score >= 1 && worst->ordinal < next ? INFINITY : worst->score - SLACK;
}

/* Looks at the current key, of which the bytes before `walk->keep` have been looked at. Sets `*dead` to how many
 * bytes decide that neither it nor any key with the same begin is wanted; 0: none. */
static kf_status look_at(kfi_nearest *s, kfi_jaro *jaro, kfi_walk *walk, double least, double below_score,
                         size_t *dead)
{
    const uint64_t ordinal = s->base + walk->ordinal;
    const double cutoff = cutoff_of(s, least, ordinal);
    const kf_bytes key = { walk->path, walk->size };
    *dead = 0;
    while (jaro->depth < walk->size) {
        kfi_jaro_push(jaro, walk->path);
        s->work++;
        if (kfi_jaro_bound(jaro) >= cutoff) continue;
        *dead = jaro->depth;
        return KF_OK;
    }
    if (kfi_jaro_most(jaro) < cutoff) return KF_OK;
    const kfi_hit hit = { .ordinal = ordinal, .score = kfi_jaro_score(jaro, key) };
    if (hit.score < least || hit.score >= below_score) return KF_OK;
    if (s->within->query) {
        kf_status status = kf_query_matches(s->within->query, key.data, key.size, NULL);
        if (status) return status == KF_NOT_FOUND ? KF_OK : status;
    }
    return kfi_nearest_offer(s, key, &hit);
}

/* One walk. Keys with a score of at least `below_score` were met before. */
static kf_status pass_part(kfi_nearest *s, kfi_jaro *jaro, kfi_walk *walk, const kfi_part *part, double least,
                           double below_score)
{
    kf_status status = kfi_walk_seek(walk, part->low);
    kfi_jaro_cut(jaro, 0);
    while (!status && walk->ordinal < part->high) {
        size_t dead;
        if (s->options->work_limit && s->work >= s->options->work_limit) return KF_LIMIT;
        status = look_at(s, jaro, walk, least, below_score, &dead);
        if (status) break;
        const uint64_t ordinal = walk->ordinal;
        status = dead ? kfi_walk_skip(walk, dead) : kfi_walk_next(walk);
        if (!status && walk->ordinal <= ordinal) return KF_CORRUPT;
        kfi_jaro_cut(jaro, walk->keep);
    }
    return status == KF_END ? KF_OK : status;
}

/* A walk in each member. */
static kf_status pass(kfi_nearest *s, kfi_jaro *jaro, double least, double below_score)
{
    kf_status status = KF_OK;
    for (uint64_t low = s->low; !status && low < s->high; ) {
        kfi_part part;
        kfi_walk walk;
        status = kfi_part_first(&part, s->dict, low, s->high);
        if (status) return status;
        low = part.base + part.high;
        s->member = part.dict;
        s->base = part.base;
        status = kfi_walk_create(&walk, &part.dict->keys);
        if (!status) status = pass_part(s, jaro, &walk, &part, least, below_score);
        kfi_walk_destroy(&walk);
    }
    return status;
}

kf_status kfi_nearest_by_jaro_winkler(kfi_nearest *s, kf_error *error)
{
    static const double steps[] = { 0.9, 0 };
    const double wanted = s->options->least_similarity;
    double below_score = INFINITY;
    kfi_jaro jaro;
    kf_status status = kfi_jaro_create(&jaro, s->needle, s->options->unit, s->dict->header.longest_key, error);
    if (status) return status;
    for (size_t i = 0; !status && i < sizeof steps / sizeof *steps; i++) {
        const double least = steps[i] > wanted ? steps[i] : wanted;
        status = pass(s, &jaro, least, below_score);
        if (kfi_hits_full(&s->hits) || least == wanted) break;
        below_score = least;
    }
    kfi_jaro_destroy(&jaro);
    if (status == KF_NO_MEMORY) kfi_fail_memory(error, s->dict->header.longest_key);
    else if (status && status != KF_LIMIT) kfi_fail(error, status, "%s while searching", kf_status_name(status));
    return status;
}
