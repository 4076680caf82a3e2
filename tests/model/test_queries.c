/* Queries against their definitions: each hit, in its order, with its ordinal and distance, for random
 * dictionaries, needles and options. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "queries.h"
#include "sanitized.h"

enum { ROUNDS = SANITIZED ? 2 : 4, DISTANCES = 9 };

static unsigned long long cases, hits_seen;

/* The hunt has a variant for each instruction set; each test of a loop is a process of its own. */
static void choose_variant(int n)
{
    static const char *const names[] = { "portable", "avx2", "avx512" };
    setenv("KEYFOLD_ISA", names[n / TEXT_SHAPES % 3], 1);
}

static const char *describe(const universe *u, const kf_iter_options *o, const char *what)
{
    static char text[400];
    snprintf(text, sizeof text, "%s; %s; order %d limit %llu first %llu filter %d case %llu", u->m.name, what,
             (int)o->order, (unsigned long long)o->limit, (unsigned long long)o->first_ordinal,
             o->filter != NULL, cases);
    return text;
}

/* ---- comparing -------------------------------------------------------------------------------- */

typedef struct expected {
    size_t i;
    uint64_t weight;
    int distance;
} expected;

static int by_distance(const void *a, const void *b)
{
    const expected *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return x->i < y->i ? -1 : 1;
}

static int by_weight(const void *a, const void *b)
{
    const expected *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return x->i < y->i ? -1 : 1;
}

static void check_value(const universe *u, kf_iter *iter, size_t i, const char *what)
{
    static uint8_t room[MODEL_VALUE_MAX];
    kf_bytes value;
    uint64_t number;
    if (u->m.type == KF_VALUES_BYTES)
        MUST(kf_iter_value(iter, &value) == KF_OK && model_same(value, model_string(&u->m, i, room)), "%s",
             what);
    if (u->m.type == KF_VALUES_U64)
        MUST(kf_iter_value_u64(iter, &number) == KF_OK && number == model_number(&u->m, i), "%s", what);
}

/* All that the iterator yields is what `want` and the range say. */
static void check_iterator(universe *u, const kf_dict *dict, const range *r, const kf_iter_options *o,
                           const int *want, const char *query)
{
    const char *what = describe(u, o, query);
    expected *list = malloc((u->m.set.count + 1) * sizeof *list);
    size_t count = 0;
    kf_iter *iter;
    kf_entry entry;
    for (size_t i = r->first; i < r->end; i++)
        if (want[i] != FAR_AWAY && filter_wants(r->filter, i))
            list[count++] = (expected){ i, weight_of(&u->m, i), want[i] };
    if (o->order != KF_ORDER_KEY && count)
        qsort(list, count, sizeof *list, o->order == KF_ORDER_DISTANCE ? by_distance : by_weight);
    if (o->limit < count) count = (size_t)o->limit;
    kf_status status = kf_iter_create(&iter, dict, o, NULL);
    MUST(status == KF_OK, "%s: %s", what, kf_status_name(status));
    for (size_t n = 0; n < count; n++) {
        const size_t i = list[n].i;
        uint64_t remaining = kf_iter_remaining(iter);
        MUST(remaining == (o->order == KF_ORDER_KEY ? UINT64_MAX : count - n), "%s: %llu remain", what,
             (unsigned long long)remaining);
        status = kf_iter_next(iter, &entry);
        MUST(status == KF_OK, "%s: hit %zu of %zu, key %zu: %s", what, n, count, i, kf_status_name(status));
        MUST(entry.ordinal == i && model_same(entry.key, u->m.set.keys[i]),
             "%s: hit %zu of %zu is key %llu, not %zu", what, n, count, (unsigned long long)entry.ordinal, i);
        const kf_match *match = kf_iter_match(iter);
        MUST(match->distance == (uint64_t)list[n].distance, "%s: key %zu has distance %llu, not %d", what, i,
             (unsigned long long)match->distance, list[n].distance);
        if (o->order != KF_ORDER_KEY) MUST(match->weight == list[n].weight, "%s: key %zu: weight", what, i);
        if (n % 7 == 0) check_value(u, iter, i, what);
    }
    status = kf_iter_next(iter, &entry);
    MUST(status == KF_END, "%s: after %zu hits: %s, key %llu", what, count, kf_status_name(status),
         (unsigned long long)(status ? 0 : entry.ordinal));
    MUST(kf_iter_next(iter, &entry) == KF_END && !kf_iter_incomplete(iter), "%s: the end", what);
    MUST(kf_iter_remaining(iter) == 0, "%s: remaining at the end", what);
    kf_iter_destroy(&iter);
    free(list);
    cases++;
    hits_seen += count;
    tally("answers", count + 1);
    tally("queries", 1);
}

/* A query with drawn options, and plainly over everything. */
static void check_query(universe *u, const kf_dict *dict, const kf_query *query, const int *want,
                        const char *what)
{
    key_set *s = &u->m.set;
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    range r = { .end = s->count };
    if (set_below(s, 2)) draw_range(u, &r, &o);
    o.query = query;
    if (set_below(s, 4) == 0) o.limit = set_below(s, 20);
    check_iterator(u, dict, &r, &o, want, what);
    if (set_below(s, 3) == 0) {
        o.order = u->m.type == KF_VALUES_U64 && set_below(s, 3) == 0 ? KF_ORDER_WEIGHT : KF_ORDER_DISTANCE;
        check_iterator(u, dict, &r, &o, want, what);
    }
    for (unsigned n = 0; n < 6; n++) {
        size_t i = n < 4 || !s->count ? u->count - 1 - set_below(s, EXTRA_TEXTS) : set_below(s, s->count);
        uint64_t distance = 12345;
        kf_status status = kf_query_matches(query, u->text[i].data, u->text[i].size,
                                            set_below(s, 9) ? &distance : NULL);
        MUST(status == (want[i] == FAR_AWAY ? KF_NOT_FOUND : KF_OK), "%s; %s: text %zu: %s", u->m.name, what,
             i, kf_status_name(status));
        tally("answers", 1);
        MUST(distance == 12345 || distance == (uint64_t)want[i], "%s; %s: text %zu: %llu, not %d", u->m.name,
             what, i, (unsigned long long)distance, want[i]);
    }
}

/* ---- fuzzy ------------------------------------------------------------------------------------ */

static void draw_fuzzy(key_set *s, const distances *d, kf_fuzzy_options *o)
{
    *o = (kf_fuzzy_options)KF_FUZZY_OPTIONS_INIT;
    o->metric = d->metric;
    o->unit = d->unit;
    o->distance = (uint32_t)set_below(s, set_below(s, 12) ? DISTANCES : KF_DISTANCE_LIMIT + 1);
    o->exact_prefix = set_below(s, 3) ? 0 : set_below(s, d->units + 3);
    o->prefix = set_below(s, 4) == 0;
}

static const char *describe_fuzzy(const kf_fuzzy_options *o, const distances *d)
{
    static char text[200];
    int at = snprintf(text, sizeof text, "metric %d unit %d k %u exact %zu prefix %d needle ", (int)o->metric,
                      (int)o->unit, (unsigned)o->distance, o->exact_prefix, o->prefix);
    for (size_t i = 0; i < d->size && i < 40; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%02x", d->needle[i]);
    return text;
}

static kf_query *make_fuzzy(const distances *d, const kf_fuzzy_options *o)
{
    kf_query *query;
    kf_error error = { 0 };
    kf_status status = kf_query_create_fuzzy(&query, d->needle, d->size, o, &error);
    MUST(!status, "%s: %s", describe_fuzzy(o, d), error.message);
    return query;
}

static void check_fuzzy(universe *u, const kf_dict *dict, int *want)
{
    for (unsigned turn = 0; turn < 6; turn++) {
        distances d;
        distances_make(u, &d, (kf_metric)(turn % 3), (kf_unit)(turn / 3));
        for (unsigned n = u->m.set.count > 1000 ? 3 : 8; n--; ) {
            kf_fuzzy_options o;
            draw_fuzzy(&u->m.set, &d, &o);
            kf_query *query = make_fuzzy(&d, &o);
            expect_fuzzy(u, &d, &o, want);
            check_query(u, dict, query, want, describe_fuzzy(&o, &d));
            kf_query_destroy(&query);
        }
        distances_free(&d);
    }
}

static void run_shape(int n, void (*check)(universe *, const kf_dict *, int *))
{
    const unsigned shape = (unsigned)n % TEXT_SHAPES;
    const uint64_t seeds = shape == 7 ? 1 : scaled(2, ROUNDS, ROUNDS) * scale_of_run();
    choose_variant(n);
    FOR_SEEDS(seed, seeds) {
        universe u;
        kf_dict *dict;
        universe_make(&u, shape, seed * 40 + (unsigned)n, &dict);
        int *want = malloc(u.count * sizeof *want);
        for (unsigned round = 0; round < 3; round++) check(&u, dict, want);
        free(want);
        kf_dict_close(&dict);
        universe_free(&u);
    }
    ck_assert_uint_gt(cases, 40);
    if (seeds_are_usual()) ck_assert_uint_gt(hits_seen, shape == 7 ? 1000 : (shape == 8 ? 5 : 250) * seeds);
    printf("%s %d: %llu iterators, %llu hits\n", check == check_fuzzy ? "fuzzy" : "combined", n, cases,
           hits_seen);
    fflush(stdout);
}

START_TEST(queries__fuzzy) { run_shape(_i, check_fuzzy); }
END_TEST

/* ---- combined --------------------------------------------------------------------------------- */

static int has_in_order(kf_bytes text, const uint8_t *letters, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < text.size && found < count; i++) found += text.data[i] == letters[found];
    return found == count;
}

/* A query that is not made of others, and what it accepts. */
static kf_query *draw_leaf(universe *u, int *want)
{
    key_set *s = &u->m.set;
    kf_query *query = NULL;
    kf_status status = KF_OK;
    kf_fuzzy_options o;
    uint8_t letters[NEEDLE_ROOM];
    char pattern[60];
    size_t size = draw_text(s, u->shape, letters), least;
    distances d;
    switch (set_below(s, 6)) {
    case 0:   /* bytes in order */
        if (size > 3) size = 3;
        status = kf_query_create_subsequence(&query, letters, size, KF_PATTERN_BYTES, NULL);
        for (size_t i = 0; i < u->count; i++)
            want[i] = has_in_order(u->text[i], letters, size) ? 0 : FAR_AWAY;
        break;
    case 1:   /* so many bytes */
        least = set_below(s, 5);
        snprintf(pattern, sizeof pattern, "[\\x00-\\xff]{%zu,%zu}", least, least + 5);
        status = kf_query_create_regex(&query, pattern, strlen(pattern), KF_PATTERN_BYTES, NULL);
        for (size_t i = 0; i < u->count; i++)
            want[i] = u->text[i].size >= least && u->text[i].size <= least + 5 ? 0 : FAR_AWAY;
        break;
    default:
        distances_make(u, &d, (kf_metric)set_below(s, 3), (kf_unit)set_below(s, 2));
        draw_fuzzy(s, &d, &o);
        query = make_fuzzy(&d, &o);
        expect_fuzzy(u, &d, &o, want);
        distances_free(&d);
    }
    MUST(!status, "%s: a pattern: %s", u->m.name, kf_status_name(status));
    return query;
}

static kf_query *draw_combination(universe *u, int *want, unsigned depth)
{
    enum { PARTS = 4 };
    key_set *s = &u->m.set;
    kf_query *part[PARTS], *query = NULL;
    const size_t how = set_below(s, 4), count = how == 0 ? 1 : 1 + set_below(s, PARTS);
    kf_status status;
    if (!depth || how == 3) return draw_leaf(u, want);
    int *other = malloc(u->count * sizeof *other);
    for (size_t p = 0; p < count; p++) {
        part[p] = draw_combination(u, p ? other : want, depth - 1);
        for (size_t i = 0; p && i < u->count; i++) {
            if (how == 1 && (want[i] == FAR_AWAY || other[i] == FAR_AWAY)) want[i] = FAR_AWAY;
            else if (how == 1) want[i] = want[i] > other[i] ? want[i] : other[i];
            else if (other[i] != FAR_AWAY && (want[i] == FAR_AWAY || other[i] < want[i])) want[i] = other[i];
        }
    }
    free(other);
    if (how == 0) {
        status = kf_query_create_not(&query, part[0], NULL);
        for (size_t i = 0; i < u->count; i++) want[i] = want[i] == FAR_AWAY ? 0 : FAR_AWAY;
    } else {
        status = how == 1 ? kf_query_create_all(&query, (const kf_query *const *)part, count, NULL)
                          : kf_query_create_any(&query, (const kf_query *const *)part, count, NULL);
    }
    MUST(!status, "%s: a combination: %s", u->m.name, kf_status_name(status));
    for (size_t p = 0; p < count; p++) kf_query_destroy(&part[p]);
    return query;
}

static void check_combined(universe *u, const kf_dict *dict, int *want)
{
    for (unsigned n = u->m.set.count > 1000 ? 6 : 14; n--; ) {
        kf_query *query = draw_combination(u, want, 2);
        check_query(u, dict, query, want, "combined");
        check_query(u, dict, query, want, "combined, again");
        kf_query_destroy(&query);
    }
}

START_TEST(queries__combined) { run_shape(_i, check_combined); }
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("queries");
    TCase *t = tcase_create("queries");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, queries__fuzzy, 0, 3 * TEXT_SHAPES);
    suite_add_cases(t, queries__combined, 0, 3 * TEXT_SHAPES);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
