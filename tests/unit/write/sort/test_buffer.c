/* The sorter's buffer against an array: order, equal keys as they came, the limit, fillings one after the other. */
#include "write/sort/buffer.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>

enum { MOST = 6000, KEY = 40 };

static uint64_t random_state = 9;
typedef struct given { uint8_t key[KEY]; size_t size; uint64_t number; } given;
static given added[MOST], *order[MOST];
static size_t count;
static kf_error error;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

static int compare(const void *a, const void *b)
{
    const given *x = *(given *const *)a, *y = *(given *const *)b;
    int c = kfi_sort_compare(x->key, x->size, y->key, y->size);
    return c ? c : (x > y) - (x < y);
}

static kfi_sort_shares shares_of(uint64_t buffer)
{
    return (kfi_sort_shares){ .buffer = buffer, .smallest_chunk = 64, .largest_chunk = 4096 };
}

/* Adds until it is full or there are `most`. Kinds of keys: 0 random, 1 few letters, 2 ascending, 3 long alike. */
static kf_status fill(kfi_sort_buffer *b, unsigned kind, size_t most, uint64_t reserve)
{
    kf_status status = KF_OK;
    for (count = 0; count < most; count++) {
        uint8_t field[16];
        int full = 0;
        uint8_t *key = added[count].key;
        size_t size = kind == 3 ? 30 + draw(8) : draw(12);
        for (size_t i = 0; i < KEY; i++)
            key[i] = (uint8_t)(kind == 1 ? 'a' + draw(2) : kind == 3 ? 'x' + (i > 28 ? draw(3) : 0) : draw(256));
        if (kind == 2) {
            size = 4;
            for (size_t i = 0; i < 4; i++) key[i] = (uint8_t)(count / 2 >> (24 - 8 * i));
        }
        added[count].size = size;
        added[count].number = draw(1ull << draw(40));
        size_t head = kfi_sort_u64_put(field, added[count].number);
        status = kfi_sort_buffer_add(b, (kf_bytes){ key, size }, (kf_bytes){ field, 1 },
                                     (kf_bytes){ field + 1, head - 1 }, reserve, &full, &error);
        if (status || full) break;
    }
    return status;
}

static void check(kfi_sort_buffer *b)
{
    kfi_sort_pair pair;
    for (size_t i = 0; i < count; i++) order[i] = &added[i];
    qsort(order, count, sizeof *order, compare);
    ck_assert_int_eq(kfi_sort_buffer_order(b, &error), KF_OK);
    kf_bytes first = kfi_sort_buffer_first(b);
    ck_assert(first.size == order[0]->size && !memcmp(first.data, order[0]->key, first.size));
    size_t before = 0;
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(kfi_sort_buffer_next(b, &pair, &error), KF_OK);
        ck_assert_uint_eq(pair.key_size, order[i]->size);
        ck_assert(!memcmp(pair.key, order[i]->key, pair.key_size));
        ck_assert_uint_eq(kfi_sort_u64_get(pair.field), order[i]->number);
        ck_assert_uint_eq(pair.field_size, 1 + (size_t)pair.field[0]);
        size_t shorter = i && before < pair.key_size ? before : i ? pair.key_size : 0, lcp = 0;
        while (lcp < shorter && pair.key[lcp] == order[i - 1]->key[lcp]) lcp++;
        ck_assert_uint_eq(pair.lcp, lcp);
        before = pair.key_size;
    }
    ck_assert_int_eq(kfi_sort_buffer_next(b, &pair, &error), KF_END);
}

START_TEST(buffer__fillings)
{
    kfi_sort_buffer b;
    kfi_sort_shares shares = shares_of(40000);
    kfi_sort_buffer_init(&b, &shares, KF_VALUES_U64);
    for (unsigned round = 0; round < 12; round++) {
        unsigned kind = (round + (unsigned)_i) % 4;
        uint64_t reserve = round % 3 * 9000;
        ck_assert_int_eq(fill(&b, kind, round == 5 ? 7 : MOST, reserve), KF_OK);
        ck_assert_uint_eq(b.count, count);
        ck_assert_int_eq(b.sorted, kind == 2);
        if (round != 5) ck_assert_uint_gt(count, 300);
        uint64_t entries = b.sorted ? 0 : count * sizeof(kfi_sort_entry);
        ck_assert_uint_le(b.allocated + entries + reserve, 40000);
        /* The limit is made use of: up to a chunk, and what the next pair would take. */
        if (round != 5) ck_assert_uint_gt(b.allocated + entries + reserve, 40000 - 4096 - 200);
        check(&b);
        ck_assert((b.entries == NULL) == b.sorted);
        kfi_sort_buffer_reset(&b);
        ck_assert_int_eq(b.sorted, 1);
    }
    kfi_sort_buffer_free(&b);
    ck_assert_uint_eq(b.allocated, 0);
}
END_TEST

/* One pair goes in, however large. */
START_TEST(buffer__huge_pair)
{
    kfi_sort_buffer b;
    kfi_sort_shares shares = shares_of(500);
    kfi_sort_pair pair;
    static uint8_t big[3][70000];
    int full;
    memset(big, 'k', sizeof big);
    kfi_sort_buffer_init(&b, &shares, KF_VALUES_NONE);
    for (size_t i = 0; i < 3; i++) {
        kf_bytes key = { big[i], 127 + 20000 * i };
        ck_assert_int_eq(kfi_sort_buffer_add(&b, key, (kf_bytes){ 0 }, (kf_bytes){ 0 }, 100, &full, &error), KF_OK);
        ck_assert_int_eq(full, 0);
        ck_assert_int_eq(kfi_sort_buffer_add(&b, key, (kf_bytes){ 0 }, (kf_bytes){ 0 }, 250, &full, &error), KF_OK);
        ck_assert_int_eq(full, 1);
        ck_assert_int_eq(kfi_sort_buffer_order(&b, &error), KF_OK);
        ck_assert_int_eq(kfi_sort_buffer_next(&b, &pair, &error), KF_OK);
        ck_assert(pair.key_size == key.size && !memcmp(pair.key, key.data, key.size));
        ck_assert_int_eq(kfi_sort_buffer_next(&b, &pair, &error), KF_END);
        kfi_sort_buffer_reset(&b);
    }
    kfi_sort_buffer_free(&b);
}
END_TEST

START_TEST(buffer__no_memory)
{
    uint64_t n;
    for (n = 1; ; n++) {
        kfi_sort_buffer b;
        kfi_sort_shares shares = shares_of(20000);
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        kfi_sort_buffer_init(&b, &shares, KF_VALUES_U64);
        kf_status status = fill(&b, 0, MOST, 0);
        if (!status) status = kfi_sort_buffer_order(&b, &error);
        int fired = fault_fired();
        fault_off();
        kfi_sort_buffer_free(&b);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
        if (!fired) break;
    }
    ck_assert_uint_gt(n, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buffer");
    TCase *all = tcase_create("buffer");
    suite_add_cases(all, buffer__fillings, 0, 4);
    tcase_add_test(all, buffer__huge_pair);
    tcase_add_test(all, buffer__no_memory);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
