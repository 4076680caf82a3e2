/* Processing of names: what becomes of them, that it does so once only, and that needles fare alike. */
#include "names_model.h"

#include "names/process/process.h"

static kfi_process process;
static kfi_process_scratch room;
static kfi_array stored;

static void begin(uint32_t flags, kf_legal_forms forms, const char *separators, const char *table)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.processing = flags;
    options.legal_forms = forms;
    options.separators = separators;
    options.legal_table = table;
    stored.size = 0;
    ck_assert_msg(kfi_process_compile(&options, &stored, &error) == KF_OK, "%s", error.message);
    ck_assert_msg(kfi_process_open(&process, stored.data, stored.size, 0, &error) == KF_OK, "%s", error.message);
    kfi_process_begin(&room, &process);
}

static void end(void)
{
    kfi_process_end(&room);
    kfi_array_free(&stored);
}

static void check(const char *given, const char *expected)
{
    kf_bytes out;
    const kf_bytes text = { (const uint8_t *)given, strlen(given) };
    ck_assert_int_eq(kfi_process_name(&process, &room, text, "it", &out, NULL), KF_OK);
    ck_assert_msg(out.size == strlen(expected) && !memcmp(out.data, expected, out.size), "'%s' is '%.*s', not '%s'",
                  given, (int)out.size, (const char *)out.data, expected);
}

enum { ALL = KF_NAMES_FOLD_CASE | KF_NAMES_NFKC | KF_NAMES_NO_ACCENTS | KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE };

START_TEST(each_step)
{
    begin(KF_NAMES_FOLD_CASE, KF_LEGAL_KEEP, NULL, NULL);
    check("ACME Stra\xc3\x9f" "e,  X", "acme strasse,  x");
    end();
    begin(KF_NAMES_NFC, KF_LEGAL_KEEP, NULL, NULL);
    check("e\xcc\x81 \xef\xac\x81", "\xc3\xa9 \xef\xac\x81");
    end();
    begin(KF_NAMES_NFKC, KF_LEGAL_KEEP, NULL, NULL);
    check("\xef\xac\x81n\xc2\xa0" "A", "fin A");
    end();
    begin(KF_NAMES_NO_ACCENTS, KF_LEGAL_KEEP, NULL, NULL);
    check("Caf\xc3\xa9 e\xcc\x81", "Cafe e");
    end();
    begin(KF_NAMES_NO_PUNCTUATION, KF_LEGAL_KEEP, NULL, NULL);
    check("A.B, C-D (E)", "A B  C D  E ");
    check("\xc2\xab" "A\xc2\xbb +1 \xe2\x80\x94", " A  +1  ");     /* symbols stay */
    end();
    begin(KF_NAMES_SQUEEZE, KF_LEGAL_KEEP, NULL, NULL);
    check("  A \t B\xc2\xa0\xe3\x80\x80" "C ", "A B C");
    check("   ", "");
    check("", "");
    end();
    begin(0, KF_LEGAL_KEEP, "/|\xc3\x97/", NULL);
    check("A/B|C\xc3\x97" "D.E", "A B C D.E");
    end();
    begin(ALL, KF_LEGAL_KEEP, "+", NULL);
    check("  \xc3\x89" "COLE+No. 1, (Paris)", "ecole no 1 paris");
    check("...", "");
    end();
}
END_TEST

START_TEST(legal_forms_are_ignored)
{
    begin(ALL, KF_LEGAL_IGNORE, NULL, NULL);
    static const char *const rows[][2] = {
        { "ACME Ltd", "acme" }, { "ACME LIMITED", "acme" }, { "Acme, Ltd.", "acme" }, { "Acme Co., Ltd.", "acme" },
        { "Acme S.A.", "acme" }, { "Acme S. A.", "acme" }, { "Acme SA", "acme" }, { "casa", "casa" },
        { "M\xc3\xbcller GmbH & Co. KG", "muller" }, { "Muller G.m.b.H.", "muller" }, { "Acme Sp. z o.o.", "acme" },
        { "Limited", "limited" }, { "Ltd Ltd", "ltd" }, { "S.A.", "s a" }, { "Limited Brands", "limited brands" },
        { "PT Astra Tbk", "astra" }, { "\xd0\x9e\xd0\x9e\xd0\x9e Acme", "acme" }, { "", "" },
        { "Acme A.\xc5\x9e.", "acme" }, { "Acme Gesellschaft mit beschr\xc3\xa4nkter Haftung", "acme" },
        { "Bakker B.V.", "bakker" }, { "Smith & Co", "smith" }, { "S.A. Acme", "s a acme" },
        { "GmbH & Co. KG", "gmbh co kg" }, { "OOO", "ooo" }, { "Acme (Ltd)", "acme" }, { "Acme Pty. Ltd.", "acme" },
        { "ACME L.L.C.", "acme" }, { "Acme Sdn. Bhd.", "acme" }, { "Acme S. de R.L. de C.V.", "acme" }
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(rows[i][0], rows[i][1]);
    end();
    begin(0, KF_LEGAL_IGNORE, NULL, NULL);
    check("Acme  Ltd", "Acme");
    check("Acme,  Ltd. ", "Acme,");
    check("Acme S.A. B.V.", "Acme");
    end();
}
END_TEST

START_TEST(legal_forms_are_made_canonical)
{
    begin(ALL, KF_LEGAL_CANONICAL, NULL, NULL);
    check("ACME LIMITED", "acme ltd");
    check("Acme Company Limited", "acme ltd");
    check("Acme Co., Ltd.", "acme ltd");
    check("LIMITED", "ltd");
    check("Acme S.A.", "acme sa");
    check("Acme Incorporated", "acme inc");
    check("Muller GmbH und Co. KG", "muller gmbh co kg");
    check("Acme O\xc3\x9c", "acme ou");
    check("PT. Acme", "pt acme");
    end();
    begin(0, KF_LEGAL_CANONICAL, NULL, NULL);
    check("ACME LIMITED", "ACME Ltd");
    check("ACME, G.M.B.H.", "ACME, GmbH");
    check("ACME", "ACME");
    end();
}
END_TEST

START_TEST(a_table_of_ones_own)
{
    begin(KF_NAMES_FOLD_CASE, KF_LEGAL_CANONICAL, NULL,
          "# mine\r\nVerein\teV\tGesellschaft\r\n\nFirma\t^Firma\t^Fa.\nA B C\tabc\n");
    check("Turn e.V.", "turn verein");
    check("FA. Meier", "firma meier");
    check("Meier Firma", "meier firma");
    check("Meier Fa", "meier fa");
    check("X ABC", "x a b c");
    check("X A BC", "x a b c");
    check("Acme Ltd", "acme ltd");
    end();
    begin(0, KF_LEGAL_IGNORE, NULL, "");
    check("Acme Ltd", "Acme Ltd");
    end();
}
END_TEST

START_TEST(options_that_are_refused)
{
    static const struct { uint32_t flags; int forms; const char *separators, *table, *message; } rows[] = {
        { 64, 0, NULL, NULL, "flags" }, { KF_NAMES_NFC | KF_NAMES_NFKC, 0, NULL, NULL, "NFC" },
        { 0, 3, NULL, NULL, "number 3" }, { 0, -1, NULL, NULL, "number -1" },
        { 0, 0, "a\xff", NULL, "byte 1" }, { 0, 1, "-x", NULL, "'x'" },
        { 0, 0, NULL, "a\tb", "kept" }, { 1, 0, NULL, "a\tb", "kept" },
        { 0, 1, NULL, "A\tab\nX\ta.b\n", "'ab' is in line 1 and in line 2" },
        { 0, 2, NULL, "A\n\nB\tA\n", "'a' is in line 1 and in line 3" },
        { 0, 1, NULL, "A\t\n", "line 1: '' has no letters" }, { 0, 1, NULL, "A\n\t\n", "line 2" },
        { 0, 1, NULL, "A\t&\n", "'&' has no letters" }, { 0, 1, NULL, "A\t\xff\n", "UTF-8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
        kf_names_builder *builder;
        kf_error error = { 0 };
        options.processing = rows[i].flags;
        options.legal_forms = (kf_legal_forms)rows[i].forms;
        options.separators = rows[i].separators;
        options.legal_table = rows[i].table;
        ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("p.kf"), &options, &error), KF_INVALID);
        ck_assert_ptr_null(builder);
        ck_assert_msg(strstr(error.message, rows[i].message) != NULL, "%zu: %s", i, error.message);
    }
}
END_TEST

/* ---- properties --------------------------------------------------------------------------------- */

/* Code points that steps treat differently, forms, and any others. */
static size_t random_text(char *text)
{
    static const char *const parts[] = {
        " ", " ", " ", "a", "E", "e\xcc\x81", "\xc3\x89", "\xcc\xa7", "\xef\xac\x81", "\xc3\x9f", "\xc4\xb0", ".",
        ",", "\xc2\xa0", "\t", "-", "\xe2\x80\xa6", "\xc2\xbd", "\xef\xbc\xb3", " Ltd", " LIMITED", " Co",
        " S.A.", " S", " A",
        " GmbH", " & ", " KG", " PT", "\xd0\x9e\xd0\x9e\xd0\x9e", " B", " V", " b.v.",
        "\xcd\xb8\xcc\x81", "\xcd\x85",
        "\xe1\x84\x80", "\xe1\x85\xa1", "\xe0\xa4\xa8\xe0\xa4\xbc", "+", "\xf0\x9d\x94\xb8",
        "\xf0\x9f\x98\x80", "\xef\xb7\xba"
    };
    size_t size = 0;
    for (size_t i = random_below(12); i > 0; i--) {
        const char *part = parts[random_below(sizeof parts / sizeof *parts)];
        if (random_below(8) == 0) {
            const uint32_t code = 0x80 + (uint32_t)random_below(0x2e00);
            if (code < 0x800) size += (size_t)sprintf(text + size, "%c%c", 0xc0 | code >> 6, 0x80 | (code & 63));
            else size += (size_t)sprintf(text + size, "%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 63),
                                         0x80 | (code & 63));
        } else {
            memcpy(text + size, part, strlen(part));
            size += strlen(part);
        }
    }
    return size;
}

START_TEST(what_is_processed_stays)
{
    static const char *const separators[] = { NULL, "-/", "+\xcc\x81", "e", "\xcd\xb8" };
    random_state = 400 + (uint64_t)_i;
    for (int round = 0; round < 64; round++) {
        uint32_t flags = (uint32_t)random_below(64);
        const kf_legal_forms forms = (kf_legal_forms)(_i % 3);
        const char *chosen = separators[random_below(forms ? 2 : 5)];
        if (flags & KF_NAMES_NFC) flags &= ~(uint32_t)KF_NAMES_NFKC;
        begin(flags, forms, chosen, NULL);
        for (int i = 0; i < 250; i++) {
            char text[400], once[4000];
            kf_bytes out, again;
            const size_t size = random_text(text);
            ck_assert_int_eq(kfi_process_name(&process, &room, (kf_bytes){ (uint8_t *)text, size }, "it", &out, NULL),
                             KF_OK);
            ck_assert_uint_le(out.size, sizeof once);
            if (out.size) memcpy(once, out.data, out.size);
            const kf_bytes first = { (uint8_t *)once, out.size };
            ck_assert_int_eq(kfi_process_name(&process, &room, first, "it", &again, NULL), KF_OK);
            ck_assert_msg(again.size == first.size && (!first.size || !memcmp(again.data, once, first.size)),
                          "flags %u, forms %d, '%s': '%.*s' becomes '%.*s' and then '%.*s'", flags, (int)forms,
                          chosen ? chosen : "", (int)size, text, (int)first.size, once, (int)again.size,
                          (const char *)again.data);
            if (forms && size) ck_assert_int_eq(first.size == 0, again.size == 0);
        }
        end();
    }
}
END_TEST

/* A name is found by itself, by what it becomes, and by any name that becomes the same; it is shown as it was given. */
START_TEST(needles_fare_like_names)
{
    static const char *const names[] = {
        "ACME Limited", "Caf\xc3\xa9 M\xc3\xbcller GmbH", "Bolts, Nuts & Co.", "PT Astra Tbk", "LIMITED", "..." };
    static const char *const needles[] = {
        "acme, ltd.", "CAFE MULLER G.M.B.H.", "bolts nuts company", "astra", "Ltd", "" };
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_names *index;
    kf_matcher *matcher;
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    kf_error error = { 0 };
    const size_t count = sizeof names / sizeof *names;
    options.processing = ALL;
    options.legal_forms = _i ? KF_LEGAL_CANONICAL : KF_LEGAL_IGNORE;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("p.kf"), &options, &error), KF_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kf_names_builder_add(builder, "id", 2, names[i], strlen(names[i]), &error), KF_OK);
    ck_assert_msg(kf_names_builder_finish(builder, NULL, &error) == KF_OK, "%s", error.message);
    kf_names_builder_destroy(&builder);
    ck_assert_msg(kf_names_open(&index, scratch_path("p.kf"), NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_msg(kf_names_verify(index, NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_int_eq(kf_names_get_stat(index, &stat), KF_OK);
    ck_assert(stat.processing == ALL && stat.legal_forms == options.legal_forms && stat.text_bytes > 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, index, NULL), KF_OK);
    for (size_t i = 0; i < count; i++) {
        kf_buffer buffer = KF_BUFFER_INIT;
        const kf_name_hits *hits;
        kf_bytes made;
        ck_assert_int_eq(kf_matcher_search(matcher, names[i], strlen(names[i]), NULL, &hits, NULL), KF_OK);
        ck_assert(hits->hits[0]->position == i && hits->hits[0]->score == 1.0);
        ck_assert_uint_eq(hits->hits[0]->name.size, strlen(names[i]));
        ck_assert_int_eq(memcmp(hits->hits[0]->name.data, names[i], strlen(names[i])), 0);
        ck_assert_int_eq(kf_names_process(index, names[i], strlen(names[i]), &buffer, &made, NULL), KF_OK);
        ck_assert_int_eq(kf_matcher_search(matcher, made.data, made.size, NULL, &hits, NULL), KF_OK);
        ck_assert(hits->hits[0]->position == i && hits->hits[0]->score == 1.0);
        if (!_i || (i != 3 && i != 4)) {
            ck_assert_int_eq(kf_matcher_search(matcher, needles[i], strlen(needles[i]), NULL, &hits, NULL), KF_OK);
            if (i != 4) ck_assert(hits->hits[0]->position == i && hits->hits[0]->score == 1.0);
        }
        kf_buffer_free(&buffer);
    }
    ck_assert_int_eq(kf_names_process(index, "\xff", 1, NULL, &(kf_bytes){ 0 }, &error), KF_INVALID);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* What grows beyond the limits while it is processed. */
START_TEST(names_that_become_too_long)
{
    static char text[KF_NAME_BYTES + 1];
    kf_error error = { 0 };
    kf_bytes out;
    begin(KF_NAMES_NFKC, KF_LEGAL_KEEP, NULL, NULL);
    for (size_t i = 0; i + 3 <= 9000; i += 3) memcpy(text + i, "\xef\xb7\xba", 3);    /* 18 code points each */
    ck_assert_int_eq(kfi_process_name(&process, &room, (kf_bytes){ (uint8_t *)text, 9000 }, "it", &out, &error),
                     KF_LIMIT);
    ck_assert_int_eq(kfi_process_name(&process, &room, (kf_bytes){ (uint8_t *)text, 1200 }, "it", &out, &error),
                     KF_LIMIT);    /* tokens: of each code point there come three spaces */
    ck_assert_int_eq(kfi_process_name(&process, &room, (kf_bytes){ (uint8_t *)text, 900 }, "it", &out, &error),
                     KF_OK);
    end();
}
END_TEST

/* Sections that say what is impossible, or what a later library may. */
START_TEST(damaged_sections)
{
    random_state = 7;
    begin(ALL, KF_LEGAL_CANONICAL, "+-", "Ltd\tLimited\nGmbH\t^Firma\n");
    kfi_process other;
    for (size_t at = 0; at < stored.size; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            stored.data[at] ^= (uint8_t)(1u << bit);
            kf_status status = kfi_process_open(&other, stored.data, stored.size, 0, NULL);
            ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_UNSUPPORTED);
            if (at >= 5 && at < 8) ck_assert_int_ne(status, KF_CORRUPT);
            if (!status) {
                kfi_process_scratch own;
                kf_bytes out;
                kfi_process_begin(&own, &other);
                kfi_process_name(&other, &own, (kf_bytes){ (const uint8_t *)"Firma X-Y Limited", 17 }, "it", &out,
                                 NULL);
                kfi_process_end(&own);
            }
            stored.data[at] ^= (uint8_t)(1u << bit);
        }
    for (size_t size = 0; size < stored.size; size++)
        ck_assert_int_eq(kfi_process_open(&other, stored.data, size, 0, NULL), KF_CORRUPT);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tests = tcase_create("process");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, each_step);
    tcase_add_test(tests, legal_forms_are_ignored);
    tcase_add_test(tests, legal_forms_are_made_canonical);
    tcase_add_test(tests, a_table_of_ones_own);
    tcase_add_test(tests, options_that_are_refused);
    suite_add_cases(tests, what_is_processed_stays, 0, 6);
    suite_add_cases(tests, needles_fare_like_names, 0, 2);
    tcase_add_test(tests, names_that_become_too_long);
    tcase_add_test(tests, damaged_sections);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
