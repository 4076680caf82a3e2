/* Sketches: sums, and scans of all variants, which never lose a name that reaches a score. */
#include "random.h"
#include "suite.h"

#include "names/ratio/sketch_scan.h"
#include "names/score/ratio.h"
#include "read/search/search.h"

enum { CHUNKS = 5, NAMES = CHUNKS * KFI_CHUNK };

static uint32_t sketch_of(const unsigned *counts)
{
    uint32_t sketch = 0;
    for (unsigned kind = 0; kind < KFI_KINDS; kind++)
        sketch |= (counts[kind] < KFI_KIND_MOST ? counts[kind] : KFI_KIND_MOST) << (2 * kind);
    return sketch;
}

START_TEST(sketches_add_up)
{
    random_state = 41;
    for (int round = 0; round < 20000; round++) {
        unsigned a[KFI_KINDS], b[KFI_KINDS], both[KFI_KINDS];
        for (unsigned kind = 0; kind < KFI_KINDS; kind++) {
            a[kind] = (unsigned)random_below(5);
            b[kind] = (unsigned)random_below(5);
            both[kind] = a[kind] + b[kind];
        }
        if (kfi_sketch_add(sketch_of(a), sketch_of(b)) != sketch_of(both)) ck_abort_msg("round %d", round);
    }
}
END_TEST

START_TEST(kinds_of_code_points)
{
    uint8_t entries[3 * 4];
    kfi_store32(entries, 'a' | 5u << 24);
    kfi_store32(entries + 4, 'c' | 15u << 24);
    kfi_store32(entries + 8, 0x10ffff | 2u << 24);
    ck_assert_uint_eq(kfi_sketch_kind(entries, 3, 'a'), 5);
    ck_assert_uint_eq(kfi_sketch_kind(entries, 3, 'b'), 'b' % 16);
    ck_assert_uint_eq(kfi_sketch_kind(entries, 3, 'c'), 15);
    ck_assert_uint_eq(kfi_sketch_kind(entries, 3, 0x10ffff), 2);
    ck_assert_uint_eq(kfi_sketch_kind(entries, 0, 'a'), 'a' % 16);
    ck_assert_uint_eq(kfi_sketch_text(entries, 3, (kf_bytes){ (const uint8_t *)"abbbba", 6 }), 2u << 10 | 3u << 4);
}
END_TEST

/* Chunks, and the names in them, of few letters. */
static uint8_t chunks[CHUNKS * KFI_CHUNK_SIZE];
static char names[NAMES][40];
static uint8_t entry[4];
static const kfi_letters letters = { entry, 0, chunks, NULL, 0 };

static void draw_text(char *out, size_t kinds, size_t most)
{
    for (size_t i = random_below(most + 1); i > 0; i--)
        *out++ = random_below(6) ? (char)('a' + random_below(kinds)) : ' ';
    *out = 0;
}

static void draw_names(size_t kinds, size_t most)
{
    memset(chunks, 0, sizeof chunks);
    for (uint32_t slot = 0; slot < NAMES; slot++) {
        draw_text(names[slot], kinds, most);
        char dense[40], *end = dense;
        for (const char *at = names[slot]; *at; at++)
            if (*at != ' ') *end++ = *at;
        const uint32_t sketch = kfi_sketch_text(entry, 0, (kf_bytes){ (const uint8_t *)dense, (size_t)(end - dense) });
        for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++)
            chunks[slot / KFI_CHUNK * KFI_CHUNK_SIZE + pair * KFI_CHUNK_HALF + slot % KFI_CHUNK_HALF]
                |= (uint8_t)((sketch >> (4 * pair) & 15) << (slot % KFI_CHUNK / KFI_CHUNK_HALF * 4));
        if (kfi_letters_sketch(&letters, slot) != sketch) ck_abort_msg("slot %u", slot);
    }
}

static uint32_t spaces_of(const char *text)
{
    uint32_t spaces = 0;
    for (; *text; text++) spaces += *text == ' ';
    return spaces;
}

/* Names that the scan passes over have less than the score. */
static uint64_t check_needle(const char *needle, kfi_score least)
{
    uint32_t points[40], length = 0;
    uint64_t masks[CHUNKS], passed = 0;
    kfi_sketch_query query;
    for (const char *at = needle; *at; at++) points[length++] = (uint8_t)*at;
    kfi_sketch_query_set(&query, &letters, points, length);
    kfi_sketch_query_want(&query, least);
    for (uint32_t spaces = 0; spaces < 8; spaces++) {
        const int limit = kfi_sketch_query_limit(&query, spaces);
        if (limit >= 0) kfi_sketch_scan_portable(&query, chunks, CHUNKS, (unsigned)limit, masks);
        else memset(masks, 0, sizeof masks);
#if defined(__x86_64__)
        uint64_t others[CHUNKS];
        if (limit >= 0 && __builtin_cpu_supports("avx2")) {
            kfi_sketch_scan_avx2(&query, chunks, CHUNKS, (unsigned)limit, others);
            ck_assert_int_eq(memcmp(others, masks, sizeof masks), 0);
        }
#endif
        for (uint32_t slot = 0; slot < NAMES; slot++) {
            kfi_score score;
            if (spaces_of(names[slot]) != spaces) continue;
            if (masks[slot / 64] >> slot % 64 & 1) {
                passed++;
                continue;
            }
            ck_assert_int_eq(kfi_ratio((kf_bytes){ (const uint8_t *)needle, length },
                                       (kf_bytes){ (const uint8_t *)names[slot], strlen(names[slot]) }, &score, NULL),
                             KF_OK);
            if (kfi_score_compare(score, least) >= 0) ck_abort_msg("'%s' '%s'", needle, names[slot]);
        }
    }
    return passed;
}

START_TEST(no_name_is_lost)
{
    uint64_t passed = 0, all = 0;
    random_state = 42;
    for (int round = 0; round < 60; round++) {
        const size_t kinds = 1 + random_below(26), most = 1 + random_below(36);
        draw_names(kinds, most);
        for (int i = 0; i < 6; i++) {
            char needle[40];
            const uint32_t tokens = 1 + (uint32_t)random_below(60);
            if (i % 2) draw_text(needle, kinds, most);
            else strcpy(needle, names[random_below(NAMES)]);
            passed += check_needle(needle, (kfi_score){ random_below(tokens / 2 + 1), tokens });
            passed += check_needle(needle, (kfi_score){ 1, 2 });   /* 1: only names with the same letters */
            all += 2 * NAMES;
        }
    }
    ck_assert_uint_gt(passed, all / 100);
    ck_assert_uint_lt(passed, all / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sketch_scan");
    TCase *tests = tcase_create("sketches");
    tcase_add_test(tests, sketches_add_up);
    tcase_add_test(tests, kinds_of_code_points);
    tcase_add_test(tests, no_name_is_lost);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
