/* Pairs through stages: each stage gets all of them, in order, whatever the blocks and the threads; what fails in
 * one ends it all, and nothing is left behind. */
#include "write/pipeline.h"

#include "base/bits.h"
#include "fault.h"
#include "suite.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 3000, NEVER = 1 << 30 };

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
    return x ^ x >> 29;
}

/* What one stage has seen. The atomic one finds two threads in a stage at once. */
typedef struct seen {
    _Atomic int inside;
    uint64_t pairs, fails_at;
    kf_status fails_with;
} seen;

typedef struct run {
    uint64_t seed;
    size_t longest;
    seen stages[KFI_PIPELINE_STAGES];
    unsigned wrong;
} run;

/* The i-th pair: its number and noise. Most are short, some of no byte at all. */
static kf_bytes part_of(const run *r, uint64_t i, unsigned what, uint8_t *room)
{
    uint64_t x = mix(r->seed * 1000003 + i * 2 + what);
    size_t size = x % 61 == 0 ? (size_t)(x >> 8) % (r->longest + 1) : (size_t)(x >> 8) % 25;
    for (size_t at = 0; at < size; at++) room[at] = (uint8_t)((x >> at % 7) + i + at);
    return (kf_bytes){ room, size };
}

static int same(kf_bytes a, kf_bytes b) { return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size)); }

static kf_status take(run *r, seen *s, kf_bytes key, kf_bytes value, kf_error *error)
{
    uint8_t room[2][LONGEST];
    if (atomic_fetch_add(&s->inside, 1)) r->wrong |= 1;
    if (s->pairs == s->fails_at) {
        atomic_fetch_sub(&s->inside, 1);
        s->pairs = NEVER;      /* what comes after that is wrong too */
        return kfi_fail(error, s->fails_with, "stage %d", (int)(s - r->stages));
    }
    if (s->pairs >= NEVER) r->wrong |= 2;
    if (!same(key, part_of(r, s->pairs, 0, room[0])) || !same(value, part_of(r, s->pairs, 1, room[1]))) r->wrong |= 4;
    s->pairs++;
    atomic_fetch_sub(&s->inside, 1);
    return KF_OK;
}

static kf_status take_first(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    run *r = context;
    return take(r, &r->stages[0], key, value, error);
}

static kf_status take_second(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    run *r = context;
    return take(r, &r->stages[1], key, value, error);
}

static run new_run(uint64_t seed, size_t longest)
{
    run r = { .seed = seed, .longest = longest };
    for (unsigned i = 0; i < KFI_PIPELINE_STAGES; i++) r.stages[i].fails_at = NEVER;
    return r;
}

/* Gives so many pairs, and drains unless that is not wanted. */
static kf_status pass(run *r, uint64_t pairs, uint64_t memory, unsigned stages, unsigned workers, int drained,
                      kf_error *error)
{
    static const kfi_stage all[] = { take_first, take_second };
    uint8_t key_room[LONGEST], value_room[LONGEST];
    kfi_pipeline *p;
    kf_status status = kfi_pipeline_create(&p, all, stages, r, memory, workers, error);
    if (status) {
        ck_assert_ptr_null(p);
        return status;
    }
    for (uint64_t i = 0; i < pairs && !status; i++)
        status = kfi_pipeline_give(p, part_of(r, i, 0, key_room), part_of(r, i, 1, value_room), error);
    if (drained) {
        kf_status end = kfi_pipeline_drain(p, error);
        if (!status) status = end;
    }
    kfi_pipeline_destroy(&p);
    ck_assert_ptr_null(p);
    return status;
}

START_TEST(pipeline__all_in_order)
{
    static const uint64_t memories[] = { 0, 8 * 20, 8 * 100, 8 * 1000, 8 * 10000, 1 << 20 };
    alarm(100);
    for (unsigned m = 0; m < sizeof memories / sizeof *memories; m++)
        for (unsigned workers = 0; workers < 4; workers++)
            for (unsigned stages = 1; stages <= KFI_PIPELINE_STAGES; stages++)
                for (uint64_t pairs = 0; pairs < 9000; pairs = pairs * 7 + (mix(m + pairs) % 3)) {
                    run r = new_run(m * 100 + workers, LONGEST);
                    ck_assert_int_eq(pass(&r, pairs, memories[m], stages, workers, 1, NULL), KF_OK);
                    ck_assert_uint_eq(r.wrong, 0);
                    for (unsigned s = 0; s < stages; s++) ck_assert_uint_eq(r.stages[s].pairs, pairs);
                    if (!pairs) pairs = 1;
                }
}
END_TEST

/* A stage fails: that is returned by give or drain, and no pair after it reaches the stage. */
START_TEST(pipeline__a_stage_fails)
{
    alarm(100);
    for (uint64_t n = 0; n < 600; n++) {
        const uint64_t pairs = 4000, at = mix(n) % (n % 3 ? pairs : 40);
        const unsigned which = n % KFI_PIPELINE_STAGES, workers = n / 2 % 3;
        run r = new_run(n, 300);
        kf_error error = { 0 };
        r.stages[which].fails_at = at;
        r.stages[which].fails_with = KF_LIMIT;
        ck_assert_int_eq(pass(&r, pairs, 8 * (100 + mix(n) % 3000), 2, workers, 1, &error), KF_LIMIT);
        ck_assert_int_eq(error.status, KF_LIMIT);
        ck_assert_str_eq(error.message, which ? "stage 1" : "stage 0");
        ck_assert_uint_eq(r.wrong, 0);
        /* Both: either may be the first, but one is it. */
        r = new_run(n, 300);
        for (unsigned s = 0; s < 2; s++) {
            r.stages[s].fails_at = at + (s == which) * (n % 50);
            r.stages[s].fails_with = s ? KF_IO : KF_LIMIT;
        }
        kf_status status = pass(&r, pairs + 50, 8 * (100 + mix(n) % 3000), 2, workers, 1, &error);
        ck_assert(status == KF_IO || status == KF_LIMIT);
        ck_assert_int_eq(error.status, status);
        ck_assert_uint_eq(r.wrong, 0);
    }
}
END_TEST

/* What is given up is given up at once, and in order as far as it went. */
START_TEST(pipeline__is_given_up)
{
    alarm(100);
    for (uint64_t n = 0; n < 400; n++) {
        run r = new_run(n, 200);
        uint64_t pairs = mix(n) % 3000;
        fault_mark();
        ck_assert_int_eq(pass(&r, pairs, 8 * 500, 2, n % 3, 0, NULL), KF_OK);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_uint_eq(r.wrong, 0);
        for (unsigned s = 0; s < 2; s++) ck_assert_uint_le(r.stages[s].pairs, pairs);
    }
}
END_TEST

START_TEST(pipeline__faults)
{
    static const struct { unsigned kinds; int os_error; kf_status expected; } sweeps[] = {
        { FAULT_ALLOC, ENOMEM, KF_NO_MEMORY }, { FAULT_LOCK, ENOMEM, KF_NO_MEMORY }, { FAULT_THREAD, EAGAIN, KF_OK },
    };
    alarm(100);
    for (unsigned i = 0; i < 3; i++)
        for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++) {
            uint64_t n;
            for (n = 1; ; n++) {
                run r = new_run(n, 200);
                fault_mark();
                fault_arm(sweeps[i].kinds, n, sweeps[i].os_error, mode);
                kf_status status = pass(&r, 3000, 8 * 1000, 2, 2, 1, NULL);
                int fired = fault_fired();
                fault_off();
                ck_assert_int_eq(fault_live(), 0);
                ck_assert_uint_eq(r.wrong, 0);
                ck_assert_int_eq(status, fired ? sweeps[i].expected : KF_OK);
                if (!status) ck_assert_uint_eq(r.stages[0].pairs + r.stages[1].pairs, 6000);
                if (!fired) break;
            }
            ck_assert_uint_gt(n, 2);
        }
}
END_TEST

/* However much is given, no more is held than the blocks; and few pairs need one of them. */
START_TEST(pipeline__memory)
{
    enum { MEMORY = 1 << 17 };
    for (unsigned workers = 0; workers < 3; workers++) {
        run r = new_run(workers, LONGEST);
        fault_mark();
        ck_assert_int_eq(pass(&r, 40000, MEMORY, 2, workers, 1, NULL), KF_OK);
        ck_assert_uint_le(fault_peak_bytes(), MEMORY + 4096);
        ck_assert_uint_gt(fault_peak_bytes(), MEMORY / 2);
        r = new_run(workers, 10);
        fault_mark();
        ck_assert_int_eq(pass(&r, 100, MEMORY, 2, workers, 1, NULL), KF_OK);
        ck_assert_uint_le(fault_peak_bytes(), MEMORY / 8 + 4096);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pipeline");
    TCase *t = tcase_create("pipeline");
    tcase_add_test(t, pipeline__all_in_order);
    tcase_add_test(t, pipeline__a_stage_fails);
    tcase_add_test(t, pipeline__is_given_up);
    tcase_add_test(t, pipeline__faults);
    tcase_add_test(t, pipeline__memory);
    suite_add_tcase(s, t);
    return suite_run(s);
}
