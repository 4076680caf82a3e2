/* What searches tell beside the best names: those that are as good as the last one, how far the next one is. */
#include "names_model.h"
#include "names_shapes.h"

static model_hit ranked[MODEL_NAMES];

static int same_score(const model_hit *a, const model_hit *b)
{
    return fabs((double)a->sum * b->tokens - (double)b->sum * a->tokens) < 1e6;
}

/* What a search is to find: how many names are the best ones, how many are as good as the last of these. */
static size_t count_best(size_t count, uint64_t limit, double cutoff, size_t *tied)
{
    size_t best = 0, end;
    while (best < count && best < limit && ranked[best].score >= cutoff - 1e-13) best++;
    end = best;
    if (best && ranked[best - 1].sum)
        while (end < count && same_score(&ranked[end], &ranked[best - 1])) end++;
    *tied = end - best;
    return best;
}

static double gap_of(size_t i, size_t count, double cutoff)
{
    const double next = i + 1 < count && ranked[i + 1].score >= cutoff - 1e-13 ? ranked[i + 1].score : cutoff;
    return ranked[i].score - next;
}

static void check(kf_matcher *matcher, const model_names *names, const char *needle, const kf_matcher_options *options)
{
    const kf_name_hits *found;
    size_t tied, count = count_best(names->count, options->limit, options->cutoff, &tied), more = 0;
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), options, &found, NULL), KF_OK);
    if (options->flags & KF_MATCH_TIES)
        more = options->tie_limit && options->tie_limit < tied ? (size_t)options->tie_limit : tied;
    ck_assert_msg(found->count == count + more, "'%s': %zu hits, not %zu + %zu", needle, found->count, count, more);
    ck_assert_msg(found->tied == tied - more, "'%s': %zu tied, not %zu", needle, (size_t)found->tied, tied - more);
    for (size_t i = 0; i < found->count; i++) {
        const kf_name_hit *hit = found->hits[i];
        const double gap = options->flags & KF_MATCH_EXPLAIN ? gap_of(i, names->count, options->cutoff) : 0;
        if (hit->position != ranked[i].position || fabs(hit->score - ranked[i].score) > 1e-12)
            ck_abort_msg("'%s': hit %zu is %zu, not %zu", needle, i, (size_t)hit->position, (size_t)ranked[i].position);
        ck_assert_msg(fabs(hit->gap - gap) < 1e-12, "'%s': the gap of hit %zu of %zu is %.15g, not %.15g", needle, i,
                      found->count, hit->gap, gap);
    }
}

static void check_all_ways(kf_matcher *matcher, const model_names *names, const char *needle)
{
    static const uint64_t limits[] = { 1, 2, 3, 10, 100000 };
    static const double cutoffs[] = { 0, 0.3, 2.0 / 3, 0.8, 1 };
    model_rank(names, needle, ranked);
    for (uint32_t flags = 0; flags < 4; flags++) {
        kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
        options.flags = flags;
        options.limit = limits[random_below(5)];
        options.cutoff = random_below(2) ? cutoffs[random_below(5)] : 0;
        options.tie_limit = random_below(3);
        check(matcher, names, needle, &options);
    }
}

/* ---- ranking again ------------------------------------------------------------------------------ */

/* Turns the candidates, which are ranked, into the ranking by another scorer. */
static size_t rank_again(const model_names *names, const char *needle, kf_scorer scorer, size_t candidates,
                         model_hit *list)
{
    const size_t count = candidates < names->count ? candidates : names->count;
    for (size_t i = 0; i < count; i++) {
        const char *name = names->name[ranked[i].position];
        model_hit hit = ranked[i];
        ck_assert_int_eq(kf_names_score(scorer, needle, strlen(needle), name, strlen(name), &hit.score, NULL), KF_OK);
        size_t at = i;
        for (; at && (hit.score > list[at - 1].score
                      || (hit.score == list[at - 1].score && hit.position < list[at - 1].position)); at--)
            list[at] = list[at - 1];
        list[at] = hit;
    }
    return count;
}

static void check_again(kf_matcher *matcher, const model_names *names, const char *needle,
                        const kf_matcher_options *options)
{
    static model_hit list[MODEL_NAMES];
    const size_t all = rank_again(names, needle, options->rerank, options->candidates, list);
    const kf_name_hits *found;
    size_t count = 0, ties = 0, more = 0;
    while (count < all && count < options->limit && list[count].score >= options->cutoff) count++;
    if (count && list[count - 1].score > 0)
        while (count + ties < all && list[count + ties].score == list[count - 1].score) ties++;
    if (options->flags & KF_MATCH_TIES)
        more = options->tie_limit && options->tie_limit < ties ? (size_t)options->tie_limit : ties;
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), options, &found, NULL), KF_OK);
    ck_assert_uint_eq(found->count, count + more);
    ck_assert_uint_eq(found->tied, ties - more);
    for (size_t i = 0; i < found->count; i++) {
        const double next = i + 1 < all && list[i + 1].score >= options->cutoff ? list[i + 1].score : options->cutoff;
        ck_assert_msg(found->hits[i]->position == list[i].position && found->hits[i]->score == list[i].score,
                      "'%s' by %s: hit %zu", needle, kf_scorer_name(options->rerank), i);
        ck_assert(found->hits[i]->gap == (options->flags & KF_MATCH_EXPLAIN ? list[i].score - next : 0));
    }
}

START_TEST(candidates_are_ranked_again)
{
    model_names names = { .count = 400 };
    kf_matcher *matcher;
    random_state = 970;
    for (size_t i = 0; i < names.count; i++)
        names.name[i] = i && random_below(5) == 0 ? strdup(names.name[random_below(i)])
                                                  : random_below(3) ? real_name() : tiny_name(6, 4, 4);
    kf_names *index = model_build(&names, "again.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 30; i++) {
        char *needle = i % 5 ? damaged(names.name[random_below(names.count)]) : tiny_name(6, 4, 5);
        model_rank(&names, needle, ranked);
        for (int scorer = KF_SCORER_SETRATIO; kf_scorer_name((kf_scorer)scorer); scorer++) {
            static const uint32_t candidates[] = { 1, 5, 60, 1000 };
            kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
            options.rerank = (kf_scorer)scorer;
            options.candidates = candidates[random_below(4)];
            options.limit = 1 + random_below(options.candidates < 20 ? options.candidates : 20);
            options.cutoff = random_below(2) ? 0 : 0.5 + (double)random_below(5) / 10;
            options.flags = (uint32_t)random_below(4);
            options.tie_limit = random_below(3);
            check_again(matcher, &names, needle, &options);
        }
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

static void check_pairs(const char *needle, const kf_name_hit *hit, kf_scorer scorer)
{
    kf_explanation *own;
    ck_assert_int_eq(kf_names_explain(scorer, needle, strlen(needle), hit->name.data, hit->name.size, &own, NULL),
                     KF_OK);
    ck_assert_uint_eq(own->count, hit->pair_count);
    ck_assert(own->score == hit->score);
    for (size_t i = 0; i < own->count; i++) {
        const kf_token_pair *a = &own->pairs[i], *b = &hit->pairs[i];
        ck_assert_uint_eq(a->a_index, b->a_index);
        ck_assert_uint_eq(a->b_index, b->b_index);
        ck_assert_uint_eq(a->common, b->common);
        ck_assert(a->similarity == b->similarity);
        ck_assert_uint_eq(a->a.size, b->a.size);
        ck_assert_uint_eq(a->b.size, b->b.size);
        ck_assert(!a->a.size || !memcmp(a->a.data, b->a.data, a->a.size));
        ck_assert(!a->b.size || !memcmp(a->b.data, b->b.data, a->b.size));
    }
    kf_explanation_free(&own);
}

START_TEST(hits_are_explained)
{
    model_names names = { .count = 300 };
    kf_matcher *matcher;
    random_state = 980;
    for (size_t i = 0; i < names.count; i++) names.name[i] = random_below(3) ? real_name() : tiny_name(6, 6, 4);
    kf_names *index = model_build(&names, "explained.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 40; i++) {
        kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
        const kf_name_hits *found;
        char *needle = i % 5 ? damaged(names.name[random_below(names.count)]) : tiny_name(6, 4, 5);
        options.limit = 1 + random_below(20);
        if (i % 3 == 0) options.rerank = KF_SCORER_TOKEN_SET_RATIO, options.candidates = 30;
        for (uint32_t flags = 0; flags < 3; flags += 2) {
            options.flags = flags;
            ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
            for (size_t k = 0; k < found->count; k++) {
                if (flags) check_pairs(needle, found->hits[k], i % 3 ? KF_SCORER_SETRATIO : KF_SCORER_TOKEN_SET_RATIO);
                else ck_assert(!found->hits[k]->pairs && !found->hits[k]->pair_count);
            }
        }
        free(needle);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* Where names are processed, hits show them as they were given, and pairs as they were compared. */
START_TEST(processed_names_are_explained)
{
    static const char *const given[] = { "Acme  Widgets, Ltd.", "ACME Holdings Limited", "Bolts & Nuts GmbH" };
    kf_names_build_options build = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_names *index;
    kf_matcher *matcher;
    const kf_name_hits *found;
    build.processing = KF_NAMES_FOLD_CASE | KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("p.kf"), &build, NULL), KF_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(kf_names_builder_add(builder, "i", 1, given[i], strlen(given[i]), NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&index, scratch_path("p.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    options.flags = KF_MATCH_EXPLAIN;
    options.limit = 3;
    for (int again = 0; again < 2; again++) {
        if (again) options.candidates = 3, options.rerank = KF_SCORER_TOKEN_SET_RATIO;
        ck_assert_int_eq(kf_matcher_search(matcher, "WIDGETS (acme) LTD", 18, &options, &found, NULL), KF_OK);
        const kf_name_hit *hit = found->hits[0];
        ck_assert_uint_eq(found->count, 3);
        ck_assert_uint_eq(hit->name.size, strlen(given[0]));
        ck_assert(!memcmp(hit->name.data, given[0], hit->name.size));
        ck_assert(hit->score == 1);
        ck_assert_uint_eq(hit->pair_count, 3);
        ck_assert(!memcmp(hit->pairs[0].a.data, "widgets", 7) && !memcmp(hit->pairs[0].b.data, "widgets", 7));
        ck_assert_uint_eq(hit->pairs[0].b_index, 1);
        ck_assert(!memcmp(found->hits[1]->pairs[0].a.data, again ? "acme" : "widgets", 4));
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- */

/* Many equal names and equal scores. */
START_TEST(ties_and_gaps)
{
    random_state = (seed_or(0) << 32) + 900 + (uint64_t)_i;
    for (int round = 0; round < 40; round++) {
        model_names names = { .count = random_below(round % 3 ? 60 : 5) };
        const size_t kinds = 1 + random_below(5), tokens = 1 + random_below(4), most = 1 + random_below(4);
        kf_matcher *matcher;
        for (size_t i = 0; i < names.count; i++)
            names.name[i] = i && random_below(2) ? strdup(names.name[random_below(i)])
                                                 : tiny_name(kinds, tokens, most);
        kf_names *index = model_build(&names, "ties.kf", 0);
        ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
        for (int i = 0; i < 10; i++) {
            char *needle = names.count && i % 2 ? damaged(names.name[random_below(names.count)])
                                                : tiny_name(kinds, tokens + 1, most + 1);
            check_all_ways(matcher, &names, needle);
            free(needle);
        }
        kf_matcher_destroy(&matcher);
        kf_names_close(&index);
        model_free(&names);
    }
}
END_TEST

START_TEST(ties_and_gaps_of_many_names)
{
    model_names names = { .count = 2500 };
    kf_matcher *matcher;
    random_state = 950;
    for (size_t i = 0; i < names.count; i++)
        names.name[i] = i && random_below(4) == 0 ? strdup(names.name[random_below(i)])
                                                  : random_below(3) ? firm_name() : real_name();
    kf_names *index = model_build(&names, "ties.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (int i = 0; i < 50; i++) {
        char *needle = i % 5 ? damaged(names.name[random_below(names.count)]) : real_name();
        check_all_ways(matcher, &names, needle);
        free(needle);
    }
    check_all_ways(matcher, &names, "zzz");
    check_all_ways(matcher, &names, "");
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

/* As many equal names as one likes: the limit of ties keeps the lowest positions. */
START_TEST(many_equal_names)
{
    model_names names = { .count = 6000 };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_matcher *matcher;
    for (size_t i = 0; i < names.count; i++) names.name[i] = strdup(i % 3 ? "ACME LTD" : i % 2 ? "LTD ACME" : "BOLT");
    kf_names *index = model_build(&names, "equal.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    options.flags = KF_MATCH_TIES | KF_MATCH_EXPLAIN;
    for (uint64_t most = 0; most < 1500; most = 3 * most + 1) {
        options.tie_limit = most;
        ck_assert_int_eq(kf_matcher_search(matcher, "ACME LTD", 8, &options, &found, NULL), KF_OK);
        ck_assert_uint_eq(found->count, most ? 1 + most : 5000);
        ck_assert_uint_eq(found->count + found->tied, 5000);
        for (size_t i = 0, p = 0; i < found->count; i++, p++) {
            while (!strcmp(names.name[p], "BOLT")) p++;
            ck_assert_uint_eq(found->hits[i]->position, p);
        }
        const double gap = found->hits[found->count - 1]->gap;
        if (most) ck_assert(gap == 0);
        else ck_assert_double_eq_tol(gap, 1 - 2 * (4.0 / 7) / 3, 1e-12);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
    model_free(&names);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_ranking");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, ties_and_gaps, 0, 3);
    tcase_add_test(tests, ties_and_gaps_of_many_names);
    tcase_add_test(tests, many_equal_names);
    tcase_add_test(tests, candidates_are_ranked_again);
    tcase_add_test(tests, hits_are_explained);
    tcase_add_test(tests, processed_names_are_explained);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
