/* Structs of other sizes than the library's, in every call that takes one: those of older programs are shorter, those
 * of newer ones longer. They end where a page ends behind which nothing may be read. Flags and enumerators that nobody
 * knows, and handles that are not there. Sizes are those on processors of 64 bits. */
#include "guarded.h"
#include "scratch.h"
#include "suite.h"

#include <keyfold/keyfold.h>

#include <stddef.h>

static kf_dict *dict;
static guarded memory;
static uint8_t *file;
static size_t file_size;

static kf_names *names;
static uint8_t *names_file;
static size_t names_size;
static kf_dict *bundle;

static void build(const char *name, const char *const *keys, size_t count)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_U64;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, NULL), KF_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kf_builder_add_u64(builder, keys[i], strlen(keys[i]), i, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
}

static void prepare(void)
{
    static const char *const keys[] = { "amber", "azure", "blue", "red" }, *const other[] = { "white", "yellow" };
    scratch_open();
    memory = guarded_open(2 * 4096 + 8);
    build("a.kf", keys, 4);
    build("b.kf", other, 2);
    kf_names_builder *rows;
    ck_assert_int_eq(kf_names_builder_create(&rows, scratch_path("n.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_add(rows, "1", 1, "amber blue", 10, NULL), KF_OK);
    ck_assert_int_eq(kf_names_builder_finish(rows, NULL, NULL), KF_OK);
    kf_names_builder_destroy(&rows);
    ck_assert_int_eq(kf_names_open(&names, scratch_path("n.kf"), NULL, NULL), KF_OK);
    names_file = scratch_read("n.kf", &names_size);
    const char *members[] = { scratch_path("a.kf"), scratch_path("b.kf") };
    ck_assert_int_eq(kf_bundle_write(scratch_path("m.kfm"), members, 2, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_open(&bundle, scratch_path("m.kfm"), NULL, NULL), KF_OK);
    file = scratch_read("a.kf", &file_size);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("a.kf"), NULL, NULL), KF_OK);
}

static void finish(void)
{
    kf_names_close(&names);
    kf_dict_close(&dict);
    kf_dict_close(&bundle);
    free(file);
    free(names_file);
    guarded_close(&memory);
    scratch_close();
}

/* ---- every call that takes a struct --------------------------------------------------------------- */

static kf_status with_open(void *o, kf_error *error)
{
    kf_dict *opened;
    kf_status status = kf_dict_open(&opened, scratch_path("a.kf"), o, error);
    kf_dict_close(&opened);
    return status;
}

static kf_status with_open_memory(void *o, kf_error *error)
{
    kf_dict *opened;
    kf_status status = kf_dict_open_memory(&opened, file, file_size, o, error);
    kf_dict_close(&opened);
    return status;
}

static kf_status with_build(void *o, kf_error *error)
{
    kf_builder *builder;
    kf_status status = kf_builder_create(&builder, scratch_path("c.kf"), o, error);
    kf_builder_destroy(&builder);
    return status;
}

static kf_status with_bundle(void *o, kf_error *error)
{
    const char *members[] = { scratch_path("a.kf"), scratch_path("b.kf") };
    return kf_bundle_write(scratch_path("c.kfm"), members, 2, o, error);
}

/* An iterator that was created; all keys are expected. */
static kf_status iterated(kf_status status, kf_iter *iter)
{
    kf_entry entry;
    if (status) ck_assert_ptr_null(iter);
    else ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
    kf_iter_destroy(&iter);
    return status;
}

static kf_status with_iter(void *o, kf_error *error)
{
    kf_iter *iter;
    kf_status status = kf_iter_create(&iter, dict, o, error);
    return iterated(status, iter);
}

static kf_status with_reset(void *o, kf_error *error)
{
    kf_iter *iter;
    ck_assert_int_eq(kf_iter_create(&iter, dict, NULL, NULL), KF_OK);
    kf_status status = kf_iter_reset(&iter, dict, o, error);
    return iterated(status, iter);
}

static kf_status with_fuzzy(void *o, kf_error *error)
{
    kf_query *query;
    kf_status status = kf_query_create_fuzzy(&query, "rod", 3, o, error);
    if (!status) ck_assert_int_eq(kf_query_matches(query, "red", 3, NULL), KF_OK);
    kf_query_destroy(&query);
    return status;
}

static kf_status with_nearest(void *o, kf_error *error)
{
    kf_iter *iter;
    kf_status status = kf_iter_create_nearest(&iter, dict, "rod", 3, o, error);
    return iterated(status, iter);
}

static kf_status with_nearest_within(void *o, kf_error *error)
{
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    nearest.within = o;
    return with_nearest(&nearest, error);
}

static kf_status with_set(void *o, kf_error *error)
{
    kf_iter *iter;
    const kf_dict *dicts[] = { dict, dict };
    kf_status status = kf_iter_create_set(&iter, KF_SET_UNION, dicts, 2, o, error);
    return iterated(status, iter);
}

static kf_status with_set_within(void *o, kf_error *error)
{
    kf_set_options set = KF_SET_OPTIONS_INIT;
    set.within = o;
    return with_set(&set, error);
}

static kf_status with_diff_within(void *o, kf_error *error)
{
    kf_iter *iter;
    kf_entry entry;
    kf_status status = kf_iter_create_diff(&iter, dict, dict, o, error);
    if (!status) ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    kf_iter_destroy(&iter);
    return status;
}

static kf_status with_merge(void *o, kf_error *error)
{
    const kf_dict *dicts[] = { dict };
    return kf_dict_merge(scratch_path("c.kf"), dicts, 1, o, NULL, error);
}

static kf_status with_merge_within(void *o, kf_error *error)
{
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    merge.within = o;
    return with_merge(&merge, error);
}

static kf_status with_merge_build(void *o, kf_error *error)
{
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    merge.build = o;
    return with_merge(&merge, error);
}

static kf_status with_find(void *o, kf_error *error)
{
    kf_iter *iter;
    kf_status status = kf_iter_create_find(&iter, dict, "the red one", 11, o, error);
    return iterated(status, iter);
}

static kf_status with_verify(void *o, kf_error *error) { return kf_dict_verify(dict, o, error); }

static kf_status with_report(void *o, kf_error *error)
{
    kf_builder *builder;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("c.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, "k", 1, NULL, 0, NULL), KF_OK);
    kf_status status = kf_builder_finish(builder, o, error);
    if (status) ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);   /* nothing is lost */
    kf_builder_destroy(&builder);
    return status;
}

static kf_status with_merge_report(void *o, kf_error *error)
{
    const kf_dict *dicts[] = { dict };
    return kf_dict_merge(scratch_path("c.kf"), dicts, 1, NULL, o, error);
}

/* Of calls that have no error to tell why. */
static kf_status told(kf_status status, kf_error *error)
{
    if (status && error) snprintf(error->message, sizeof error->message, "_INIT");
    return status;
}

static kf_status with_stat(void *o, kf_error *error) { return told(kf_dict_get_stat(dict, o), error); }
static kf_status with_outline(void *o, kf_error *error) { return told(kf_dict_get_outline(bundle, o), error); }
static kf_status with_member(void *o, kf_error *error) { return told(kf_dict_member_at(bundle, 1, o), error); }

static kf_status with_names_build(void *o, kf_error *error)
{
    kf_names_builder *builder;
    kf_status status = kf_names_builder_create(&builder, scratch_path("m.kf"), o, error);
    kf_names_builder_destroy(&builder);
    return status;
}

static kf_status with_names_report(void *o, kf_error *error)
{
    kf_names_builder *builder;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("m.kf"), NULL, NULL), KF_OK);
    kf_status status = kf_names_builder_finish(builder, o, error);
    kf_names_builder_destroy(&builder);
    return status;
}

static kf_status with_names_row(void *o, kf_error *error)
{
    kf_names_builder *builder;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path("m.kf"), NULL, NULL), KF_OK);
    kf_status status = kf_names_builder_add_row(builder, o, error);
    kf_names_builder_destroy(&builder);
    return status;
}

static kf_status with_names_open(void *o, kf_error *error)
{
    kf_names *opened;
    kf_status status = kf_names_open(&opened, scratch_path("n.kf"), o, error);
    kf_names_close(&opened);
    return status;
}

static kf_status with_names_open_memory(void *o, kf_error *error)
{
    kf_names *opened;
    kf_status status = kf_names_open_memory(&opened, names_file, names_size, o, error);
    kf_names_close(&opened);
    return status;
}

static kf_status with_names_stat(void *o, kf_error *error) { return told(kf_names_get_stat(names, o), error); }

static kf_status with_names_verify(void *o, kf_error *error) { return kf_names_verify(names, o, error); }

static kf_status with_matcher(void *o, kf_error *error)
{
    kf_matcher *matcher;
    const kf_name_hits *hits;
    ck_assert_int_eq(kf_matcher_create(&matcher, names, NULL), KF_OK);
    kf_status status = kf_matcher_search(matcher, "blue", 4, o, &hits, error);
    kf_matcher_destroy(&matcher);
    return status;
}

static kf_status take_hits(void *context, size_t index, const kf_name_hits *hits, kf_error *error)
{
    (void)context, (void)index, (void)hits, (void)error;
    return KF_OK;
}

static const kf_bytes needle = { (const uint8_t *)"blue", 4 };

static kf_status with_many(void *o, kf_error *error)
{
    return kf_names_search_many(names, &needle, 1, NULL, o, take_hits, NULL, error);
}

static kf_status take_pair(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    (void)context, (void)first, (void)second, (void)error;
    return KF_OK;
}

static kf_status with_dedupe(void *o, kf_error *error)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    options.cutoff = 1;
    return kf_names_dedupe(names, &options, o, take_pair, NULL, error);
}

static kf_status with_dedupe_search(void *o, kf_error *error)
{
    return kf_names_dedupe(names, o, NULL, take_pair, NULL, error);
}

static kf_status with_many_search(void *o, kf_error *error)
{
    return kf_names_search_many(names, &needle, 0, o, NULL, take_hits, NULL, error);
}

static const kf_open_options open_initial = KF_OPEN_OPTIONS_INIT;
static const kf_build_options build_initial = KF_BUILD_OPTIONS_INIT;
static const kf_bundle_options bundle_initial = KF_BUNDLE_OPTIONS_INIT;
static const kf_iter_options iter_initial = KF_ITER_OPTIONS_INIT;
static const kf_fuzzy_options fuzzy_initial = KF_FUZZY_OPTIONS_INIT;
static const kf_nearest_options nearest_initial = KF_NEAREST_OPTIONS_INIT;
static const kf_set_options set_initial = KF_SET_OPTIONS_INIT;
static const kf_merge_options merge_initial = KF_MERGE_OPTIONS_INIT;
static const kf_find_options find_initial = KF_FIND_OPTIONS_INIT;
static const kf_verify_options verify_initial = KF_VERIFY_OPTIONS_INIT;
static const kf_build_report report_initial = KF_BUILD_REPORT_INIT;
static const kf_member member_initial = KF_MEMBER_INIT;
static const kf_dict_stat stat_initial = KF_DICT_STAT_INIT;
static const kf_names_build_options names_build_initial = KF_NAMES_BUILD_OPTIONS_INIT;
static const kf_matcher_options matcher_initial = KF_MATCHER_OPTIONS_INIT;
static const kf_matcher_options pairs_initial = { .struct_size = sizeof pairs_initial, .limit = 1, .cutoff = 1 };
static const kf_names_many_options names_many_initial = KF_NAMES_MANY_OPTIONS_INIT;
static const kf_names_row names_row_initial = KF_NAMES_ROW_INIT;
static const kf_names_report names_report_initial = KF_NAMES_REPORT_INIT;
static const kf_names_stat names_stat_initial = KF_NAMES_STAT_INIT;

/* `first`: what the struct had at first, in figures, so that nobody moves a field. */
static const struct {
    const char *name;
    kf_status (*call)(void *given, kf_error *error);
    const void *initial;
    size_t first, size;
    int is_result;
} calls[] = {
    { "kf_dict_open", with_open, &open_initial, 16, sizeof open_initial, 0 },
    { "kf_dict_open_memory", with_open_memory, &open_initial, 16, sizeof open_initial, 0 },
    { "kf_builder_create", with_build, &build_initial, 56, sizeof build_initial, 0 },
    { "kf_bundle_write", with_bundle, &bundle_initial, 16, sizeof bundle_initial, 0 },
    { "kf_iter_create", with_iter, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_iter_reset", with_reset, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_query_create_fuzzy", with_fuzzy, &fuzzy_initial, 40, sizeof fuzzy_initial, 0 },
    { "kf_iter_create_nearest", with_nearest, &nearest_initial, 64, sizeof nearest_initial, 0 },
    { "kf_iter_create_nearest within", with_nearest_within, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_iter_create_set", with_set, &set_initial, 24, sizeof set_initial, 0 },
    { "kf_iter_create_set within", with_set_within, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_iter_create_diff within", with_diff_within, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_dict_merge", with_merge, &merge_initial, 32, sizeof merge_initial, 0 },
    { "kf_dict_merge within", with_merge_within, &iter_initial, 88, sizeof iter_initial, 0 },
    { "kf_dict_merge build", with_merge_build, &build_initial, 56, sizeof build_initial, 0 },
    { "kf_iter_create_find", with_find, &find_initial, 48, sizeof find_initial, 0 },
    { "kf_dict_verify", with_verify, &verify_initial, 32, sizeof verify_initial, 0 },
    { "kf_builder_finish", with_report, &report_initial, 72, sizeof report_initial, 1 },
    { "kf_dict_merge report", with_merge_report, &report_initial, 72, sizeof report_initial, 1 },
    { "kf_dict_get_stat", with_stat, &stat_initial, 120, sizeof stat_initial, 1 },
    { "kf_dict_get_outline", with_outline, &stat_initial, 120, sizeof stat_initial, 1 },
    { "kf_dict_member_at", with_member, &member_initial, 72, sizeof member_initial, 1 },
    { "kf_names_builder_create", with_names_build, &names_build_initial, 48, sizeof names_build_initial, 0 },
    { "kf_names_builder_add_row", with_names_row, &names_row_initial, 72, sizeof names_row_initial, 0 },
    { "kf_names_open", with_names_open, &open_initial, 16, sizeof open_initial, 0 },
    { "kf_names_open_memory", with_names_open_memory, &open_initial, 16, sizeof open_initial, 0 },
    { "kf_names_verify", with_names_verify, &verify_initial, 32, sizeof verify_initial, 0 },
    { "kf_matcher_search", with_matcher, &matcher_initial, 40, sizeof matcher_initial, 0 },
    { "kf_names_search_many", with_many, &names_many_initial, 40, sizeof names_many_initial, 0 },
    { "kf_names_dedupe", with_dedupe, &names_many_initial, 40, sizeof names_many_initial, 0 },
    { "kf_names_dedupe search", with_dedupe_search, &pairs_initial, 40, sizeof pairs_initial, 0 },
    { "kf_names_search_many search", with_many_search, &matcher_initial, 40, sizeof matcher_initial, 0 },
    { "kf_names_builder_finish", with_names_report, &names_report_initial, 48, sizeof names_report_initial, 1 },
    { "kf_names_get_stat", with_names_stat, &names_stat_initial, 112, sizeof names_stat_initial, 1 },
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* ---- sizes ---------------------------------------------------------------------------------------- */

/* The initial value as a program has it that knows `size` bytes of the struct, at the end of what may be read. */
static void *given(int n, size_t size)
{
    uint8_t *at = memory.end - (size + 7) / 8 * 8;
    memset(at, 0, (size_t)(memory.end - at));
    memcpy(at, calls[n].initial, size < calls[n].size ? size : calls[n].size);
    memcpy(at, &size, sizeof size);
    return at;
}

static void refused(int n, void *options, const char *reason)
{
    kf_error error = { 0 };
    ck_assert_msg(calls[n].call(options, &error) == KF_INVALID, "%s", calls[n].name);
    ck_assert_msg(strstr(error.message, reason) != NULL, "%s: %s", calls[n].name, error.message);
    ck_assert_int_eq(calls[n].call(options, NULL), KF_INVALID);
}

START_TEST(options__shorter)
{
    kf_error error = { 0 };
    for (size_t size = calls[_i].first; size <= calls[_i].size; size += 8) {
        void *options = given(_i, size);
        ck_assert_msg(!calls[_i].call(options, &error), "%s, %zu: %s", calls[_i].name, size, error.message);
    }
    ck_assert(calls[_i].size % 8 == 0);
}
END_TEST

START_TEST(options__never_that_short)
{
    const size_t sizes[] = { 0, 1, 8, calls[_i].first - 8, calls[_i].first - 1, 4097, SIZE_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *options = given(_i, calls[_i].size);
        memcpy(options, &sizes[i], sizeof sizes[i]);
        refused(_i, options, "_INIT");
    }
}
END_TEST

START_TEST(options__longer)
{
    kf_error error = { 0 };
    const size_t size = calls[_i].size, sizes[] = { size + 8, size + 96, 4096 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_msg(!calls[_i].call(given(_i, sizes[i]), &error), "%s: %s", calls[_i].name, error.message);
        for (size_t at = size; at < sizes[i] && !calls[_i].is_result; at += at + 1 < sizes[i] ? sizes[i] - at - 1 : 1) {
            uint8_t *options = given(_i, sizes[i]);
            options[at] = 1;
            refused(_i, options, "newer keyfold");
        }
    }
}
END_TEST

/* A result is filled as far as there is room, the rest is 0, and its size stays. */
START_TEST(options__results)
{
    uint8_t whole[256];
    size_t size;
    if (!calls[_i].is_result) return;
    ck_assert_int_eq(calls[_i].call(given(_i, calls[_i].size), NULL), KF_OK);
    memcpy(whole, memory.end - calls[_i].size, calls[_i].size);
    for (size_t room = calls[_i].first; room <= calls[_i].size + 32; room += 8) {
        uint8_t *result = given(_i, room);
        memset(result + sizeof room, 0xee, room - sizeof room);
        result[-1] = 0xdd;
        ck_assert_int_eq(calls[_i].call(result, NULL), KF_OK);
        const size_t known = room < calls[_i].size ? room : calls[_i].size;
        memcpy(&size, result, sizeof size);
        ck_assert_uint_eq(size, room);
        ck_assert_int_eq(memcmp(result + sizeof size, whole + sizeof size, known - sizeof size), 0);
        for (size_t at = known; at < room; at++) ck_assert_int_eq(result[at], 0);
        ck_assert_int_eq(result[-1], 0xdd);
    }
}
END_TEST

/* What a short struct lacks has its default, whatever lies behind it; what it has counts. */
START_TEST(options__defaults)
{
    kf_iter *iter;
    kf_entry entry;
    kf_iter_options *o = given(4, 88 + 40);
    memset((uint8_t *)o + 88, 0xff, 40);
    o->struct_size = 88;
    o->limit = 2;
    ck_assert_int_eq(kf_iter_create(&iter, dict, o, NULL), KF_OK);
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    kf_iter_destroy(&iter);
}
END_TEST

/* ---- values that nobody knows --------------------------------------------------------------------- */

#define UNKNOWN(call, type, initial, field, value) \
    do { \
        type o = initial; \
        o.field = value; \
        ck_assert_msg(call(&o, NULL) == KF_INVALID, #call " " #field " = " #value); \
    } while (0)

START_TEST(options__unknown_flags)
{
    UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, flags, KF_BUILD_FAST | KF_BUILD_BEST);
    for (unsigned bit = 0; bit < 32; bit++) {
        const uint32_t flag = (uint32_t)1 << bit;
        kf_query *query = NULL;
        if (bit >= 6) UNKNOWN(with_open, kf_open_options, KF_OPEN_OPTIONS_INIT, flags, flag | KF_OPEN_POPULATE);
        if (bit >= 1) UNKNOWN(with_open_memory, kf_open_options, KF_OPEN_OPTIONS_INIT, flags, flag);
        if (bit >= 6) UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, flags, flag);
        if (bit >= 6) UNKNOWN(with_merge_build, kf_build_options, KF_BUILD_OPTIONS_INIT, flags, flag);
        if (bit >= 4) UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, normalise, flag);
        if (bit >= 2) UNKNOWN(with_bundle, kf_bundle_options, KF_BUNDLE_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_iter, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag | KF_ITER_REVERSE);
        if (bit >= 1) UNKNOWN(with_reset, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_nearest_within, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_set_within, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_diff_within, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_merge_within, kf_iter_options, KF_ITER_OPTIONS_INIT, flags, flag);
        if (bit >= 2) UNKNOWN(with_names_build, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, flags, flag);
        if (bit >= 6) UNKNOWN(with_names_build, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, processing, flag);
        if (bit >= 2) UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, flags, flag);
        UNKNOWN(with_many, kf_names_many_options, KF_NAMES_MANY_OPTIONS_INIT, flags, flag);
        if (bit >= 2) UNKNOWN(with_dedupe, kf_names_many_options, KF_NAMES_MANY_OPTIONS_INIT, flags, flag);
        if (bit >= 1) UNKNOWN(with_names_open_memory, kf_open_options, KF_OPEN_OPTIONS_INIT, flags, flag);
        if (bit >= 5) UNKNOWN(with_names_open, kf_open_options, KF_OPEN_OPTIONS_INIT, flags, flag);
        if (bit < 2) continue;
        ck_assert_int_eq(kf_query_create_regex(&query, "a", 1, flag | KF_PATTERN_BYTES, NULL), KF_INVALID);
        ck_assert_int_eq(kf_query_create_glob(&query, "a", 1, flag, NULL), KF_INVALID);
        ck_assert_int_eq(kf_query_create_subsequence(&query, "a", 1, flag, NULL), KF_INVALID);
        ck_assert_ptr_null(query);
    }
}
END_TEST

START_TEST(options__unknown_values)
{
    static const int values[] = { -1, 99 };
    kf_iter *iter;
    const kf_dict *dicts[] = { dict };
    for (int i = 0; i < 2; i++) {
        const int v = values[i];
        UNKNOWN(with_open, kf_open_options, KF_OPEN_OPTIONS_INIT, reserved, (uint32_t)v);
        UNKNOWN(with_open_memory, kf_open_options, KF_OPEN_OPTIONS_INIT, reserved, (uint32_t)v);
        UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, value_type, (kf_value_type)v);
        UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, value_encoding, (kf_encoding)v);
        UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, duplicates, (kf_duplicates)v);
        UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, weights, (kf_weights)v);
        UNKNOWN(with_merge_build, kf_build_options, KF_BUILD_OPTIONS_INIT, value_encoding, (kf_encoding)v);
        UNKNOWN(with_bundle, kf_bundle_options, KF_BUNDLE_OPTIONS_INIT, metadata, (kf_bundle_metadata)v);
        UNKNOWN(with_iter, kf_iter_options, KF_ITER_OPTIONS_INIT, order, (kf_order)v);
        UNKNOWN(with_set_within, kf_iter_options, KF_ITER_OPTIONS_INIT, order, (kf_order)v);
        UNKNOWN(with_fuzzy, kf_fuzzy_options, KF_FUZZY_OPTIONS_INIT, metric, (kf_metric)v);
        UNKNOWN(with_fuzzy, kf_fuzzy_options, KF_FUZZY_OPTIONS_INIT, unit, (kf_unit)v);
        UNKNOWN(with_fuzzy, kf_fuzzy_options, KF_FUZZY_OPTIONS_INIT, reserved, (uint32_t)v);
        UNKNOWN(with_nearest, kf_nearest_options, KF_NEAREST_OPTIONS_INIT, metric, (kf_metric)v);
        UNKNOWN(with_nearest, kf_nearest_options, KF_NEAREST_OPTIONS_INIT, unit, (kf_unit)v);
        UNKNOWN(with_nearest, kf_nearest_options, KF_NEAREST_OPTIONS_INIT, ranking, (kf_ranking)v);
        UNKNOWN(with_set, kf_set_options, KF_SET_OPTIONS_INIT, values, (kf_set_values)v);
        UNKNOWN(with_merge, kf_merge_options, KF_MERGE_OPTIONS_INIT, operation, (kf_set_operation)v);
        UNKNOWN(with_merge, kf_merge_options, KF_MERGE_OPTIONS_INIT, values, (kf_set_values)v);
        UNKNOWN(with_find, kf_find_options, KF_FIND_OPTIONS_INIT, overlap, (kf_overlap)v);
        UNKNOWN(with_find, kf_find_options, KF_FIND_OPTIONS_INIT, boundary, (kf_boundary)v);
        UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, scorer, (kf_scorer)v);
        UNKNOWN(with_names_build, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, legal_forms, (kf_legal_forms)v);
        kf_matcher_options again = KF_MATCHER_OPTIONS_INIT;
        again.candidates = 2;
        ck_assert_int_eq(with_matcher(&again, NULL), KF_OK);
        again.rerank = (kf_scorer)v;
        ck_assert_int_eq(with_matcher(&again, NULL), KF_INVALID);
        again.rerank = KF_SCORER_RATIO;
        again.limit = 3;
        ck_assert_int_eq(with_matcher(&again, NULL), KF_INVALID);
        ck_assert_int_eq(kf_iter_create_set(&iter, (kf_set_operation)v, dicts, 1, NULL, NULL), KF_INVALID);
    }
    UNKNOWN(with_verify, kf_verify_options, KF_VERIFY_OPTIONS_INIT, threads, 257);
    UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, threads, 257);
    UNKNOWN(with_build, kf_build_options, KF_BUILD_OPTIONS_INIT, shards, 65);
    UNKNOWN(with_names_build, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, threads, 257);
    UNKNOWN(with_names_build, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, memory_limit, (16 << 20) - 1);
    UNKNOWN(with_many, kf_names_many_options, KF_NAMES_MANY_OPTIONS_INIT, threads, 257);
    UNKNOWN(with_many_search, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, limit, 0);
    UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, limit, 0);
    UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, rerank, KF_SCORER_RATIO);
    UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, cutoff, 1.001);
    UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, cutoff, -0.001);
    UNKNOWN(with_matcher, kf_matcher_options, KF_MATCHER_OPTIONS_INIT, cutoff, 0.0 / (double)(values[0] + 1));
}
END_TEST

/* ---- handles that are not there ------------------------------------------------------------------- */

START_TEST(options__nothing_to_destroy)
{
    kf_dict *d = NULL;
    kf_builder *b = NULL;
    kf_iter *i = NULL;
    kf_query *q = NULL;
    kf_names *n = NULL;
    kf_names_builder *r = NULL;
    kf_matcher *m = NULL;
    kf_names_iter *rows = NULL;
    kf_explanation *e = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    for (int turn = 0; turn < 2; turn++) {
        kf_dict_close(turn ? &d : NULL);
        kf_builder_destroy(turn ? &b : NULL);
        kf_iter_destroy(turn ? &i : NULL);
        kf_query_destroy(turn ? &q : NULL);
        kf_names_close(turn ? &n : NULL);
        kf_names_builder_destroy(turn ? &r : NULL);
        kf_matcher_destroy(turn ? &m : NULL);
        kf_names_iter_destroy(turn ? &rows : NULL);
        kf_explanation_free(turn ? &e : NULL);
        kf_buffer_free(turn ? &buffer : NULL);
    }
    ck_assert(!d && !b && !i && !q && !n && !r && !m && !rows && !e && !buffer.data && !buffer.capacity);
    ck_assert_int_eq(kf_builder_create(&b, scratch_path("c.kf"), NULL, NULL), KF_OK);
    kf_builder_destroy(&b);
    ck_assert_ptr_null(b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, prepare, finish);
    suite_add_cases(t, options__shorter, 0, CALLS);
    suite_add_cases(t, options__never_that_short, 0, CALLS);
    suite_add_cases(t, options__longer, 0, CALLS);
    suite_add_cases(t, options__results, 0, CALLS);
    tcase_add_test(t, options__defaults);
    tcase_add_test(t, options__unknown_flags);
    tcase_add_test(t, options__unknown_values);
    tcase_add_test(t, options__nothing_to_destroy);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
