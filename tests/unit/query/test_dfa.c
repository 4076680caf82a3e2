/* The table that fills itself against the automaton stepped directly: with room for all states, with hardly any,
 * and without memory. */
#include "query/dfa.h"

#include <keyfold/keyfold.h>

#include "fault.h"
#include "suite.h"

#include <errno.h>
#include <math.h>

#define EXPECT(condition, ...) do { if (!(condition)) ck_abort_msg(#condition ": " __VA_ARGS__); } while (0)

static uint64_t random_state;

static unsigned below(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

/* ---- an automaton whose every state is known ------------------------------------------------------ */

/* A state is a number 1 .. STATES; from number n, the first n % 10 of ten letters go on and any other byte does
 * only where n % 11 is 0. */
enum { STATES = 500, LETTERS = 10, FIRST = 23 };

typedef enum knowledge { NO_LABELS, LABELS_UNKNOWN, LABELS_KNOWN } knowledge;

typedef struct toy {
    kf_query query;
    knowledge knowledge;
    int dead;                   /* the start is */
} toy;

static const uint8_t letters[LETTERS + 1] = "zbydxaw\xff\x01" "c";

static size_t put_number(uint8_t *to, uint32_t number)
{
    memcpy(to, &number, sizeof number);
    return sizeof number;
}

static uint32_t get_number(const uint8_t *state)
{
    uint32_t number;
    memcpy(&number, state, sizeof number);
    return number;
}

static size_t toy_start(const kf_query *query, void *scratch, uint8_t *to)
{
    (void)scratch;
    return ((const toy *)query)->dead ? 0 : put_number(to, FIRST);
}

static size_t toy_step(const kf_query *query, const uint8_t *from, size_t size, uint8_t byte, void *scratch,
                       uint8_t *to)
{
    (void)query, (void)size, (void)scratch;
    uint32_t number = get_number(from);
    const uint8_t *letter = memchr(letters, byte, LETTERS);
    uint32_t which = letter ? (uint32_t)(letter - letters) : LETTERS;
    if (letter ? which >= number % 10 : number % 11 != 0) return 0;
    return put_number(to, 1 + (number * 7 + which * 31) % STATES);
}

static void toy_judge(const kf_query *query, const uint8_t *state, size_t size, kfi_verdict *verdict)
{
    (void)query, (void)size;
    uint32_t number = get_number(state);
    *verdict = (kfi_verdict){ .accepts = number % 3 ? 0 : 6, .distance = number * 5, .score = number / 1000.0,
                              .bound = (float)number };
}

static int toy_labels(const kf_query *query, const uint8_t *state, size_t size, uint8_t labels[KFI_GUIDE_FEW])
{
    (void)size;
    uint32_t number = get_number(state), count = number % 10;
    if (((const toy *)query)->knowledge == LABELS_UNKNOWN || number % 11 == 0 || count > KFI_GUIDE_FEW) return -1;
    memcpy(labels, letters, count);
    return (int)count;
}

static const kfi_query_class with_labels = { toy_start, toy_step, toy_judge, toy_labels, NULL, NULL };
static const kfi_query_class without_labels = { toy_start, toy_step, toy_judge, NULL, NULL, NULL };

static toy *toy_create(knowledge known)
{
    toy *t = calloc(1, sizeof *t);
    uint32_t signature[256] = { 0 };
    for (unsigned i = 0; i < LETTERS; i++) signature[letters[i]] = i + 1;
    t->knowledge = known;
    kfi_query_init(&t->query, known == NO_LABELS ? &without_labels : &with_labels, sizeof(uint32_t), 0, signature);
    return t;
}

/* ---- the table and the automaton ------------------------------------------------------------------ */

typedef struct lone {           /* the automaton, stepped directly */
    uint8_t *at, *next, *scratch;
    size_t size;
} lone;

static lone lone_start(const kf_query *query)
{
    lone l = { malloc(query->state_size + 1), malloc(query->state_size + 1), malloc(query->scratch_size + 1), 0 };
    l.size = query->class->start(query, l.scratch, l.at);
    return l;
}

static void lone_free(lone *l)
{
    free(l->at);
    free(l->next);
    free(l->scratch);
}

static void lone_step(const kf_query *query, lone *l, uint8_t byte)
{
    if (l->size) l->size = query->class->step(query, l->at, l->size, byte, l->scratch, l->next);
    uint8_t *swapped = l->at;
    l->at = l->next;
    l->next = swapped;
}

/* As a walk does it: when all states are forgotten, the path is stepped again. */
static uint32_t table_after(kfi_dfa *d, const uint8_t *text, size_t size)
{
    kfi_guide *g = &d->guide;
    uint32_t state = g->start;
    unsigned again = 0;
    for (size_t i = 0; i < size && state != KFI_GUIDE_DEAD; i++) {
        uint32_t resets = g->resets, next = g->table[state + KFI_GUIDE_NEXT + g->class_of[text[i]]];
        g->path = i;
        if (next == KFI_GUIDE_UNKNOWN) next = g->fill(g, state, text[i]);
        if (next == KFI_GUIDE_FAILED) return next;
        if (g->resets != resets) {
            /* What the path needs is kept: it is not stepped again for ever. */
            EXPECT(g->resets == resets + 1 && ++again <= size, "%u times", again);
            state = g->start;
            i = SIZE_MAX;
        } else {
            EXPECT(g->table[state + KFI_GUIDE_NEXT + g->class_of[text[i]]] == next, "not kept");
            state = next;
        }
    }
    return state;
}

static void check_state(const kfi_dfa *d, uint32_t state, const lone *l)
{
    const kfi_guide *g = &d->guide;
    kfi_verdict verdict = { 0 };
    if (l->size) d->query->class->judge(d->query, l->at, l->size, &verdict);
    int alive = l->size && verdict.bound >= g->cutoff;
    EXPECT((state != KFI_GUIDE_DEAD) == alive, "state %u", state);
    if (!alive) return;
    const kfi_dfa_row *row = &d->row[kfi_guide_row(g, state)];
    EXPECT(kfi_guide_row(g, state) > 0 && kfi_guide_row(g, state) * d->stride == state, "state %u", state);
    EXPECT(row->size == l->size && !memcmp(d->contents.data + row->content, l->at, l->size), "state %u", state);
    EXPECT(kfi_guide_accepts(g, state) == (verdict.accepts != 0), "state %u", state);
    EXPECT(kfi_guide_bound(g, state) == verdict.bound, "state %u", state);
    EXPECT(kfi_dfa_distance(d, state) == verdict.distance && kfi_dfa_score(d, state) == verdict.score,
           "state %u", state);
}

/* The bytes that lead on from a state, ascending; -1: too many, or a class of several bytes leads on. */
static int labels_by_trying(const kfi_dfa *d, const lone *l, uint8_t *found)
{
    int count = 0;
    uint8_t *next = malloc(d->query->state_size + 1);
    for (unsigned b = 0; b < 256 && count >= 0; b++) {
        kfi_verdict verdict = { 0 };
        size_t size = d->query->class->step(d->query, l->at, l->size, (uint8_t)b, l->scratch, next);
        if (size) d->query->class->judge(d->query, next, size, &verdict);
        if (!size || verdict.bound < d->guide.cutoff) continue;
        unsigned alike = 0;
        for (unsigned other = 0; other < 256; other++) alike += d->query->class_of[other] == d->query->class_of[b];
        if (alike > 1 || count == KFI_GUIDE_FEW) count = -1;
        else found[count++] = (uint8_t)b;
    }
    free(next);
    return count;
}

static int compare_bytes(const void *a, const void *b) { return *(const uint8_t *)a - *(const uint8_t *)b; }

/* What the class knows is taken; else the table tries. */
static void check_labels(kfi_dfa *d, uint32_t state, const lone *l)
{
    kfi_guide *g = &d->guide;
    uint8_t want[KFI_GUIDE_FEW + 1] = { 0 };
    uint32_t resets = g->resets;
    int count;
    if (d->query->class->labels) {
        count = d->query->class->labels(d->query, l->at, l->size, want);
        qsort(want, count < 0 ? 0 : (size_t)count, 1, compare_bytes);
    } else {
        if (kfi_guide_labels(g, state)[0] == KFI_GUIDE_LABELS_UNKNOWN) EXPECT(g->find_labels(g, state), "no memory");
        if (g->resets != resets) return;
        count = labels_by_trying(d, l, want);
    }
    const uint8_t *found = kfi_guide_labels(g, state);
    EXPECT(found[0] == (count < 0 ? KFI_GUIDE_MANY : count), "%d labels, told of %u", count, found[0]);
    if (count < 0) return;
    EXPECT(!memcmp(found + 1, want, (size_t)count), "other labels, or another order");
    for (int i = count; i < KFI_GUIDE_FEW; i++) EXPECT(!found[1 + i], "label %d is set", i);
}

/* Texts that mostly stay alive. */
static size_t draw_text(const kf_query *query, const uint8_t *alphabet, unsigned size_of_alphabet, uint8_t *text,
                        size_t most)
{
    lone l = lone_start(query);
    size_t size = 0;
    while (size < most && l.size) {
        uint8_t *kept = malloc(l.size);
        size_t kept_size = l.size;
        memcpy(kept, l.at, l.size);
        for (int attempt = 0; attempt < 6; attempt++) {
            text[size] = below(20) ? alphabet[below(size_of_alphabet)] : (uint8_t)below(256);
            memcpy(l.at, kept, kept_size);
            l.size = kept_size;
            lone_step(query, &l, text[size]);
            if (l.size) break;
        }
        size++;
        free(kept);
    }
    lone_free(&l);
    return size;
}

static void compare(kfi_dfa *d, const uint8_t *alphabet, unsigned size_of_alphabet, unsigned rounds, size_t most)
{
    uint8_t text[64];
    for (unsigned round = 0; round < rounds; round++) {
        size_t size = draw_text(d->query, alphabet, size_of_alphabet, text, most);
        lone l = lone_start(d->query);
        for (size_t n = 0; n <= size; n++) {
            if (n) lone_step(d->query, &l, text[n - 1]);
            uint32_t state = table_after(d, text, n);
            EXPECT(state != KFI_GUIDE_FAILED, "no memory");
            kfi_verdict verdict = { 0 };
            if (l.size) d->query->class->judge(d->query, l.at, l.size, &verdict);
            if (verdict.bound < d->guide.cutoff) break;       /* from there on it differs */
            check_state(d, state, &l);
            if (l.size && below(2)) check_labels(d, state, &l);
        }
        lone_free(&l);
    }
}

static kfi_dfa *create(const kf_query *query, uint64_t memory_limit)
{
    static kfi_dfa d;
    ck_assert_int_eq(kfi_dfa_create(&d, query, memory_limit), KF_OK);
    return &d;
}

START_TEST(dfa__toy)
{
    toy *t = toy_create((knowledge)_i);
    kf_query *query = &t->query;
    kfi_dfa *d = create(query, KFI_DFA_MEMORY);
    kf_query_destroy(&query);              /* the table holds it */
    random_state = 7;
    compare(d, letters, LETTERS, 600, 20);
    /* Equal contents are one state: there are no more rows than states. */
    ck_assert_uint_eq(d->guide.resets, 0);
    ck_assert_uint_gt(d->rows, 100);
    ck_assert_uint_le(d->rows, STATES + 1);
    for (uint32_t row = 1; row < d->rows; row++)
        for (uint32_t other = 1; other < row; other++)
            ck_assert(memcmp(d->contents.data + d->row[row].content, d->contents.data + d->row[other].content, 4));
    kfi_dfa_destroy(d);
}
END_TEST

/* With little room states are forgotten, what is found stays the same, and the limit is kept and made use of. */
START_TEST(dfa__forgets)
{
    static const uint64_t limits[] = { 1, 12000, 20000 };
    enum { LENGTH = 8, KEPT = 2 * LENGTH + 33 };      /* rows that are kept in any case */
    toy *t = toy_create(NO_LABELS);
    kf_query *query = &t->query;
    kfi_dfa *d = create(query, limits[_i]);
    const uint64_t row = d->stride * 4 + sizeof *d->row + 2 * sizeof *d->slots + sizeof(uint32_t), limit = limits[_i];
    uint64_t most = 0;
    uint8_t text[64];
    random_state = 3;
    compare(d, letters, LETTERS, 100, 40);
    ck_assert_uint_gt(d->guide.resets, 1);
    for (unsigned round = 0; round < 3000; round++) {
        size_t size = draw_text(query, letters, LETTERS, text, LENGTH);
        ck_assert_uint_ne(table_after(d, text, size), KFI_GUIDE_FAILED);
        if (d->rows * row > most) most = d->rows * row;
        ck_assert_uint_le(d->rows * row, limit > KEPT * row ? limit + row : KEPT * row);
    }
    ck_assert_uint_gt(most + 2 * row, limit);
    ck_assert_uint_gt(most, 33 * row);
    kfi_dfa_destroy(d);
    kf_query_destroy(&query);
}
END_TEST

/* A long path is kept although it takes more than the limit. */
START_TEST(dfa__long_path)
{
    toy *t = toy_create(NO_LABELS);
    kf_query *query = &t->query;
    kfi_dfa *d = create(query, 1);
    uint8_t text[64];
    size_t size;
    random_state = 5;
    do size = draw_text(query, letters, LETTERS, text, 60); while (size < 50);
    lone l = lone_start(query);
    for (size_t n = 0; n < size; n++) lone_step(query, &l, text[n]);
    check_state(d, table_after(d, text, size), &l);
    uint32_t resets = d->guide.resets;
    check_state(d, table_after(d, text, size), &l);
    ck_assert_uint_eq(d->guide.resets, resets);
    lone_free(&l);
    kfi_dfa_destroy(d);
    kf_query_destroy(&query);
}
END_TEST

/* What is worse than the cutoff is dead, at the start too. */
START_TEST(dfa__cutoff)
{
    toy *t = toy_create(NO_LABELS);
    kf_query *query = &t->query;
    kfi_dfa *d = create(query, _i ? 6000 : KFI_DFA_MEMORY);
    random_state = 11;
    d->guide.cutoff = FIRST;
    compare(d, letters, LETTERS, 300, 20);
    d->guide.cutoff = nextafterf(FIRST, INFINITY);
    if (_i) {                              /* when it is made again */
        uint32_t resets = d->guide.resets;
        for (unsigned round = 0; round < 3000 && d->guide.start != KFI_GUIDE_DEAD; round++) {
            uint8_t text[64];
            (void)table_after(d, text, draw_text(query, letters, LETTERS, text, 20));
        }
        ck_assert_uint_eq(d->guide.start, KFI_GUIDE_DEAD);
        ck_assert_uint_eq(d->guide.resets, resets + 1);
    }
    kfi_dfa_destroy(d);
    t->dead = 1;
    d = create(query, KFI_DFA_MEMORY);
    ck_assert_uint_eq(d->guide.start, KFI_GUIDE_DEAD);
    kfi_dfa_destroy(d);
    kf_query_destroy(&query);
}
END_TEST

START_TEST(dfa__no_memory)
{
    toy *t = toy_create(NO_LABELS);
    kf_query *query = &t->query;
    kfi_dfa d;
    uint8_t text[64];
    uint64_t n;
    fault_mark();
    for (n = 1; ; n++) {
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_FROM);
        kf_status status = kfi_dfa_create(&d, query, KFI_DFA_MEMORY);
        int fired = fault_fired();
        fault_off();
        if (!fired) break;
        ck_assert_msg(status == KF_NO_MEMORY, "call %d", (int)n);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_ptr_null(d.query);
    }
    ck_assert_uint_gt(n, 5);
    /* Memory comes back now and then: what failed is found all the same. */
    random_state = 13;
    unsigned failed = 0, labels_failed = 0;
    for (unsigned round = 0; round < 600; round++) {
        size_t size = draw_text(query, letters, LETTERS, text, 20);
        lone l = lone_start(query);
        for (size_t i = 0; i < size; i++) lone_step(query, &l, text[i]);
        fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_FROM);
        uint32_t state = table_after(&d, text, size);
        failed += state == KFI_GUIDE_FAILED;
        for (size_t i = 0; state == KFI_GUIDE_FAILED && i < size; i++) {
            uint32_t before = table_after(&d, text, i);
            if (before == KFI_GUIDE_FAILED) break;
            if (kfi_guide_labels(&d.guide, before)[0] == KFI_GUIDE_LABELS_UNKNOWN)
                labels_failed += !d.guide.find_labels(&d.guide, before);
        }
        fault_off();
        state = table_after(&d, text, size);
        ck_assert_uint_ne(state, KFI_GUIDE_FAILED);
        check_state(&d, state, &l);
        if (l.size) check_labels(&d, state, &l);
        lone_free(&l);
    }
    ck_assert_uint_gt(failed, 2);
    ck_assert_uint_gt(labels_failed, 0);
    kfi_dfa_destroy(&d);
    ck_assert_int_eq(fault_live(), 0);
    kf_query_destroy(&query);
}
END_TEST

/* ---- the library's queries ------------------------------------------------------------------------ */

static kf_query *make_query(int which)
{
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    kf_query *a = NULL, *b = NULL, *out = NULL;
    fuzzy.distance = 2;
    ck_assert_int_eq(kf_query_create_fuzzy(&a, "abra\xc3\xa9", 6, &fuzzy, NULL), KF_OK);
    ck_assert_int_eq(kf_query_create_regex(&b, "(a|b.)*r[ab\\x{e9}]+", 20, 0, NULL), KF_OK);
    const kf_query *both[] = { a, b };
    switch (which) {
    case 0: out = a; a = NULL; break;
    case 1: out = b; b = NULL; break;
    case 2: ck_assert_int_eq(kf_query_create_glob(&out, "a*[br]?", 7, 0, NULL), KF_OK); break;
    case 3: ck_assert_int_eq(kf_query_create_subsequence(&out, "abr", 3, 0, NULL), KF_OK); break;
    case 4: ck_assert_int_eq(kf_query_create_any(&out, both, 2, NULL), KF_OK); break;
    case 5: ck_assert_int_eq(kf_query_create_all(&out, both, 2, NULL), KF_OK); break;
    default: ck_assert_int_eq(kf_query_create_not(&out, a, NULL), KF_OK);
    }
    kf_query_destroy(&a);
    kf_query_destroy(&b);
    return out;
}

START_TEST(dfa__queries)
{
    static const uint8_t alphabet[] = "aabbrr\xc3\xa9";
    kf_query *query = make_query(_i);
    for (int little = 0; little < 2; little++) {
        kfi_dfa *d = create(query, little ? 1 : KFI_DFA_MEMORY);
        random_state = 19;
        compare(d, alphabet, sizeof alphabet - 1, 60, 16);
        kfi_dfa_destroy(d);
    }
    kf_query_destroy(&query);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dfa");
    TCase *toys = tcase_create("toy"), *queries = tcase_create("queries");
    suite_add_cases(toys, dfa__toy, 0, 3);
    suite_add_cases(toys, dfa__forgets, 0, 3);
    tcase_add_test(toys, dfa__long_path);
    suite_add_cases(toys, dfa__cutoff, 0, 2);
    tcase_add_test(toys, dfa__no_memory);
    suite_add_cases(queries, dfa__queries, 0, 7);
    suite_add_tcase(suite, toys);
    suite_add_tcase(suite, queries);
    return suite_run(suite);
}
