/* Pairs of alike names in one list against scoring every pair. */
#include "names_model.h"
#include "names_shapes.h"

enum { MOST = 160, VALUES = 4 };

static const char *const values[VALUES] = { "", "DE", "FR", "GB" };
static model_names names;
static unsigned value_of[MOST];
static double scores[MOST][MOST];
static kf_names *index_of_names;

static void build(size_t count, int has_values)
{
    kf_names_builder *builder;
    const size_t kinds = 1 + random_below(6), tokens = 1 + random_below(4), most = 1 + random_below(5);
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("d.kf"), NULL, NULL), KF_OK);
    for (names.count = 0; names.count < count; names.count++) {
        const size_t i = names.count;
        kf_names_row row = KF_NAMES_ROW_INIT;
        char id[24];
        value_of[i] = i ? (unsigned)random_below(VALUES) : 1;
        names.name[i] = i && random_below(3) == 0 ? strdup(names.name[random_below(i)])
                                                  : i && random_below(3) == 0 ? damaged(names.name[random_below(i)])
                                                                              : tiny_name(kinds, tokens, most);
        row.id = (kf_bytes){ (const uint8_t *)id, (size_t)sprintf(id, "%zu", i + 1) };
        row.name = (kf_bytes){ (const uint8_t *)names.name[i], strlen(names.name[i]) };
        if (has_values) row.attribute = (kf_bytes){ (const uint8_t *)values[value_of[i]], strlen(values[value_of[i]]) };
        ck_assert_int_eq(kf_names_builder_add_row(builder, &row, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&index_of_names, scratch_path("d.kf"), NULL, NULL), KF_OK);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            uint64_t sum;
            int all;
            model_score(names.name[i], names.name[k], &sum, &all);
            scores[i][k] = 2.0 * (double)sum / ((double)MODEL_ONE * all);
        }
}

static void finish(void)
{
    kf_names_close(&index_of_names);
    model_free(&names);
}

typedef struct pairs {
    uint8_t seen[MOST][MOST];
    size_t count, stop_at;
    uint64_t order;                /* a sum of all in their order */
    double cutoff;
    unsigned roots[MOST];          /* of groups, for links */
} pairs;

static unsigned root_of(const pairs *p, unsigned i)
{
    while (p->roots[i] != i) i = p->roots[i];
    return i;
}

static void check_hit(const kf_name_hit *hit)
{
    char id[24];
    const char *name = names.name[hit->position];
    ck_assert_uint_eq(hit->id.size, (size_t)sprintf(id, "%zu", (size_t)hit->position + 1));
    ck_assert(!memcmp(hit->id.data, id, hit->id.size));
    ck_assert_uint_eq(hit->name.size, strlen(name));
    ck_assert(!memcmp(hit->name.data, name, hit->name.size));
}

static kf_status take(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    pairs *p = context;
    const size_t i = (size_t)first->position, k = (size_t)second->position;
    (void)error;
    ck_assert_uint_lt(i, k);
    ck_assert_uint_lt(k, names.count);
    ck_assert_msg(!p->seen[i][k]++, "%zu and %zu twice", i, k);
    ck_assert_double_eq_tol(first->score, scores[i][k], 1e-12);
    ck_assert(first->score == second->score);
    check_hit(first);
    check_hit(second);
    p->order = mix64(p->order ^ i << 32 ^ k);
    p->roots[root_of(p, (unsigned)i)] = root_of(p, (unsigned)k);
    return ++p->count == p->stop_at ? KF_CANCELLED : KF_OK;
}

static void start(pairs *p, double cutoff)
{
    memset(p, 0, sizeof *p);
    p->cutoff = cutoff;
    for (unsigned i = 0; i < MOST; i++) p->roots[i] = i;
}

/* `by`: the value that both must have, or VALUES: the same one, or -1: any. */
static int belong(size_t i, size_t k, int by)
{
    return by < 0 || (value_of[i] == value_of[k] && (by == VALUES || (int)value_of[i] == by));
}

static void check_all_ways(double cutoff, int by)
{
    static pairs p, links;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    uint64_t order = 0;
    options.cutoff = cutoff;
    if (by >= 0 && by < VALUES) options.attribute = (kf_bytes){ (const uint8_t *)values[by], strlen(values[by]) };
    if (by == VALUES) how.flags = KF_DEDUPE_WITHIN_ATTRIBUTE;
    for (how.threads = 1; how.threads < 4; how.threads++) {
        start(&p, cutoff);
        ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &p, NULL), KF_OK);
        for (size_t i = 0; i < names.count; i++)
            for (size_t k = i + 1; k < names.count; k++)
                ck_assert_msg(p.seen[i][k] == (belong(i, k, by) && scores[i][k] >= cutoff - 1e-13),
                              "'%s' and '%s' have %.15g, from %g on by %d: %d", names.name[i], names.name[k],
                              scores[i][k], cutoff, by, p.seen[i][k]);
        if (how.threads == 1) order = p.order;
        ck_assert_uint_eq(p.order, order);
    }
    how.flags |= KF_DEDUPE_LINKS;
    start(&links, cutoff);
    ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &links, NULL), KF_OK);
    ck_assert_uint_le(links.count, p.count);
    for (unsigned i = 0; i < names.count; i++)
        for (unsigned k = 0; k < i; k++) {
            ck_assert_uint_le(links.seen[k][i], p.seen[k][i]);
            ck_assert_int_eq(root_of(&p, i) == root_of(&p, k), root_of(&links, i) == root_of(&links, k));
        }
}

START_TEST(pairs_are_those_of_scoring_every_pair)
{
    static const double cutoffs[] = { 0.5, 0.9, 1.0, 0.7, 0.25, 2.0 / 3 };
    random_state = (seed_or(0) << 32) + 500 + (uint64_t)_i;
    for (int round = 0; round < 12; round++) {
        build(round < 3 ? (size_t)round : random_below(MOST), 1);
        for (int c = 0; c < 6; c++) check_all_ways(cutoffs[c], (int)random_below(VALUES + 2) - 1);
        check_all_ways(0.9, -1);
        check_all_ways(0.8, VALUES);
        finish();
    }
}
END_TEST

/* The other scorers, which ask for the order of tokens or don't. */
START_TEST(pairs_by_other_scorers)
{
    static pairs p;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    random_state = 550;
    for (int round = 0; round < 6; round++) {
        build(1 + random_below(MOST / 2), 0);
        options.scorer = (kf_scorer)(KF_SCORER_RATIO + round % 3);
        options.cutoff = round < 3 ? 0.6 : 1;
        how.threads = 1 + (unsigned)round % 2;
        for (size_t i = 0; i < names.count; i++)
            for (size_t k = i + 1; k < names.count; k++)
                ck_assert_int_eq(kf_names_score(options.scorer, names.name[i], strlen(names.name[i]), names.name[k],
                                                strlen(names.name[k]), &scores[i][k], NULL), KF_OK);
        start(&p, options.cutoff);
        ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &p, NULL), KF_OK);
        for (size_t i = 0; i < names.count; i++)
            for (size_t k = i + 1; k < names.count; k++)
                ck_assert_msg(p.seen[i][k] == (scores[i][k] >= options.cutoff), "'%s' and '%s' have %.15g by %s",
                              names.name[i], names.name[k], scores[i][k], kf_scorer_name(options.scorer));
        finish();
    }
}
END_TEST

static int stop(void *context, const kf_progress *progress)
{
    uint64_t *last = context;
    ck_assert_int_eq(progress->phase, KF_PHASE_MATCH);
    ck_assert_uint_eq(progress->total, names.count);
    ck_assert_uint_ge(progress->done, *last & 0xffff);
    *last = (*last & ~0xffffull) | progress->done;
    return *last >> 32 != 0;
}

START_TEST(pairs_end_when_they_are_to)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    static pairs p;
    uint64_t heard = 0;
    kf_error error;
    random_state = 600;
    build(MOST, 0);
    options.cutoff = 0.1;
    how.progress = stop;
    how.progress_context = &heard;
    for (how.threads = 1; how.threads < 4; how.threads++) {
        start(&p, 0.1);
        p.stop_at = 5;
        ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &p, &error), KF_CANCELLED);
        ck_assert_uint_eq(p.count, 5);
        ck_assert_str_eq(error.message, "what takes the pairs has ended the search for them");
        start(&p, 0.1);
        heard = 1ull << 32;
        ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &p, &error), KF_CANCELLED);
        ck_assert_str_eq(error.message, "cancelled");
        ck_assert_uint_eq(p.count, 0);
        heard = 0;
        ck_assert_int_eq(kf_names_dedupe(index_of_names, &options, &how, take, &p, &error), KF_OK);
        ck_assert_uint_eq(heard, names.count);
        heard = 0;
    }
    finish();
}
END_TEST

START_TEST(options_that_pairs_do_not_have)
{
    kf_matcher_options good = KF_MATCHER_OPTIONS_INIT, bad[8];
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    const kf_bytes attribute = { (const uint8_t *)"DE", 2 };
    kf_error error;
    static pairs p;
    random_state = 700;
    build(20, 0);
    start(&p, 1);
    good.cutoff = 0.5;
    for (int i = 0; i < 8; i++) bad[i] = good;
    bad[0].cutoff = 0;
    bad[1].limit = 2;
    bad[2].work_limit = 1;
    bad[3].flags = KF_MATCH_TIES;
    bad[4].tie_limit = 1;
    bad[5].candidates = 5;
    bad[6].attribute = attribute;
    bad[7].cutoff = 1.1;
    for (int i = 0; i < 8; i++)
        ck_assert_msg(kf_names_dedupe(index_of_names, &bad[i], NULL, take, &p, &error) == KF_INVALID, "%d", i);
    ck_assert_int_eq(kf_names_dedupe(index_of_names, NULL, NULL, take, &p, &error), KF_INVALID);
    ck_assert_str_eq(error.message, "pairs need a cutoff above 0");
    how.attributes = &attribute;
    ck_assert_int_eq(kf_names_dedupe(index_of_names, &good, &how, take, &p, NULL), KF_INVALID);
    how.attributes = NULL;
    how.flags = KF_DEDUPE_WITHIN_ATTRIBUTE;
    ck_assert_int_eq(kf_names_dedupe(index_of_names, &good, &how, take, &p, &error), KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "no attribute"));
    how.flags = 1u << 2;
    ck_assert_int_eq(kf_names_dedupe(index_of_names, &good, &how, take, &p, NULL), KF_INVALID);
    ck_assert_uint_eq(p.count, 0);
    finish();
    build(20, 1);
    how.flags = 0;
    good.attribute = (kf_bytes){ (const uint8_t *)"XX", 2 };
    ck_assert_int_eq(kf_names_dedupe(index_of_names, &good, &how, take, &p, NULL), KF_OK);
    ck_assert_uint_eq(p.count, 0);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_dedupe");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, pairs_are_those_of_scoring_every_pair, 0, 3);
    tcase_add_test(tests, pairs_by_other_scorers);
    tcase_add_test(tests, pairs_end_when_they_are_to);
    tcase_add_test(tests, options_that_pairs_do_not_have);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
