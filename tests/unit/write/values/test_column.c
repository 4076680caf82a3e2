/* The value column: every shape of values in every encoding against the values themselves, damaged
 * sections, large values in little memory, failing allocations and I/O. */
#include "write/values/column_writer.h"
#include "format/column.h"
#include "read/values/column_reader_parts.h"
#include "read/values/packed_reader.h"

#include "encodings.h"
#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <zstd.h>

static void set_up(void) { scratch_open(); }
static void tear_down(void)
{
    fault_off();
    scratch_close();
}

/* A quick run, and one with sanitizers, does half: of the shapes, of their sizes or of the encodings. */
static int all_of_it(void) { return scaled(0, 1, 1) != 0; }

/* ---- values: a function of shape, seed and index ------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

typedef enum shape {
    /* u64 */
    U_CONSTANT, U_RUNS, U_SMALL, U_WIDE, U_ASCENDING, U_JITTER, U_FEW_WIDE, U_FALLING, U_EXTREMES,
    U_LOCAL, U_SPARSE_ONES,
    U_SHAPES,
    /* bytes */
    B_CONSTANT = U_SHAPES, B_FIXED, B_WORDS, B_RANDOM, B_FEW, B_EMPTY_MOSTLY, B_TEXT, B_MIXED_LARGE,
    B_FEW_LONG,
    B_SHAPES
} shape;

enum { VALUE_MOST = 120000 };

static uint64_t number_at(shape s, uint64_t seed, uint64_t i)
{
    uint64_t r = mix(seed * 1000003 + i);
    switch (s) {
    case U_CONSTANT: return seed * 77777777777u;
    case U_RUNS: return mix(seed + i / (10 + seed % 50)) % 2200000;
    case U_SMALL: return r % 11;
    case U_ASCENDING: return seed + 3 * i;
    case U_JITTER: return (seed % 1000) + 40 * i + r % 64;
    case U_FEW_WIDE: return mix(r % 9);
    case U_FALLING: return 5000000 - 7 * i;
    case U_EXTREMES: return r % 3 ? UINT64_MAX - r % 5 : r % 5;
    case U_LOCAL: return mix(seed + i / 128 * 8 + r % 6) >> 20;
    case U_SPARSE_ONES: return r % 40 == 0;
    default: return r;
    }
}

/* Writes the value to `out` (VALUE_MOST bytes) and returns its size. */
static size_t bytes_at(shape s, uint64_t seed, uint64_t i, uint8_t *out)
{
    static const char *const words[] = {"library ", "for ", "the ", "data ", "tool", "s ", "Python 3 ",
        "(", "headers)", "and ", "common ", "files ", "-", "runtime ", "plugin ", "a"};
    uint64_t r = mix(seed * 7919 + i), size = 0;
    switch (s) {
    case B_CONSTANT:
        memset(out, 'c', seed % 300);
        return seed % 300;
    case B_FIXED:
        for (; size < 7; size++) out[size] = (uint8_t)(r >> (8 * size));
        return size;
    case B_RANDOM:
        for (uint64_t n = r % 40; size < n; size++) out[size] = (uint8_t)mix(r + size);
        return size;
    case B_FEW:
        return (size_t)sprintf((char *)out, "category number %d", (int)(r % 37));
    case B_EMPTY_MOSTLY:
        if (r % 10) return 0;
        return (size_t)sprintf((char *)out, "%d", (int)(r % 1000));
    case B_FEW_LONG:
        r = mix(r % 5 + seed);
        size = 300 + r % 3000;
        for (uint64_t k = 0; k < size; k++) out[k] = (uint8_t)mix(r + k);
        return size;
    case B_MIXED_LARGE:
        if (r % 50 == 0) size = 16000 + r % 100000;
        break;
    case B_TEXT:
        /* what repeats, repeats within the value only */
        for (uint64_t k = 0; k < 20 + r % 60; k++)
            size += (size_t)sprintf((char *)out + size, "<%016llx%016llx %d>", (unsigned long long)mix(r),
                                    (unsigned long long)mix(r + 1), (int)k);
        return size;
    default:
        size = 4 + r % 90;
    }
    size_t at = 0, want = size ? size : r % 30;
    for (uint64_t k = 0; at < want && at < VALUE_MOST - 16; k++) {
        const char *word = words[mix(r + k) % 16];
        memcpy(out + at, word, strlen(word));
        at += strlen(word);
    }
    return at;
}

static kf_bytes value_at(shape s, uint64_t seed, uint64_t i, uint8_t *scratch_bytes)
{
    if (s >= U_SHAPES) return (kf_bytes){scratch_bytes, bytes_at(s, seed, i, scratch_bytes)};
    kfi_store64(scratch_bytes, number_at(s, seed, i));
    return (kf_bytes){scratch_bytes, 8};
}

/* ---- building and opening ------------------------------------------------------------------ */

static kf_value_type type_of(shape s)
{
    return s < U_SHAPES ? KF_VALUES_U64 : KF_VALUES_BYTES;
}

static kf_status build_column(const char *name, shape s, uint64_t seed, uint64_t count,
                              kf_encoding encoding, uint64_t memory, kf_encoding *chosen,
                              kf_error *error)
{
    kfi_column_builder *builder = NULL;
    kfi_writer *writer = NULL;
    kfi_header header = {0};
    static uint8_t scratch_bytes[VALUE_MOST];
    kfi_disk_account account = {0, 0};
    kfi_column_options options = {type_of(s), encoding, memory, scratch, &account, {.tell = NULL}, KFI_EFFORT_USUAL};
    kf_status status = kfi_column_builder_create(&builder, &options, error);
    for (uint64_t i = 0; i < count && !status; i++)
        status = kfi_column_builder_add(builder, value_at(s, seed, i, scratch_bytes), error);
    if (!status) status = kfi_writer_create(&writer, scratch_path(name), 2, error);
    if (!status) status = kfi_column_builder_finish(builder, writer, chosen, error);
    if (!status) status = kfi_writer_finish(writer, &header, error);
    kfi_writer_destroy(&writer);
    kfi_column_builder_destroy(&builder);
    if (account.now) return KF_INVALID;   /* a temporary file was forgotten */
    return status;
}

/* The column's section with its pad, in an allocation of exactly that size. */
static uint8_t *load_section(const char *name, uint64_t *size)
{
    size_t file_size;
    uint8_t *file = scratch_read(name, &file_size);
    kfi_header header;
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(kfi_header_parse(&header, file, file_size, NULL), KF_OK);
    ck_assert_int_eq(header.sections[0].type, KFI_SECTION_VALUES);
    *size = header.sections[0].size;
    uint8_t *section = malloc(*size + KFI_TAIL_PAD);
    memcpy(section, file + header.sections[0].offset, *size + KFI_TAIL_PAD);
    free(file);
    return section;
}

/* ---- model test ---------------------------------------------------------------------------- */

static void expect_value(const kfi_column *column, shape s, uint64_t seed, uint64_t i,
                         kfi_column_cursor *cursor, kf_buffer *buffer)
{
    static uint8_t scratch_bytes[VALUE_MOST];
    kf_bytes want = value_at(s, seed, i, scratch_bytes), got;
    uint64_t number;
    if (s < U_SHAPES) {
        if (kfi_column_u64(column, i, &number) || number != kfi_load64(want.data))
            ck_abort_msg("shape %d seed %d value %d", s, (int)seed, (int)i);
        return;
    }
    if (kfi_column_bytes(column, i, cursor, buffer, &got) || got.size != want.size
        || (got.size && memcmp(got.data, want.data, got.size)))
        ck_abort_msg("shape %d seed %d value %d", s, (int)seed, (int)i);
}

/* Values in no order, some of them twice and some absent. */
enum { MANY = 500 };

static void expect_many_u64(const kfi_column *column, shape s, uint64_t seed, uint64_t *ordinals, size_t n)
{
    static uint64_t numbers[MANY];
    const uint64_t untouched = 0x5eed5eed5eed5eedu;
    for (int beyond = 0; beyond < 2; beyond++) {
        if (beyond) ordinals[n / 2] = column->header.values;
        for (size_t i = 0; i < n; i++) numbers[i] = untouched;
        ck_assert_int_eq(kfi_column_u64_many(column, ordinals, n, numbers), beyond ? KF_NOT_FOUND : KF_OK);
        for (size_t i = 0; i < n; i++) {
            int there = ordinals[i] < column->header.values;
            if (numbers[i] != (there ? number_at(s, seed, ordinals[i]) : untouched))
                ck_abort_msg("shape %d seed %d value %d of many", s, (int)seed, (int)ordinals[i]);
        }
    }
}

static void expect_many_bytes(const kfi_column *column, shape s, uint64_t seed, uint64_t *ordinals, size_t n)
{
    static uint8_t scratch_bytes[VALUE_MOST];
    static uint64_t ends[MANY];
    kf_buffer data = KF_BUFFER_INIT;
    uint64_t start = 0;
    ck_assert_int_eq(kfi_column_bytes_many(column, ordinals, n, &data, ends), KF_OK);
    for (size_t i = 0; i < n; i++) {
        kf_bytes want = {NULL, 0};
        if (ordinals[i] != UINT64_MAX) want = value_at(s, seed, ordinals[i], scratch_bytes);
        if (ends[i] - start != want.size || (want.size && memcmp(data.data + start, want.data, want.size)))
            ck_abort_msg("shape %d seed %d value %d of many", s, (int)seed, (int)ordinals[i]);
        start = ends[i];
    }
    ordinals[n / 2] = column->header.values;
    ck_assert_int_eq(kfi_column_bytes_many(column, ordinals, n, &data, ends), KF_NOT_FOUND);
    kf_buffer_free(&data);
}

static void expect_many(kfi_column *column, shape s, uint64_t seed, uint64_t count)
{
    static uint64_t ordinals[MANY];
    size_t n = count < MANY ? (size_t)count + 1 : MANY;
    kf_buffer data = KF_BUFFER_INIT;
    if (!count) return;
    for (column->asked = 0; column->asked < 2; column->asked++) {
        for (size_t i = 0; i < n; i++) ordinals[i] = mix(seed + i) % 5 ? mix(seed * 3 + i) % count : UINT64_MAX;
        (s < U_SHAPES ? expect_many_u64 : expect_many_bytes)(column, s, seed, ordinals, n);
    }
    ck_assert_int_eq(s < U_SHAPES ? kfi_column_bytes_many(column, ordinals, n, &data, ordinals)
                                  : kfi_column_u64_many(column, ordinals, n, ordinals), KF_TYPE);
    kf_buffer_free(&data);
}

static void expect_column(shape s, uint64_t seed, uint64_t count, kf_encoding encoding)
{
    kf_encoding chosen = KF_ENCODING_AUTO;
    kfi_column *column = NULL;
    kfi_column_cursor *cursor = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    uint64_t size, number;
    kf_bytes bytes;
    kf_error error = {0};
    kf_status status = build_column("c", s, seed, count, encoding, 64 << 20, &chosen, &error);
    ck_assert_msg(!status, "shape %d, encoding %d: %s", s, encoding, error.message);
    ck_assert_int_ne(chosen, KF_ENCODING_AUTO);
    if (encoding) ck_assert_int_eq(chosen, encoding);
    uint8_t *section = load_section("c", &size);
    ck_assert_int_eq(kfi_column_open(&column, section, size, type_of(s), count, NULL), KF_OK);
    ck_assert_int_eq(kfi_column_cursor_create(&cursor), KF_OK);
    for (uint64_t i = 0; i < count; i++) expect_value(column, s, seed, i, cursor, NULL);
    uint64_t tries = count < 500 ? count : 500;
    for (uint64_t k = 0; k < tries; k++) {
        uint64_t i = mix(seed + k) % count;
        expect_value(column, s, seed, i, NULL, &buffer);
        expect_value(column, s, seed, i, cursor, &buffer);
    }
    expect_many(column, s, seed, count);
    ck_assert_int_eq(kfi_column_verify(column, &(kfi_progress){ 0 }, NULL), KF_OK);
    if (s < U_SHAPES)
        ck_assert_int_eq(kfi_column_bytes(column, 0, NULL, &buffer, &bytes), KF_TYPE);
    else
        ck_assert(kfi_column_u64(column, 0, &number) == KF_TYPE && kfi_column_u64_run(column, 0, 1, &number) == KF_TYPE
                  && !kfi_column_constant(column, &number));
    kf_buffer_free(&buffer);
    kfi_column_cursor_destroy(&cursor);
    kfi_column_close(&column);
    column = (kfi_column *)(void *)&buffer;
    ck_assert_int_eq(kfi_column_open(&column, section, size, type_of(s), count + 1, &error),
                     KF_CORRUPT);
    ck_assert_ptr_null(column);
    ck_assert_int_eq(kfi_column_open(&column, section, size, s < U_SHAPES ? KF_VALUES_BYTES : KF_VALUES_U64,
                                     count, &error), KF_CORRUPT);
    free(section);
}

START_TEST(test_every_shape)
{
    static const uint64_t counts[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 700};
    kf_encoding list[KFI_ENCODINGS];
    unsigned n = encodings_of_type(type_of((shape)_i), list);
    for (unsigned e = 0; e < n; e++)
        for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++)
            if ((c + e + (unsigned)_i) % 2 || all_of_it()) expect_column((shape)_i, 1 + c + e, counts[c], list[e]);
}
END_TEST

START_TEST(test_many_values)
{
    kf_encoding list[KFI_ENCODINGS];
    unsigned n = encodings_of_type(type_of((shape)_i), list);
    if (_i >= B_TEXT) return;   /* large values: test_every_shape has enough of them */
    for (unsigned e = 0; e < n; e++) {
        expect_column((shape)_i, 7, scaled(3000, 10000, 10000), list[e]);
    }
}
END_TEST

/* ---- what is chosen, and what it takes ----------------------------------------------------- */

static uint64_t automatic_size(shape s, uint64_t count, kf_encoding *chosen)
{
    uint64_t size;
    ck_assert_int_eq(build_column("a", s, 3, count, KF_ENCODING_AUTO, 64 << 20, chosen, NULL), KF_OK);
    free(load_section("a", &size));
    return size;
}

START_TEST(test_choices)
{
    kf_encoding chosen;
    uint64_t n = 20000;
    /* runs of 13 values: at most a byte a value */
    ck_assert_uint_lt(automatic_size(U_RUNS, n, &chosen), n);
    ck_assert_uint_lt(automatic_size(U_CONSTANT, n, &chosen), 200);
    ck_assert_int_eq(chosen, KF_ENCODING_PACKED);
    ck_assert_uint_lt(automatic_size(U_ASCENDING, n, &chosen), n / 4);
    ck_assert_uint_lt(automatic_size(U_FEW_WIDE, n, &chosen), n * 5 / 8);
    ck_assert_int_eq(chosen, KF_ENCODING_DISTINCT);
    ck_assert_uint_lt(automatic_size(U_WIDE, n, &chosen), n * 82 / 10);
    ck_assert_int_eq(chosen, KF_ENCODING_PACKED);
    ck_assert_uint_lt(automatic_size(B_CONSTANT, n, &chosen), 500);
    ck_assert_int_eq(chosen, KF_ENCODING_DISTINCT);
    ck_assert_uint_lt(automatic_size(B_FEW, n, &chosen), n);
    ck_assert_int_eq(chosen, KF_ENCODING_DISTINCT);
    ck_assert_uint_lt(automatic_size(B_WORDS, n, &chosen), n * 40);
    ck_assert_int_eq(chosen, KF_ENCODING_TOKENS);
    automatic_size(B_RANDOM, n, &chosen);
    ck_assert_int_eq(chosen, KF_ENCODING_RAW);
    automatic_size(B_FIXED, n, &chosen);
    ck_assert_int_eq(chosen, KF_ENCODING_RAW);
    automatic_size(B_TEXT, 1500, &chosen);
    ck_assert_int_eq(chosen, KF_ENCODING_ZSTD);
}
END_TEST

START_TEST(test_deterministic)
{
    for (shape s = 0; s < B_SHAPES; s++) {
        kf_encoding chosen;
        uint64_t size_a, size_b;
        ck_assert_int_eq(build_column("a", s, 3, 300, KF_ENCODING_AUTO, 64 << 20, &chosen, NULL), KF_OK);
        ck_assert_int_eq(build_column("b", s, 3, 300, KF_ENCODING_AUTO, 64 << 20, &chosen, NULL), KF_OK);
        uint8_t *a = load_section("a", &size_a), *b = load_section("b", &size_b);
        ck_assert_uint_eq(size_a, size_b);
        ck_assert(!memcmp(a, b, size_a));
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(test_refused_options)
{
    static const struct { kf_value_type type; kf_encoding encoding; } wrong[] = {
        {KF_VALUES_NONE, KF_ENCODING_AUTO}, {KF_VALUES_U64, KF_ENCODING_RAW},
        {KF_VALUES_U64, KF_ENCODING_TOKENS}, {KF_VALUES_U64, KF_ENCODING_ZSTD},
        {KF_VALUES_BYTES, KF_ENCODING_PACKED}, {KF_VALUES_BYTES, (kf_encoding)77},
    };
    kfi_column_builder *builder = NULL;
    kf_error error;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        kfi_column_options options = {wrong[i].type, wrong[i].encoding, 1 << 24, scratch, NULL,
                                      {.tell = NULL}, KFI_EFFORT_USUAL};
        ck_assert_int_eq(kfi_column_builder_create(&builder, &options, &error), KF_INVALID);
        ck_assert_ptr_null(builder);
    }
    kfi_column_options options = {KF_VALUES_U64, KF_ENCODING_AUTO, 1 << 24, scratch, NULL,
                                  {.tell = NULL}, KFI_EFFORT_USUAL};
    ck_assert_int_eq(kfi_column_builder_create(&builder, &options, &error), KF_OK);
    ck_assert_int_eq(kfi_column_builder_add(builder, (kf_bytes){(const uint8_t *)"abc", 3}, &error),
                     KF_INVALID);
    kfi_column_builder_destroy(&builder);
    kfi_column_builder_destroy(&builder);
    /* Distinct values that do not fit the memory. */
    kf_encoding chosen;
    ck_assert_int_eq(build_column("d", U_WIDE, 1, 100000, KF_ENCODING_DISTINCT, 1 << 20, &chosen, &error),
                     KF_LIMIT);
}
END_TEST

/* ---- large values and little memory -------------------------------------------------------- */

enum { HUGE_SIZE = 17 << 20, HUGE_MEMORY = 16 << 20 };

/* Bytes that compress, without a period that a small window could find. */
static void fill_huge(uint8_t *out, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)("0123456789abcdef"[mix(seed + i) & 15]);
}

START_TEST(test_huge_values)
{
    kf_encoding encoding = encoding_by(KF_VALUES_BYTES, (uint64_t)_i), chosen;
    if (encoding == KF_ENCODING_DISTINCT) return;      /* holds all distinct values by nature */
    if (_i % 2 && !all_of_it()) return;
    uint8_t *huge = malloc(HUGE_SIZE);
    kfi_column_builder *builder = NULL;
    kfi_writer *writer = NULL;
    kfi_column *column = NULL;
    kfi_header header = {0};
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes value;
    kfi_column_options options = {KF_VALUES_BYTES, encoding, HUGE_MEMORY, scratch, NULL,
                                  {.tell = NULL}, KFI_EFFORT_USUAL};
    fault_mark();
    ck_assert_int_eq(kfi_column_builder_create(&builder, &options, NULL), KF_OK);
    for (uint64_t i = 0; i < 3; i++) {
        fill_huge(huge, HUGE_SIZE, i);
        kf_bytes values[2] = {{huge, HUGE_SIZE - (size_t)i}, {huge, (size_t)i}};
        ck_assert_int_eq(kfi_column_builder_add(builder, values[0], NULL), KF_OK);
        ck_assert_int_eq(kfi_column_builder_add(builder, values[1], NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_writer_create(&writer, scratch_path("h"), 2, NULL), KF_OK);
    ck_assert_int_eq(kfi_column_builder_finish(builder, writer, &chosen, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_finish(writer, &header, NULL), KF_OK);
    kfi_writer_destroy(&writer);
    kfi_column_builder_destroy(&builder);
    ck_assert_uint_lt(fault_peak_bytes(), HUGE_MEMORY);
    ck_assert_int_eq(fault_live(), 0);
    uint64_t size;
    uint8_t *section = load_section("h", &size);
    ck_assert_int_eq(kfi_column_open(&column, section, size, KF_VALUES_BYTES, 6, NULL), KF_OK);
    for (uint64_t i = 6; i-- > 0;) {
        size_t want = i % 2 ? (size_t)(i / 2) : HUGE_SIZE - (size_t)(i / 2);
        fill_huge(huge, HUGE_SIZE, i / 2);
        ck_assert_int_eq(kfi_column_bytes(column, i, NULL, &buffer, &value), KF_OK);
        ck_assert_uint_eq(value.size, want);
        ck_assert(!want || !memcmp(value.data, huge, want));
    }
    kf_buffer_free(&buffer);
    kfi_column_close(&column);
    free(section);
    free(huge);
}
END_TEST

/* Linked in as an archive, zstd has its memory by way of fault.c, too. */
static int counts_zstd(void)
{
    fault_mark();
    ZSTD_freeDCtx(ZSTD_createDCtx());
    return fault_peak_bytes() > 0;
}

START_TEST(test_little_memory)
{
    if (counts_zstd()) return;
    for (shape s = 0; s < B_SHAPES; s++) {
        kf_encoding chosen;
        uint64_t memory = 3 << 20;       /* too little for zstd to train in */
        fault_mark();
        ck_assert_int_eq(build_column("m", s, 1, s >= B_TEXT ? 1000 : 20000, KF_ENCODING_AUTO, memory,
                                      &chosen, NULL), KF_OK);
        ck_assert_int_eq(fault_live(), 0);
        /* the file's writer has a buffer of a MiB of its own */
        ck_assert_msg(fault_peak_bytes() < memory + (1 << 20), "shape %d took %zu", s, fault_peak_bytes());
    }
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------- */

static void *read_in_thread(void *context)
{
    const kfi_column *column = context;
    kf_buffer buffer = KF_BUFFER_INIT;
    static _Thread_local uint8_t want[VALUE_MOST];
    kf_bytes value;
    size_t bad = 0;
    for (uint64_t i = 0; i < 500; i++) {
        size_t size = bytes_at(B_TEXT, 2, i, want);
        bad += kfi_column_bytes(column, i, NULL, &buffer, &value) || value.size != size
            || memcmp(value.data, want, size);
    }
    kf_buffer_free(&buffer);
    return (void *)(uintptr_t)bad;
}

START_TEST(test_threads)
{
    kf_encoding chosen;
    kfi_column *column = NULL;
    uint64_t size;
    ck_assert_int_eq(build_column("t", B_TEXT, 2, 500, KF_ENCODING_ZSTD, 64 << 20, &chosen, NULL), KF_OK);
    uint8_t *section = load_section("t", &size);
    ck_assert_int_eq(kfi_column_open(&column, section, size, KF_VALUES_BYTES, 500, NULL), KF_OK);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(threads + i, NULL, read_in_thread, column), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        ck_assert_ptr_null(bad);
    }
    kfi_column_close(&column);
    free(section);
}
END_TEST

/* ---- damage -------------------------------------------------------------------------------- */

static int acceptable(kf_status status)
{
    return status == KF_OK || status == KF_CORRUPT;
}

static void read_damaged(const uint8_t *section, uint64_t size, shape s, uint64_t count)
{
    kfi_column *column = NULL;
    kfi_column_cursor *cursor = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_error error;
    unsigned sum = 0;
    kf_status status = kfi_column_open(&column, section, size, type_of(s), count, &error);
    ck_assert(acceptable(status));
    if (status) return;
    ck_assert_int_eq(kfi_column_cursor_create(&cursor), KF_OK);
    for (uint64_t i = 0; i < count; i++) {
        kf_bytes value = {NULL, 0};
        uint64_t number;
        if (s < U_SHAPES) {
            status = kfi_column_u64(column, i, &number);
        } else {
            status = kfi_column_bytes(column, i, i % 3 ? cursor : NULL, &buffer, &value);
            for (size_t k = 0; !status && k < value.size; k += 61) sum += value.data[k];
        }
        ck_assert(acceptable(status));
    }
    for (uint64_t i = 0; i < count; i += 40) {
        uint64_t many[40], found[40];
        for (uint64_t k = 0; k < 40; k++) many[k] = mix(i + k) % count;
        column->asked = i / 40 % 2;
        ck_assert(acceptable(s < U_SHAPES ? kfi_column_u64_many(column, many, 40, found)
                                          : kfi_column_bytes_many(column, many, 40, &buffer, found)));
    }
    ck_assert(acceptable(kfi_column_verify(column, &(kfi_progress){ 0 }, &error)));
    kf_buffer_free(&buffer);
    kfi_column_cursor_destroy(&cursor);
    kfi_column_close(&column);
    (void)sum;
}

static void damage(uint8_t *section, uint64_t size, uint64_t r)
{
    unsigned flips = 1 + r % 4;
    for (unsigned i = 0; i < flips; i++) {
        uint64_t q = mix(r + i), at = q % 3 ? (q >> 8) % size : (q >> 8) % KFI_COLUMN_HEADER_SIZE;
        switch (q >> 60) {
        case 0: section[at] = 0xFF; break;
        case 1: section[at] = 0; break;
        case 2: if (at + 8 <= size) kfi_store64(section + at, mix(q)); break;
        case 3: if (at + 8 <= size) kfi_store64(section + at, q & 0xFFFF); break;
        default: section[at] ^= (uint8_t)(1u << (q >> 40) % 8);
        }
    }
}

START_TEST(test_damage)
{
    kf_encoding list[KFI_ENCODINGS];
    shape s = (shape)_i;
    unsigned n = encodings_of_type(type_of(s), list), rounds = (unsigned)rounds_of(s < B_TEXT ? 150 : 40);
    uint64_t count = s < B_TEXT ? 300 : 60;
    for (unsigned e = 1; e < n; e++) {
        kf_encoding chosen;
        uint64_t size;
        ck_assert_int_eq(build_column("x", s, 5, count, list[e], 64 << 20, &chosen, NULL), KF_OK);
        uint8_t *good = load_section("x", &size);
        for (unsigned round = 0; round < rounds; round++) {
            uint8_t *bad = malloc(size + KFI_TAIL_PAD);
            memcpy(bad, good, size + KFI_TAIL_PAD);
            damage(bad, size, mix(round * 100 + e + (uint64_t)_i * 7));
            read_damaged(bad, size, s, count);
            free(bad);
        }
        for (uint64_t cut = 0; cut < size; cut += 1 + size / 40) {
            uint8_t *bad = calloc(1, cut + KFI_TAIL_PAD);
            memcpy(bad, good, cut);
            read_damaged(bad, cut, s, count);
            free(bad);
        }
        free(good);
    }
}
END_TEST

/* ---- faults -------------------------------------------------------------------------------- */

/* With an error, or else exactly as without a fault: some failures can be got around. */
static void expect_fault_handled(shape s, kf_encoding encoding, const uint8_t *good, uint64_t good_size,
                                 kf_status wanted)
{
    kf_encoding chosen;
    kf_error error;
    uint64_t size;
    kf_status status = build_column("f", s, 1, 150, encoding, 8 << 20, &chosen, &error);
    int fired = fault_fired();
    fault_off();
    ck_assert_int_eq(fault_live(), 0);
    if (status) {
        ck_assert(fired);
        ck_assert_int_eq(status, wanted);
        ck_assert_int_eq(error.status, wanted);
        return;
    }
    uint8_t *section = load_section("f", &size);
    ck_assert_uint_eq(size, good_size);
    ck_assert(!memcmp(section, good, size));
    free(section);
}

START_TEST(test_faults_in_building)
{
    kf_encoding list[KFI_ENCODINGS];
    shape s = (shape)_i;
    unsigned n = encodings_of_type(type_of(s), list);
    if (s == B_MIXED_LARGE || s == B_FEW_LONG || (s % 2 && !all_of_it())) return;
    for (unsigned e = 0; e < n; e++) {
        kf_encoding chosen;
        uint64_t size;
        ck_assert_int_eq(build_column("g", s, 1, 150, list[e], 8 << 20, &chosen, NULL), KF_OK);
        uint8_t *good = load_section("g", &size);
        static const struct { unsigned kinds; int os_error; kf_status status; } faults[] = {
            {FAULT_ALLOC, ENOMEM, KF_NO_MEMORY}, {FAULT_WRITE | FAULT_READ | FAULT_OPEN, EIO, KF_IO},
            {FAULT_WRITE, ENOSPC, KF_NO_SPACE}};
        for (unsigned f = 0; f < 3; f++) {
            fault_arm(faults[f].kinds, 0, 0, FAULT_ONCE);
            ck_assert_int_eq(build_column("g", s, 1, 150, list[e], 8 << 20, &chosen, NULL), KF_OK);
            uint64_t calls = fault_calls();
            fault_off();
            ck_assert_uint_ge(calls, 1);
            for (uint64_t k = 1; k <= calls; k += 1 + k / scaled(3, 5, 12)) {
                fault_mark();
                fault_arm(faults[f].kinds, k, faults[f].os_error, FAULT_ONCE);
                expect_fault_handled(s, list[e], good, size, faults[f].status);
            }
        }
        free(good);
    }
}
END_TEST

START_TEST(test_faults_in_reading)
{
    kf_encoding list[KFI_ENCODINGS];
    unsigned n = encodings_of_type(type_of((shape)_i), list);
    for (unsigned e = 1; e < n; e++) {
        kf_encoding chosen;
        uint64_t size;
        if (list[e] == KF_ENCODING_ZSTD && counts_zstd()) continue;
        ck_assert_int_eq(build_column("r", (shape)_i, 1, 100, list[e], 64 << 20, &chosen, NULL), KF_OK);
        uint8_t *section = load_section("r", &size);
        for (uint64_t k = 1; ; k++) {
            kfi_column *column = NULL;
            kfi_column_cursor *cursor = NULL;
            kf_error error;
            fault_mark();
            fault_arm(FAULT_ALLOC, k, ENOMEM, FAULT_ONCE);
            kf_status status = kfi_column_open(&column, section, size, type_of((shape)_i), 100,
                                               &error);
            if (!status) status = kfi_column_cursor_create(&cursor);
            if (!status) status = kfi_column_verify(column, &(kfi_progress){ 0 }, &error);
            kf_buffer data = KF_BUFFER_INIT;
            uint64_t ordinals[60], ends[60];
            for (uint64_t i = 0; i < 60; i++) ordinals[i] = i * 37 % 100;
            if (!status && _i >= (int)U_SHAPES)
                status = kfi_column_bytes_many(column, ordinals, 60, &data, ends);
            kf_buffer_free(&data);
            kfi_column_cursor_destroy(&cursor);
            kfi_column_close(&column);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) break;
            ck_assert_int_eq(status, KF_NO_MEMORY);
        }
        free(section);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("column");
    TCase *model = tcase_create("model");
    tcase_add_checked_fixture(model, set_up, tear_down);
    suite_add_cases(model, test_every_shape, 0, B_SHAPES);
    suite_add_cases(model, test_many_values, 0, B_SHAPES);
    tcase_add_test(model, test_choices);
    tcase_add_test(model, test_deterministic);
    tcase_add_test(model, test_refused_options);
    kf_encoding list[KFI_ENCODINGS];
    suite_add_cases(model, test_huge_values, 0, (int)encodings_of_type(KF_VALUES_BYTES, list));
    tcase_add_test(model, test_little_memory);
    tcase_add_test(model, test_threads);
    suite_add_tcase(suite, model);
    TCase *hard = tcase_create("hard");
    tcase_add_checked_fixture(hard, set_up, tear_down);
    suite_add_cases(hard, test_damage, 0, B_SHAPES);
    suite_add_cases(hard, test_faults_in_building, 0, B_SHAPES);
    suite_add_cases(hard, test_faults_in_reading, 0, B_SHAPES);
    suite_add_tcase(suite, hard);
    return suite_run(suite);
}
