/* Opening the key sections of a file: none may be larger than it is. */
#include "read/keys/keys_view.h"

#include "base/bits.h"

#include <keyfold/keyfold.h>

#include "scratch.h"
#include "shapes.h"
#include "suite.h"

static key_set set;
static uint8_t *file;
static size_t file_size;
static kfi_header header;
static kf_error error;

static void load(void)
{
    set = (key_set){ .random = 5 };
    set_add_fixed(&set, 30000, 9, 16, 1000);        /* enough for a table of first nodes */
    set_sort(&set);
    set_build(&set, "keys.kf", KF_VALUES_NONE);
    file = scratch_read("keys.kf", &file_size);
    ck_assert_int_eq(kfi_header_parse(&header, file, file_size, NULL), KF_OK);
}

static void drop(void)
{
    free(file);
    set_free(&set);
}

static kfi_section *section_of(kfi_section_type type)
{
    return (kfi_section *)(uintptr_t)kfi_header_section(&header, type);
}

static kf_status reopened(void)
{
    kfi_keys keys;
    return kfi_keys_open(&keys, file, &header, &error);
}

START_TEST(keys_view__top_table)
{
    load();
    kfi_section *top = section_of(KFI_SECTION_TOP);
    ck_assert_ptr_nonnull(top);
    uint8_t *p = file + top->offset;
    const uint64_t size = top->size, head = 8 + p[0] * 260u, cells = kfi_load32(p + 4);
    ck_assert(p[0] && cells > 1 && size == head + cells * (1u + p[1] + p[2]));
    ck_assert_int_eq(reopened(), KF_OK);
    for (top->size = 0; top->size < size; top->size++)
        ck_assert_int_eq(reopened(), top->size ? KF_CORRUPT : KF_OK);
    for (unsigned i = 0; i < 3; i++) {              /* how many positions, and the widths of a cell */
        const uint8_t right = p[i];
        for (unsigned value = 0; value < 256; value++) {
            p[i] = (uint8_t)value;
            uint64_t needed = 8 + p[0] * 260u + cells * (1u + p[1] + p[2]);
            int fine = p[0] && p[0] <= 16 && p[1] <= 8 && p[2] <= 8 && needed <= size;
            ck_assert_msg(reopened() == (fine ? KF_OK : KF_CORRUPT), "byte %u is %u", i, value);
        }
        p[i] = right;
    }
    kfi_store32(p + 4, (uint32_t)cells + 1);
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    kfi_store32(p + 4, UINT32_MAX);
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    drop();
}
END_TEST

/* Endings lie in SHARED, which here is a part of TREE that opening does not look at. */
START_TEST(keys_view__endings)
{
    load();
    kfi_section *shared = section_of(KFI_SECTION_SHARED);
    uint8_t *tree = file + section_of(KFI_SECTION_TREE)->offset, *p = tree + KFI_KEYS_PARAMETERS;
    kfi_keys keys;
    ck_assert_int_eq(kfi_keys_open(&keys, file, &header, &error), KF_OK);
    ck_assert_uint_eq(keys.endings.count, 0);
    const uint64_t size = shared->size = 1 << 12;
    ck_assert_uint_gt(section_of(KFI_SECTION_TREE)->size, KFI_KEYS_PARAMETERS + size);
    shared->offset = (uint64_t)(p - file);
    memset(p, 0, size);
    for (uint64_t room = 0; room < 300; room++) {
        kfi_store64(tree + 40, size - room);
        for (uint32_t count = 0; count < 80; count++) {
            if (room >= 4) kfi_store32(p + size - room, count);
            const int fits = room >= 4 + 4 * count + 64;
            ck_assert_msg(kfi_keys_open(&keys, file, &header, &error) == (fits ? KF_OK : KF_CORRUPT), "%u", count);
            if (fits) ck_assert_uint_eq(keys.endings.units, (room - 4 - 4 * count - 64) / 8);
        }
        memset(p, 0, size);
    }
    kfi_store64(tree + 40, size + 1);
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    kfi_store64(tree + 40, UINT64_MAX);
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    drop();
}
END_TEST

START_TEST(keys_view__header)
{
    load();
    const uint64_t count = header.keys, tree = section_of(KFI_SECTION_TREE)->size;
    const uint32_t longest = header.longest_key;
    header.keys = 0;
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    header.keys = count;
    header.longest_key = KFI_KEY_LIMIT;
    ck_assert_int_eq(reopened(), KF_OK);
    header.longest_key = KFI_KEY_LIMIT + 1;
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    header.longest_key = longest;
    kfi_keys keys;
    ck_assert_int_eq(kfi_keys_open(&keys, file, &header, &error), KF_OK);
    section_of(KFI_SECTION_TREE)->size = keys.parameters.root + 1;
    ck_assert_int_eq(reopened(), KF_OK);
    section_of(KFI_SECTION_TREE)->size = keys.parameters.root;
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    section_of(KFI_SECTION_TREE)->size = tree;
    /* Keys that are mostly in shared containers are worth interleaving too. */
    ck_assert_int_eq(kfi_keys_open(&keys, file, &header, &error), KF_OK);
    ck_assert(!keys.interleave);
    const uint64_t shared = section_of(KFI_SECTION_SHARED)->size;
    section_of(KFI_SECTION_SHARED)->size = 1 << 20;
    ck_assert_int_eq(kfi_keys_open(&keys, file, &header, &error), KF_OK);
    ck_assert(keys.interleave);
    section_of(KFI_SECTION_SHARED)->size = shared;
    static const kfi_section_type needed[] = { KFI_SECTION_TREE, KFI_SECTION_SHARED, KFI_SECTION_TOKENS };
    for (unsigned i = 0; i < 3; i++) {
        kfi_section *section = section_of(needed[i]);
        section->type = 99;
        ck_assert_int_eq(reopened(), KF_CORRUPT);
        section->type = needed[i];
    }
    ck_assert_int_eq(reopened(), KF_OK);
    drop();
}
END_TEST

/* Parameters that are out of range are refused, whatever the sections behind them say. */
START_TEST(keys_view__parameters)
{
    load();
    uint8_t *tree = file + section_of(KFI_SECTION_TREE)->offset;
    unsigned refused = 0;
    for (unsigned at = 0; at < 5; at++) {
        const uint8_t right = tree[at];
        for (unsigned value = 0; value < 256; value++) {
            kfi_keys_parameters parameters;
            tree[at] = (uint8_t)value;
            kf_status status = kfi_keys_parameters_read(&parameters, tree, KFI_KEYS_PARAMETERS, NULL);
            refused += status != KF_OK;
            if (status) ck_assert_msg(reopened() == KF_CORRUPT, "byte %u is %u", at, value);
        }
        tree[at] = right;
    }
    ck_assert_uint_gt(refused, 1000);
    section_of(KFI_SECTION_TREE)->size = KFI_KEYS_PARAMETERS - 1;
    ck_assert_int_eq(reopened(), KF_CORRUPT);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys_view");
    TCase *all = tcase_create("open");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, keys_view__top_table);
    tcase_add_test(all, keys_view__endings);
    tcase_add_test(all, keys_view__header);
    tcase_add_test(all, keys_view__parameters);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
