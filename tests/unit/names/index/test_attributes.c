/* Attributes and payloads of names: what was added is found by slot, by attribute and by position. */
#include "names_model.h"

#include "names/index/index.h"

enum { ROWS = 2000 };

static struct row { char id[24], name[40], attribute[40], payload[40]; } rows[ROWS];
static size_t count;

/* Few frequent ones, some rare ones, and one that nearly every second name has. */
static void make_rows(size_t rows_wanted, size_t kinds)
{
    count = rows_wanted;
    for (size_t i = 0; i < count; i++) {
        const size_t kind = random_below(2) ? random_below(3) : random_below(kinds);
        snprintf(rows[i].id, sizeof rows[i].id, "%zu", i * 3);
        snprintf(rows[i].name, sizeof rows[i].name, "name%zu token%zu", random_below(300), random_below(9));
        if (kind) snprintf(rows[i].attribute, sizeof rows[i].attribute, "%zx\xff%zu", kind % 7, kind);
        else rows[i].attribute[0] = 0;
        if (random_below(3)) snprintf(rows[i].payload, sizeof rows[i].payload, "%zu/%zu", i, random_below(5));
        else rows[i].payload[0] = 0;
    }
}

static kf_bytes bytes_of(const char *text) { return (kf_bytes){ (const uint8_t *)text, strlen(text) }; }

static kf_names *build(int attributes, int payloads, uint64_t memory)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_names *names;
    kf_error error = { 0 };
    options.memory_limit = memory;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("a.kf"), &options, &error), KF_OK);
    for (size_t i = 0; i < count; i++) {
        kf_names_row row = KF_NAMES_ROW_INIT;
        row.id = bytes_of(rows[i].id);
        row.name = bytes_of(rows[i].name);
        if (attributes) row.attribute = bytes_of(rows[i].attribute);
        if (payloads) row.payload = bytes_of(rows[i].payload);
        ck_assert_msg(kf_names_builder_add_row(builder, &row, &error) == KF_OK, "%s", error.message);
    }
    ck_assert_msg(kf_names_builder_finish(builder, NULL, &error) == KF_OK, "%s", error.message);
    kf_names_builder_destroy(&builder);
    ck_assert_msg(kf_names_open(&names, scratch_path("a.kf"), NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_msg(kf_names_verify(names, NULL, &error) == KF_OK, "%s", error.message);
    return names;
}

static void check_text(kf_bytes expected, const kfi_array *text)
{
    ck_assert_uint_eq(text->size, expected.size);
    if (text->size) ck_assert_int_eq(memcmp(text->data, expected.data, text->size), 0);
}

/* Each row has its own; each attribute has all its rows, in order, and as many as is said. */
static void check_names(const kf_names *names, int attributes, int payloads)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kfi_array text = { 0 };
    uint32_t sums = 0, last = 0;
    for (uint32_t slot = 0; slot < count; slot++) {
        const uint32_t position = kfi_names_position(names, slot), number = kfi_names_attribute(names, slot);
        uint32_t found;
        const kf_bytes attribute = bytes_of(attributes ? rows[position].attribute : "");
        ck_assert_int_eq(kfi_names_attribute_find(names, attribute, &found), KF_OK);
        ck_assert_uint_eq(found, number);
        text.size = 0;
        ck_assert_int_eq(kfi_names_attribute_text(names, number, &buffer, &text, NULL), KF_OK);
        check_text(attribute, &text);
        text.size = 0;
        ck_assert_int_eq(kfi_names_payload(names, position, &buffer, &text, NULL), KF_OK);
        check_text(bytes_of(payloads ? rows[position].payload : ""), &text);
    }
    for (uint32_t number = 0; number < kfi_names_attribute_count(names); number++) {
        kfi_attribute_slots slots;
        kfi_run run;
        kf_status status;
        uint32_t sum = 0;
        ck_assert_int_eq(kfi_attribute_slots_begin(&slots, names, number), KF_OK);
        for (uint32_t next = 0; (status = kfi_attribute_slots_next(&slots, &run)) == KF_OK; sum += run.count) {
            ck_assert(run.count > 0 && run.first >= next && run.first + run.count <= count);
            next = run.first + run.count;
            for (uint32_t i = 0; i < run.count; i++)
                ck_assert_uint_eq(kfi_names_attribute(names, run.first + i), number);
        }
        ck_assert_int_eq(status, KF_END);
        ck_assert_uint_eq(sum, kfi_names_attribute_frequency(names, number));
        last |= slots.is_listed ? 1 : 2;
        sums += sum;
    }
    if (attributes && count > 1000) ck_assert_uint_eq(last, 3);   /* both kinds */
    ck_assert_uint_eq(sums, count);
    kfi_array_free(&text);
    kf_buffer_free(&buffer);
}

START_TEST(rows_have_what_they_were_given)
{
    static const size_t counts[] = { 0, 1, 2, 15, 16, 17, 40, ROWS };
    random_state = 90 + (uint64_t)_i;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const int attributes = _i & 1, payloads = _i >> 1;
        uint32_t number;
        kf_names_stat stat = KF_NAMES_STAT_INIT;
        make_rows(counts[i], 2 + 40 * i);
        kf_names *names = build(attributes, payloads, i % 2 ? 0 : 16 << 20);
        check_names(names, attributes, payloads);
        ck_assert_int_eq(kfi_names_attribute_find(names, bytes_of("no such"), &number), KF_NOT_FOUND);
        ck_assert_int_eq(kf_names_get_stat(names, &stat), KF_OK);
        if (count >= 40) {
            ck_assert_int_eq(stat.attributes > 1, attributes);
            ck_assert_int_eq(stat.attribute_bytes > 0, attributes);
            ck_assert_int_eq(stat.payload_bytes > 0, payloads);
        }
        kf_names_close(&names);
    }
}
END_TEST

/* One attribute for all, and a first one on the last row: those before it have none. */
START_TEST(attributes_that_are_alike)
{
    uint32_t number;
    random_state = 95;
    make_rows(50, 9);
    for (size_t i = 0; i < count; i++) strcpy(rows[i].attribute, "all");
    kf_names *names = build(1, 0, 0);
    check_names(names, 1, 0);
    ck_assert_uint_eq(kfi_names_attribute_count(names), 1);
    ck_assert_int_eq(kfi_names_attribute_find(names, bytes_of(""), &number), KF_NOT_FOUND);
    kf_names_close(&names);
    for (size_t i = 0; i + 1 < count; i++) rows[i].attribute[0] = rows[i].payload[0] = 0;
    strcpy(rows[count - 1].payload, "p");
    names = build(1, 1, 0);
    check_names(names, 1, 1);
    ck_assert_uint_eq(kfi_names_attribute_count(names), 2);
    kf_names_close(&names);
}
END_TEST

/* Empty ones are as good as none: the file is the same. */
START_TEST(nothing_is_stored_for_nothing)
{
    size_t size, other_size;
    kf_names_builder *builder;
    random_state = 96;
    make_rows(300, 9);
    for (size_t i = 0; i < count; i++) rows[i].attribute[0] = rows[i].payload[0] = 0;
    kf_names *names = build(1, 1, 0);
    kf_names_close(&names);
    uint8_t *file = scratch_read("a.kf", &size);
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("b.kf"), NULL, NULL), KF_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kf_names_builder_add(builder, rows[i].id, strlen(rows[i].id), rows[i].name,
                                              strlen(rows[i].name), NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&builder);
    uint8_t *other = scratch_read("b.kf", &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_int_eq(memcmp(file, other, size), 0);
    free(file);
    free(other);
}
END_TEST

START_TEST(rows_that_are_refused)
{
    static uint8_t large[KF_ATTRIBUTE_BYTES + 1];
    kf_names_row row = KF_NAMES_ROW_INIT;
    kf_names_builder *builder;
    kf_names_report report = KF_NAMES_REPORT_INIT;
    kf_error error = { 0 };
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("a.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_add_row(builder, NULL, &error), KF_INVALID);
    row.attribute = (kf_bytes){ large, sizeof large };
    ck_assert_int_eq(kf_names_builder_add_row(builder, &row, &error), KF_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.message, "attribute of 65536 bytes"));
    row.attribute.size--;
    row.payload = (kf_bytes){ large, (1 << 30) + 1 };
    ck_assert_int_eq(kf_names_builder_add_row(builder, &row, &error), KF_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.message, "payload"));
    row.payload.size = 1 << 15;
    row.name = bytes_of("\xff");
    ck_assert_int_eq(kf_names_builder_add_row(builder, &row, &error), KF_INVALID);
    row.name = bytes_of("good");
    ck_assert_int_eq(kf_names_builder_add_row(builder, &row, &error), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(builder, &report, &error), KF_OK);
    ck_assert_uint_eq(report.names, 1);
    kf_names_builder_destroy(&builder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attributes");
    TCase *tests = tcase_create("attributes");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    suite_add_cases(tests, rows_have_what_they_were_given, 0, 4);
    tcase_add_test(tests, attributes_that_are_alike);
    tcase_add_test(tests, nothing_is_stored_for_nothing);
    tcase_add_test(tests, rows_that_are_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
