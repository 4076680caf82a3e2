/* States against the ranges of a sorted array: every state of every dictionary. */
#include "read/dict.h"
#include "read/keys/state.h"

#include "scratch.h"
#include "shapes.h"
#include "damage.h"
#include "suite.h"

static key_set set;
static kf_dict *dict;
static unsigned shape_now;
static uint64_t seed_now;

#define EXPECT(condition, i) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u seed %d at %zu of %zu", #condition, shape_now, (int)seed_now, \
                         (size_t)(i), set.count); \
    } while (0)

typedef struct open_state {
    kfi_state state;
    kfi_children children;
    size_t next;              /* the key with which the next child should begin */
    int last;                 /* the label before */
} open_state;

static void check_state(const kfi_state *s, size_t low, size_t size)
{
    EXPECT(s->ordinal == low && kfi_state_size(s) == size, low);
    EXPECT(s->keys == set_prefix_end(&set, (kf_bytes){ set.keys[low].data, size }) - low, low);
    EXPECT(s->final == (set.keys[low].size == size), low);
}

/* By label, those that are there and one that may not be. */
static void check_child(kfi_states *states, const kfi_state *s, uint8_t label, const kfi_state *child)
{
    kfi_state found;
    uint8_t text[1] = { (uint8_t)set_below(&set, 256) };
    EXPECT(kfi_state_child(states, s, label, &found) == KF_OK, s->ordinal);
    EXPECT(found.ordinal == child->ordinal && found.keys == child->keys, s->ordinal);
    EXPECT(found.final == child->final, s->ordinal);
    if (set_below(&set, 4)) return;
    kf_status status = kfi_state_child(states, s, text[0], &found);
    size_t size = kfi_state_size(s);
    int there = 0;
    for (size_t i = (size_t)s->ordinal; i < s->ordinal + s->keys; i++)
        there |= set.keys[i].size > size && set.keys[i].data[size] == text[0];
    EXPECT(status == (there ? KF_OK : KF_NOT_FOUND), s->ordinal);
}

static size_t visit_all(kfi_states *states)
{
    size_t height = 1, capacity = 1024, visited = 1;
    open_state *stack = malloc(capacity * sizeof *stack);
    stack[0] = (open_state){ .next = 0, .last = -1 };
    EXPECT(kfi_state_root(states, &stack[0].state) == KF_OK, 0);
    if (set.count) {
        check_state(&stack[0].state, 0, 0);
        stack[0].next = (size_t)stack[0].state.final;
    }
    while (height) {
        open_state *top = &stack[height - 1];
        kfi_state child;
        uint8_t label;
        kf_status status = kfi_state_next(states, &top->state, &top->children, &label, &child);
        if (status == KF_END) {
            EXPECT(top->next == top->state.ordinal + top->state.keys, top->next);
            height--;
            continue;
        }
        size_t size = kfi_state_size(&top->state), low = top->next;
        EXPECT(status == KF_OK && low < set.count, low);
        EXPECT(label > top->last && set.keys[low].size > size && set.keys[low].data[size] == label, low);
        check_state(&child, low, size + 1);
        if (visited % 8 == 0 || size < 3) check_child(states, &top->state, label, &child);
        visited++;
        top->last = label;
        top->next += (size_t)child.keys;
        if (height == capacity) stack = realloc(stack, (capacity *= 2) * sizeof *stack);
        stack[height++] = (open_state){ .state = child, .next = low + (size_t)child.final, .last = -1 };
    }
    free(stack);
    return visited;
}

START_TEST(state__all)
{
    FOR_SEEDS(seed, rounds_of(12)) {
        kfi_states states;
        kf_error error;
        shape_now = (unsigned)_i;
        seed_now = seed;
        set_make(&set, shape_now, seed, 1);
        set_build(&set, "state.kf", KF_VALUES_NONE);
        kf_status status = kf_dict_open(&dict, scratch_path("state.kf"), NULL, &error);
        ck_assert_msg(!status, "%s", error.message);
        ck_assert_int_eq(kfi_states_create(&states, &dict->keys), KF_OK);
        size_t visited = visit_all(&states);
        if (set.count) ck_assert_uint_gt(visited, set.keys[set.count - 1].size);
        kfi_states_destroy(&states);
        kf_dict_close(&dict);
        set_free(&set);
        if (_i == 16 && seed == 2) break;
    }
}
END_TEST

/* Random ways down a damaged file. */
static void descend(kfi_states *states)
{
    kfi_state s, child;
    uint8_t label;
    if (kfi_state_root(states, &s)) return;
    for (;;) {
        kfi_children c = KFI_CHILDREN_INIT;
        size_t which = set_below(&set, 4), n = 0;
        kf_status status;
        EXPECT(kfi_state_size(&s) <= states->keys->longest_key, 0);
        while (!(status = kfi_state_next(states, &s, &c, &label, &child)) && n < which) n++;
        EXPECT(status == KF_OK || status == KF_END || status == KF_CORRUPT, status);
        if (status == KF_CORRUPT || (status && !n)) return;
        if (set_below(&set, 2)) label = (uint8_t)set_below(&set, 256);
        status = kfi_state_child(states, &s, label, &s);
        if (status == KF_NOT_FOUND) s = child;
        else if (status) return;
    }
}

START_TEST(state__damage)
{
    shape_now = (unsigned)_i;
    set_make(&set, shape_now, 7, 1);
    set_build(&set, "state.kf", KF_VALUES_NONE);
    damage_load("state.kf");
    for (uint64_t round = 0; round < rounds_of(150); round++) {
        kfi_keys keys;
        kfi_states states;
        damage(&set);
        if (!kfi_keys_open(&keys, file, &header, NULL)) {
            ck_assert_int_eq(kfi_states_create(&states, &keys), KF_OK);
            for (int n = 0; n < 20; n++) descend(&states);
            kfi_states_destroy(&states);
        }
        damage_undo();
    }
    damage_free();
    set_free(&set);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("state");
    TCase *t = tcase_create("state");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    tcase_add_loop_test(t, state__all, 0, SHAPES);
    tcase_add_loop_test(t, state__damage, 4, SHAPES);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
