/* Iterators in the order of weights with a query. */
#include <keyfold/keyfold.h>

#include "scratch.h"
#include "shapes.h"
#include "suite.h"

enum { KEYS = 6000 };

#define EXPECT(condition, ...) do { if (!(condition)) ck_abort_msg(#condition ": " __VA_ARGS__); } while (0)

static key_set set;
static kf_dict *dict;
static uint64_t weights[KEYS];

/* Words over few letters; the weights of those that end in "s" begin at `skew`. */
static void open_weighted(uint64_t skew)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_builder *builder;
    set = (key_set){ .random = 88172645463325252u + skew };
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t text[16];
        size_t size = 2 + set_below(&set, 7);
        for (size_t b = 0; b < size; b++) text[b] = (uint8_t)("aeinrst-"[set_below(&set, 8)]);
        set_add(&set, text, size);
    }
    set_sort(&set);
    options.weights = KF_WEIGHTS_GIVEN;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("iterate.kf"), &options, NULL), KF_OK);
    for (size_t i = 0; i < set.count; i++) {
        const kf_bytes key = set.keys[i];
        weights[i] = set_below(&set, 300) + (key.data[key.size - 1] == 's' ? skew : 1000);
        ck_assert_int_eq(kf_builder_add_weighted(builder, key.data, key.size, NULL, 0, weights[i], NULL), KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("iterate.kf"), NULL, NULL), KF_OK);
}

static int heavier(const void *a, const void *b)
{
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    return weights[i] != weights[k] ? (weights[i] < weights[k] ? 1 : -1) : (i > k) - (i < k);
}

/* Where many keys are accepted, the heaviest are found among the heaviest of all; where these are others, by asking for
 * every key. Both give what a look at all keys gives. */
START_TEST(iterate__heaviest)
{
    static size_t want[KEYS];
    const char *patterns[] = { ".*s", ".*[ae].*", ".*s|t.*", "[^n]+", "s.*s" };
    const uint64_t limits[] = { 1, 3, 10, 40, 5000 };
    open_weighted((uint64_t)_i * 1000);
    for (unsigned n = 0; n < 6 * 5; n++) {
        kf_query *query;
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_iter *iter;
        kf_entry entry;
        size_t count = 0;
        kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
        fuzzy.distance = 4;
        ck_assert_int_eq(n / 5 == 5 ? kf_query_create_fuzzy(&query, "sea", 3, &fuzzy, NULL)
                                    : kf_query_create_regex(&query, patterns[n / 5], strlen(patterns[n / 5]), 0, NULL),
                         KF_OK);
        o.query = query;
        o.order = KF_ORDER_WEIGHT;
        o.limit = limits[n % 5];
        o.first_ordinal = n % 2 * 700;
        for (size_t i = (size_t)o.first_ordinal; i < set.count; i++)
            if (!kf_query_matches(query, set.keys[i].data, set.keys[i].size, NULL)) want[count++] = i;
        qsort(want, count, sizeof *want, heavier);
        if (o.limit < count) count = (size_t)o.limit;
        ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_OK);
        for (size_t i = 0; i < count; i++) {
            uint64_t distance = 0;
            EXPECT(kf_iter_next(iter, &entry) == KF_OK && entry.ordinal == want[i], "%u: %zu", n, i);
            kf_query_matches(query, entry.key.data, entry.key.size, &distance);
            EXPECT(kf_iter_match(iter)->weight == weights[want[i]] && kf_iter_match(iter)->distance == distance,
                   "%u: %zu", n, i);
        }
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
        kf_iter_destroy(&iter);
        kf_query_destroy(&query);
    }
    kf_dict_close(&dict);
    set_free(&set);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("iterate");
    TCase *t = tcase_create("iterate");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    tcase_add_loop_test(t, iterate__heaviest, 0, 3);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
