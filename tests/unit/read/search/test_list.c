/* Lists against a sorted array: from ordinals and prefixes, in blocks of all sizes, with little room, and on damage. */
#include "read/search/list.h"

#include "scratch.h"
#include "shapes.h"
#include "damaged_shape.h"
#include "suite.h"

enum { BLOCK = 200 };

static kf_entry entries[BLOCK];
static _Alignas(64) kfi_list list;
static uint8_t arena[3000];

static void begin(size_t room)
{
    kfi_list_init(&list, arena, room);
    ck_assert_int_eq(kfi_list_begin(&list, keys), KF_OK);
}

/* The list's next keys are those of ordinals low .. high-1. */
static void check_keys(size_t low, size_t high, size_t most)
{
    while (low < high) {
        size_t count = 0, want = most < high - low ? most : high - low;
        EXPECT(kfi_list_fill(&list, entries, want, &count) == KF_OK, low);
        EXPECT(count && count <= want, low);
        for (size_t i = 0; i < count; i++, low++) {
            EXPECT(entries[i].ordinal == low && bytes_compare(entries[i].key, set.keys[low]) == 0, low);
            EXPECT(!i || entries[i].key.data >= entries[i - 1].key.data + entries[i - 1].key.size, low);
        }
    }
}

START_TEST(list__from_ordinals)
{
    open_shape((unsigned)_i, 4);
    begin(sizeof arena);
    for (size_t most = 1; most <= BLOCK; most = 3 * most + 1)
        for (size_t low = 0; low < set.count; low += 1 + set.count / 9) {
            ck_assert_int_eq(kfi_list_seek(&list, low), KF_OK);
            check_keys(low, set.count, most);
        }
    kfi_list_destroy(&list);
    close_shape();
}
END_TEST

/* A list that was used goes on with other keys; and one with hardly any room for them. */
static void check_prefix(kf_bytes prefix, size_t most)
{
    uint64_t count;
    const size_t low = set_bound(&set, prefix), high = set_prefix_end(&set, prefix);
    ck_assert_int_eq(kfi_list_prefix(&list, prefix, &count), KF_OK);
    EXPECT(count == high - low && list.ordinal == low, low);
    check_keys(low, high < low + 400 ? high : low + 400, most);
}

START_TEST(list__prefixes)
{
    static uint8_t text[80001];
    open_shape((unsigned)_i, 2);
    for (size_t room = sizeof arena; room; room = room > 64 ? 64 : 0) {
        begin(room);
        for (size_t i = 0; i < set.count; i += 1 + set.count / 40) {
            const kf_bytes key = set.keys[i];
            for (size_t size = 0; size <= key.size; size += 1 + key.size / 9) {
                check_prefix((kf_bytes){ key.data, size }, 1 + i % BLOCK);
                if (size) memcpy(text, key.data, size);
                text[size] = (uint8_t)(i * 37);
                check_prefix((kf_bytes){ text, size + 1 }, BLOCK);
            }
            check_prefix(key, BLOCK);
        }
        kfi_list_destroy(&list);
    }
    close_shape();
}
END_TEST

/* More keys below jumps than are remembered, in more containers than have places for them; twice, so that some are
 * remembered from before. */
START_TEST(list__more_than_is_remembered)
{
    enum { CONTAINERS = 700, ENDINGS = 20 };
    set = (key_set){ .random = 1 };
    for (unsigned parent = 0; parent < 3; parent++)
        for (unsigned c = 0; c < CONTAINERS; c++)
            for (unsigned i = 0; i < ENDINGS; i++) {
                char key[32];
                int size = snprintf(key, sizeof key, "%c%03u%04u", (int)('a' + parent),
                                    c * (2 * parent + 1) % CONTAINERS, (c * 7919 + i * i * 104729) % 10000);
                set_add(&set, key, (size_t)size);
            }
    set_sort(&set);
    open_set();
    begin(sizeof arena);
    for (unsigned turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(kfi_list_seek(&list, 0), KF_OK);
        check_keys(0, set.count, BLOCK);
    }
    kfi_list_destroy(&list);
    close_shape();
}
END_TEST

static void ask(const kfi_keys *k, unsigned round)
{
    kfi_list_init(&list, arena, sizeof arena);
    ck_assert_int_eq(kfi_list_begin(&list, k), KF_OK);
    for (unsigned i = 0; i < 10; i++) {
        kf_bytes key = set.keys[set_below(&set, set.count)];
        const uint64_t low = set_below(&set, set.count);
        uint64_t left = k->count - low;
        size_t count = 0;
        key.size = set_below(&set, key.size + 1);
        kf_status status = i % 2 ? kfi_list_prefix(&list, key, &left) : kfi_list_seek(&list, low);
        for (unsigned n = 0; n < 20 && left && !status; n++, left -= count) {
            status = kfi_list_fill(&list, entries, left < 90 ? (size_t)left : 90, &count);
            for (size_t e = 0; e < count; e++) EXPECT(entries[e].key.size <= k->longest_key, round);
        }
        EXPECT(status == KF_OK || status == KF_CORRUPT, round);
        count_answer(status != KF_OK);
    }
    kfi_list_destroy(&list);
}

START_TEST(list__damage)
{
    ask_damaged((unsigned)_i, ask);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("list");
    TCase *t = tcase_create("list");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, list__from_ordinals, 0, SHAPES);
    suite_add_cases(t, list__prefixes, 0, SHAPES);
    tcase_add_test(t, list__more_than_is_remembered);
    suite_add_cases(t, list__damage, 6, 16);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
