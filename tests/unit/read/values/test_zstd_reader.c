/* Columns of zstd blocks, made by hand: sizes that lie. A frame of raw blocks is as long as it says, so that whoever
 * believes a frame size reads just so far; what lies behind the column can be read here, and only the status tells. */
#include "base/varint.h"
#include "format/column.h"
#include "read/values/column_reader.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>

enum { SIZE = 5000, BEHIND = 1 << 15 };

static uint8_t section[KFI_COLUMN_HEADER_SIZE + 64 + SIZE + BEHIND];

static size_t put(size_t at, const void *bytes, size_t size)
{
    memcpy(section + at, bytes, size);
    return at + size;
}

/* A frame of one raw block of SIZE bytes, of which `kept` are there. */
static size_t put_frame(size_t at, size_t kept)
{
    static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x60 };   /* one segment, its size in two bytes */
    uint8_t head[5];
    kfi_store16(head, SIZE - 256);
    head[2] = (uint8_t)(1 | SIZE << 3);
    head[3] = (uint8_t)(SIZE >> 5);
    head[4] = (uint8_t)(SIZE >> 13);
    at = put(at, magic, sizeof magic);
    at = put(at, head, sizeof head);
    for (size_t i = 0; i < kept; i++) section[at + i] = (uint8_t)(i * 7);
    return at + kept;
}

enum { FRAME = 10 + SIZE };

static uint64_t largest = SIZE + 1;   /* what the column's header says of its contents */

/* A column of one value in one block, whose frame says so many bytes; `kept` bytes of it are in the column. Returns
 * the section's size. */
static uint64_t make(uint64_t content_size, uint64_t frame_size, size_t kept)
{
    kfi_column_header header = { .layout = KFI_LAYOUT_ZSTD, .value_type = KF_VALUES_BYTES, .per_block = 1, .values = 1,
                                 .data_offset = KFI_COLUMN_HEADER_SIZE + 16, .largest_content = largest };
    memset(section, 0x5a, sizeof section);
    memset(section, 0, KFI_COLUMN_HEADER_SIZE + 16);
    size_t at = header.data_offset;
    at += kfi_varint_write(section + at, content_size);
    at += kfi_varint_write(section + at, frame_size);
    at = put_frame(at, kept);
    header.data_size = at - header.data_offset;
    /* The block's place: entry 0 of a directory of zeros, 0 bits wide. */
    header.codes = (kfi_packed_descriptor){ KFI_COLUMN_HEADER_SIZE + 8, 8, KFI_COLUMN_HEADER_SIZE, 1 };
    kfi_column_header_write(&header, section);
    return at;
}

static kf_status read_value(uint64_t content_size, uint64_t frame_size, size_t kept, kf_bytes *value)
{
    static kf_buffer buffer;
    kfi_column *column = NULL;
    uint64_t size = make(content_size, frame_size, kept);
    ck_assert_int_eq(kfi_column_open(&column, section, size, KF_VALUES_BYTES, 1, NULL), KF_OK);
    kf_status status = kfi_column_bytes(column, 0, NULL, &buffer, value);
    kf_status verified = kfi_column_verify(column, &(kfi_progress){ 0 }, NULL);
    kfi_column_close(&column);
    ck_assert_int_eq(verified, status);
    return status;
}

START_TEST(frame__as_it_should_be)
{
    kf_bytes value;
    ck_assert_int_eq(read_value(SIZE, FRAME, SIZE, &value), KF_OK);
    ck_assert_uint_eq(value.size, SIZE);
    for (size_t i = 0; i < SIZE; i++) ck_assert_uint_eq(value.data[i], (uint8_t)(i * 7));
}
END_TEST

START_TEST(frame__size_beyond_the_column)
{
    kf_bytes value;
    for (size_t kept = 0; kept < SIZE; kept += 1 + kept / 3)
        ck_assert_int_eq(read_value(SIZE, FRAME, kept, &value), KF_CORRUPT);
    ck_assert_int_eq(read_value(SIZE, FRAME, SIZE - 1, &value), KF_CORRUPT);
    ck_assert_int_eq(read_value(SIZE, FRAME + 1, SIZE, &value), KF_CORRUPT);
    ck_assert_int_eq(read_value(SIZE, UINT64_MAX, SIZE, &value), KF_CORRUPT);
}
END_TEST

START_TEST(content__of_another_size)
{
    static const uint64_t sizes[] = { 0, 1, SIZE - 1, SIZE + 1, SIZE + 2, 1 << 20, UINT64_MAX };
    kf_bytes value;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ck_assert_int_eq(read_value(sizes[i], FRAME, SIZE, &value), KF_CORRUPT);
}
END_TEST

/* Large ones are unpacked as far as there is something: what they claim is not believed. */
START_TEST(content__larger_than_a_piece)
{
    kf_bytes value;
    const uint64_t claimed = 3 * KFI_COLUMN_STREAMED;
    largest = UINT32_MAX;
    ck_assert_int_eq(read_value(claimed, FRAME, SIZE, &value), KF_CORRUPT);        /* it ends early */
    ck_assert_int_eq(read_value(claimed, 0, SIZE - 1, &value), KF_CORRUPT);        /* it does not end */
    ck_assert_int_eq(read_value(claimed, 0, 0, &value), KF_CORRUPT);
    ck_assert_int_eq(read_value(claimed, 3, SIZE, &value), KF_CORRUPT);            /* it is no frame */
    const uint64_t size = make(claimed, FRAME, SIZE);
    section[KFI_COLUMN_HEADER_SIZE + 16 + 8] ^= 0xff;
    for (unsigned fails = 0; fails < 3; fails++) {   /* the buffer, zstd */
        kf_buffer buffer = KF_BUFFER_INIT;
        kfi_column *column;
        uint64_t number;
        ck_assert_int_eq(kfi_column_open(&column, section, size, KF_VALUES_BYTES, 1, NULL), KF_OK);
        ck_assert_int_eq(kfi_column_u64(column, 0, &number), KF_TYPE);
        fault_arm(FAULT_ALLOC, fails, ENOMEM, FAULT_FROM);
        const kf_status status = kfi_column_bytes(column, 0, NULL, &buffer, &value);
        fault_off();
        ck_assert_int_eq(status, fails ? KF_NO_MEMORY : KF_CORRUPT);
        kf_buffer_free(&buffer);
        kfi_column_close(&column);
    }
    kfi_column_close(NULL);
    kfi_column_cursor_destroy(NULL);
    largest = SIZE + 1;
}
END_TEST

/* A column that ends within the numbers before a frame. */
START_TEST(frame__cut_before_it)
{
    const size_t at = KFI_COLUMN_HEADER_SIZE + 16;
    for (unsigned kept = 1; kept < 4; kept++) {
        kfi_column *column;
        kf_bytes value;
        kf_buffer buffer = KF_BUFFER_INIT;
        make(SIZE, FRAME, SIZE);
        memset(section + at, 0x80, kept);
        if (kept == 3) section[at] = 1;
        kfi_store64(section + 32, kept);
        ck_assert_int_eq(kfi_column_open(&column, section, at + kept, KF_VALUES_BYTES, 1, NULL), KF_OK);
        ck_assert_int_eq(kfi_column_bytes(column, 0, NULL, &buffer, &value), KF_CORRUPT);
        kfi_column_close(&column);
        kf_buffer_free(&buffer);
    }
}
END_TEST

/* A block of a few bytes. */
static size_t put_block(size_t at, const char *content, size_t size)
{
    const uint8_t head[] = { (uint8_t)size, (uint8_t)(9 + size), 0x28, 0xb5, 0x2f, 0xfd, 0x20, (uint8_t)size,
                             (uint8_t)(1 | size << 3), 0, 0 };
    return put(put(at, head, sizeof head), content, size);
}

/* A value with a block of its own, whose place is wrong: it lies between the blocks before and after it, 127 and 128,
 * of which the directory has an entry each. */
START_TEST(large__out_of_place)
{
    enum { BLOCKS = KFI_PACKED_BLOCK + 1, DATA = KFI_COLUMN_HEADER_SIZE + 32 };
    kfi_column_header header = { .layout = KFI_LAYOUT_ZSTD, .value_type = KF_VALUES_BYTES, .per_block = 2,
                                 .values = 2 * BLOCKS, .data_offset = DATA, .largest_content = largest };
    char content[10] = { 1, 0 };   /* of sizes 8, which is a place, and 0 */
    kf_buffer buffer = KF_BUFFER_INIT;
    kfi_column *column;
    kf_bytes value;
    memset(section, 0, sizeof section);
    const size_t before = put_block(DATA, "first", 5), large = put_block(before, "\2\2xy", 4);
    const size_t block = put_block(large, "large", 5), end = put_block(block, content, sizeof content);
    header.data_size = end - DATA;
    header.codes = (kfi_packed_descriptor){ KFI_COLUMN_HEADER_SIZE + 16, 16, KFI_COLUMN_HEADER_SIZE, 8 };
    kfi_column_header_write(&header, section);
    kfi_store64(section + KFI_COLUMN_HEADER_SIZE + 8, 8 << 17);
    kfi_store64(section + KFI_COLUMN_HEADER_SIZE + 16, before - DATA);
    kfi_store64(section + KFI_COLUMN_HEADER_SIZE + 24, block - DATA);
    ck_assert_int_eq(kfi_column_open(&column, section, end, KF_VALUES_BYTES, 2 * BLOCKS, NULL), KF_OK);
    const size_t places[] = { large, DATA, block, large };
    for (unsigned i = 0; i < 4; i++) {
        kfi_store64((uint8_t *)content + 2, places[i] - DATA);
        put_block(block, content, sizeof content);
        if (i == 3) section[KFI_COLUMN_HEADER_SIZE] = 127;   /* bits of a place: where the block before is */
        kf_status status = kfi_column_bytes(column, 2 * BLOCKS - 2, NULL, &buffer, &value);
        ck_assert_int_eq(status, i ? KF_CORRUPT : KF_OK);
        if (!i) ck_assert(value.size == 5 && !memcmp(value.data, "large", 5));
        ck_assert_int_eq(kfi_column_bytes(column, 2 * BLOCKS - 1, NULL, &buffer, &value), KF_OK);
        ck_assert_uint_eq(value.size, 0);
    }
    kfi_column_close(&column);
    kf_buffer_free(&buffer);
}
END_TEST

/* Opens a column with a dictionary. */
static kf_status open_with(const char *dictionary, size_t size, kf_error *error)
{
    kfi_column *column = NULL;
    const uint64_t total = make(SIZE, FRAME, SIZE), offset = KFI_COLUMN_HEADER_SIZE + 16;
    memcpy(section + offset, dictionary, size);
    kfi_store64(section + 40, offset);
    kfi_store64(section + 48, size);
    kf_status status = kfi_column_open(&column, section, total, KF_VALUES_BYTES, 1, error);
    kfi_column_close(&column);
    return status;
}

START_TEST(dictionary__unusable_or_without_memory)
{
    static const char content[] = "any content is a dictionary", bad[] = "\x37\xa4\x30\xec but no tables";
    kf_error error;
    ck_assert_int_eq(open_with(content, sizeof content, &error), KF_OK);
    ck_assert_int_eq(open_with(bad, sizeof bad, &error), KF_CORRUPT);
    uint64_t failed = 0;
    for (int fired = 1; fired; failed += (uint64_t)fired) {
        fault_mark();
        fault_arm(FAULT_ALLOC, failed + 1, ENOMEM, FAULT_ONCE);
        const kf_status status = open_with(content, sizeof content, &error);
        fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
    }
    ck_assert_uint_ge(failed, 2);      /* the column, and zstd's */
}
END_TEST

/* A process that has not read a block yet has no context to ask with. */
START_TEST(dictionary__and_no_context)
{
    static const char content[] = "any content is a dictionary";
    kf_error error;
    fault_arm(FAULT_ALLOC, 2, ENOMEM, FAULT_FROM);
    const kf_status status = open_with(content, sizeof content, &error);
    fault_off();
    ck_assert_int_eq(status, KF_NO_MEMORY);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("zstd_reader");
    TCase *t = tcase_create("zstd_reader");
    tcase_add_test(t, dictionary__and_no_context);
    tcase_add_test(t, frame__as_it_should_be);
    tcase_add_test(t, frame__size_beyond_the_column);
    tcase_add_test(t, content__of_another_size);
    tcase_add_test(t, content__larger_than_a_piece);
    tcase_add_test(t, frame__cut_before_it);
    tcase_add_test(t, large__out_of_place);
    tcase_add_test(t, dictionary__unusable_or_without_memory);
    suite_add_tcase(s, t);
    return suite_run(s);
}
