/* No call needs more of a thread's stack than the header promises: threads have 128 KiB under musl, of which a program
 * or an interpreter has used some. Each job runs in a thread whose stack was painted before, so that how far it has
 * reached can be read off. */
#define EXERCISE_MUST(condition, ...) ck_assert_msg(condition, __VA_ARGS__)
#define EXERCISE_NAME "stack"

#include "scratch.h"
#include "suite.h"
#include "exercise.h"
#include "exercise_query.h"
#include "names/match/matcher.h"

#include <pthread.h>
#include <sys/mman.h>

enum { STACK = 1 << 20, PAINT = 0xa5, PROMISED = 64 << 10, PAIRS = 6000, NAMES = 1500 };

/* Bytes of the stack, among them what the C library puts at its end. */
static size_t used_by(void *(*job)(void *), void *context)
{
    pthread_attr_t attributes;
    pthread_t thread;
    uint8_t *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stack, MAP_FAILED);
    memset(stack, PAINT, STACK);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, job, context), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    size_t untouched = 0;
    while (untouched < STACK && stack[untouched] == PAINT) untouched++;
    munmap(stack, STACK);
    return STACK - untouched;
}

static void check(const char *what, void *(*job)(void *), void *context)
{
    const size_t used = used_by(job, context);
    if (AS_RELEASED) ck_assert_msg(used <= PROMISED, "%s: %zu bytes of the stack", what, used);
}

/* ---- dictionaries ------------------------------------------------------------------------------- */

/* A text of so many words and a number. */
static size_t words(unsigned seed, unsigned count, unsigned number, char *text)
{
    static const char *const list[] = { "fold", "key", "value", "automaton", "state", "of", "the", "transition" };
    size_t size = 0;
    for (uint64_t r = seed * 0x9e3779b97f4a7c15u; count--; r = r * 6364136223846793005u + 1442695040888963407u)
        size += (size_t)sprintf(text + size, "%s ", list[r >> 61]);
    return size + (size_t)sprintf(text + size, "%x", number);
}

static void *build(void *context)
{
    const kf_build_options *options = context;
    char key[100], value[200];
    kf_builder *builder;
    kf_error error;
    kf_status status = kf_builder_create(&builder, scratch_path("stack.kf"), options, &error);
    for (unsigned i = 0; i < PAIRS && !status; i++) {
        const size_t size = words(i / 8, 3, i, key);
        const size_t value_size = options->value_type == KF_VALUES_BYTES ? words(i, i % 12, 0, value) : 0;
        status = options->value_type == KF_VALUES_U64 ? kf_builder_add_u64(builder, key, size, i % 97, &error)
               : options->weights ? kf_builder_add_weighted(builder, key, size, value, value_size, i % 97, &error)
                                  : kf_builder_add(builder, key, size, value, value_size, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_builder_destroy(&builder);
    return NULL;
}

static void *use(void *context)
{
    enum { KEYS = 3000 };
    static kf_bytes keys[KEYS];
    static char texts[KEYS][100];
    static uint64_t ordinals[KEYS], numbers[KEYS];
    size_t found;
    kf_verify_options verify = KF_VERIFY_OPTIONS_INIT;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_dict *dict;
    (void)context;
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("stack.kf"), NULL, NULL), KF_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        const size_t size = words(i / 4, 3, 2 * i, texts[i]);
        keys[i] = (kf_bytes){ (const uint8_t *)texts[i], size };
    }
    exercise_random = 5;
    ck_assert_int_eq(kf_dict_ordinal_many(dict, keys, KEYS, ordinals, &found), KF_OK);
    legal(kf_dict_u64_at_many(dict, ordinals, KEYS, numbers));
    legal(kf_dict_value_at_many(dict, ordinals, KEYS, &buffer, numbers));
    exercise_many(dict, keys, 32);
    for (unsigned i = 0; i < 60; i++) {
        if (i == 30) dict->search = &kfi_search_portable;
        exercise_key(dict, keys[i], &buffer);
        exercise_ordinals(dict, &buffer);
        exercise_iterator(dict, keys[i]);
        exercise_weights(dict, keys[i]);
        exercise_query(dict, keys[i]);
        exercise_text(dict, keys[i]);
        exercise_sets(dict, keys[i]);
    }
    verify.threads = 2;
    ck_assert_int_eq(kf_dict_verify(dict, &verify, NULL), KF_OK);
    kf_dict_close(&dict);
    kf_buffer_free(&buffer);
    return NULL;
}

START_TEST(of_dictionaries)
{
    static const struct { const char *name; kf_value_type type; kf_encoding encoding; kf_weights weights;
                          uint32_t flags; unsigned shards; } kinds[] = {
        { "keys", KF_VALUES_NONE, KF_ENCODING_AUTO, KF_WEIGHTS_NONE, KF_BUILD_FILTER, 0 },
        { "numbers", KF_VALUES_U64, KF_ENCODING_AUTO, KF_WEIGHTS_VALUE, 0, 0 },
        { "texts", KF_VALUES_BYTES, KF_ENCODING_AUTO, KF_WEIGHTS_GIVEN, KF_BUILD_SIMILARITY, 0 },
        { "texts, raw", KF_VALUES_BYTES, KF_ENCODING_RAW, KF_WEIGHTS_NONE, KF_BUILD_FAST, 0 },
        { "texts, tokens", KF_VALUES_BYTES, KF_ENCODING_TOKENS, KF_WEIGHTS_NONE, KF_BUILD_BEST, 0 },
        { "texts, zstd", KF_VALUES_BYTES, KF_ENCODING_ZSTD, KF_WEIGHTS_NONE, 0, 0 },
        { "shards", KF_VALUES_BYTES, KF_ENCODING_AUTO, KF_WEIGHTS_GIVEN, KF_BUILD_FILTER, 5 },
    };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    char what[60];
    options.memory_limit = 32 << 20;
    options.value_type = kinds[_i].type;
    options.value_encoding = kinds[_i].encoding;
    options.weights = kinds[_i].weights;
    options.flags = kinds[_i].flags;
    options.shards = kinds[_i].shards;
    snprintf(what, sizeof what, "build of %s", kinds[_i].name);
    check(what, build, &options);
    snprintf(what, sizeof what, "use of %s", kinds[_i].name);
    check(what, use, NULL);
}
END_TEST

/* ---- patterns ----------------------------------------------------------------------------------- */

/* As deep as they may be nested. */
static void *nest(void *context)
{
    enum { PARENTHESES = 200, COMBINATIONS = 64 };
    static char pattern[8 * PARENTHESES];
    kf_query *query, *outer;
    kf_error error;
    size_t size = 0;
    (void)context;
    for (unsigned i = 0; i < PARENTHESES; i++) size += (size_t)sprintf(pattern + size, "(?:a|");
    size += (size_t)sprintf(pattern + size, "b");
    for (unsigned i = 0; i < PARENTHESES; i++) size += (size_t)sprintf(pattern + size, ")*");
    ck_assert_int_eq(kf_query_create_regex(&query, pattern, size, 0, &error), KF_OK);
    for (unsigned i = 1; i < COMBINATIONS; i++) {
        const kf_status status = i % 2 ? kf_query_create_not(&outer, query, &error)
                                       : kf_query_create_all(&outer, (const kf_query *const[]){ query }, 1, &error);
        ck_assert_msg(!status, "%u: %s", i, error.message);
        kf_query_destroy(&query);
        query = outer;
    }
    ck_assert_int_eq(kf_query_matches(query, "abab", 4, NULL), KF_OK);
    ck_assert_int_eq(kf_query_matches(query, "abc", 3, NULL), KF_NOT_FOUND);
    kf_query_destroy(&query);
    return NULL;
}

START_TEST(of_patterns) { check("nested patterns", nest, NULL); }
END_TEST

/* ---- names -------------------------------------------------------------------------------------- */

static void *build_names(void *context)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    static char name[20000];
    char id[20];
    kf_error error;
    (void)context;
    options.processing = KF_NAMES_NFKC | KF_NAMES_FOLD_CASE;
    options.legal_forms = KF_LEGAL_CANONICAL;
    kf_status status = kf_names_builder_create(&builder, scratch_path("stack.kf"), &options, &error);
    for (unsigned i = 0; i < NAMES && !status; i++) {
        kf_names_row row = KF_NAMES_ROW_INIT;
        const size_t size = words(i, i % 500 ? i % 9 : 300, i * 2654435761u, name);
        row.id = (kf_bytes){ (const uint8_t *)id, (size_t)sprintf(id, "%u", i) };
        row.name = (kf_bytes){ (const uint8_t *)name, size };
        row.attribute = (kf_bytes){ (const uint8_t *)"DEFR" + i % 3, 2 };
        status = kf_names_builder_add_row(builder, &row, &error);
    }
    if (!status) status = kf_names_builder_finish(builder, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_names_builder_destroy(&builder);
    return NULL;
}

static void *score(void *context)
{
    const unsigned *count = context;
    static char a[20000], b[20000];
    kf_explanation *explanation;
    double result;
    const size_t n = words(3, *count - 1, 3, a), m = words(4, *count - 1, 4, b);
    for (int scorer = 0; scorer <= KF_SCORER_JARO_WINKLER; scorer++) {
        ck_assert_int_eq(kf_names_score((kf_scorer)scorer, a, n, b, m, &result, NULL), KF_OK);
        ck_assert_int_eq(kf_names_score((kf_scorer)scorer, a, n, b, m / 3, &result, NULL), KF_OK);
        ck_assert_int_eq(kf_names_explain((kf_scorer)scorer, a, n, b, m, &explanation, NULL), KF_OK);
        kf_explanation_free(&explanation);
    }
    return NULL;
}

static kf_status ignore(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    (void)context, (void)first, (void)second, (void)error;
    return KF_OK;
}

static void *search(void *context)
{
    static char needle[20000];
    kf_names_many_options many = KF_NAMES_MANY_OPTIONS_INIT;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_matcher *matcher;
    kf_names *names;
    (void)context;
    ck_assert_int_eq(kf_names_open(&names, scratch_path("stack.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_verify(names, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_matcher_create(&matcher, names, NULL), KF_OK);
    for (unsigned i = 0; i < 400; i++) {
        const kf_name_hits *hits;
        const size_t size = words(i * 7, i % 100 ? i % 20 : 300, i, needle);
        options.scorer = (kf_scorer)(i % (KF_SCORER_TOKEN_SET_RATIO + 1));
        options.limit = 1 + i % 30;
        options.cutoff = i % 3 ? 0 : 0.7;
        options.flags = i % 4;
        options.candidates = i % 5 ? 0 : 60;
        options.rerank = options.candidates ? (kf_scorer)(i % (KF_SCORER_JARO_WINKLER + 1)) : KF_SCORER_SETRATIO;
        options.attribute = (kf_bytes){ i % 7 ? NULL : (const uint8_t *)"DE", i % 7 ? 0 : 2 };
        needle[size - 1] ^= 1;
        if (i == 200) matcher->blocks = &kfi_blocks_portable;
        const kf_status status = kf_matcher_search(matcher, needle, size, &options, &hits, NULL);
        ck_assert_msg(!status, "search %u: %s", i, kf_status_name(status));
    }
    kf_matcher_destroy(&matcher);
    options = (kf_matcher_options)KF_MATCHER_OPTIONS_INIT;
    options.cutoff = 0.9;
    ck_assert_int_eq(kf_names_dedupe(names, &options, &many, ignore, NULL, NULL), KF_OK);
    kf_names_close(&names);
    return NULL;
}

START_TEST(of_names)
{
    unsigned few = 5, many = 300;
    check("scoring short names", score, &few);
    check("scoring long names", score, &many);
    check("build of names", build_names, NULL);
    check("search for names", search, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("stack");
    TCase *tests = tcase_create("stack");
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, of_dictionaries, 0, 7);
    tcase_add_test(tests, of_patterns);
    tcase_add_test(tests, of_names);
    suite_add_tcase(s, tests);
    return s;
}

int main(void) { return suite_run(suite()); }
