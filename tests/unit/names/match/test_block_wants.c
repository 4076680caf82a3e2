/* Scanning the blocks: what each instruction set finds is what is there. */
#include "names_model.h"

#include "names/match/block_wants.h"
#include "names/score/similarity.h"

enum { TOKENS = 1500 };

static char text[TOKENS][100];
static uint8_t expected[TOKENS], found[TOKENS];
static kf_names *names;
static const kfi_blocks *blocks;
static const kfi_blocks_variant *variants[4];      /* and NULL */

/* As long as the classes of letters have in common: here each letter has a class of its own. */
static unsigned common_of(const char *a, const char *b)
{
    unsigned row[101] = { 0 };
    for (; *a; a++)
        for (size_t j = 0, corner = 0; b[j]; j++) {
            const unsigned above = row[j + 1];
            row[j + 1] = *a == b[j] ? (unsigned)corner + 1 : above > row[j] ? above : row[j];
            corner = above;
        }
    return row[strlen(b)];
}

/* The longer one's length less the Levenshtein distance. */
static unsigned kept_of(const char *a, const char *b)
{
    unsigned row[101];
    const size_t m = strlen(a), n = strlen(b);
    for (size_t j = 0; j <= n; j++) row[j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            const unsigned above = row[j], least = above < row[j - 1] ? above : row[j - 1];
            row[j] = corner + (a[i - 1] != b[j - 1]) < least + 1 ? corner + (a[i - 1] != b[j - 1]) : least + 1;
            corner = above;
        }
    }
    return (unsigned)(m > n ? m : n) - row[n];
}

static kf_status take(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                      const uint8_t *common)
{
    (void)context, (void)query;
    for (unsigned i = 0; i < KFI_BLOCK; i++) {
        if (!(lanes >> i & 1)) continue;
        const uint32_t token = first + i;
        ck_assert_uint_lt(token - group->first_token, group->tokens);
        ck_assert_uint_eq(found[token], 0);
        found[token] = 1 + common[i];
    }
    return KF_OK;
}

/* The token that stands at a place of the blocks. */
static const char *token_at(uint32_t place)
{
    static char token[100];
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes bytes;
    ck_assert_int_eq(kfi_names_token_text(names, kfi_blocks_id(blocks, place), &buffer, &bytes,
                                           NULL), KF_OK);
    memcpy(token, bytes.data, bytes.size);
    token[bytes.size] = 0;
    kf_buffer_free(&buffer);
    return token;
}

static void random_token(char *to, size_t most)
{
    const size_t size = 1 + random_below(most), kinds = 3 + random_below(30);
    for (size_t i = 0; i < size; i++) to[i] = (char)('A' + random_below(kinds));
    to[size] = 0;
}

static void prepare(void)
{
    model_names rows = { .count = TOKENS };
    scratch_open();
    random_state = 9;
    for (int i = 0; i < TOKENS; i++) {
        random_token(text[i], i % 10 ? 12 : 64);
        rows.name[i] = strdup(text[i]);
    }
    names = model_build(&rows, "blocks.kf", 0);
    blocks = &names->blocks;
    int v = 0;
    variants[v++] = &kfi_blocks_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) variants[v++] = &kfi_blocks_avx2;
#endif
    if (kfi_blocks_best() != variants[v - 1]) variants[v] = kfi_blocks_best();
    model_free(&rows);
}

static void finish(void)
{
    kf_names_close(&names);
    scratch_close();
}

static void check(const kfi_blocks_variant *variant, const char *needle, unsigned least, unsigned below, int edits)
{
    uint32_t points[100];
    const uint32_t length = (uint32_t)strlen(needle);
    static kfi_block_query query;
    for (uint32_t i = 0; i < length; i++) points[i] = (uint8_t)needle[i];
    kfi_block_query_set(&query, blocks, points, length);
    kfi_block_query_want(&query, least, below);
    query.edits = edits;
    memset(expected, 0, sizeof expected);
    memset(found, 0, sizeof found);
    for (uint32_t place = 0; place < blocks->tokens; place++) {
        const char *token = token_at(place);
        const unsigned common = edits ? kept_of(needle, token) : common_of(needle, token);
        const unsigned similarity = kfi_similarity_ceil(kfi_similarity(common, length, strlen(token)));
        if (similarity >= least && similarity < below) expected[place] = (uint8_t)(1 + common);
    }
    ck_assert_int_eq(variant->scan(blocks, (const kfi_block_query *[]){ &query }, 1, take, NULL), KF_OK);
    for (uint32_t place = 0; place < blocks->tokens; place++) {
        if (length <= KFI_BLOCK_LENGTH) ck_assert_uint_eq(found[place], expected[place]);
        else if (below > 255) ck_assert_uint_ge(found[place], expected[place]);   /* bounds only */
    }
}

START_TEST(all_variants_find_the_same)
{
    static const unsigned levels[] = { 1, 77, 138, 204, 255, 256 };
    random_state = 10;
    for (int i = 0; i < 60; i++) {
        char needle[100];
        if (i % 3) random_token(needle, 4 + (size_t)i);
        else strcpy(needle, text[random_below(TOKENS)]);
        if (i == 59) memset(needle, 'A', 80), needle[80] = 0;
        const unsigned least = levels[random_below(5)], below = levels[5 - random_below(2)];
        for (int v = 0; variants[v]; v++)
            for (int edits = 0; edits < 2; edits++)
                if (!(edits && strlen(needle) > KFI_BLOCK_LENGTH))
                    check(variants[v], needle, least, below, edits);
    }
}
END_TEST

enum { TOGETHER = 20 };

static uint8_t (*found_by)[TOKENS];

static kf_status take_for(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                          const uint8_t *common)
{
    (void)context, (void)group;
    ck_assert_uint_lt(query, TOGETHER);
    for (unsigned i = 0; i < KFI_BLOCK; i++)
        if (lanes >> i & 1) found_by[query][first + i] = 1 + common[i];
    return KF_OK;
}

/* Several queries in one scan find what each finds alone. */
START_TEST(queries_do_not_disturb_each_other)
{
    static kfi_block_query queries[TOGETHER];
    const kfi_block_query *all[TOGETHER];
    found_by = malloc(TOGETHER * sizeof *found_by);
    random_state = 11;
    for (size_t i = 0; i < TOGETHER; i++) {
        uint32_t points[80];
        char needle[100];
        random_token(needle, 70);
        const uint32_t length = (uint32_t)strlen(needle);
        for (uint32_t p = 0; p < length; p++) points[p] = (uint8_t)needle[p];
        kfi_block_query_set(&queries[i], blocks, points, length);
        kfi_block_query_want(&queries[i], 60 + 5 * (unsigned)i, 256);
        all[i] = &queries[i];
    }
    for (int v = 0; variants[v]; v++) {
        memset(found_by, 0, TOGETHER * sizeof *found_by);
        ck_assert_int_eq(variants[v]->scan(blocks, all, TOGETHER, take_for, NULL), KF_OK);
        for (size_t i = 0; i < TOGETHER; i++) {
            memset(found, 0, sizeof found);
            ck_assert_int_eq(variants[v]->scan(blocks, &all[i], 1, take, NULL), KF_OK);
            ck_assert_mem_eq(found_by[i], found, TOKENS);
        }
    }
    free(found_by);
}
END_TEST

/* The most similar query's similarity to a token, or 0 if it is not above the floor. */
static unsigned greatest(const char *token, char (*needles)[100], size_t count, unsigned floor)
{
    unsigned most = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t similarity =
            kfi_similarity(common_of(needles[i], token), (uint32_t)strlen(needles[i]), (uint32_t)strlen(token));
        const unsigned value = kfi_similarity_ceil(similarity);
        if (value > most) most = value;
    }
    return most > floor ? most : 0;
}

/* Each token's similarity to the nearest of several queries: what is too low is not there, what was more stays. */
START_TEST(maxima_are_those_of_all_queries)
{
    static kfi_block_query queries[TOGETHER];
    static kfi_block_similarities similarities;
    static char needles[TOGETHER][100];
    const kfi_block_query *all[TOGETHER];
    uint32_t mask = 1;
    while (mask < TOKENS) mask = 2 * mask + 1;
    uint8_t *most = malloc(mask + 1u);
    random_state = 12;
    kfi_block_similarities_set(&similarities);
    for (unsigned round = 0; round < 24; round++) {
        const size_t count = 1 + random_below(TOGETHER);
        const unsigned floor = (unsigned)random_below(254);
        for (size_t i = 0; i < count; i++) {
            uint32_t points[100];
            if (i % 2) random_token(needles[i], 60);
            else strcpy(needles[i], text[random_below(TOKENS)]);
            if (strlen(needles[i]) > 60) needles[i][60] = 0;
            for (uint32_t p = 0; needles[i][p]; p++) points[p] = (uint8_t)needles[i][p];
            kfi_block_query_set(&queries[i], blocks, points, (uint32_t)strlen(needles[i]));
            kfi_block_query_want(&queries[i], floor + 1, 256);
            all[i] = &queries[i];
        }
        for (int v = 0; variants[v]; v++) {
            const kfi_block_maxima maxima = { all, (uint32_t)count, (uint8_t)floor, &similarities, most, mask };
            memset(most, 0, mask + 1u);
            most[kfi_blocks_id(blocks, 7)] = 255;
            variants[v]->maxima(blocks, &maxima);
            for (uint32_t place = 0; place < blocks->tokens; place++)
                ck_assert_uint_eq(most[kfi_blocks_id(blocks, place)],
                                  place == 7 ? 255 : greatest(token_at(place), needles, count, floor));
        }
    }
    free(most);
}
END_TEST

/* What is too long for lanes is bounded from above, by counts of letters that end at 255. */
START_TEST(maxima_of_long_queries_are_bounds)
{
    static kfi_block_query query, full;
    static kfi_block_similarities similarities;
    static char needle[1][100];
    static uint8_t most[4096];
    uint32_t points[300];
    const kfi_block_query *all[] = { &query };
    random_state = 13;
    kfi_block_similarities_set(&similarities);
    for (unsigned i = 0; i < 90; i++) points[i] = (uint8_t)(needle[0][i] = (char)('A' + random_below(9)));
    kfi_block_query_set(&query, blocks, points, 90);
    kfi_block_query_want(&query, 41, 256);
    for (int v = 0; variants[v]; v++) {
        const kfi_block_maxima maxima = { all, 1, 40, &similarities, most, sizeof most - 1 };
        unsigned found_some = 0;
        memset(most, 0, sizeof most);
        variants[v]->maxima(blocks, &maxima);
        for (uint32_t place = 0; place < blocks->tokens; place++) {
            const unsigned exact = greatest(token_at(place), needle, 1, 40);
            ck_assert_uint_ge(most[kfi_blocks_id(blocks, place)], exact);
            found_some += exact != 0;
        }
        ck_assert_uint_gt(found_some, 0);
    }
    for (unsigned i = 0; i < 300; i++) points[i] = 'A';
    kfi_block_query_set(&full, blocks, points, 300);
    ck_assert_uint_eq(full.signature[kfi_blocks_class(blocks, 'A') % KFI_BLOCK], 255);
}
END_TEST

/* What a sink returns ends the scan, of however many queries. */
static kf_status refuse(void *context, size_t query, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                        const uint8_t *common)
{
    (void)query, (void)group, (void)first, (void)lanes, (void)common;
    return ++*(int *)context == 2 ? KF_NO_MEMORY : KF_OK;
}

START_TEST(a_sink_ends_it)
{
    static kfi_block_query query;
    const kfi_block_query *all[TOGETHER];
    const uint32_t points[] = { 'A', 'B', 'C' };
    int calls = 0;
    kfi_block_query_set(&query, blocks, points, 3);
    kfi_block_query_want(&query, 1, 256);
    for (unsigned i = 0; i < TOGETHER; i++) all[i] = &query;
    ck_assert_int_eq(kfi_blocks_best()->scan(blocks, all, TOGETHER, refuse, &calls), KF_NO_MEMORY);
    ck_assert_int_eq(calls, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("block_wants");
    TCase *tests = tcase_create("blocks");
    tcase_add_checked_fixture(tests, prepare, finish);
    tcase_add_test(tests, all_variants_find_the_same);
    tcase_add_test(tests, queries_do_not_disturb_each_other);
    tcase_add_test(tests, maxima_are_those_of_all_queries);
    tcase_add_test(tests, maxima_of_long_queries_are_bounds);
    tcase_add_test(tests, a_sink_ends_it);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
