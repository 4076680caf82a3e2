/* Down by rank against a sorted array: what each step says, every key by its ordinal, and lengths and sums that lie. */
#include "read/keys/by_rank.h"

#include "scratch.h"
#include "shapes.h"
#include "damaged_shape.h"
#include "suite.h"

static uint8_t text[80000 + 2 * KFI_TOKEN_MAX];

/* Every step leads to a container whose first key is not above the one that is looked for, and begins as that does. */
static void check_way(size_t i)
{
    const kf_bytes key = set.keys[i];
    kfi_rank_way way = kfi_rank_way_begin(keys, i, text);
    kfi_step step = KFI_STEP_ON;
    kfi_decoded *d = malloc(sizeof *d);
    while (step == KFI_STEP_ON) {
        kfi_node n = { 0 };
        kfi_node_pick pick;
        const size_t before = way.size;
        const int in_node = kfi_is_node(way.place.at);
        unsigned entry = 0xff;
        EXPECT(way.size <= key.size && (!way.size || !memcmp(text, key.data, way.size)), i);
        EXPECT(way.first <= i && bytes_shared(set.keys[way.first], key) >= way.size, i);
        if (in_node) {
            step = kfi_step_by_rank_in_node(&way, &n, &pick);
        } else {
            EXPECT(kfi_bucket_decode(keys, way.place, (uint32_t)way.size, d), i);
            step = kfi_step_by_rank_in_bucket(&way, d, &entry);
            EXPECT(entry < d->view.count || (entry == 0xff && d->view.final && step == KFI_STEP_FOUND), i);
        }
        EXPECT(way.size > before || step == KFI_STEP_FOUND || (in_node && !kfi_is_node(way.place.at)), i);
    }
    EXPECT(step == KFI_STEP_FOUND && way.first == i && way.size == key.size, i);
    EXPECT(!key.size || !memcmp(text, key.data, key.size), i);
    free(d);
}

START_TEST(by_rank__all)
{
    open_shape((unsigned)_i, 5);
    for (size_t i = 0; i < set.count; i += 1 + set.count / 1000) {
        EXPECT(kfi_key_at(keys, i, text) == set.keys[i].size, i);
        EXPECT(!set.keys[i].size || !memcmp(text, set.keys[i].data, set.keys[i].size), i);
        if (keys->parameters.root_kind == KFI_ROOT_CONTAINER) check_way(i);
    }
    for (unsigned beyond = 0; beyond < 70; beyond++)
        EXPECT(kfi_key_at(keys, set.count + beyond, text) == SIZE_MAX || !set.count, beyond);
    close_shape();
}
END_TEST

/* A dictionary without containers has the empty key or none. */
START_TEST(by_rank__no_containers)
{
    open_shape(1, 0);
    ck_assert_uint_eq(kfi_key_at(keys, 0, text), 0);
    ck_assert_uint_eq(kfi_key_at(keys, 1, text), SIZE_MAX);
    close_shape();
}
END_TEST

/* Keys that are longer than the header says are refused, and no byte is written behind the room for the longest. */
START_TEST(by_rank__longest_key_that_lies)
{
    open_shape((unsigned)_i, 6);
    kfi_keys lying = *keys;
    for (uint32_t less = 0; less <= keys->longest_key; less += 1 + less / 2) {
        const uint32_t longest = keys->longest_key - less;
        lying.longest_key = longest;
        uint8_t *exact = malloc(longest + 2 * KFI_TOKEN_MAX);
        for (size_t i = 0; i < set.count; i += 1 + set.count / 50) {
            const size_t size = kfi_key_at(&lying, i, exact);
            /* One that is not too long may follow from one that is. */
            EXPECT(size == SIZE_MAX || (size == set.keys[i].size && size <= longest), i);
            if (longest == keys->longest_key) EXPECT(size == set.keys[i].size, i);
        }
        free(exact);
    }
    close_shape();
}
END_TEST

static void ask(const kfi_keys *k, unsigned round)
{
    for (unsigned i = 0; i < 20; i++) {
        const size_t size = kfi_key_at(k, set_below(&set, set.count), text);
        EXPECT(size == SIZE_MAX || size <= k->longest_key, round);
        count_answer(size == SIZE_MAX);
    }
}

START_TEST(by_rank__damage)
{
    ask_damaged((unsigned)_i, ask);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("by_rank");
    TCase *t = tcase_create("by_rank");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, by_rank__all, 0, SHAPES);
    tcase_add_test(t, by_rank__no_containers);
    suite_add_cases(t, by_rank__longest_key_that_lies, 4, 16);
    suite_add_cases(t, by_rank__damage, 6, 16);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
