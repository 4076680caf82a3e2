#include "base/array.h"
#include "base/bits.h"
#include "base/error.h"
#include "base/file.h"
#include "base/varint.h"

#include "fault.h"
#include "random.h"
#include "scratch.h"
#include "suite.h"

#include <keyfold/dict.h>

#include <errno.h>
#include <sys/stat.h>

static void set_up(void) { scratch_open(); }
static void tear_down(void)
{
    fault_off();
    fault_short_io(0);
    fault_refuse_nameless(0);
    scratch_close();
}

/* ---- errors --------------------------------------------------------------------------------- */

START_TEST(error__fields)
{
    kf_error e;
    ck_assert_int_eq(kfi_fail(&e, KF_LIMIT, "number %d", 7), KF_LIMIT);
    ck_assert_int_eq(e.status, KF_LIMIT);
    ck_assert_str_eq(e.message, "number 7");
    ck_assert_int_eq(e.os_error, 0);
    ck_assert_uint_eq(e.offset, UINT64_MAX);
    ck_assert_uint_eq(e.key_size, 0);

    ck_assert_int_eq(kfi_fail_at(&e, KF_CORRUPT, 77, "here"), KF_CORRUPT);
    ck_assert_uint_eq(e.offset, 77);

    ck_assert_int_eq(kfi_fail_errno(&e, EACCES, "cannot open '%s'", "x"), KF_IO);
    ck_assert_str_eq(e.message, "cannot open 'x': Permission denied");
    ck_assert_int_eq(e.os_error, EACCES);
    ck_assert_int_eq(kfi_fail_errno(&e, ENOSPC, "w"), KF_NO_SPACE);
    ck_assert_int_eq(kfi_fail_errno(&e, EDQUOT, "w"), KF_NO_SPACE);
    ck_assert_int_eq(kfi_fail_errno(&e, EFBIG, "w"), KF_NO_SPACE);
    ck_assert_int_eq(kfi_fail_errno(&e, ENOMEM, "w"), KF_NO_MEMORY);
    ck_assert_int_eq(e.status, KF_NO_MEMORY);

    uint8_t key[100];
    memset(key, 'k', sizeof key);
    ck_assert_int_eq(kfi_fail_key(&e, KF_DUPLICATE, (kf_bytes){ key, 100 }, "twice"), KF_DUPLICATE);
    ck_assert_uint_eq(e.key_size, 100);
    ck_assert_mem_eq(e.key, key, sizeof e.key);
    ck_assert_int_eq(kfi_fail_key(&e, KF_DUPLICATE, (kf_bytes){ NULL, 0 }, "empty"), KF_DUPLICATE);
    ck_assert_uint_eq(e.key_size, 0);
    ck_assert_uint_eq(e.key[0], 0);
}
END_TEST

START_TEST(error__null_and_long)
{
    ck_assert_int_eq(kfi_fail(NULL, KF_IO, "x"), KF_IO);
    ck_assert_int_eq(kfi_fail_errno(NULL, ENOSPC, "x"), KF_NO_SPACE);
    ck_assert_int_eq(kfi_fail_at(NULL, KF_CORRUPT, 1, "x"), KF_CORRUPT);
    ck_assert_int_eq(kfi_fail_key(NULL, KF_DUPLICATE, (kf_bytes){ NULL, 0 }, "x"), KF_DUPLICATE);
    ck_assert_int_eq(kfi_fail_memory(NULL, 9), KF_NO_MEMORY);

    kf_error e;
    char text[1000], reason[8];
    memset(text, 'a', sizeof text);
    text[999] = '\0';
    kfi_fail_errno(&e, EIO, "%s", text);
    ck_assert_uint_eq(strlen(e.message), sizeof e.message - 1);
    kfi_fail_errno(&e, EIO, "%.250s", text);
    snprintf(reason, sizeof reason, ": %.3s", strerror(EIO));
    ck_assert_str_eq(e.message + 250, reason);
}
END_TEST

START_TEST(status__names)
{
    for (int a = KF_OK; a <= KF_REPLACED; a++)
        for (int b = KF_OK; b < a; b++)
            ck_assert_str_ne(kf_status_name((kf_status)a), kf_status_name((kf_status)b));
    ck_assert_str_eq(kf_status_name((kf_status)999), "unknown status");
    ck_assert_str_eq(kf_status_name((kf_status)-1), "unknown status");
    ck_assert_str_eq(kf_library_version(), "0.1.0");
}
END_TEST

/* ---- arrays --------------------------------------------------------------------------------- */

/* All of it, nothing beside it, nothing of NULL. */
START_TEST(copy__exact)
{
    uint8_t to[64], wanted[64];
    for (size_t size = 0; size <= 40; size++) {
        uint8_t *from = malloc(size + 1);   /* ASan sees what is read too much */
        memset(wanted, 0xEE, sizeof wanted);
        memset(to, 0xEE, sizeof to);
        for (size_t i = 0; i < size; i++) from[1 + i] = wanted[9 + i] = (uint8_t)(random_below(256));
        kfi_copy(to + 9, from + 1, size);
        ck_assert(!memcmp(to, wanted, sizeof to));
        free(from);
    }
    kfi_copy(to, NULL, 0);
    ck_assert(!memcmp(to, wanted, sizeof to));
}
END_TEST

START_TEST(array__append)
{
    kfi_array a = { NULL, 0, 0 };
    fault_mark();
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t byte = (uint8_t)(i * 7);
        ck_assert_int_eq(kfi_array_append(&a, &byte, 1, NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_array_append(&a, NULL, 0, NULL), KF_OK);
    ck_assert_uint_eq(a.size, 10000);
    for (unsigned i = 0; i < 10000; i++) ck_assert_uint_eq(a.data[i], (uint8_t)(i * 7));
    ck_assert_int_eq(kfi_array_reserve(&a, 50000, NULL), KF_OK);
    ck_assert_uint_eq(a.size, 10000);
    ck_assert_uint_ge(a.capacity, 60000);

    kf_error e;
    ck_assert_int_eq(kfi_array_reserve(&a, SIZE_MAX, &e), KF_NO_MEMORY);
    ck_assert_int_eq(kfi_array_reserve(&a, SIZE_MAX - 10000, &e), KF_NO_MEMORY);
    fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_FROM);
    ck_assert_int_eq(kfi_array_reserve(&a, 1 << 20, &e), KF_NO_MEMORY);
    fault_off();
    ck_assert_int_eq(e.status, KF_NO_MEMORY);
    ck_assert_uint_eq(a.size, 10000);
    ck_assert_uint_eq(a.data[9999], (uint8_t)(9999 * 7));
    /* When growing by half fails, growing by what is needed may still do. */
    fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_ONCE);
    ck_assert_int_eq(kfi_array_reserve(&a, a.capacity - a.size + 1, &e), KF_OK);
    fault_off();
    kfi_array_free(&a);
    ck_assert_ptr_null(a.data);
    ck_assert_uint_eq(a.size + a.capacity, 0);
    kfi_array_free(&a);
    ck_assert_int_eq(fault_live(), 0);
}
END_TEST

START_TEST(buffer__reserve)
{
    kf_buffer b = KF_BUFFER_INIT;
    fault_mark();
    ck_assert_int_eq(kfi_buffer_reserve(&b, 0, 0), KF_OK);
    ck_assert_int_eq(kfi_buffer_reserve(&b, 10, 0), KF_OK);
    ck_assert_uint_ge(b.capacity, 10);
    memcpy(b.data, "0123456789", 10);
    ck_assert_int_eq(kfi_buffer_reserve(&b, 100000, 10), KF_OK);
    ck_assert_mem_eq(b.data, "0123456789", 10);
    uint8_t *same = b.data;
    ck_assert_int_eq(kfi_buffer_reserve(&b, 99999, 0), KF_OK);
    ck_assert_ptr_eq(b.data, same);
    for (size_t keep = 0; keep < 2; keep++) {
        fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_FROM);
        ck_assert_int_eq(kfi_buffer_reserve(&b, 1 << 20, keep), KF_NO_MEMORY);
        fault_off();
        ck_assert_ptr_eq(b.data, same);
    }
    ck_assert_int_eq(kfi_buffer_reserve(&b, 1 << 20, 0), KF_OK);
    b.data[(1 << 20) - 1] = 1;
    kf_buffer_free(&b);
    ck_assert_ptr_null(b.data);
    kf_buffer_free(&b);
    kf_buffer_free(NULL);
    ck_assert_int_eq(fault_live(), 0);
}
END_TEST

/* ---- mapping -------------------------------------------------------------------------------- */

static const uint32_t ways[] = { 0, KF_OPEN_IN_MEMORY, KF_OPEN_POPULATE, KF_OPEN_RANDOM,
    KF_OPEN_HUGE, KF_OPEN_POPULATE | KF_OPEN_HUGE | KF_OPEN_RANDOM,
    KF_OPEN_IN_MEMORY | KF_OPEN_HUGE | KF_OPEN_POPULATE, KF_OPEN_LOCK };
enum { WAYS = sizeof ways / sizeof ways[0] };

START_TEST(mapping__content)
{
    uint8_t data[10000];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * i >> 3);
    scratch_write("f", data, sizeof data);
    scratch_write("empty", data, 0);
    for (unsigned i = 0; i < WAYS; i++) {
        kfi_mapping m;
        kf_error e;
        fault_short_io(i % 2 ? 777 : 0);
        ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("f"), ways[i], &e), KF_OK);
        ck_assert_uint_eq(m.size, sizeof data);
        ck_assert_mem_eq(m.data, data, sizeof data);
        ck_assert_int_eq(m.owned, (ways[i] & KF_OPEN_IN_MEMORY) != 0);
        kfi_mapping_close(&m);
        ck_assert_ptr_null(m.data);
        kfi_mapping_close(&m);
        ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("empty"), ways[i], &e), KF_OK);
        ck_assert_uint_eq(m.size, 0);
        ck_assert_ptr_nonnull(m.data);
        kfi_mapping_close(&m);
    }
}
END_TEST

/* In memory means: what happens to the file later does not matter. */
START_TEST(mapping__in_memory_survives_truncation)
{
    uint8_t data[9000];
    memset(data, 'x', sizeof data);
    scratch_write("f", data, sizeof data);
    kfi_mapping m;
    ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("f"), KF_OPEN_IN_MEMORY, NULL), KF_OK);
    ck_assert_int_eq(truncate(scratch_path("f"), 0), 0);
    ck_assert_mem_eq(m.data, data, sizeof data);
    kfi_mapping_close(&m);
}
END_TEST

START_TEST(mapping__refuses)
{
    kfi_mapping m;
    kf_error e;
    int files = fault_open_files();
    ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("absent"), 0, &e), KF_IO);
    ck_assert_int_eq(e.os_error, ENOENT);
    ck_assert_ptr_nonnull(strstr(e.message, "absent"));
    ck_assert_int_eq(kfi_mapping_open(&m, scratch, 0, &e), KF_FORMAT);
    ck_assert_int_eq(kfi_mapping_open(&m, "/dev/null", 0, &e), KF_FORMAT);
    /* Nobody writes into the pipe: opening must not wait. */
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("pipe"), 0, &e), KF_FORMAT);
    ck_assert_int_eq(fault_open_files(), files);
}
END_TEST

START_TEST(mapping__as_large_as_32_bits_map)
{
    if (sizeof(size_t) > 4) return;
    scratch_write("f", "", 0);
    kfi_mapping m;
    kf_error e;
    ck_assert_int_eq(truncate(scratch_path("f"), (off_t)3 << 29), 0);
    ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("f"), 0, &e), KF_OK);
    ck_assert_uint_eq(m.size, 3u << 29);
    ck_assert_uint_eq(m.data[m.size - 1], 0);
    kfi_mapping_close(&m);
    for (unsigned i = 0; i < WAYS; i++)
        for (off_t size = (off_t)1 << 31; size <= (off_t)1 << 33; size *= 4) {
            ck_assert_int_eq(truncate(scratch_path("f"), size), 0);
            ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("f"), ways[i], &e), KF_NO_MEMORY);
            ck_assert_ptr_nonnull(strstr(e.message, "larger than the address space"));
        }
}
END_TEST

START_TEST(mapping__every_call_fails)
{
    char data[5000] = "content";
    scratch_write("f", data, sizeof data);
    int files = fault_open_files();
    for (unsigned i = 0; i < WAYS; i++)
        for (uint64_t n = 1; ; n++) {
            kfi_mapping m;
            kf_error e;
            fault_arm(FAULT_ALL & ~FAULT_CLOSE, n, EIO, FAULT_ONCE);
            kf_status status = kfi_mapping_open(&m, scratch_path("f"), ways[i], &e);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(status, fired ? KF_IO : KF_OK);
            if (fired) ck_assert_int_eq(e.status, KF_IO);
            kfi_mapping_close(&m);
            ck_assert_int_eq(fault_open_files(), files);
            if (!fired) break;
        }
    /* A signal is no failure. */
    for (uint64_t n = 1; n <= 3; n += 2) {
        kfi_mapping m;
        fault_arm(n == 1 ? FAULT_OPEN : FAULT_READ, 1, EINTR, FAULT_ONCE);
        ck_assert_int_eq(kfi_mapping_open(&m, scratch_path("f"), KF_OPEN_IN_MEMORY, NULL), KF_OK);
        ck_assert_int_eq(fault_fired(), 1);
        ck_assert_mem_eq(m.data, data, sizeof data);
        kfi_mapping_close(&m);
    }
}
END_TEST

/* ---- spools --------------------------------------------------------------------------------- */

static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, 1u << 31, UINT32_MAX,
    1ull << 56, (1ull << 63) - 1, 1ull << 63, UINT64_MAX };
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static kf_status fill_spool(kfi_spool **out, size_t buffer, kfi_disk_account *account,
                            const uint8_t *data, kf_error *e)
{
    kf_status status = kfi_spool_create(out, scratch, buffer, account, e);
    for (size_t size = 0; size < 200 && !status; size++) {
        status = kfi_spool_write_varint(*out, size, e);
        if (!status) status = kfi_spool_write(*out, data, size, e);
        if (!status) status = kfi_spool_write_varint(*out, numbers[size % NUMBERS], e);
    }
    return status ? status : kfi_spool_finish(*out, e);
}

static kf_status check_spool(const kfi_spool *spool, size_t buffer, const uint8_t *data, kf_error *e)
{
    kfi_spool_reader *r;
    kf_status status = kfi_spool_reader_create(&r, spool, 0, buffer, e);
    if (status) return status;
    for (uint64_t size = 0; size < 200; size++) {
        uint64_t n;
        const uint8_t *p;
        status = kfi_spool_reader_varint(r, &n, e);
        if (status) goto out;
        ck_assert_uint_eq(n, size);
        status = kfi_spool_reader_take(r, (size_t)size, &p, e);
        if (status) goto out;
        if (size) ck_assert_mem_eq(p, data, size);
        status = kfi_spool_reader_varint(r, &n, e);
        if (status) goto out;
        ck_assert_uint_eq(n, numbers[size % NUMBERS]);
    }
    uint64_t n = 99;
    const uint8_t *p = data;
    ck_assert_int_eq(kfi_spool_reader_take(r, 0, &p, e), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_take(r, 1, &p, e), KF_END);
    ck_assert_int_eq(kfi_spool_reader_varint(r, &n, e), KF_END);
    ck_assert_uint_eq(n, 99);
out:
    kfi_spool_reader_destroy(&r);
    ck_assert_ptr_null(r);
    return status;
}

START_TEST(spool__round_trip)
{
    uint8_t data[200];
    random_bytes(data, sizeof data);
    static const size_t buffers[] = { 0, 16, 17, 64, 100, 4096, 1 << 20 };
    fault_mark();
    int files = fault_open_files();
    for (int named = 0; named < 2; named++)
        for (int w = 0; w < 7; w++)
            for (int shortened = 0; shortened < 2; shortened++) {
                kfi_disk_account account = { 1000, 1000 };
                kfi_spool *s;
                kf_error e;
                fault_refuse_nameless(named);
                fault_short_io(shortened ? 13 : 0);
                ck_assert_int_eq(fill_spool(&s, buffers[w], &account, data, &e), KF_OK);
                ck_assert_int_eq(scratch_count(), 0);
                const int is_file = kfi_spool_size(s) > buffers[w];     /* what fits the buffer stays there */
                ck_assert_uint_eq(account.now, 1000 + (is_file ? kfi_spool_size(s) : 0));
                ck_assert_uint_eq(account.peak, account.now);
                for (int r = 0; r < 7; r++)
                    ck_assert_int_eq(check_spool(s, buffers[r], data, &e), KF_OK);
                ck_assert_int_eq(kfi_spool_write(s, data, 1, &e), KF_INVALID);
                ck_assert_int_eq(kfi_spool_finish(s, &e), KF_OK);
                uint64_t peak = account.peak;
                kfi_spool_destroy(&s);
                ck_assert_ptr_null(s);
                ck_assert_uint_eq(account.now, 1000);
                ck_assert_uint_eq(account.peak, peak);
            }
    kfi_spool_destroy(NULL);
    kfi_spool_reader_destroy(NULL);
    ck_assert_int_eq(fault_live(), 0);
    ck_assert_int_eq(fault_open_files(), files);
}
END_TEST

/* Ten bytes hold 70 bits: what is beyond 64 is no number, whatever stands before it. */
START_TEST(varint__limits)
{
    static const uint64_t edges[] = { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 1ull << 56, 1ull << 63, UINT64_MAX };
    uint8_t bytes[KFI_VARINT_MAX + 1];
    uint64_t back = 0;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        size_t n = kfi_varint_write(bytes, edges[i]);
        ck_assert(n == 1 || edges[i] >> 7 * (n - 1));
        ck_assert(n == KFI_VARINT_MAX || edges[i] >> 7 * n == 0);
        ck_assert_uint_eq(kfi_varint_read(bytes, n, &back), n);
        ck_assert_uint_eq(back, edges[i]);
        for (size_t less = 0; less < n; less++) ck_assert_uint_eq(kfi_varint_read(bytes, less, &back), 0);
    }
    for (unsigned last = 0; last < 256; last++) {
        memset(bytes, 0x80, sizeof bytes);
        bytes[KFI_VARINT_MAX - 1] = (uint8_t)last;
        bytes[KFI_VARINT_MAX] = 1;
        ck_assert_uint_eq(kfi_varint_read(bytes, sizeof bytes, &back), last < 2 ? KFI_VARINT_MAX : 0);
        if (last < 2) ck_assert_uint_eq(back, (uint64_t)last << 63);
    }
}
END_TEST

START_TEST(spool__broken_records)
{
    kfi_spool *s;
    kfi_spool_reader *r;
    kf_error e;
    const uint8_t *p;
    uint64_t n;
    /* 11 continuation bytes, then a number above 2^64, then one that is cut off. */
    uint8_t data[32];
    memset(data, 0x80, 11);
    memset(data + 11, 0xff, 9);
    data[20] = 2;
    data[21] = 0x80;
    ck_assert_int_eq(kfi_spool_create(&s, scratch, 64, NULL, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_write(s, data, 22, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_create(&r, s, 0, 64, &e), KF_INVALID);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(kfi_spool_finish(s, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_create(&r, s, 23, 64, &e), KF_INVALID);
    static const uint64_t places[] = { 0, 11, 21 };
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(kfi_spool_reader_create(&r, s, places[i], 64, &e), KF_OK);
        ck_assert_int_eq(kfi_spool_reader_varint(r, &n, &e), KF_CORRUPT);
        kfi_spool_reader_destroy(&r);
    }
    ck_assert_int_eq(kfi_spool_reader_create(&r, s, 2, 16, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_take(r, 21, &p, &e), KF_CORRUPT);
    ck_assert_int_eq(kfi_spool_reader_take(r, SIZE_MAX, &p, &e), KF_CORRUPT);
    ck_assert_int_eq(kfi_spool_reader_take(r, 20, &p, &e), KF_OK);
    ck_assert_mem_eq(p, data + 2, 20);
    kfi_spool_reader_destroy(&r);
    ck_assert_int_eq(kfi_spool_reader_create(&r, s, 22, 16, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_reader_take(r, 1, &p, &e), KF_END);
    kfi_spool_reader_destroy(&r);
    kfi_spool_destroy(&s);

    ck_assert_int_eq(kfi_spool_create(&s, scratch_path("absent"), 64, NULL, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_write(s, data, 20, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_write(s, data, 22, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_write(s, data, 23, &e), KF_IO);
    kfi_spool_destroy(&s);
}
END_TEST

START_TEST(spool__every_call_fails)
{
    uint8_t data[200];
    random_bytes(data, sizeof data);
    int files = fault_open_files();
    for (int named = 0; named < 2; named++)
        for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
            for (uint64_t n = 1; ; n = next_site(n, 1)) {
                kfi_disk_account account = { 0, 0 };
                kfi_spool *s = NULL;
                kf_error e;
                fault_refuse_nameless(named);
                fault_mark();
                fault_arm(FAULT_ALL & ~FAULT_CLOSE, n, ENOSPC, mode);
                kf_status status = fill_spool(&s, 100, &account, data, &e);
                if (!status) status = check_spool(s, 64, data, &e);
                kfi_spool_destroy(&s);
                int fired = fault_fired();
                fault_off();
                ck_assert_int_eq(fault_live(), 0);
                ck_assert_int_eq(fault_open_files(), files);
                ck_assert_int_eq(scratch_count(), 0);
                ck_assert_uint_eq(account.now, 0);
                if (!fired) {
                    ck_assert_int_eq(status, KF_OK);
                    break;
                }
                /* Only O_TMPFILE has something that takes its place. */
                ck_assert(status == KF_NO_SPACE || status == KF_NO_MEMORY
                          || (status == KF_OK && n <= 4 && mode == FAULT_ONCE));
            }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *c = tcase_create("base");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, error__fields);
    tcase_add_test(c, error__null_and_long);
    tcase_add_test(c, status__names);
    tcase_add_test(c, copy__exact);
    tcase_add_test(c, array__append);
    tcase_add_test(c, buffer__reserve);
    tcase_add_test(c, mapping__content);
    tcase_add_test(c, mapping__in_memory_survives_truncation);
    tcase_add_test(c, mapping__refuses);
    tcase_add_test(c, mapping__as_large_as_32_bits_map);
    tcase_add_test(c, mapping__every_call_fails);
    tcase_add_test(c, spool__round_trip);
    tcase_add_test(c, varint__limits);
    tcase_add_test(c, spool__broken_records);
    tcase_add_test(c, spool__every_call_fails);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
