/* The guided walk against a filter of all keys, under random automata: with states that are dead, bounds below the
 * cutoff, labels that are few and many, transitions that are filled in on the way and states that are forgotten. */
#include "read/search/hunt.h"

#include "scratch.h"
#include "shapes.h"
#include "model.h"
#include "damaged_shape.h"
#include "suite.h"

enum { STATES = 9, CLASSES = 6, ROW = KFI_GUIDE_NEXT + CLASSES };

/* State 0 is dead. The guide's table begins without transitions, and `next` has them. Each time that the states are
 * forgotten all but the first one and the dead one get other rows. */
static kfi_guide guide;
static uint32_t table[STATES * ROW], rows[STATES][KFI_GUIDE_NEXT];
static unsigned next[STATES][CLASSES], row_of[STATES], state_in[STATES], first;
static uint8_t class_of[256];
static unsigned fills, forget_every, forgets;

static void forget(void)
{
    unsigned moved[STATES], count = 0;
    for (unsigned s = 1; s < STATES; s++)
        if (s != first) moved[count++] = s;
    const unsigned last = row_of[moved[count - 1]];
    for (unsigned i = count - 1; i; i--) row_of[moved[i]] = row_of[moved[i - 1]];
    row_of[moved[0]] = last;
    for (unsigned s = 0; s < STATES; s++) {
        uint32_t *row = table + row_of[s] * ROW;
        state_in[row_of[s]] = s;
        memcpy(row, rows[s], sizeof rows[s]);
        for (unsigned c = 0; c < CLASSES; c++) row[KFI_GUIDE_NEXT + c] = s ? KFI_GUIDE_UNKNOWN : KFI_GUIDE_DEAD;
    }
}

static uint32_t fill(kfi_guide *g, uint32_t state, uint8_t byte)
{
    /* Every second time while the walk steps its path again, else not before it can have done so. */
    if (forget_every && ++fills > (forgets % 2 ? g->path / 2 : forget_every + g->path)) {
        forget();
        forgets++;
        fills = 0;
        g->resets++;
        return KFI_GUIDE_DEAD;   /* means nothing */
    }
    return table[state + KFI_GUIDE_NEXT + class_of[byte]] = ROW * row_of[next[state_in[state / ROW]][class_of[byte]]];
}

static int find_labels(kfi_guide *g, uint32_t state)
{
    uint8_t *labels = (uint8_t *)&g->table[state + KFI_GUIDE_LABELS];
    unsigned count = 0;
    for (unsigned b = 0; b < 256; b++) {
        if (!next[state_in[state / ROW]][class_of[b]]) continue;
        if (++count > KFI_GUIDE_FEW) break;
        labels[count] = (uint8_t)b;
    }
    labels[0] = (uint8_t)(count > KFI_GUIDE_FEW ? KFI_GUIDE_MANY : count);
    return 1;
}

/* `rare`: bytes of keys have few in a class, so that labels are few. One of `accepting` states accepts: where few keys
 * are wanted, much is barren. */
static void make_guide(int rare, size_t accepting)
{
    memset(class_of, 0, sizeof class_of);
    for (unsigned b = 0; b < 256; b++)
        class_of[b] = (uint8_t)(rare ? (set_below(&set, 40) ? 0 : 1 + set_below(&set, CLASSES - 1))
                                     : set_below(&set, CLASSES));
    for (size_t i = 0; rare && i < 8 && set.count; i++) {
        const kf_bytes key = set.keys[set_below(&set, set.count)];
        if (key.size) class_of[key.data[set_below(&set, key.size)]] = (uint8_t)(1 + set_below(&set, CLASSES - 1));
    }
    memset(rows, 0, sizeof rows);
    for (unsigned s = 0; s < STATES; s++) {
        const float bound = (float)set_below(&set, 10);
        row_of[s] = s;
        rows[s][KFI_GUIDE_INFO] = s << 1 | (s && !set_below(&set, accepting));
        memcpy(&rows[s][KFI_GUIDE_BOUND], &bound, sizeof bound);
        *(uint8_t *)&rows[s][KFI_GUIDE_LABELS] = KFI_GUIDE_LABELS_UNKNOWN;
        for (unsigned c = 0; c < CLASSES; c++) {
            const int dead = !s || (rare && !c) || !set_below(&set, 6);
            next[s][c] = dead ? 0 : 1 + (unsigned)set_below(&set, STATES - 1);
        }
    }
    first = 1 + (unsigned)set_below(&set, STATES - 1);
    forget();
    fills = 0;
    forget_every = set_below(&set, 3) ? 0 : 5 + (unsigned)set_below(&set, 60);
    guide = (kfi_guide){ .table = table, .class_of = class_of,
                         .start = ROW * row_of[first],
                         .cutoff = set_below(&set, 2) ? (float)set_below(&set, 4) : 0, .fill = fill,
                         .find_labels = find_labels };
}

/* The row of a state in the guide as it is now. */
static uint32_t place(unsigned state) { return ROW * row_of[state]; }

/* The state after a key; 0 if there is none. */
static unsigned run(kf_bytes key)
{
    unsigned state = first;
    for (size_t i = 0; i < key.size && state; i++) {
        state = next[state][class_of[key.data[i]]];
        if (kfi_guide_bound(&guide, place(state)) < guide.cutoff) state = 0;
    }
    return state;
}

static size_t hits;

static void check_hunt(kfi_hunt *h, size_t low, size_t high)
{
    kfi_hunt_begin(h, keys, &guide, low, high);
    for (size_t i = low; i < high; i++) {
        const unsigned state = run(set.keys[i]);
        if (!state || !kfi_guide_accepts(&guide, place(state))) continue;
        EXPECT(kfi_hunt_next(h) == KF_OK, i);
        EXPECT(h->ordinal == i && h->state == place(state) && h->size == set.keys[i].size, i);
        EXPECT(!h->size || !memcmp(h->path, set.keys[i].data, h->size), i);
        hits++;
    }
    EXPECT(kfi_hunt_next(h) == KF_END && kfi_hunt_next(h) == KF_END, high);
}

START_TEST(hunt__all)
{
    const kfi_search_variant *variants[3];
    const size_t count = model_variants(variants);
    kfi_hunt h;
    hits = 0;
    open_shape((unsigned)_i, 1);
    ck_assert_int_eq(kfi_hunt_create(&h, keys->longest_key), KF_OK);
    for (unsigned round = 0; round < (_i == 16 ? 4 : 40); round++) {
        make_guide(round % 2, round % 8 < 6 ? 2 : 12);
        size_t low = set_below(&set, set.count + 1), high = low + set_below(&set, set.count - low + 1);
        if (round % 4 == 0) low = 0, high = set.count;
        for (size_t k = 0; k < count; k++) {
            h.variant = variants[k];
            if (!forget_every) forget();
            check_hunt(&h, low, high);
        }
    }
    kfi_hunt_destroy(&h);
    if (_i > 3 && _i != 12) ck_assert_uint_gt(hits, 0);   /* 12 has a key or two */
    close_shape();
}
END_TEST

/* Containers that many jumps lead to, with states that differ, of which some are barren from the first label on. */
START_TEST(hunt__shared)
{
    const kfi_search_variant *variants[3];
    const size_t count = model_variants(variants);
    FOR_SEEDS(seed, 12) {
        kfi_hunt h;
        open_shape(8 + seed % 3, seed);
        ck_assert_int_eq(kfi_hunt_create(&h, keys->longest_key), KF_OK);
        h.work = KFI_HUNT_BARREN_WORK;
        for (unsigned round = 0; round < 60; round++) {
            make_guide(round % 8 == 7, 2 + round % 12);
            const size_t low = round % 3 ? 0 : set_below(&set, set.count + 1);
            for (size_t k = 0; k < count; k++) {
                h.variant = variants[k];
                if (!forget_every) forget();
                check_hunt(&h, low, set.count);
            }
        }
        kfi_hunt_destroy(&h);
        close_shape();
    }
}
END_TEST

/* The walk ends where the work does, and can set out again. */
START_TEST(hunt__work_limit)
{
    kfi_hunt h;
    open_shape(18, 1);
    ck_assert_int_eq(kfi_hunt_create(&h, keys->longest_key), KF_OK);
    make_guide(0, 2);
    kf_status status;
    uint64_t whole;
    do {   /* an automaton that has something to do */
        make_guide(0, 2);
        forget_every = 0;
        h.work = 0;
        kfi_hunt_begin(&h, keys, &guide, 0, set.count);
        while (!(status = kfi_hunt_next(&h))) {}
        ck_assert_int_eq(status, KF_END);
        whole = h.work;
    } while (whole < 200);
    h.work = 0;
    h.work_limit = whole / 2;
    kfi_hunt_begin(&h, keys, &guide, 0, set.count);
    while (!(status = kfi_hunt_next(&h))) {}
    ck_assert_int_eq(status, KF_LIMIT);
    ck_assert_uint_lt(h.work, whole);
    ck_assert_int_eq(kfi_hunt_next(&h), KF_END);
    h.work_limit = UINT64_MAX;
    check_hunt(&h, 0, set.count);
    kfi_hunt_destroy(&h);
    close_shape();
}
END_TEST

static void ask(const kfi_keys *k, unsigned round)
{
    kfi_hunt h;
    kf_status status;
    uint64_t least = 0;
    make_guide(round % 2, 2);
    ck_assert_int_eq(kfi_hunt_create(&h, k->longest_key), KF_OK);
    kfi_hunt_begin(&h, k, &guide, 0, set.count);
    while (!(status = kfi_hunt_next(&h))) {
        EXPECT(h.ordinal >= least && h.ordinal < set.count && h.size <= k->longest_key, round);
        least = h.ordinal + 1;
    }
    EXPECT(status == KF_END || status == KF_CORRUPT, status);
    count_answer(status == KF_CORRUPT);
    kfi_hunt_destroy(&h);
}

START_TEST(hunt__damage)
{
    ask_damaged((unsigned)_i, ask);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hunt");
    TCase *t = tcase_create("hunt");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, hunt__all, 0, SHAPES);
    tcase_add_test(t, hunt__shared);
    tcase_add_test(t, hunt__work_limit);
    suite_add_cases(t, hunt__damage, 6, 16);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
