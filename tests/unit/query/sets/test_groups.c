/* The merged keys of several dictionaries against sorted arrays: ranges, queries, members of several shards, long
 * leaps, ties, damage, and memory that runs out. */
#include "query/sets/groups.h"

#include <keyfold/keyfold.h>

#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include <errno.h>

enum { MOST = 5 };

#define EXPECT(condition, ...) do { if (!(condition)) ck_abort_msg(#condition ": " __VA_ARGS__); } while (0)

static key_set sets[MOST], every;
static const kf_dict *dicts[MOST];
static size_t members;

static void open_member(size_t i)
{
    char name[16];
    kf_error error;
    kf_dict *dict;
    snprintf(name, sizeof name, "%zu.kf", i);
    set_build(&sets[i], name, KF_VALUES_NONE);
    kf_status status = kf_dict_open(&dict, scratch_path(name), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    dicts[i] = dict;
}

/* The keys of a shape, most of them given to each member. */
static void make_full_members(unsigned shape, uint64_t seed, size_t count)
{
    members = count;
    set_make(&every, shape, seed, 1);
    for (size_t i = 0; i < count; i++) {
        sets[i] = (key_set){ .random = seed + i + 1 };
        for (size_t k = 0; k < every.count; k++)
            if (set_below(&every, 4)) set_add(&sets[i], every.keys[k].data, every.keys[k].size);
        open_member(i);
    }
}

/* The keys of a shape, each given to some of the members. */
static void make_members(unsigned shape, uint64_t seed, size_t count)
{
    members = count;
    set_make(&every, shape, seed, 1);
    for (size_t i = 0; i < count; i++) {
        /* Some members have nearly all keys, some few; the keys come in runs. */
        size_t rarity = 1 + set_below(&every, 3) * set_below(&every, 30), run = 0, has = 0;
        sets[i] = (key_set){ .random = seed + i + 1 };
        for (size_t k = 0; k < every.count; k++) {
            if (!run--) {
                run = set_below(&every, 40);
                has = !set_below(&every, rarity);
            }
            if (has || set_below(&every, 50) == 0) set_add(&sets[i], every.keys[k].data, every.keys[k].size);
        }
        open_member(i);
    }
}

static void drop_members(void)
{
    for (size_t i = 0; i < members; i++) {
        kf_dict *dict = (kf_dict *)(uintptr_t)dicts[i];
        kf_dict_close(&dict);
        set_free(&sets[i]);
    }
    set_free(&every);
}

static int has_key(const key_set *set, kf_bytes key, size_t *at)
{
    *at = set_bound(set, key);
    return *at < set->count && !bytes_compare(set->keys[*at], key);
}

static int is_within(const kf_iter_options *within, kf_bytes key)
{
    if (bytes_shared(key, within->prefix) < within->prefix.size || bytes_compare(key, within->from) < 0) return 0;
    if (within->has_to && bytes_compare(key, within->to) >= 0) return 0;
    return !within->query || !kf_query_matches(within->query, key.data, key.size, NULL);
}

/* The group, if any, has exactly the members that have the key; *wanted: whether it must come. */
static void check_group(const kfi_groups *g, kfi_group_keys keys, kf_bytes key, int seen, int *wanted)
{
    size_t count = 0, first = 0, at;
    for (size_t i = 0; i < members; i++) {
        if (!has_key(&sets[i], key, &at)) continue;
        if (seen && count < g->group_count && g->group[count].member == i)
            EXPECT(g->group[count].ordinal == at, "member %zu: ordinal %d, not %zu", i,
                   (int)g->group[count].ordinal, at);
        first |= i == 0;
        count++;
    }
    *wanted = keys == KFI_KEYS_EVERY ? count == members : keys == KFI_KEYS_FIRST ? first != 0 : count > 0;
    if (!seen || !*wanted) return;
    EXPECT(g->group_count == count, "%zu members, not %zu", g->group_count, count);
    for (size_t n = 0; n < count; n++) {
        EXPECT(n == 0 || g->group[n - 1].member < g->group[n].member, "not by ascending member");
        EXPECT(has_key(&sets[g->group[n].member], key, &at), "a member without the key");
    }
}

/* Returns how many keys came. */
static size_t compare(kfi_group_keys keys, const kf_iter_options *within)
{
    kfi_groups g = { 0 };
    kf_error error = { 0 };
    size_t next = 0, came = 0;
    kf_status status = kfi_groups_open(&g, dicts, members, keys, within, &error);
    EXPECT(!status, "%s", error.message);
    while (!(status = kfi_groups_next(&g))) {
        int wanted, seen = 0;
        for (; next < every.count && !seen; next++) {
            seen = !bytes_compare(every.keys[next], g.key);
            if (!is_within(within, every.keys[next])) {
                EXPECT(!seen || within->query, "a key out of range");
                continue;
            }
            check_group(&g, keys, every.keys[next], seen, &wanted);
            EXPECT(seen || !wanted, "key %zu is missing", next);
        }
        EXPECT(seen, "a key that is not there, or below the one before");
        if (within->query && is_within(within, g.key)) {
            uint64_t distance;
            ck_assert_int_eq(kf_query_matches(within->query, g.key.data, g.key.size, &distance), KF_OK);
            EXPECT(g.distance == distance, "distance %d", (int)g.distance);
        }
        came++;
    }
    ck_assert_int_eq(status, KF_END);
    ck_assert_int_eq(kfi_groups_next(&g), KF_END);
    ck_assert_int_eq(g.incomplete, 0);
    for (int wanted; next < every.count; next++) {
        if (!is_within(within, every.keys[next])) continue;
        check_group(&g, keys, every.keys[next], 0, &wanted);
        EXPECT(!wanted, "key %zu is missing at the end", next);
    }
    kfi_groups_close(&g);
    return came;
}

static kf_bytes draw_key(void)
{
    return every.count ? every.keys[set_below(&every, every.count)] : (kf_bytes){ NULL, 0 };
}

START_TEST(groups__ranges)
{
    for (size_t count = 1; count <= MOST; count++) {
        make_members((unsigned)_i, 100 * count, count);
        for (int keys = KFI_KEYS_ANY; keys <= KFI_KEYS_FIRST; keys++)
            for (int round = 0; round < 6; round++) {
                kf_iter_options within = KF_ITER_OPTIONS_INIT;
                if (round & 1) within.from = draw_key();
                if (round & 2) within.to = draw_key(), within.has_to = 1;
                if (round == 5) {
                    within.prefix = draw_key();
                    within.prefix.size = set_below(&every, within.prefix.size + 1);
                }
                compare((kfi_group_keys)keys, &within);
            }
        drop_members();
    }
}
END_TEST

START_TEST(groups__queries)
{
    kf_query *query;
    ck_assert_int_eq(kf_query_create_regex(&query, "(.|\\n)*[aq0-4p](.|\\n)*", 22, 0, NULL), KF_OK);
    for (size_t count = 1; count <= MOST; count += 2) {
        make_members((unsigned)_i, 1000 * count, count);
        for (int keys = KFI_KEYS_ANY; keys <= KFI_KEYS_FIRST; keys++)
            for (int round = 0; round < 2; round++) {
                kf_iter_options within = KF_ITER_OPTIONS_INIT;
                within.query = query;
                within.limit = 1;              /* means the result, not the members */
                if (round) within.from = draw_key();
                compare((kfi_group_keys)keys, &within);
            }
        drop_members();
    }
    kf_query_destroy(&query);
}
END_TEST

/* A query's distance, and that it ran out of work. */
START_TEST(groups__distance)
{
    kf_query *query;
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kfi_groups g = { 0 };
    fuzzy.distance = 3;
    ck_assert_int_eq(kf_query_create_fuzzy(&query, "id00000123", 10, &fuzzy, NULL), KF_OK);
    members = 2;
    for (size_t i = 0; i < 2; i++) {
        set_add_numbers(&sets[i], "id%08u", 900, 1 + i);
        set_sort(&sets[i]);
        open_member(i);
    }
    set_add_numbers(&every, "id%08u", 1800, 1);
    set_sort(&every);
    within.query = query;
    for (int keys = KFI_KEYS_ANY; keys <= KFI_KEYS_FIRST; keys++) ck_assert_uint_gt(compare(keys, &within), 50);
    within.work_limit = 10;
    ck_assert_int_eq(kfi_groups_open(&g, dicts, members, KFI_KEYS_ANY, &within, NULL), KF_OK);
    while (!kfi_groups_next(&g)) continue;
    ck_assert_int_ne(g.incomplete, 0);
    kfi_groups_close(&g);
    drop_members();
    kf_query_destroy(&query);
}
END_TEST

/* Few keys against many: what comes is little more than what must. */
START_TEST(groups__leaps)
{
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    members = 3;
    for (size_t i = 0; i < members; i++) {
        size_t step = i == (size_t)_i ? 700 : i == ((size_t)_i + 1) % 3 ? 7 : 1;
        set_add_numbers(&sets[i], "key %06u", 7000 / step, step);
        set_sort(&sets[i]);
        open_member(i);
    }
    set_add_numbers(&every, "key %06u", 7000, 1);
    set_sort(&every);
    ck_assert_uint_eq(compare(KFI_KEYS_ANY, &within), 7000);
    size_t came = compare(KFI_KEYS_EVERY, &within);
    ck_assert(came >= 10 && came <= 11);
    ck_assert_uint_eq(compare(KFI_KEYS_FIRST, &within), sets[0].count);
    drop_members();
}
END_TEST

/* Members made of several shards, each a part of the keys. */
START_TEST(groups__shards)
{
    char path[2][512];
    const char *parts[2] = { path[0], path[1] };
    kf_dict *dict;
    kf_error error;
    kf_open_options check = KF_OPEN_OPTIONS_INIT;
    check.flags = KF_OPEN_CHECK;    /* before the files go */
    make_full_members(18, (uint64_t)_i, 2);
    for (size_t i = 0; i < members; i++) {
        size_t cut = sets[i].count / (2 + i);
        kf_dict *old = (kf_dict *)(uintptr_t)dicts[i];
        kf_dict_close(&old);
        key_set low = { sets[i].keys, cut, cut, 1 }, high = { sets[i].keys + cut, sets[i].count - cut, 0, 1 };
        set_build(&low, "low.kf", KF_VALUES_NONE);
        set_build(&high, "high.kf", KF_VALUES_NONE);
        snprintf(path[0], sizeof path[0], "%s", scratch_path("low.kf"));
        snprintf(path[1], sizeof path[1], "%s", scratch_path("high.kf"));
        ck_assert_int_eq(kf_bundle_write(scratch_path("all.kfm"), parts, 2, NULL, &error), KF_OK);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("all.kfm"), &check, &error), KF_OK);
        dicts[i] = dict;
        for (int n = 0; n < 2; n++) unlink(path[n]);
    }
    for (int keys = KFI_KEYS_ANY; keys <= KFI_KEYS_FIRST; keys++)
        for (int round = 0; round < 4; round++) {
            kf_iter_options within = KF_ITER_OPTIONS_INIT;
            if (round & 1) within.from = draw_key();
            if (round & 2) within.to = draw_key(), within.has_to = 1;
            compare((kfi_group_keys)keys, &within);
        }
    drop_members();
}
END_TEST

/* A file changed under the reader: the culprit is named, and the keys ascend whatever happens. */
START_TEST(groups__damage)
{
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    unsigned corrupt[3] = { 0 };
    make_full_members(18, 4, 3);
    for (unsigned round = 0; round < 300; round++) {
        const size_t bad = round % 3;
        const kf_dict *old = dicts[bad];
        char name[16];
        size_t size;
        snprintf(name, sizeof name, "%zu.kf", bad);
        uint8_t *bytes = scratch_read(name, &size);
        bytes[size / 4 + set_below(&every, size - size / 4)] ^= (uint8_t)(1u << set_below(&every, 8));
        scratch_write("bad.kf", bytes, size);
        free(bytes);
        kf_dict *dict;
        if (kf_dict_open(&dict, scratch_path("bad.kf"), NULL, NULL)) continue;
        dicts[bad] = dict;
        kfi_groups g = { 0 };
        kf_error error = { 0 };
        kf_status status = kfi_groups_open(&g, dicts, members, (kfi_group_keys)(round / 3 % 3), &within, &error);
        uint8_t last[512];
        size_t last_size = 0, steps = 0;
        if (status) EXPECT(error.status == status && error.message[0], "no message");
        while (!status && !(status = kfi_groups_next(&g))) {
            kf_bytes before = { last, last_size };
            EXPECT(!steps++ || bytes_compare(before, g.key) < 0, "round %u: keys do not ascend", round);
            last_size = g.key.size;
            memcpy(last, g.key.data, last_size);
        }
        EXPECT(status == KF_END || status == KF_CORRUPT, "%s", kf_status_name(status));
        if (status == KF_CORRUPT) {
            corrupt[bad]++;
            ck_assert_uint_eq(g.culprit, bad);
        }
        kfi_groups_close(&g);
        kf_dict_close(&dict);
        dicts[bad] = old;
    }
    for (size_t i = 0; i < 3; i++) ck_assert_uint_gt(corrupt[i], 3);
    drop_members();
}
END_TEST

START_TEST(groups__no_memory)
{
    kf_query *query = NULL;
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    uint64_t n;
    make_full_members(18, 6, 3);
    if (_i) ck_assert_int_eq(kf_query_create_glob(&query, "*", 1, 0, NULL), KF_OK);
    within.query = query;
    for (n = 1; ; n++) {
        kfi_groups g = { 0 };
        kf_error error = { 0 };
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_FROM);
        kf_status status = kfi_groups_open(&g, dicts, members, KFI_KEYS_ANY, &within, &error);
        if (status) ck_assert_int_eq(error.status, status);
        while (!status) status = kfi_groups_next(&g);
        int fired = fault_fired();
        fault_off();
        kfi_groups_close(&g);
        ck_assert_int_eq(fault_live(), 0);
        if (!fired) {
            ck_assert_int_eq(status, KF_END);
            break;
        }
        ck_assert_int_eq(status, KF_NO_MEMORY);
    }
    ck_assert_uint_gt(n, 6);
    drop_members();
    kf_query_destroy(&query);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groups");
    TCase *all = tcase_create("groups");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    suite_add_cases(all, groups__ranges, 0, SHAPES);
    suite_add_cases(all, groups__queries, 0, SHAPES);
    tcase_add_test(all, groups__distance);
    suite_add_cases(all, groups__leaps, 0, 3);
    suite_add_cases(all, groups__shards, 0, 4);
    tcase_add_test(all, groups__damage);
    suite_add_cases(all, groups__no_memory, 0, 2);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
