#include "base/bits.h"
#include "base/hash.h"
#include "format/header.h"

#include "suite.h"

#include <keyfold/values.h>
#include <string.h>

/* A file of three sections whose bytes, the headers' apart, are all zero. */
enum { SIZES = 3, FILE_SIZE = 256 + 128 + 64 + 128 };
static const uint64_t sizes[SIZES] = { 5, 0, 8 };

static kfi_header example(void)
{
    kfi_header h;
    memset(&h, 0, sizeof h);
    h.section_count = SIZES;
    h.header_size = kfi_header_size(SIZES);
    h.compatible = 0x80000001u;
    h.keys = 0x0102030405060708u;
    h.longest_key = 0x11121314u;
    h.value_type = KF_VALUES_BYTES;
    h.value_encoding = KF_ENCODING_ZSTD;
    h.raw_key_bytes = 0x2122232425262728u;
    h.raw_value_bytes = 0x3132333435363738u;
    h.states = 0x4142434445464748u;
    h.states_extra = 0x5152535455565758u;
    for (uint8_t i = 0; i < 16; i++) h.build_id[i] = (uint8_t)(0xa0 + i);
    uint64_t at = h.header_size;
    static const uint32_t types[SIZES] = { KFI_SECTION_METADATA, 77, KFI_SECTION_CHECKSUMS };
    for (int i = 0; i < SIZES; i++) {
        h.sections[i] = (kfi_section){ types[i], at, sizes[i] };
        at = kfi_section_next(at, sizes[i]);
    }
    h.file_size = at;
    return h;
}

static void fix_checksum(uint8_t *file)
{
    uint32_t size = kfi_load32(file + 12);
    if (size > 128 + 32 * 32) size = 128 + 32 * 32;
    kfi_store64(file + 120, 0);
    kfi_store64(file + 120, XXH3_64bits(file, size));
}

START_TEST(header__size)
{
    ck_assert_uint_eq(kfi_header_size(0), 128);
    ck_assert_uint_eq(kfi_header_size(1), 192);
    ck_assert_uint_eq(kfi_header_size(2), 192);
    ck_assert_uint_eq(kfi_header_size(3), 256);
    ck_assert_uint_eq(kfi_header_size(KFI_MAX_SECTIONS), 128 + 1024);
    ck_assert_uint_eq(kfi_section_next(128, 0), 192);
    ck_assert_uint_eq(kfi_section_next(128, 1), 256);
    ck_assert_uint_eq(kfi_section_next(128, 64), 256);
    ck_assert_uint_eq(kfi_checksum_blocks(0), 0);
    ck_assert_uint_eq(kfi_checksum_blocks(1), 1);
    ck_assert_uint_eq(kfi_checksum_blocks(1 << 18), 1);
    ck_assert_uint_eq(kfi_checksum_blocks((1 << 18) + 1), 2);
}
END_TEST

START_TEST(header__round_trip)
{
    kfi_header h = example(), back;
    uint8_t *file = calloc(1, h.file_size);
    kf_error e;
    kfi_header_write(&h, file);
    ck_assert_int_eq(kfi_header_parse(&back, file, h.file_size, &e), KF_OK);
    ck_assert_mem_eq(&back, &h, sizeof h);
    ck_assert_uint_eq(h.file_size, FILE_SIZE);
    ck_assert_ptr_eq(kfi_header_section(&back, (kfi_section_type)77), &back.sections[1]);
    ck_assert_ptr_null(kfi_header_section(&back, KFI_SECTION_TREE));
    free(file);
}
END_TEST

/* The layout that the header draws, field by field, written down a second time. */
START_TEST(header__layout)
{
    kfi_header h = example();
    uint8_t out[256];
    memset(out, 0xee, sizeof out);
    kfi_header_write(&h, out);
    ck_assert_mem_eq(out, "\x89KFD\r\n\x1a\n", 8);
    ck_assert_uint_eq(kfi_load16(out + 8), 1);
    ck_assert_uint_eq(kfi_load16(out + 10), 0);
    ck_assert_uint_eq(kfi_load32(out + 12), 256);
    ck_assert_uint_eq(kfi_load64(out + 16), h.file_size);
    ck_assert_uint_eq(kfi_load32(out + 24), 0);
    ck_assert_mem_eq(out + 28, "\x01\x00\x00\x80", 4);
    ck_assert_mem_eq(out + 32, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
    ck_assert_mem_eq(out + 40, "\x14\x13\x12\x11\x03\x00\x00\x00\x02\x05\x00\x00\x00\x00\x00\x00", 16);
    ck_assert_mem_eq(out + 56, "\x28\x27\x26\x25\x24\x23\x22\x21", 8);
    ck_assert_mem_eq(out + 64, "\x38\x37\x36\x35\x34\x33\x32\x31", 8);
    ck_assert_mem_eq(out + 72, "\x48\x47\x46\x45\x44\x43\x42\x41", 8);
    ck_assert_mem_eq(out + 80, "\x58\x57\x56\x55\x54\x53\x52\x51", 8);
    ck_assert_mem_eq(out + 88, h.build_id, 16);
    static const uint8_t zeros[32];
    ck_assert_mem_eq(out + 104, zeros, 16);
    for (int i = 0; i < SIZES; i++) {
        const uint8_t *entry = out + 128 + 32 * i;
        ck_assert_uint_eq(kfi_load64(entry), h.sections[i].type);
        ck_assert_uint_eq(kfi_load64(entry + 8), h.sections[i].offset);
        ck_assert_uint_eq(kfi_load64(entry + 16), h.sections[i].size);
        ck_assert_uint_eq(kfi_load64(entry + 24), 0);
    }
    ck_assert_mem_eq(out + 224, zeros, 32);
    uint64_t sum = kfi_load64(out + 120);
    memset(out + 120, 0, 8);
    ck_assert_uint_eq(sum, XXH3_64bits(out, 256));
}
END_TEST

START_TEST(header__build_id)
{
    kfi_header h = example();
    uint8_t bytes[256 + 8], a[16], b[16];
    kfi_header_build_id(&h, "checksum", 8, a);
    kfi_header_write(&h, bytes);
    memset(bytes + 88, 0, 40);
    memcpy(bytes + 256, "checksum", 8);
    XXH128_hash_t hash = XXH3_128bits(bytes, sizeof bytes);
    ck_assert_uint_eq(kfi_load64(a), hash.low64);
    ck_assert_uint_eq(kfi_load64(a + 8), hash.high64);
    memset(h.build_id, 0, 16);      /* it does not depend on itself */
    kfi_header_build_id(&h, "checksum", 8, b);
    ck_assert_mem_eq(a, b, 16);
    kfi_header_build_id(&h, "checksuM", 8, b);
    ck_assert_mem_ne(a, b, 16);
    h.keys++;
    kfi_header_build_id(&h, "checksum", 8, b);
    ck_assert_mem_ne(a, b, 16);
}
END_TEST

/* A file of any other length is refused, whatever its header says. */
START_TEST(header__cut_or_grown)
{
    kfi_header h = example(), back;
    kf_error e;
    uint8_t *file = calloc(1, h.file_size + 200);
    kfi_header_write(&h, file);
    for (uint64_t size = 0; size < h.file_size + 200; size++) {
        /* Exactly so large that the sanitizer sees a read behind the end. */
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, file, size);
        kf_status status = kfi_header_parse(&back, cut, size, &e);
        ck_assert_int_eq(status, size == h.file_size ? KF_OK : KF_FORMAT);
        if (status) ck_assert_int_eq(e.status, status);
        free(cut);
    }
    memcpy(file, "#!/bin/sh", 9);
    ck_assert_int_eq(kfi_header_parse(&back, file, h.file_size, &e), KF_FORMAT);
    ck_assert_uint_eq(e.offset, 0);
    free(file);
}
END_TEST

/* Every flipped bit is found, by the checksum at the latest. */
START_TEST(header__every_bit)
{
    kfi_header h = example(), back;
    uint8_t *file = calloc(1, h.file_size);
    kfi_header_write(&h, file);
    for (size_t bit = 0; bit < 8 * h.header_size; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_ne(kfi_header_parse(&back, file, h.file_size, NULL), KF_OK);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_int_eq(kfi_header_parse(&back, file, h.file_size, NULL), KF_OK);
    free(file);
}
END_TEST

/* With the checksum made to fit, what remains are the field's own checks. */
START_TEST(header__fields_refused)
{
    static const struct { unsigned at, size; uint64_t value; kf_status status; } cases[] = {
        { 8, 2, 0, KF_UNSUPPORTED }, { 8, 2, 2, KF_UNSUPPORTED }, { 8, 2, 65535, KF_UNSUPPORTED },
        { 10, 2, 9, KF_OK },                            /* a later minor version can be read */
        { 12, 4, 0, KF_CORRUPT }, { 12, 4, 128, KF_CORRUPT }, { 12, 4, 192, KF_CORRUPT },
        { 12, 4, 255, KF_CORRUPT }, { 12, 4, 320, KF_CORRUPT }, { 12, 4, UINT32_MAX, KF_CORRUPT },
        { 16, 8, 0, KF_FORMAT }, { 16, 8, UINT64_MAX, KF_FORMAT }, { 16, 8, FILE_SIZE + 1, KF_FORMAT },
        { 24, 4, KFI_FEATURE_SHARDS, KF_OK },
        { 24, 4, KFI_FEATURE_NORMALISED, KF_CORRUPT },  /* without a form */
        { 24, 4, KFI_FEATURE_NAMES, KF_OK },
        { 24, 4, 8, KF_UNSUPPORTED }, { 24, 4, 9, KF_UNSUPPORTED }, { 24, 4, 1u << 31, KF_UNSUPPORTED },
        { 28, 4, UINT32_MAX, KF_OK },                   /* compatible features may be unknown */
        { 44, 4, 0, KF_CORRUPT }, { 44, 4, 2, KF_CORRUPT }, { 44, 4, 4, KF_CORRUPT },
        { 44, 4, 5, KF_CORRUPT }, { 44, 4, 33, KF_CORRUPT }, { 44, 4, UINT32_MAX, KF_CORRUPT },
        { 48, 1, 3, KF_UNSUPPORTED }, { 48, 1, 255, KF_UNSUPPORTED }, { 48, 1, 0, KF_OK },
        { 49, 1, 6, KF_UNSUPPORTED }, { 49, 1, 255, KF_UNSUPPORTED },
        { 50, 1, 1, KF_CORRUPT }, { 55, 1, 128, KF_CORRUPT },
        { 104, 8, 1, KF_CORRUPT }, { 112, 8, 1ull << 63, KF_CORRUPT },
        { 128, 4, 77, KF_CORRUPT },                     /* two sections of one type */
        { 132, 4, 1, KF_CORRUPT }, { 152, 8, 1, KF_CORRUPT },
        { 136, 8, 0, KF_CORRUPT }, { 136, 8, 257, KF_CORRUPT }, { 136, 8, 320, KF_CORRUPT },
        { 136, 8, UINT64_MAX - 63, KF_CORRUPT },
        { 144, 8, 4, KF_OK },                           /* the same place after the padding */
        { 144, 8, 64, KF_OK }, { 144, 8, 65, KF_CORRUPT }, { 144, 8, UINT64_MAX, KF_CORRUPT },
        { 144, 8, UINT64_MAX - 256, KF_CORRUPT }, { 144, 8, 1ull << 63, KF_CORRUPT },
        { 192, 4, KFI_SECTION_TREE, KF_CORRUPT },       /* no checksums at the end */
        { 208, 8, 0, KF_CORRUPT }, { 208, 8, 16, KF_CORRUPT }, { 208, 8, 65, KF_CORRUPT },
        { 208, 8, 1 << 20, KF_CORRUPT },
        { 224, 4, 1, KF_CORRUPT }, { 255, 1, 1, KF_CORRUPT },
    };
    kfi_header h = example(), back;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *file = calloc(1, 2048);
        uint8_t value[8];
        kf_error e;
        kfi_header_write(&h, file);
        kfi_store64(value, cases[i].value);
        memcpy(file + cases[i].at, value, cases[i].size);
        fix_checksum(file);
        kf_status status = kfi_header_parse(&back, file, h.file_size, &e);
        ck_assert_msg(status == cases[i].status, "case %zu (offset %u): %s", i, cases[i].at,
                      kf_status_name(status));
        if (status) ck_assert_int_eq(e.status, status);
        free(file);
    }
}
END_TEST

static kf_status parse_form(const kfi_header *h, kfi_header *back, unsigned form, unsigned major, unsigned minor)
{
    uint8_t file[FILE_SIZE] = { 0 };
    kf_error e;
    kfi_header_write(h, file);
    file[24] = KFI_FEATURE_NORMALISED;
    file[50] = (uint8_t)form;
    file[51] = (uint8_t)major;
    file[52] = (uint8_t)minor;
    fix_checksum(file);
    kf_status status = kfi_header_parse(back, file, h->file_size, &e);
    if (status) ck_assert_uint_ge(e.offset, 50);
    return status;
}

/* Any three bytes where the normal form is. */
START_TEST(header__normal_form)
{
    static const uint8_t good[] = { 1, 2, 3, 4, 5, 10, 11, 12, 13 };
    kfi_header h = example(), back;
    for (unsigned form = 0; form < 256; form++) {
        kf_status expected = form > 15 ? KF_UNSUPPORTED : KF_CORRUPT;
        for (size_t i = 0; i < sizeof good; i++) if (form == good[i]) expected = KF_OK;
        ck_assert_int_eq(parse_form(&h, &back, form, 13, 0), expected);
        if (!expected) ck_assert_uint_eq(back.normalise, form);
        ck_assert_int_eq(parse_form(&h, &back, form, 14, 0), expected ? expected : KF_UNSUPPORTED);
    }
    for (unsigned version = 0; version < 65536; version++)
        ck_assert_int_eq(parse_form(&h, &back, 3, version & 255, version >> 8),
                         version == 13 ? KF_OK : KF_UNSUPPORTED);
    h.normalise = KF_NORMALISE_CASE | KF_NORMALISE_NFC;
    uint8_t file[FILE_SIZE] = { 0 };
    kfi_header_write(&h, file);
    ck_assert_mem_eq(file + 24, "\x02\x00\x00\x00", 4);
    ck_assert_mem_eq(file + 50, "\x03\x0d\x00\x00\x00\x00", 6);
    ck_assert_int_eq(kfi_header_parse(&back, file, h.file_size, NULL), KF_OK);
    ck_assert_uint_eq(back.normalise, 3);
    file[53] = 1;
    fix_checksum(file);
    ck_assert_int_eq(kfi_header_parse(&back, file, h.file_size, NULL), KF_CORRUPT);
}
END_TEST

/* Random damage under a fitting checksum: whatever is accepted keeps the promises. */
START_TEST(header__accepted_is_sound)
{
    kfi_header h = example(), back;
    uint64_t x = 88172645463325252u, accepted = 0;
    uint8_t *file = calloc(1, 2048);
    for (int round = 0; round < 200000; round++) {
        kfi_header_write(&h, file);
        for (int i = 0; i < 1 + round % 3; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            file[128 + x % 128] = (uint8_t)(x >> 32 & x >> 40);
        }
        fix_checksum(file);
        if (kfi_header_parse(&back, file, h.file_size, NULL)) continue;
        accepted++;
        uint64_t end = back.header_size;
        for (uint32_t i = 0; i < back.section_count; i++) {
            ck_assert_uint_eq(back.sections[i].offset, end);
            ck_assert_uint_eq(end % 64, 0);
            end = kfi_section_next(end, back.sections[i].size);
            ck_assert_uint_le(end, h.file_size);
        }
        ck_assert_uint_eq(end, h.file_size);
    }
    ck_assert_uint_gt(accepted, 1000);
    ck_assert_uint_lt(accepted, 150000);
    free(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("header");
    TCase *c = tcase_create("header");
    tcase_add_test(c, header__size);
    tcase_add_test(c, header__round_trip);
    tcase_add_test(c, header__layout);
    tcase_add_test(c, header__build_id);
    tcase_add_test(c, header__cut_or_grown);
    tcase_add_test(c, header__every_bit);
    tcase_add_test(c, header__fields_refused);
    tcase_add_test(c, header__normal_form);
    tcase_add_test(c, header__accepted_is_sound);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
