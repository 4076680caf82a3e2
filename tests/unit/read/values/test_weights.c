/* Weights and completion: every order and range against a sorted array, duplicates and spilled builds, what is
 * refused, damaged sections, memory that runs out. */
#include "format/header.h"
#include "query/complete.h"
#include "read/values/weights_reader.h"

#include <keyfold/keyfold.h>

#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "damage.h"
#include "model.h"

#include <errno.h>
#include <math.h>

enum { WEIGHT_SHAPES = 9 };

static model now;
static unsigned weight_shape;
static uint64_t *weights, *order;     /* of `now`: by ordinal, and room for ordinals in order */
static kf_dict *dict;

#define EXPECT(condition, i) MUST(condition, "%s: %s at %zu", #condition, now.name, (size_t)(i))

static uint64_t draw_weight(unsigned shape, uint64_t seed, size_t i)
{
    uint64_t r = mix64(seed * 77 + i);
    switch (shape) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return r % 3;
    case 3: return r;
    case 4: return r >> (r % 64);
    case 5: return i;
    case 6: return UINT64_MAX - i;
    case 7: return r % 100 ? 0 : r % 1000;
    default: return (uint64_t)1 << 57 | (i / 40);
    }
}

/* Builds `now`, whose weights are given or its values, and opens it. */
static void open_now(kf_weights mode, uint64_t memory, uint64_t turn)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    const size_t count = now.set.count;
    options.value_type = now.type;
    options.memory_limit = memory;
    options.weights = mode;
    weights = malloc((count + 1) * sizeof *weights);
    order = malloc((count + 1) * sizeof *order);
    kf_status status = kf_builder_create(&builder, scratch_path("w.kf"), &options, &error);
    size_t step = count > 7 && count % 7 && turn ? 7 : 1;   /* coprime to the count: all are visited */
    for (size_t n = 0, i = 0; n < count && !status; n++, i = (i + step) % count) {
        kf_bytes key = now.set.keys[i], value = { NULL, 0 };
        uint64_t w = weights[i] = draw_weight(weight_shape, now.value_seed, i);
        if (now.type == KF_VALUES_BYTES) value = model_string(&now, i, room);
        if (mode != KF_WEIGHTS_GIVEN)
            status = kf_builder_add_u64(builder, key.data, key.size, w, &error);
        else if (now.type == KF_VALUES_U64)
            status = kf_builder_add_u64_weighted(builder, key.data, key.size, model_number(&now, i), w, &error);
        else
            status = kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size, w, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    MUST(!status, "%s: %s", now.name, error.message);
    kf_builder_destroy(&builder);
    free(room);
    status = kf_dict_open(&dict, scratch_path("w.kf"), NULL, &error);
    MUST(!status, "%s: %s", now.name, error.message);
}

static void close_now(void)
{
    kf_dict_close(&dict);
    set_free(&now.set);
    free(weights);
    free(order);
}

static int by_weight(const void *a, const void *b)
{
    uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    if (weights[i] != weights[j]) return weights[i] > weights[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

static int third(void *context, kf_iter *iter, const kf_entry *entry)
{
    ++*(size_t *)context;
    EXPECT(kf_iter_match(iter)->weight == weights[entry->ordinal], entry->ordinal);
    EXPECT(model_same(entry->key, now.set.keys[entry->ordinal]), entry->ordinal);
    return entry->ordinal % 3 == 1;
}

/* The options select the keys low .. high-1 of the model. */
static void check_range(kf_iter_options *o, size_t low, size_t high)
{
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    size_t n = 0, asked = 0;
    uint64_t number;
    const int filtered = set_below(&now.set, 4) == 0;
    o->order = KF_ORDER_WEIGHT;
    o->filter = filtered ? third : NULL;
    o->filter_context = &asked;
    for (size_t i = low; i < high; i++) {
        if (!filtered || i % 3 == 1) order[n++] = i;
    }
    if (n) qsort(order, n, sizeof *order, by_weight);
    if (o->limit < n) n = (size_t)o->limit;
    kf_status status = kf_iter_create(&iter, dict, o, &error);
    MUST(!status, "%s: %s", now.name, error.message);
    for (size_t k = 0; k < n; k++) {
        uint64_t i = order[k];
        EXPECT(kf_iter_remaining(iter) == (filtered ? UINT64_MAX : n - k), k);
        EXPECT(kf_iter_next(iter, &entry) == KF_OK, k);
        EXPECT(entry.ordinal == i && kf_iter_match(iter)->weight == weights[i], k);
        EXPECT(model_same(entry.key, now.set.keys[i]), k);
        if (now.type == KF_VALUES_U64 && k % 4 == 0) EXPECT(kf_iter_value_u64(iter, &number) == KF_OK, k);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END && kf_iter_next(iter, &entry) == KF_END, n);
    EXPECT(kf_iter_remaining(iter) == 0, n);
    if (filtered && o->limit > high - low) EXPECT(asked == high - low, asked);
    kf_iter_destroy(&iter);
}

/* `most`: entries that are asked for. */
static void check_ranges(unsigned rounds, uint64_t most)
{
    const size_t count = now.set.count;
    kf_iter_options all = KF_ITER_OPTIONS_INIT;
    all.limit = most;
    check_range(&all, 0, count);
    while (rounds--) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        size_t low = 0, high = count;
        if (set_below(&now.set, 2)) o.limit = set_below(&now.set, set_below(&now.set, 2) ? 12 : count + 2);
        if (o.limit > most) o.limit = most;
        switch (set_below(&now.set, 4)) {
        case 0:
            o.first_ordinal = low = set_below(&now.set, count + 2);
            if (low > count) low = count;
            break;
        case 1:
            if (!count) break;
            low = set_below(&now.set, count);
            high = low + set_below(&now.set, count - low);
            o.from = now.set.keys[low];
            o.to = now.set.keys[high];
            o.has_to = 1;
            break;
        default:
            if (!count) break;
            o.prefix = now.set.keys[set_below(&now.set, count)];
            o.prefix.size = set_below(&now.set, (o.prefix.size < 5 ? o.prefix.size : 5) + 1);
            low = set_bound(&now.set, o.prefix);
            high = set_prefix_end(&now.set, o.prefix);
        }
        check_range(&o, low, high);
    }
}

/* Each way to read weights. */
static void check_reading(void)
{
    const size_t count = now.set.count;
    uint64_t w, run[KFI_WEIGHTS_FAN];
    kf_error error = { 0 };
    ck_assert(kf_dict_has_weights(dict));
    for (size_t i = 0; i < count; i++) EXPECT(kf_dict_weight_at(dict, i, &w) == KF_OK && w == weights[i], i);
    EXPECT(kf_dict_weight_at(dict, count, &w) == KF_NOT_FOUND, count);
    EXPECT(kf_dict_weight_at(dict, UINT64_MAX, &w) == KF_NOT_FOUND, count);
    for (size_t i = 0; i < count; i++) {
        size_t room = KFI_WEIGHTS_FAN - i % KFI_WEIGHTS_FAN, n = 1 + set_below(&now.set, room);
        if (n > count - i) n = count - i;
        EXPECT(kfi_weights_block(&dict->weights, i, (unsigned)n, run) == KF_OK, i);
        EXPECT(!memcmp(run, weights + i, n * sizeof *run), i);
    }
    kf_status status = kf_dict_verify(dict, NULL, &error);
    MUST(!status, "%s: %s", now.name, error.message);
}

static void open_drawn(unsigned shape, uint64_t seed, unsigned of_weights, kf_weights mode)
{
    now = (model){ .value_seed = seed, .value_shape = (unsigned)seed, .type = (kf_value_type)(seed % 3) };
    if (mode != KF_WEIGHTS_GIVEN) now.type = KF_VALUES_U64;
    set_make(&now.set, shape, seed, seed % 5 == 0 ? 8 : 1);
    weight_shape = of_weights;
    snprintf(now.name, sizeof now.name, "shape %u seed %u weights %u, %s", shape, (unsigned)seed, of_weights,
             mode == KF_WEIGHTS_GIVEN ? "given" : mode == KF_WEIGHTS_VALUE ? "values" : "values without maxima");
    open_now(mode, 16 << 20, seed % 2);
}

static void setup(void) { scratch_open(); }
static void teardown(void) { scratch_close(); }

START_TEST(test_orders)
{
    for (unsigned n = 0; n < rounds_of(SHAPES * 4); n++) {
        open_drawn(n % SHAPES, n, n % WEIGHT_SHAPES, (kf_weights)(n / 3 % 3));
        check_reading();
        check_ranges(40, UINT64_MAX);
        close_now();
    }
}
END_TEST

/* All prefixes of all keys, and all limits about the number of keys. */
START_TEST(test_prefixes)
{
    static const unsigned shapes[] = { 7, 9, 14, 4 };
    for (unsigned n = 0; n < 4; n++) {
        open_drawn(shapes[n], 11 + n, 2 + n, n % 2 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN);
        for (size_t i = 0; i < now.set.count; i++)
            for (size_t size = 0; size <= now.set.keys[i].size; size++) {
                kf_iter_options o = KF_ITER_OPTIONS_INIT;
                o.prefix = (kf_bytes){ now.set.keys[i].data, size };
                o.limit = 3;
                if (i && bytes_shared(now.set.keys[i - 1], now.set.keys[i]) >= size) continue;
                check_range(&o, set_bound(&now.set, o.prefix), set_prefix_end(&now.set, o.prefix));
            }
        for (uint64_t limit = 0; limit < now.set.count + 2; limit += 1 + limit / 8) {
            kf_iter_options o = KF_ITER_OPTIONS_INIT;
            o.limit = limit;
            check_range(&o, 0, now.set.count);
        }
        close_now();
    }
}
END_TEST

/* Three levels of maxima, and more pairs than a build of 16 MiB can hold. */
START_TEST(test_large)
{
    for (unsigned n = 0; n < 3; n++) {
        now = (model){ .type = n == 1 ? KF_VALUES_BYTES : KF_VALUES_U64, .value_shape = 3, .value_seed = n };
        now.set.random = 99;
        set_add_numbers(&now.set, "long enough that it spills: %08u", 270001, 3);
        snprintf(now.name, sizeof now.name, "large %u", n);
        weight_shape = 4 + n % 2 * 3;
        open_now(n == 2 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN, 16 << 20, 1);
        ck_assert_uint_eq(dict->weights.maxima.levels, 3);
        kf_error error = { 0 };
        ck_assert_msg(!kf_dict_verify(dict, NULL, &error), "%s", error.message);
        uint8_t *room = malloc(MODEL_VALUE_MAX);
        kf_buffer buffer = KF_BUFFER_INIT;
        for (size_t i = 0; i < now.set.count && n < 2; i += 331) model_check_value(&now, dict, i, &buffer, room);
        kf_buffer_free(&buffer);
        free(room);
        check_ranges(6, 20000);
        close_now();
    }
}
END_TEST

/* Without weights the file is what it was before there were any; with them, the other sections are. */
START_TEST(test_sections)
{
    size_t size[2];
    uint8_t *data[2];
    now = (model){ .type = KF_VALUES_U64, .value_shape = 3, .value_seed = 5 };
    set_make(&now.set, 10, 3, 4);
    weight_shape = 4;
    open_now(KF_WEIGHTS_NONE, 0, 0);
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert_uint_eq(stat.weight_bytes, 0);
    ck_assert_int_eq(stat.weights, KF_WEIGHTS_NONE);
    ck_assert_uint_eq(dict->header.section_count, 7);
    data[0] = scratch_read("w.kf", &size[0]);
    kfi_header plain = dict->header, with;
    kf_dict_close(&dict);
    free(weights);
    free(order);
    open_now(KF_WEIGHTS_VALUE, 0, 0);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert_int_eq(stat.weights, KF_WEIGHTS_VALUE);
    ck_assert_uint_ge(stat.weight_bytes, KFI_WEIGHTS_HEADER_SIZE + now.set.count / 64);
    ck_assert_uint_le(stat.weight_bytes, KFI_WEIGHTS_HEADER_SIZE + 8 + now.set.count / 64 * 9);
    data[1] = scratch_read("w.kf", &size[1]);
    with = dict->header;
    for (unsigned i = 0; i < plain.section_count; i++) {
        const kfi_section *a = &plain.sections[i], *b = kfi_header_section(&with, (kfi_section_type)a->type);
        if (a->type == KFI_SECTION_CHECKSUMS) continue;
        ck_assert(b && b->size == a->size && !memcmp(data[0] + a->offset, data[1] + b->offset, (size_t)a->size));
    }
    free(data[0]);
    free(data[1]);
    close_now();
}
END_TEST

/* ---- building --------------------------------------------------------------------------------- */

/* Values of a megabyte among weights: they take the sorter's other way. */
START_TEST(test_duplicates)
{
    static const kf_duplicates policies[] = { KF_DUPLICATES_ERROR, KF_DUPLICATES_FIRST, KF_DUPLICATES_LAST };
    enum { LARGE = 900000 };
    uint8_t *large = calloc(1, LARGE);
    for (unsigned p = 0; p < 3; p++) {
        kf_builder *builder;
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_buffer buffer = KF_BUFFER_INIT;
        kf_bytes value;
        uint64_t w;
        options.value_type = KF_VALUES_BYTES;
        options.duplicates = policies[p];
        options.memory_limit = 16 << 20;
        options.weights = KF_WEIGHTS_GIVEN;
        ck_assert_int_eq(kf_builder_create(&builder, scratch_path("w.kf"), &options, &error), KF_OK);
        for (unsigned i = 0; i < 30; i++) {
            char key[2] = { (char)('a' + i % 10), 0 };
            large[0] = large[LARGE - 1] = (uint8_t)i;
            ck_assert_int_eq(kf_builder_add_weighted(builder, key, 1, large, i % 4 ? 1 : LARGE,
                                                     (uint64_t)i << 50, &error), KF_OK);
        }
        kf_status status = kf_builder_finish(builder, NULL, &error);
        kf_builder_destroy(&builder);
        ck_assert_int_eq(status, p == 0 ? KF_DUPLICATE : KF_OK);
        if (p == 0) continue;
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("w.kf"), NULL, &error), KF_OK);
        for (unsigned k = 0; k < 10; k++) {
            unsigned i = p == 1 ? k : k + 20;
            ck_assert_int_eq(kf_dict_value_at(dict, k, &buffer, &value), KF_OK);
            ck_assert(value.size == (i % 4 ? 1 : LARGE) && value.data[0] == i && value.data[value.size - 1] == i);
            ck_assert(kf_dict_weight_at(dict, k, &w) == KF_OK && w == (uint64_t)i << 50);
        }
        kf_buffer_free(&buffer);
        kf_dict_close(&dict);
    }
    free(large);
}
END_TEST

static void refuse_options(kf_value_type type, kf_weights mode, kf_duplicates duplicates)
{
    kf_builder *builder;
    kf_error error = { 0 };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = type;
    options.weights = mode;
    options.duplicates = duplicates;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("w.kf"), &options, &error), KF_INVALID);
    ck_assert_ptr_null(builder);
    ck_assert(strlen(error.message) > 10);
}

START_TEST(test_refused)
{
    kf_builder *b;
    kf_error error = { 0 };
    kf_iter *iter;
    uint64_t w;
    refuse_options(KF_VALUES_NONE, KF_WEIGHTS_VALUE, KF_DUPLICATES_ERROR);
    refuse_options(KF_VALUES_BYTES, KF_WEIGHTS_VALUE, KF_DUPLICATES_ERROR);
    refuse_options(KF_VALUES_U64, (kf_weights)3, KF_DUPLICATES_ERROR);
    refuse_options(KF_VALUES_U64, (kf_weights)-1, KF_DUPLICATES_ERROR);
    refuse_options(KF_VALUES_U64, KF_WEIGHTS_GIVEN, KF_DUPLICATES_SUM);
    refuse_options(KF_VALUES_U64, KF_WEIGHTS_GIVEN, KF_DUPLICATES_MAX);
    for (unsigned n = 0; n < 6; n++) {
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        options.value_type = (kf_value_type)(n % 3);
        options.weights = n < 3 ? KF_WEIGHTS_NONE : KF_WEIGHTS_GIVEN;
        int numbers = options.value_type == KF_VALUES_U64, given = options.weights == KF_WEIGHTS_GIVEN;
        ck_assert_int_eq(kf_builder_create(&b, scratch_path("w.kf"), &options, &error), KF_OK);
        ck_assert_int_eq(kf_builder_add(b, "a", 1, NULL, 0, &error), !numbers && !given ? KF_OK : KF_TYPE);
        ck_assert_int_eq(kf_builder_add_u64(b, "b", 1, 1, &error), numbers && !given ? KF_OK : KF_TYPE);
        ck_assert_int_eq(kf_builder_add_weighted(b, "c", 1, NULL, 0, 1, &error),
                         !numbers && given ? KF_OK : KF_TYPE);
        ck_assert_int_eq(kf_builder_add_u64_weighted(b, "d", 1, 1, 1, &error),
                         numbers && given ? KF_OK : KF_TYPE);
        if (options.value_type == KF_VALUES_NONE)
            ck_assert_int_eq(kf_builder_add_weighted(b, "e", 1, "x", 1, 1, &error), KF_TYPE);
        ck_assert_int_eq(kf_builder_finish(b, NULL, &error), KF_OK);
        kf_builder_destroy(&b);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("w.kf"), NULL, &error), KF_OK);
        ck_assert_uint_eq(kf_dict_count(dict), 1);
        ck_assert_int_eq(kf_dict_has_weights(dict) != 0, numbers || given);
        ck_assert_int_eq(kf_dict_weight_at(dict, 0, &w), numbers || given ? KF_OK : KF_TYPE);
        if (numbers || given) ck_assert_uint_eq(w, 1);
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        o.order = KF_ORDER_WEIGHT;
        ck_assert_int_eq(kf_iter_create(&iter, dict, &o, &error), numbers || given ? KF_OK : KF_TYPE);
        kf_iter_destroy(&iter);
        if (!numbers && !given)
            ck_assert_int_eq(kfi_iter_by_weight(&iter, dict, 0, 1, 1, NULL, NULL, &error), KF_TYPE);
        kf_dict_close(&dict);
    }
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------------- */

/* Whatever the weights say, each key comes once. */
static void check_damaged(const char *path)
{
    kf_error error = { 0 };
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    uint64_t w;
    const size_t count = now.set.count;
    options.flags = KF_OPEN_IN_MEMORY;
    o.order = KF_ORDER_WEIGHT;
    kf_status status = kf_dict_open(&dict, path, &options, &error);
    if (status) {
        EXPECT(status == KF_CORRUPT && strlen(error.message) > 5, 0);
        return;
    }
    for (size_t i = 0; i < count; i += 1 + count / 50) {
        status = kf_dict_weight_at(dict, i, &w);
        EXPECT(!status || status == KF_CORRUPT, i);
    }
    if (set_below(&now.set, 2)) o.first_ordinal = set_below(&now.set, count);
    size_t left = count - (size_t)o.first_ordinal, n = 0;
    memset(order, 0, count * sizeof *order);
    status = kf_iter_create(&iter, dict, &o, &error);
    EXPECT(!status || status == KF_CORRUPT, 0);
    while (!status && !(status = kf_iter_next(iter, &entry))) {
        EXPECT(n++ < left && entry.ordinal < count && entry.ordinal >= o.first_ordinal, n);
        EXPECT(!order[entry.ordinal]++, entry.ordinal);
    }
    EXPECT(status == KF_CORRUPT || (status == KF_END && n == left), n);
    kf_iter_destroy(&iter);
    EXPECT(kfi_weights_verify(&dict->weights, count, &(kfi_progress){ 0 }, NULL) == KF_OK
           || kfi_weights_verify(&dict->weights, count, &(kfi_progress){ 0 }, &error) == KF_CORRUPT, 0);
    EXPECT(kf_dict_verify(dict, NULL, &error) == KF_CORRUPT || !damage_count || !memcmp(file, weights, 0), 0);
    kf_dict_close(&dict);
}

START_TEST(test_damage)
{
    for (unsigned n = 0; n < 6; n++) {
        static const unsigned shapes[] = { 9, 14, 18, 7, 14, 10 };
        open_drawn(shapes[n], 5 * n + n % 2, (4 + n) % WEIGHT_SHAPES, n % 2 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN);
        kf_dict_close(&dict);
        damage_load("w.kf");
        const kfi_section *s = kfi_header_section(&header, KFI_SECTION_WEIGHTS);
        for (unsigned k = 0; k < rounds_of(150); k++) {
            for (size_t bytes = 1 + set_below(&now.set, 5); bytes--; ) {
                size_t part = set_below(&now.set, 3) ? (size_t)s->size : KFI_WEIGHTS_HEADER_SIZE;
                damage_byte(&now.set, (size_t)s->offset + set_below(&now.set, part));
            }
            scratch_write("damaged.kf", file, file_size);
            check_damaged(scratch_path("damaged.kf"));
            damage_undo();
        }
        damage_free();
        close_now();
    }
}
END_TEST

static kf_status interrupt(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    (void)context, (void)phase, (void)done, (void)total;
    return kfi_cancelled(error);
}

/* Every maximum that is changed is found, though all checksums be right. */
START_TEST(test_verify)
{
    open_drawn(14, 5, 4, KF_WEIGHTS_VALUE);
    kf_dict_close(&dict);
    damage_load("w.kf");
    const kfi_section *s = kfi_header_section(&header, KFI_SECTION_WEIGHTS);
    kfi_weights_header parsed;
    kf_error error;
    ck_assert_int_eq(kfi_weights_header_parse(&parsed, file + s->offset, s->size, now.set.count, &error), KF_OK);
    size_t used = (size_t)(s->offset + parsed.level_offset[parsed.levels]), found = 0;
    ck_assert_uint_ge(parsed.levels, 1);
    for (size_t at = (size_t)s->offset + KFI_WEIGHTS_HEADER_SIZE; at < used; at++) {
        kf_open_options options = KF_OPEN_OPTIONS_INIT;
        options.flags = KF_OPEN_IN_MEMORY;
        file[at] ^= 4;
        scratch_write("damaged.kf", file, file_size);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("damaged.kf"), &options, &error), KF_OK);
        ck_assert_int_eq(kfi_weights_verify(&dict->weights, now.set.count, &(kfi_progress){ 0 }, &error), KF_CORRUPT);
        kf_dict_close(&dict);
        file[at] ^= 4;
        found++;
    }
    ck_assert_uint_gt(found, 10);
    /* Values that can't be read, by a field's width; and a caller that wants no more. */
    uint8_t *values = file + kfi_header_section(&header, KFI_SECTION_VALUES)->offset;
    uint8_t *width = values + kfi_load64(values + 80);
    for (int wrong = 0; wrong < 2; wrong++) {
        kfi_progress progress = { .tell = interrupt, .step = 1 };
        if (wrong) *width |= 127;
        ck_assert_int_eq(kf_dict_open_memory(&dict, file, file_size, NULL, &error), KF_OK);
        ck_assert_int_eq(kfi_weights_verify(&dict->weights, now.set.count, &progress, &error),
                         wrong ? KF_CORRUPT : KF_CANCELLED);
        kf_dict_close(&dict);
    }
    damage_free();
    close_now();
}
END_TEST

/* ---- memory that runs out --------------------------------------------------------------------- */

static kf_status read_all(kf_error *error)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter = NULL;
    kf_entry entry;
    uint64_t last = UINT64_MAX;
    size_t n = 0;
    o.order = KF_ORDER_WEIGHT;
    kf_status status = kf_dict_open(&dict, scratch_path("w.kf"), NULL, error);
    if (!status) status = kf_iter_create(&iter, dict, &o, error);
    while (!status && !(status = kf_iter_next(iter, &entry))) {
        EXPECT(kf_iter_match(iter)->weight <= last, n);
        last = kf_iter_match(iter)->weight;
        n++;
    }
    EXPECT(status != KF_END || n == now.set.count, n);
    kf_iter_destroy(&iter);
    kf_dict_close(&dict);
    return status == KF_END ? KF_OK : status;
}

START_TEST(test_faults)
{
    for (unsigned n = 0; n < 3; n++) {
        open_drawn(14, 10 + 5 * n, 3, (kf_weights)n);
        kf_dict_close(&dict);
        ck_assert_uint_gt(now.set.count, 4000);
        for (uint64_t k = 1; ; k++) {
            kf_error error = { 0 };
            fault_mark();
            fault_arm(FAULT_ALLOC, k, ENOMEM, FAULT_ONCE);
            kf_status status = read_all(&error);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
            if (!fired) {
                ck_assert_uint_gt(k, 4);
                break;
            }
        }
        close_now();
    }
}
END_TEST

static kf_status build_some(kf_weights mode, kf_error *error)
{
    kf_builder *b;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_U64;
    options.weights = mode;
    options.memory_limit = 16 << 20;
    kf_status status = kf_builder_create(&b, scratch_path("f.kf"), &options, error);
    for (unsigned i = 0; i < 5000 && !status; i++) {
        char key[16];
        size_t size = (size_t)snprintf(key, sizeof key, "%u", i);
        status = mode == KF_WEIGHTS_GIVEN ? kf_builder_add_u64_weighted(b, key, size, i, i * i, error)
                                          : kf_builder_add_u64(b, key, size, i, error);
    }
    if (!status) status = kf_builder_finish(b, NULL, error);
    kf_builder_destroy(&b);
    return status;
}

START_TEST(test_build_faults)
{
    static const unsigned kinds[] = { FAULT_ALLOC, FAULT_IO & ~(FAULT_CLOSE | FAULT_MAP) };
    for (unsigned n = 0; n < 4; n++) {
        kf_weights mode = n % 2 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN;
        for (uint64_t k = 1; ; k++) {
            kf_error error = { 0 };
            int files = fault_open_files();
            fault_mark();
            fault_arm(kinds[n / 2], k, n < 2 ? ENOMEM : EIO, FAULT_ONCE);
            kf_status status = build_some(mode, &error);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(fault_open_files(), files);
            if (!fired) {
                ck_assert_int_eq(status, KF_OK);
                ck_assert_uint_gt(k, 10);
                break;
            }
            /* Some failures of the system have another way out. */
            if (n < 2 && status) ck_assert_int_eq(status, KF_NO_MEMORY);
            ck_assert_msg(!status || strlen(error.message) > 0, "call %d: no message", (int)k);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights");
    struct { const char *name; const TTest *test; } cases[] = {
        { "orders", test_orders }, { "prefixes", test_prefixes }, { "large", test_large },
        { "sections", test_sections }, { "duplicates", test_duplicates }, { "refused", test_refused },
        { "damage", test_damage }, { "verify", test_verify }, { "faults", test_faults },
        { "build faults", test_build_faults },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TCase *one = tcase_create(cases[i].name);
        tcase_add_checked_fixture(one, setup, teardown);
        tcase_add_test(one, cases[i].test);
        suite_add_tcase(suite, one);
    }
    return suite_run(suite);
}
