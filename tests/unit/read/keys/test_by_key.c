/* Down by key against a sorted array: what each step along nodes says, and prefix ranges and lower bounds of all kinds
 * of bytes; and that sums which lie are refused. */
#include "read/keys/by_key.h"

#include "scratch.h"
#include "shapes.h"
#include "damaged_shape.h"
#include "suite.h"

/* Every step along nodes, and what it ends with. */
static void check_way(kf_bytes key)
{
    kfi_key_way way = kfi_key_way_begin(keys, key);
    const uint64_t low = set_bound(&set, key), high = set_prefix_end(&set, key);
    kfi_step step = KFI_STEP_ON;
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) return;
    for (size_t steps = 0; step == KFI_STEP_ON && kfi_is_node(way.place.at); steps++) {
        const kfi_key_way before = way;
        const kf_bytes used = { key.data, before.depth };
        step = kfi_step_by_key_in_node(&way);
        EXPECT(step != KFI_STEP_CORRUPT && steps <= key.size, steps);
        EXPECT(before.first == set_bound(&set, used) && before.end == set_prefix_end(&set, used), steps);
        if (before.depth < key.size) {
            const int present = before.first < set.count && set.keys[before.first].size == before.depth;
            EXPECT(way.final == present, steps);
        }
        if (step != KFI_STEP_ON) break;
        EXPECT(way.depth > before.depth || (way.depth == before.depth && !kfi_is_node(way.place.at)), steps);
        EXPECT(way.first <= low && way.end >= high && way.first < way.end, steps);
    }
    if (step == KFI_STEP_ON) return;
    EXPECT(way.first == low && way.end == high, low);
    EXPECT(step == (low < high ? KFI_STEP_FOUND : KFI_STEP_ABSENT), low);
}

static void check_key(kf_bytes key)
{
    uint64_t first, end, bound;
    check_way(key);
    EXPECT(kfi_prefix_range(keys, key, &first, &end) == KF_OK, 0);
    EXPECT(first == set_bound(&set, key) && end == set_prefix_end(&set, key), first);
    EXPECT(kfi_lower_bound(keys, key, &bound) == KF_OK && bound == first, first);
}

/* A key, its beginnings, and bytes that leave it at every place. */
static void check_around(kf_bytes key)
{
    static uint8_t text[80000];
    const size_t step = 1 + key.size / 40;
    if (key.size) memcpy(text, key.data, key.size);
    check_key(key);
    for (size_t size = 0; size < key.size; size += step) {
        check_key((kf_bytes){ key.data, size });
        for (int change = -1; change <= 1; change += 2) {
            text[size] = (uint8_t)(text[size] + change);
            check_key((kf_bytes){ text, size + 1 });
            check_key((kf_bytes){ text, key.size });
            text[size] = (uint8_t)(text[size] - change);
        }
    }
    for (unsigned tail = 0; tail < 256; tail += 85) {
        text[key.size] = (uint8_t)tail;
        check_key((kf_bytes){ text, key.size + 1 });
    }
}

START_TEST(by_key__all)
{
    static const uint8_t last[300] = { 0xff, 0xff, 0xff };
    open_shape((unsigned)_i, 3);
    for (size_t i = 0; i < set.count; i += 1 + set.count / (_i == 16 ? 3 : 60)) check_around(set.keys[i]);
    check_key((kf_bytes){ NULL, 0 });
    check_key((kf_bytes){ last, 3 });
    check_key((kf_bytes){ last, sizeof last });
    close_shape();
}
END_TEST

/* ---- comparing codes -------------------------------------------------------------------------- */

static const struct { const char *key; size_t at; kfi_order order; size_t end; } compared[] = {
    { "abcd", 0, KFI_TEXT_AGREES, 4 },  { "abcde", 0, KFI_TEXT_AGREES, 4 }, { "xabcd", 1, KFI_TEXT_AGREES, 5 },
    { "abc", 0, KFI_TEXT_LONGER, 3 },   { "", 0, KFI_TEXT_LONGER, 0 },      { "abdd", 0, KFI_TEXT_BELOW, 2 },
    { "abbd", 0, KFI_TEXT_ABOVE, 2 },   { "abcc", 0, KFI_TEXT_ABOVE, 3 },   { "b", 0, KFI_TEXT_BELOW, 0 },
    { "ab\xff", 0, KFI_TEXT_BELOW, 2 },
};

static void check_codes(const kfi_keys *k, const uint8_t *bits, uint64_t count)
{
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        size_t at = compared[i].at;
        const kf_bytes key = { (const uint8_t *)compared[i].key, strlen(compared[i].key) };
        ck_assert_int_eq(kfi_codes_compare(k, bits, 0, count, KFI_TOKEN_FIRST_ROW, key, &at), compared[i].order);
        ck_assert_uint_eq(at, compared[i].end);
    }
    size_t at = 0;
    const kf_bytes empty = { NULL, 0 };
    ck_assert_int_eq(kfi_codes_compare(k, bits, 0, 0, KFI_TOKEN_FIRST_ROW, empty, &at), KFI_TEXT_AGREES);
}

START_TEST(by_key__codes)
{
    /* Token 0 is ab, but cd after b, which is of class 1; then four characters of two bits. */
    enum { ENTRIES = 16 + 256 };
    uint8_t tokens[ENTRIES + 17 * 4 + 4 + 16] = { 4, 2, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 4 };
    uint8_t codes[2 + 16] = { 0 | 0 << 4, 2 };
    kfi_keys k = { .longest_key = 10 };
    tokens[16 + 'b'] = 1;
    kfi_store32(tokens + ENTRIES, 0 << KFI_TOKEN_OFFSET_SHIFT | 1 << KFI_TOKEN_CLASS_SHIFT | 2);
    kfi_store32(tokens + ENTRIES + 4 * 16, 2 << KFI_TOKEN_OFFSET_SHIFT | 2);
    memcpy(tokens + ENTRIES + 17 * 4, "abcd", 4);
    ck_assert_int_eq(kfi_tokens_open(&k.tokens, tokens, sizeof tokens, NULL), KF_OK);
    k.code_width = (uint8_t)k.tokens.bits;
    check_codes(&k, codes, 2);
    size_t at = 0;   /* there is no token 2; nobody asks if the key ends before */
    const kf_bytes longer = { (const uint8_t *)"abcdx", 5 }, other = { (const uint8_t *)"abx", 3 };
    ck_assert_int_eq(kfi_codes_compare(&k, codes, 0, 3, KFI_TOKEN_FIRST_ROW, longer, &at), KFI_TEXT_BAD);
    at = 0;
    ck_assert_int_eq(kfi_codes_compare(&k, codes, 0, 3, KFI_TOKEN_FIRST_ROW, other, &at), KFI_TEXT_BELOW);
    k.parameters.character_bits = k.code_width = 2;
    memcpy(k.parameters.character, "abcd", 4);
    codes[0] = 0 | 1 << 2 | 2 << 4 | 3 << 6;
    check_codes(&k, codes, 4);
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------------- */

/* The root, in the file that is in memory, of a dictionary whose root is a node of two child nodes at least. */
static kfi_node load_root(kfi_keys *k)
{
    kfi_node n = { 0 };
    set = (key_set){ .random = 7 };
    for (unsigned i = 0; i < 300; i++) {
        uint8_t text[3] = { (uint8_t)('b' + 2 * (i % 3)), (uint8_t)(i / 3), (uint8_t)(i * 7) };
        set_add(&set, text, 3);
    }
    set_sort(&set);
    set_build(&set, "shape.kf", KF_VALUES_NONE);
    damage_load("shape.kf");
    ck_assert_int_eq(kfi_keys_open(k, file, &header, NULL), KF_OK);
    ck_assert(kfi_node_open(k, &n, kfi_root(k)) && n.bigs == 3 && !n.buckets);
    return n;
}

/* Writes how many keys are in child nodes 0..i. */
static void lie(const kfi_node *n, unsigned i, uint64_t sum)
{
    uint8_t *record = file + (n->big - file) + i * n->big_stride, bytes[8];
    kfi_store64(bytes, sum);
    memcpy(record + n->big_stride - n->count_width, bytes, n->count_width);
}

START_TEST(by_key__sums_that_lie)
{
    static const kf_bytes in_second = { (const uint8_t *)"d", 1 };
    kfi_keys k;
    const kfi_node n = load_root(&k);
    uint64_t first, end, bound;
    ck_assert_int_eq(kfi_prefix_range(&k, in_second, &first, &end), KF_OK);
    ck_assert_uint_eq(first, 100);
    ck_assert_uint_eq(end, 200);
    /* The second child's keys end before they begin. */
    lie(&n, 0, 201);
    ck_assert_int_eq(kfi_prefix_range(&k, in_second, &first, &end), KF_CORRUPT);
    ck_assert_int_eq(kfi_lower_bound(&k, in_second, &bound), KF_CORRUPT);
    lie(&n, 0, 200);
    ck_assert_int_eq(kfi_prefix_range(&k, in_second, &first, &end), KF_OK);
    ck_assert_uint_eq(first, end);
    lie(&n, 0, 100);
    /* They end behind all keys. */
    lie(&n, 1, set.count + 1);
    ck_assert_int_eq(kfi_prefix_range(&k, in_second, &first, &end), KF_CORRUPT);
    lie(&n, 1, set.count);
    ck_assert_int_eq(kfi_prefix_range(&k, in_second, &first, &end), KF_OK);
    ck_assert_uint_eq(end, set.count);
    damage_free();
    set_free(&set);
}
END_TEST

static void ask(const kfi_keys *k, unsigned round)
{
    for (unsigned i = 0; i < 20; i++) {
        kf_bytes key = set.keys[set_below(&set, set.count)];
        uint64_t first, end;
        key.size = set_below(&set, key.size + 1);
        kf_status status = kfi_prefix_range(k, key, &first, &end);
        EXPECT(status == KF_OK || status == KF_CORRUPT, round);
        EXPECT(status || (first <= end && end <= set.count), round);
        count_answer(status != KF_OK);
    }
}

START_TEST(by_key__damage)
{
    ask_damaged((unsigned)_i, ask);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("by_key");
    TCase *t = tcase_create("by_key");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, by_key__all, 0, SHAPES);
    tcase_add_test(t, by_key__codes);
    tcase_add_test(t, by_key__sums_that_lie);
    suite_add_cases(t, by_key__damage, 6, 16);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
