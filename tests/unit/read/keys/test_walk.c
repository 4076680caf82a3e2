/* The walk and what goes by ordinals, against a sorted array, over dictionaries of hard shapes. */
#include "read/dict.h"
#include "read/keys/by_key.h"
#include "read/keys/by_rank.h"
#include "read/keys/verify_endings.h"
#include "read/keys/verify_keys.h"
#include "read/keys/verify_top.h"
#include "read/keys/walk.h"

#include "scratch.h"
#include "shapes.h"
#include "damage.h"
#include "suite.h"

static key_set set;
static kf_dict *dict;
static unsigned shape_now;
static uint64_t seed_now;

static void open_shape(unsigned shape, uint64_t seed, size_t scale)
{
    kf_error error;
    shape_now = shape;
    seed_now = seed;
    set_make(&set, shape, seed, scale);
    set_build(&set, "walk.kf", KF_VALUES_NONE);
    kf_status status = kf_dict_open(&dict, scratch_path("walk.kf"), NULL, &error);
    ck_assert_msg(!status, "shape %u seed %d: %s", shape, (int)seed, error.message);
    ck_assert_uint_eq(kf_dict_count(dict), set.count);
}

static void close_shape(void)
{
    kf_dict_close(&dict);
    set_free(&set);
}

/* ck_assert writes to a file each time it is passed: too slow for millions of checks. */
#define EXPECT(condition, i) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u seed %d at %zu of %zu", #condition, shape_now, (int)seed_now, \
                         (size_t)(i), set.count); \
    } while (0)

static void at(const kfi_walk *w, size_t i, size_t keep)
{
    EXPECT(w->ordinal == i, i);
    EXPECT(w->size == set.keys[i].size, i);
    EXPECT(!w->size || !memcmp(w->path, set.keys[i].data, w->size), i);
    EXPECT(keep == SIZE_MAX || w->keep == keep, i);
}

static void both_directions(void)
{
    kfi_walk w;
    ck_assert_int_eq(kfi_walk_create(&w, &dict->keys), KF_OK);
    ck_assert_int_eq(kfi_walk_next(&w), KF_END);
    ck_assert_int_eq(kfi_walk_previous(&w), KF_END);
    ck_assert_int_eq(kfi_walk_skip(&w, 0), KF_END);
    ck_assert_int_eq(kfi_walk_seek(&w, set.count), KF_NOT_FOUND);
    if (set.count) {
        ck_assert_int_eq(kfi_walk_seek(&w, 0), KF_OK);
        at(&w, 0, 0);
        for (size_t i = 1; i < set.count; i++) {
            EXPECT(kfi_walk_next(&w) == KF_OK, i);
            at(&w, i, bytes_shared(set.keys[i - 1], set.keys[i]));
        }
        ck_assert_int_eq(kfi_walk_next(&w), KF_END);
        ck_assert_int_eq(kfi_walk_seek(&w, set.count - 1), KF_OK);
        at(&w, set.count - 1, 0);
        for (size_t i = set.count - 1; i--;) {
            EXPECT(kfi_walk_previous(&w) == KF_OK, i);
            at(&w, i, bytes_shared(set.keys[i + 1], set.keys[i]));
        }
        ck_assert_int_eq(kfi_walk_previous(&w), KF_END);
    }
    kfi_walk_destroy(&w);
}

/* One move from key i; returns the key it should lead to, or the count. */
static size_t move(kfi_walk *w, size_t i, size_t *keep)
{
    size_t depth = set_below(&set, set.keys[i].size + 1), to;
    if (depth > 8 && set_below(&set, 2)) depth = set.keys[i].size - set_below(&set, 8);
    kf_bytes prefix = { set.keys[i].data, depth };
    kf_status status;
    switch (set_below(&set, 6)) {
    case 0:
        to = i + 1;
        status = kfi_walk_next(w);
        break;
    case 1:
        to = i ? i - 1 : set.count;
        status = kfi_walk_previous(w);
        break;
    case 2:
        to = set_below(&set, set.count);
        status = kfi_walk_seek(w, to);
        *keep = 0;
        EXPECT(status == KF_OK, to);
        return to;
    default:
        to = set_prefix_end(&set, prefix);
        status = kfi_walk_skip(w, depth);
    }
    EXPECT(status == (to < set.count ? KF_OK : KF_END), i);
    *keep = to < set.count ? bytes_shared(set.keys[i], set.keys[to]) : 0;
    return to;
}

static void any_moves(size_t moves)
{
    kfi_walk w;
    size_t i = set.count, keep;
    if (!set.count) return;
    ck_assert_int_eq(kfi_walk_create(&w, &dict->keys), KF_OK);
    while (moves--) {
        if (i == set.count) {
            i = set_below(&set, set.count);
            EXPECT(kfi_walk_seek(&w, i) == KF_OK, i);
            at(&w, i, 0);
        }
        i = move(&w, i, &keep);
        if (i < set.count) at(&w, i, keep);
    }
    kfi_walk_destroy(&w);
}

/* Leaving subtrees at every depth of every key. */
static void all_skips(size_t most)
{
    kfi_walk w;
    ck_assert_int_eq(kfi_walk_create(&w, &dict->keys), KF_OK);
    for (size_t i = 0; i < set.count; i += 1 + set.count / most) {
        size_t size = set.keys[i].size;
        for (size_t depth = 0; depth <= size; depth += 1 + size / 24) {
            size_t to = set_prefix_end(&set, (kf_bytes){ set.keys[i].data, depth });
            EXPECT(kfi_walk_seek(&w, i) == KF_OK, i);
            at(&w, i, 0);
            EXPECT(kfi_walk_skip(&w, depth) == (to < set.count ? KF_OK : KF_END), i);
            if (to < set.count) at(&w, to, bytes_shared(set.keys[i], set.keys[to]));
        }
    }
    kfi_walk_destroy(&w);
}

static void bounds_of(kf_bytes probe)
{
    uint64_t ordinal, first, count;
    size_t low = set_bound(&set, probe), end = set_prefix_end(&set, probe);
    EXPECT(kf_dict_lower_bound(dict, probe.data, probe.size, &ordinal) == KF_OK, low);
    EXPECT(ordinal == low, low);
    EXPECT(kf_dict_prefix_range(dict, probe.data, probe.size, &first, &count) == KF_OK, low);
    EXPECT(first == low && count == end - low, low);
    int present = low < set.count && bytes_compare(set.keys[low], probe) == 0;
    kf_status status = kf_dict_ordinal(dict, probe.data, probe.size, &ordinal);
    EXPECT(status == (present ? KF_OK : KF_NOT_FOUND), low);
    if (present) EXPECT(ordinal == low, low);
}

static void prefixes_of(kf_bytes text)
{
    static kf_prefix_match found[100000];
    kf_prefix_match longest;
    size_t count, want = 0, capacity = 1 + set_below(&set, 70);
    EXPECT(kf_dict_prefixes(dict, text.data, text.size, found, 100000, &count) == KF_OK, 0);
    /* Every key that begins the text is at or below it. */
    size_t last = set_bound(&set, text);
    kf_bytes prefix = { text.data, 0 };
    size_t step = 1 + text.size / 100;
    size_t checked = 0;
    for (; prefix.size <= text.size; prefix.size++) {
        if (prefix.size % step && (want >= count || found[want].size != prefix.size)) continue;
        size_t i = set_bound(&set, prefix);
        checked++;
        if (i >= set.count || bytes_compare(set.keys[i], prefix) != 0) continue;
        EXPECT(want < count && found[want].size == prefix.size, last);
        EXPECT(found[want].ordinal == i, last);
        want++;
    }
    EXPECT(want == count && checked, last);
    kf_status status = kf_dict_longest_prefix(dict, text.data, text.size, &longest);
    EXPECT(status == (count ? KF_OK : KF_NOT_FOUND), last);
    if (count) EXPECT(!memcmp(&longest, &found[count - 1], sizeof longest), last);
    kf_prefix_match few[70];
    EXPECT(kf_dict_prefixes(dict, text.data, text.size, few, capacity, &want) == KF_OK, 0);
    EXPECT(want == (count < capacity ? count : capacity), last);
    EXPECT(!want || !memcmp(few, found, want * sizeof *few), last);
}

/* The key itself, and what lies around it. */
static void probes(size_t most)
{
    uint8_t *text = malloc(80000);
    for (size_t i = 0; i < set.count; i += 1 + set.count / most) {
        size_t size = set.keys[i].size;
        if (size) memcpy(text, set.keys[i].data, size);
        bounds_of(set.keys[i]);
        prefixes_of(set.keys[i]);
        for (unsigned tail = 0; tail < 3; tail++) {
            text[size] = tail == 2 ? 0xff : (uint8_t)(tail * set_below(&set, 256));
            bounds_of((kf_bytes){ text, size + 1 });
            prefixes_of((kf_bytes){ text, size + 1 });
        }
        if (!size) continue;
        size_t cut = set_below(&set, size);
        bounds_of((kf_bytes){ text, cut });
        for (int change = -1; change <= 1; change += 2) {
            size_t at_byte = change < 0 ? cut : size - 1;
            text[at_byte] = (uint8_t)(text[at_byte] + change);
            bounds_of((kf_bytes){ text, size });
            prefixes_of((kf_bytes){ text, size });
            text[at_byte] = (uint8_t)(text[at_byte] - change);
        }
        text[cut] = (uint8_t)set_below(&set, 256);
        bounds_of((kf_bytes){ text, size });
        prefixes_of((kf_bytes){ text, size });
    }
    bounds_of((kf_bytes){ NULL, 0 });
    prefixes_of((kf_bytes){ NULL, 0 });
    memset(text, 0xff, 80000);
    bounds_of((kf_bytes){ text, 1 });
    bounds_of((kf_bytes){ text, 300 });
    bounds_of((kf_bytes){ text, 80000 });
    free(text);
}

static void keys_at(size_t most)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    for (size_t i = 0; i < set.count; i += 1 + set.count / most) {
        EXPECT(kf_dict_key_at(dict, i, &buffer, &key) == KF_OK, i);
        EXPECT(bytes_compare(key, set.keys[i]) == 0, i);
    }
    ck_assert_int_eq(kf_dict_key_at(dict, set.count, &buffer, &key), KF_NOT_FOUND);
    ck_assert_int_eq(kf_dict_key_at(dict, UINT64_MAX, &buffer, &key), KF_NOT_FOUND);
    kf_buffer_free(&buffer);
}

static void verified(void)
{
    kf_error error;
    kf_status status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "shape %u seed %d: %s", shape_now, (int)seed_now, error.message);
}

static void check_all(size_t most)
{
    verified();
    both_directions();
    keys_at(most);
    any_moves(2 * most);
    all_skips(most / 4);
    probes(most / 4);
}

START_TEST(walk__shapes)
{
    FOR_SEEDS(seed, rounds_of(24)) {
        open_shape((unsigned)_i, seed, 1);
        check_all(_i == 16 ? 40 : 200);
        close_shape();
        if (_i < 2 || (_i == 16 && seed == 3)) break;
    }
}
END_TEST

START_TEST(walk__large_shapes)
{
    for (uint64_t seed = 100; seed < 101; seed++) {
        if (_i == 16 || _i < 4) break;
        open_shape((unsigned)_i, seed, (unsigned)scaled(10, 40, 40));
        check_all(scaled(500, 1500, 1500));
        close_shape();
    }
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------------- */

static uint64_t found_damage, accepted, met_going_up, passed_going_down;

static void legal(kf_status status)
{
    found_damage += status == KF_CORRUPT;
    accepted += status == KF_OK;
    EXPECT(status == KF_OK || status == KF_CORRUPT || status == KF_END || status == KF_NOT_FOUND, status);
}

static void walk_damaged(const kfi_keys *keys, uint64_t count)
{
    kfi_walk w;
    ck_assert_int_eq(kfi_walk_create(&w, keys), KF_OK);
    kf_status ends[2] = { KF_OK, KF_OK };
    for (int direction = 0; direction < 2 && count; direction++) {
        kf_status status = kfi_walk_seek(&w, direction ? count - 1 : 0);
        for (uint64_t n = 0; !status && n < count; n++) {
            EXPECT(w.size <= keys->longest_key, n);
            status = direction ? kfi_walk_previous(&w) : kfi_walk_next(&w);
        }
        legal(status);
        ends[direction] = status;
    }
    met_going_up += ends[0] == KF_CORRUPT;
    passed_going_down += ends[0] == KF_CORRUPT && ends[1] == KF_END;
    for (unsigned n = 0; n < 100 && count; n++) {
        kf_status status = kfi_walk_seek(&w, set_below(&set, count));
        for (unsigned moves = 0; !status && moves < 5; moves++) {
            size_t depth = set_below(&set, w.size + 1);
            unsigned kind = (unsigned)set_below(&set, 3);
            if (kind == 0) status = kfi_walk_next(&w);
            else status = kind == 1 ? kfi_walk_previous(&w) : kfi_walk_skip(&w, depth);
        }
        legal(status);
    }
    kfi_walk_destroy(&w);
}

static void query_damaged(const kfi_keys *keys, uint64_t count)
{
    uint8_t *text = malloc((size_t)keys->longest_key + 2 * KFI_TOKEN_MAX);
    for (unsigned n = 0; n < 60; n++) {
        kf_bytes key = set.count ? set.keys[set_below(&set, set.count)] : (kf_bytes){ NULL, 0 };
        kf_prefix_match matches[8];
        uint64_t first, end;
        size_t stored;
        legal(kfi_lower_bound(keys, key, &first));
        legal(kfi_prefix_range(keys, key, &first, &end));
        legal(kfi_prefixes(keys, key, matches, 8, &stored));
        EXPECT(stored <= 8, n);
        legal(kfi_search_best()->find(keys, key.data, key.size, &first));
        legal(kfi_search_portable.find(keys, key.data, key.size, &first));
        if (!count) continue;
        size_t size = kfi_key_at(keys, set_below(&set, count), text);
        EXPECT(size == SIZE_MAX || size <= keys->longest_key, n);
    }
    free(text);
}

START_TEST(walk__damage)
{
    found_damage = accepted = met_going_up = passed_going_down = 0;
    FOR_SEEDS(seed, rounds_of(3)) {
        shape_now = (unsigned)_i;
        seed_now = seed;
        set_make(&set, shape_now, seed, 1);
        set_build(&set, "walk.kf", KF_VALUES_NONE);
        damage_load("walk.kf");
        for (unsigned round = 0; round < (_i == 16 ? 20 : 120); round++) {
            kfi_header lying = header;
            kfi_keys keys;
            damage(&set);
            if (set_below(&set, 8) == 0) lying.keys = set_below(&set, 3000);
            if (set_below(&set, 8) == 0) lying.longest_key = (uint32_t)set_below(&set, 300);
            kf_status status = kfi_keys_open(&keys, file, &lying, NULL);
            legal(status);
            if (!status) {
                walk_damaged(&keys, lying.keys);
                query_damaged(&keys, lying.keys);
                legal(kfi_keys_verify(&keys, file, &(kfi_progress){ 0 }, NULL));
            }
            damage_undo();
        }
        damage_free();
        set_free(&set);
    }
    ck_assert_uint_gt(found_damage, 0);
    if (_i) ck_assert_uint_gt(accepted, 0);
    /* Both ways meet the same containers, but for what lies about its last entry only. */
    ck_assert_uint_le(20 * passed_going_down, met_going_up);
}
END_TEST

/* What verifying says of a structure that only lies: sums, lengths and order that no bound catches. */
START_TEST(walk__verify_finds)
{
    size_t missed = 0, changes = 0;
    for (unsigned shape = 4; shape < SHAPES; shape++) {
        shape_now = shape;
        set_make(&set, shape, 5, 1);
        set_build(&set, "walk.kf", KF_VALUES_NONE);
        damage_load("walk.kf");
        const kfi_section *s = kfi_header_section(&header, KFI_SECTION_TREE);
        for (unsigned round = 0; round < 150; round++) {
            kfi_keys keys;
            size_t at_byte = (size_t)s->offset + 512 + set_below(&set, (size_t)s->size - 512);
            uint8_t bit = (uint8_t)(1u << set_below(&set, 8));
            file[at_byte] ^= bit;
            changes++;
            if (!kfi_keys_open(&keys, file, &header, NULL)
                && !kfi_keys_verify(&keys, file, &(kfi_progress){ 0 }, NULL))
                missed++;
            file[at_byte] ^= bit;
        }
        damage_free();
        set_free(&set);
    }
    /* Another byte in a tail, in its place in the order, is another dictionary: no contradiction. The
     * checksums are for that. Most other changes contradict something. */
    ck_assert_msg(missed < changes / 2, "%zu of %zu missed", missed, changes);
}
END_TEST

/* Each byte of the keys' sections, changed in some ways: verifying ends, and whatever it lets pass can be walked. */
START_TEST(walk__verify_any_byte)
{
    static const uint32_t sections[] = { KFI_SECTION_TREE, KFI_SECTION_SHARED, KFI_SECTION_TOKENS, KFI_SECTION_TOP };
    const size_t step = scaled(100, 40, 1);
    size_t found = 0, changes = 0;
    shape_now = (unsigned)_i;
    set_make(&set, shape_now, 5, 1);
    set_build(&set, "walk.kf", KF_VALUES_NONE);
    damage_load("walk.kf");
    for (unsigned k = 0; k < 4; k++) {
        const kfi_section *s = kfi_header_section(&header, sections[k]);
        for (uint64_t i = 0; s && i < s->size; i += 1 + set_below(&set, 2 * step - 1)) {
            kfi_keys keys;
            kf_error error = { 0 };
            uint8_t *at = file + s->offset + i;
            const uint8_t before = *at, ways[] = { 0, 0xff, (uint8_t)(before ^ 1u << set_below(&set, 8)),
                                                   (uint8_t)(before + 1) };
            *at = ways[set_below(&set, 4)];
            kf_status status = kfi_keys_open(&keys, file, &header, &error);
            if (!status) status = kfi_keys_verify(&keys, file, &(kfi_progress){ 0 }, &error);
            if (!status) status = kfi_top_verify(&keys, file, &error);
            if (!status) status = kfi_endings_verify(&keys, file, &error);
            HOLDS(!status || (status == KF_CORRUPT && error.message[0]));
            found += status != 0;
            changes++;
            *at = before;
        }
    }
    damage_free();
    set_free(&set);
    ck_assert_msg(changes < 30 || found, "none of %zu", changes);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("walk");
    TCase *t = tcase_create("walk");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, walk__shapes, 0, SHAPES);
    suite_add_cases(t, walk__large_shapes, 0, SHAPES);
    suite_add_cases(t, walk__damage, 0, SHAPES);
    tcase_add_test(t, walk__verify_finds);
    suite_add_cases(t, walk__verify_any_byte, 0, SHAPES);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
