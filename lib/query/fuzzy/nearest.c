/* The nearest keys: iterative deepening, each pass a branch-and-bound walk.
 *
 * A pass with limit k visits the keys within distance k whose score can still beat the worst of the best so
 * far. It is the last one when no key beyond k can be among the best. Passes grow by half, so all of them cost
 * about as much as the last; the scores found by one bound the next from its start. */
#include "base/normalise.h"
#include "base/options.h"
#include "query/dfa.h"
#include "query/fuzzy/levenshtein.h"
#include "query/fuzzy/nearest_blocks.h"
#include "query/fuzzy/nearest_jaro.h"
#include "read/part.h"
#include "read/search/hunt.h"

#include <stdlib.h>

static const kfi_iter_class candidate_class = { NULL, NULL, NULL, NULL, NULL };

KFI_STRUCT_KIND(options_kind, kf_nearest_options, KF_NEAREST_OPTIONS_INIT, within, within);

static kf_status check(const kf_nearest_options *o, kf_error *error)
{
    if ((unsigned)o->metric > KF_METRIC_JARO_WINKLER || (unsigned)o->unit > KF_UNIT_BYTES
        || (unsigned)o->ranking > KF_RANK_SIMILARITY)
        return kfi_fail(error, KF_INVALID, "metric, unit or ranking is out of range");
    if (o->metric == KF_METRIC_JARO_WINKLER && o->ranking != KF_RANK_SIMILARITY)
        return kfi_fail(error, KF_INVALID, "Jaro-Winkler is a similarity: it ranks by KF_RANK_SIMILARITY only");
    if (!o->count) return kfi_fail(error, KF_INVALID, "a count of at least 1 is needed");
    if (o->most_distance > KF_DISTANCE_LIMIT)
        return kfi_fail(error, KF_INVALID, "a distance of %u is above the limit of %d", (unsigned)o->most_distance,
                        KF_DISTANCE_LIMIT);
    if (!(o->least_similarity >= 0 && o->least_similarity <= 1))
        return kfi_fail(error, KF_INVALID, "the least similarity must be between 0 and 1");
    return KF_OK;
}

/* The least score that is wanted whatever is found. */
static double least_score(const kf_nearest_options *o)
{
    return o->ranking == KF_RANK_SIMILARITY ? o->least_similarity : -(double)o->most_distance;
}

/* The best score that a key at distance d or more can have: that of a key d units longer than the needle. */
static double best_beyond(const kfi_nearest *s, uint32_t needle_units, uint32_t d)
{
    const double m = needle_units;
    if (s->options->ranking == KF_RANK_DISTANCE) return -(double)d;
    if (s->options->metric == KF_METRIC_INDEL) return 1 - d / (2 * m + d);
    return 1 - d / (m + d);
}

/* The part of a pass in one member. KF_END, KF_LIMIT, errors. */
static kf_status pass_part(kfi_nearest *s, kfi_dfa *dfa, kfi_hunt *hunt, const kfi_part *part, uint32_t from)
{
    const double least = least_score(s->options);
    kf_status status;
    s->member = part->dict;
    s->base = part->base;
    dfa->guide.cutoff = kfi_nearest_cutoff(s, least, part->base + part->low);
    kfi_hunt_begin(hunt, &part->dict->keys, &dfa->guide, part->low, part->high);
    while (!(status = kfi_hunt_next(hunt))) {
        kfi_hit hit = { .ordinal = part->base + hunt->ordinal, .score = kfi_dfa_score(dfa, hunt->state),
                        .distance = kfi_dfa_distance(dfa, hunt->state) };
        if (hit.distance < from || hit.score < least) continue;
        status = kfi_nearest_offer(s, (kf_bytes){ hunt->path, hunt->size }, &hit);
        if (status) break;
        dfa->guide.cutoff = kfi_nearest_cutoff(s, least, hit.ordinal + 1);
    }
    return status;
}

/* Walks the keys that `query` accepts; those nearer than `from` were met before. KF_LIMIT: the work limit ended
 * it. */
static kf_status pass(kfi_nearest *s, const kf_query *query, uint32_t from, kf_error *error)
{
    const kf_nearest_options *o = s->options;
    kfi_dfa dfa;
    kfi_hunt hunt = { 0 };
    kf_status status = kfi_dfa_create(&dfa, query, KFI_DFA_MEMORY);
    if (!status) status = kfi_hunt_create(&hunt, s->dict->header.longest_key);
    if (status) goto out;
    if (o->work_limit) hunt.work_limit = o->work_limit - s->work;
    status = KF_END;
    for (uint64_t low = s->low; status == KF_END && low < s->high; ) {
        kfi_part part;
        kf_status opened = kfi_part_first(&part, s->dict, low, s->high);
        low = part.base + part.high;
        status = opened ? opened : pass_part(s, &dfa, &hunt, &part, from);
    }
    s->work += hunt.work;
out:
    if (status == KF_END) status = KF_OK;
    if (status == KF_NO_MEMORY) kfi_fail_memory(error, s->dict->header.longest_key);
    else if (status && status != KF_LIMIT && !kfi_shards_told(s->dict, status, error))
        kfi_fail(error, status, "%s while searching", kf_status_name(status));
    kfi_hunt_destroy(&hunt);
    kfi_dfa_destroy(&dfa);
    return status;
}

/* The query itself, and what the keys are to satisfy beside it. */
static kf_status with_condition(const kfi_nearest *s, kf_query **query, kf_error *error)
{
    kf_query *both = NULL;
    if (!s->within->query) return KF_OK;
    kf_status status = kfi_query_restrict(&both, *query, s->within->query, error);
    kf_query_destroy(query);
    *query = both;
    return status;
}

static kf_status by_distance(kfi_nearest *s, kf_error *error)
{
    const kf_nearest_options *o = s->options;
    const kfi_scoring scoring = o->ranking == KF_RANK_SIMILARITY ? KFI_SCORE_SIMILARITY : KFI_SCORE_DISTANCE;
    for (uint32_t k = 1, from = 0;; from = k + 1, k += (k + 1) / 2) {
        kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
        kf_query *query = NULL;
        uint32_t units;
        fuzzy.metric = o->metric;
        fuzzy.unit = o->unit;
        fuzzy.distance = k < o->most_distance ? k : o->most_distance;
        kf_status status = kfi_levenshtein_create(&query, s->needle, &fuzzy, scoring, error);
        if (status) return status;
        units = kfi_levenshtein_size(query);
        status = with_condition(s, &query, error);
        if (!status) status = pass(s, query, from, error);
        kf_query_destroy(&query);
        if (status || fuzzy.distance == o->most_distance) return status;
        const double beyond = best_beyond(s, units, fuzzy.distance + 1);
        if (beyond < least_score(o)) return KF_OK;
        if (kfi_hits_full(&s->hits) && s->hits.hit[0].score > beyond) return KF_OK;
        if (o->work_limit && s->work >= o->work_limit) return KF_LIMIT;
    }
}

/* Makes the needle normal, and the condition on keys, which is then to be destroyed. */
static kf_status make_normal(kfi_nearest *s, kf_iter_options *within, kfi_normal *normal, kf_query **condition,
                             kf_error *error)
{
    if (!normal->flags) return KF_OK;
    if (kfi_normal_text(normal, s->needle, &s->needle)) return kfi_fail_memory(error, s->needle.size);
    if (!within->query) return KF_OK;
    kf_status status = kfi_query_normal(condition, within->query, normal->flags, error);
    within->query = *condition;
    return status;
}

kf_status kf_iter_create_nearest(kf_iter **out, const kf_dict *dict, const void *needle, size_t needle_size,
                          const kf_nearest_options *options, kf_error *error)
{
    kf_nearest_options known;
    kf_iter_options within;
    kfi_normal normal;
    kf_query *condition = NULL;
    kfi_nearest s = { .dict = dict, .options = &known, .within = &within, .needle = { needle, needle_size } };
    *out = NULL;
    kfi_normal_begin(&normal, dict->header.normalise);
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (!status) status = check(&known, error);
    if (!status) status = kfi_iter_options_read(&within, known.within, error);
    s.hits.limit = known.count;
    if (!status) status = make_normal(&s, &within, &normal, &condition, error);
    if (!status) status = kfi_iter_range(dict, s.within, &s.low, &s.high, error);
    if (!status && s.within->filter) {
        s.candidate = kfi_iter_new(sizeof *s.candidate, &candidate_class, dict);
        if (!s.candidate) status = kfi_fail_memory(error, sizeof *s.candidate);
    }
    if (status) goto out;
    if (s.options->metric == KF_METRIC_JARO_WINKLER) status = kfi_nearest_by_jaro_winkler(&s, error);
    else if (kfi_nearest_has_blocks(&s)) status = kfi_nearest_by_blocks(&s, error);
    else status = by_distance(&s, error);
    const int incomplete = status == KF_LIMIT && s.options->work_limit && s.work >= s.options->work_limit;
    if (incomplete) status = KF_OK;
    if (!status) status = kfi_iter_ranked(out, dict, &s.hits, s.options->ranking == KF_RANK_SIMILARITY, error);
    if (!status) (*out)->incomplete = incomplete;
out:
    kfi_hits_free(&s.hits);
    kf_iter_destroy(&s.candidate);
    kf_query_destroy(&condition);
    kfi_normal_end(&normal);
    return status;
}
