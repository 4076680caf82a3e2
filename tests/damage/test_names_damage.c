/* Indexes of names with damaged bytes: searches end within the file, and verifying finds what was changed. */
#include "names_model.h"

#include "guarded.h"
#include "names/index/index.h"
#include "seal.h"

static uint8_t *file;            /* right before a page that may not be touched */
static guarded room;
static size_t file_size;
static kfi_header header;

/* With attributes, of which some have lists, payloads and processing. */
static void build(const model_names *rows)
{
    static const char *const attributes[] = { "", "DE", "FR", "GB", "IT", "AT" };
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    options.processing = KF_NAMES_NFKC | KF_NAMES_NO_PUNCTUATION;
    options.separators = "/";
    options.legal_forms = KF_LEGAL_CANONICAL;
    options.legal_table = "Ltd\tLimited\nGroup\t^Group\n";
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("names.kf"), &options, NULL), KF_OK);
    for (size_t i = 0; i < rows->count; i++) {
        const char *attribute = attributes[random_below(3) ? 1 : random_below(6)];
        kf_names_row row = KF_NAMES_ROW_INIT;
        char id[24];
        snprintf(id, sizeof id, "%zu", i + 1);
        row.id = (kf_bytes){ (const uint8_t *)id, strlen(id) };
        row.name = (kf_bytes){ (const uint8_t *)rows->name[i], strlen(rows->name[i]) };
        row.attribute = (kf_bytes){ (const uint8_t *)attribute, strlen(attribute) };
        row.payload = (kf_bytes){ (const uint8_t *)"payloads", random_below(9) };
        ck_assert_int_eq(kf_names_builder_add_row(builder, &row, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
}

static void prepare(void)
{
    static const char *const words[] = { "LIMITED", "ACME", "BOLTS", "AND", "", "\xc3\xa9t\xc3\xa9", "NUTS", "GROUP" };
    model_names rows = { .count = 300 };
    size_t size;
    scratch_open();
    random_state = 11;
    for (size_t i = 0; i < rows.count; i++) {
        char name[400] = "";
        for (size_t t = random_below(i % 50 ? 5 : 14); ; t--) {
            if (random_below(3)) strcat(name, words[random_below(8)]);
            else sprintf(name + strlen(name), "%zX%zu", random_below(40), random_below(9));
            if (i == 7) sprintf(name + strlen(name), "%070d", 5);
            if (!t) break;
            strcat(name, " ");
        }
        rows.name[i] = strdup(name);
    }
    build(&rows);
    uint8_t *read = scratch_read("names.kf", &size);
    file_size = size;
    room = guarded_open(size);
    file = room.end - size;
    memcpy(file, read, size);
    free(read);
    model_free(&rows);
    ck_assert_int_eq(kfi_header_parse(&header, file, file_size, NULL), KF_OK);
}

static void finish(void)
{
    guarded_close(&room);
    scratch_close();
}

/* What is not reached by a search. */
static void read_extras(const kf_names *names)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kfi_array text = { 0 };
    uint32_t number;
    kfi_names_attribute_find(names, (kf_bytes){ (const uint8_t *)"FR", 2 }, &number);
    for (uint32_t i = 0; i < kf_names_count(names) && i < 400; i++) {
        kfi_names_attribute_text(names, kfi_names_attribute(names, i), &buffer, &text, NULL);
        kfi_names_payload(names, i, &buffer, &text, NULL);
        text.size = 0;
    }
    for (number = 0; number < kfi_names_attribute_count(names); number++) {
        kfi_attribute_slots slots;
        kfi_run run;
        uint32_t next = 0;
        if (kfi_attribute_slots_begin(&slots, names, number)) continue;
        for (; kfi_attribute_slots_next(&slots, &run) == KF_OK; next = run.first + run.count)
            ck_assert(run.first >= next && run.count <= names->count - run.first);
    }
    kfi_array_free(&text);
    kf_buffer_free(&buffer);
}

/* Whatever comes out. */
static void search(const kf_names *names)
{
    static const char *const needles[] = { "ACME BOLTS LIMITED", "LIMITD", "", "zzz", "1X1 2X2 AND", "GRUOP A B C D" };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_matcher *matcher;
    ck_assert_int_eq(kf_matcher_create(&matcher, names, NULL), KF_OK);
    for (size_t i = 0; i < sizeof needles / sizeof *needles; i++) {
        const kf_name_hits *hits;
        options.scorer = (kf_scorer)random_below(KF_SCORER_TOKEN_SET_RATIO + 1);
        options.limit = 1 + random_below(20);
        options.cutoff = random_below(2) ? 0.7 : 0;
        options.flags = (uint32_t)random_below(4);
        options.candidates = random_below(3) ? 0 : 20;
        options.attribute = (kf_bytes){ (const uint8_t *)"DEFRAT" + 2 * random_below(3), 2 };
        if (random_below(2)) options.attribute.data = NULL;
        options.rerank = options.candidates ? (kf_scorer)random_below(KF_SCORER_JARO_WINKLER + 1) : 0;
        const kf_status status = kf_matcher_search(matcher, needles[i], strlen(needles[i]), &options, &hits, NULL);
        /* a damaged canonical form may be no text */
        ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_INVALID || status == KF_LIMIT);
    }
    kf_matcher_destroy(&matcher);
    read_extras(names);
}

static kf_status take_pair(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    (void)context, (void)first, (void)second, (void)error;
    return KF_OK;
}

static void dedupe(const kf_names *names)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options how = KF_NAMES_MANY_OPTIONS_INIT;
    options.cutoff = 0.8 + (double)random_below(3) / 10;
    how.flags = (uint32_t)random_below(4);
    const kf_status status = kf_names_dedupe(names, &options, &how, take_pair, NULL, NULL);
    ck_assert(status == KF_OK || status == KF_CORRUPT);
}

static uint64_t rows_read;

static void read_rows(const kf_names *names, kf_status expected)
{
    kf_names_iter *iter;
    const kf_names_row *row;
    uint64_t rows = 0;
    kf_status status;
    ck_assert_int_eq(kf_names_iter_create(&iter, names, 0, NULL), KF_OK);
    while (!(status = kf_names_iter_next(iter, &row, NULL))) rows++;
    ck_assert(status == KF_END || (status == KF_CORRUPT && expected != KF_END));
    ck_assert(status == KF_CORRUPT || rows == kf_names_count(names));
    kf_names_iter_destroy(&iter);
    rows_read = rows;
}

START_TEST(the_whole_file_is_whole)
{
    kf_names *names;
    ck_assert_int_eq(kf_names_open_memory(&names, file, file_size, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_verify(names, NULL, NULL), KF_OK);
    search(names);
    read_rows(names, KF_END);
    dedupe(names);
    kf_names_close(&names);
}
END_TEST

START_TEST(every_changed_byte_is_found)
{
    for (size_t at = (size_t)_i; at < file_size; at += 7) {
        kf_names *names;
        const uint8_t bit = (uint8_t)(1u << at % 8);
        file[at] ^= bit;
        kf_status status = kf_names_open_memory(&names, file, file_size, NULL, NULL);
        if (!status) status = kf_names_verify(names, NULL, NULL);
        ck_assert_msg(status != KF_OK && status != KF_NO_MEMORY, "byte %zu", at);
        kf_names_close(&names);
        file[at] ^= bit;
    }
}
END_TEST

START_TEST(damaged_files_stay_in_bounds)
{
    const uint64_t rounds = 600 * scale_of_run();
    random_state = mix64(seed_or(0)) + (uint64_t)_i;
    for (uint64_t round = 0; round < rounds; round++) {
        struct { size_t at; uint8_t byte; } done[6];
        size_t count = 1 + random_below(6);
        for (size_t i = 0; i < count; i++) {
            const kfi_section *s = &header.sections[random_below(header.section_count - 1)];
            size_t offset = random_below(s->size ? s->size : 1);
            if (random_below(2) && offset > 600) offset %= 600;   /* heads and tables */
            done[i].at = (size_t)s->offset + offset;
            done[i].byte = file[done[i].at];
            switch (random_below(4)) {
            case 0: file[done[i].at] ^= (uint8_t)(1u << random_below(8)); break;
            case 1: file[done[i].at] = 0xff; break;
            case 2: file[done[i].at] = 0; break;
            default: file[done[i].at] = (uint8_t)random_below(256);
            }
        }
        kf_names *names;
        if (kf_names_open_memory(&names, file, file_size, NULL, NULL) == KF_OK) {
            search(names);
            read_rows(names, KF_CORRUPT);
            if (round % 8 == 0) dedupe(names);
            tally("lookups", 6 + rows_read);
        }
        tally("files", 1);
        kf_names_close(&names);
        while (count-- > 0) file[done[count].at] = done[count].byte;
    }
}
END_TEST

/* A header that says something else of the content, with a checksum that is right. */
START_TEST(impossible_headers)
{
    static const struct { uint32_t incompatible; int what; kf_status status; } rows[] = {
        { 0, 0, KF_TYPE }, { KFI_FEATURE_NAMES | KFI_FEATURE_SHARDS, 0, KF_UNSUPPORTED },
        { 1u << 31, 0, KF_UNSUPPORTED },
        { KFI_FEATURE_NAMES, 1, KF_CORRUPT }, { KFI_FEATURE_NAMES, 2, KF_CORRUPT },
        { KFI_FEATURE_NAMES, 3, KF_CORRUPT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kfi_header changed = header;
        uint8_t bytes[1024];
        kf_names *names;
        changed.incompatible = rows[i].incompatible;
        if (rows[i].what == 1) changed.keys = 1ull << 32;
        if (rows[i].what == 2) changed.keys++;
        if (rows[i].what == 3) changed.value_type = KF_VALUES_NONE;
        memcpy(bytes, file, header.header_size);
        kfi_header_write(&changed, file);
        ck_assert_int_eq(kf_names_open_memory(&names, file, file_size, NULL, NULL), rows[i].status);
        ck_assert_ptr_null(names);
        memcpy(file, bytes, header.header_size);
    }
}
END_TEST

/* ---- checksums that are right ------------------------------------------------------------------- */

static void seal(void) { seal_file(file, file_size, KFI_FEATURE_NAMES, 1); }

static uint8_t *section(kfi_section_type type)
{
    const kfi_section *s = kfi_header_section(&header, type);
    ck_assert_ptr_nonnull(s);
    return file + s->offset;
}

/* The first band, the first group of names, the first group of blocks, in the file. */
static uint8_t *band(void) { return section(KFI_SECTION_NAMES) + KFI_NAMES_HEAD; }
static uint8_t *group(void) { return band() + KFI_BAND_SIZE * kfi_load32(section(KFI_SECTION_NAMES) + 8); }
static uint8_t *lengths(void)
{
    return section(KFI_SECTION_BLOCKS) + KFI_BLOCKS_HEAD + 4 * kfi_load32(section(KFI_SECTION_BLOCKS));
}

typedef uint8_t *place_fn(void);
static uint8_t *names_head(void) { return section(KFI_SECTION_NAMES); }
static uint8_t *blocks_head(void) { return section(KFI_SECTION_BLOCKS); }
static uint8_t *letters_head(void) { return section(KFI_SECTION_LETTERS); }

/* Numbers of `size` bytes that can't be, whatever the rest says; what is said of them. */
static const struct { place_fn *place; int at, size; uint64_t value; const char *text; } forged[] = {
    { names_head, 0, 4, 1, "bands do not have all tokens" }, { names_head, 0, 4, UINT32_MAX, "impossible" },
    { names_head, 8, 4, KFI_BANDS_MOST + 1, "impossible" }, { names_head, 8, 4, 1, "impossible" },
    { names_head, 12, 4, KFI_GROUPS_MOST + 1, "impossible" }, { names_head, 12, 4, 0, "impossible" },
    { names_head, 24, 8, 3, "property" }, { names_head, 24, 8, 1ull << 32, "property" },
    { names_head, 56, 8, 1ull << 63, "property" },
    { band, 0, 4, 1, "band 0" }, { band, 4, 4, 0, "band 0" }, { band, 4, 4, UINT32_MAX, "band 0" },
    { band, 8, 4, KFI_FREQUENCY_FIXED + 1, "band 0" }, { band, 12, 1, 58, "band 0" }, { band, 13, 1, 33, "band 0" },
    { band, 14, 1, 1, "band 0" }, { band, 16, 8, UINT64_MAX, "image 0" }, { band, 24, 8, 1u << 30, "image 0" },
    { band, 32, 8, UINT64_MAX, "band 0" }, { band, 40, 8, UINT64_MAX, "band 0" },
    { group, 0, 4, 1, "group 0" }, { group, 4, 4, 0, "group 0" }, { group, 4, 4, KF_NAME_TOKENS + 1, "group 0" },
    { group, 8, 2, 0, "group 0" }, { group, 16, 8, UINT64_MAX, "group 0" }, { group, 24, 8, UINT64_MAX, "group 0" },
    { group, KFI_GROUP_SIZE, 4, UINT32_MAX, "group" }, { group, KFI_GROUP_SIZE, 4, 0, "group" },
    { blocks_head, 0, 4, UINT32_MAX, "blocks is impossible" }, { blocks_head, 4, 4, 65, "blocks is impossible" },
    { blocks_head, 8, 4, 0, "blocks is impossible" }, { blocks_head, 12, 4, UINT32_MAX, "blocks is impossible" },
    { lengths, 0, 4, 0, "groups of blocks" }, { lengths, 0, 4, KFI_BLOCK_LENGTH + 1, "groups of blocks" },
    { lengths, 4, 4, 0, "groups of blocks" }, { lengths, 4, 4, UINT32_MAX, "groups of blocks" },
    { lengths, 8, 4, 1, "groups of blocks" },
    { letters_head, 0, 4, KFI_KIND_POINTS + 1, "letters is impossible" },
};

START_TEST(impossible_numbers_are_refused)
{
    uint8_t *whole = malloc(file_size);
    memcpy(whole, file, file_size);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        kf_names *names;
        kf_error error = { 0 };
        uint8_t number[8];
        kfi_store64(number, forged[i].value);
        memcpy(forged[i].place() + forged[i].at, number, (size_t)forged[i].size);
        seal();
        const kf_status status = kf_names_open_memory(&names, file, file_size, NULL, &error);
        const int is_new = !strcmp(forged[i].text, "property");
        ck_assert_msg(status == (is_new ? KF_UNSUPPORTED : KF_CORRUPT) && strstr(error.message, forged[i].text),
                      "row %zu: %s: %s", i, kf_status_name(status), error.message);
        ck_assert_ptr_null(names);
        memcpy(file, whole, file_size);
    }
    free(whole);
}
END_TEST

/* Each is needed; those from LETTERS on by what the section NAMES says. */
START_TEST(sections_must_be_there)
{
    enum { UNKNOWN = 99 };
    unsigned count = 0;
    for (uint32_t i = 0; i + 1 < header.section_count; i++) {
        uint8_t *type = file + KFI_HEADER_SIZE + KFI_SECTION_ENTRY_SIZE * i;
        const uint32_t before = kfi_load32(type);
        char text[40];
        kf_names *names;
        kf_error error;
        if (before == KFI_SECTION_METADATA || before > KFI_SECTION_PROCESSING) continue;
        kfi_store32(type, UNKNOWN);
        seal();
        snprintf(text, sizeof text, "section %u", (unsigned)before);
        ck_assert_int_eq(kf_names_open_memory(&names, file, file_size, NULL, &error), KF_CORRUPT);
        ck_assert_msg(strstr(error.message, text), "%s: %s", text, error.message);
        kfi_store32(type, before);
        count++;
    }
    ck_assert_uint_ge(count, 8);
}
END_TEST

/* Of searches: hits and their scores. */
static uint64_t answers_by(const kf_names *names, kf_scorer scorer)
{
    static const char *const needles[] = { "ACME BOLTS LIMITED", "LIMITD", "", "1X1 2X2 AND", "GRUOP 3X NUTS ACME" };
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_matcher *matcher;
    uint64_t sum = 0, bits;
    options.limit = 20;
    options.scorer = scorer;
    ck_assert_int_eq(kf_matcher_create(&matcher, names, NULL), KF_OK);
    for (size_t i = 0; i < sizeof needles / sizeof *needles; i++) {
        const kf_name_hits *found;
        ck_assert_int_eq(kf_matcher_search(matcher, needles[i], strlen(needles[i]), &options, &found, NULL), KF_OK);
        for (size_t k = 0; k < found->count; k++) {
            memcpy(&bits, &found->hits[k]->score, 8);
            sum = mix64(sum ^ bits) + found->hits[k]->position;
        }
    }
    kf_matcher_destroy(&matcher);
    return sum;
}

static uint64_t answers(const kf_names *names) { return answers_by(names, KF_SCORER_SETRATIO); }

/* What a file that was built before there were letters is like: searches find the same. */
START_TEST(files_without_letters)
{
    kf_names *with, *without;
    uint8_t *other = malloc(file_size), *entry = file + KFI_HEADER_SIZE;
    while (kfi_load32(entry) != KFI_SECTION_LETTERS) entry += KFI_SECTION_ENTRY_SIZE;
    memcpy(other, file, file_size);
    ck_assert_int_eq(kf_names_open_memory(&with, other, file_size, NULL, NULL), KF_OK);
    kfi_store32(entry, 99);
    seal();
    ck_assert_int_eq(kf_names_open_memory(&without, file, file_size, NULL, NULL), KF_OK);
    ck_assert_ptr_null(without->letters.kinds);
    ck_assert_int_eq(kf_names_verify(without, NULL, NULL), KF_OK);
    for (int k = KF_SCORER_SETRATIO; k <= KF_SCORER_TOKEN_SET_RATIO; k++)
        ck_assert_uint_eq(answers_by(with, (kf_scorer)k), answers_by(without, (kf_scorer)k));
    kf_names_close(&with);
    kf_names_close(&without);
    free(other);
}
END_TEST

/* What verifying lets pass changes no answer. Which letters a token has, and ids, have only checksums. */
START_TEST(what_is_verified_answers_rightly)
{
    static const kfi_section_type types[] = { KFI_SECTION_NAMES, KFI_SECTION_BLOCKS, KFI_SECTION_FORWARD,
                                              KFI_SECTION_ORDERS, KFI_SECTION_POSITIONS, KFI_SECTION_POSTINGS };
    kf_names *names;
    unsigned found = 0, passed = 0;
    ck_assert_int_eq(kf_names_open_memory(&names, file, file_size, NULL, NULL), KF_OK);
    const uint64_t right = answers(names);
    kf_names_close(&names);
    const kfi_section *s = kfi_header_section(&header, types[_i]);
    const size_t stride = (size_t)scaled(61, 11, 1);
    for (size_t bit = 0; bit < 8 * s->size; bit += stride) {
        uint8_t *at = file + s->offset + bit / 8;
        const uint8_t before = *at;
        *at = before ^ (uint8_t)(1u << bit % 8);
        seal();
        kf_status status = kf_names_open_memory(&names, file, file_size, NULL, NULL);
        if (!status) status = kf_names_verify(names, NULL, NULL);
        ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_UNSUPPORTED);
        if (!status) ck_assert_msg(answers(names) == right, "section %d, bit %zu", (int)types[_i], bit);
        *(status ? &found : &passed) += 1;
        kf_names_close(&names);
        *at = before;
    }
    ck_assert_uint_gt(found, 0);
    if (types[_i] == KFI_SECTION_POSITIONS) ck_assert_uint_lt(passed, 8);
}
END_TEST

typedef struct watching { uint64_t calls, most, done, total; } watching;

static int watch(void *context, const kf_progress *progress)
{
    watching *w = context;
    ck_assert_int_eq(progress->phase, KF_PHASE_VERIFY);
    ck_assert_uint_ge(progress->done, w->done);
    ck_assert_uint_le(progress->done, progress->total);
    if (w->total) ck_assert_uint_eq(progress->total, w->total);
    w->done = progress->done;
    w->total = progress->total;
    return ++w->calls >= w->most;
}

/* From nothing to all bytes, and no further than it is wanted. */
START_TEST(verifying_tells_how_far_it_is)
{
    kf_names *names;
    kf_error error;
    kf_verify_options options = KF_VERIFY_OPTIONS_INIT;
    watching w = { .most = UINT64_MAX };
    options.progress = watch;
    options.progress_context = &w;
    ck_assert_int_eq(kf_names_open_memory(&names, file, file_size, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_verify(names, &options, NULL), KF_OK);
    ck_assert_uint_eq(w.done, w.total);
    ck_assert_uint_gt(w.total, file_size / 2);
    const uint64_t calls = w.calls;
    ck_assert_uint_gt(calls, 8);
    for (uint64_t most = 1; most <= calls; most++) {
        options.threads = most % 3;
        w = (watching){ .most = most };
        kf_status status = kf_names_verify(names, &options, &error);
        /* What another thread does is not told piece by piece: then it may end with fewer calls. */
        if (options.threads == 2 && !status) {
            ck_assert_uint_lt(w.calls, most);
            continue;
        }
        ck_assert_int_eq(status, KF_CANCELLED);
        ck_assert_uint_eq(w.calls, most);
        ck_assert(error.message[0]);
    }
    kf_names_close(&names);
}
END_TEST

/* Neither kind of file is taken for the other. */
START_TEST(other_kinds_of_files)
{
    kf_builder *builder;
    kf_names *names;
    kf_dict *dict;
    kf_error error;
    ck_assert_int_eq(kf_dict_open_memory(&dict, file, file_size, NULL, &error), KF_TYPE);
    ck_assert_ptr_nonnull(strstr(error.message, "an index of names"));
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("names.kf"), NULL, NULL), KF_TYPE);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("dict.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_names_open(&names, scratch_path("dict.kf"), NULL, &error), KF_TYPE);
    ck_assert_ptr_nonnull(strstr(error.message, "dictionary"));
    ck_assert_int_eq(kf_names_open(&names, scratch_path("none.kf"), NULL, NULL), KF_IO);
    ck_assert_int_eq(kf_names_open(&names, "", NULL, &error), KF_INVALID);
    ck_assert_str_eq(error.message, "the path is empty");
    ck_assert_int_eq(kf_names_open(&names, NULL, NULL, &error), KF_INVALID);
    ck_assert_int_eq(kf_names_open_memory(&names, "x", 1, NULL, NULL), KF_FORMAT);
    ck_assert_int_eq(kf_names_open_memory(&names, file, file_size - 64, NULL, NULL), KF_FORMAT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_damage");
    TCase *tests = tcase_create("damage");
    tcase_add_checked_fixture(tests, prepare, finish);
    tcase_add_test(tests, the_whole_file_is_whole);
    suite_add_cases(tests, every_changed_byte_is_found, 0, 7);
    suite_add_cases(tests, damaged_files_stay_in_bounds, 0, 5);
    tcase_add_test(tests, impossible_headers);
    tcase_add_test(tests, impossible_numbers_are_refused);
    tcase_add_test(tests, sections_must_be_there);
    tcase_add_test(tests, files_without_letters);
    suite_add_cases(tests, what_is_verified_answers_rightly, 0, 6);
    tcase_add_test(tests, verifying_tells_how_far_it_is);
    tcase_add_test(tests, other_kinds_of_files);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
