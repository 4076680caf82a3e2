/* Set operations, diff and merge where members have several members themselves, against the same of plain
 * dictionaries; every iterator over several members without memory; and on damaged members. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "damage.h"
#include "model.h"
#include "sanitized.h"
#include "shards.h"

static char case_name[300];
#define EXERCISE_MUST(condition, ...) MUST(condition, __VA_ARGS__)
#define EXERCISE_NAME case_name
#include "exercise.h"
#include "exercise_query.h"

#include <errno.h>

enum { SUBSETS = 6, MEMBERS = 5, SEEDS = SANITIZED ? 1 : 2 };

static key_set universe;
static struct subset {
    uint8_t *has;
    kf_dict *plain, *sharded;
} subsets[SUBSETS];
static unsigned long long merges;

static size_t any(size_t n) { return set_below(&universe, n); }

/* ---- subsets of one set, of single keys or long runs ------------------------------------------ */

static void draw_subset(size_t d, unsigned shape, uint64_t seed, kf_weights weights)
{
    static const size_t parts[] = { 1, 2, 2, 5, 40 };
    struct subset *s = &subsets[d];
    model m = { .set = universe, .type = (kf_value_type)(seed % 3), .value_shape = 2, .value_seed = seed };
    size_t part = parts[any(sizeof parts / sizeof *parts)], run = 0, has = 0, count = 0;
    const int runs = any(2) == 0;
    char file_name[16];
    s->has = calloc(universe.count, 1);
    for (size_t i = 0; i < universe.count; i++) {
        if (!runs || !run--) {
            run = any(90);
            has = any(part) == 0;
        }
        s->has[i] = (uint8_t)has;
        count += has;
    }
    if (!count) s->has[any(universe.count)] = 1;
    /* Some keys' values agree, others don't. */
    if (any(2)) m.value_seed++;
    m.set.random = universe.random + d;
    snprintf(m.name, sizeof m.name, "shape %u seed %llu subset %zu", shape, (unsigned long long)seed, d);
    snprintf(file_name, sizeof file_name, "%zu", d);
    shards_make(&m, s->has, weights, file_name, 1 + any(SHARDS_MOST), &s->plain, &s->sharded);
}

static int draw(unsigned shape, uint64_t seed)
{
    set_make(&universe, shape, 500 + seed, 1);
    if (!universe.count) {
        set_free(&universe);
        return 0;
    }
    kf_weights weights = (kf_weights)any(3);
    if (weights == KF_WEIGHTS_VALUE && seed % 3 != KF_VALUES_U64) weights = KF_WEIGHTS_GIVEN;
    for (size_t d = 0; d < SUBSETS; d++) draw_subset(d, shape, seed, weights);
    return 1;
}

static void drop(void)
{
    for (size_t d = 0; d < SUBSETS; d++) {
        free(subsets[d].has);
        kf_dict_close(&subsets[d].plain);
        kf_dict_close(&subsets[d].sharded);
    }
    set_free(&universe);
}

/* ---- the same operation twice ----------------------------------------------------------------- */

static kf_bytes near_key(uint8_t text[600])
{
    kf_bytes key = universe.keys[any(universe.count)];
    size_t size = key.size < 590 ? key.size : 590;
    if (any(3) == 0) size = any(size + 1);
    if (size) memcpy(text, key.data, size);
    if (any(4) == 0) text[size++] = (uint8_t)any(256);
    return (kf_bytes){ text, size };
}

static void check_merge(const kf_merge_options *o, const kf_dict *const *plain, const kf_dict *const *mixed,
                        size_t count)
{
    kf_error error[2];
    kf_status status[2];
    uint8_t *content[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        error[i] = (kf_error){ 0 };
        status[i] = kf_dict_merge(scratch_path("merged.kf"), i ? mixed : plain, count, o, NULL, &error[i]);
        content[i] = scratch_read("merged.kf", &size[i]);
        unlink(scratch_path("merged.kf"));
    }
    MUST(status[0] == status[1] && !strcmp(error[0].message, error[1].message), "%s: merge: %s, not %s",
         case_name,
         error[1].message, error[0].message);
    MUST(status[0] || (size[0] == size[1] && !memcmp(content[0], content[1], size[0])), "%s: merge differs",
         case_name);
    free(content[0]);
    free(content[1]);
    merges++;
}

static void check_operation(unsigned shape, uint64_t seed)
{
    uint8_t text[3][600];
    const kf_dict *dicts[2][MEMBERS];
    const size_t operation = any(6), count = operation > 3 ? 2 : 1 + any(MEMBERS);
    shards_asked asked[2] = { { .number = any(3) ? 0 : 1 + any(99) }, { 0 } };
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_set_options o = { sizeof o, (kf_set_values)any(6), &within };
    kf_query *query = NULL;
    kf_iter *iter[2];
    kf_status status[2];
    for (size_t m = 0; m < count; m++) {
        const struct subset *s = &subsets[any(SUBSETS)];
        dicts[0][m] = s->plain;
        dicts[1][m] = any(4) ? s->sharded : s->plain;
    }
    if (any(6) == 0) {
        kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
        kf_bytes needle = near_key(text[0]);
        fuzzy.unit = KF_UNIT_BYTES;
        fuzzy.distance = (uint32_t)any(3);
        fuzzy.prefix = any(2) != 0;
        MUST(!kf_query_create_fuzzy(&query, needle.data, needle.size < 20 ? needle.size : 20, &fuzzy, NULL),
             "a query");
        within.query = query;
    }
    if (any(4) == 0) within.prefix = near_key(text[0]), within.prefix.size = any(within.prefix.size + 1);
    if (any(4) == 0) within.from = near_key(text[1]);
    if (any(4) == 0) within.to = near_key(text[2]), within.has_to = 1;
    if (any(6) == 0) within.limit = any(universe.count + 2);
    if (asked[0].number) within.filter = shards_filter;
    asked[1] = asked[0];
    snprintf(case_name, sizeof case_name,
             "shape %u seed %llu operation %zu of %zu values %d query %d filter %d case %llu",
             shape, (unsigned long long)seed, operation, count, (int)o.values, query != NULL,
             within.filter != NULL, shards_compared);
    for (int i = 0; i < 2; i++) {
        within.filter_context = &asked[i];
        status[i] = operation > 3
            ? kf_iter_create_diff(&iter[i], dicts[i][0], dicts[i][1], &within, NULL)
            : kf_iter_create_set(&iter[i], (kf_set_operation)operation, dicts[i], count, &o, NULL);
    }
    MUST(status[0] == status[1], "%s: %s", case_name, kf_status_name(status[1]));
    if (!status[0]) shards_same(&iter[0], &iter[1], case_name);
    MUST(asked[0].hash == asked[1].hash, "%s: the filter", case_name);
    if (operation <= 3 && any(16) == 0) {
        kf_merge_options merge = { sizeof merge, (kf_set_operation)operation, o.values, &within, NULL };
        check_merge(&merge, dicts[0], dicts[1], count);
    }
    kf_query_destroy(&query);
}

START_TEST(shards_sets__operations)
{
    const uint64_t seeds = rounds_of(SEEDS * 3);
    FOR_SEEDS(seed, seeds) {
        if (!draw((unsigned)_i, seed)) continue;
        for (unsigned n = 0; n < 60; n++) check_operation((unsigned)_i, seed);
        drop();
    }
    printf("operations %d: %llu compared, %llu entries, %llu merges\n", _i, shards_compared, shards_entries,
           merges);
    fflush(stdout);
    ck_assert_uint_gt(shards_compared, 25 * seeds);
}
END_TEST

/* ---- without memory --------------------------------------------------------------------------- */

enum { KINDS = 12 };

static kf_status drain(kf_iter *iter, size_t *seen)
{
    kf_entry entry;
    kf_bytes value;
    kf_status status;
    while (!(status = kf_iter_next(iter, &entry))) {
        ++*seen;
        status = kf_iter_value(iter, &value);
        if (status) return status;
    }
    return status == KF_END ? KF_OK : status;
}

/* One of everything, on a dictionary with byte values and weights. */
static kf_status do_kind(unsigned kind, const kf_dict *dict, const kf_dict *other, size_t *seen)
{
    static const char text[] = "key 0001key 0002 key 0400 key 0899, key 0555, key 012";
    static uint8_t long_text[6000];
    const kf_dict *dicts[2] = { dict, other };
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    kf_query *query = NULL;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kf_status status = KF_OK;
    *seen = 0;
    if (kind == 2 || kind == 3) status = kf_query_create_regex(&query, "key [0-9]*5", 11, 0, &error);
    o.query = query;
    for (size_t i = 0; i < sizeof long_text; i++) long_text[i] = (uint8_t)text[i % (sizeof text - 1)];
    if (!status)
        switch (kind) {
        case 0: status = kf_iter_create(&iter, dict, &o, &error); break;
        case 1: o.flags = KF_ITER_REVERSE; status = kf_iter_create(&iter, dict, &o, &error); break;
        case 2: status = kf_iter_create(&iter, dict, &o, &error); break;
        case 3: o.order = KF_ORDER_DISTANCE; status = kf_iter_create(&iter, dict, &o, &error); break;
        case 4: o.order = KF_ORDER_WEIGHT; status = kf_iter_create(&iter, dict, &o, &error); break;
        case 5: nearest.count = 9;
                status = kf_iter_create_nearest(&iter, dict, "key 0455", 8, &nearest, &error); break;
        case 6: nearest.metric = KF_METRIC_JARO_WINKLER;
                nearest.ranking = KF_RANK_SIMILARITY;
                nearest.count = 9;
                status = kf_iter_create_nearest(&iter, dict, "key 0455", 8, &nearest, &error); break;
        case 7: status = kf_iter_create_find(&iter, dict, text, sizeof text - 1, NULL, &error); break;
        case 8: status = kf_iter_create_find(&iter, dict, long_text, sizeof long_text, NULL, &error); break;
        case 9: status = kf_iter_create_diff(&iter, dict, other, &o, &error); break;
        default: status = kf_iter_create_set(&iter, kind == 10 ? KF_SET_UNION : KF_SET_INTERSECTION, dicts, 2, NULL,
                                      &error);
        }
    if (status) ck_assert_int_eq(error.status, status);
    if (!status) status = drain(iter, seen);
    kf_iter_destroy(&iter);
    kf_query_destroy(&query);
    return status;
}

START_TEST(shards_sets__no_memory)
{
    model m = { .type = KF_VALUES_BYTES, .encoding = KF_ENCODING_ZSTD, .value_shape = 3, .value_seed = 5 };
    kf_dict *plain, *sharded, *others[2];
    char text[16];
    size_t seen, all;
    m.set.random = 99;
    for (unsigned i = 0; i < 900; i++) {
        snprintf(text, sizeof text, "key %04u", i);
        set_add(&m.set, text, i % 9 ? 8 : 7);
    }
    set_sort(&m.set);
    uint8_t *has = calloc(m.set.count, 1);
    for (size_t i = 0; i < m.set.count; i++) has[i] = i % 7 != 0;
    snprintf(m.name, sizeof m.name, "no memory");
    shards_make(&m, NULL, KF_WEIGHTS_GIVEN, "a", SHARDS_MOST, &plain, &sharded);
    shards_make(&m, has, KF_WEIGHTS_GIVEN, "b", SHARDS_MOST, &others[0], &others[1]);
    /* What is opened at first touch stays. */
    ck_assert(!kf_dict_open_members(sharded, NULL) && !kf_dict_open_members(others[1], NULL));
    for (unsigned kind = 0; kind < KINDS; kind++) {
        ck_assert_int_eq(do_kind(kind, plain, others[0], &all), KF_OK);
        ck_assert_uint_gt(all, 0);
        for (uint64_t n = 1; ; n++) {
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
            kf_status status = do_kind(kind, sharded, others[1], &seen);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            MUST(status == (fired ? KF_NO_MEMORY : KF_OK) || (fired && kind >= 2 && !status && seen == all),
                 "kind %u allocation %d: %s", kind, (int)n, kf_status_name(status));
            if (fired) continue;
            ck_assert_uint_eq(seen, all);
            ck_assert_uint_gt(n, 4);
            break;
        }
    }
    kf_dict_close(&plain);
    kf_dict_close(&sharded);
    kf_dict_close(&others[0]);
    kf_dict_close(&others[1]);
    free(has);
    set_free(&m.set);
}
END_TEST

/* ---- damaged members -------------------------------------------------------------------------- */

START_TEST(shards_sets__damaged)
{
    unsigned opened = 0;
    FOR_SEEDS(seed, rounds_of(4 * SEEDS)) {
        model m = { .type = (kf_value_type)(seed % 3), .value_shape = 2, .value_seed = seed };
        kf_dict *plain, *sharded;
        const size_t shards = 2 + seed % 4;
        set_make(&m.set, (unsigned)_i, seed, 1);
        if (m.set.count < 10) {
            set_free(&m.set);
            continue;
        }
        snprintf(m.name, sizeof m.name, "damage %d seed %llu", _i, (unsigned long long)seed);
        shards_make(&m, NULL, KF_WEIGHTS_GIVEN, "d", shards, &plain, &sharded);
        kf_dict_close(&plain);
        kf_dict_close(&sharded);
        for (unsigned n = 0; n < (SANITIZED ? 6 : 12); n++) {
            char name_of[16];
            snprintf(name_of, sizeof name_of, "d-%zu.kf", set_below(&m.set, shards));
            damage_load(name_of);
            damage(&m.set);
            scratch_write(name_of, file, file_size);
            snprintf(case_name, sizeof case_name, "%s file %s turn %u", m.name, name_of, n);
            if (!kf_dict_open(&sharded, scratch_path("d.kfm"), NULL, NULL)) {
                opened++;
                for (unsigned turn = 0; turn < 6; turn++) {
                    kf_bytes key = m.set.keys[set_below(&m.set, m.set.count)], bound = key;
                    exercise_query(sharded, key);
                    exercise_text(sharded, key);
                    exercise_sets(sharded, bound);
                    exercise_iterator(sharded, bound);
                    exercise_weights(sharded, bound);
                }
                kf_dict_close(&sharded);
            }
            damage_undo();
            scratch_write(name_of, file, file_size);
            damage_free();
        }
        set_free(&m.set);
    }
    ck_assert_uint_gt(opened, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shards_sets");
    TCase *t = tcase_create("shards_sets");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, shards_sets__operations, 1, SHAPES);
    tcase_add_test(t, shards_sets__no_memory);
    suite_add_cases(t, shards_sets__damaged, 3, SHAPES);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
