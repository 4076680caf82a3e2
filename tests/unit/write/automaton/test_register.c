/* The register of states against a table that forgets nothing: exact while it fits its memory, and what it may forget
 * beyond that. */
#include "write/automaton/register.h"

#include "suite.h"

#include <math.h>

enum { SLOT = 24, LEAST_SLOTS = 1 << 10, MOST = 1 << 14 };

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/* Some agree in one half, or in the bits that a slot is found by. */
static kfi_fingerprint fingerprint(uint64_t n)
{
    switch (n % 4) {
    case 0: return (kfi_fingerprint){ mix(n / 64), mix(n) };
    case 1: return (kfi_fingerprint){ mix(n), 77 };
    case 2: return (kfi_fingerprint){ n << 32 | mix(n / 64) >> 32, n };
    default: return (kfi_fingerprint){ mix(n), mix(n + 1) };
    }
}

/* ---- the model ------------------------------------------------------------------------------------ */

static struct { uint64_t id, used; int entered; } known[MOST];
static uint64_t uses, ids, distinct;

static void start(kfi_register **reg, uint64_t memory)
{
    memset(known, 0, sizeof known);
    uses = ids = distinct = 0;
    ck_assert_int_eq(kfi_register_create(reg, memory, NULL), KF_OK);
}

/* What is found has the id that it was given last. */
static void enter(kfi_register *reg, uint64_t n, int must_be_found)
{
    int found;
    uint64_t id;
    ck_assert_int_eq(kfi_register_enter(reg, fingerprint(n), mix(mix(n)), ids, &found, &id, NULL), KF_OK);
    if (found) {
        ck_assert_int_eq(known[n].entered, 1);
        ck_assert_uint_eq(id, known[n].id);
    } else {
        ck_assert_int_eq(must_be_found, 0);
        ck_assert_uint_eq(id, ids);
        distinct += !known[n].entered;
        known[n].entered = 1;
        known[n].id = ids++;
    }
    known[n].used = ++uses;
}

/* ---- tests ---------------------------------------------------------------------------------------- */

START_TEST(register__exact)
{
    kfi_register *reg;
    start(&reg, 64 << 20);
    for (uint64_t i = 0; i < 3 * MOST; i++) {
        uint64_t n = mix(i) % MOST;
        enter(reg, n, known[n].entered);
        if (i % 997 == 0) ck_assert_uint_eq(kfi_register_distinct(reg), distinct);
    }
    ck_assert_int_eq(kfi_register_is_exact(reg), 1);
    ck_assert_uint_eq(kfi_register_distinct(reg), distinct);
    ck_assert_uint_eq(ids, distinct);
    kfi_register_destroy(&reg);
    ck_assert_ptr_null(reg);
}
END_TEST

/* Two generations, each of three quarters of a table; while one is made larger there are three halves. */
START_TEST(register__uses_its_memory)
{
    for (uint64_t slots = LEAST_SLOTS; slots <= 1 << 13; slots *= 2) {
        kfi_register *reg;
        const uint64_t fits = 2 * (slots / 4 * 3);
        start(&reg, slots == LEAST_SLOTS ? 0 : 3 * SLOT * slots);
        for (uint64_t n = 0; n < fits; n++) enter(reg, n, 0);
        ck_assert_int_eq(kfi_register_is_exact(reg), 1);
        for (uint64_t n = fits / 2; n < fits; n++) enter(reg, n, 1);
        ck_assert_int_eq(kfi_register_is_exact(reg), 1);
        enter(reg, fits, 0);
        ck_assert_int_eq(kfi_register_is_exact(reg), 0);
        enter(reg, 0, 0);   /* was in the generation that was dropped */
        ck_assert_uint_eq(distinct, fits + 1);
        ck_assert_uint_eq(ids, fits + 2);
        kfi_register_destroy(&reg);
    }
}
END_TEST

/* With too little memory it finds what was among the last that it can hold, and nothing that it has not. */
START_TEST(register__forgets_what_was_not_used_lately)
{
    enum { HELD = LEAST_SLOTS / 4 * 3, ALL = 6000 };
    static uint64_t order[60001];   /* of use: order[u] was used as number u */
    kfi_register *reg;
    start(&reg, 0);
    for (uint64_t i = 0; i < 60000; i++) {
        /* Some are used often, some seldom. */
        uint64_t n = mix(i) % (mix(i + MOST) % ALL + 1), between = 0;
        if (known[n].entered)
            for (uint64_t u = known[n].used + 1; u <= uses && between < HELD; u++)
                between += known[order[u]].used == u;   /* its last use: counts once */
        enter(reg, n, known[n].entered && between < HELD);
        order[uses] = n;
    }
    ck_assert_int_eq(kfi_register_is_exact(reg), 0);
    ck_assert_uint_gt(ids, distinct + 1000);
    /* 0.8 % standard error */
    ck_assert(fabs((double)kfi_register_distinct(reg) / (double)distinct - 1) < 0.04);
    kfi_register_destroy(&reg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("register");
    TCase *t = tcase_create("register");
    tcase_add_test(t, register__exact);
    tcase_add_test(t, register__uses_its_memory);
    tcase_add_test(t, register__forgets_what_was_not_used_lately);
    suite_add_tcase(s, t);
    return suite_run(s);
}
