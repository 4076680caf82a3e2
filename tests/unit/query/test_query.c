/* Queries at their edges: every argument that is refused, needles and distances at their limits, lifetimes,
 * threads, tables that are forgotten again and again, memory that runs out. */
#include "query/dfa.h"
#include "query/fuzzy/levenshtein.h"
#include "read/dict.h"
#include "read/search/hunt.h"

#include <keyfold/keyfold.h>

#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

static key_set set;
static kf_dict *dict;

#define EXPECT(condition, ...) do { if (!(condition)) ck_abort_msg(#condition ": " __VA_ARGS__); } while (0)

static void open_set(kf_value_type type)
{
    set_sort(&set);
    set_build(&set, "query.kf", type);
    kf_error error;
    kf_status status = kf_dict_open(&dict, scratch_path("query.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
}

/* Words over few letters: most are near one another. */
static void open_words(size_t count, kf_value_type type)
{
    set = (key_set){ .random = 88172645463325252u };
    for (size_t i = 0; i < count; i++) {
        uint8_t text[16];
        size_t size = 2 + set_below(&set, 7);
        for (size_t b = 0; b < size; b++) text[b] = (uint8_t)("aeinrst-"[set_below(&set, 8)]);
        set_add(&set, text, size);
    }
    open_set(type);
}

static void close_set(void)
{
    kf_dict_close(&dict);
    set_free(&set);
}

static kf_query *fuzzy(const char *needle, uint32_t distance, kf_unit unit)
{
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    kf_query *query;
    kf_error error = { 0 };
    o.distance = distance;
    o.unit = unit;
    kf_status status = kf_query_create_fuzzy(&query, needle, strlen(needle), &o, &error);
    ck_assert_msg(!status, "%s", error.message);
    return query;
}

/* ---- what is refused -------------------------------------------------------------------------- */

#define REFUSED(call, want, out, error) \
    do { \
        ck_assert_int_eq(call, want); \
        ck_assert_int_eq((error)->status, want); \
        ck_assert_ptr_null(out); \
        ck_assert((error)->message[0] && !strchr((error)->message, '\n')); \
    } while (0)

START_TEST(query__fuzzy_refuses)
{
    for (unsigned n = 0; n < 6; n++) {
        kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_query *query = (kf_query *)(void *)&set;
        switch (n) {
        case 0: o.struct_size--; break;
        case 1: o.metric = KF_METRIC_JARO_WINKLER; break;
        case 2: o.metric = (kf_metric)-1; break;
        case 3: o.unit = (kf_unit)2; break;
        case 4: o.distance = KF_DISTANCE_LIMIT + 1; break;
        default: o.distance = UINT32_MAX;
        }
        REFUSED(kf_query_create_fuzzy(&query, "needle", 6, &o, &error), KF_INVALID, query, &error);
        query = (kf_query *)(void *)&set;
        ck_assert_int_eq(kf_query_create_fuzzy(&query, "needle", 6, &o, NULL), KF_INVALID);
        ck_assert_ptr_null(query);
    }
}
END_TEST

/* The offset of what is not UTF-8. */
START_TEST(query__needle_is_not_utf8)
{
    static const struct { const char *text; size_t size, offset; } bad[] = {
        { "\xff", 1, 0 }, { "abc\x80", 4, 3 }, { "\xc3\xa9\xc3", 3, 2 }, { "\xed\xa0\x80", 3, 0 },
        { "a\xc0\x80", 3, 1 }, { "\xf4\x90\x80\x80", 4, 0 }, { "\xe6\x97\xa5\xe6\x97", 5, 3 },
        { "\xf0\x8f\xbf\xbf", 4, 0 }, { "\xe0\x9f\xbf", 3, 0 }, { "\xf5\x80\x80\x80", 4, 0 },
    };
    open_words(5, KF_VALUES_NONE);
    for (unsigned n = 0; n < sizeof bad / sizeof *bad; n++) {
        kf_fuzzy_options bytes = KF_FUZZY_OPTIONS_INIT;
        kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_query *query = NULL;
        kf_iter *iter = NULL;
        REFUSED(kf_query_create_fuzzy(&query, bad[n].text, bad[n].size, NULL, &error), KF_INVALID, query, &error);
        ck_assert_uint_eq(error.offset, bad[n].offset);
        bytes.unit = KF_UNIT_BYTES;
        ck_assert_int_eq(kf_query_create_fuzzy(&query, bad[n].text, bad[n].size, &bytes, &error), KF_OK);
        ck_assert_int_eq(kf_query_matches(query, bad[n].text, bad[n].size, NULL), KF_OK);
        kf_query_destroy(&query);
        for (int metric = KF_METRIC_LEVENSHTEIN; metric <= KF_METRIC_JARO_WINKLER; metric++) {
            nearest.metric = (kf_metric)metric;
            nearest.ranking = KF_RANK_SIMILARITY;
            nearest.work_limit = 1;   /* what is refused is not taken for incomplete */
            error = (kf_error){ 0 };
            REFUSED(kf_iter_create_nearest(&iter, dict, bad[n].text, bad[n].size, &nearest, &error), KF_INVALID,
                    iter, &error);
            ck_assert_uint_eq(error.offset, bad[n].offset);
        }
    }
    close_set();
}
END_TEST

START_TEST(query__nearest_refuses)
{
    open_words(5, KF_VALUES_NONE);
    for (unsigned n = 0; n < 15; n++) {
        kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
        kf_iter_options within = KF_ITER_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_iter *iter = (kf_iter *)(void *)&set;
        switch (n) {
        case 0: o.struct_size = 0; break;
        case 1: o.metric = (kf_metric)4; break;
        case 2: o.metric = (kf_metric)-1; break;
        case 3: o.unit = (kf_unit)2; break;
        case 4: o.ranking = (kf_ranking)2; break;
        case 5: o.metric = KF_METRIC_JARO_WINKLER; break;   /* by distance */
        case 6: o.count = 0; break;
        case 7: o.most_distance = KF_DISTANCE_LIMIT + 1; break;
        case 8: o.least_similarity = -0.01; break;
        case 9: o.least_similarity = 1.01; break;
        case 10: o.least_similarity = NAN; break;
        case 11: o.ranking = (kf_ranking)-1; break;
        case 12: o.within = &within; within.struct_size = offsetof(kf_iter_options, limit); break;
        case 13: o.within = &within; within.flags = 8; break;
        default: o.within = &within; within.order = (kf_order)3;
        }
        REFUSED(kf_iter_create_nearest(&iter, dict, "aei", 3, &o, &error), KF_INVALID, iter, &error);
    }
    close_set();
}
END_TEST

START_TEST(query__iterators_refuse)
{
    open_words(50, KF_VALUES_BYTES);
    kf_query *query = fuzzy("aei", 1, KF_UNIT_BYTES);
    for (unsigned n = 0; n < 6; n++) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_iter *iter = (kf_iter *)(void *)&set;
        kf_status want = KF_INVALID;
        o.query = n < 3 ? query : NULL;
        switch (n) {
        case 0: o.flags = KF_ITER_REVERSE; break;
        case 1: o.order = (kf_order)3; break;
        case 2: o.order = KF_ORDER_WEIGHT; want = KF_TYPE; break;   /* there are none */
        case 3: o.order = KF_ORDER_WEIGHT; want = KF_TYPE; break;
        case 4: o.flags = KF_ITER_REVERSE; o.order = KF_ORDER_DISTANCE; break;
        default: o.order = (kf_order)-1;
        }
        REFUSED(kf_iter_create(&iter, dict, &o, &error), want, iter, &error);
    }
    kf_query_destroy(&query);
    ck_assert_ptr_null(query);
    kf_query_destroy(&query);
    kf_query_destroy(NULL);
    close_set();
}
END_TEST

START_TEST(query__combinations_refuse)
{
    kf_query *one = fuzzy("a", 0, KF_UNIT_BYTES), *query = (kf_query *)(void *)&set;
    const kf_query *many[65];
    kf_error error = { 0 };
    for (unsigned i = 0; i < 65; i++) many[i] = one;
    REFUSED(kf_query_create_all(&query, many, 0, &error), KF_INVALID, query, &error);
    query = (kf_query *)(void *)&set;
    REFUSED(kf_query_create_any(&query, many, 65, &error), KF_INVALID, query, &error);
    ck_assert_int_eq(kf_query_create_all(&query, many, 64, &error), KF_OK);
    kf_query_destroy(&one);   /* the combination keeps it */
    ck_assert_int_eq(kf_query_matches(query, "a", 1, NULL), KF_OK);
    ck_assert_int_eq(kf_query_matches(query, "b", 1, NULL), KF_NOT_FOUND);
    kf_query_destroy(&query);
}
END_TEST

/* Negations of negations: refused before they are too deep for the stack. And combinations of combinations
 * of 64 each, whose states would outgrow any memory. */
START_TEST(query__nests_are_bounded)
{
    kf_query *query = fuzzy("a", 0, KF_UNIT_BYTES), *outer;
    kf_error error = { 0 };
    kf_status status = KF_OK;
    unsigned depth = 0;
    while (!(status = kf_query_create_not(&outer, query, &error)) && depth < 100000) {
        kf_query_destroy(&query);
        query = outer;
        depth++;
    }
    ck_assert_int_eq(status, KF_LIMIT);
    ck_assert_ptr_null(outer);
    ck_assert_uint_ge(depth, 16);
    ck_assert_int_eq(kf_query_matches(query, "a", 1, NULL), depth % 2 ? KF_NOT_FOUND : KF_OK);
    kf_query_destroy(&query);
    query = fuzzy("abcdefgh", 4, KF_UNIT_BYTES);
    for (depth = 0; ; depth++) {
        const kf_query *many[64];
        for (unsigned i = 0; i < 64; i++) many[i] = query;
        status = kf_query_create_any(&outer, many, 64, &error);
        kf_query_destroy(&query);
        if (status) break;
        query = outer;
    }
    ck_assert_int_eq(status, KF_LIMIT);
    ck_assert_uint_ge(depth, 2);
}
END_TEST

/* ---- limits ----------------------------------------------------------------------------------- */

static size_t hits_of(const kf_query *query)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    size_t count = 0;
    kf_status status;
    o.query = query;
    ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_OK);
    while (!(status = kf_iter_next(iter, &entry))) count++;
    ck_assert_int_eq(status, KF_END);
    kf_iter_destroy(&iter);
    return count;
}

START_TEST(query__empty_needle)
{
    open_words(2000, KF_VALUES_NONE);
    for (uint32_t k = 0; k < 10; k++) {
        kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
        kf_query *query;
        size_t want = 0;
        o.distance = k;
        for (size_t i = 0; i < set.count; i++) want += set.keys[i].size <= k;
        ck_assert_int_eq(kf_query_create_fuzzy(&query, NULL, 0, &o, NULL), KF_OK);
        ck_assert_uint_eq(hits_of(query), want);
        ck_assert_int_eq(kf_query_matches(query, NULL, 0, NULL), KF_OK);
        kf_query_destroy(&query);
        o.prefix = 1;   /* the empty text begins every key */
        ck_assert_int_eq(kf_query_create_fuzzy(&query, NULL, 0, &o, NULL), KF_OK);
        ck_assert_uint_eq(hits_of(query), set.count);
        kf_query_destroy(&query);
    }
    close_set();
}
END_TEST

START_TEST(query__longest_needle)
{
    enum { LIMIT = 1 << 20 };
    uint8_t *text = malloc(LIMIT + 1);
    kf_error error = { 0 };
    kf_query *query = (kf_query *)(void *)&set;
    kf_iter *iter = NULL;
    uint64_t distance = 99;
    for (size_t i = 0; i <= LIMIT; i++) text[i] = (uint8_t)('a' + i % 7);
    REFUSED(kf_query_create_fuzzy(&query, text, LIMIT + 1, NULL, &error), KF_LIMIT, query, &error);
    set = (key_set){ .random = 1 };
    set_add(&set, text, LIMIT);
    set_add(&set, text, LIMIT - 1);
    set_add(&set, text, LIMIT - 2);
    set_add(&set, text + 1, LIMIT - 1);
    open_set(KF_VALUES_NONE);
    REFUSED(kf_iter_create_nearest(&iter, dict, text, LIMIT + 1, NULL, &error), KF_LIMIT, iter, &error);
    kf_nearest_options jaro = KF_NEAREST_OPTIONS_INIT;
    jaro.metric = KF_METRIC_JARO_WINKLER;
    jaro.ranking = KF_RANK_SIMILARITY;
    jaro.work_limit = 1;   /* what is refused is not taken for incomplete */
    REFUSED(kf_iter_create_nearest(&iter, dict, text, 4097, &jaro, &error), KF_LIMIT, iter, &error);
    ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, text, 4096, &jaro, &error), KF_OK);
    kf_iter_destroy(&iter);
    ck_assert_int_eq(kf_query_create_fuzzy(&query, text, LIMIT, NULL, &error), KF_OK);
    ck_assert_uint_eq(hits_of(query), 3);
    text[LIMIT / 2] = '-';
    ck_assert_int_eq(kf_query_matches(query, text, LIMIT, &distance), KF_OK);
    ck_assert_uint_eq(distance, 1);
    ck_assert_int_eq(kf_query_matches(query, text, LIMIT - 1, NULL), KF_NOT_FOUND);
    kf_query_destroy(&query);
    ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, text, LIMIT, NULL, &error), KF_OK);
    kf_entry entry;
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
    ck_assert_uint_eq(entry.key.size, LIMIT);
    ck_assert_uint_eq(kf_iter_match(iter)->distance, 1);
    kf_iter_destroy(&iter);
    close_set();
    free(text);
}
END_TEST

START_TEST(query__largest_distance)
{
    uint8_t text[600];
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    memset(text, 'a', sizeof text);
    memset(text + 300, 'b', 300);
    o.distance = KF_DISTANCE_LIMIT;
    for (o.metric = KF_METRIC_LEVENSHTEIN; o.metric <= KF_METRIC_INDEL; o.metric++) {
        kf_query *query;
        uint64_t distance = 0;
        ck_assert_int_eq(kf_query_create_fuzzy(&query, text, 300, &o, NULL), KF_OK);
        ck_assert_int_eq(kf_query_matches(query, text, 300 + 254, &distance), KF_OK);
        ck_assert_uint_eq(distance, 254);
        ck_assert_int_eq(kf_query_matches(query, text, 300 + 255, NULL), KF_NOT_FOUND);
        ck_assert_int_eq(kf_query_matches(query, text, 300 - 254, &distance), KF_OK);
        ck_assert_uint_eq(distance, 254);
        ck_assert_int_eq(kf_query_matches(query, text, 300 - 255, NULL), KF_NOT_FOUND);
        kf_status far = kf_query_matches(query, text + 254, 300, &distance);
        /* 254 other letters: as many substitutions, twice as many insertions and deletions. */
        ck_assert_int_eq(far, o.metric == KF_METRIC_INDEL ? KF_NOT_FOUND : KF_OK);
        if (o.metric != KF_METRIC_INDEL) ck_assert_uint_eq(distance, 254);
        kf_query_destroy(&query);
    }
}
END_TEST

/* The limit holds for all passes together. */
START_TEST(query__work_is_limited)
{
    kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
    kf_iter *iter;
    set = (key_set){ .random = 1 };
    for (unsigned i = 0; i < 26; i++) set_add(&set, (uint8_t[]){ (uint8_t)('a' + i), '1', '2', '3' }, 4);
    open_set(KF_VALUES_NONE);
    for (o.work_limit = 1; o.work_limit < 10; o.work_limit++) {
        ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, "ABCDEFGH", 8, &o, NULL), KF_OK);
        ck_assert(kf_iter_incomplete(iter));
        kf_iter_destroy(&iter);
    }
    o.work_limit = 100000;
    ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, "ABCDEFGH", 8, &o, NULL), KF_OK);
    ck_assert(!kf_iter_incomplete(iter));
    ck_assert_uint_eq(kf_iter_remaining(iter), 1);
    kf_iter_destroy(&iter);
    close_set();
}
END_TEST

static int every_second(void *context, kf_iter *iter, const kf_entry *entry) { return entry->ordinal % 2 == 0; }

/* In any order, with or without a filter: some of the hits, then the end, and the mark. */
START_TEST(query__searches_stop_at_the_work_limit)
{
    kf_query *query = fuzzy("nest", 3, KF_UNIT_BYTES);
    open_words(2000, KF_VALUES_U64);
    for (int order = KF_ORDER_KEY; order <= KF_ORDER_WEIGHT; order++)
        for (int filtered = 0; filtered < 2; filtered++) {
            uint64_t hits[3] = { 0 };
            const uint64_t limits[3] = { 100, 1000000, 0 };
            for (unsigned n = 0; n < 3; n++) {
                kf_iter_options o = KF_ITER_OPTIONS_INIT;
                kf_iter *iter;
                kf_entry entry;
                kf_status status;
                o.query = query;
                o.order = (kf_order)order;
                o.work_limit = limits[n];
                if (filtered) o.filter = every_second;
                ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_OK);
                while (!(status = kf_iter_next(iter, &entry))) hits[n]++;
                ck_assert_int_eq(status, KF_END);
                ck_assert_int_eq(!kf_iter_incomplete(iter), n > 0);
                kf_iter_destroy(&iter);
            }
            ck_assert_uint_eq(hits[1], hits[2]);
            ck_assert_uint_lt(hits[0], hits[1]);
        }
    kf_query_destroy(&query);
    close_set();
}
END_TEST

/* What a filter is told is what the entry that it lets through has. */
typedef struct told {
    uint64_t distance[2000], weight[2000];
    double similarity[2000];
    size_t calls;
} told;

static int note(void *context, kf_iter *iter, const kf_entry *entry)
{
    told *s = context;
    uint64_t value;
    EXPECT(entry->ordinal < 2000 && kf_iter_value_u64(iter, &value) == KF_OK && value == 7 * entry->ordinal,
           "call %zu", s->calls);
    s->distance[entry->ordinal] = kf_iter_match(iter)->distance;
    s->weight[entry->ordinal] = kf_iter_match(iter)->weight;
    s->similarity[entry->ordinal] = kf_iter_match(iter)->similarity;
    s->calls++;
    return entry->ordinal % 2 == 0;
}

START_TEST(query__filters_see_the_match)
{
    told *s = calloc(1, sizeof *s);
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    open_words(2000, KF_VALUES_U64);
    kf_query *query = fuzzy("sea", 3, KF_UNIT_BYTES);
    o.filter = note;
    o.filter_context = s;
    nearest.within = &o;
    nearest.count = 30;
    for (unsigned n = 0; n < 5; n++) {
        kf_iter *iter;
        kf_entry entry;
        size_t count = 0;
        memset(s, 0, sizeof *s);
        o.query = n < 4 ? query : NULL;
        o.order = n < 3 ? (kf_order)n : KF_ORDER_KEY;
        nearest.ranking = (kf_ranking)(n % 2);
        if (n < 3) ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_OK);
        else ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, "sea", 3, &nearest, NULL), KF_OK);
        for (; !kf_iter_next(iter, &entry); count++) {
            const kf_match *match = kf_iter_match(iter);
            ck_assert_uint_eq(entry.ordinal % 2, 0);
            ck_assert_uint_eq(s->distance[entry.ordinal], match->distance);
            ck_assert_uint_eq(s->weight[entry.ordinal], match->weight);
            ck_assert(s->similarity[entry.ordinal] <= match->similarity);
            ck_assert(s->similarity[entry.ordinal] >= match->similarity);
        }
        ck_assert_uint_gt(count, 10);
        ck_assert_uint_gt(s->calls, count);
        kf_iter_destroy(&iter);
    }
    kf_query_destroy(&query);
    close_set();
    free(s);
}
END_TEST

/* ---- lifetimes and threads -------------------------------------------------------------------- */

START_TEST(query__destroyed_before_its_iterators)
{
    open_words(3000, KF_VALUES_U64);
    kf_query *query = fuzzy("steer", 2, KF_UNIT_CODE_POINTS), *both;
    kf_query *parts[2] = { query, fuzzy("rest", 3, KF_UNIT_BYTES) };
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter[3];
    kf_entry entry;
    const size_t want = hits_of(query);
    size_t counts[3] = { 0 };
    ck_assert_int_eq(kf_query_create_any(&both, (const kf_query *const *)parts, 2, NULL), KF_OK);
    const size_t either = hits_of(both);
    o.query = query;
    ck_assert_int_eq(kf_iter_create(&iter[0], dict, &o, NULL), KF_OK);
    o.order = KF_ORDER_DISTANCE;
    ck_assert_int_eq(kf_iter_create(&iter[1], dict, &o, NULL), KF_OK);
    o.order = KF_ORDER_KEY;
    o.query = both;
    ck_assert_int_eq(kf_iter_create(&iter[2], dict, &o, NULL), KF_OK);
    kf_query_destroy(&both);
    kf_query_destroy(&parts[0]);
    kf_query_destroy(&parts[1]);
    for (int i = 0; i < 3; i++) {
        while (!kf_iter_next(iter[i], &entry)) counts[i]++;
        kf_iter_destroy(&iter[i]);
    }
    ck_assert_uint_gt(want, 20);
    ck_assert_uint_gt(either, want);
    ck_assert(counts[0] == want && counts[1] == want && counts[2] == either);
    close_set();
}
END_TEST

static kf_query *shared_query;
static size_t shared_hits;

static void *use_shared(void *unused)
{
    size_t wrong = 0;
    (void)unused;
    for (unsigned turn = 0; turn < 30; turn++) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_query *negated;
        kf_iter *iter;
        kf_entry entry;
        uint64_t distance;
        size_t count = 0;
        if (kf_query_create_not(&negated, shared_query, NULL)) return (void *)1;
        o.query = turn % 3 ? shared_query : negated;
        o.order = turn % 2 ? KF_ORDER_DISTANCE : KF_ORDER_KEY;
        if (kf_iter_create(&iter, dict, &o, NULL)) return (void *)1;
        while (!kf_iter_next(iter, &entry)) {
            kf_status found = kf_query_matches(shared_query, entry.key.data, entry.key.size, &distance);
            count++;
            if (turn % 3 == 0) wrong += found != KF_NOT_FOUND;
            else wrong += found != KF_OK || distance != kf_iter_match(iter)->distance;
        }
        wrong += count != (turn % 3 ? shared_hits : set.count - shared_hits);
        kf_iter_destroy(&iter);
        kf_query_destroy(&negated);
    }
    return (void *)wrong;
}

START_TEST(query__one_query_in_many_threads)
{
    pthread_t thread[4];
    open_words(1500, KF_VALUES_U64);
    shared_query = fuzzy("strain", 3, KF_UNIT_CODE_POINTS);
    shared_hits = hits_of(shared_query);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, use_shared, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(thread[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    kf_query_destroy(&shared_query);
    close_set();
}
END_TEST

/* ---- a table that forgets --------------------------------------------------------------------- */

typedef struct hit {
    uint64_t ordinal;
    uint32_t distance;
} hit;

static size_t hunt_hits(const kf_query *query, uint64_t memory, hit *hits, uint32_t *resets)
{
    kfi_dfa dfa;
    kfi_hunt hunt;
    size_t count = 0;
    kf_status status;
    ck_assert_int_eq(kfi_dfa_create(&dfa, query, memory), KF_OK);
    ck_assert_int_eq(kfi_hunt_create(&hunt, dict->keys.longest_key), KF_OK);
    kfi_hunt_begin(&hunt, &dict->keys, &dfa.guide, 0, dict->keys.count);
    while (!(status = kfi_hunt_next(&hunt))) {
        EXPECT(bytes_compare((kf_bytes){ hunt.path, hunt.size }, set.keys[hunt.ordinal]) == 0, "key %llu",
               (unsigned long long)hunt.ordinal);
        hits[count++] = (hit){ hunt.ordinal, kfi_dfa_distance(&dfa, hunt.state) };
    }
    ck_assert_int_eq(status, KF_END);
    *resets = dfa.guide.resets;
    kfi_hunt_destroy(&hunt);
    kfi_dfa_destroy(&dfa);
    return count;
}

/* The same hits when the table holds a few dozen states as when it holds all. */
START_TEST(query__little_memory)
{
    static const unsigned shapes[] = { 4, 7, 9, 13, 18, 19 };
    uint64_t forgotten = 0, seen = 0;
    set_make(&set, shapes[_i], 5, 4);
    open_set(KF_VALUES_NONE);
    hit *hits = malloc(2 * set.count * sizeof *hits), *again = hits + set.count;
    for (unsigned n = 0; n < 24; n++) {
        kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
        kf_bytes needle = set.keys[set_below(&set, set.count)];
        kf_query *query, *part[2];
        uint32_t resets, few;
        o.unit = KF_UNIT_BYTES;
        o.metric = (kf_metric)(n % 3);
        o.distance = 2 + n % 6;
        o.prefix = n % 4 == 0;
        ck_assert_int_eq(kf_query_create_fuzzy(&part[0], needle.data, needle.size, &o, NULL), KF_OK);
        needle = set.keys[set_below(&set, set.count)];
        ck_assert_int_eq(kf_query_create_fuzzy(&part[1], needle.data, needle.size, &o, NULL), KF_OK);
        /* A combination does not know its labels: the walk finds them out. */
        if (n % 2) ck_assert_int_eq(kf_query_create_any(&query, (const kf_query *const *)part, 2, NULL), KF_OK);
        else query = (kf_query *)(uintptr_t)kfi_query_hold(part[0]);
        size_t count = hunt_hits(query, KFI_DFA_MEMORY, hits, &few);
        size_t other = hunt_hits(query, 1, again, &resets);
        EXPECT(count == other, "needle %u: %zu instead of %zu hits", n, other, count);
        for (size_t i = 0; i < count; i++)
            EXPECT(hits[i].ordinal == again[i].ordinal && hits[i].distance == again[i].distance,
                   "needle %u hit %zu", n, i);
        ck_assert_uint_le(few, resets);
        forgotten += resets;
        seen += count;
        kf_query_destroy(&query);
        kf_query_destroy(&part[0]);
        kf_query_destroy(&part[1]);
    }
    ck_assert_uint_gt(forgotten, 0);
    ck_assert_uint_gt(seen, 20);
    free(hits);
    close_set();
}
END_TEST

/* As nearest does: the cutoff rises while states are forgotten and made again. */
static size_t hunt_best(const kf_query *query, uint64_t memory, hit *hits, uint32_t *resets)
{
    kfi_dfa dfa;
    kfi_hunt hunt;
    size_t count = 0;
    kf_status status;
    ck_assert_int_eq(kfi_dfa_create(&dfa, query, memory), KF_OK);
    ck_assert_int_eq(kfi_hunt_create(&hunt, dict->keys.longest_key), KF_OK);
    kfi_hunt_begin(&hunt, &dict->keys, &dfa.guide, 0, dict->keys.count);
    while (!(status = kfi_hunt_next(&hunt))) {
        const float score = (float)kfi_dfa_score(&dfa, hunt.state);
        hits[count++] = (hit){ hunt.ordinal, kfi_dfa_distance(&dfa, hunt.state) };
        if (score >= dfa.guide.cutoff) dfa.guide.cutoff = nextafterf(score, INFINITY);
    }
    ck_assert_int_eq(status, KF_END);
    for (unsigned c = 0; c < query->classes; c++)   /* nothing leads out of the dead state */
        EXPECT(dfa.guide.table[KFI_GUIDE_NEXT + c] == KFI_GUIDE_DEAD, "class %u", c);
    *resets = dfa.guide.resets;
    kfi_hunt_destroy(&hunt);
    kfi_dfa_destroy(&dfa);
    return count;
}

START_TEST(query__little_memory_and_a_rising_cutoff)
{
    uint64_t forgotten = 0, seen = 0;
    open_words(1500, KF_VALUES_NONE);
    hit *hits = malloc(2 * set.count * sizeof *hits), *again = hits + set.count;
    for (unsigned n = 0; n < 200; n++) {
        kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
        uint8_t needle[10];
        kf_query *query, *condition, *both;
        uint32_t resets, few;
        for (size_t b = 0; b < sizeof needle; b++) needle[b] = (uint8_t)("aeinrst-"[set_below(&set, 8)]);
        o.metric = (kf_metric)(n % 3);
        o.distance = 8;
        const kfi_scoring scoring = n % 2 ? KFI_SCORE_SIMILARITY : KFI_SCORE_DISTANCE;
        const kf_bytes text = { needle, 1 + n % 10 };
        ck_assert_int_eq(kfi_levenshtein_create(&query, text, &o, scoring, NULL), KF_OK);
        if (n % 4 > 1) {   /* of which the labels are not known without trying */
            ck_assert_int_eq(kf_query_create_fuzzy(&condition, needle, 2, &o, NULL), KF_OK);
            ck_assert_int_eq(kfi_query_restrict(&both, query, condition, NULL), KF_OK);
            kf_query_destroy(&query);
            kf_query_destroy(&condition);
            query = both;
        }
        size_t count = hunt_best(query, KFI_DFA_MEMORY, hits, &few);
        size_t other = hunt_best(query, 1, again, &resets);
        EXPECT(count == other, "needle %u: %zu instead of %zu hits", n, other, count);
        for (size_t i = 0; i < count; i++)
            EXPECT(hits[i].ordinal == again[i].ordinal && hits[i].distance == again[i].distance,
                   "needle %u hit %zu", n, i);
        ck_assert_uint_eq(few, 0);
        forgotten += resets;
        seen += count;
        kf_query_destroy(&query);
    }
    ck_assert_uint_gt(forgotten, 100);
    ck_assert_uint_gt(seen, 100);
    free(hits);
    close_set();
}
END_TEST

/* ---- memory runs out -------------------------------------------------------------------------- */

enum { WORKS = 10 };

/* One use of queries; `seen` entries came out of it. */
static kf_status work(unsigned which, size_t *seen)
{
    static const kf_metric metrics[] = { KF_METRIC_LEVENSHTEIN, KF_METRIC_INDEL, KF_METRIC_JARO_WINKLER };
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    kf_query *part[2] = { NULL, NULL }, *query = NULL;
    kf_iter *iter = NULL;
    kf_entry entry;
    kf_error error = { 0 };
    *seen = 0;
    kf_status status = kf_query_create_fuzzy(&part[0], "sea", 3, NULL, &error);
    if (!status) status = kf_query_create_fuzzy(&part[1], "rest", 4, NULL, &error);
    if (!status && which % 3 == 1) status = kf_query_create_any(&query, (const kf_query *const *)part, 2, &error);
    if (!status && which % 3 == 2) status = kf_query_create_not(&query, part[1], &error);
    o.query = query ? query : part[0];
    if (which < 6) {
        o.order = which < 3 ? KF_ORDER_KEY : KF_ORDER_DISTANCE;
        o.limit = which % 2 ? 10 : UINT64_MAX;
        if (!status) status = kf_query_matches(o.query, "strains", 7, NULL);
        if (status == KF_NOT_FOUND) status = KF_OK;
        if (!status) status = kf_iter_create(&iter, dict, &o, &error);
    } else {
        nearest.metric = metrics[which % 3];
        nearest.ranking = KF_RANK_SIMILARITY;
        nearest.count = 20;
        if (which > 7) nearest.within = &o;
        if (!status) status = kf_iter_create_nearest(&iter, dict, "strain", 6, &nearest, &error);
    }
    if (status && error.status) ck_assert_int_eq(error.status, status);
    while (!status && !(status = kf_iter_next(iter, &entry))) ++*seen;
    kf_iter_destroy(&iter);
    kf_query_destroy(&query);
    kf_query_destroy(&part[0]);
    kf_query_destroy(&part[1]);
    return status == KF_END ? KF_OK : status;
}

/* An allocation that fails once may be made up for; when all fail from it on, the failure is reported. */
START_TEST(query__memory_runs_out)
{
    static const int modes[] = { FAULT_FROM, FAULT_ONCE };
    size_t seen, want;
    open_words(1200, KF_VALUES_U64);
    ck_assert_int_eq(work((unsigned)_i, &want), KF_OK);
    ck_assert_uint_gt(want, 0);
    for (unsigned mode = 0; mode < 2; mode++) {
        int fired = 1;
        for (uint64_t n = 1; fired; n++) {
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, modes[mode]);
            kf_status status = work((unsigned)_i, &seen);
            fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            if (mode == 1 && !status) EXPECT(seen == want, "allocation %u: %zu hits", (unsigned)n, seen);
            else EXPECT(status == (fired ? KF_NO_MEMORY : KF_OK), "allocation %u: %s", (unsigned)n,
                        kf_status_name(status));
            if (!fired) ck_assert_uint_gt(n, 12);
        }
    }
    close_set();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("query");
    TCase *t = tcase_create("query");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, query__fuzzy_refuses);
    tcase_add_test(t, query__needle_is_not_utf8);
    tcase_add_test(t, query__nearest_refuses);
    tcase_add_test(t, query__iterators_refuse);
    tcase_add_test(t, query__combinations_refuse);
    tcase_add_test(t, query__nests_are_bounded);
    tcase_add_test(t, query__empty_needle);
    tcase_add_test(t, query__longest_needle);
    tcase_add_test(t, query__largest_distance);
    tcase_add_test(t, query__work_is_limited);
    tcase_add_test(t, query__searches_stop_at_the_work_limit);
    tcase_add_test(t, query__filters_see_the_match);
    tcase_add_test(t, query__destroyed_before_its_iterators);
    tcase_add_test(t, query__one_query_in_many_threads);
    suite_add_cases(t, query__little_memory, 0, 6);
    tcase_add_test(t, query__little_memory_and_a_rising_cutoff);
    suite_add_cases(t, query__memory_runs_out, 0, WORKS);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
