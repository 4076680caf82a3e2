/* The builder's automaton has exactly as many states as it must have: compared with a construction that has
 * nothing in common with it (Revuz 1992: the classes of a trie's nodes, level by level from the leaves). */
#include "write/automaton/minimise.h"

#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

/* A trie of single bytes. */
typedef struct trie_node {
    uint32_t first_child, next_sibling;   /* 0: none; the root is nobody's child */
    uint32_t height;                      /* longest way down */
    uint32_t class;                       /* nodes of equal height and class have the same right language */
    uint8_t byte, final;
} trie_node;

static trie_node *nodes;

static void trie_make(const key_set *s, size_t *count)
{
    size_t bytes = 1, longest = 0, used = 1;
    for (size_t i = 0; i < s->count; i++) {
        bytes += s->keys[i].size;
        if (s->keys[i].size > longest) longest = s->keys[i].size;
    }
    nodes = calloc(bytes, sizeof *nodes);
    uint32_t *path = calloc(longest + 1, sizeof *path);
    ck_assert(nodes && path);
    for (size_t i = 0; i < s->count; i++) {
        kf_bytes key = s->keys[i];
        size_t depth = i ? bytes_shared(key, s->keys[i - 1]) : 0;
        uint32_t sibling = i && depth < s->keys[i - 1].size ? path[depth + 1] : 0;
        for (; depth < key.size; depth++) {
            uint32_t node = (uint32_t)used++;
            nodes[node].byte = key.data[depth];
            if (sibling) nodes[sibling].next_sibling = node;
            else nodes[path[depth]].first_child = node;
            path[depth + 1] = node;
            sibling = 0;
        }
        nodes[path[key.size]].final = 1;
    }
    free(path);
    *count = used;
}

static int compare_nodes(const void *left, const void *right)
{
    const trie_node *a = &nodes[*(const uint32_t *)left], *b = &nodes[*(const uint32_t *)right];
    if (a->height != b->height) return a->height < b->height ? -1 : 1;
    if (a->final != b->final) return a->final - b->final;
    uint32_t x = a->first_child, y = b->first_child;
    for (; x && y; x = nodes[x].next_sibling, y = nodes[y].next_sibling) {
        if (nodes[x].byte != nodes[y].byte) return nodes[x].byte - nodes[y].byte;
        if (nodes[x].height != nodes[y].height) return nodes[x].height < nodes[y].height ? -1 : 1;
        if (nodes[x].class != nodes[y].class) return nodes[x].class < nodes[y].class ? -1 : 1;
    }
    return (x != 0) - (y != 0);
}

static int compare_heights(const void *left, const void *right)
{
    uint32_t a = nodes[*(const uint32_t *)left].height, b = nodes[*(const uint32_t *)right].height;
    return (a > b) - (a < b);
}

/* Whether a class is a state of its own when chains are labels: it is final and goes on, or it branches. */
static int is_state(const trie_node *n)
{
    if (!n->first_child) return 0;
    return n->final || nodes[n->first_child].next_sibling;
}

/* The number of states that the minimal path-compressed automaton of the keys has. The root counts
 * whatever it looks like; the leaf that all keys end in does not. */
static uint64_t minimal_states(const key_set *s)
{
    size_t count;
    uint64_t states = s->count > 0;
    if (!s->count) return 0;
    trie_make(s, &count);
    uint32_t *order = malloc(count * sizeof *order);
    ck_assert(order != NULL);
    /* Children come after their parents. */
    for (size_t i = count; i--;) {
        order[i] = (uint32_t)i;
        for (uint32_t c = nodes[i].first_child; c; c = nodes[c].next_sibling)
            if (nodes[c].height + 1 > nodes[i].height) nodes[i].height = nodes[c].height + 1;
    }
    qsort(order, count, sizeof *order, compare_heights);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && nodes[order[end]].height == nodes[order[begin]].height; ) end++;
        qsort(order + begin, end - begin, sizeof *order, compare_nodes);
        for (size_t i = begin; i < end; i++) {
            int same = i > begin && compare_nodes(&order[i - 1], &order[i]) == 0;
            uint32_t class = i == begin ? 0 : nodes[order[i - 1]].class + !same;
            if (!same && order[i] != 0) states += (uint64_t)is_state(&nodes[order[i]]);
            nodes[order[i]].class = class;
        }
    }
    free(order);
    free(nodes);
    return states;
}

static kf_status minimise(const key_set *s, uint64_t memory, kfi_automaton *automaton)
{
    kfi_minimiser *minimiser;
    kf_status status = kfi_minimiser_create(&minimiser, memory, scratch, NULL, NULL);
    for (size_t i = 0; !status && i < s->count; i++) status = kfi_minimiser_add(minimiser, s->keys[i], NULL);
    if (!status) status = kfi_minimiser_finish(minimiser, automaton, NULL);
    kfi_minimiser_destroy(&minimiser);
    return status;
}

/* ---- the reference itself ------------------------------------------------------------------------- */

static uint64_t states_of(const char *const *words)
{
    key_set s = { 0 };
    while (*words) set_add(&s, *words, strlen(*words)), words++;
    set_sort(&s);
    uint64_t states = minimal_states(&s);
    set_free(&s);
    return states;
}

START_TEST(minimal__reference_on_known_sets)
{
    static const char *const none[] = { NULL }, *const empty[] = { "", NULL }, *const one[] = { "abc", NULL };
    static const char *const two[] = { "ab", "cb", NULL };                  /* root; "b" is a chain */
    static const char *const shared[] = { "aed", "aing", "bed", "bing", NULL };   /* root, {ed, ing} */
    static const char *const nested[] = { "a", "ab", "b", "bb", NULL };     /* root, final + b */
    static const char *const apart[] = { "aed", "aing", "bed", "bin", NULL };     /* root, two endings */
    ck_assert_uint_eq(states_of(none), 0);
    ck_assert_uint_eq(states_of(empty), 1);
    ck_assert_uint_eq(states_of(one), 1);
    ck_assert_uint_eq(states_of(two), 1);
    ck_assert_uint_eq(states_of(shared), 2);
    ck_assert_uint_eq(states_of(nested), 2);
    ck_assert_uint_eq(states_of(apart), 3);
}
END_TEST

/* ---- exact ---------------------------------------------------------------------------------------- */

START_TEST(minimal__states_are_exact)
{
    FOR_SEEDS(seed, rounds_of(25)) {
        size_t scale = seed % 5 == 4 ? 30 : 1;
        model m = { .type = KF_VALUES_NONE };
        kf_build_report report = KF_BUILD_REPORT_INIT;
        kfi_automaton automaton = { 0 };
        if (seed > 3 && (_i < 2 || _i == 16)) break;
        set_make(&m.set, (unsigned)_i, seed + 500, scale);
        uint64_t want = minimal_states(&m.set);
        snprintf(m.name, sizeof m.name, "shape %d seed %d", _i, (int)seed);
        model_build(&m, "minimal.kf", seed + 1, 0, &report);
        ck_assert_msg(report.states == want, "%s: %llu states, not %llu", m.name,
                      (unsigned long long)report.states,
                      (unsigned long long)want);
        ck_assert_uint_eq(report.states_extra, 0);
        ck_assert_int_eq(minimise(&m.set, 64 << 20, &automaton), KF_OK);
        ck_assert_uint_eq(automaton.state_count, want);
        ck_assert_uint_eq(automaton.distinct, want);
        ck_assert_uint_eq(automaton.orphans, 0);
        ck_assert_uint_eq(automaton.keys, m.set.count);
        kfi_automaton_destroy(&automaton);
        set_free(&m.set);
    }
}
END_TEST

/* ---- a register that forgets ---------------------------------------------------------------------- */

/* Many states, half of them met again much later. */
static void make_forgettable(key_set *s, size_t heads, size_t ends)
{
    uint8_t text[64];
    *s = (key_set){ .random = 77 };
    for (size_t h = 0; h < heads; h++) {
        size_t at = (size_t)snprintf((char *)text, sizeof text, "%05u", (unsigned)h);
        uint64_t ending = mix64(h % 2 ? h / 2 % ends : h + ends);
        size_t leaves = 2 + ending % 4;
        for (size_t l = 0; l < leaves; l++) {
            uint64_t tail = mix64(ending + l);
            size_t size = at;
            for (size_t b = 0; b < 2 + tail % 3; b++)
                text[size++] = (uint8_t)('a' + (tail >> (8 * b + 8)) % 26);
            set_add(s, text, size);
        }
    }
    set_sort(s);
}

static void check_estimate(uint64_t states, uint64_t extra, uint64_t want)
{
    uint64_t distinct = states - extra;
    ck_assert_uint_gt(states, want);
    ck_assert_msg(distinct > want - want / 20 && distinct < want + want / 20,
                  "%llu states, %llu of them extra; the minimal automaton has %llu",
                  (unsigned long long)states,
                  (unsigned long long)extra, (unsigned long long)want);
}

START_TEST(minimal__forgetting_register)
{
    key_set s;
    kfi_automaton automaton = { 0 };
    make_forgettable(&s, 40000, 8000);
    uint64_t want = minimal_states(&s);
    ck_assert_int_eq(minimise(&s, 0, &automaton), KF_OK);
    uint64_t states = automaton.state_count - automaton.orphans;
    check_estimate(states, states - automaton.distinct, want);
    kfi_automaton_destroy(&automaton);
    set_free(&s);
}
END_TEST

/* The same through the builder: every answer right, the report honest, and the file the same each time. */
START_TEST(minimal__small_memory)
{
    model m = { .type = KF_VALUES_U64, .value_shape = 1, .value_seed = 5, .name = "small memory" };
    kf_build_report report = KF_BUILD_REPORT_INIT, again = KF_BUILD_REPORT_INIT;
    kf_dict *dict;
    kf_error error;
    size_t size, other_size;
    make_forgettable(&m.set, 99999, 20000);
    uint64_t want = minimal_states(&m.set);
    model_build(&m, "small.kf", 0, 16 << 20, &report);
    check_estimate(report.states, report.states_extra, want);
    ck_assert_uint_gt(report.states_extra, 0);
    model_build(&m, "again.kf", 1, 16 << 20, &again);
    ck_assert_uint_eq(report.states_extra, again.states_extra);
    uint8_t *data = scratch_read("small.kf", &size), *other = scratch_read("again.kf", &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert(!memcmp(data, other, size));
    free(data);
    free(other);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("small.kf"), NULL, &error), KF_OK);
    model_check_facts(&m, dict);
    model_check_lookups(&m, dict, 100000);
    model_check_values(&m, dict, 100000);
    model_check_ranges(&m, dict, 10);
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert_uint_eq(stat.states, report.states);
    ck_assert_uint_eq(stat.states_extra, report.states_extra);
    kf_status status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_dict_close(&dict);
    set_free(&m.set);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("minimal");
    TCase *t = tcase_create("minimal");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, minimal__reference_on_known_sets);
    suite_add_cases(t, minimal__states_are_exact, 0, SHAPES);
    tcase_add_test(t, minimal__forgetting_register);
    tcase_add_test(t, minimal__small_memory);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
