/* Dictionaries of several members against plain ones of the same pairs: iteration in every order, queries,
 * completion, nearest, keys in a text. Each answer must be the same, entry by entry. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "queries.h"
#include "sanitized.h"
#include "shards.h"

enum { SEEDS = SANITIZED ? 1 : 2, SHAPES_HERE = TEXT_SHAPES + SHAPES };

typedef struct pair {
    model m;
    unsigned shape;
    kf_dict *plain, *sharded;
    kf_weights weights;
    unsigned effort;              /* less where keys are many or long */
    int longish;                  /* the usual key is */
} pair;

static char name[300];

static void describe(const pair *p, const kf_iter_options *o, const char *what)
{
    snprintf(name, sizeof name,
             "%s; %s; flags %u order %d limit %llu first %llu prefix %zu from %zu to %d %zu "
             "filter %d case %llu", p->m.name, what, (unsigned)o->flags, (int)o->order,
             (unsigned long long)o->limit, (unsigned long long)o->first_ordinal, o->prefix.size, o->from.size,
             o->has_to, o->to.size, o->filter != NULL, shards_compared);
}

/* 0 without keys. */
static int pair_make(pair *p, int number, uint64_t seed)
{
    const unsigned shape = (unsigned)number % SHAPES_HERE;
    memset(p, 0, sizeof *p);
    p->shape = shape < TEXT_SHAPES ? shape : 4;
    if (shape < TEXT_SHAPES) make_texts(&p->m.set, shape, 7000 + seed);
    else set_make(&p->m.set, shape - TEXT_SHAPES, 300 + seed, 1);
    if (!p->m.set.count) {
        set_free(&p->m.set);
        return 0;
    }
    p->m.type = (kf_value_type)(seed % 3);
    p->m.value_shape = 2 + (unsigned)(seed / 3 % 2);
    p->m.value_seed = seed;
    if (set_below(&p->m.set, 2)) p->weights = KF_WEIGHTS_GIVEN;
    else if (p->m.type == KF_VALUES_U64 && set_below(&p->m.set, 2)) p->weights = KF_WEIGHTS_VALUE;
    size_t bytes = 0;
    for (size_t i = 0; i < p->m.set.count; i++) bytes += p->m.set.keys[i].size;
    p->longish = bytes / p->m.set.count > 60;
    p->effort = bytes > 60000 ? 1 : bytes > 8000 ? 4 : 16;
    const size_t shards = 1 + set_below(&p->m.set, SHARDS_MOST);
    snprintf(p->m.name, sizeof p->m.name, "shape %u seed %llu in %zu", shape, (unsigned long long)seed,
             shards);
    shards_make(&p->m, NULL, p->weights, "pair", shards, &p->plain, &p->sharded);
    return 1;
}

static void pair_free(pair *p)
{
    kf_dict_close(&p->plain);
    kf_dict_close(&p->sharded);
    set_free(&p->m.set);
}

/* ---- options ---------------------------------------------------------------------------------- */

typedef struct bounds {
    uint8_t text[3][NEEDLE_ROOM];
    shards_asked asked[2];
} bounds;

static kf_bytes near_key(pair *p, uint8_t *text)
{
    return (kf_bytes){ text, draw_text(&p->m.set, p->shape, text) };
}

static void draw_options(pair *p, bounds *b, kf_iter_options *o)
{
    key_set *s = &p->m.set;
    *o = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    if (set_below(s, 4) == 0) o->from = near_key(p, b->text[0]);
    if (set_below(s, 4) == 0) {
        o->to = near_key(p, b->text[1]);
        o->has_to = 1;
    }
    if (set_below(s, 4) == 0) {
        o->prefix = near_key(p, b->text[2]);
        o->prefix.size = set_below(s, o->prefix.size + 1);
    }
    if (set_below(s, 5) == 0) o->first_ordinal = set_below(s, s->count + 3);
    if (set_below(s, 4) == 0) o->limit = set_below(s, set_below(s, 2) ? 20 : s->count + 1);
    b->asked[0].number = set_below(s, 3) ? 0 : set_random(s) | 1;
    if (b->asked[0].number) o->filter = shards_filter;
}

/* Both iterators of the same options, and what their filters were asked. */
static void check_options(pair *p, bounds *b, const kf_iter_options *options, const char *what)
{
    kf_iter_options o = *options;
    kf_iter *iter[2];
    kf_status status[2];
    describe(p, &o, what);
    b->asked[0].hash = b->asked[0].calls = 0;
    b->asked[1] = b->asked[0];
    for (int i = 0; i < 2; i++) {
        o.filter_context = &b->asked[i];
        status[i] = kf_iter_create(&iter[i], i ? p->sharded : p->plain, &o, NULL);
    }
    MUST(status[0] == status[1], "%s: %s, not %s", name, kf_status_name(status[1]),
         kf_status_name(status[0]));
    if (status[0]) return;
    shards_same(&iter[0], &iter[1], name);
    MUST(b->asked[0].calls == b->asked[1].calls && b->asked[0].hash == b->asked[1].hash, "%s: the filter",
         name);
}

static void check_iteration(pair *p, bounds *b)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    b->asked[0].number = 0;
    check_options(p, b, &o, "all");
    o.flags = KF_ITER_REVERSE;
    check_options(p, b, &o, "all, reverse");
    o.flags = 0;
    o.order = KF_ORDER_WEIGHT;
    check_options(p, b, &o, "all, by weight");
    for (unsigned n = 0; n < 10 + 2 * p->effort; n++) {
        draw_options(p, b, &o);
        if (n % 3 == 0) o.flags = KF_ITER_REVERSE;
        if (n % 3 == 1) o.order = KF_ORDER_WEIGHT;
        check_options(p, b, &o, "iteration");
    }
}

/* ---- queries ---------------------------------------------------------------------------------- */

static kf_query *draw_query(pair *p, unsigned depth)
{
    static const char *const patterns[] = { ".*a.*", "(a|.b|[x-z0-9])*", ".{0,5}", "[^a]+", "\\w*\\d\\w*",
                                            ".*",
                                            "[a-m]*", "un.*", "x[0-9]*", ".*[bt]" };
    static const char *const globs[] = { "*a*", "?b*", "*[a-c]", "{a,b}*", "*", "x?", "*e?" };
    key_set *s = &p->m.set;
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    kf_query *query = NULL, *part[3];
    uint8_t text[NEEDLE_ROOM];
    const uint32_t flags = set_below(s, 2) ? KF_PATTERN_BYTES : KF_PATTERN_IGNORE_CASE;
    kf_status status = KF_OK;
    size_t kind = set_below(s, depth ? 10 : 6), count = 1 + set_below(s, 3);
    kf_bytes needle = near_key(p, text);
    const char *pattern;
    switch (kind) {
    case 0:
        pattern = patterns[set_below(s, sizeof patterns / sizeof *patterns)];
        status = kf_query_create_regex(&query, pattern, strlen(pattern), flags, NULL);
        break;
    case 1:
        pattern = globs[set_below(s, sizeof globs / sizeof *globs)];
        status = kf_query_create_glob(&query, pattern, strlen(pattern), flags, NULL);
        break;
    case 2:
        status = kf_query_create_subsequence(&query, needle.data, needle.size < 3 ? needle.size : 3,
                                      KF_PATTERN_BYTES, NULL);
        break;
    case 6: case 7: case 8:
        for (size_t i = 0; i < count; i++) part[i] = draw_query(p, depth - 1);
        status = kind == 6 ? kf_query_create_all(&query, (const kf_query *const *)part, count, NULL)
                           : kf_query_create_any(&query, (const kf_query *const *)part, count, NULL);
        while (count--) kf_query_destroy(&part[count]);
        break;
    case 9:
        part[0] = draw_query(p, depth - 1);
        status = kf_query_create_not(&query, part[0], NULL);
        kf_query_destroy(&part[0]);
        break;
    default:
        if (needle.size > 60) needle.size = 60;
        o.metric = (kf_metric)set_below(s, 3);
        o.unit = KF_UNIT_BYTES;
        o.distance = (uint32_t)set_below(s, 6);
        o.exact_prefix = set_below(s, 3) ? 0 : set_below(s, 3);
        o.prefix = set_below(s, 4) == 0;
        status = kf_query_create_fuzzy(&query, needle.data, needle.size, &o, NULL);
    }
    MUST(!status, "%s: a query: %s", p->m.name, kf_status_name(status));
    return query;
}

static unsigned long long cut_short;

/* With a limit to the work, the first hits of all; and all of them if nothing else is said. */
static void check_work_limit(pair *p, const kf_iter_options *options)
{
    kf_iter_options o = *options;
    kf_iter *all, *some;
    kf_entry a, b;
    kf_status status;
    uint64_t hits = 0;
    o.filter = NULL;
    o.limit = UINT64_MAX;
    o.order = KF_ORDER_KEY;
    MUST(!kf_iter_create(&all, p->plain, &o, NULL), "%s", name);
    o.work_limit = 1 + set_below(&p->m.set, set_below(&p->m.set, 2) ? 20 : 400);
    MUST(!kf_iter_create(&some, p->sharded, &o, NULL), "%s", name);
    for (; !(status = kf_iter_next(some, &b)); hits++) {
        MUST(!kf_iter_next(all, &a) && a.ordinal == b.ordinal && same_bytes(a.key, b.key), "%s: limited",
             name);
        shards_same_match(kf_iter_match(all), kf_iter_match(some), name);
    }
    MUST(status == KF_END, "%s: limited: %s", name, kf_status_name(status));
    /* An entry is a label at least, but for the empty key and those that end in a node. */
    MUST(hits <= 2 * o.work_limit + 1, "%s: %llu hits of %llu labels", name, (unsigned long long)hits,
         (unsigned long long)o.work_limit);
    if (kf_iter_incomplete(some)) cut_short++;
    else MUST(kf_iter_next(all, &a) == KF_END, "%s: not all, but complete", name);
    kf_iter_destroy(&all);
    kf_iter_destroy(&some);
}

static void check_queries(pair *p, bounds *b)
{
    for (unsigned n = 4 + 2 * p->effort; n--; ) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_query *query = draw_query(p, 2);
        b->asked[0].number = 0;
        if (set_below(&p->m.set, 3)) draw_options(p, b, &o);
        o.query = query;
        o.order = (kf_order)set_below(&p->m.set, 3);
        check_options(p, b, &o, "query");
        check_work_limit(p, &o);
        kf_query_destroy(&query);
    }
}

/* ---- nearest ---------------------------------------------------------------------------------- */

static void check_nearest(pair *p, bounds *b)
{
    key_set *s = &p->m.set;
    for (unsigned n = 4 + 2 * p->effort; n--; ) {
        kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
        kf_iter_options within;
        kf_query *query = NULL;
        kf_iter *iter[2];
        uint8_t text[NEEDLE_ROOM];
        kf_bytes needle = near_key(p, text);
        if (needle.size > 100) needle.size = 100;
        draw_options(p, b, &within);
        if (set_below(s, 4) == 0) within.query = query = draw_query(p, 1);
        o.metric = (kf_metric)(n % 4);
        o.unit = KF_UNIT_BYTES;
        if (o.metric == KF_METRIC_JARO_WINKLER || set_below(s, 2)) o.ranking = KF_RANK_SIMILARITY;
        o.count = set_below(s, 9) ? 1 + set_below(s, 7) : UINT64_MAX;
        if (set_below(s, 3) == 0) o.most_distance = (uint32_t)set_below(s, 9);
        if (set_below(s, 3) == 0) o.least_similarity = (double)set_below(s, 21) / 20;
        if (set_below(s, 4)) o.within = &within;
        describe(p, &within, "nearest");
        for (int i = 0; i < 2; i++) {
            within.filter_context = &b->asked[i];
            b->asked[i].number = b->asked[0].number;
            kf_status status = kf_iter_create_nearest(&iter[i], i ? p->sharded : p->plain, needle.data, needle.size,
                                               &o, NULL);
            MUST(!status, "%s: %s", name, kf_status_name(status));
        }
        shards_same(&iter[0], &iter[1], name);
        o.work_limit = 1 + set_below(s, 300);
        MUST(!kf_iter_create_nearest(&iter[1], p->sharded, needle.data, needle.size, &o, NULL), "%s", name);
        o.work_limit = 0;
        if (kf_iter_incomplete(iter[1])) {
            cut_short++;
            kf_iter_destroy(&iter[1]);
        } else {
            MUST(!kf_iter_create_nearest(&iter[0], p->plain, needle.data, needle.size, &o, NULL), "%s", name);
            shards_same(&iter[0], &iter[1], name);
        }
        kf_query_destroy(&query);
    }
}

/* ---- keys in a text --------------------------------------------------------------------------- */

/* Keys and parts of keys, end to end, in exactly `size` bytes for a sanitizer. */
static uint8_t *make_text(pair *p, size_t *size)
{
    key_set *s = &p->m.set;
    static const size_t sizes[] = { 20, 90, 300, 2500, 9000 };
    const size_t most = sizes[set_below(s, p->longish ? 2 : p->effort < 4 ? 3 : SANITIZED ? 4 : 5)];
    uint8_t *text = malloc(most + 1);
    *size = 0;
    while (*size < most) {
        kf_bytes key = s->keys[set_below(s, s->count)];
        size_t part = set_below(s, 2) ? key.size : set_below(s, key.size + 1);
        if (part > most - *size) part = most - *size;
        if (part) memcpy(text + *size, key.data, part);
        *size += part;
        if (*size < most && set_below(s, 4) == 0) text[(*size)++] = (uint8_t)set_below(s, 256);
        if (set_below(s, 400) == 0) break;
    }
    uint8_t *exact = malloc(*size + !*size);
    if (*size) memcpy(exact, text, *size);
    free(text);
    return exact;
}

static void check_find(pair *p, bounds *b)
{
    for (unsigned n = 0; n < 4; n++) {
        size_t size;
        uint8_t *text = make_text(p, &size);
        for (unsigned kind = 0; kind < 12; kind++) {
            kf_find_options o = KF_FIND_OPTIONS_INIT;
            kf_iter *iter[2];
            o.overlap = (kf_overlap)(kind & 1);
            o.boundary = (kf_boundary)(kind >> 1 & 1 ? KF_BOUNDARY_CODE_POINTS : KF_BOUNDARY_BYTES);
            if (kind >= 8) o.filter = shards_filter;
            snprintf(name, sizeof name, "%s; find %u in %zu, case %llu", p->m.name, kind, size,
                     shards_compared);
            for (int i = 0; i < 2; i++) {
                b->asked[i] = (shards_asked){ .number = 1 + kind };
                o.filter_context = &b->asked[i];
                MUST(!kf_iter_create_find(&iter[i], i ? p->sharded : p->plain, text, size, &o, NULL), "%s", name);
            }
            shards_same(&iter[0], &iter[1], name);
            MUST(b->asked[0].hash == b->asked[1].hash, "%s: the filter", name);
        }
        free(text);
    }
}

/* Keys that begin one another, cut everywhere: most keys that begin a text are not in the member that the
 * text leads to. */
START_TEST(shards_query__nested)
{
    static bounds b;
    pair p = { .m.type = KF_VALUES_U64, .m.value_shape = 1 };
    p.m.set.random = 77 + (uint64_t)_i;
    uint8_t text[200];
    memset(text, 'a', sizeof text);
    for (size_t n = 0; n < 60; n++) {
        set_add(&p.m.set, text, n);
        text[n] = 'b';
        if (n % 3 == 0) set_add(&p.m.set, text, n + 1);
        text[n] = 'a';
    }
    set_sort(&p.m.set);
    p.effort = 16;
    snprintf(p.m.name, sizeof p.m.name, "nested %d", _i);
    shards_make(&p.m, NULL, KF_WEIGHTS_NONE, "pair", SHARDS_MOST, &p.plain, &p.sharded);
    check_find(&p, &b);
    check_iteration(&p, &b);
    check_queries(&p, &b);
    ck_assert_uint_gt(shards_entries, 10000);
    pair_free(&p);
}
END_TEST

/* ---- all -------------------------------------------------------------------------------------- */

static void run(int number, void (*check)(pair *, bounds *), const char *what)
{
    static bounds b;
    FOR_SEEDS(seed, rounds_of(SEEDS)) {
        pair p;
        if (!pair_make(&p, number, seed)) continue;
        check(&p, &b);
        pair_free(&p);
    }
    printf("%s %d: %llu compared, %llu entries, %llu cut short\n", what, number, shards_compared,
           shards_entries,
           cut_short);
    fflush(stdout);
}

START_TEST(shards_query__iteration) { run(_i, check_iteration, "iteration"); }
END_TEST
START_TEST(shards_query__queries) { run(_i, check_queries, "queries"); }
END_TEST
START_TEST(shards_query__nearest) { run(_i, check_nearest, "nearest"); }
END_TEST
START_TEST(shards_query__find) { run(_i, check_find, "find"); }
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shards_query");
    TCase *t = tcase_create("shards_query");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, shards_query__iteration, 0, SHAPES_HERE);
    suite_add_cases(t, shards_query__queries, 0, SHAPES_HERE);
    suite_add_cases(t, shards_query__nearest, 0, SHAPES_HERE);
    suite_add_cases(t, shards_query__find, 0, SHAPES_HERE);
    suite_add_cases(t, shards_query__nested, 0, 6);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
