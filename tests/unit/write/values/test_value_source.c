/* Reading spooled values back: whole, in pieces, by samples; and what was read for the last time is given back to the
 * disk. */
#include "write/values/column_writer_parts.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>

enum { VALUES = 200, LARGE = 150000 };

static kf_error error;
static uint8_t room[LARGE];

static kf_bytes value_of(unsigned i)
{
    size_t size = i % 3 == 0 ? LARGE - i : i % 3 == 1 ? i : 127 + i % 2;
    memset(room, (int)(i & 0xff), size);
    return (kf_bytes){ room, size };
}

static kfi_column_builder *make_values(kfi_disk_account *account)
{
    kfi_column_builder *builder;
    kfi_column_options options = { .type = KF_VALUES_BYTES, .encoding = KF_ENCODING_RAW, .memory = 1 << 20,
                                   .folder = scratch, .account = account };
    ck_assert_int_eq(kfi_column_builder_create(&builder, &options, &error), KF_OK);
    for (unsigned i = 0; i < VALUES; i++)
        ck_assert_int_eq(kfi_column_builder_add(builder, value_of(i), &error), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(builder->spool, &error), KF_OK);
    return builder;
}

static void read_all(kfi_value_source *source)
{
    kfi_array scratch_value = { NULL, 0, 0 };
    ck_assert_uint_eq(source->count, VALUES);
    for (unsigned i = 0; i < VALUES; i++) {
        kf_bytes value;
        ck_assert_int_eq(kfi_source_value(source, &scratch_value, &value, &error), KF_OK);
        kf_bytes want = value_of(i);
        ck_assert(value.size == want.size && !memcmp(value.data, want.data, want.size));
    }
    kfi_array_free(&scratch_value);
    kfi_source_close(source);
}

static int can_punch(void)
{
    static uint8_t data[1 << 16];
    int fd = open(scratch_path("hole"), O_RDWR | O_CREAT, 0600);
    ssize_t written = write(fd, data, sizeof data);
    uint64_t freed = kfi_hole_punch(fd, 0, sizeof data);
    close(fd);
    return written == (ssize_t)sizeof data && freed;
}

START_TEST(source__gives_back)
{
    kfi_disk_account account = { 0, 0 };
    kfi_value_source source;
    kfi_column_builder *builder = make_values(&account);
    const uint64_t before = account.now;
    ck_assert_uint_gt(before, 9 << 20);
    ck_assert_int_eq(kfi_source_open_spool(&source, builder, &error), KF_OK);
    read_all(&source);
    ck_assert_uint_eq(account.now, before);
    ck_assert_int_eq(kfi_source_open_last(&source, builder, &error), KF_OK);
    read_all(&source);
    if (can_punch()) {
        ck_assert_uint_lt(account.now, before - (8 << 20) + LARGE);
        ck_assert_uint_gt(account.now, before / 100);      /* not what was still to be read */
    }
    kfi_column_builder_destroy(&builder);
    ck_assert_uint_eq(account.now, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value_source");
    TCase *all = tcase_create("value_source");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, source__gives_back);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
