/* Random dictionaries of hard shapes against sorted arrays: every call, with every variant of the search. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "encodings.h"

enum { MORE_SHAPES = 8, ALL_SHAPES = SHAPES + MORE_SHAPES, SMALL_MEMORY = 16 << 20 };

/* Shapes beyond those of shapes.h. */
static void make_more(key_set *s, unsigned shape, uint64_t seed, size_t scale)
{
    *s = (key_set){ .random = (seed + 7) * 0x9e3779b97f4a7c15ull ^ shape };
    for (int i = 0; i < 8; i++) set_random(s);
    size_t n = set_below(s, 300 * scale);
    uint8_t text[512];
    switch (shape) {
    case 0:   /* any bytes: more first bytes than label codes */
        while (n--) {
            size_t size = set_below(s, 1 + set_below(s, 12));
            for (size_t b = 0; b < size; b++) text[b] = (uint8_t)set_random(s);
            set_add(s, text, size);
        }
        break;
    case 1:   /* text of a few words */
        while (n--) set_add(s, text, model_words(set_random(s) % 4000, 1 + set_below(s, 5), text));
        break;
    case 2:   /* a few long keys, and their neighbours */
        for (n = n % 6; n--;) {
            size_t size = 1 + set_below(s, 64 << 10);
            uint8_t *data = malloc(size);
            for (size_t b = 0; b < size; b++)
                data[b] = (uint8_t)(set_below(s, 9) ? 'a' + b % 7 : set_random(s));
            set_add(s, data, size);
            if (set_below(s, 2)) set_add(s, data, size / 2);
            data[size - 1]++;
            set_add(s, data, size);
            free(data);
        }
        break;
    case 3:   /* every byte before, inside and after the same text */
        for (unsigned b = 0; b < 256; b++) {
            if (n % 2 == 0 || set_below(s, 3)) {
                memcpy(text, "abcdef", 7);
                text[n % 7] = (uint8_t)b;
                set_add(s, text, 7);
            }
            if (set_below(s, 2)) text[1] = (uint8_t)b, set_add(s, text, 2);
        }
        break;
    case 4:   /* a chain of shared sub-automata: products of products under prefixes of one another */
        for (unsigned head = 0; head < 12; head++) {
            size_t at = head;
            memset(text, 'x', at);
            for (size_t i = 0; i < 1 + n / 8; i++) {
                size_t size = (size_t)snprintf((char *)text + at, 64, "%s%s%u", i & 1 ? "ing" : "ed",
                                               i & 2 ? "-re" : "", (unsigned)(i / 4));
                set_add(s, text, at + size);
            }
        }
        break;
    case 5:   /* prefixes of each other over two letters, every length */
        for (size_t i = 0; i < n; i++) {
            size_t size = set_below(s, 60);
            for (size_t b = 0; b < size; b++) text[b] = (uint8_t)((i * 2654435761u >> (b % 13)) & 1);
            while (size-- && set_below(s, 4)) set_add(s, text, size);
        }
        break;
    case 6:   /* fixed length, four letters, as of a genome */
        set_add_fixed(s, n, 31, 4, 3);
        break;
    default:  /* the same ends after random heads */
        while (n--) {
            for (size_t b = 0; b < 4; b++) text[b] = (uint8_t)('a' + set_below(s, 26));
            size_t ends = 1 + set_below(s, 3);
            for (size_t e = 0; e < ends; e++) {
                size_t size = model_words(e * 77, 1 + e, text + 4);
                set_add(s, text, 4 + size);
            }
        }
    }
    set_sort(s);
}

static void make(model *m, unsigned shape, uint64_t seed, size_t scale)
{
    memset(m, 0, sizeof *m);
    if (shape < SHAPES) set_make(&m->set, shape, seed, scale);
    else make_more(&m->set, shape - SHAPES, seed, scale);
    m->value_seed = mix64(seed * 64 + shape);
    m->type = (kf_value_type)(m->value_seed % 3);
    m->value_shape = (unsigned)(m->value_seed >> 8) % 64;
    if (m->type) m->encoding = encoding_by(m->type, m->value_seed >> 20);
    if (m->value_seed >> 40 & 1) m->flags = KF_BUILD_FILTER;
    snprintf(m->name, sizeof m->name, "shape %u seed %llu scale %zu values %d/%u encoding %d", shape,
             (unsigned long long)seed, scale, (int)m->type, m->value_shape, (int)m->encoding);
}

static int same_files(const char *a, const char *b)
{
    size_t size, other_size;
    uint8_t *data = scratch_read(a, &size), *other = scratch_read(b, &other_size);
    int same = data && other && size == other_size && !memcmp(data, other, size);
    free(data);
    free(other);
    return same;
}

static void check_file(model *m, const char *name, size_t most)
{
    const kfi_search_variant *variants[3];
    size_t count = model_variants(variants);
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_dict *dict;
    kf_error error = { 0 };
    if (set_below(&m->set, 3) == 0) options.flags = KF_OPEN_IN_MEMORY;
    kf_status status = kf_dict_open(&dict, scratch_path(name), &options, &error);
    ck_assert_msg(!status, "%s: %s", m->name, error.message);
    model_check_facts(m, dict);
    for (size_t v = 0; v < count; v++) {
        dict->search = variants[v];
        model_check_lookups(m, dict, most);
    }
    model_check_values(m, dict, most);
    model_check_ranges(m, dict, 4);
    status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s: %s", m->name, error.message);
    kf_dict_close(&dict);
}

/* Sorted and shuffled input give the same file, and so does a second time. */
static void check_model(model *m, uint64_t seed, size_t most)
{
    kf_build_report sorted = KF_BUILD_REPORT_INIT, shuffled = KF_BUILD_REPORT_INIT;
    /* All distinct values have to fit the memory. */
    uint64_t memory = seed % 2 && m->encoding != KF_ENCODING_DISTINCT ? SMALL_MEMORY : 0;
    model_build(m, "sorted.kf", 0, memory, &sorted);
    model_build(m, "shuffled.kf", 1 + seed, memory, &shuffled);
    ck_assert_msg(same_files("sorted.kf", "shuffled.kf"), "%s: the order of adding shows in the file",
                  m->name);
    ck_assert_uint_eq(sorted.keys, m->set.count);
    ck_assert_uint_eq(sorted.pairs_added, m->set.count);
    ck_assert_uint_eq(sorted.pairs_dropped, 0);
    ck_assert_uint_eq(sorted.states, shuffled.states);
    ck_assert_msg(sorted.states_extra == 0, "%s", m->name);
    check_file(m, "sorted.kf", most);
    set_free(&m->set);
}

START_TEST(model__random_dictionaries)
{
    model m;
    uint64_t seeds = rounds_of(_i < 2 ? 12 : _i == 16 || _i == SHAPES + 2 ? 6 : 30);
    FOR_SEEDS(seed, seeds) {
        make(&m, (unsigned)_i, seed, 1);
        check_model(&m, seed, 1000);
    }
}
END_TEST

START_TEST(model__large_dictionaries)
{
    model m;
    if (_i < 4 || _i == 16 || _i == SHAPES + 2) return;
    for (uint64_t seed = 1000 + (unsigned)_i; seed < 1000 + (unsigned)_i + scale_of_run(); seed++) {
        make(&m, (unsigned)_i, seed, 60);
        check_model(&m, seed, 2000);
    }
}
END_TEST

/* 2^20 keys with equal ends: one path of 20 states, sums that double from state to state. */
START_TEST(model__million_equal_suffixes)
{
    enum { BITS = 20, TAIL = 6 };
    kf_builder *builder;
    kf_dict *dict;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = { 0 };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    const kfi_search_variant *variants[3];
    size_t variant_count = model_variants(variants);
    uint8_t key[BITS + TAIL];
    options.memory_limit = SMALL_MEMORY;
    memcpy(key + BITS, "suffix", TAIL);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("suffixes.kf"), &options, &error), KF_OK);
    for (uint32_t n = 0; n < 1u << BITS; n++) {
        uint32_t turn = n * 77477u & ((1u << BITS) - 1);   /* odd: each number comes once */
        for (unsigned b = 0; b < BITS; b++) key[b] = turn >> (BITS - 1 - b) & 1 ? 'b' : 'a';
        MUST(kf_builder_add(builder, key, sizeof key, NULL, 0, &error) == KF_OK, "%s", error.message);
    }
    ck_assert_int_eq(kf_builder_finish(builder, &report, &error), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_uint_eq(report.keys, 1u << BITS);
    ck_assert_uint_eq(report.states, BITS);
    ck_assert_uint_eq(report.states_extra, 0);
    ck_assert_msg(report.file_size < 10000, "a chain of %d states takes %llu bytes", BITS,
                  (unsigned long long)report.file_size);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("suffixes.kf"), NULL, &error), KF_OK);
    for (uint32_t n = 0; n < 1u << BITS; n += 5) {
        uint64_t ordinal;
        int found = 99;
        for (unsigned b = 0; b < BITS; b++) key[b] = n >> (BITS - 1 - b) & 1 ? 'b' : 'a';
        dict->search = variants[n % variant_count];
        MUST(kf_dict_ordinal(dict, key, sizeof key, &ordinal) == KF_OK && ordinal == n, "number %u", n);
        key[n % BITS] ^= 7;
        MUST(kf_dict_contains(dict, key, sizeof key, &found) == KF_OK && !found, "number %u", n);
        found = 99;
        MUST(kf_dict_contains(dict, key, sizeof key - 1, &found) == KF_OK && !found, "number %u", n);
    }
    kf_dict_close(&dict);
}
END_TEST

/* ---- duplicates ----------------------------------------------------------------------------------- */

typedef struct occurrence {
    uint32_t key;
    uint64_t value;
} occurrence;

static uint64_t fold(const occurrence *list, size_t count, uint32_t key, kf_duplicates policy, int *times)
{
    uint64_t result = 0;
    *times = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].key != key) continue;
        uint64_t v = list[i].value;
        if ((*times)++ == 0 || policy == KF_DUPLICATES_LAST) result = v;
        else if (policy == KF_DUPLICATES_SUM) result += v;
        else if (policy == KF_DUPLICATES_MIN && v < result) result = v;
        else if (policy == KF_DUPLICATES_MAX && v > result) result = v;
    }
    return result;
}

START_TEST(model__duplicates)
{
    const kf_duplicates policy = (kf_duplicates)_i;
    FOR_SEEDS(seed, rounds_of(30)) {
        size_t count = mix64(seed) % 600, distinct = 0;
        occurrence *list = malloc((count + 1) * sizeof *list);
        kf_builder *builder;
        kf_build_report report = KF_BUILD_REPORT_INIT;
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        kf_error error = { 0 };
        kf_dict *dict;
        int times;
        options.value_type = KF_VALUES_U64;
        options.duplicates = policy;
        ck_assert_int_eq(kf_builder_create(&builder, scratch_path("twice.kf"), &options, &error), KF_OK);
        for (size_t i = 0; i < count; i++) {
            uint64_t r = mix64(seed << 20 | i);
            list[i] = (occurrence){ (uint32_t)(r % 200), r >> 20 };
            ck_assert_int_eq(kf_builder_add_u64(builder, &list[i].key, 4, list[i].value, &error), KF_OK);
        }
        for (uint32_t key = 0; key < 200; key++) {
            fold(list, count, key, policy, &times);
            distinct += times > 0;
        }
        kf_status status = kf_builder_finish(builder, &report, &error);
        kf_builder_destroy(&builder);
        if (policy == KF_DUPLICATES_ERROR && distinct < count) {
            ck_assert_int_eq(status, KF_DUPLICATE);
            ck_assert_int_eq(error.status, KF_DUPLICATE);
            ck_assert_uint_eq(error.key_size, 4);
            ck_assert(strlen(error.message) > 0);
            ck_assert_int_ne(access(scratch_path("twice.kf"), F_OK), 0);
            free(list);
            continue;
        }
        ck_assert_msg(!status, "%s", error.message);
        ck_assert_uint_eq(report.keys, distinct);
        ck_assert_uint_eq(report.pairs_added, count);
        ck_assert_uint_eq(report.pairs_dropped, count - distinct);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("twice.kf"), NULL, &error), KF_OK);
        for (uint32_t key = 0; key < 200; key++) {
            uint64_t want = fold(list, count, key, policy, &times), got = 0;
            status = kf_dict_get_u64(dict, &key, 4, &got);
            ck_assert_int_eq(status, times ? KF_OK : KF_NOT_FOUND);
            if (times) ck_assert_uint_eq(got, want);
        }
        kf_dict_close(&dict);
        unlink(scratch_path("twice.kf"));
        free(list);
    }
}
END_TEST

/* The whole of 64 KiB to 1 MiB as one key; a byte more is refused. */
START_TEST(model__longest_keys)
{
    enum { LIMIT = 1 << 20 };
    kf_builder *builder;
    kf_dict *dict;
    kf_error error = { 0 };
    const kfi_search_variant *variants[3];
    size_t count = model_variants(variants), sizes[] = { 65535, 65536, 65537, LIMIT - 1, LIMIT };
    uint8_t *text = malloc(LIMIT + 1);
    uint64_t ordinal;
    for (size_t b = 0; b <= LIMIT; b++) text[b] = (uint8_t)(b % 251 ? 'k' : b >> 8);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("long.kf"), NULL, &error), KF_OK);
    for (size_t i = 5; i--;)
        ck_assert_int_eq(kf_builder_add(builder, text, sizes[i], NULL, 0, &error), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("long.kf"), NULL, &error), KF_OK);
    ck_assert_uint_eq(kf_dict_longest_key(dict), LIMIT);
    for (size_t v = 0; v < count; v++) {
        dict->search = variants[v];
        for (size_t i = 0; i < 5; i++) {
            ck_assert_int_eq(kf_dict_ordinal(dict, text, sizes[i], &ordinal), KF_OK);
            ck_assert_uint_eq(ordinal, i);
            text[sizes[i] / 2] ^= 1;
            ck_assert_int_eq(kf_dict_ordinal(dict, text, sizes[i], &ordinal), KF_NOT_FOUND);
            text[sizes[i] / 2] ^= 1;
        }
        ck_assert_int_eq(kf_dict_ordinal(dict, text, LIMIT + 1, &ordinal), KF_NOT_FOUND);
    }
    kf_dict_close(&dict);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("long.kf"), NULL, &error), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, text, LIMIT + 1, NULL, 0, &error), KF_LIMIT);
    ck_assert_uint_eq(error.key_size, LIMIT + 1);
    kf_builder_destroy(&builder);
    free(text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("model");
    TCase *t = tcase_create("model");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, model__random_dictionaries, 0, ALL_SHAPES);
    suite_add_cases(t, model__large_dictionaries, 0, ALL_SHAPES);
    tcase_add_test(t, model__million_equal_suffixes);
    suite_add_cases(t, model__duplicates, KF_DUPLICATES_ERROR, KF_DUPLICATES_MAX + 1);
    tcase_add_test(t, model__longest_keys);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
