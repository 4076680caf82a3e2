/* Dictionaries in memory that somebody else owns: at any address, between pages that may not be touched, in a memfd,
 * inside other files, damaged, of several shards; and which bytes, of files or in memory, a handle is of. */
#include "guarded.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

#include <sys/mman.h>

enum { FILES = 7, SHARDED = 6 };

static struct { model m; uint8_t *data; size_t size; } files[FILES];

static void make(unsigned n)
{
    static const kf_encoding encodings[FILES] = { KF_ENCODING_AUTO, KF_ENCODING_PACKED, KF_ENCODING_DISTINCT,
        KF_ENCODING_RAW, KF_ENCODING_TOKENS, KF_ENCODING_ZSTD, KF_ENCODING_RAW };
    static const unsigned shapes[FILES] = { 4, 14, 13, 18, 19, 11, 19 };
    model *m = &files[n].m;
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    set_make(&m->set, shapes[n], n + 1, 10);
    ck_assert_uint_gt(m->set.count, 100);
    m->type = n == 0 ? KF_VALUES_NONE : n == 1 ? KF_VALUES_U64 : KF_VALUES_BYTES;
    m->encoding = encodings[n];
    m->value_shape = 2 + n % 2;
    m->value_seed = n;
    m->weighted = n % 2;
    snprintf(m->name, sizeof m->name, "file %u", n);
    options.value_type = m->type;
    options.value_encoding = m->encoding;
    options.weights = m->weighted ? KF_WEIGHTS_GIVEN : KF_WEIGHTS_NONE;
    options.shards = n == SHARDED ? 3 : 1;
    kf_status status = kf_builder_create(&builder, scratch_path("x.kf"), &options, &error);
    if (!status) status = model_add_all(m, builder, n, &error);
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_builder_destroy(&builder);
    files[n].data = scratch_read("x.kf", &files[n].size);
}

static void prepare(void)
{
    scratch_open();
    for (unsigned n = 0; n < FILES; n++) make(n);
}

static void finish(void)
{
    for (unsigned n = 0; n < FILES; n++) {
        set_free(&files[n].m.set);
        free(files[n].data);
    }
    scratch_close();
}

/* All answers are right; the dictionary is closed. */
static void check(unsigned n, const void *at, const kf_open_options *options, const char *where)
{
    model *m = &files[n].m;
    kf_dict *dict;
    kf_error error = { 0 };
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_status status = kf_dict_open_memory(&dict, at, files[n].size, options, &error);
    ck_assert_msg(!status, "%s, %s: %s", m->name, where, error.message);
    ck_assert_uint_eq(kf_dict_count(dict), m->set.count);
    for (size_t i = 0; i < m->set.count; i += 1 + m->set.count / 300) model_check_key(m, dict, m->set.keys[i]);
    model_check_values(m, dict, 100);
    if (n != SHARDED) model_check_lookups(m, dict, 200);
    model_check_ranges(m, dict, 2);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert_uint_eq(stat.file_size, files[n].size);
    ck_assert(stat.shards == (n == SHARDED ? 3 : 0) && !stat.is_manifest);
    status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s, %s: %s", m->name, where, error.message);
    kf_dict_close(&dict);
}

/* ---- where it lies -------------------------------------------------------------------------------- */

START_TEST(memory__any_alignment)
{
    for (unsigned n = 0; n < FILES; n++) {
        guarded g = guarded_open(files[n].size + 32);
        for (unsigned offset = 0; offset < 16; offset++) {
            uint8_t *at = offset % 2 ? g.end - files[n].size - (offset == 1 ? 0 : offset) : g.start + offset;
            memset(g.start, 0xa5, (size_t)(g.end - g.start));
            memcpy(at, files[n].data, files[n].size);
            check(n, at, NULL, "aligned");
            ck_assert_int_eq(memcmp(at, files[n].data, files[n].size), 0);
        }
        guarded_close(&g);
    }
}
END_TEST

#ifndef _WIN32
START_TEST(memory__memfd)
{
    for (unsigned n = 0; n < FILES; n++) {
        int fd = memfd_create("dictionary", 0);
        ck_assert(fd >= 0 && write(fd, files[n].data, files[n].size) == (ssize_t)files[n].size);
        void *at = mmap(NULL, files[n].size, PROT_READ, MAP_SHARED, fd, 0);
        ck_assert(at != MAP_FAILED);
        close(fd);
        check(n, at, NULL, "memfd");
        munmap(at, files[n].size);
    }
}
END_TEST
#endif

/* A member of a zip that is stored as it is begins at any offset, and other members follow. */
START_TEST(memory__inside_a_file)
{
    static const uint8_t before[30 + 9] = "PK\3\4 a member's header, x.kf: ", after[] = "PK\1\2 the directory";
    for (unsigned n = 0; n < FILES; n++) {
        const size_t size = sizeof before + files[n].size + sizeof after;
        uint8_t *whole = malloc(size);
        memcpy(whole, before, sizeof before);
        memcpy(whole + sizeof before, files[n].data, files[n].size);
        memcpy(whole + sizeof before + files[n].size, after, sizeof after);
        scratch_write("x.zip", whole, size);
        free(whole);
        FILE *zip = fopen(scratch_path("x.zip"), "rb");
        const uint8_t *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(zip), 0);
        ck_assert(at != MAP_FAILED);
        fclose(zip);
        check(n, at + sizeof before, NULL, "zip");
        munmap((void *)(uintptr_t)at, size);
    }
}
END_TEST

START_TEST(memory__private_copy)
{
    const kf_open_options copy = { .struct_size = sizeof copy, .flags = KF_OPEN_IN_MEMORY };
    for (unsigned n = 0; n < FILES; n++) {
        kf_dict *dict;
        uint8_t *at = malloc(files[n].size);
        memcpy(at, files[n].data, files[n].size);
        check(n, at, &copy, "copied");
        ck_assert_int_eq(kf_dict_open_memory(&dict, at, files[n].size, &copy, NULL), KF_OK);
        memset(at, 0xff, files[n].size);
        free(at);
        for (size_t i = 0; i < files[n].m.set.count; i += 7) model_check_key(&files[n].m, dict, files[n].m.set.keys[i]);
        ck_assert_int_eq(kf_dict_verify(dict, NULL, NULL), KF_OK);
        kf_dict_close(&dict);
    }
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------------ */

static void refused(const void *data, size_t size, kf_status wanted)
{
    for (uint32_t flags = 0; flags <= KF_OPEN_IN_MEMORY; flags++) {
        kf_open_options options = KF_OPEN_OPTIONS_INIT;
        kf_dict *dict = (kf_dict *)(void *)&options;
        kf_error error = { 0 };
        options.flags = flags;
        ck_assert_int_eq(kf_dict_open_memory(&dict, data, size, &options, &error), wanted);
        ck_assert_ptr_null(dict);
        ck_assert(error.status == wanted && error.message[0]);
    }
}

START_TEST(memory__cut_and_grown)
{
    for (unsigned n = 0; n < FILES; n++) {
        const size_t size = files[n].size;
        guarded g = guarded_open(size + 8);
        refused(NULL, 0, KF_INVALID);
        refused(NULL, size, KF_INVALID);
        refused(g.end, 0, KF_FORMAT);
        for (size_t kept = 1; kept < size; kept += 1 + kept / 3) {
            memcpy(g.end - kept, files[n].data, kept);
            refused(g.end - kept, kept, KF_FORMAT);
        }
        memcpy(g.end - size - 1, files[n].data, size);
        refused(g.end - size - 1, size + 1, KF_FORMAT);
        guarded_close(&g);
    }
}
END_TEST

/* A changed byte is found, wherever it is, and where it is said to be. */
START_TEST(memory__damaged)
{
    for (unsigned n = 0; n < FILES; n++) {
        const size_t size = files[n].size;
        guarded g = guarded_open(size);
        uint8_t *at = g.end - size;
        memcpy(at, files[n].data, size);
        for (size_t place = 0; place < size; place += 1 + size / 211) {
            kf_dict *dict = NULL;
            kf_error error = { 0 };
            at[place] ^= 0x10;
            kf_status status = kf_dict_open_memory(&dict, at, size, NULL, &error);
            if (!status) {
                for (size_t i = 0; i < files[n].m.set.count; i += 37) {
                    kf_bytes key = files[n].m.set.keys[i];
                    uint64_t ordinal;
                    (void)kf_dict_ordinal(dict, key.data, key.size, &ordinal);
                }
                status = kf_dict_verify(dict, NULL, &error);
                ck_assert_uint_lt(error.offset, size);
                ck_assert_int_eq(status, KF_CORRUPT);
            }
            ck_assert_msg(status, "%s: byte %zu", files[n].m.name, place);
            kf_dict_close(&dict);
            at[place] ^= 0x10;
        }
        guarded_close(&g);
    }
}
END_TEST

START_TEST(memory__manifest)
{
    size_t size;
    kf_dict *dict;
    kf_error error = { 0 };
    scratch_write("a.kf", files[3].data, files[3].size);
    const char *member = scratch_path("a.kf");
    kf_status status = kf_bundle_write(scratch_path("a.kfm"), &member, 1, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    uint8_t *manifest = scratch_read("a.kfm", &size);
    refused(manifest, size, KF_INVALID);
    ck_assert_int_eq(kf_dict_open_memory(&dict, manifest, size, NULL, &error), KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "manifest"));
    free(manifest);
}
END_TEST

/* ---- which bytes a handle is of --------------------------------------------------------------- */

static kf_dict *opened(const char *name, uint32_t flags)
{
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_dict *dict;
    options.flags = flags;
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path(name), &options, NULL), KF_OK);
    return dict;
}

/* Closes the second. */
static int same_as(const kf_dict *a, kf_dict *b)
{
    int same = kf_dict_same_files(a, b);
    ck_assert_int_eq(kf_dict_same_files(b, a), same);
    ck_assert_int_eq(kf_dict_same_files(b, b), 1);
    kf_dict_close(&b);
    return same;
}

static void replace(const char *name, const void *data, size_t size)
{
    char path[512];
    scratch_write("new.kf", data, size);
#ifdef _WIN32   /* where no file that is mapped is replaced, but it may be moved */
    static unsigned moved;
    char aside[20];
    snprintf(aside, sizeof aside, "%u.kf", 100 + moved++);
    ck_assert_int_eq(rename(scratch_path(name), scratch_path(aside)), 0);
#endif
    snprintf(path, sizeof path, "%s", scratch_path("new.kf"));
    ck_assert_int_eq(rename(path, scratch_path(name)), 0);
}

START_TEST(same__files)
{
    for (unsigned n = 0; n < FILES; n++) {
        uint8_t *damaged = malloc(files[n].size);
        scratch_write("s.kf", files[n].data, files[n].size);
        scratch_write("t.kf", files[n].data, files[n].size);
        kf_dict *mapped = opened("s.kf", 0), *copied = opened("s.kf", KF_OPEN_IN_MEMORY);
        ck_assert_int_eq(same_as(mapped, opened("s.kf", 0)), 1);
        ck_assert_int_eq(same_as(mapped, opened("t.kf", 0)), 0);
        ck_assert_int_eq(same_as(mapped, opened("s.kf", KF_OPEN_IN_MEMORY)), 0);
        ck_assert_int_eq(same_as(copied, opened("t.kf", KF_OPEN_IN_MEMORY)), 1);
        replace("s.kf", files[n].data, files[n].size);
        ck_assert_int_eq(same_as(mapped, opened("s.kf", 0)), 0);
        memcpy(damaged, files[n].data, files[n].size);
        damaged[files[n].size / 2] ^= 1;
        replace("s.kf", damaged, files[n].size);
        kf_dict *broken;
        if (!kf_dict_open(&broken, scratch_path("s.kf"), &(kf_open_options){
                          .struct_size = sizeof(kf_open_options), .flags = KF_OPEN_IN_MEMORY }, NULL))
            ck_assert_int_eq(same_as(copied, broken), 0);
        replace("s.kf", files[(n + 1) % FILES].data, files[(n + 1) % FILES].size);
        ck_assert_int_eq(same_as(mapped, opened("s.kf", 0)), 0);
        kf_dict_close(&mapped);
        kf_dict_close(&copied);
        free(damaged);
    }
}
END_TEST

START_TEST(same__memory)
{
    for (unsigned n = 0; n < FILES; n++) {
        const kf_open_options copy = { .struct_size = sizeof copy, .flags = KF_OPEN_IN_MEMORY };
        uint8_t *other = malloc(files[n].size);
        kf_dict *a, *b;
        memcpy(other, files[n].data, files[n].size);
        ck_assert_int_eq(kf_dict_open_memory(&a, files[n].data, files[n].size, NULL, NULL), KF_OK);
        ck_assert_int_eq(kf_dict_open_memory(&b, files[n].data, files[n].size, NULL, NULL), KF_OK);
        ck_assert_int_eq(same_as(a, b), 1);
        ck_assert_int_eq(kf_dict_open_memory(&b, other, files[n].size, NULL, NULL), KF_OK);
        ck_assert_int_eq(same_as(a, b), 0);
        ck_assert_int_eq(kf_dict_open_memory(&b, other, files[n].size, &copy, NULL), KF_OK);
        ck_assert_int_eq(same_as(a, b), 0);
        kf_dict_close(&a);
        free(other);
    }
}
END_TEST

/* One of a manifest's files is replaced by an equal one: a plain member, one of shards, the manifest itself. */
START_TEST(same__manifest)
{
    static const unsigned members[] = { 3, SHARDED };
    static const char *const names[] = { "3.kf", "6.kf" };
    for (unsigned m = 0; m < 2; m++) {
        size_t size;
        kf_bytes content;
        const uint8_t *data = files[members[m]].data;
        scratch_write(names[m], data, files[members[m]].size);
        const char *path = scratch_path(names[m]);
        ck_assert_int_eq(kf_bundle_write(scratch_path("m.kfm"), &path, 1, NULL, NULL), KF_OK);
        kf_dict *dict = opened("m.kfm", KF_OPEN_CHECK);
        ck_assert_int_eq(same_as(dict, opened("m.kfm", KF_OPEN_CHECK)), 1);
        ck_assert_int_eq(kf_dict_content(dict, &content), KF_TYPE);
        ck_assert(!content.data && !content.size);
        replace(names[m], data, files[members[m]].size);
        ck_assert_int_eq(same_as(dict, opened("m.kfm", KF_OPEN_CHECK)), 0);
        kf_dict_close(&dict);
        dict = opened("m.kfm", KF_OPEN_CHECK);
        uint8_t *manifest = scratch_read("m.kfm", &size);
        replace("m.kfm", manifest, size);
        ck_assert_int_eq(same_as(dict, opened("m.kfm", KF_OPEN_CHECK)), 0);
        free(manifest);
        kf_dict_close(&dict);
    }
}
END_TEST

START_TEST(content__is_the_files)
{
    for (unsigned n = 0; n < FILES; n++) {
        kf_bytes content;
        kf_dict *dict;
        scratch_write("c.kf", files[n].data, files[n].size);
        for (uint32_t flags = 0; flags <= KF_OPEN_IN_MEMORY; flags++) {
            dict = opened("c.kf", flags);
            if (flags) ck_assert_int_eq(unlink(scratch_path("c.kf")), 0);
            ck_assert_int_eq(kf_dict_content(dict, &content), KF_OK);
            ck_assert_uint_eq(content.size, files[n].size);
            ck_assert_int_eq(memcmp(content.data, files[n].data, files[n].size), 0);
            kf_dict_close(&dict);
        }
        ck_assert_int_eq(kf_dict_open_memory(&dict, files[n].data, files[n].size, NULL, NULL), KF_OK);
        ck_assert_int_eq(kf_dict_content(dict, &content), KF_OK);
        ck_assert(content.data == files[n].data && content.size == files[n].size);
        kf_dict_close(&dict);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("open_memory");
    TCase *t = tcase_create("open_memory");
    tcase_add_unchecked_fixture(t, prepare, finish);
    tcase_add_test(t, memory__any_alignment);
#ifndef _WIN32
    tcase_add_test(t, memory__memfd);
#endif
    tcase_add_test(t, memory__inside_a_file);
    tcase_add_test(t, memory__private_copy);
    tcase_add_test(t, memory__cut_and_grown);
    tcase_add_test(t, memory__damaged);
    tcase_add_test(t, memory__manifest);
    tcase_add_test(t, same__files);
    tcase_add_test(t, same__memory);
    tcase_add_test(t, same__manifest);
    tcase_add_test(t, content__is_the_files);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
