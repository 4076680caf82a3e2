/* The best names so far, whatever the order in which they come, against sorting all of them. */
#include "names/match/best.h"

#include "random.h"
#include "suite.h"

#include <stdlib.h>

enum { NAMES = 60 };

static kfi_found all[NAMES];

/* The best first, of equal ones the lowest position. */
static int compare(const void *left, const void *right)
{
    const kfi_found *a = left, *b = right;
    const int order = kfi_score_compare(b->score, a->score);
    return order ? order : a->position < b->position ? -1 : a->position > b->position;
}

static void draw(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t tokens = 2 + (uint32_t)random_below(3);
        all[i] = (kfi_found){ { random_below(tokens / 2 + 1), tokens }, (uint32_t)i, (uint32_t)(1000 + i) };
    }
    for (size_t i = count; i > 1; i--) {
        const size_t other = random_below(i);
        const kfi_found found = all[i - 1];
        all[i - 1] = all[other];
        all[other] = found;
    }
}

/* What `best` must have, `all` being sorted and without those below the cutoff. */
static void check(kfi_best *best, size_t count, uint64_t limit, uint64_t tie_limit, int wants_next)
{
    const size_t kept = count < limit ? count : (size_t)limit;
    size_t tied = 0;
    if (kept && all[kept - 1].score.sum)
        while (kept + tied < count && !kfi_score_compare(all[kept + tied].score, all[kept - 1].score)) tied++;
    const size_t shown = tied < tie_limit ? tied : (size_t)tie_limit;
    size_t next = kept;
    while (kept == limit && next < count && !kfi_score_compare(all[next].score, all[kept - 1].score)) next++;
    const int has_next = wants_next && next < count;
    ck_assert_int_eq(best->has_next, has_next);
    if (has_next) ck_assert_int_eq(kfi_score_compare(best->next, all[next].score), 0);
    ck_assert_int_eq(kfi_best_sort(best, NULL), KF_OK);
    ck_assert_uint_eq(kfi_best_count(best), kept + shown);
    ck_assert_uint_eq(best->tied, tied - shown);
    for (size_t i = 0; i < kept + shown; i++) {
        ck_assert_uint_eq(kfi_best_list(best)[i].position, all[i].position);
        ck_assert_uint_eq(kfi_best_list(best)[i].slot, all[i].slot);
    }
}

START_TEST(best__any_order)
{
    static const double cutoffs[] = { 0, 0.5, 2.0 / 3, 1 };
    kfi_best best = { .limit = 0 };
    FOR_SEEDS(seed, rounds_of(2000)) {
        random_state = seed;
        const size_t count = random_below(NAMES + 1);
        const uint64_t limit = 1 + random_below(6), tie_limit = random_below(3) * random_below(6);
        const int wants_next = (int)random_below(2);
        const double cutoff = cutoffs[random_below(4)];
        size_t left = 0;
        draw(count);
        kfi_best_begin(&best, limit, cutoff, tie_limit, wants_next);
        kfi_best_whole(&best);
        for (size_t i = 0; i < count; i++) {
            if (!kfi_best_wants(&best, all[i].score)) continue;
            if (kfi_score_compare(all[i].score, best.least) < 0) ck_abort_msg("seed %d: wanted at %zu", (int)seed, i);
            ck_assert_int_eq(kfi_best_offer(&best, &all[i], NULL), KF_OK);
        }
        for (size_t i = 0; i < count; i++)
            if (kfi_whole_value(all[i].score) >= cutoff) all[left++] = all[i];
        qsort(all, left, sizeof *all, compare);
        check(&best, left, limit, tie_limit, wants_next);
    }
    kfi_best_free(&best);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("best");
    TCase *t = tcase_create("best");
    tcase_add_test(t, best__any_order);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
