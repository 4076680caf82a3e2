/* Iterators: every bound and direction against a sorted array, values, misuse, memory that runs out. */
#include <keyfold/keyfold.h>

#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include "read/dict.h"

#include <errno.h>

static key_set set;
static kf_dict *dict;
static kf_value_type type_now;
static unsigned shape_now;
static uint64_t seed_now;

#define EXPECT(condition, i) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u seed %d at %zu of %zu", #condition, shape_now, (int)seed_now, \
                         (size_t)(i), set.count); \
    } while (0)

static void open_shape(unsigned shape, uint64_t seed, kf_value_type type)
{
    kf_error error;
    shape_now = shape;
    seed_now = seed;
    type_now = type;
    set_make(&set, shape, seed, 1);
    set_build(&set, "iter.kf", type);
    kf_status status = kf_dict_open(&dict, scratch_path("iter.kf"), NULL, &error);
    ck_assert_msg(!status, "shape %u seed %d: %s", shape, (int)seed, error.message);
}

static kf_iter *again;

static void close_shape(void)
{
    kf_iter_destroy(&again);
    kf_dict_close(&dict);
    set_free(&set);
}

static void value_of(kf_iter *iter, size_t i)
{
    uint64_t number = 0;
    kf_bytes value = { NULL, 0 };
    kf_status bytes = kf_iter_value(iter, &value), u64 = kf_iter_value_u64(iter, &number);
    EXPECT(bytes == (type_now == KF_VALUES_BYTES ? KF_OK : KF_TYPE), i);
    EXPECT(u64 == (type_now == KF_VALUES_U64 ? KF_OK : KF_TYPE), i);
    if (type_now == KF_VALUES_U64) EXPECT(number == 7 * i, i);
    if (type_now == KF_VALUES_BYTES) EXPECT(bytes_compare(value, set.keys[i]) == 0, i);
}

/* The same keys in blocks of all sizes, and one by one between them, by an iterator that is used again and again. */
static void run_blocks(kf_iter **iter, const kf_iter_options *options, size_t low, size_t high, size_t n)
{
    const int reverse = (options->flags & KF_ITER_REVERSE) != 0;
    kf_entry entries[70];
    size_t k = 0, count;
    EXPECT(kf_iter_reset(iter, dict, options, NULL) == KF_OK, low);
    while (k < n) {
        const size_t most = 1 + set_below(&set, set_below(&set, 2) ? 3 : 70);
        const int one = set_below(&set, 8) == 0;
        if (one) count = kf_iter_next(*iter, entries) == KF_OK;
        else EXPECT(kf_iter_next_many(*iter, entries, most, &count) == KF_OK, low);
        EXPECT(count && count <= n - k, low);
        for (size_t e = 0; e < count; e++, k++) {
            const size_t i = reverse ? high - 1 - k : low + k;
            EXPECT(entries[e].ordinal == i && bytes_compare(entries[e].key, set.keys[i]) == 0, i);
        }
        uint64_t number;
        if (one) value_of(*iter, reverse ? high - k : low + k - 1);
        else EXPECT(kf_iter_value_u64(*iter, &number) == (type_now == KF_VALUES_U64 ? KF_INVALID : KF_TYPE), low);
        if (!options->filter) EXPECT(kf_iter_remaining(*iter) == n - k, low);
    }
    EXPECT(kf_iter_next_many(*iter, entries, 70, &count) == KF_END && !count, low);
    EXPECT(kf_iter_next_many(*iter, entries, 70, &count) == KF_END && !count, low);
    EXPECT(kf_iter_next_many(*iter, entries, 0, &count) == KF_INVALID && !count, low);
}

static int keep_all(void *context, kf_iter *iter, const kf_entry *entry)
{
    (void)context, (void)iter, (void)entry;
    return 1;
}

/* Keys low .. high-1 of the model are what the options should give. */
static void run(const kf_iter_options *options, size_t low, size_t high)
{
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    size_t n = high > low ? high - low : 0;
    int reverse = (options->flags & KF_ITER_REVERSE) != 0;
    if (n > options->limit) n = (size_t)options->limit;
    EXPECT(kf_iter_create(&iter, dict, options, &error) == KF_OK, low);
    for (size_t k = 0; k < n; k++) {
        size_t i = reverse ? high - 1 - k : low + k;
        EXPECT(kf_iter_remaining(iter) == n - k, i);
        EXPECT(kf_iter_next(iter, &entry) == KF_OK, i);
        EXPECT(entry.ordinal == i && bytes_compare(entry.key, set.keys[i]) == 0, i);
        if (set_below(&set, 4) == 0) value_of(iter, i);
    }
    EXPECT(kf_iter_remaining(iter) == 0, low);
    EXPECT(kf_iter_next(iter, &entry) == KF_END, low);
    EXPECT(kf_iter_next(iter, &entry) == KF_END, low);
    uint64_t number;
    kf_status none = type_now == KF_VALUES_U64 ? KF_INVALID : KF_TYPE;
    EXPECT(kf_iter_value_u64(iter, &number) == none, low);
    kf_iter_destroy(&iter);
    ck_assert_ptr_null(iter);
    run_blocks(&again, options, low, high, n);
    /* With a filter it is another kind, which goes one by one. */
    kf_iter_options filtered = *options;
    filtered.filter = keep_all;
    run_blocks(&again, &filtered, low, high, n);
}

/* A key, or something near one. `text` has room. */
static kf_bytes near_key(uint8_t *text)
{
    kf_bytes key = set.count ? set.keys[set_below(&set, set.count)] : (kf_bytes){ NULL, 0 };
    size_t size = key.size;
    if (set_below(&set, 3) == 0) size = set_below(&set, size + 1);
    if (size) memcpy(text, key.data, size);
    if (size && set_below(&set, 4) == 0) text[size - 1] = (uint8_t)(text[size - 1] + set_below(&set, 3) - 1);
    if (set_below(&set, 4) == 0) text[size++] = (uint8_t)set_below(&set, 256);
    return (kf_bytes){ text, size };
}

static void random_bounds(unsigned rounds)
{
    uint8_t *text[3];
    for (int t = 0; t < 3; t++) text[t] = malloc(80000);
    while (rounds--) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        size_t low = 0, high = set.count, bound;
        if (set_below(&set, 2)) o.flags = KF_ITER_REVERSE;
        if (set_below(&set, 2)) {
            o.prefix = near_key(text[0]);
            if (set_below(&set, 2)) o.prefix.size = set_below(&set, o.prefix.size + 1);
            low = set_bound(&set, o.prefix);
            high = set_prefix_end(&set, o.prefix);
        }
        if (set_below(&set, 2)) {
            o.from = near_key(text[1]);
            bound = set_bound(&set, o.from);
            if (bound > low) low = bound;
        }
        if (set_below(&set, 2)) {
            o.to = near_key(text[2]);
            o.has_to = 1;
            bound = set_bound(&set, o.to);
            if (bound < high) high = bound;
        }
        if (set_below(&set, 4) == 0) {
            o.first_ordinal = set_below(&set, set.count + 3);
            if (o.first_ordinal > low) low = (size_t)o.first_ordinal;
        }
        if (set_below(&set, 4) == 0) o.limit = set_below(&set, set.count + 3);
        run(&o, low, high);
    }
    for (int t = 0; t < 3; t++) free(text[t]);
}

START_TEST(iter__shapes)
{
    FOR_SEEDS(seed, rounds_of(60)) {
        kf_iter_options all = KF_ITER_OPTIONS_INIT;
        open_shape((unsigned)_i, seed, (kf_value_type)(seed % 3));
        run(&all, 0, set.count);
        all.flags = KF_ITER_REVERSE;
        run(&all, 0, set.count);
        all.to = (kf_bytes){ NULL, 0 };
        all.has_to = 1;   /* below the empty key: nothing */
        run(&all, 0, 0);
        random_bounds(60);
        close_shape();
    }
}
END_TEST

START_TEST(iter__misuse)
{
    kf_iter *iter = (kf_iter *)(void *)&set;
    kf_error error;
    uint64_t number;
    kf_bytes value;
    kf_entry entry;
    open_shape(8, 1, KF_VALUES_U64);
    kf_iter_options o = { .struct_size = offsetof(kf_iter_options, limit) };
    ck_assert_int_eq(kf_iter_create(&iter, dict, &o, &error), KF_INVALID);
    ck_assert_ptr_null(iter);
    o = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    o.flags = 4;
    ck_assert_int_eq(kf_iter_create(&iter, dict, &o, NULL), KF_INVALID);
    kf_iter_destroy(&iter);
    ck_assert_int_eq(kf_iter_create(&iter, dict, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_iter_reset(&iter, dict, &o, NULL), KF_INVALID);
    ck_assert_ptr_null(iter);
    ck_assert_int_eq(kf_iter_create(&iter, dict, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_iter_value_u64(iter, &number), KF_INVALID);
    ck_assert_int_eq(kf_iter_value(iter, &value), KF_TYPE);
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
    ck_assert_int_eq(kf_iter_value_u64(iter, &number), KF_OK);
    kf_iter_destroy(&iter);
    close_shape();
    open_shape(8, 1, KF_VALUES_BYTES);
    ck_assert_int_eq(kf_iter_create(&iter, dict, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_iter_value(iter, &value), KF_INVALID);
    kf_iter_destroy(&iter);
    close_shape();
}
END_TEST

static kf_status whole_walk(size_t *seen)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    uint8_t *prefix = calloc(1, 300);   /* long enough to be copied on the heap */
    kf_iter *iter;
    kf_entry entry;
    kf_bytes value;
    kf_error error;
    *seen = 0;
    if (!prefix) return KF_NO_MEMORY;
    memset(prefix, 'a', 300);
    o.prefix = (kf_bytes){ prefix, 280 };
    kf_status status = kf_iter_create(&iter, dict, &o, &error);
    while (!status && !(status = kf_iter_next(iter, &entry))) {
        ++*seen;
        status = kf_iter_value(iter, &value);
    }
    if (iter) kf_iter_destroy(&iter);
    free(prefix);
    return status == KF_END ? KF_OK : status;
}

START_TEST(iter__memory_runs_out)
{
    size_t seen;
    /* A chain: as many levels as bytes. */
    set = (key_set){ .random = 88172645463325252u };
    set_add_chain(&set, 500, 1, 'a');
    set_sort(&set);
    set_build(&set, "iter.kf", KF_VALUES_BYTES);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("iter.kf"), NULL, NULL), KF_OK);
    for (uint64_t n = 1; ; n++) {
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        kf_status status = whole_walk(&seen);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        if (!fired) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_uint_gt(seen, 220);
            ck_assert_uint_gt(n, 8);
            break;
        }
        ck_assert_int_eq(status, KF_NO_MEMORY);
    }
    for (uint64_t n = 1; ; n++) {
        kf_error error = { 0 };
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        kf_status status = kf_dict_verify(dict, NULL, &error);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
        if (!fired) break;
    }
    close_shape();
}
END_TEST

/* Backwards; several at once, by a kind that knows only one by one; all of a prefix. Of long keys. */
static kf_status long_walk(int way, size_t *seen)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    const kf_dict *both[] = { dict, dict };
    kf_iter *iter = NULL;
    kf_entry entries[64];
    size_t count;
    *seen = 0;
    if (way == 0) o.flags = KF_ITER_REVERSE;
    if (way == 2) o.prefix = (kf_bytes){ (const uint8_t *)"aa", 2 };
    kf_status status = way == 1 ? kf_iter_create_set(&iter, KF_SET_UNION, both, 2, NULL, NULL)
                                : kf_iter_create(&iter, dict, &o, NULL);
    while (!status && !(status = kf_iter_next_many(iter, entries, 64, &count))) *seen += count;
    /* What came too late for the call that gave entries came once. */
    if (iter && status != KF_END) ck_assert_int_ne(kf_iter_next(iter, entries), KF_OK);
    kf_iter_destroy(&iter);
    return status == KF_END ? KF_OK : status;
}

START_TEST(iter__long_keys_without_memory)
{
    static uint8_t key[6000];
    size_t seen, some = 0;
    set = (key_set){ .random = 88172645463325252u };
    memset(key, 'a', sizeof key);
    for (unsigned i = 1; i < 40; i++) set_add(&set, key, 150 * i);
    set_sort(&set);
    set_build(&set, "iter.kf", KF_VALUES_BYTES);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("iter.kf"), NULL, NULL), KF_OK);
    for (uint64_t n = 1; ; n++) {
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        kf_status status = long_walk(_i, &seen);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
        some += fired && seen;
        if (!fired) break;
    }
    ck_assert_uint_eq(seen, 39);
    ck_assert(some || _i != 1);
    close_shape();
}
END_TEST

/* Backwards through a file of which one byte is another: all ordinals come, or damage is told. */
START_TEST(iter__backwards_through_damage)
{
    size_t size;
    unsigned corrupt = 0;
    open_shape(9, 1, KF_VALUES_NONE);
    uint8_t *file = scratch_read("iter.kf", &size);
    const size_t begin = kfi_header_section(&dict->header, KFI_SECTION_TREE)->offset;
    close_shape();
    for (size_t at = begin; at < size; at++) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_iter *iter;
        kf_entry entry;
        uint64_t left;
        o.flags = KF_ITER_REVERSE;
        file[at] ^= 1u << at % 8;
        kf_status status = kf_dict_open_memory(&dict, file, size, NULL, NULL);
        if (!status) status = kf_iter_create(&iter, dict, &o, NULL);
        if (!status) {
            for (left = kf_dict_count(dict); !(status = kf_iter_next(iter, &entry)); left--)
                ck_assert_uint_eq(entry.ordinal, left - 1);
            ck_assert(status == KF_CORRUPT || (status == KF_END && !left));
            kf_iter_destroy(&iter);
        }
        corrupt += status == KF_CORRUPT;
        kf_dict_close(&dict);
        file[at] ^= 1u << at % 8;
    }
    ck_assert_uint_gt(corrupt, 20);
    free(file);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("iter");
    TCase *t = tcase_create("iter");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, iter__shapes, 0, SHAPES);
    tcase_add_test(t, iter__misuse);
    tcase_add_test(t, iter__memory_runs_out);
    suite_add_cases(t, iter__long_keys_without_memory, 0, 3);
    tcase_add_test(t, iter__backwards_through_damage);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
