/* The nearest keys against all keys ranked: metrics, rankings, counts, cutoffs, conditions, ties; and
 * searches that a work limit ends. By walking the keys, and by their blocks, also of several shards. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "queries.h"
#include "sanitized.h"

enum { SEEDS = SANITIZED ? 1 : 2, NEEDLES = 3, CALLS = 6, WAYS = 3 };

static unsigned long long cases, hits_seen, cut_short;

typedef struct ranked {
    size_t i;
    uint32_t distance;
    double score;
} ranked;

static int better(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->i < y->i ? -1 : 1;
}

/* A needle, a condition, and what they say of each key. */
typedef struct task {
    universe *u;
    distances d;
    double *jaro;                 /* of all texts */
    int *condition;               /* of the query within, or NULL */
    range r;
    kf_nearest_options o;
    kf_iter_options within;
    char what[400];
} task;

static ranked rank_of(const task *t, size_t i)
{
    const uint32_t distance = t->d.whole[i];
    if (t->o.metric == KF_METRIC_JARO_WINKLER) return (ranked){ i, 0, t->jaro[i] };
    if (t->o.ranking == KF_RANK_DISTANCE) return (ranked){ i, distance, -(double)distance };
    return (ranked){ i, distance,
                     plain_similarity(t->o.metric, t->d.units, unit_count(t->u, t->o.unit, i), distance) };
}

static int wanted(const task *t, const ranked *r)
{
    if (t->o.metric != KF_METRIC_JARO_WINKLER && r->distance > t->o.most_distance) return 0;
    if (t->o.ranking == KF_RANK_SIMILARITY && r->score < t->o.least_similarity) return 0;
    if (t->condition && t->condition[r->i] == FAR_AWAY) return 0;
    return r->i >= t->r.first && r->i < t->r.end && filter_wants(t->r.filter, r->i);
}

static void check_match(const task *t, const kf_match *match, const ranked *r)
{
    MUST(match->distance == r->distance, "%s: key %zu has distance %llu, not %u", t->what, r->i,
         (unsigned long long)match->distance, (unsigned)r->distance);
    const double similarity = t->o.ranking == KF_RANK_SIMILARITY ? r->score : 0;
    const double off = match->similarity - similarity;
    MUST(off < 1e-12 && off > -1e-12, "%s: key %zu has similarity %.17g, not %.17g", t->what, r->i,
         match->similarity, similarity);
}

/* The whole answer. */
static void check_all(const task *t, const kf_dict *dict)
{
    const size_t keys = t->u->m.set.count;
    ranked *list = malloc((keys + 1) * sizeof *list);
    size_t count = 0;
    kf_iter *iter;
    kf_entry entry;
    kf_error error = { 0 };
    for (size_t i = 0; i < keys; i++) {
        list[count] = rank_of(t, i);
        count += (size_t)wanted(t, &list[count]);
    }
    if (count) qsort(list, count, sizeof *list, better);
    if (t->o.count < count) count = (size_t)t->o.count;
    kf_status status = kf_iter_create_nearest(&iter, dict, t->d.needle, t->d.size, &t->o, &error);
    MUST(!status, "%s: %s", t->what, error.message);
    for (size_t n = 0; n < count; n++) {
        MUST(kf_iter_remaining(iter) == count - n, "%s: %llu remain, not %zu", t->what,
             (unsigned long long)kf_iter_remaining(iter), count - n);
        MUST(kf_iter_next(iter, &entry) == KF_OK, "%s: hit %zu of %zu", t->what, n, count);
        MUST(entry.ordinal == list[n].i && model_same(entry.key, t->u->m.set.keys[list[n].i]),
             "%s: hit %zu of %zu is key %llu, not %zu", t->what, n, count, (unsigned long long)entry.ordinal,
             list[n].i);
        check_match(t, kf_iter_match(iter), &list[n]);
    }
    MUST(kf_iter_next(iter, &entry) == KF_END, "%s: more than %zu hits", t->what, count);
    MUST(!kf_iter_incomplete(iter), "%s: incomplete", t->what);
    kf_iter_destroy(&iter);
    free(list);
    cases++;
    hits_seen += count;
}

/* With a limit to the work every hit is one, in the order of ranking; and if nothing says otherwise, it is
 * the whole answer. */
static void check_limited(task *t, const kf_dict *dict)
{
    key_set *s = &t->u->m.set;
    kf_iter *iter;
    kf_entry entry;
    ranked before = { 0 };
    t->o.work_limit = 1 + set_below(s, set_below(s, 3) ? 200 : 5);
    kf_status status = kf_iter_create_nearest(&iter, dict, t->d.needle, t->d.size, &t->o, NULL);
    MUST(!status, "%s: %s", t->what, kf_status_name(status));
    const int incomplete = kf_iter_incomplete(iter);
    size_t count = 0;
    for (; !(status = kf_iter_next(iter, &entry)); count++) {
        ranked hit = rank_of(t, (size_t)entry.ordinal);
        MUST(model_same(entry.key, s->keys[hit.i]) && wanted(t, &hit), "%s, limited: key %zu", t->what,
             hit.i);
        check_match(t, kf_iter_match(iter), &hit);
        MUST(!count || better(&before, &hit) < 0, "%s, limited: key %zu is out of order", t->what, hit.i);
        before = hit;
    }
    MUST(status == KF_END && count <= t->o.count, "%s, limited: %zu hits", t->what, count);
    kf_iter_destroy(&iter);
    cases++;
    cut_short += incomplete != 0;
    if (!incomplete) {
        uint64_t limit = t->o.work_limit;
        check_all(t, dict);
        t->o.work_limit = limit;
    }
    t->o.work_limit = 0;
}

static void draw_options(task *t)
{
    key_set *s = &t->u->m.set;
    t->o = (kf_nearest_options)KF_NEAREST_OPTIONS_INIT;
    t->o.metric = t->d.metric;
    t->o.unit = t->d.unit;
    if (t->d.metric == KF_METRIC_JARO_WINKLER || set_below(s, 2)) t->o.ranking = KF_RANK_SIMILARITY;
    t->o.count = set_below(s, 9) ? 1 + set_below(s, 7) : UINT64_MAX;
    if (set_below(s, 3) == 0) t->o.most_distance = (uint32_t)set_below(s, 9);
    if (set_below(s, 3) == 0) t->o.least_similarity = (double)set_below(s, 21) / 20;
    t->r = (range){ .end = s->count };
    t->condition = NULL;
}

static void describe(task *t)
{
    int at = snprintf(t->what, sizeof t->what, "%s; metric %d ranking %d unit %d count %lld most %u least %g "
                      "filter %d query %d case %llu needle ", t->u->m.name, (int)t->o.metric,
                      (int)t->o.ranking, (int)t->o.unit, (long long)t->o.count,
                      (unsigned)t->o.most_distance, t->o.least_similarity, t->r.filter != 0,
                      t->condition != NULL, cases);
    for (size_t i = 0; i < t->d.size && i < 40; i++)
        at += snprintf(t->what + at, sizeof t->what - (size_t)at, "%02x", t->d.needle[i]);
}

static void check_needle(task *t, const kf_dict *dict, int *room)
{
    universe *u = t->u;
    for (unsigned n = 0; n < CALLS; n++) {
        kf_query *query = NULL;
        draw_options(t);
        if (set_below(&u->m.set, 2)) {
            draw_range(u, &t->r, &t->within);
            t->o.within = &t->within;
        }
        if (t->o.within && set_below(&u->m.set, 2)) {
            distances other;
            kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
            distances_make(u, &other, KF_METRIC_LEVENSHTEIN, KF_UNIT_BYTES);
            fuzzy.unit = KF_UNIT_BYTES;
            fuzzy.distance = (uint32_t)set_below(&u->m.set, 6);
            fuzzy.prefix = set_below(&u->m.set, 2) == 0;
            MUST(!kf_query_create_fuzzy(&query, other.needle, other.size, &fuzzy, NULL), "%s", u->m.name);
            expect_fuzzy(u, &other, &fuzzy, room);
            distances_free(&other);
            t->condition = room;
            t->within.query = query;
        }
        describe(t);
        check_all(t, dict);
        check_limited(t, dict);
        kf_query_destroy(&query);
    }
}

static void make_jaro(task *t)
{
    uint32_t needle[NEEDLE_ROOM];
    size_t size = plain_units(t->d.unit, (kf_bytes){ t->d.needle, t->d.size }, needle, NULL);
    for (size_t i = 0; i < t->u->count; i++)
        t->jaro[i] = plain_jaro_winkler(needle, size, units_of(t->u, t->d.unit, i),
                                        unit_count(t->u, t->d.unit, i));
}

static int has_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bw");
#else
    return 0;
#endif
}

START_TEST(nearest__all_metrics)
{
    static const char *const variants[] = { "portable", "avx2", "avx512" };
    const unsigned shape = (unsigned)_i % TEXT_SHAPES, way = (unsigned)_i / TEXT_SHAPES / 3;
    if (_i / TEXT_SHAPES % 3 == 2 && !has_avx512()) return;   /* the one before would be taken again */
    universe_flags = way ? KF_BUILD_SIMILARITY : 0;
    universe_shards = way < 2 ? 1 : 3;
    size_t keys = 0;
    setenv("KEYFOLD_ISA", variants[_i / TEXT_SHAPES % 3], 1);
    FOR_SEEDS(seed, shape == 7 || way ? 1 : rounds_of(SEEDS)) {
        universe u;
        kf_dict *dict;
        universe_make(&u, shape, 1000 + seed * 40 + (unsigned)_i, &dict);
        keys += u.count;
        int *room = malloc(u.count * sizeof *room);
        task t = { .u = &u, .jaro = malloc(u.count * sizeof *t.jaro) };
        for (unsigned n = 0; n < 8 * (shape == 7 ? 1 : NEEDLES); n++) {
            /* Jaro-Winkler walks the keys always. */
            distances_make(&u, &t.d, (kf_metric)(n % (way ? 3 : 4)), (kf_unit)(n / 4 % 2));
            if (t.d.metric == KF_METRIC_JARO_WINKLER) make_jaro(&t);
            check_needle(&t, dict, room);
            distances_free(&t.d);
        }
        free(t.jaro);
        free(room);
        kf_dict_close(&dict);
        universe_free(&u);
    }
    printf("%d: %llu searches, %llu hits, %llu cut short\n", _i, cases, hits_seen, cut_short);
    fflush(stdout);
    if (shape == 8 || keys < 10) return;   /* a key or none; few */
    ck_assert_uint_gt(hits_seen, 90);
    ck_assert_uint_gt(cut_short, 10);
}
END_TEST

/* Both 83/90; as sums of doubles the last one is greater in its last bit, whatever the count is. */
START_TEST(nearest__equal_but_for_the_last_bit)
{
    static const char *const keys[] = { "dbbabc", "dbbc", "dbbccc" };
    kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
    kf_builder *builder;
    kf_dict *dict;
    kf_iter *iter;
    kf_entry entry;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("bit.kf"), NULL, NULL), KF_OK);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(kf_builder_add(builder, keys[i], strlen(keys[i]), NULL, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("bit.kf"), NULL, NULL), KF_OK);
    o.metric = KF_METRIC_JARO_WINKLER;
    o.ranking = KF_RANK_SIMILARITY;
    for (o.count = 2; o.count < 4; o.count++) {
        static const uint64_t order[] = { 0, 2, 1 };
        ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, "dbbacc", 6, &o, NULL), KF_OK);
        for (unsigned n = 0; n < o.count; n++) {
            ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
            ck_assert_uint_eq(entry.ordinal, order[n]);
        }
        kf_iter_destroy(&iter);
    }
    kf_dict_close(&dict);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("nearest");
    TCase *t = tcase_create("nearest");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, nearest__all_metrics, 0, WAYS * 3 * TEXT_SHAPES);
    tcase_add_test(t, nearest__equal_but_for_the_last_bit);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
