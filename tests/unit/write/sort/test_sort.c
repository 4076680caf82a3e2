#include "write/sort/sorter.h"
#include "write/sort/buffer.h"
#include "write/sort/fold.h"
#include "base/thread.h"
#include "write/sort/run_merge.h"

#include "fault.h"
#include "random.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>

/* ck_assert without its cost when it holds (a message to the parent process), for inner loops. */
#define SURE(condition) do { if (!(condition)) ck_abort_msg("%s", #condition); } while (0)

static void set_up(void) { scratch_open(); }
static void tear_down(void)
{
    fault_off();
    fault_short_io(0);
    scratch_close();
}

/* ---- input ---------------------------------------------------------------------------------- */

typedef struct item {
    uint8_t *key;
    size_t key_size;
    uint8_t *value;
    size_t value_size;
    uint64_t number;
    size_t order;
    int joined;               /* the value is the model's */
} item;

typedef struct input {
    item *items;
    size_t count;
    kf_value_type type;
} input;

static void *take(size_t size)
{
    void *data = malloc(size ? size : 1);
    SURE(data);
    return data;
}

static void set_key(item *it, const void *key, size_t size)
{
    free(it->key);
    it->key = take(size);
    if (size) memcpy(it->key, key, size);
    it->key_size = size;
}

enum shape {
    FEW_LETTERS, ANY_BYTES, ALL_EQUAL, SHARED_PREFIX, ASCENDING, DESCENDING, CHAIN, ZEROS, PIECES,
    ACCESSIONS, LONG, ASCENDING_TWICE, LATE_DIFFERENCE, SHAPES
};

static size_t make_key(enum shape shape, size_t i, size_t count, uint8_t *key)
{
    size_t size = 0, shared;
    switch (shape) {
    case FEW_LETTERS:
        size = random_below(7);
        for (size_t j = 0; j < size; j++) key[j] = (uint8_t)('a' + random_below(2));
        break;
    case ANY_BYTES:
        size = random_below(40);
        for (size_t j = 0; j < size; j++)
            key[j] = random_below(3) ? (uint8_t)random64() : (uint8_t)(random_below(2) * 255);
        break;
    case ALL_EQUAL:
        memset(key, 'e', size = count % 50);
        break;
    case SHARED_PREFIX:
        shared = 20 + count % 700;
        memset(key, 0, shared);
        for (size = shared; random_below(5); size++) key[size] = (uint8_t)random_below(3);
        if (!random_below(10)) size = random_below(shared);
        break;
    case ASCENDING:
        size = (size_t)sprintf((char *)key, "%09zu", i);
        break;
    case ASCENDING_TWICE:
        size = (size_t)sprintf((char *)key, "%09zu", i / 2);
        break;
    case DESCENDING:
        size = (size_t)sprintf((char *)key, "%zu", 1000000 - i);
        break;
    case CHAIN:
        memset(key, 'c', size = random_below(300));
        break;
    case ZEROS:
        memset(key, 0, size = random_below(60));
        break;
    case PIECES:
        size = (size_t)sprintf((char *)key, "k%07zu", i % (1 + count / 4) * 4 + random_below(3));
        break;
    case ACCESSIONS:
        size = (size_t)sprintf((char *)key, "%c%c_%08zu.%zu", (int)('A' + random_below(3)),
                               (int)('A' + random_below(2)),
                               random_below(2 * count), random_below(2));
        break;
    case LONG:
        size = random_below(3000);
        for (size_t j = 0; j < size; j++) key[j] = (uint8_t)random64();
        break;
    default: /* differs only beyond what one word can cache, at two places */
        size = 60;
        memset(key, 'x', size);
        key[25 + random_below(3)] = (uint8_t)random_below(256);
        key[59] = (uint8_t)random_below(256);
    }
    return size;
}

static void make_value(item *it, kf_value_type type, int large_numbers)
{
    it->value_size = 0;
    it->number = random64() >> random_below(64);
    if (large_numbers ? random_below(3) : 1) it->number >>= 24;
    if (type == KF_VALUES_U64) {
        it->value = take(8);
        kfi_store64(it->value, it->number);
        it->value_size = 8;
    } else if (type == KF_VALUES_BYTES) {
        it->value_size = random_below(30) ? random_below(30)
                         : random_below(4) ? 200 + random_below(2000) : random_below(70000);
        it->value = take(it->value_size);
        for (size_t j = 0; j < it->value_size; j++) it->value[j] = (uint8_t)(it->order * 7 + j);
    }
}

static input make_input(enum shape shape, size_t count, kf_value_type type, int large_numbers)
{
    input in = { take(count * sizeof(item)), count, type };
    uint8_t *key = take(8192);
    memset(in.items, 0, count * sizeof(item));
    for (size_t i = 0; i < count; i++) {
        in.items[i].order = i;
        set_key(&in.items[i], key, make_key(shape, i, count, key));
        make_value(&in.items[i], type, large_numbers);
    }
    free(key);
    return in;
}

static void free_input(input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        free(in->items[i].key);
        free(in->items[i].value);
    }
    free(in->items);
}

/* ---- model ---------------------------------------------------------------------------------- */

typedef struct model {
    item *items;              /* distinct, in order; keys and values are the input's */
    size_t count;
    uint64_t dropped;
    kf_status status;
    const item *culprit;
} model;

static int compare_keys(const item *a, const item *b)
{
    size_t n = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, n);
    return order ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

static int compare_items(const void *a, const void *b)
{
    const item *x = a, *y = b;
    int order = compare_keys(x, y);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void join(item *kept, const item *next)
{
    uint8_t *value = take(kept->value_size + next->value_size);
    if (kept->value_size) memcpy(value, kept->value, kept->value_size);
    if (next->value_size) memcpy(value + kept->value_size, next->value, next->value_size);
    if (kept->joined) free(kept->value);
    kept->value = value;
    kept->value_size += next->value_size;
    kept->joined = 1;
}

static int model_combine(item *kept, const item *next, kf_duplicates duplicates)
{
    switch (duplicates) {
    case KF_DUPLICATES_ERROR: return KF_DUPLICATE;
    case KF_DUPLICATES_FIRST: return KF_OK;
    case KF_DUPLICATES_LAST: *kept = *next; return KF_OK;
    case KF_DUPLICATES_SUM:
        if (kept->number > UINT64_MAX - next->number) return KF_LIMIT;
        kept->number += next->number;
        return KF_OK;
    case KF_DUPLICATES_MIN: if (next->number < kept->number) kept->number = next->number; return KF_OK;
    case KF_DUPLICATES_MAX: if (next->number > kept->number) kept->number = next->number; return KF_OK;
    case KF_DUPLICATES_JOIN: join(kept, next); return KF_OK;
    }
    return KF_INVALID;
}

static model make_model(const input *in, kf_duplicates duplicates)
{
    model m = { take(in->count * sizeof(item)), 0, 0, KF_OK, NULL };
    memcpy(m.items, in->items, in->count * sizeof(item));
    qsort(m.items, in->count, sizeof(item), compare_items);
    for (size_t i = 0; i < in->count; i++) {
        item next = m.items[i];
        if (!m.count || compare_keys(&m.items[m.count - 1], &next)) {
            m.items[m.count++] = next;
            continue;
        }
        m.status = (kf_status)model_combine(&m.items[m.count - 1], &next, duplicates);
        m.culprit = &m.items[m.count - 1];
        if (m.status) break;
        m.dropped++;
    }
    return m;
}

/* ---- comparing ------------------------------------------------------------------------------ */

typedef struct checker {
    const model *expected;
    kf_value_type type;
    size_t seen;
    size_t fail_at;           /* the sink refuses this pair */
} checker;

static kf_status check_pair(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    checker *c = context;
    if (!c->expected) return KF_OK;
    if (c->seen == c->fail_at) return kfi_fail(error, KF_CANCELLED, "enough");
    SURE(c->seen < c->expected->count);
    const item *want = &c->expected->items[c->seen++];
    SURE(key.size == want->key_size && (!key.size || !memcmp(key.data, want->key, key.size)));
    if (c->type == KF_VALUES_U64) SURE(value.size == 8 && kfi_load64(value.data) == want->number);
    else SURE(value.size == want->value_size);
    if (c->type == KF_VALUES_BYTES && value.size) SURE(!memcmp(value.data, want->value, value.size));
    return KF_OK;
}

static kf_status count_pair(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    ++*(size_t *)context;
    return KF_OK;
}

static unsigned threads = 1;

static kf_status sort_input(const input *in, kf_duplicates duplicates, uint64_t memory, checker *c,
                            uint64_t *dropped, kfi_disk_account *account, kf_error *error)
{
    kfi_sorter *sorter = NULL;
    kfi_sort_options options = { memory, scratch, duplicates, in->type, account, threads,
                                 NULL, in->type, 0 };
    *account = (kfi_disk_account){ 0, 0 };
    kf_status status = kfi_sorter_create(&sorter, &options, error);
    for (size_t i = 0; !status && i < in->count; i++) {
        const item *it = &in->items[i];
        status = kfi_sorter_add(sorter, (kf_bytes){ it->key, it->key_size },
                                (kf_bytes){ it->value, it->value_size }, error);
    }
    if (!status) {
        status = kfi_sorter_finish(sorter, check_pair, c, error);
        if (!status) ck_assert_uint_eq(account->now, 0);
        *dropped = kfi_sorter_dropped(sorter);
    }
    kfi_sorter_destroy(&sorter);
    ck_assert_ptr_null(sorter);
    ck_assert_uint_eq(account->now, 0);
    return status;
}

/* The same by ranges, scanned side by side. The lowest failing range decides, as its key is the lowest. */
typedef struct range_scan {
    kfi_sorter *sorter;
    kfi_key_range range;
    checker c;
    kf_status status;
    kf_error error;
    kfi_thread thread;
} range_scan;

static void scan_range(void *context)
{
    range_scan *s = context;
    s->status = kfi_sorter_scan(s->sorter, &s->range, check_pair, &s->c, &s->error);
}

static kf_status scan_input(const input *in, kf_duplicates duplicates, uint64_t memory, model *expected,
                            uint64_t *seen, uint64_t *dropped, kf_error *error)
{
    enum { PARTS = 5 };
    kfi_sorter *sorter = NULL;
    kfi_disk_account account = { 0, 0 };
    kfi_sort_options options = { memory, scratch, duplicates, in->type, &account, threads,
                                 NULL, in->type, 0 };
    kf_bytes dividers[PARTS];
    range_scan scans[PARTS] = { { .status = KF_OK } };
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, error), KF_OK);
    for (size_t i = 0; i < in->count; i++) {
        const item *it = &in->items[i];
        ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ it->key, it->key_size },
                                        (kf_bytes){ it->value, it->value_size }, error), KF_OK);
    }
    ck_assert_int_eq(kfi_sorter_seal(sorter, PARTS, error), KF_OK);
    uint64_t distinct = kfi_key_sample_distinct(kfi_sorter_sample(sorter));
    if (!expected->status)
        ck_assert(expected->count < KFI_KEY_SAMPLE ? distinct == expected->count
                  : distinct > expected->count / 5 * 4 && distinct < expected->count / 4 * 5);
    size_t parts = 1 + kfi_key_sample_divide(kfi_sorter_sample(sorter), PARTS, dividers);
    kf_status status = KF_OK;
    *seen = 0;
    for (size_t i = 0, at = 0; i < parts; i++) {
        range_scan *s = &scans[i];
        s->sorter = sorter;
        if (i) s->range.from = dividers[i - 1];
        s->range.has_to = i + 1 < parts;
        if (s->range.has_to) s->range.to = dividers[i];
        /* Above a key that fails the model knows nothing. */
        s->c = (checker){ expected->status ? NULL : expected, in->type, at, SIZE_MAX };
        while (at < expected->count && s->range.has_to
               && kfi_sort_compare(expected->items[at].key, expected->items[at].key_size, s->range.to.data,
                                   s->range.to.size) < 0) at++;
        ck_assert_int_eq(kfi_thread_start(&s->thread, scan_range, s, error), KF_OK);
    }
    for (size_t i = 0; i < parts; i++) {
        kfi_thread_join(&scans[i].thread);
        if (!status && scans[i].status) *error = scans[i].error;
        if (!status) status = scans[i].status;
        if (!status) *seen = scans[i].c.seen;
    }
    *dropped = kfi_sorter_dropped(sorter);
    kfi_sorter_destroy(&sorter);
    ck_assert_uint_eq(account.now, 0);
    return status;
}

static void check_input(const input *in, kf_duplicates duplicates, uint64_t memory)
{
    threads = 1 + random_below(5);
    kf_error error = { .status = KF_OK };
    kfi_disk_account account;
    uint64_t dropped = 0;
    model expected = make_model(in, duplicates);
    checker c = { &expected, in->type, 0, SIZE_MAX };
    fault_mark();
    kf_status status = sort_input(in, duplicates, memory, &c, &dropped, &account, &error);
    ck_assert_int_eq(fault_live(), 0);
    ck_assert_int_eq(status, expected.status);
    if (status) {
        ck_assert_int_eq(error.status, status);
        ck_assert_uint_eq(error.key_size, expected.culprit->key_size);
        ck_assert_mem_eq(error.key, expected.culprit->key, error.key_size < 64 ? error.key_size : 64);
    } else {
        ck_assert_uint_eq(c.seen, expected.count);
        ck_assert_uint_eq(dropped, expected.dropped);
    }
    error = (kf_error){ .status = KF_OK };
    uint64_t seen;
    status = scan_input(in, duplicates, memory, &expected, &seen, &dropped, &error);
    ck_assert_int_eq(fault_live(), 0);
    ck_assert_msg(status == expected.status, "status %d: %s", (int)status, error.message);
    if (status) {
        ck_assert_uint_eq(error.key_size, expected.culprit->key_size);
        ck_assert_mem_eq(error.key, expected.culprit->key, error.key_size < 64 ? error.key_size : 64);
    } else {
        ck_assert_uint_eq(seen, expected.count);
        ck_assert_uint_eq(dropped, expected.dropped);
    }
    threads = 1;
    ck_assert_int_eq(scratch_count(), 0);
    for (size_t i = 0; i < expected.count; i++)
        if (expected.items[i].joined) free(expected.items[i].value);
    free(expected.items);
}

static void keep_unique(input *in)
{
    model m = make_model(in, KF_DUPLICATES_FIRST);
    char *kept = take(in->count);
    size_t n = 0;
    memset(kept, 0, in->count);
    for (size_t i = 0; i < m.count; i++) kept[m.items[i].order] = 1;
    for (size_t i = 0; i < in->count; i++) {
        if (kept[i]) {
            in->items[n] = in->items[i];
            in->items[n].order = n;
            n++;
        } else {
            free(in->items[i].key);
            free(in->items[i].value);
        }
    }
    in->count = n;
    free(kept);
    free(m.items);
}

static const uint64_t budgets[] = { 0, 3000, 20000, 60000, 300000, 16 << 20 };

START_TEST(model__random)
{
    random_state = (uint64_t)_i;
    for (int round = 0; round < (int)rounds_of(60); round++) {
        kf_value_type type = (kf_value_type)random_below(3);
        kf_duplicates duplicates = (kf_duplicates)random_below(type == KF_VALUES_U64 ? 6 : 3);
        if (type == KF_VALUES_BYTES && !random_below(3)) duplicates = KF_DUPLICATES_JOIN;
        size_t count = random_below(8) ? random_below(60) : random_below(3000);
        uint64_t memory = budgets[random_below(6)];
        if (memory < 3000 && count > 300) count = 300;
        input in = make_input((enum shape)_i, count, type, !random_below(4));
        if (duplicates == KF_DUPLICATES_ERROR && random_below(4)) keep_unique(&in);
        check_input(&in, duplicates, memory);
        free_input(&in);
    }
}
END_TEST

/* The radix steps only begin to bite on large ranges. */
START_TEST(model__large)
{
    random_state = 1000 + (uint64_t)_i;
    size_t count = scaled(12000, 40000, 40000);
    input in = make_input((enum shape)_i, _i == LONG ? 3000 : count, KF_VALUES_U64, 0);
    check_input(&in, KF_DUPLICATES_LAST, 64 << 20);
    check_input(&in, KF_DUPLICATES_FIRST, 200000);
    check_input(&in, KF_DUPLICATES_SUM, 50000);
    free_input(&in);
}
END_TEST

START_TEST(empty)
{
    input in = { take(1), 0, KF_VALUES_BYTES };
    check_input(&in, KF_DUPLICATES_ERROR, 0);
    free_input(&in);
}
END_TEST

/* ---- how much of what ----------------------------------------------------------------------- */

static void sort_counted(const input *in, kf_duplicates duplicates, uint64_t memory, uint64_t *spools,
                         kfi_disk_account *account)
{
    kf_error error;
    uint64_t dropped;
    model expected = make_model(in, duplicates);
    checker c = { &expected, in->type, 0, SIZE_MAX };
    fault_mark();
    fault_arm(FAULT_OPEN, 0, 0, FAULT_ONCE);
    ck_assert_int_eq(sort_input(in, duplicates, memory, &c, &dropped, account, &error), KF_OK);
    *spools = fault_calls();
    fault_off();
    ck_assert_uint_eq(c.seen, expected.count);
    free(expected.items);
}

START_TEST(disk__none_when_it_fits)
{
    uint64_t spools;
    kfi_disk_account account;
    input in = make_input(ACCESSIONS, 20000, KF_VALUES_U64, 0);
    sort_counted(&in, KF_DUPLICATES_FIRST, 1 << 30, &spools, &account);
    ck_assert_uint_eq(spools, 0);
    ck_assert_uint_eq(account.peak, 0);
    /* Nor is memory taken that isn't needed. */
    ck_assert_uint_lt(fault_peak_bytes(), 2 << 20);
    free_input(&in);
}
END_TEST

START_TEST(disk__sorted_input_makes_one_run)
{
    uint64_t spools, in_passes;
    kfi_disk_account account, twice;
    input in = make_input(ASCENDING_TWICE, 20000, KF_VALUES_NONE, 0);
    sort_counted(&in, KF_DUPLICATES_FIRST, 20000, &spools, &account);
    ck_assert_uint_eq(spools, 1);
    /* 10000 distinct keys of 9 digits that share most with the one before. */
    ck_assert_uint_lt(account.peak, 40000);

    for (size_t i = 0; i < in.count / 2; i++) {
        item kept = in.items[i];
        in.items[i] = in.items[in.count - 1 - i];
        in.items[in.count - 1 - i] = kept;
    }
    for (size_t i = 0; i < in.count; i++) in.items[i].order = i;
    /* In reverse, there are so many runs that they are merged in several passes. */
    sort_counted(&in, KF_DUPLICATES_FIRST, 12000, &in_passes, &twice);
    ck_assert_uint_gt(in_passes, 3);
    ck_assert_uint_gt(twice.peak, account.peak);
    free_input(&in);
}
END_TEST

/* What lies before a range's end is read by the ranges before it: they may come later. */
START_TEST(scan__ranges_in_reverse)
{
    enum { KEYS = 400000, PARTS = 4 };
    kfi_sorter *sorter = NULL;
    kf_error error;
    kfi_disk_account account = { 0, 0 };
    kfi_sort_options options = { 400000, scratch, KF_DUPLICATES_ERROR, KF_VALUES_NONE, &account, 1, NULL,
                                 KF_VALUES_NONE, 0 };
    const char *bounds[PARTS] = { "", "0", "k00100000", "k00300000" };
    uint64_t counts[PARTS] = { 0, 100000, 200000, 100000 };
    char key[16];
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, &error), KF_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        /* Half of the runs are sorted ones of a part of the keys, the other half have keys from everywhere. */
        unsigned number = i < KEYS / 2 ? 2 * i : 2 * (unsigned)((uint64_t)i * 7919 % (KEYS / 2)) + 1;
        snprintf(key, sizeof key, "k%08u", number);
        ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ (uint8_t *)key, 9 }, (kf_bytes){ NULL, 0 }, &error), KF_OK);
    }
    ck_assert_int_eq(kfi_sorter_seal(sorter, 1, &error), KF_OK);
    for (unsigned i = PARTS; i-- > 0; ) {
        kfi_key_range range = { .has_to = i + 1 < PARTS };
        size_t seen = 0;
        range.from = (kf_bytes){ (const uint8_t *)bounds[i], strlen(bounds[i]) };
        if (range.has_to) range.to = (kf_bytes){ (const uint8_t *)bounds[i + 1], strlen(bounds[i + 1]) };
        uint64_t before = account.now;
        ck_assert_msg(kfi_sorter_scan(sorter, &range, count_pair, &seen, &error) == KF_OK, "range %u: %s", i,
                      error.message);
        ck_assert_uint_eq(seen, counts[i]);
        if (seen) ck_assert_uint_lt(account.now, before);
    }
    kfi_sorter_destroy(&sorter);
    ck_assert_uint_eq(account.now, 0);
}
END_TEST

/* A prefix that is sorted and a rest that is not, and the reverse: both ways out of the fast path. */
START_TEST(sortedness_changes)
{
    random_state = 5;
    input a = make_input(ASCENDING, 6000, KF_VALUES_U64, 0);
    input b = make_input(ACCESSIONS, 6000, KF_VALUES_U64, 0);
    item *joined = take(12000 * sizeof(item));
    for (int turn = 0; turn < 2; turn++) {
        memcpy(joined, (turn ? b : a).items, 6000 * sizeof(item));
        memcpy(joined + 6000, (turn ? a : b).items, 6000 * sizeof(item));
        for (size_t i = 0; i < 12000; i++) joined[i].order = i;
        input in = { joined, 12000, KF_VALUES_U64 };
        check_input(&in, KF_DUPLICATES_MAX, 40000);
        check_input(&in, KF_DUPLICATES_MIN, 150000);
        check_input(&in, KF_DUPLICATES_LAST, 300000);
    }
    free(joined);
    free_input(&a);
    free_input(&b);
}
END_TEST

enum { CONSTANT = 64 << 10 };

typedef struct stream {
    const char *name;
    size_t count;
    size_t key_size;          /* at least 8 */
    size_t value_size;
    kf_value_type type;
    int ascending;
} stream;

static const stream streams[] = {
    { "short keys", 900000, 8, 0, KF_VALUES_NONE, 0 },
    { "short keys, sorted", 900000, 8, 0, KF_VALUES_NONE, 1 },
    { "short keys, numbers", 900000, 13, 8, KF_VALUES_U64, 0 },
    { "long keys", 3000, 20000, 8, KF_VALUES_U64, 0 },
    { "longest keys", 60, 1 << 20, 8, KF_VALUES_U64, 0 },
    { "longest keys with values", 60, 1 << 20, 200000, KF_VALUES_BYTES, 0 },
    { "values just inline", 200, 10, 262144, KF_VALUES_BYTES, 0 },
    { "strings", 300000, 12, 60, KF_VALUES_BYTES, 0 }
};

START_TEST(memory__is_kept)
{
    const stream *s = &streams[_i];
    const uint64_t memory = 16 << 20;
    kfi_disk_account account = { 0, 0 };
    kfi_sort_options options = { memory, scratch, KF_DUPLICATES_LAST, s->type, &account, 1,
                                 NULL, s->type, 0 };
    kfi_sorter *sorter;
    size_t seen = 0;
    uint8_t *key = take(s->key_size), *value = take(s->value_size);
    memset(key, 'k', s->key_size);
    memset(value, 0, s->value_size);
    fault_mark();
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, NULL), KF_OK);
    for (size_t i = 0; i < s->count; i++) {
        uint64_t number = s->ascending ? i : (i + 1) * 0x9e3779b97f4a7c15u;
        for (int j = 0; j < 8; j++) key[s->key_size - 1 - (size_t)j] = (uint8_t)(number >> 8 * j);
        SURE(!kfi_sorter_add(sorter, (kf_bytes){ key, s->key_size },
                             (kf_bytes){ value, s->value_size }, NULL));
    }
    ck_assert_int_eq(kfi_sorter_finish(sorter, count_pair, &seen, NULL), KF_OK);
    ck_assert_uint_eq(seen, s->count);
    ck_assert_uint_eq(account.now, 0);
    kfi_sorter_destroy(&sorter);
    ck_assert_uint_le(fault_peak_bytes(), memory + CONSTANT);
    ck_assert_int_eq(fault_live(), 0);
    free(key);
    free(value);
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------------- */

START_TEST(refuses)
{
    kf_error error;
    kfi_sorter *sorter;
    size_t seen = 0;
    kfi_sort_options options = { 1 << 20, scratch, KF_DUPLICATES_SUM, KF_VALUES_BYTES, NULL, 1,
                                 NULL, KF_VALUES_BYTES, 0 };
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, &error), KF_INVALID);
    ck_assert_ptr_null(sorter);

    options.duplicates = KF_DUPLICATES_ERROR;
    options.value_type = KF_VALUES_U64;
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, &error), KF_OK);
    size_t size = (1 << 20) + 1;
    uint8_t *key = take(size);
    memset(key, 'x', size);
    kf_bytes number = { (const uint8_t *)"12345678", 8 };
    ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ key, size }, number, &error), KF_LIMIT);
    ck_assert_uint_eq(error.key_size, size);
    ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ key, 1 }, (kf_bytes){ key, 7 }, &error), KF_TYPE);
    ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ key, size - 1 }, number, &error), KF_OK);
    ck_assert_int_eq(kfi_sorter_finish(sorter, count_pair, &seen, &error), KF_OK);
    ck_assert_uint_eq(seen, 1);
    ck_assert_int_eq(kfi_sorter_finish(sorter, count_pair, &seen, &error), KF_INVALID);
    ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ key, 1 }, number, &error), KF_INVALID);
    kfi_sorter_destroy(&sorter);
    kfi_sorter_destroy(&sorter);
    kfi_sorter_destroy(NULL);

    options.value_type = KF_VALUES_NONE;
    ck_assert_int_eq(kfi_sorter_create(&sorter, &options, &error), KF_OK);
    ck_assert_int_eq(kfi_sorter_add(sorter, (kf_bytes){ key, 1 }, number, &error), KF_TYPE);
    kfi_sorter_destroy(&sorter);
    free(key);
}
END_TEST

/* However small the memory, the lowest of the keys at fault is named: here "b", added far apart. */
START_TEST(names_the_lowest_duplicate)
{
    const char *keys[] = { "z", "b", "q", "y", "z", "a", "c", "b", "q" };
    input in = { take(sizeof keys / sizeof *keys * sizeof(item)), 9, KF_VALUES_U64 };
    memset(in.items, 0, 9 * sizeof(item));
    for (size_t i = 0; i < 9; i++) {
        in.items[i].order = i;
        set_key(&in.items[i], keys[i], 1);
        in.items[i].value = take(8);
        in.items[i].value_size = 8;
        in.items[i].number = UINT64_MAX - 7 + i;
        kfi_store64(in.items[i].value, in.items[i].number);
    }
    for (size_t i = 0; i < 4; i++) {
        kf_error error;
        kfi_disk_account account;
        uint64_t dropped;
        model m = make_model(&in, KF_DUPLICATES_FIRST);
        checker c = { &m, KF_VALUES_U64, 0, SIZE_MAX };
        ck_assert_int_eq(sort_input(&in, KF_DUPLICATES_ERROR, budgets[i], &c, &dropped, &account, &error),
                         KF_DUPLICATE);
        ck_assert_uint_eq(error.key_size, 1);
        ck_assert_int_eq(error.key[0], 'b');
        ck_assert_ptr_nonnull(strstr(error.message, "twice"));
        ck_assert_ptr_nonnull(strstr(error.message, "duplicates policy"));
        c.seen = 0;
        ck_assert_int_eq(sort_input(&in, KF_DUPLICATES_SUM, budgets[i], &c, &dropped, &account, &error),
                         KF_LIMIT);
        ck_assert_int_eq(error.key[0], 'b');
        free(m.items);
    }
    free_input(&in);
}
END_TEST

/* ---- failures of others --------------------------------------------------------------------- */

START_TEST(sink_error_ends_it)
{
    kf_error error;
    kfi_disk_account account;
    uint64_t dropped;
    input in = make_input(ACCESSIONS, 400, KF_VALUES_BYTES, 0);
    model m = make_model(&in, KF_DUPLICATES_LAST);
    for (size_t i = 0; i < 6; i++)
        for (size_t at = 0; at < m.count; at += 37) {
            checker c = { &m, KF_VALUES_BYTES, 0, at };
            fault_mark();
            ck_assert_int_eq(sort_input(&in, KF_DUPLICATES_LAST, budgets[i], &c, &dropped, &account, &error),
                             KF_CANCELLED);
            ck_assert_str_eq(error.message, "enough");
            ck_assert_uint_eq(c.seen, at);
            ck_assert_int_eq(fault_live(), 0);
        }
    free(m.items);
    free_input(&in);
}
END_TEST

/* Fails the n-th call of these kinds, for all n (in a long run; see next_site), in a sort with several passes and
 * large values. */
static void sweep(unsigned kinds, int os_error, int mode, kf_status expected)
{
    kf_error error;
    kfi_disk_account account;
    uint64_t dropped;
    random_state = 77;
    input in = make_input(ACCESSIONS, 150, KF_VALUES_BYTES, 0);
    model m = make_model(&in, KF_DUPLICATES_LAST);
    int files = fault_open_files();
    for (uint64_t n = 1; ; n = next_site(n, 1)) {
        checker c = { &m, KF_VALUES_BYTES, 0, SIZE_MAX };
        error.status = KF_OK;
        fault_mark();
        fault_arm(kinds, n, os_error, mode);
        kf_status status = sort_input(&in, KF_DUPLICATES_LAST, 6000, &c, &dropped, &account, &error);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(fault_open_files(), files);
        if (!fired) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_uint_gt(n, kinds == FAULT_OPEN ? 3 : 8);
            break;
        }
        if (!status && kinds == FAULT_ALLOC && mode == FAULT_ONCE) {
            ck_assert_uint_eq(c.seen, m.count);   /* an array that can't have room to grow takes what it needs */
            continue;
        }
        ck_assert_int_eq(status, expected);
        ck_assert_int_eq(error.status, expected);
    }
    ck_assert_int_eq(scratch_count(), 0);
    free(m.items);
    free_input(&in);
}

START_TEST(fault__memory)
{
    sweep(FAULT_ALLOC, ENOMEM, FAULT_ONCE, KF_NO_MEMORY);
    sweep(FAULT_ALLOC, ENOMEM, FAULT_FROM, KF_NO_MEMORY);
}
END_TEST

START_TEST(fault__io)
{
    sweep(FAULT_WRITE | FAULT_READ, EIO, FAULT_ONCE, KF_IO);
    sweep(FAULT_WRITE, ENOSPC, FAULT_FROM, KF_NO_SPACE);
    sweep(FAULT_OPEN, EACCES, FAULT_FROM, KF_IO);
    fault_short_io(7);
    random_state = 78;
    input in = make_input(ACCESSIONS, 150, KF_VALUES_BYTES, 0);
    check_input(&in, KF_DUPLICATES_LAST, 12000);
    free_input(&in);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sort");
    TCase *all = tcase_create("sort");
    tcase_add_checked_fixture(all, set_up, tear_down);
    suite_add_cases(all, model__random, 0, SHAPES);
    suite_add_cases(all, model__large, 0, SHAPES);
    tcase_add_test(all, empty);
    tcase_add_test(all, disk__none_when_it_fits);
    tcase_add_test(all, disk__sorted_input_makes_one_run);
    tcase_add_test(all, scan__ranges_in_reverse);
    tcase_add_test(all, sortedness_changes);
    suite_add_cases(all, memory__is_kept, 0, (int)(sizeof streams / sizeof *streams));
    tcase_add_test(all, refuses);
    tcase_add_test(all, names_the_lowest_duplicate);
    tcase_add_test(all, sink_error_ends_it);
    tcase_add_test(all, fault__memory);
    tcase_add_test(all, fault__io);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
