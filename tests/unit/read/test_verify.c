/* kf_dict_verify with threads and progress: the same answer whatever their number, also of files with several faults;
 * who is called, when, and what ends it. */
#include "fault.h"
#include "sanitized.h"
#include "scratch.h"
#include "suite.h"

#include "read/dict.h"
#include "read/filter/fuse_verify.h"

#include <keyfold/keyfold.h>

#include <errno.h>
#include <pthread.h>

enum { KEYS = SANITIZED ? 1500 : 6000, VALUE = 3000, FILES = 5, MANIFEST = 2, SPECIAL = 3 };

static const char *const names[FILES] = { "one.kf", "shards.kf", "files.kfm", "special.kf", "forms.kf" };
static uint64_t seed = 1;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull >> 16;
}

/* Values that are not compressed: several pieces of the file have nothing else. */
static void build(const char *name, unsigned from, unsigned to, unsigned shards)
{
    static uint8_t value[VALUE];
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.value_type = KF_VALUES_BYTES;
    options.value_encoding = KF_ENCODING_RAW;
    options.weights = KF_WEIGHTS_GIVEN;
    options.shards = shards;
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, &error);
    for (unsigned i = from; i < to && !status; i++) {
        char key[16];
        size_t size = (size_t)snprintf(key, sizeof key, "%07u", i * 7919 % 1000003 + i);
        for (size_t b = 0; b < sizeof value; b++) value[b] = (uint8_t)any();
        status = kf_builder_add_weighted(builder, key, size, value, sizeof value, any(), &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_builder_destroy(&builder);
}

/* Keys of their own for each file; more than are checked between two reports. */
static void build_high(const char *name, uint32_t flags)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_BYTES;
    options.weights = KF_WEIGHTS_GIVEN;
    options.flags = flags;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, NULL), KF_OK);
    for (unsigned i = 0; i < 5000; i++) {
        char key[16];
        size_t size = (size_t)snprintf(key, sizeof key, "x%06u", i * 31);
        ck_assert_int_eq(kf_builder_add_weighted(builder, key, size, key, i % 7, i, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
}

/* Keys in a normal form that takes memory to make, and more levels of them than a walk has room for at first. */
static void build_forms(const char *name)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    uint8_t key[300];
    options.normalise = KF_NORMALISE_CASE;
    options.flags = KF_BUILD_FILTER;
    options.duplicates = KF_DUPLICATES_FIRST;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, NULL), KF_OK);
    for (size_t i = 0; i < 600; i++) {
        for (size_t b = 0; b < sizeof key; b += 2) memcpy(key + b, "\xc3\xa9", 2);
        key[i / 2] = (uint8_t)("ab"[i % 2]);
        ck_assert_int_eq(kf_builder_add(builder, key, i < 300 ? i / 2 + 1 : sizeof key, NULL, 0, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
}

static void prepare(void)
{
    scratch_open();
    build("one.kf", 0, KEYS, 1);
    build("shards.kf", 0, KEYS, 3);
    build_high("high.kf", 0);
    build_high("special.kf", KF_BUILD_FILTER | KF_BUILD_SIMILARITY);
    build_forms("forms.kf");
    char high[512], low[512];
    const char *members[] = { low, high };
    snprintf(low, sizeof low, "%s", scratch_path("shards.kf"));
    snprintf(high, sizeof high, "%s", scratch_path("high.kf"));
    ck_assert_int_eq(kf_bundle_write(scratch_path("files.kfm"), members, 2, NULL, NULL), KF_OK);
}

static kf_dict *open_file(int n)
{
    const kf_open_options in_memory = { .struct_size = sizeof in_memory, .flags = KF_OPEN_IN_MEMORY };
    kf_dict *dict;
    kf_error error = { 0 };
    ck_assert_msg(!kf_dict_open(&dict, scratch_path(names[n]), &in_memory, &error), "%s", error.message);
    return dict;
}

/* ---- progress ------------------------------------------------------------------------------------- */

typedef struct listener {
    pthread_t thread;
    unsigned calls, cancel_at;     /* 0: never */
    uint64_t done, total;
    int wrong;
} listener;

static int listen(void *context, const kf_progress *p)
{
    listener *l = context;
    l->wrong += !pthread_equal(l->thread, pthread_self()) || p->phase != KF_PHASE_VERIFY;
    l->wrong += p->done < l->done || p->done > p->total || (l->calls && p->total != l->total);
    l->wrong += l->cancel_at && l->calls >= l->cancel_at;      /* it was not heard */
    l->done = p->done;
    l->total = p->total;
    return ++l->calls == l->cancel_at;
}

static kf_status verify(const kf_dict *dict, unsigned threads, listener *l, kf_error *error)
{
    kf_verify_options options = KF_VERIFY_OPTIONS_INIT;
    options.threads = threads;
    if (l) {
        l->thread = pthread_self();
        options.progress = listen;
        options.progress_context = l;
    }
    return kf_dict_verify(dict, &options, error);
}

static const unsigned many[] = { 0, 1, 2, 3, 8, 256 };
enum { MANY = sizeof many / sizeof many[0] };

START_TEST(verify__progress)
{
    kf_dict *dict = open_file(_i);
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    for (unsigned t = 0; t < MANY; t++) {
        listener l = { 0 };
        ck_assert_int_eq(verify(dict, many[t], &l, NULL), KF_OK);
        ck_assert_int_eq(l.wrong, 0);
        ck_assert(l.done == l.total && l.total > stat.file_size && l.total < 3 * stat.file_size);
        ck_assert_uint_gt(l.calls, many[t] < 2 ? 10 : 1);
        ck_assert_int_eq(verify(dict, many[t], NULL, NULL), KF_OK);
    }
    kf_dict_close(&dict);
}
END_TEST

/* At whichever call: none follows it. */
START_TEST(verify__cancelled)
{
    kf_dict *dict = open_file(_i);
    for (unsigned t = 0; t < MANY; t++)
        for (unsigned at = 1; ; at += 1 + (_i >= SPECIAL ? 0 : at / 4)) {
            listener l = { .cancel_at = at };
            kf_error error = { 0 };
            kf_status status = verify(dict, many[t], &l, &error);
            ck_assert_int_eq(l.wrong, 0);
            if (l.calls < at) {
                ck_assert_int_eq(status, KF_OK);
                ck_assert_uint_gt(at, 1);
                break;
            }
            ck_assert(status == KF_CANCELLED && error.status == KF_CANCELLED && error.message[0]);
        }
    kf_dict_close(&dict);
}
END_TEST

/* ---- faults --------------------------------------------------------------------------------------- */

static void same(const kf_dict *dict, int expect)
{
    kf_error first = { 0 };
    kf_status wanted = verify(dict, 1, NULL, &first);
    if (expect) ck_assert_int_eq(wanted, KF_CORRUPT);
    for (unsigned turn = 0; turn < 3; turn++)
        for (unsigned t = 2; t < MANY; t++) {
            kf_error error = { 0 };
            listener l = { 0 };
            ck_assert_int_eq(verify(dict, many[t], turn ? &l : NULL, &error), wanted);
            ck_assert_uint_eq(error.offset, first.offset);
            ck_assert_str_eq(error.message, first.message);
            ck_assert_int_eq(l.wrong, 0);
        }
}

/* Up to six bytes of a file are others, in memory, so that checksums and what they are of are wrong at once. */
START_TEST(verify__first_of_several_faults)
{
    size_t size;
    uint8_t *file = scratch_read(names[_i], &size);
    for (unsigned round = 0; round < 40; round++) {
        kf_dict *dict;
        size_t at[6];
        unsigned faults = 1 + (unsigned)any() % 6;
        for (unsigned i = 0; i < faults; i++) {
            at[i] = any() % 3 ? 1024 + (size_t)any() % (size - 1024) : size - 1 - (size_t)any() % (size / 50);
            file[at[i]] ^= 0x40;
        }
        if (!kf_dict_open_memory(&dict, file, size, NULL, NULL)) {
            same(dict, 0);
            kf_dict_close(&dict);
        }
        for (unsigned i = 0; i < faults; i++) file[at[i]] ^= 0x40;
    }
    free(file);
}
END_TEST

/* A fault in a file that a manifest names, under a new name, since opening compares only the header. */
START_TEST(verify__fault_in_a_file_of_a_manifest)
{
    size_t size;
    uint8_t *file = scratch_read("shards.kf", &size);
    kf_dict *dict = NULL;
    kf_error error = { 0 };
    file[size / 2] ^= 1;
    scratch_write("new.kf", file, size);
    ck_assert_int_eq(rename(scratch_path("shards.kf"), scratch_path("old.kf")), 0);
    ck_assert_int_eq(rename(scratch_path("new.kf"), scratch_path("shards.kf")), 0);
    dict = open_file(MANIFEST);
    same(dict, 1);
    ck_assert_int_eq(verify(dict, 2, NULL, &error), KF_CORRUPT);
    ck_assert_uint_lt(error.offset, size);
    ck_assert_msg(strstr(error.message, "('shards.kf')"), "%s", error.message);
    kf_dict_close(&dict);
    ck_assert_int_eq(rename(scratch_path("old.kf"), scratch_path("shards.kf")), 0);
    free(file);
}
END_TEST

/* Keys that can't be walked through are not the filter's to tell. */
START_TEST(verify__filter_of_damaged_keys)
{
    size_t size;
    uint8_t *file = scratch_read("special.kf", &size);
    kf_dict *dict = open_file(SPECIAL);
    kf_error error = { 0 };
    kfi_progress progress = { 0 };
    uint8_t *const tree = file + kfi_header_section(&dict->header, KFI_SECTION_TREE)->offset;
    kf_dict_close(&dict);
    memset(tree + kfi_load64(tree + 16), 0x7f, 2);   /* the root */
    ck_assert_int_eq(kf_dict_open_memory(&dict, file, size, NULL, NULL), KF_OK);
    ck_assert_int_eq(kfi_filter_verify(dict, &progress, &error), KF_OK);
    ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_CORRUPT);
    kf_dict_close(&dict);
    free(file);
}
END_TEST

/* ---- what the system does not give ---------------------------------------------------------------- */

START_TEST(verify__fewer_threads)
{
    kf_dict *dict = open_file(_i);
    for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
        for (unsigned n = 1; n < 9; n += 3) {
            listener l = { 0 };
            kf_error error = { 0 };
            fault_arm(FAULT_THREAD, n, EAGAIN, mode);
            ck_assert_int_eq(verify(dict, 8, &l, &error), KF_OK);
            ck_assert(fault_fired() || n > 7);
            fault_off();
            ck_assert(l.wrong == 0 && l.done == l.total);
        }
    kf_dict_close(&dict);
}
END_TEST

START_TEST(verify__no_memory)
{
    kf_dict *dict = open_file(_i);
    for (unsigned threads = 1; threads <= 3; threads += 2)
        for (uint64_t n = 1; ; n++) {
            kf_error error = { 0 };
            fault_mark();
            fault_arm(FAULT_ALLOC | FAULT_LOCK, n, ENOMEM, FAULT_ONCE);
            kf_status status = verify(dict, threads, NULL, &error);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) {
                ck_assert_int_eq(status, KF_OK);
                break;
            }
            ck_assert(status == KF_NO_MEMORY || (threads > 1 && status == KF_OK));   /* fewer threads did it */
            ck_assert(!status || error.message[0]);
        }
    kf_dict_close(&dict);
}
END_TEST

/* Manifests of files with shards, and of more files without them than there is room for at first. */
START_TEST(verify__opening_without_memory)
{
    enum { PARTS = 18 };
    char paths[PARTS][512];
    const char *members[PARTS];
    for (unsigned i = 0; i < PARTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "tiny%u.kf", i);
        build(name, 2 * i, 2 * i + 1, 1);
        snprintf(paths[i], sizeof paths[i], "%s", scratch_path(name));
        members[i] = paths[i];
    }
    ck_assert_int_eq(kf_bundle_write(scratch_path("plain.kfm"), members, PARTS, NULL, NULL), KF_OK);
    for (uint64_t n = 1; ; n++) {
        kf_error error = { 0 };
        kf_dict *dict;
        fault_mark();
        fault_arm(FAULT_ALLOC | FAULT_LOCK, n, ENOMEM, FAULT_ONCE);
        const kf_status status = kf_dict_open(&dict, scratch_path(_i ? "plain.kfm" : names[MANIFEST]), NULL, &error);
        const int fired = fault_fired();
        kf_dict_close(&dict);
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert(status == (fired ? KF_NO_MEMORY : KF_OK) && (!fired || error.message[0]));
        if (!fired) break;
        ck_assert_uint_lt(n, 1000);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("verify");
    TCase *t = tcase_create("verify");
    tcase_add_unchecked_fixture(t, prepare, scratch_close);
    suite_add_cases(t, verify__progress, 0, FILES);
    suite_add_cases(t, verify__cancelled, 0, FILES);
    suite_add_cases(t, verify__first_of_several_faults, 0, MANIFEST);
    tcase_add_test(t, verify__fault_in_a_file_of_a_manifest);
    tcase_add_test(t, verify__filter_of_damaged_keys);
    suite_add_cases(t, verify__fewer_threads, 0, FILES);
    suite_add_cases(t, verify__no_memory, 0, FILES);
    suite_add_cases(t, verify__opening_without_memory, 0, 2);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
