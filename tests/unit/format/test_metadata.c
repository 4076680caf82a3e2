#include "base/bits.h"
#include "format/metadata.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>

static const char *const names[] = { "b", "a", "keyfold.x", "zz", "ab", "\xc3\xa9t\xc3\xa9", "B" };
static const char *const sorted[] = { "B", "a", "ab", "b", "keyfold.x", "zz", "\xc3\xa9t\xc3\xa9" };
enum { NAMES = sizeof names / sizeof names[0] };

static kf_status make(kfi_array *section, kf_error *e)
{
    kfi_metadata m = { NULL, 0, 0 };
    kf_status status = KF_OK;
    for (int round = 0; round < 2 && !status; round++)
        for (size_t i = 0; i < NAMES && !status; i++)
            /* The second round replaces the first one's content; entry i has i bytes. */
            status = kfi_metadata_set(&m, (kfi_metadata_type)(i % 3), names[i],
                                      round ? "contents" : "nonsense", i, e);
    if (!status) status = kfi_metadata_encode(&m, section, e);
    kfi_metadata_free(&m);
    kfi_metadata_free(&m);
    return status;
}

static kf_bytes text(const char *s) { return (kf_bytes){ (const uint8_t *)s, strlen(s) }; }

START_TEST(metadata__round_trip)
{
    kfi_array section = { NULL, 0, 0 };
    kfi_metadata_view view;
    kf_error e;
    kf_bytes name, content;
    kfi_metadata_type type;
    ck_assert_int_eq(make(&section, &e), KF_OK);
    ck_assert_int_eq(kfi_metadata_open(&view, section.data, section.size, &e), KF_OK);
    ck_assert_uint_eq(view.count, NAMES);
    ck_assert_int_eq(kfi_metadata_verify(&view, &e), KF_OK);
    for (size_t i = 0; i < NAMES; i++) {
        ck_assert_int_eq(kfi_metadata_find(&view, text(names[i]), &content, &type), KF_OK);
        ck_assert_uint_eq(content.size, i);
        ck_assert_mem_eq(content.data, "contents", i);
        ck_assert_int_eq(type, (int)(i % 3));
        ck_assert_int_eq(kfi_metadata_at(&view, i, &name, &content, NULL), KF_OK);
        ck_assert_uint_eq(name.size, strlen(sorted[i]));
        ck_assert_mem_eq(name.data, sorted[i], name.size);
    }
    ck_assert_int_eq(kfi_metadata_at(&view, NAMES, &name, &content, NULL), KF_NOT_FOUND);
    ck_assert_int_eq(kfi_metadata_at(&view, SIZE_MAX, &name, &content, NULL), KF_NOT_FOUND);
    static const char *const absent[] = { "", "A", "aa", "c", "keyfold.", "keyfold.xx", "zzz", "\xff" };
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        ck_assert_int_eq(kfi_metadata_find(&view, text(absent[i]), &content, NULL), KF_NOT_FOUND);
    kfi_array_free(&section);
}
END_TEST

START_TEST(metadata__layout)
{
    /* Byte for byte, as the header draws it. */
    kfi_metadata m = { NULL, 0, 0 };
    kfi_array section = { NULL, 0, 0 };
    ck_assert_int_eq(kfi_metadata_set(&m, KFI_METADATA_U64, "n", "xyz", 3, NULL), KF_OK);
    ck_assert_int_eq(kfi_metadata_encode(&m, &section, NULL), KF_OK);
    static const uint8_t expected[] = {
        1, 0, 0, 0, 0, 0, 0, 0,
        2, 0, 0, 0, 1, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0,
        41, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
        'n', 'x', 'y', 'z' };
    ck_assert_uint_eq(section.size, sizeof expected);
    ck_assert_mem_eq(section.data, expected, sizeof expected);
    kfi_metadata_free(&m);
    kfi_array_free(&section);
}
END_TEST

START_TEST(metadata__empty)
{
    kfi_metadata m = { NULL, 0, 0 };
    kfi_array section = { NULL, 0, 0 };
    kfi_metadata_view view;
    kf_bytes name, content;
    ck_assert_int_eq(kfi_metadata_encode(&m, &section, NULL), KF_OK);
    ck_assert_uint_eq(section.size, 8);
    for (uint64_t size = 0; size <= 8; size++) {
        int good = size == 0 || size == 8;
        ck_assert_int_eq(kfi_metadata_open(&view, section.data, size, NULL), good ? KF_OK : KF_CORRUPT);
        if (!good) continue;
        ck_assert_int_eq(kfi_metadata_verify(&view, NULL), KF_OK);
        ck_assert_int_eq(kfi_metadata_at(&view, 0, &name, &content, NULL), KF_NOT_FOUND);
        ck_assert_int_eq(kfi_metadata_find(&view, text("a"), &content, NULL), KF_NOT_FOUND);
    }
    kfi_array_free(&section);
}
END_TEST

START_TEST(metadata__refuses)
{
    kfi_metadata m = { NULL, 0, 0 };
    kf_error e;
    char *longest = malloc(KFI_METADATA_NAME_MAX + 2);
    memset(longest, 'n', KFI_METADATA_NAME_MAX + 1);
    longest[KFI_METADATA_NAME_MAX + 1] = '\0';
    ck_assert_int_eq(kfi_metadata_set(&m, KFI_METADATA_BYTES, NULL, "x", 1, &e), KF_INVALID);
    ck_assert_int_eq(kfi_metadata_set(&m, KFI_METADATA_BYTES, "", "x", 1, &e), KF_INVALID);
    ck_assert_int_eq(kfi_metadata_set(&m, KFI_METADATA_BYTES, longest, "x", 1, &e), KF_LIMIT);
    ck_assert_uint_eq(m.count, 0);
    longest[KFI_METADATA_NAME_MAX] = '\0';
    ck_assert_int_eq(kfi_metadata_set(&m, KFI_METADATA_BYTES, longest, "x", 1, &e), KF_OK);
    kfi_metadata_free(&m);
    free(longest);
}
END_TEST

/* Every single-byte change: found by verify, unless it leaves a section that is as well formed (a
 * changed type, a changed byte of a name in order, or of a content); and no read outside, which the
 * sanitizer checks because the section is exactly as large as its allocation. */
START_TEST(metadata__damage)
{
    kfi_array section = { NULL, 0, 0 };
    ck_assert_int_eq(make(&section, NULL), KF_OK);
    size_t pool = 8 + 32 * NAMES;
    for (size_t i = 0; i < section.size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *copy = malloc(section.size);
            memcpy(copy, section.data, section.size);
            copy[i] ^= (uint8_t)(1u << bit);
            kfi_metadata_view view;
            kf_bytes name, content;
            kf_status status = kfi_metadata_open(&view, copy, section.size, NULL);
            if (!status) {
                for (size_t k = 0; k < NAMES + 1; k++) {
                    status = kfi_metadata_at(&view, k, &name, &content, NULL);
                    ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_NOT_FOUND);
                    if (status == KF_OK) {
                        ck_assert(name.data >= copy && name.data + name.size <= copy + section.size);
                        ck_assert(content.data >= copy
                                  && content.data + content.size <= copy + section.size);
                    }
                }
                for (size_t k = 0; k < NAMES; k++) {
                    status = kfi_metadata_find(&view, text(names[k]), &content, NULL);
                    ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_NOT_FOUND);
                }
                status = kfi_metadata_verify(&view, NULL);
            }
            size_t in_entry = i >= 8 && i < pool ? (i - 8) % 32 : 32;
            if (i < 8 || (in_entry >= 4 && in_entry < 32)) ck_assert_int_eq(status, KF_CORRUPT);
            free(copy);
        }
    for (size_t size = 1; size < section.size; size++) {
        kfi_metadata_view view;
        uint8_t *copy = malloc(size);
        memcpy(copy, section.data, size);
        kf_status status = kfi_metadata_open(&view, copy, size, NULL);
        if (!status) status = kfi_metadata_verify(&view, NULL);
        ck_assert_int_eq(status, KF_CORRUPT);
        free(copy);
    }
    kfi_array_free(&section);
}
END_TEST

START_TEST(metadata__every_allocation_fails)
{
    static const int modes[] = { FAULT_TWICE, FAULT_FROM };
    for (int way = 0; way < 2; way++)
        for (uint64_t n = 1; ; n++) {
            kfi_array section = { NULL, 0, 0 };
            kf_error e;
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, modes[way]);
            kf_status status = make(&section, &e);
            int fired = fault_fired();
            fault_off();
            kfi_array_free(&section);
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) {
                ck_assert_int_eq(status, KF_OK);
                ck_assert_uint_gt(n, 10);
                break;
            }
            ck_assert_int_eq(status, KF_NO_MEMORY);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metadata");
    TCase *c = tcase_create("metadata");
    tcase_add_test(c, metadata__round_trip);
    tcase_add_test(c, metadata__layout);
    tcase_add_test(c, metadata__empty);
    tcase_add_test(c, metadata__refuses);
    tcase_add_test(c, metadata__damage);
    tcase_add_test(c, metadata__every_allocation_fails);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
