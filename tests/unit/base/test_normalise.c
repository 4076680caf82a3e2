/* Normal forms of single texts, and the map between a text and its form. What the forms of characters are is compared
 * with Python's tables in tests/python/test_normalise.py. */
#include "base/normal_map.h"
#include "base/unicode_assigned.h"
#include "base/utf8.h"

#include <keyfold/text.h>

#include "fault.h"
#include "random.h"
#include "suite.h"

#include <errno.h>
#include <utf8proc.h>

static const uint32_t forms[] = { 1, 2, 3, 4, 5, 10, 11, 12, 13 };
enum { FORMS = sizeof forms / sizeof *forms };

static kf_bytes bytes_of(const char *text) { return (kf_bytes){ (const uint8_t *)text, strlen(text) }; }

static void check_form(uint32_t flags, const char *text, const char *expected)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes form;
    ck_assert_int_eq(kf_text_normalise(text, strlen(text), flags, &buffer, &form), KF_OK);
    ck_assert_msg(form.size == strlen(expected) && !memcmp(form.data, expected, form.size), "%u: '%s' became '%.*s'",
                  (unsigned)flags, text, (int)form.size, (const char *)form.data);
    kf_buffer_free(&buffer);
}

START_TEST(normalise__examples)
{
    enum { C = KF_NORMALISE_CASE, N = KF_NORMALISE_NFC, K = KF_NORMALISE_NFKC, A = KF_NORMALISE_ACCENTS };
    static const struct { uint32_t flags; const char *text, *form; } cases[] = {
        { C, "", "" }, { C, "ABCXYZ@[`{abcxyz019", "abcxyz@[`{abcxyz019" },
        { C, "STRASSE Stra\xc3\x9f" "e", "strasse strasse" },
        { C, "E\xcc\x81", "e\xcc\x81" },                       /* not composed */
        { N, "E\xcc\x81", "\xc3\x89" }, { N, "\xc3\x89 A", "\xc3\x89 A" },
        { C | N, "E\xcc\x81", "\xc3\xa9" }, { A, "E\xcc\x81 \xc3\x85", "E A" },
        { N, "q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87" },       /* marks in their order */
        { N, "\xef\xac\x81", "\xef\xac\x81" }, { K, "\xef\xac\x81\xef\xbc\xa1", "fiA" }, { C | K, "\xef\xbc\xa1", "a" },
        { N, "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xea\xb0\x81" },   /* Hangul */
        { N, "\xe2\x84\xab", "\xc3\x85" },                     /* the Angstrom sign */
        { N, "\xe0\xa4\x95\xe0\xa4\xbc", "\xe0\xa4\x95\xe0\xa4\xbc" },   /* excluded from composition */
        { A, "\xe3\x81\x8c\xe0\xa4\x95\xe0\xa5\x8d", "\xe3\x81\x8c\xe0\xa4\x95\xe0\xa5\x8d" },   /* voicing, virama */
        { C | N, "\xce\xb1\xcd\x85\xcc\x81", "\xce\xac\xce\xb9" },       /* the iota is moved before it is folded */
        { A, "\xcc\x81\xcc\x81", "" }, { A, "a\xcc\x81", "a" },
        { C | A, "\xff" "A\xc3", "\xff" "a\xc3" },             /* stray bytes */
        { A, "\xc3\xcc\x81\xa9", "\xc3\xcc\x81\xa9" },         /* and marks that part them */
        { C | A, "\xed\xa0\x80" "A\xf4\x90\x80\x80", "\xed\xa0\x80" "a\xf4\x90\x80\x80" },
        { C, "\xe2\xb0\xaf", "\xe2\xb0\xaf" },                 /* newer than Unicode 13 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_form(cases[i].flags, cases[i].text, cases[i].form);
}
END_TEST

START_TEST(normalise__flags)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes form;
    kf_error error;
    for (uint32_t flags = 0; flags < 64; flags++) {
        uint32_t complete = flags;
        const int bad = flags > 15 || (flags & 6) == 6;
        ck_assert_int_eq(kfi_normalise_flags(&complete, &error), bad ? KF_INVALID : KF_OK);
        ck_assert_int_eq(kf_text_normalise("A", 1, flags, &buffer, &form), bad ? KF_INVALID : KF_OK);
        if (!bad) ck_assert_uint_eq(complete, (flags & 12) == 8 ? flags | 2 : flags);
        if (!bad) ck_assert_int_eq(form.data[0], flags & 1 ? 'a' : 'A');
    }
    kf_buffer_free(&buffer);
}
END_TEST

/* What joins with what is before it: in every composition that utf8proc knows of code points of Unicode 13, the second
 * one, so that a segment has all that is composed. */
START_TEST(normalise__seconds)
{
    int compositions = 0;
    for (int32_t code = 0x80; code < 0x110000; code++) {
        utf8proc_int32_t two[4];
        int last_class;
        if (code >> 11 == 0xd800 >> 11 || !kfi_unicode_assigned((uint32_t)code)) continue;
        if (utf8proc_decompose_char(code, two, 4, UTF8PROC_DECOMPOSE, &last_class) < 2) continue;
        const int count = (int)utf8proc_decompose_char(code, two, 4, UTF8PROC_DECOMPOSE, &last_class);
        uint8_t text[16];
        size_t size = 0;
        for (int i = 0; i < count; i++) size += kfi_utf8_encode((uint32_t)two[i], text + size);
        kfi_normal normal;
        kfi_normal_begin(&normal, KF_NORMALISE_NFC);
        if (utf8proc_normalize_utf32(two, count, UTF8PROC_COMPOSE | UTF8PROC_STABLE) == 1)
            ck_assert_msg(kfi_normal_segment(&normal, (kf_bytes){ text, size }, 0) == size, "U+%04X", (unsigned)code);
        kfi_normal_end(&normal);
        compositions++;
    }
    ck_assert_int_gt(compositions, 12000);
}
END_TEST

/* ---- any bytes -------------------------------------------------------------------------------- */

/* Text of all that matters, and of bytes. */
static size_t random_text(uint8_t *text, size_t most)
{
    static const uint32_t some[] = {
        'a', 'E', 'S', ' ', 0xdf, 0xe9, 0x130, 0x149, 0x1c5, 0x345, 0x37a, 0x3b1, 0x390, 0x3c2, 0x300, 0x301, 0x308,
        0x327, 0x338, 0x93c, 0x94d, 0x915, 0x9be, 0x9c7, 0x1100, 0x1161, 0x11a8, 0xac00, 0xac01, 0x1e9e, 0x1fb3, 0x1ffc,
        0x212b, 0x2c2f, 0x3099, 0x304b, 0xfb01, 0xff21, 0xff9e, 0xffa1, 0xffc2, 0xfdfa, 0x1d15e, 0x1e900, 0x1f600,
        0x2f800
    };
    size_t size = 0;
    while (size + KFI_SEQUENCE_MAX < most && random_below(12)) {
        if (random_below(6) == 0) text[size++] = (uint8_t)random64();
        else size += kfi_utf8_encode(some[random_below(sizeof some / sizeof *some)], text + size);
    }
    return size;
}

static kf_bytes form_of(kfi_normal *normal, uint32_t flags, kf_bytes text)
{
    kf_bytes form;
    kfi_normal_begin(normal, flags);
    ck_assert_int_eq(kfi_normal_text(normal, text, &form), KF_OK);
    return form;
}

/* What is normal stays, and the form of a text is that of its segments. */
START_TEST(normalise__fixed_points)
{
    uint8_t text[200];
    random_state = 1;
    for (uint64_t round = 0; round < rounds_of(60000); round++) {
        const uint32_t flags = forms[round % FORMS];
        const kf_bytes given = { text, random_text(text, sizeof text) };
        kfi_normal once, twice, pieces;
        const kf_bytes form = form_of(&once, flags, given), again = form_of(&twice, flags, form);
        ck_assert_mem_eq(form.data, again.data, form.size);
        ck_assert_uint_eq(form.size, again.size);
        kfi_normal_begin(&pieces, flags);
        for (size_t at = 0; at < given.size; ) {
            const size_t size = kfi_normal_segment(&pieces, given, at);
            ck_assert_uint_gt(size, 0);
            at += size;
        }
        ck_assert_uint_eq(pieces.size, form.size);
        ck_assert_mem_eq(pieces.data, form.data, form.size);
        kfi_normal_end(&once);
        kfi_normal_end(&twice);
        kfi_normal_end(&pieces);
    }
}
END_TEST

/* Marks without end: sorted in linear time, in the same order as a few. */
START_TEST(normalise__many_marks)
{
    enum { MARKS = 300000 };
    uint8_t *text = malloc(2 * MARKS + 1), *expected = malloc(2 * MARKS + 1);
    kfi_normal normal;
    text[0] = expected[0] = 'q';
    for (size_t i = 0; i < MARKS; i++) memcpy(text + 1 + 2 * i, i % 2 ? "\xcc\xa3" : "\xcc\x87", 2);
    for (size_t i = 0; i < MARKS; i++) memcpy(expected + 1 + 2 * i, i < MARKS / 2 ? "\xcc\xa3" : "\xcc\x87", 2);
    kf_bytes form = form_of(&normal, KF_NORMALISE_NFC, (kf_bytes){ text, 2 * MARKS + 1 });
    ck_assert_uint_eq(form.size, 2 * MARKS + 1);
    ck_assert_int_eq(memcmp(form.data, expected, form.size), 0);
    kfi_normal_end(&normal);
    form = form_of(&normal, KF_NORMALISE_ACCENTS | KF_NORMALISE_NFC, (kf_bytes){ text, 2 * MARKS + 1 });
    ck_assert_uint_eq(form.size, 1);
    kfi_normal_end(&normal);
    free(text);
    free(expected);
}
END_TEST

/* ---- the map ---------------------------------------------------------------------------------- */

/* Against the segments, one by one. */
static void check_map(uint32_t flags, kf_bytes text, size_t most)
{
    kfi_normal_map map;
    kfi_normal pieces;
    ck_assert_int_eq(kfi_normal_map_create(&map, flags, text, most), KF_OK);
    const kf_bytes form = kfi_normal_map_form(&map);
    kfi_normal_begin(&pieces, flags);
    kfi_normal_place first = { 0, 0 }, at = first;
    size_t here = 0, there = 0, segments = 0;
    ck_assert(kfi_normal_map_between(&map, form.size));
    while (there < text.size && here < form.size) {
        const size_t size = kfi_normal_segment(&pieces, text, there);
        if (pieces.size > here) {
            at = segments++ ? kfi_normal_map_next(&map, at) : kfi_normal_map_first(&map);
            if (segments == 1) first = at;
            ck_assert_uint_eq(at.here, here);
            ck_assert_uint_eq(at.there, there);
            const kfi_normal_place gone = kfi_normal_map_go(&map, first, here);
            ck_assert(gone.here == here && gone.there == there);
            ck_assert(kfi_normal_map_between(&map, here));
            for (size_t within = here + 1; within < pieces.size && within < form.size; within++)
                ck_assert(!kfi_normal_map_between(&map, within));
        }
        here = pieces.size;
        there += size;
    }
    ck_assert_uint_eq(here, form.size);
    ck_assert_mem_eq(pieces.data, form.data, form.size);
    if (most > 2 * text.size * 18) {
        kfi_normal whole;
        ck_assert_uint_eq(form_of(&whole, flags, text).size, form.size);
        if (form.size) ck_assert_uint_eq(kfi_normal_map_next(&map, at).there, text.size);
        kfi_normal_end(&whole);
    }
    kfi_normal_end(&pieces);
    kfi_normal_map_destroy(&map);
}

START_TEST(map__segments)
{
    uint8_t text[300];
    random_state = 2;
    for (uint64_t round = 0; round < rounds_of(40000); round++) {
        kf_bytes given = { text, random_text(text, sizeof text) };
        if (round % 3 == 0) {
            memset(text + given.size, 'x', sizeof text - given.size);
            given.size = sizeof text;
        }
        check_map(forms[round % FORMS], given, round % 5 ? SIZE_MAX : 1 + random_below(90));
    }
}
END_TEST

/* ---- without memory --------------------------------------------------------------------------- */

static kf_status normalise_much(kf_bytes text)
{
    kfi_normal_map map = { .here = NULL };
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes form;
    kf_status status = kf_text_normalise(text.data, text.size, KF_NORMALISE_ACCENTS, &buffer, &form);
    /* Marks that each become two: there was room for half of them. */
    uint8_t double_marks[801] = "q";
    for (size_t i = 1; i < sizeof double_marks; i += 2) memcpy(double_marks + i, "\xcd\x84", 2);
    if (!status) status = kf_text_normalise(double_marks, sizeof double_marks, KF_NORMALISE_NFC, &buffer, &form);
    kf_buffer_free(&buffer);
    if (!status) status = kfi_normal_map_create(&map, KF_NORMALISE_CASE | KF_NORMALISE_NFKC, text, SIZE_MAX);
    kfi_normal_map_destroy(&map);
    return status;
}

START_TEST(normalise__without_memory)
{
    uint8_t text[2000];
    uint64_t n = 1;
    memset(text, 'A', 900);
    for (size_t i = 900; i < sizeof text; i += 2) memcpy(text + i, i % 4 ? "\xcc\xa3" : "\xcc\x87", 2);
    for (;; n++) {
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        kf_status status = normalise_much((kf_bytes){ text, sizeof text });
        const int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
        if (!fired) break;
    }
    ck_assert_uint_gt(n, 6);
    /* What is short needs none. */
    kfi_normal normal;
    fault_mark();
    fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_FROM);
    form_of(&normal, KF_NORMALISE_CASE | KF_NORMALISE_ACCENTS | KF_NORMALISE_NFC, bytes_of("STRASSE \xc3\x89\xcc\x81"));
    ck_assert(!fault_fired());
    fault_off();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("normalise");
    TCase *c = tcase_create("normalise");
    tcase_add_test(c, normalise__examples);
    tcase_add_test(c, normalise__flags);
    tcase_add_test(c, normalise__seconds);
    tcase_add_test(c, normalise__fixed_points);
    tcase_add_test(c, normalise__many_marks);
    tcase_add_test(c, map__segments);
    tcase_add_test(c, normalise__without_memory);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
