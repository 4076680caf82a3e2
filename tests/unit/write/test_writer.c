#include "base/bits.h"
#include "base/file.h"
#include "base/hash.h"
#include "write/writer.h"
#include "read/frame.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>

static void set_up(void) { scratch_open(); }
static void tear_down(void)
{
    fault_off();
    fault_short_io(0);
    scratch_close();
}

static uint8_t *noise(size_t size)
{
    uint8_t *data = malloc(size + 1);
    uint64_t x = 88172645463325252u + size;
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        data[i] = (uint8_t)x;
    }
    return data;
}

enum { CONTENTS = 4 };
typedef struct content {
    uint8_t *data[CONTENTS];
    size_t size[CONTENTS];
} content;

static const kfi_section_type types[CONTENTS] = { KFI_SECTION_METADATA, KFI_SECTION_TOKENS,
    KFI_SECTION_TREE, KFI_SECTION_VALUES };

static content make_content(const size_t *size)
{
    content c;
    for (int i = 0; i < CONTENTS; i++) {
        c.size[i] = size[i];
        c.data[i] = noise(size[i]);
    }
    return c;
}

static void free_content(content *c)
{
    for (int i = 0; i < CONTENTS; i++) free(c->data[i]);
}

static kf_status write_section(kfi_writer *w, kfi_section_type type, const uint8_t *data,
                               size_t size, size_t step, int patch, kf_error *e)
{
    static const uint8_t junk[4096];
    kf_status status = kfi_writer_begin(w, type, e);
    /* With `patch`, the first bytes are wrong at first, and put right in two patches at the end. */
    size_t wrong = !patch ? 0 : size < 4096 ? size : 4096;
    for (size_t done = 0; done < size && !status; ) {
        size_t part = step < size - done ? step : size - done;
        if (done < wrong && part > wrong - done) part = wrong - done;
        status = kfi_writer_write(w, done < wrong ? junk : data + done, part, e);
        done += part;
    }
    if (!status && kfi_writer_position(w) != size) return KF_CORRUPT;
    if (patch && !status) status = kfi_writer_patch(w, wrong / 2, data + wrong / 2, wrong - wrong / 2, e);
    if (patch && !status) status = kfi_writer_patch(w, 0, data, wrong / 2, e);
    return status ? status : kfi_writer_end(w, e);
}

static kf_status write_file(const char *name, const content *c, size_t step, int patch,
                            kfi_header *header, kf_error *e)
{
    kfi_writer *w;
    memset(header, 0, sizeof *header);
    header->keys = 12345;
    header->longest_key = 17;
    header->raw_key_bytes = 99;
    kf_status status = kfi_writer_create(&w, scratch_path(name), CONTENTS + 1, e);
    for (int i = 0; i < CONTENTS && !status; i++)
        status = write_section(w, types[i], c->data[i], c->size[i], step, patch, e);
    if (!status) status = kfi_writer_finish(w, header, e);
    kfi_writer_destroy(&w);
    return status;
}

/* The whole file built a second time, from FORMAT's words alone. */
static uint8_t *model(const content *c, const kfi_header *given, size_t *size)
{
    uint8_t *file = calloc(1, 1 << 23);
    size_t at = 128 + 32 * (CONTENTS + 1);
    at = (at + 63) / 64 * 64;
    const size_t start = at;
    kfi_store32(file + 12, (uint32_t)start);
    for (int i = 0; i < CONTENTS; i++) {
        uint8_t *entry = file + 128 + 32 * i;
        kfi_store32(entry, (uint32_t)types[i]);
        kfi_store64(entry + 8, at);
        kfi_store64(entry + 16, c->size[i]);
        memcpy(file + at, c->data[i], c->size[i]);
        at = (at + c->size[i] + 63) / 64 * 64 + 64;
    }
    const size_t sums = at;
    for (size_t block = start; block < sums; block += 262144, at += 8)
        kfi_store64(file + at, XXH3_64bits(file + block, sums - block < 262144 ? sums - block : 262144));
    const size_t sums_size = at - sums;
    uint8_t *entry = file + 128 + 32 * CONTENTS;
    kfi_store32(entry, 6);
    kfi_store64(entry + 8, sums);
    kfi_store64(entry + 16, sums_size);
    at = (at + 63) / 64 * 64 + 64;

    memcpy(file, "\x89KFD\r\n\x1a\n\1", 9);
    kfi_store64(file + 16, at);
    kfi_store64(file + 32, given->keys);
    kfi_store32(file + 40, given->longest_key);
    kfi_store32(file + 44, CONTENTS + 1);
    kfi_store64(file + 56, given->raw_key_bytes);
    uint8_t *identity = malloc(start + sums_size);
    memcpy(identity, file, start);
    memcpy(identity + start, file + sums, sums_size);
    XXH128_hash_t id = XXH3_128bits(identity, start + sums_size);
    free(identity);
    kfi_store64(file + 88, id.low64);
    kfi_store64(file + 96, id.high64);
    kfi_store64(file + 120, XXH3_64bits(file, start));
    *size = at;
    return file;
}

static const size_t shapes[][CONTENTS] = {
    { 0, 0, 0, 0 }, { 1, 63, 64, 65 }, { 4095, 4096, 4097, 10000 },
    { 262144 - 320 - 64, 1, 1, 1 },        /* the first block ends with a section's pad */
    { 262144 - 320 - 65, 4096, 300000, 0 },
    { 262144 - 2000, 5000, 1, 700000 },    /* a patch that spans two blocks */
    { 262144 * 3, 262144, 0, 262144 * 5 + 1 },
    { 64, 0, 1500000, 2 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Byte for byte what the model says, whatever the size of the writes and with patches or without. */
static kf_status verify(const kfi_mapping *m, const kfi_header *header, kf_error *error)
{
    kf_status status = kfi_frame_verify_id(m, header, error);
    if (!status) status = kfi_frame_verify_blocks(m, header, 0, UINT64_MAX, error);
    return status ? status : kfi_frame_verify_pads(m, header, error);
}

START_TEST(writer__equals_model)
{
    static const size_t steps[] = { 1 << 30, 1, 997, 262144 };
    content c = make_content(shapes[_i]);
    size_t total = c.size[0] + c.size[1] + c.size[2] + c.size[3];
    for (int patch = 0; patch < 2; patch++)
        for (int s = 0; s < 4; s++) {
            if (steps[s] == 1 && total > 500000) continue;
            kfi_header header;
            kf_error e;
            ck_assert_int_eq(write_file("t", &c, steps[s], patch, &header, &e), KF_OK);
            size_t size, expected_size;
            uint8_t *file = scratch_read("t", &size);
            uint8_t *expected = model(&c, &header, &expected_size);
            ck_assert_uint_eq(size, expected_size);
            ck_assert(memcmp(file, expected, size) == 0);
            free(file);
            free(expected);

            kfi_mapping m;
            kfi_header back;
            uint8_t written[2][KFI_HEADER_SIZE + KFI_MAX_SECTIONS * KFI_SECTION_ENTRY_SIZE];
            ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("t"), 0, &e), KF_OK);
            ck_assert_int_eq(kfi_header_parse(&back, m.data, m.size, &e), KF_OK);
            /* As they are written: between their fields they may have anything. */
            kfi_header_write(&back, written[0]);
            kfi_header_write(&header, written[1]);
            ck_assert_uint_eq(back.header_size, header.header_size);
            ck_assert_mem_eq(written[0], written[1], header.header_size);
            ck_assert_int_eq(verify(&m, &back, &e), KF_OK);
            kfi_mapping_close(&m);
        }
    free_content(&c);
}
END_TEST

static int sound(const uint8_t *file, size_t size)
{
    kfi_header header;
    kf_error e = { .offset = 0 };
    kfi_mapping m = { .data = file, .size = size, .owned = 1 };
    if (kfi_header_parse(&header, file, size, &e)) return 0;
    kf_status status = verify(&m, &header, &e);
    if (status) {
        ck_assert_int_eq(status, KF_CORRUPT);
        ck_assert_uint_lt(e.offset, size);
    }
    return status == KF_OK;
}

/* Each bit of a file, flipped, is found. */
START_TEST(frame__every_bit)
{
    static const size_t size[CONTENTS] = { 100, 0, 2000, 65 };
    content c = make_content(size);
    kfi_header header;
    size_t bytes;
    ck_assert_int_eq(write_file("t", &c, 1000, 0, &header, NULL), KF_OK);
    uint8_t *file = scratch_read("t", &bytes);
    ck_assert(sound(file, bytes));
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_msg(!sound(file, bytes), "bit %zu of byte %zu", bit % 8, bit / 8);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert(sound(file, bytes));
    free(file);
    free_content(&c);
}
END_TEST

/* In a file of several blocks: a flip in each kilobyte and around every boundary. */
START_TEST(frame__many_blocks)
{
    content c = make_content(shapes[5]);
    kfi_header header;
    size_t bytes;
    ck_assert_int_eq(write_file("t", &c, 1 << 20, 1, &header, NULL), KF_OK);
    uint8_t *file = scratch_read("t", &bytes);
    for (size_t at = 0; at < bytes; at += 9973) {
        file[at] ^= 0x10;
        ck_assert(!sound(file, bytes));
        file[at] ^= 0x10;
    }
    for (size_t block = header.header_size; block < bytes; block += 262144)
        for (size_t at = block - 1; at <= block; at++) {
            file[at] ^= 1;
            ck_assert(!sound(file, bytes));
            file[at] ^= 1;
        }
    ck_assert(sound(file, bytes));
    free(file);
    free_content(&c);
}
END_TEST

/* Makes checksum, id and header of a one-block file fit its content. */
static void fix_frame(uint8_t *file, const kfi_header *header)
{
    kfi_header fixed = *header;
    const kfi_section *sums = &header->sections[CONTENTS];
    kfi_store64(file + sums->offset, XXH3_64bits(file + header->header_size,
                                                 sums->offset - header->header_size));
    kfi_header_build_id(&fixed, file + sums->offset, sums->size, fixed.build_id);
    kfi_header_write(&fixed, file);
}

/* Padding that is not zero is damage even if all checksums and the id were made to fit. */
START_TEST(frame__padding)
{
    static const size_t size[CONTENTS] = { 100, 0, 2000, 65 };
    content c = make_content(size);
    kfi_header header;
    size_t bytes;
    ck_assert_int_eq(write_file("t", &c, 1000, 0, &header, NULL), KF_OK);
    uint8_t *file = scratch_read("t", &bytes);
    size_t pads = 0;
    for (uint32_t i = 0; i <= CONTENTS; i++)
        for (uint64_t at = header.sections[i].offset + header.sections[i].size;
             at < kfi_section_next(header.sections[i].offset, header.sections[i].size); at++, pads++) {
            file[at] = 1;
            fix_frame(file, &header);
            ck_assert(!sound(file, bytes));
            file[at] = 0;
            fix_frame(file, &header);
            ck_assert(sound(file, bytes));
        }
    ck_assert_uint_gt(pads, 5 * 64);
    free(file);
    free_content(&c);
}
END_TEST

START_TEST(writer__misuse)
{
    kfi_writer *w;
    kfi_header header = { 0 };
    kf_error e;
    fault_mark();
    int files = fault_open_files();
    ck_assert_int_eq(kfi_writer_create(&w, scratch_path("t"), 0, &e), KF_INVALID);
    ck_assert_ptr_null(w);
    ck_assert_int_eq(kfi_writer_create(&w, scratch_path("t"), KFI_MAX_SECTIONS + 1, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_create(&w, scratch_path("absent/t"), 2, &e), KF_IO);
    ck_assert_ptr_null(w);
    ck_assert_int_eq(kfi_writer_create(&w, scratch_path("t"), 2, &e), KF_OK);
    ck_assert_uint_eq(kfi_writer_position(w), 0);
    ck_assert_int_eq(kfi_writer_write(w, "x", 1, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_end(w, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_patch(w, 0, "x", 1, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_finish(w, &header, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_begin(w, KFI_SECTION_CHECKSUMS, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_begin(w, KFI_SECTION_TREE, &e), KF_OK);
    ck_assert_int_eq(kfi_writer_begin(w, KFI_SECTION_TREE, &e), KF_INVALID);
    uint8_t data[5000] = { 0 };
    ck_assert_int_eq(kfi_writer_write(w, data, 10, &e), KF_OK);
    ck_assert_int_eq(kfi_writer_patch(w, 5, "123456", 6, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_write(w, data, 5000, &e), KF_OK);
    ck_assert_int_eq(kfi_writer_patch(w, 4095, "12", 2, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_patch(w, UINT64_MAX, "12", 2, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_patch(w, 4094, "12", 2, &e), KF_OK);
    ck_assert_int_eq(kfi_writer_finish(w, &header, &e), KF_INVALID);
    ck_assert_int_eq(kfi_writer_end(w, &e), KF_OK);
    ck_assert_int_eq(kfi_writer_begin(w, KFI_SECTION_VALUES, &e), KF_INVALID);
    kfi_writer_destroy(&w);
    ck_assert_ptr_null(w);
    kfi_writer_destroy(&w);
    kfi_writer_destroy(NULL);
    ck_assert_int_eq(scratch_count(), 0);
    ck_assert_int_eq(fault_live(), 0);
    ck_assert_int_eq(fault_open_files(), files);
}
END_TEST

START_TEST(writer__every_call_fails)
{
    /* The second's patch lies in the file, in two blocks. */
    static const size_t size[CONTENTS] = { 2095900, 5000, 100, 270000 };
    content c = make_content(size);
    int files = fault_open_files(), failures = 0;
    for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
        for (uint64_t n = 1; ; n++) {
            kfi_header header;
            kf_error e;
            scratch_write("t", "old", 3);
            fault_mark();
            fault_arm(FAULT_ALLOC | FAULT_WRITE | FAULT_READ, n, ENOSPC, mode);
            kf_status status = write_file("t", &c, 50000, 1, &header, &e);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(fault_open_files(), files);
            ck_assert_int_eq(scratch_count(), 1);
            size_t got;
            uint8_t *file = scratch_read("t", &got);
            if (status) {
                failures++;
                ck_assert(fired && (status == KF_NO_SPACE || status == KF_NO_MEMORY));
                ck_assert_int_eq(e.status, status);
                ck_assert(got == 3 && memcmp(file, "old", 3) == 0);
            } else {
                ck_assert(sound(file, got));
            }
            free(file);
            if (!fired) break;
        }
    ck_assert_int_gt(failures, 20);
    free_content(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer");
    TCase *c = tcase_create("writer");
    tcase_add_checked_fixture(c, set_up, tear_down);
    suite_add_cases(c, writer__equals_model, 0, SHAPES);
    tcase_add_test(c, frame__every_bit);
    tcase_add_test(c, frame__many_blocks);
    tcase_add_test(c, frame__padding);
    tcase_add_test(c, writer__misuse);
    tcase_add_test(c, writer__every_call_fails);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
