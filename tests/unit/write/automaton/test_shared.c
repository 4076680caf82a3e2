/* The table of states with several parents, against plain counting: whatever memory it has, and when calls fail. */
#include "write/automaton/shared.h"

#include "fault.h"
#include "random.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>

enum { IDS = 3000, REFERENCES = 120000 };   /* more bytes of references than a reader's buffer has */

static kfi_automaton automaton;
static uint32_t expected[IDS];              /* references of each id */
static kf_error error;

static void add_reference(uint64_t id)
{
    const uint8_t bytes[5] = { (uint8_t)id, (uint8_t)(id >> 8), 0, 0, 0 };
    ck_assert_int_eq(kfi_spool_write(automaton.references, bytes, 5, &error), KF_OK);
    automaton.reference_count++;
    expected[id]++;
}

/* Many for some, one or none for others. */
static void make(uint64_t ids, uint64_t references)
{
    scratch_open();
    random_state = ids * 31 + references;
    memset(expected, 0, sizeof expected);
    automaton = (kfi_automaton){ .state_count = ids };
    ck_assert_int_eq(kfi_spool_create(&automaton.references, scratch, 1 << 16, NULL, &error), KF_OK);
    for (uint64_t i = 0; i < references; i++) add_reference(random_below(random_below(ids) + 1));
    ck_assert_int_eq(kfi_spool_finish(automaton.references, &error), KF_OK);
}

static void destroy(void)
{
    kfi_automaton_destroy(&automaton);
    scratch_close();
}

/* What has one reference beside its first parent, or more. */
static void check(kfi_shared_table *table)
{
    uint64_t count = 0, stored = 0, places[IDS] = { 0 };
    for (uint64_t id = 0; id < automaton.state_count; id++) {
        kfi_shared_state *s = kfi_shared_table_find(table, id);
        ck_assert_ptr_eq(kfi_shared_table_next(table, id), s);
        ck_assert_int_eq(s != NULL, expected[id] > 0);
        if (!s) continue;
        ck_assert_uint_eq(s->id, id);
        ck_assert_uint_eq(s->references, expected[id] + 1);
        s->stored = id % 3 != 0;
        stored += s->stored;
        count++;
    }
    ck_assert_uint_eq(table->count, count);
    /* The places of the stored ones: each once, and the most wanted first. */
    ck_assert_int_eq(kfi_shared_table_rank(table, &count, &error), KF_OK);
    ck_assert_uint_eq(count, stored);
    for (uint64_t i = 0; i < table->count; i++)
        if (table->states[i].stored) {
            ck_assert_uint_lt(table->states[i].place, stored);
            places[table->states[i].place] = i + 1;
        }
    for (uint64_t p = 0; p < stored; p++) {
        ck_assert_uint_ne(places[p], 0);
        if (!p) continue;
        const kfi_shared_state *before = &table->states[places[p - 1] - 1], *s = &table->states[places[p] - 1];
        ck_assert(before->references > s->references || (before->references == s->references && before->id < s->id));
    }
}

START_TEST(shared__any_memory)
{
    static const struct { uint64_t ids, references; } shapes[] = {
        { IDS, REFERENCES }, { IDS, 700 }, { 1, 5 }, { 64, 0 }, { 0, 0 }
    };
    static const uint64_t memories[] = { 0, 400, 4 * IDS - 4, 4 * IDS, 1 << 20 };
    make(shapes[_i].ids, shapes[_i].references);
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
        kfi_shared_table table;
        if (memories[i] < 400 && shapes[_i].references > 1000) continue;   /* reads all for each id */
        ck_assert_int_eq(kfi_shared_table_create(&table, &automaton, memories[i], &error), KF_OK);
        check(&table);
        kfi_shared_table_free(&table);
    }
    destroy();
}
END_TEST

START_TEST(shared__calls_fail)
{
    make(IDS, REFERENCES);
    static const int modes[] = { FAULT_TWICE, FAULT_FROM };
    for (int way = 0; way < 2; way++)
        for (uint64_t n = 1; ; n++) {
            kfi_shared_table table;
            uint64_t stored;
            fault_mark();
            fault_arm(FAULT_ALLOC | FAULT_READ, n, EIO, modes[way]);
            kf_status status = kfi_shared_table_create(&table, &automaton, 2 * IDS, &error);
            if (!status) status = kfi_shared_table_rank(&table, &stored, &error);
            int fired = fault_fired();
            fault_off();
            ck_assert(fired ? status == KF_NO_MEMORY || status == KF_IO : !status);
            kfi_shared_table_free(&table);
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) break;
        }
    destroy();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared");
    TCase *all = tcase_create("shared");
    suite_add_cases(all, shared__any_memory, 0, 5);
    tcase_add_test(all, shared__calls_fail);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
