/* The way that processors of 32 bits go, against the compiler's own numbers of 128 bits, where it has them. */
#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 number;
#undef __SIZEOF_INT128__
#define HAS_NUMBERS
#endif

#include "base/wide.h"

#include "random.h"
#include "suite.h"

/* Numbers of any width. */
static uint64_t drawn(void) { return random64() >> random64() % 64; }

START_TEST(wide__known)
{
    uint64_t rest;
    const kfi_wide most = kfi_wide_product(UINT64_MAX, UINT64_MAX);
    ck_assert(most.high == UINT64_MAX - 1 && most.low == 1);
    ck_assert(kfi_wide_divide(most, UINT64_MAX, &rest) == UINT64_MAX && rest == 0);
    ck_assert(kfi_wide_add((kfi_wide){ 3, UINT64_MAX }, 1).high == 4);
    ck_assert(kfi_wide_shifted(3, 64).high == 3 && kfi_wide_shifted(3, 63).high == 1);
    ck_assert(kfi_wide_shifted(3, 0).low == 3);
    ck_assert_int_eq(kfi_wide_compare((kfi_wide){ 1, 0 }, (kfi_wide){ 0, 5 }), 1);
    ck_assert_int_eq(kfi_wide_compare((kfi_wide){ 1, 0 }, (kfi_wide){ 1, 5 }), -1);
    ck_assert_int_eq(kfi_wide_compare((kfi_wide){ 1, 5 }, (kfi_wide){ 1, 5 }), 0);
    ck_assert(kfi_wide_share(7, 10, 4) == 17 && kfi_wide_share_up(7, 10, 4) == 18 && kfi_wide_share_up(6, 2, 4) == 3);
}
END_TEST

#ifdef HAS_NUMBERS
START_TEST(wide__any)
{
    for (unsigned i = 0; i < 200000; i++) {
        const uint64_t a = drawn(), b = drawn(), divisor = drawn() | 1;
        const number product = (number)a * b;
        uint64_t rest;
        const kfi_wide w = kfi_wide_product(a, b);
        HOLDS(w.high == (uint64_t)(product >> 64) && w.low == (uint64_t)product);
        const unsigned shift = (unsigned)(random64() % 128);
        const kfi_wide s = kfi_wide_shifted(a, shift);
        HOLDS(s.high == (uint64_t)((number)a << shift >> 64) && s.low == (uint64_t)((number)a << shift));
        if (w.high >= divisor) continue;
        HOLDS(kfi_wide_divide(w, divisor, &rest) == (uint64_t)(product / divisor));
        HOLDS(rest == (uint64_t)(product % divisor));
    }
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("wide");
    TCase *wide = tcase_create("wide");
    tcase_add_test(wide, wide__known);
#ifdef HAS_NUMBERS
    tcase_add_test(wide, wide__any);
#endif
    suite_add_tcase(suite, wide);
    return suite_run(suite);
}
