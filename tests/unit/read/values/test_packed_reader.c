/* The one decoder of packed arrays against a plain one that goes by format/packed.h bit by bit: arrays of any bytes,
 * so most are damaged somewhere. What lies behind the payload can be read here, so only the status tells that a
 * position was not compared with the end. */
#include "read/values/column_reader_parts.h"

#include "suite.h"

enum { PAYLOAD = 600, BEHIND = 4096, BLOCK = KFI_PACKED_BLOCK, CASES = 30000 };

static uint64_t drawn;

static uint64_t draw(uint64_t below)
{
    drawn += 0x9e3779b97f4a7c15;
    uint64_t x = drawn;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (x ^ (x >> 31)) % below;
}

static uint8_t payload[PAYLOAD + BEHIND], directory[8];
static kfi_column column;
#define now column.codes

/* ---- the plain decoder ---------------------------------------------------------------------------- */

static uint64_t plain_bits(uint64_t at, uint64_t bit, unsigned width)
{
    uint64_t value = 0;
    for (unsigned k = 0; k < width; k++) {
        uint64_t b = at * 8 + bit + k;
        value |= (uint64_t)(payload[b / 8] >> (b % 8) & 1) << k;
    }
    return value;
}

/* Field i at `at`: 0 if its first byte is behind the payload's end. */
static int plain_field(uint64_t at, unsigned i, unsigned width, uint64_t *value)
{
    uint64_t bit = (uint64_t)i * width;
    *value = plain_bits(at, bit, width);
    return at + bit / 8 <= now.payload_size;
}

static int plain_get(uint64_t index, uint64_t *value)
{
    uint64_t entry = kfi_load64(directory), at = entry >> 17, delta, field = index;
    unsigned width = entry & 127, mode = entry >> 7 & 7, m = (entry >> 10 & 127) + 1, bytes = now.base_bytes;
    if (index >= now.count || at > now.payload_size || width > 64) return 0;
    uint64_t base = plain_bits(at, 0, 8 * bytes);
    if (bytes && bytes < 8 && base >> (8 * bytes - 1)) base |= ~0ull << (8 * bytes);
    at += bytes;
    if (mode == KFI_PACKED_RUNS) {
        for (field = 0; index; index--) field += plain_bits(at, index, 1);
        at += KFI_PACKED_MAP;
    } else if (mode == KFI_PACKED_LOCAL) {
        unsigned index_width = 0;
        while ((m - 1) >> index_width) index_width++;
        if (!plain_field(at + ((uint64_t)m * width + 7) / 8, (unsigned)index, index_width, &field)) return 0;
    } else if (mode == KFI_PACKED_LINEAR) {
        unsigned slope_bytes = bytes < 8 ? bytes + 1 : 8;
        base += plain_bits(at, 0, 8 * slope_bytes) * index >> KFI_PACKED_SLOPE_SHIFT;
        at += slope_bytes;
    } else if (mode != KFI_PACKED_OFFSET) {
        return 0;
    }
    int there = plain_field(at, (unsigned)field, width, &delta);
    *value = base + delta;
    return there;
}

/* ---- comparing ------------------------------------------------------------------------------------ */

static void make_array(void)
{
    static const unsigned sizes[] = { 0, 1, 30, 200, PAYLOAD };
    const unsigned mode = (unsigned)draw(20) ? (unsigned)draw(4) : (unsigned)draw(8);
    const unsigned width = draw(4) ? (unsigned)draw(14) : draw(8) ? (unsigned)draw(58) : draw(2) ? 64 : 65;
    for (size_t i = 0; i < sizeof payload; i++) payload[i] = (uint8_t)draw(256);
    now = (kfi_packed){ directory, payload, sizes[draw(5)], 1 + draw(BLOCK), (unsigned)draw(9) };
    uint64_t at = draw(3) ? draw(now.payload_size + 1) / (1 + draw(8)) : now.payload_size + draw(3) - 1;
    kfi_store64(directory, width | (uint64_t)mode << 7 | draw(BLOCK) << 10 | at << 17);
}

/* Widths of 58 to 63 are damage that yields some number. */
static int is_defined(void)
{
    unsigned width = directory[0] & 127;
    return width <= 57 || width >= 64;
}

static void check_value(uint64_t index)
{
    uint64_t want, got = 0;
    int there = plain_get(index, &want);
    HOLDS(kfi_packed_number(&column, index, &got) == (there ? KF_OK : KF_CORRUPT));
    if (there && is_defined()) HOLDS(got == want);
}

static void check_span(uint64_t index)
{
    uint64_t before = 0, want, start = 1, end = 1;
    int there = plain_get(index, &want) && (!index || plain_get(index - 1, &before));
    HOLDS(kfi_packed_get_span(&now, index, &start, &end) == (there ? KF_OK : KF_CORRUPT));
    if (!there || !is_defined()) return;
    HOLDS(start == before);
    HOLDS(end == want);
}

static void check_run(uint64_t first, unsigned count)
{
    uint64_t want[BLOCK], got[BLOCK];
    int there = 1;
    for (unsigned k = 0; k < count; k++) there &= plain_get(first + k, &want[k]);
    HOLDS(kfi_packed_numbers(&column, first, count, got) == (there ? KF_OK : KF_CORRUPT));
    for (unsigned k = 0; k < count && there && is_defined(); k++) HOLDS(got[k] == want[k]);
}

START_TEST(any_bytes)
{
    unsigned good = 0, bad = 0;
    drawn = seed_or(1);
    for (unsigned n = 0; n < CASES * scale_of_run(); n++) {
        uint64_t ignored;
        make_array();
        for (int k = 0; k < 4; k++) check_value(draw(now.count));
        check_value(now.count - 1);
        check_value(now.count);
        check_span(draw(now.count));
        check_span(now.count);
        uint64_t first = draw(now.count);
        check_run(first, 1 + (unsigned)draw(now.count - first));
        check_run(0, (unsigned)now.count);
        if (now.count < BLOCK) check_run(now.count - 1, 2);
        *(plain_get(now.count - 1, &ignored) ? &good : &bad) += 1;
    }
    ck_assert_uint_gt(good, CASES / 4);
    ck_assert_uint_gt(bad, CASES / 8);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("packed_reader");
    TCase *t = tcase_create("packed_reader");
    tcase_add_test(t, any_bytes);
    suite_add_tcase(s, t);
    return suite_run(s);
}
