/* Names of given tokens, in any order: exactly those that have them and no other. */
#include "names_model.h"

#include "names/index/index.h"

enum { NAMES = 6000, KINDS = 40, MOST = KFI_SORTED_TOKENS + 1 };

static model_names rows;
static kf_names *names;

/* Many rare tokens between few frequent ones, so that ids have one byte and two. */
static void random_name(char *to, size_t size)
{
    size_t used = 0;
    for (size_t tokens = 1 + random_below(MOST); tokens > 0; tokens--) {
        const size_t token = random_below(3) ? random_below(4) : random_below(random_below(2) ? KINDS : 3000);
        used += (size_t)snprintf(to + used, size - used, "%s%zx", used ? " " : "", token);
    }
}

static void prepare(void)
{
    char name[200];
    scratch_open();
    random_state = 21;
    for (rows.count = 0; rows.count < NAMES; rows.count++) {
        random_name(name, sizeof name);
        rows.name[rows.count] = strdup(name);
    }
    names = model_build(&rows, "find.kf", 0);
}

static void finish(void)
{
    kf_names_close(&names);
    model_free(&rows);
    scratch_close();
}

static int compare_ids(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The ids of a name's tokens; returns how many, or 0 if one of them is in no name. */
static uint32_t ids_of(const char *name, uint32_t *ids)
{
    uint32_t count = 0;
    while (*name) {
        const size_t size = strcspn(name, " ");
        if (kfi_names_token(names, (kf_bytes){ (const uint8_t *)name, size }, &ids[count++]) != KF_OK) return 0;
        name += size + (name[size] == ' ');
    }
    return count;
}

/* Compared with all slots. */
static void check(const uint32_t *ids, uint32_t count)
{
    uint32_t sorted[MOST], own[KF_NAME_TOKENS], given[MOST];
    memcpy(sorted, ids, count * sizeof *ids);
    memcpy(given, ids, count * sizeof *ids);
    qsort(sorted, count, sizeof *sorted, compare_ids);
    const kfi_run run = kfi_names_equal(names, given, count);
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < names->count; slot++) {
        const kfi_group *g = kfi_names_group(names, slot);
        kfi_names_ids(names, g, slot, own);
        if (g->tokens != count || memcmp(own, sorted, count * sizeof *own)) continue;
        ck_assert_uint_ge(slot, run.first);
        ck_assert_uint_lt(slot - run.first, run.count);
        if (found++) ck_assert_uint_gt(kfi_names_position(names, slot), kfi_names_position(names, slot - 1));
    }
    ck_assert_uint_eq(run.count, found);
}

START_TEST(names_are_found_by_their_tokens)
{
    uint32_t ids[MOST], there = 0;
    for (size_t i = 0; i < NAMES; i += 20) {
        const uint32_t count = ids_of(rows.name[i], ids);
        ck_assert_uint_gt(count, 0);
        if (count > KFI_SORTED_TOKENS) continue;
        for (uint32_t k = count; k > 1; k--) {
            const size_t other = random_below(k);
            const uint32_t id = ids[k - 1];
            ids[k - 1] = ids[other];
            ids[other] = id;
        }
        check(ids, count);
        there++;
        ids[random_below(count)] = (uint32_t)random_below(names->head.tokens);
        check(ids, count);
    }
    ck_assert_uint_gt(there, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_find");
    TCase *tests = tcase_create("names_find");
    tcase_add_checked_fixture(tests, prepare, finish);
    tcase_add_test(tests, names_are_found_by_their_tokens);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
