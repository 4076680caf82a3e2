/* The nearest keys: iterative deepening, each pass a branch-and-bound walk.
 *
 * A pass with limit k visits the keys within distance k whose score can still beat the worst of the best so
 * far. It is the last one when no key beyond k can be among the best. Passes grow by half, so all of them cost
 * about as much as the last; the scores found by one bound the next from its start. Jaro-Winkler has no
 * distance: there each pass lowers the least score instead. */
#include "query/dfa.h"
#include "query/jaro.h"
#include "query/levenshtein.h"
#include "query/ranked.h"
#include "query/units.h"
#include "read/hunt.h"

#include <math.h>
#include <stdlib.h>

typedef struct search {
    const kf_dict *dict;
    const kf_nearest_options *options;
    const kf_iter_options *within;
    kf_bytes needle;
    uint64_t low, high;
    uint64_t work;                   /* of passes before this one */
    kfi_hits hits;
    kf_iter *candidate;              /* what the filter sees; NULL without a filter */
    uint32_t *units;                 /* Jaro-Winkler: of the needle, then of a key */
    uint32_t needle_units;
    uint8_t *marks;
} search;

static const kfi_iter_class candidate_class = { NULL, NULL, NULL, NULL };

static kf_status check(const kf_nearest_options *o, kf_error *error)
{
    if (o->struct_size < sizeof *o)
        return kfi_fail(error, KF_INVALID, "kf_nearest_options was not initialised");
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

/* Rounded down. */
static float below(double x)
{
    float f = (float)x;
    return (double)f > x ? nextafterf(f, -INFINITY) : f;
}

/* The least score that is wanted whatever is found. */
static double least_score(const kf_nearest_options *o)
{
    return o->ranking == KF_RANK_SIMILARITY ? o->least_similarity : -(double)o->most_distance;
}

/* The best score that a key at distance d or more can have: that of a key d units longer than the needle. */
static double best_beyond(const search *s, uint32_t needle_units, uint32_t d)
{
    const double m = needle_units;
    if (s->options->ranking == KF_RANK_DISTANCE) return -(double)d;
    if (s->options->metric == KF_METRIC_INDEL) return 1 - d / (2 * m + d);
    return 1 - d / (m + d);
}

static double jaro_winkler(const search *s, const kfi_hunt *hunt)
{
    uint32_t *units = s->units + s->needle_units, count = 0;
    for (size_t at = 0; at < hunt->size; )
        at += kfi_unit_next(s->options->unit, hunt->path + at, hunt->size - at, &units[count++]);
    return kfi_jaro_winkler(s->units, s->needle_units, units, count, s->marks);
}

/* Whether the filter, if any, wants the key. */
static int wanted(search *s, const kfi_hunt *hunt, const kfi_hit *hit)
{
    const kf_entry entry = { { hunt->path, hunt->size }, hunt->ordinal };
    if (!s->candidate) return 1;
    s->candidate->ordinal = hunt->ordinal;
    s->candidate->current = 1;
    s->candidate->match.distance = hit->distance;
    s->candidate->match.similarity = s->options->ranking == KF_RANK_SIMILARITY ? hit->score : 0;
    return s->within->filter(s->within->filter_context, s->candidate, &entry);
}

/* What one pass looks for; the passes before it have met the keys that are nearer than `from` or have a score
 * of at least `below_score`. */
typedef struct bounds {
    uint32_t from;
    double least, below_score;
} bounds;

/* Walks the keys that `query` accepts. KF_LIMIT: the work limit ended it. */
static kf_status pass(search *s, const kf_query *query, const bounds *limits, kf_error *error)
{
    const kf_nearest_options *o = s->options;
    kfi_dfa dfa;
    kfi_hunt hunt = { 0 };
    kf_status status = kfi_dfa_create(&dfa, query, KFI_DFA_MEMORY);
    if (!status) status = kfi_hunt_create(&hunt, &s->dict->keys);
    if (status) goto out;
    dfa.guide.cutoff = below(kfi_hits_full(&s->hits) ? s->hits.hit[0].score : limits->least);
    if (o->work_limit) hunt.work_limit = o->work_limit - s->work;
    kfi_hunt_begin(&hunt, &dfa.guide, s->low, s->high);
    while (!(status = kfi_hunt_next(&hunt))) {
        kfi_hit hit = { .ordinal = hunt.ordinal, .score = kfi_dfa_score(&dfa, hunt.state),
                        .distance = kfi_dfa_distance(&dfa, hunt.state) };
        if (o->metric == KF_METRIC_JARO_WINKLER) hit.score = jaro_winkler(s, &hunt);
        if (hit.distance < limits->from || hit.score >= limits->below_score || hit.score < limits->least) continue;
        if (kfi_hits_full(&s->hits) && !kfi_hit_better(&hit, &s->hits.hit[0])) continue;
        if (!wanted(s, &hunt, &hit)) continue;
        status = kfi_hits_offer(&s->hits, &hit);
        if (status) break;
        if (!kfi_hits_full(&s->hits)) continue;
        const kfi_hit *worst = &s->hits.hit[0];
        dfa.guide.cutoff = below(worst->score);
        /* Keys to come lose against equal ones before them. */
        if (worst->ordinal <= hunt.ordinal) dfa.guide.cutoff = nextafterf(dfa.guide.cutoff, INFINITY);
    }
    s->work += hunt.work;
out:
    if (status == KF_END) status = KF_OK;
    if (status == KF_NO_MEMORY) kfi_fail_memory(error, s->dict->keys.longest_key);
    else if (status && status != KF_LIMIT) kfi_fail(error, status, "%s while searching", kf_status_name(status));
    kfi_hunt_destroy(&hunt);
    kfi_dfa_destroy(&dfa);
    return status;
}

/* The query itself, and what the keys are to satisfy beside it. */
static kf_status with_condition(const search *s, kf_query **query, kf_error *error)
{
    kf_query *both = NULL;
    if (!s->within->query) return KF_OK;
    kf_status status = kfi_query_restrict(&both, *query, s->within->query, error);
    kf_query_destroy(query);
    *query = both;
    return status;
}

static kf_status by_jaro_winkler(search *s, kf_error *error)
{
    static const double least[] = { 0.95, 0.9, 0.85, 0.75, 0.6, 0 };
    kf_query *query = NULL;
    size_t room = s->needle.size + s->dict->keys.longest_key;
    s->units = malloc((room + 1) * sizeof *s->units);
    s->marks = malloc(room + 1);
    if (!s->units || !s->marks) return kfi_fail_memory(error, (room + 1) * sizeof *s->units);
    kf_status status = kfi_units_read(s->options->unit, s->needle, s->units, &s->needle_units, error);
    if (!status) status = kfi_jaro_create(&query, s->needle, s->options->unit, error);
    if (!status) status = with_condition(s, &query, error);
    bounds limits = { 0, 0, INFINITY };
    for (size_t i = 0; !status && i < sizeof least / sizeof *least; i++) {
        limits.least = least[i] > least_score(s->options) ? least[i] : least_score(s->options);
        status = pass(s, query, &limits, error);
        if (kfi_hits_full(&s->hits) || limits.least == least_score(s->options)) break;
        limits.below_score = limits.least;
    }
    kf_query_destroy(&query);
    return status;
}

static kf_status by_distance(search *s, kf_error *error)
{
    const kf_nearest_options *o = s->options;
    const kfi_scoring scoring = o->ranking == KF_RANK_SIMILARITY ? KFI_SCORE_SIMILARITY : KFI_SCORE_DISTANCE;
    bounds limits = { 0, least_score(o), INFINITY };
    for (uint32_t k = 1;; limits.from = k + 1, k += (k + 1) / 2) {
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
        if (!status) status = pass(s, query, &limits, error);
        kf_query_destroy(&query);
        if (status || fuzzy.distance == o->most_distance) return status;
        const double beyond = best_beyond(s, units, fuzzy.distance + 1);
        if (beyond < least_score(o)) return KF_OK;
        if (kfi_hits_full(&s->hits) && s->hits.hit[0].score > beyond) return KF_OK;
        if (o->work_limit && s->work >= o->work_limit) return KF_LIMIT;
    }
}

kf_status kf_iter_nearest(kf_iter **out, const kf_dict *dict, const void *needle, size_t needle_size,
                          const kf_nearest_options *options, kf_error *error)
{
    static const kf_nearest_options defaults = KF_NEAREST_OPTIONS_INIT;
    static const kf_iter_options everything = KF_ITER_OPTIONS_INIT;
    search s = { .dict = dict, .options = options ? options : &defaults, .needle = { needle, needle_size } };
    *out = NULL;
    s.within = s.options->within ? s.options->within : &everything;
    s.hits.limit = s.options->count;
    kf_status status = check(s.options, error);
    if (!status) status = kfi_iter_check(s.within, error);
    if (!status) status = kfi_iter_range(dict, s.within, &s.low, &s.high, error);
    if (!status && s.within->filter) {
        s.candidate = kfi_iter_new(sizeof *s.candidate, &candidate_class, dict);
        if (!s.candidate) status = kfi_fail_memory(error, sizeof *s.candidate);
    }
    if (status) return status;
    status = s.options->metric == KF_METRIC_JARO_WINKLER ? by_jaro_winkler(&s, error) : by_distance(&s, error);
    const int incomplete = status == KF_LIMIT && s.options->work_limit && s.work >= s.options->work_limit;
    if (incomplete) status = KF_OK;
    if (!status) status = kfi_iter_ranked(out, dict, &s.hits, s.options->ranking == KF_RANK_SIMILARITY, error);
    if (!status) (*out)->incomplete = incomplete;
    kfi_hits_free(&s.hits);
    kf_iter_destroy(&s.candidate);
    free(s.units);
    free(s.marks);
    return status;
}
