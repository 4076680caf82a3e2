/* Verifying blocks: what only the keys contradict. */
#include "scratch.h"
#include "seal.h"
#include "suite.h"

#include "read/blocks/blocks_verify.h"
#include "read/dict.h"

#include <keyfold/keyfold.h>

enum { LONG = 300 };

static uint8_t *file;
static size_t size;
static kf_dict *dict;
static kf_error error;

static void open_it(void)
{
    kf_dict_close(&dict);
    ck_assert_msg(!kf_dict_open_memory(&dict, file, size, NULL, &error), "%s", error.message);
}

/* The keys "", ab, abc, qqq..., xyz, or without the empty one. */
static void build(int has_empty)
{
    static char noise[LONG + 1];
    static const char *const keys[] = { "", "ab", "abc", noise, "xyz" };
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    memset(noise, 'q', LONG);
    options.flags = KF_BUILD_SIMILARITY;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("blocks.kf"), &options, NULL), KF_OK);
    for (unsigned i = !has_empty; i < 5; i++)
        ck_assert_int_eq(kf_builder_add(builder, keys[i], strlen(keys[i]), NULL, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    free(file);
    file = scratch_read("blocks.kf", &size);
    open_it();
    ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_OK);
}

/* A place of the section's that may be written to: the file is ours. */
static uint8_t *at(const uint8_t *place) { return file + (place - dict->mapping.data); }

static void put_id(unsigned token, unsigned id)
{
    const unsigned width = dict->blocks->id_width;
    uint8_t *const ids = at(dict->blocks->ids);
    for (unsigned i = 0, bit = token * width; i < width; i++, bit++)
        ids[bit / 8] = (uint8_t)((ids[bit / 8] & ~(1u << bit % 8)) | (id >> i & 1) << bit % 8);
}

static void expect(const char *what)
{
    seal_file(file, size, 0, 1);
    open_it();
    ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_CORRUPT);
    ck_assert_msg(strstr(error.message, what), "%s", error.message);
}

/* Each goes on where the other ends. */
START_TEST(keys_that_begin_one_another_are_swapped)
{
    build(1);
    put_id(0, 2);
    put_id(1, 1);
    expect("does not have the units");
}
END_TEST

START_TEST(a_long_key_is_not_long)
{
    build(1);
    kfi_store32(at(dict->blocks->long_entries), 0);
    kfi_store32(at(dict->blocks->long_entries) + 4, 0);
    expect("another length");
}
END_TEST

/* The only long one: the section loses its entry. */
START_TEST(the_empty_key_is_not_empty)
{
    build(0);
    const kfi_section *blocks = kfi_header_section(&dict->header, KFI_SECTION_BLOCKS);
    uint8_t *const head = file + blocks->offset, *const entry = at(dict->blocks->long_entries);
    kfi_store32(head + 12, 0);
    kfi_store32(head + 16, kfi_load32(entry));
    memset(entry, 0, 8);
    kfi_store64(file + KFI_HEADER_SIZE + KFI_SECTION_ENTRY_SIZE * (size_t)(blocks - dict->header.sections) + 16,
                blocks->size - 8);
    expect("not empty");
}
END_TEST

/* Which verifying the keys tells before. */
START_TEST(keys_can_not_be_read)
{
    kfi_progress progress = { 0 };
    build(1);
    uint8_t *const tree = file + kfi_header_section(&dict->header, KFI_SECTION_TREE)->offset;
    memset(tree + kfi_load64(tree + 16), 0x7f, 2);   /* the root */
    ck_assert_int_eq(kfi_blocks_verify(dict, &progress, &error), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, "can't be read"));
}
END_TEST

static void finish(void)
{
    kf_dict_close(&dict);
    free(file);
    file = NULL;
    scratch_close();
}

static Suite *suite(void)
{
    Suite *s = suite_create("blocks_verify");
    TCase *t = tcase_create("forged");
    tcase_add_checked_fixture(t, scratch_open, finish);
    tcase_add_test(t, keys_that_begin_one_another_are_swapped);
    tcase_add_test(t, a_long_key_is_not_long);
    tcase_add_test(t, the_empty_key_is_not_empty);
    tcase_add_test(t, keys_can_not_be_read);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
