/* Searches among the names of one attribute against ranking just these. */
#include "names_model.h"
#include "names_shapes.h"

enum { VALUES = 9, MANY = 24 };

/* Of how many in a thousand names: alone, few, as many as have a list, and more. */
static const unsigned shares[VALUES] = { 1, 1, 3, 12, 30, 60, 100, 300, 493 };
static const char *const values[VALUES] = { "", "AT", "B", "CH", "DE-BY", "D", "E", "FR", "\xff\0x" };
static const size_t value_sizes[VALUES] = { 0, 2, 1, 2, 5, 1, 1, 2, 3 };

static model_names names;
static unsigned value_of[MODEL_NAMES];
static model_hit ranked[MODEL_NAMES];
static kf_names *index_of_names;
static kf_matcher *matcher;

static kf_bytes value(unsigned v) { return (kf_bytes){ (const uint8_t *)values[v], value_sizes[v] }; }

static void build(size_t count, int has_values)
{
    kf_names_builder *builder;
    kf_error error;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("by.kf"), NULL, NULL), KF_OK);
    for (names.count = 0; names.count < count; names.count++) {
        const size_t i = names.count;
        kf_names_row row = KF_NAMES_ROW_INIT;
        char text[40];
        unsigned v = 0;
        for (size_t draw = random_below(1000); draw >= shares[v]; v++) draw -= shares[v];
        names.name[i] = i && random_below(6) == 0 ? strdup(names.name[random_below(i)])
                                                  : random_below(4) ? real_name() : tiny_name(6, 4, 4);
        value_of[i] = v;
        row.id = (kf_bytes){ (const uint8_t *)text, (size_t)sprintf(text, "%zu", i + 1) };
        row.name = (kf_bytes){ (const uint8_t *)names.name[i], strlen(names.name[i]) };
        if (has_values) row.attribute = value(v);
        if (has_values) row.payload = row.id;
        ck_assert_int_eq(kf_names_builder_add_row(builder, &row, NULL), KF_OK);
    }
    ck_assert_msg(!kf_names_builder_finish(builder, NULL, &error), "%s", error.message);
    kf_names_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&index_of_names, scratch_path("by.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_verify(index_of_names, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&matcher, index_of_names, NULL), KF_OK);
}

static void finish(void)
{
    kf_matcher_destroy(&matcher);
    kf_names_close(&index_of_names);
    model_free(&names);
    scratch_close();
}

static size_t rank_value(const char *needle, unsigned v)
{
    size_t kept = 0;
    model_rank(&names, needle, ranked);
    for (size_t i = 0; i < names.count; i++)
        if (value_of[ranked[i].position] == v) ranked[kept++] = ranked[i];
    return kept;
}

static void check_hit(const kf_name_hit *hit, const model_hit *expected, unsigned v, const char *needle)
{
    ck_assert_msg(hit->position == expected->position && fabs(hit->score - expected->score) < 1e-12,
                  "'%s' of value %u: %zu, not %zu", needle, v, (size_t)hit->position, (size_t)expected->position);
    ck_assert_uint_eq(hit->attribute.size, value_sizes[v]);
    ck_assert(!hit->attribute.size || !memcmp(hit->attribute.data, values[v], value_sizes[v]));
    ck_assert_uint_eq(hit->payload.size, hit->id.size);
    ck_assert(!memcmp(hit->payload.data, hit->id.data, hit->id.size));
}

static void check(const char *needle, unsigned v, kf_matcher_options *options)
{
    const kf_name_hits *found;
    const size_t all = rank_value(needle, v);
    size_t count = 0, more = 0;
    while (count < all && count < options->limit && ranked[count].score >= options->cutoff - 1e-13) count++;
    if (options->flags & KF_MATCH_TIES && count && ranked[count - 1].sum)
        while (count + more < all && fabs(ranked[count + more].score - ranked[count - 1].score) < 1e-13) more++;
    options->attribute = value(v);
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), options, &found, NULL), KF_OK);
    ck_assert_int_eq(found->exact, 1);
    ck_assert_msg(found->count == count + more, "'%s' of value %u: %zu hits, not %zu + %zu", needle, v, found->count,
                  count, more);
    for (size_t i = 0; i < found->count; i++) check_hit(found->hits[i], &ranked[i], v, needle);
    /* Nothing but the names of a rare value and their tokens is looked at. */
    if (shares[v] < 5) ck_assert_uint_le(found->work, all * (1 + MODEL_TOKENS * MODEL_TOKENS));
}

START_TEST(searches_by_attribute_are_exact)
{
    static const uint64_t limits[] = { 1, 2, 5, 40 };
    static const double cutoffs[] = { 0, 0, 0.5, 0.8, 1 };
    random_state = (seed_or(0) << 32) + 60 + (uint64_t)_i;
    scratch_open();
    build(_i ? 4000 : 300, 1);
    for (int n = 0; n < MANY; n++) {
        char *needle = n % 6 ? damaged(names.name[random_below(names.count)]) : n ? tiny_name(6, 3, 4) : strdup("LTD");
        for (unsigned v = 0; v < VALUES; v++) {
            kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
            options.limit = limits[random_below(4)];
            options.cutoff = cutoffs[random_below(5)];
            options.flags = random_below(2) ? KF_MATCH_TIES : 0;
            check(needle, v, &options);
        }
        model_rank(&names, needle, ranked);
        model_check(matcher, &names, needle, 3, 0, ranked);   /* with any */
        free(needle);
    }
    finish();
}
END_TEST

/* By scorers of whole texts: the best one, and the number of those as good as the cutoff. */
static void check_whole(const char *needle, unsigned v, kf_scorer scorer)
{
    static double scores[MODEL_NAMES];
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    size_t best = names.count, count = 0;
    for (size_t i = 0; i < names.count; i++) {
        if (value_of[i] != v) continue;
        ck_assert_int_eq(kf_names_score(scorer, needle, strlen(needle), names.name[i], strlen(names.name[i]),
                                        &scores[i], NULL), KF_OK);
        if (best == names.count || scores[i] > scores[best]) best = i;
        count += scores[i] >= 0.5;
    }
    options.scorer = scorer;
    options.attribute = value(v);
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
    if (best == names.count) {       /* none has the value */
        ck_assert_uint_eq(found->count, 0);
        return;
    }
    ck_assert_msg(found->count == 1 && found->hits[0]->position == best && found->hits[0]->score == scores[best],
                  "%s '%s' of value %u: not at %zu", kf_scorer_name(scorer), needle, v, best);
    options.limit = names.count;
    options.cutoff = 0.5;
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
    ck_assert_uint_eq(found->count, count);
    for (size_t i = 0; i < found->count; i++) {
        ck_assert_uint_eq(value_of[found->hits[i]->position], v);
        ck_assert(found->hits[i]->score == scores[found->hits[i]->position]);
    }
}

START_TEST(whole_texts_by_attribute_are_exact)
{
    random_state = (seed_or(0) << 32) + 90 + (uint64_t)_i;
    scratch_open();
    build(_i ? 4000 : 600, 1);
    for (int n = 0; n < 8; n++) {
        char *needle = n % 4 ? damaged(names.name[random_below(names.count)]) : strdup("LTD SERVICES");
        for (unsigned v = 0; v < VALUES; v++)
            for (int k = KF_SCORER_RATIO; k <= KF_SCORER_TOKEN_SET_RATIO; k++) check_whole(needle, v, (kf_scorer)k);
        free(needle);
    }
    finish();
}
END_TEST

/* Values that no name has, and indexes without any. */
START_TEST(attributes_that_are_not_there)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_error error;
    random_state = 70;
    scratch_open();
    build(50, 1);
    static const char *const absent[] = { "A", "ATT", "de", "ZZZZZ" };
    for (int i = 0; i < 4; i++) {
        options.attribute = (kf_bytes){ (const uint8_t *)absent[i], strlen(absent[i]) };
        ck_assert_int_eq(kf_matcher_search(matcher, "LIMITED", 7, &options, &found, NULL), KF_OK);
        ck_assert(!found->count && found->exact && !found->tied && !found->work);
    }
    finish();
    for (size_t count = 0; count < 4; count += 3) {
        scratch_open();
        build(count, 0);
        for (unsigned v = 0; v < 2; v++) {
            options.attribute = value(v);
            ck_assert_int_eq(kf_matcher_search(matcher, "x", 1, &options, &found, &error), count ? KF_INVALID : KF_OK);
            if (count) ck_assert_str_eq(error.message, "the names of this index have no attribute to search by");
            if (count) ck_assert_ptr_null(found);
        }
        ck_assert_int_eq(kf_matcher_search(matcher, "x", 1, NULL, &found, NULL), KF_OK);
        ck_assert_uint_eq(found->count, count > 0);
        finish();
    }
}
END_TEST

/* Each needle of many with an attribute of its own. */
typedef struct expected { uint64_t position[MANY]; size_t count[MANY]; } expected;

static kf_status take(void *context, size_t i, const kf_name_hits *hits, kf_error *error)
{
    const expected *e = context;
    (void)error;
    ck_assert_uint_eq(hits->count, e->count[i]);
    if (hits->count) ck_assert_uint_eq(hits->hits[0]->position, e->position[i]);
    return KF_OK;
}

START_TEST(many_needles_with_attributes)
{
    kf_bytes needles[MANY], attributes[MANY];
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    expected e;
    random_state = 80;
    scratch_open();
    build(1000, 1);
    for (int own = 0; own < 2; own++) {
        for (unsigned i = 0; i < MANY; i++) {
            const kf_name_hits *found;
            const char *name = names.name[random_below(names.count)];
            needles[i] = (kf_bytes){ (const uint8_t *)name, strlen(name) };
            attributes[i] = i % 4 == 3 ? (kf_bytes){ NULL, 0 } : i % 4 ? value(i % VALUES)
                                                               : (kf_bytes){ (const uint8_t *)"none", 4 };
            options.attribute = own ? attributes[i] : value(7);
            ck_assert_int_eq(kf_matcher_search(matcher, name, strlen(name), &options, &found, NULL), KF_OK);
            e.count[i] = found->count;
            if (found->count) e.position[i] = found->hits[0]->position;
        }
        how.attributes = own ? attributes : NULL;
        for (how.threads = 1; how.threads < 4; how.threads++)
            ck_assert_int_eq(kf_names_search_many(index_of_names, needles, MANY, &options, &how, take, &e, NULL),
                             KF_OK);
    }
    finish();
}
END_TEST

START_TEST(rows_have_attributes_and_payloads)
{
    kf_names_iter *iter;
    const kf_names_row *row;
    random_state = 90;
    scratch_open();
    build(200, 1);
    ck_assert_int_eq(kf_names_iter_create(&iter, index_of_names, 0, NULL), KF_OK);
    for (size_t i = 0; i < names.count; i++) {
        ck_assert_int_eq(kf_names_iter_next(iter, &row, NULL), KF_OK);
        ck_assert_uint_eq(row->name.size, strlen(names.name[i]));
        ck_assert_uint_eq(row->attribute.size, value_sizes[value_of[i]]);
        ck_assert(!row->attribute.size || !memcmp(row->attribute.data, values[value_of[i]], row->attribute.size));
        ck_assert_uint_eq(row->payload.size, row->id.size);
        ck_assert(!memcmp(row->payload.data, row->id.data, row->id.size));
    }
    kf_names_iter_destroy(&iter);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_attributes");
    TCase *tests = tcase_create("model");
    suite_add_cases(tests, searches_by_attribute_are_exact, 0, 3);
    suite_add_cases(tests, whole_texts_by_attribute_are_exact, 0, 2);
    tcase_add_test(tests, attributes_that_are_not_there);
    tcase_add_test(tests, many_needles_with_attributes);
    tcase_add_test(tests, rows_have_attributes_and_payloads);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
