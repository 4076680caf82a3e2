/* The sample of keys: the same of the same set, whatever the way; how good its estimate and its dividers are. */
#include "write/sort/key_sample.h"

#include "fault.h"
#include "random.h"
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SURE(condition) do { if (!(condition)) ck_abort_msg("%s", #condition); } while (0)

/* Key i of a set: 11 to 388 bytes; many begin alike, and in odd sets some in all that the sample keeps. Distinct. */
static kf_bytes draw_key(uint64_t set, uint64_t i, uint8_t room[400])
{
    uint64_t r = mix64(set * 1000003 + i);
    size_t size = r % 50 == 0 ? (set % 2 ? 380 : 230) : 3 + r % 7;
    memset(room, (int)(r >> 8) % 3, size);
    for (unsigned b = 0; b < 8; b++) room[size + b] = (uint8_t)(i >> (56 - 8 * b));
    return (kf_bytes){ room, size + 8 };
}

static void add(kfi_key_sample *sample, kf_bytes key)
{
    SURE(kfi_key_sample_add(sample, key, NULL) == KF_OK);
}

static int same(const kfi_key_sample *a, const kfi_key_sample *b)
{
    if (a->count != b->count) return 0;
    for (size_t i = 0; i < a->count; i++) {
        const kfi_sampled_key *x = &a->keys[a->slots[i]], *y = &b->keys[b->slots[i]];
        if (a->hashes[i] != b->hashes[i] || x->hash != a->hashes[i] || y->hash != x->hash) return 0;
        if (x->size != y->size || memcmp(x->prefix, y->prefix, x->size)) return 0;
        if (i && a->hashes[i - 1] >= a->hashes[i]) return 0;
    }
    return 1;
}

/* ---- the same whatever the way -------------------------------------------------------------------- */

START_TEST(same__in_any_order_and_number_and_parts)
{
    static const size_t sizes[] = { 0, 1, 2, 1000, 1023, 1024, 1025, 1500, 5000, 40000 };
    uint8_t room[400];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t n = sizes[s];
        kfi_key_sample up = { 0 }, scattered = { 0 }, whole = { 0 }, part[5] = { { 0 } };
        for (size_t i = 0; i < n; i++) add(&up, draw_key(s, i, room));
        for (uint64_t i = 0, k = 0; n && i < n; i++, k = (k + 7919) % n) {   /* 7919 is no divisor of these */
            add(&scattered, draw_key(s, k, room));
            add(&scattered, draw_key(s, mix64(i) % n, room));
            add(&part[mix64(k) % 4], draw_key(s, k, room));
            add(&part[mix64(k) % 3], draw_key(s, mix64(k) % n, room));
        }
        for (size_t p = 0; p < 5; p++) SURE(kfi_key_sample_merge(&whole, &part[4 - p], NULL) == KF_OK);
        SURE(up.count == (n < KFI_KEY_SAMPLE ? n : KFI_KEY_SAMPLE));
        SURE(same(&up, &scattered));
        SURE(same(&up, &whole));
        SURE(kfi_key_sample_merge(&whole, &up, NULL) == KF_OK && same(&up, &whole));
        SURE(kfi_key_sample_distinct(&up) == kfi_key_sample_distinct(&whole));

        kf_bytes a[64], b[64];
        size_t count = kfi_key_sample_divide(&up, 40, a);
        SURE(kfi_key_sample_divide(&scattered, 40, b) == count);
        for (size_t i = 0; i < count; i++) SURE(a[i].size == b[i].size && !memcmp(a[i].data, b[i].data, a[i].size));
        kfi_key_sample_free(&up);
        kfi_key_sample_free(&scattered);
        kfi_key_sample_free(&whole);
        for (size_t p = 0; p < 5; p++) kfi_key_sample_free(&part[p]);
    }
}
END_TEST

/* ---- how many keys -------------------------------------------------------------------------------- */

START_TEST(distinct__is_exact_while_all_fit)
{
    kfi_key_sample sample = { 0 };
    ck_assert_uint_eq(kfi_key_sample_distinct(&sample), 0);
    for (uint64_t i = 0; i < KFI_KEY_SAMPLE; i++)
        for (unsigned again = 0; again < 3; again++) {
            add(&sample, (kf_bytes){ (const uint8_t *)&i, sizeof i });
            SURE(kfi_key_sample_distinct(&sample) == i + 1 || i + 1 == KFI_KEY_SAMPLE);
        }
    double n = (double)kfi_key_sample_distinct(&sample);
    ck_assert(n > KFI_KEY_SAMPLE * 0.99 && n < KFI_KEY_SAMPLE * 1.01);
    kfi_key_sample_free(&sample);
}
END_TEST

/* The relative standard error of the estimator is 1 / sqrt(k - 2). */
START_TEST(distinct__error_is_as_the_theory_says)
{
    enum { SETS = 300 };
    const double theory = 1 / sqrt(KFI_KEY_SAMPLE - 2);
    double sum = 0, squares = 0, worst = 0;
    uint64_t within = 0;
    for (uint64_t set = 0; set < SETS; set++) {
        kfi_key_sample sample = { 0 };
        uint64_t n = 20000 + mix64(set) % 40000;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t key = mix64(set << 32 ^ i);
            add(&sample, (kf_bytes){ (const uint8_t *)&key, sizeof key });
        }
        double error = (double)kfi_key_sample_distinct(&sample) / (double)n - 1;
        sum += error;
        squares += error * error;
        if (fabs(error) > worst) worst = fabs(error);
        within += fabs(error) < 0.03;
        kfi_key_sample_free(&sample);
    }
    ck_assert(fabs(sum / SETS) < 4 * theory / sqrt(SETS));
    double rms = sqrt(squares / SETS);
    ck_assert_msg(rms > 0.85 * theory && rms < 1.15 * theory, "rms %g, theory %g", rms, theory);
    ck_assert_msg(worst < 4.5 * theory, "worst %g", worst);
    ck_assert_uint_gt(within, SETS * 6 / 10);
}
END_TEST

/* ---- dividing ------------------------------------------------------------------------------------- */

static int compare(kf_bytes a, kf_bytes b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Divides; counts what falls between the dividers into `inside` (parts of them). */
static size_t divide(uint64_t set, uint64_t n, size_t parts, uint64_t *inside)
{
    kfi_key_sample sample = { 0 };
    kf_bytes dividers[64];
    uint8_t room[400];
    for (uint64_t i = 0; i < n; i++) add(&sample, draw_key(set, i, room));
    size_t count = kfi_key_sample_divide(&sample, parts, dividers);
    SURE(count < parts || !parts);
    for (size_t i = 1; i < count; i++) SURE(compare(dividers[i - 1], dividers[i]) < 0);
    memset(inside, 0, 64 * sizeof *inside);
    for (uint64_t i = 0; i < n; i++) {
        kf_bytes key = draw_key(set, i, room);
        size_t part = 0;
        while (part < count && compare(dividers[part], key) <= 0) part++;
        inside[part]++;
    }
    kfi_key_sample_free(&sample);
    return count;
}

START_TEST(divide__evenly)
{
    uint64_t inside[64];
    for (uint64_t set = 0; set < 40; set++) {
        const size_t parts = set < 20 ? 2 + set : 64;
        const uint64_t n = 4000 + mix64(set) % 6000;
        ck_assert_uint_eq(divide(2 * set, n, parts, inside), parts - 1);
        /* The share of a part is the sum of k / parts gaps between the sampled keys: its standard deviation is
         * sqrt(share (1 - share) / k), and less as the sample is more of all. */
        double share = 1.0 / (double)parts, deviation = sqrt(share * (1 - share) / KFI_KEY_SAMPLE);
        for (size_t i = 0; i < parts; i++) {
            double off = (double)inside[i] / (double)n - share;
            ck_assert_msg(fabs(off) < 4.5 * deviation + 2.0 / KFI_KEY_SAMPLE, "set %u, part %zu of %zu: %g off, %g",
                          (unsigned)set, i, parts, off, deviation);
        }
    }
}
END_TEST

/* All of the keys are known: each part has the same number of them but for one, and none is empty. */
START_TEST(divide__few_keys)
{
    uint64_t inside[64];
    for (uint64_t n = 0; n < 200; n++)
        for (size_t parts = 0; parts <= 64; parts += parts < 4 ? 1 : 20) {
            size_t count = divide(2 * n, n, parts, inside);
            SURE(count <= (n && parts ? (n < parts ? n : parts) - 1 : 0));
            if (n >= parts && parts) SURE(count == parts - 1);
            for (size_t i = 0; n && i <= count; i++) SURE(inside[i] > 0);
            for (size_t i = 0; n >= parts && parts && i <= count; i++)
                SURE(inside[i] >= n / parts && inside[i] <= n / parts + 1);
        }
}
END_TEST

/* Keys of 300 bytes that part at byte `at` only, in `n` ways. */
static size_t divide_late(size_t at, unsigned n, size_t parts)
{
    kfi_key_sample sample = { 0 };
    kf_bytes dividers[64];
    uint8_t text[300];
    for (unsigned i = 0; i < n; i++) {
        memset(text, 'x', sizeof text);
        text[at] = (uint8_t)(i >> 8);
        text[at + 1] = (uint8_t)i;
        add(&sample, (kf_bytes){ text, sizeof text });
    }
    size_t count = kfi_key_sample_divide(&sample, parts, dividers);
    for (size_t i = 0; i < count; i++) SURE(dividers[i].size <= KFI_KEY_SAMPLE_PREFIX);
    for (size_t i = 1; i < count; i++) SURE(compare(dividers[i - 1], dividers[i]) < 0);
    kfi_key_sample_free(&sample);
    return count;
}

START_TEST(divide__keys_that_part_late)
{
    ck_assert_uint_eq(divide_late(KFI_KEY_SAMPLE_PREFIX - 2, 600, 8), 7);
    ck_assert_uint_eq(divide_late(KFI_KEY_SAMPLE_PREFIX, 600, 8), 0);
    ck_assert_uint_eq(divide_late(280, 3000, 64), 0);
    /* One byte is seen, of three values: two dividers at most. */
    ck_assert_uint_eq(divide_late(KFI_KEY_SAMPLE_PREFIX - 1, 768, 64), 2);
    ck_assert_uint_eq(divide_late(KFI_KEY_SAMPLE_PREFIX - 1, 256, 64), 0);
}
END_TEST

START_TEST(divide__prefixes_and_equal_keys)
{
    kfi_key_sample sample = { 0 };
    kf_bytes dividers[64];
    uint8_t text[300];
    memset(text, 0, sizeof text);
    for (size_t size = 0; size <= sizeof text; size++) add(&sample, (kf_bytes){ text, size });
    ck_assert_uint_eq(kfi_key_sample_distinct(&sample), 301);
    size_t count = kfi_key_sample_divide(&sample, 64, dividers);
    ck_assert_uint_gt(count, 40);   /* those above 247 bytes can't be told apart */
    for (size_t i = 1; i < count; i++) SURE(dividers[i - 1].size < dividers[i].size);
    kfi_key_sample_free(&sample);

    for (unsigned i = 0; i < 5000; i++) add(&sample, (kf_bytes){ (const uint8_t *)"same", 4 });
    ck_assert_uint_eq(kfi_key_sample_distinct(&sample), 1);
    ck_assert_uint_eq(kfi_key_sample_divide(&sample, 64, dividers), 0);
    kfi_key_sample_free(&sample);
    add(&sample, (kf_bytes){ NULL, 0 });
    ck_assert_uint_eq(kfi_key_sample_divide(&sample, 64, dividers), 0);
    kfi_key_sample_free(&sample);
}
END_TEST

START_TEST(allocations_fail)
{
    uint64_t key = 5;
    kfi_key_sample other = { 0 };
    add(&other, (kf_bytes){ (const uint8_t *)&key, sizeof key });
    for (uint64_t n = 1; n <= 8; n++) {
        kf_error error = { 0 };
        kfi_key_sample sample = { 0 };
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_FROM);
        kf_status status = n % 2 ? kfi_key_sample_add(&sample, (kf_bytes){ (const uint8_t *)&key, 8 }, &error)
                                 : kfi_key_sample_merge(&sample, &other, &error);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
        ck_assert_int_eq(error.status, status);
        if (fired) ck_assert_int_eq(fault_live(), 0);
        kfi_key_sample_free(&sample);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert(fired || n > 3);
    }
    kfi_key_sample_free(&other);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("key_sample");
    TCase *t = tcase_create("key_sample");
    tcase_add_test(t, same__in_any_order_and_number_and_parts);
    tcase_add_test(t, distinct__is_exact_while_all_fit);
    tcase_add_test(t, distinct__error_is_as_the_theory_says);
    tcase_add_test(t, divide__evenly);
    tcase_add_test(t, divide__few_keys);
    tcase_add_test(t, divide__keys_that_part_late);
    tcase_add_test(t, divide__prefixes_and_equal_keys);
    tcase_add_test(t, allocations_fail);
    suite_add_tcase(s, t);
    return suite_run(s);
}
