/* How tails are coded is decided by a sample of them: of the stored ones, however many keys these stand for. */
#include "scratch.h"
#include "suite.h"

#include "write/automaton/minimise.h"
#include "write/keys/plan.h"

enum { TAIL = 192 };

/* Of 2^bits keys: so many binary digits, then one of four tails, by the last two digits. */
static kfi_key_plan plan_of(unsigned bits)
{
    static const char *const words[] = { "acgtacct", "ttagcgca", "gattacag", "cgcgtata" };
    kfi_minimiser *minimiser = NULL;
    kfi_automaton automaton = { 0 };
    kfi_shared_table shared = { 0 };
    kfi_key_plan plan;
    char key[64 + TAIL], tails[4][TAIL];
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < TAIL; k++) tails[i][k] = words[(i + k / 8 * 3) % 4][k % 8];
    ck_assert_int_eq(kfi_minimiser_create(&minimiser, 16 << 20, scratch, NULL, NULL), KF_OK);
    for (uint64_t i = 0; i < (uint64_t)1 << bits; i++) {
        for (unsigned b = 0; b < bits; b++) key[b] = "ac"[i >> (bits - 1 - b) & 1];
        memcpy(key + bits, tails[i & 3], TAIL);
        ck_assert_int_eq(kfi_minimiser_add(minimiser, (kf_bytes){ (uint8_t *)key, bits + TAIL }, NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_minimiser_finish(minimiser, &automaton, NULL), KF_OK);
    ck_assert_int_eq(kfi_shared_table_create(&shared, &automaton, 4 << 20, NULL), KF_OK);
    ck_assert_int_eq(kfi_key_plan_make(&plan, &automaton, &shared, 8 << 20, KFI_EFFORT_USUAL, NULL), KF_OK);
    kfi_shared_table_free(&shared);
    kfi_automaton_destroy(&automaton);
    kfi_minimiser_destroy(&minimiser);
    return plan;
}

/* Tails of a few words are coded by tokens, although characters would do, however many keys share them. */
START_TEST(tokens_for_shared_tails)
{
    static const unsigned bits[] = { 3, 8, 12, 17 };
    kfi_key_plan plan = plan_of(bits[_i]);
    ck_assert_msg(plan.tokens && !plan.parameters.character_bits, "%u bits: characters", bits[_i]);
    kfi_key_plan_free(&plan);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, tokens_for_shared_tails, 0, 4);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
