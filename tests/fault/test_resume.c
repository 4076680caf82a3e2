/* Sorting that is stopped at any moment and gone on with gives what it gives undisturbed. */
#include "fault.h"
#include "scratch.h"
#include "suite.h"
#include "feed.h"
#include "resume.h"
#include "tally.h"

START_TEST(resume__killed_before_a_call_then_finished)
{
    char when[80];
    plan p = make_plan((unsigned)_i);
    outcome want = undisturbed(p), got;
    unsigned resumed = 0, killed = 0;
    p.folder = "resume";
    fault_arm(FAULT_IO | FAULT_NAMES, 0, 0, FAULT_ONCE);
    carry_out(&p, &got);
    uint64_t calls = fault_calls(), rounds = 4 * scale_of_run();
    fault_off();
    same(&got, &want, "at once");
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t n = 1 + (round * calls + mix64(seed_or(0) * 7919 + round + (uint64_t)_i * 977) % calls) / rounds;
        snprintf(when, sizeof when, "case %d, killed before call %llu", _i, (unsigned long long)n);
        plan first = p, second = p;
        second.threads = round % 3 ? p.threads : 4 - p.threads;
        if (round % 4 == 1) second.memory *= 2;
        got = carry_out_apart(&first, n);
        killed += got.status == KILLED;
        tally("kills", got.status == KILLED);
        carry_out(&second, &got);
        resumed += got.resumed > 0;
        same(&got, &want, when);
    }
    SURE(killed > 0 && resumed > 0, "case %d: %u killed, %u resumed of %u calls", _i, killed, resumed,
         (unsigned)calls);
}
END_TEST

START_TEST(resume__killed_again_and_again)
{
    char when[80];
    plan p = make_plan((unsigned)_i);
    outcome want = undisturbed(p), got;
    p.folder = "resume";
    for (uint64_t round = 0; round < scale_of_run(); round++) {
        uint64_t most = 100, before = 0, lives = 1;
        for (;; most += 50, lives++) {
            got = carry_out_apart(&p, 1 + mix64(seed_or(0) * 7919 + most + round * 1009 + (uint64_t)_i) % most);
            if (got.status != KILLED) break;
            tally("kills", 1);
            SURE(got.resumed >= before || got.resumed == 0, "went back");
            if (got.resumed) before = got.resumed;
            if (!feed_exists("resume/keyfold.journal")) before = 0;   /* it was about to be done */
            p.threads = 1 + (unsigned)(mix64(most) % 4);
        }
        snprintf(when, sizeof when, "case %d, in %llu lives", _i, (unsigned long long)lives);
        same(&got, &want, when);
    }
}
END_TEST

/* ---- stopped without force ---------------------------------------------------------------------- */

START_TEST(resume__destroyed_then_finished)
{
    char when[80];
    plan p = make_plan((unsigned)_i);
    outcome want = undisturbed(p), got;
    uint64_t covered = 0;
    for (uint64_t give = 1; give <= p.input.pairs; give += p.input.pairs / 3 - 1) {
        covered = leave(p, give);
        p.folder = "resume";
        carry_out(&p, &got);
        snprintf(when, sizeof when, "case %d, after %llu", _i, (unsigned long long)give);
        SURE(got.resumed == covered, "%s", when);
        same(&got, &want, when);
    }
    SURE(covered > p.input.pairs / 2, "covered only %llu", (unsigned long long)covered);
}
END_TEST

/* What comes slowly is written down although it fills no buffer. */
START_TEST(resume__slow_input)
{
    plan p = make_plan((unsigned)_i);
    p.memory = 64 << 20;
    ck_assert_uint_eq(leave(p, p.input.pairs), 0);
    outcome want = undisturbed(p), got;
    fault_hurry(1);
    uint64_t covered = leave(p, p.input.pairs);
    fault_hurry(0);
    SURE(covered > p.input.pairs / 2, "covered %llu", (unsigned long long)covered);
    p.folder = "resume";
    carry_out(&p, &got);
    ck_assert_uint_eq(got.resumed, covered);
    same(&got, &want, "slow");
}
END_TEST

START_TEST(resume__longer_input)
{
    plan p = make_plan(2), longer = p;
    outcome got, want;
    p.input.order = longer.input.order = FEED_MIXED;
    longer.input.pairs *= 2;
    want = undisturbed(longer);
    SURE(leave(p, p.input.pairs) > 0, "nothing covered");
    longer.folder = "resume";
    carry_out(&longer, &got);
    same(&got, &want, "longer");
}
END_TEST

START_TEST(resume__other_input)
{
    plan p = make_plan((unsigned)_i), other;
    outcome got, want;
    uint64_t covered = leave(p, p.input.pairs);
    ck_assert_uint_gt(covered, 100);
    other = p;
    other.folder = "resume";
    const uint64_t at[] = { 1, 2, covered / 2, covered - 1, covered };
    for (size_t i = 0; i < sizeof at / sizeof *at && p.input.type != KF_VALUES_NONE; i++) {
        other.input.other_at = at[i];
        carry_out(&other, &got);
        refused(&got, KF_INVALID, "input is not the one", "other pair");
    }
    other.input = p.input;
    other.input.seed++;
    if (p.input.order == FEED_MIXED) {
        carry_out(&other, &got);
        refused(&got, KF_INVALID, "input is not the one", "other seed");
    }
    /* What comes behind may be other. */
    other.input = p.input;
    other.input.other_at = covered + 1;
    if (covered == p.input.pairs || p.input.type == KF_VALUES_NONE) return;
    want = undisturbed(other);
    carry_out(&other, &got);
    same(&got, &want, "another tail");
}
END_TEST

START_TEST(resume__fewer_pairs)
{
    plan p = make_plan(0), fewer;
    outcome got;
    uint64_t covered = leave(p, p.input.pairs);
    fewer = p;
    fewer.folder = "resume";
    fewer.input.pairs = covered - 1;   /* mixed: the same pairs, one less */
    carry_out(&fewer, &got);
    refused(&got, KF_INVALID, "input is not the one", "fewer");
}
END_TEST

START_TEST(resume__other_options)
{
    plan p = make_plan(2), other;
    outcome got, want;
    leave(p, p.input.pairs);
    other = p;
    other.folder = "resume";
    other.input.type = KF_VALUES_NONE;
    other.duplicates = KF_DUPLICATES_FIRST;
    carry_out(&other, &got);
    refused(&got, KF_INVALID, "value type", "another type");
    other = p;
    other.folder = "resume";
    for (int duplicates = KF_DUPLICATES_ERROR; duplicates <= KF_DUPLICATES_MAX; duplicates++) {
        if (duplicates == (int)p.duplicates) continue;
        other.duplicates = (kf_duplicates)duplicates;
        carry_out(&other, &got);
        refused(&got, KF_INVALID, "duplicates policy", "another policy");
    }
    /* A build that found duplicates can be gone on with by another policy. */
    for (int duplicates = KF_DUPLICATES_FIRST; duplicates <= KF_DUPLICATES_MAX; duplicates++) {
        plan strict = p;
        strict.duplicates = KF_DUPLICATES_ERROR;
        feed_remove("resume");
        strict.folder = "resume";
        carry_out(&strict, &got);
        ck_assert_int_eq(got.status, KF_DUPLICATE);
        other.duplicates = (kf_duplicates)duplicates;
        want = undisturbed(other);
        carry_out(&other, &got);
        SURE(got.resumed == p.input.pairs, "%llu resumed", (unsigned long long)got.resumed);
        same(&got, &want, "another policy");
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("resume");
    TCase *t = tcase_create("resume");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, resume__killed_before_a_call_then_finished, 0, 4 * CASES);
    suite_add_cases(t, resume__killed_again_and_again, 0, 2 * CASES);
    suite_add_cases(t, resume__destroyed_then_finished, 0, 2 * CASES);
    suite_add_cases(t, resume__other_input, 0, CASES);
    suite_add_cases(t, resume__slow_input, 0, 2 * CASES);
    tcase_add_test(t, resume__fewer_pairs);
    tcase_add_test(t, resume__longer_input);
    tcase_add_test(t, resume__other_options);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    resume_prepare();
    return suite_run(suite());
}
