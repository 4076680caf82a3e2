/* The memory limit's shares: what files depend on is pinned, and the sum of all at each stage is within the limit. */
#include "write/budget.h"

#include "suite.h"

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* What encodings are chosen by decides over a file's bytes. */
START_TEST(choice__is_what_it_was)
{
    static const struct { uint64_t limit, shards, values, weighted, tails, distinct, sample, tokens; } known[] = {
        { 16 * MIB, 1, 2 * MIB, MIB, 8 * MIB, 512 * KIB, 128 * KIB, MIB / 20 },
        { 100 * MIB, 4, 25 * MIB / 8, 25 * MIB / 16, 25 * MIB / 2, 25 * MIB / 32, 25 * MIB / 128, 25 * MIB / 320 },
        { GIB, 4, 32 * MIB, 16 * MIB, 128 * MIB, 8 * MIB, 2 * MIB, 16 * MIB / 20 },
        { 8 * GIB, 16, 64 * MIB, 32 * MIB, 256 * MIB, 16 * MIB, 4 * MIB, 32 * MIB / 20 },
        { 64 * GIB, 32, 256 * MIB, 128 * MIB, GIB, 64 * MIB, 4 * MIB, 128 * MIB / 20 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint64_t limit = known[i].limit;
        ck_assert_uint_eq(kfi_budget_shards(limit), known[i].shards);
        for (unsigned count = 1; count <= known[i].shards; count++) {
            kfi_image_shares shares = kfi_budget_shard(limit, count, 0);
            ck_assert_uint_eq(shares.values, known[i].values);
            ck_assert_uint_eq(shares.tails, known[i].tails);
            shares = kfi_budget_shard(limit, count, 1);
            ck_assert_uint_eq(shares.values, known[i].weighted);
            ck_assert_uint_eq(shares.weights, known[i].weighted);
        }
        kfi_column_shares column = kfi_budget_column(known[i].values);
        ck_assert_uint_eq(column.distinct, known[i].distinct);
        ck_assert_uint_eq(column.window, known[i].values / 16);
        ck_assert_uint_eq(column.value_sample, known[i].sample);
        ck_assert_uint_eq(column.token_sample, known[i].tokens);
        ck_assert_uint_eq(column.item_sample, known[i].values / 40);
        ck_assert_int_eq(column.has_dictionary, known[i].values >= 4 * MIB);
    }
    kfi_image_shares one = kfi_budget_image(GIB, 0);
    ck_assert_uint_eq(one.values, 128 * MIB);
    ck_assert_uint_eq(one.tails, 512 * MIB);
    ck_assert_uint_eq(kfi_budget_training(one.tails, 8 * MIB), 8 * MIB);
    ck_assert_uint_eq(kfi_budget_training(MIB, 8 * MIB), MIB / 20);
}
END_TEST

static void check_column(uint64_t memory)
{
    kfi_column_shares c = kfi_budget_column(memory);
    ck_assert_uint_le(c.distinct + c.order + c.value_sample + c.window + 20 * (uint64_t)c.item_sample, memory);
    ck_assert_uint_le(c.token_sample, c.item_sample);
}

static void check_image(const kfi_image_shares *s, uint64_t memory, uint64_t sorter, int given)
{
    uint64_t values = given ? s->values + s->weights : s->values;
    ck_assert_uint_le(sorter + s->blocks + s->minimiser + values, memory);
    ck_assert_uint_le(s->references + s->tails + values, memory);
    check_column(s->values);
}

/* What an index of names divides, as its stages are side by side. */
START_TEST(sum__of_names)
{
    for (uint64_t limit = KFI_MEMORY_LEAST; limit < 1ull << 44; limit += limit / 3 + 1) {
        uint64_t before = limit;
        for (uint64_t held = 0; held < limit; held += limit / 64) {
            const kfi_names_shares s = kfi_budget_names(limit, held);
            const uint64_t columns = 2 * s.column;     /* texts and payloads */
            ck_assert_uint_le(s.tokens + s.token_sort + s.attributes + s.attribute_sort + columns, limit);
            ck_assert_uint_le(s.lists + columns + s.column, limit);
            ck_assert(s.sort >= limit / 8 && s.sort <= limit / 2 && s.sort <= before);
            if (s.sort > limit / 8) ck_assert_uint_le(held + s.sort, limit - limit / 4);
            before = s.sort;
        }
        ck_assert_uint_eq(kfi_budget_names(limit, 0).sort, limit / 2);
        ck_assert_uint_eq(before, limit / 8);
        ck_assert_uint_eq(kfi_budget_names(limit, 2 * limit).sort, limit / 8);
        ck_assert_uint_eq(kfi_budget_names(limit, 0).column, kfi_budget_image(limit, 0).values);
    }
}
END_TEST

START_TEST(sum__is_within_the_limit)
{
    for (uint64_t limit = KFI_MEMORY_LEAST; limit < 1ull << 44; limit += limit / 3 + 1) {
        for (int given = 0; given < 2; given++) {
            kfi_image_shares image = kfi_budget_image(limit, given);
            check_image(&image, limit, kfi_budget_sorter(limit), given);
            for (unsigned count = 1; count <= kfi_budget_shards(limit); count++) {
                image = kfi_budget_shard(limit, count, given);
                check_image(&image, limit / count, kfi_budget_sorter(limit) / count, given);
            }
        }
        for (unsigned buffers = 1; buffers <= 4; buffers++) {
            kfi_sort_shares sort = kfi_budget_sort(limit / 2, buffers, MIB);
            ck_assert_uint_le(sort.buffer * buffers, sort.scans);
            ck_assert_uint_le(sort.scans, limit / 2);
            ck_assert_uint_eq(sort.buffer > GIB, buffers == 1 && sort.scans > GIB);
            ck_assert_uint_le(sort.smallest_chunk, sort.largest_chunk);
            ck_assert_uint_le(sort.large_value, sort.buffer / 64);
        }
    }
}
END_TEST

/* Tests sort with next to nothing: nothing may become 0 there that is needed. */
START_TEST(sorter__with_little)
{
    for (uint64_t memory = 0; memory < 64 * KIB; memory += 999) {
        kfi_sort_shares s = kfi_budget_sort(memory, 1, MIB);
        ck_assert_uint_eq(s.scans, memory);
        ck_assert_uint_eq(s.buffer, memory);
        ck_assert_uint_ge(s.smallest_chunk, 256);
        ck_assert_uint_ge(s.block, 512);
        ck_assert_uint_ge(s.run_buffer, 1 * KIB);
        ck_assert_uint_ge(s.spool_buffer, 4 * KIB);
        ck_assert_uint_ge(s.large_value, 256);
        ck_assert_uint_ge(s.mark_step, 1 * KIB);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("budget");
    TCase *t = tcase_create("budget");
    tcase_add_test(t, choice__is_what_it_was);
    tcase_add_test(t, sum__is_within_the_limit);
    tcase_add_test(t, sum__of_names);
    tcase_add_test(t, sorter__with_little);
    suite_add_tcase(s, t);
    return suite_run(s);
}
