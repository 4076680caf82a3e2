/* Every kind of query on a file of any bytes. A key that comes in key order must satisfy the query, since the
 * walk shows the bytes that it stepped along, whatever they are; the ordinals ascend below the count. Include
 * after exercise.h.
 *
 * How much work a query is depends on the keys that a file claims to have. Queries that look at many keys run
 * on files with few of them, or with a limit to their work. */
#ifndef TESTS_SUPPORT_EXERCISE_QUERY_H
#define TESTS_SUPPORT_EXERCISE_QUERY_H

#include <keyfold/query.h>

enum { EXERCISE_KEYS = 20000, EXERCISE_STEPS = 60, EXERCISE_WORK = 3000 };

static inline kf_query *exercise_fuzzy(kf_bytes needle, unsigned most)
{
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    kf_query *query = NULL;
    o.metric = (kf_metric)exercise_below(3);
    o.unit = (kf_unit)exercise_below(2);
    o.distance = (uint32_t)exercise_below(most + 1u);
    o.exact_prefix = exercise_below(3) ? 0 : exercise_below(needle.size + 1);
    o.prefix = exercise_below(3) == 0;
    kf_status status = kf_query_create_fuzzy(&query, needle.data, needle.size, &o, NULL);
    if (status == KF_INVALID) {   /* not UTF-8 */
        o.unit = KF_UNIT_BYTES;
        status = kf_query_create_fuzzy(&query, needle.data, needle.size, &o, NULL);
    }
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY, "%s: %d", EXERCISE_NAME, (int)status);
    return query;
}

static inline kf_query *exercise_pattern(void)
{
    static const char *const patterns[] = { ".*a.*", "(a|.b|[x-z0-9])*", ".{0,5}", "[^a]+", "\\w*\\d\\w*" };
    const char *pattern = patterns[exercise_below(sizeof patterns / sizeof *patterns)];
    kf_query *query = NULL;
    const uint32_t flags = exercise_below(2) ? KF_PATTERN_BYTES : 0;
    kf_status status = kf_query_create_regex(&query, pattern, strlen(pattern), flags, NULL);
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY, "%s: %d", EXERCISE_NAME, (int)status);
    return query;
}

/* Goes through a query's iterator, `query` being its own if the entries come in key order. */
static inline void exercise_hits(const kf_dict *dict, kf_iter *iter, const kf_query *query)
{
    kf_entry entry;
    kf_bytes value;
    uint64_t number, least = 0;
    kf_status status = KF_OK;
    for (unsigned n = 0; n < EXERCISE_STEPS; n++) {
        uint64_t distance = 0;
        status = kf_iter_next(iter, &entry);
        if (status) break;
        EXERCISE_MUST(entry.key.size <= kf_dict_longest_key(dict), "%s", EXERCISE_NAME);
        EXERCISE_MUST(entry.ordinal < kf_dict_count(dict), "%s", EXERCISE_NAME);
        touch(entry.key);
        if (query) {
            EXERCISE_MUST(entry.ordinal >= least, "%s: ordinals do not ascend", EXERCISE_NAME);
            least = entry.ordinal + 1;
            status = kf_query_matches(query, entry.key.data, entry.key.size, &distance);
            EXERCISE_MUST(status == KF_NO_MEMORY || (!status && distance == kf_iter_match(iter)->distance),
                          "%s: a key that does not match: %d", EXERCISE_NAME, (int)status);
        }
        legal(kf_iter_value(iter, &value));
        legal(kf_iter_value_u64(iter, &number));
        status = KF_OK;
        lookups += 3;
    }
    if (status != KF_END) legal(status);
    kf_iter_destroy(&iter);
}

static inline void exercise_select(const kf_dict *dict, const kf_query *query, kf_order order)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    if (!query) return;
    o.query = query;
    o.order = order;
    if (order || exercise_below(2)) o.limit = exercise_below(30);
    if (exercise_below(4) == 0) o.first_ordinal = exercise_any() % (kf_dict_count(dict) / 2 + 1);
    kf_status status = kf_iter_create(&iter, dict, &o, NULL);
    legal(status);
    if (!status) exercise_hits(dict, iter, order ? NULL : query);
}

static inline void exercise_nearest(const kf_dict *dict, kf_bytes needle)
{
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
    kf_query *query = NULL;
    kf_iter *iter;
    o.metric = (kf_metric)exercise_below(4);
    o.unit = (kf_unit)exercise_below(2);
    if (o.metric == KF_METRIC_JARO_WINKLER || exercise_below(2)) o.ranking = KF_RANK_SIMILARITY;
    o.count = exercise_below(2) ? 5 : UINT64_MAX;
    o.work_limit = EXERCISE_WORK;
    o.within = &within;
    if (exercise_below(2)) query = exercise_below(2) ? exercise_pattern() : exercise_fuzzy(needle, 3);
    within.query = query;
    kf_status status = kf_iter_create_nearest(&iter, dict, needle.data, needle.size, &o, NULL);
    if (status != KF_INVALID || o.unit == KF_UNIT_BYTES) legal(status);   /* else the needle is no UTF-8 */
    if (!status) exercise_hits(dict, iter, NULL);
    kf_query_destroy(&query);
}

/* One query of a drawn kind, with a needle from `text`. */
static inline void exercise_query(const kf_dict *dict, kf_bytes text)
{
    const int few = kf_dict_count(dict) <= EXERCISE_KEYS;
    kf_query *query = NULL, *combined = NULL;
    if (text.size > 12) text.size = 12;
    switch (exercise_below(6)) {
    case 0: case 1:
        query = exercise_fuzzy(text, few ? 4 : 1);
        exercise_select(dict, query, KF_ORDER_KEY);
        break;
    case 2:
        query = few ? exercise_pattern() : exercise_fuzzy(text, 1);
        exercise_select(dict, query, KF_ORDER_KEY);
        break;
    case 3:
        query = exercise_fuzzy(text, few ? 3 : 0);
        if (few) exercise_select(dict, query, exercise_below(2) ? KF_ORDER_DISTANCE : KF_ORDER_WEIGHT);
        break;
    case 4: {
        kf_query *parts[2] = { exercise_fuzzy(text, 2), exercise_pattern() };
        query = parts[0];
        if (few && parts[0] && parts[1]) {
            kf_status status = exercise_below(3) == 0 ? kf_query_create_not(&combined, parts[exercise_below(2)], NULL)
                : exercise_below(2) ? kf_query_create_all(&combined, (const kf_query *const *)parts, 2, NULL)
                                    : kf_query_create_any(&combined, (const kf_query *const *)parts, 2, NULL);
            legal(status);
        }
        kf_query_destroy(&parts[1]);
        exercise_select(dict, combined, KF_ORDER_KEY);
        break;
    }
    default:
        exercise_nearest(dict, text);
    }
    kf_query_destroy(&query);
    kf_query_destroy(&combined);
}

/* Takes what an iterator yields, up to `most` entries. */
static inline void exercise_drain(kf_iter *iter, unsigned most)
{
    kf_entry entry;
    kf_bytes value;
    kf_status status = KF_OK;
    uint64_t number;
    for (unsigned n = 0; n < most && !(status = kf_iter_next(iter, &entry)); n++) {
        touch(entry.key);
        status = kf_iter_value(iter, &value);
        legal(status);
        if (!status) touch(value);
        status = kf_iter_value_u64(iter, &number);
        if (status != KF_LIMIT) legal(status);
    }
    if (status != KF_END && status != KF_LIMIT) legal(status);
}

/* Keys in a text. */
static inline void exercise_text(const kf_dict *dict, kf_bytes text)
{
    kf_find_options options = KF_FIND_OPTIONS_INIT;
    kf_iter *iter;
    options.overlap = exercise_below(2) ? KF_OVERLAP_ALL : KF_OVERLAP_LONGEST;
    options.boundary = (kf_boundary)exercise_below(3);
    if (text.size > 4096) text.size = 4096;
    kf_status status = kf_iter_create_find(&iter, dict, text.data, text.size, &options, NULL);
    legal(status);
    if (status) return;
    exercise_drain(iter, 40);
    kf_iter_destroy(&iter);
    lookups += 1;
}

/* Set operations of a file with itself. */
static inline void exercise_sets(const kf_dict *dict, kf_bytes bound)
{
    const kf_dict *members[3] = { dict, dict, dict };
    kf_set_options options = KF_SET_OPTIONS_INIT;
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    within.from = bound;
    options.within = &within;
    options.values = (kf_set_values)exercise_below(6);
    kf_status status = kf_iter_create_set(&iter, (kf_set_operation)exercise_below(4), members,
                                             1 + exercise_below(3), &options, NULL);
    legal(status);
    if (!status) exercise_drain(iter, 30);
    kf_iter_destroy(&iter);
    status = kf_iter_create_diff(&iter, dict, dict, &within, NULL);
    legal(status);
    if (!status) exercise_drain(iter, 1);
    kf_iter_destroy(&iter);
    lookups += 2;
}

#endif
