/* Filters as they are written and read: every key passes, few others do, whatever the number of keys; sizes; parts that
 * let all pass; damage. */
#include "read/filter/fuse_reader.h"
#include "write/filter/fuse.h"

#include "scratch.h"
#include "seal.h"
#include "suite.h"

#include <keyfold/keyfold.h>

static uint64_t drawn;

static uint64_t draw(void)
{
    uint64_t x = drawn += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static kfi_fuse fuse;
static uint64_t *hashes;

static void setup(void)
{
    ck_assert_int_eq(kfi_fuse_create(&fuse, NULL), KF_OK);
    hashes = malloc(KFI_FUSE_MOST * sizeof *hashes);
}

static void teardown(void)
{
    kfi_fuse_free(&fuse);
    free(hashes);
}

/* Whether the part in the room lets a hash pass, by the definition. */
static int passes(const kfi_filter_part *part, uint64_t hash)
{
    const uint64_t size = kfi_filter_part_size(part);
    const kfi_filter_places p = kfi_filter_places_of(part, hash);
    uint8_t sum = p.fingerprint;
    for (unsigned k = 0; k < 3; k++) {
        ck_assert_uint_lt(p.at[k], size);
        ck_assert(!k || p.at[k] >> part->segment_bits == (p.at[k - 1] >> part->segment_bits) + 1);
        sum ^= fuse.fingerprints[p.at[k]];
    }
    return !sum;
}

START_TEST(fuse__every_count)
{
    static const size_t large[] = { 1000, 3361, 12345, 40000, 65536, 70000, KFI_FUSE_MOST };
    for (size_t n = 1; n < 400 + sizeof large / sizeof *large; n++) {
        const size_t count = n < 400 ? n : large[n - 400];
        kfi_filter_part part;
        for (size_t i = 0; i < count; i++) hashes[i] = draw();
        kfi_fuse_make(&fuse, hashes, count, &part);
        ck_assert_msg(part.segments > 0, "no filter of %zu keys", count);
        for (size_t i = 0; i < count; i++) ck_assert_msg(passes(&part, hashes[i]), "key %zu of %zu", i, count);
        size_t wrong = 0, tries = count < 100 ? 20000 : 60000;
        for (size_t i = 0; i < tries; i++) wrong += (size_t)passes(&part, draw());
        ck_assert_msg(wrong < tries / 180, "%zu of %zu strangers pass a filter of %zu", wrong, tries, count);
        if (count >= 30000)
            ck_assert_msg(kfi_filter_part_size(&part) < count * 13 / 10, "%zu keys take %llu bytes", count,
                          (unsigned long long)kfi_filter_part_size(&part));
    }
}
END_TEST

/* What no seed can tell apart lets all pass, and so does nothing at all. */
START_TEST(fuse__none)
{
    kfi_filter_part part = { .segments = 5 };
    kfi_fuse_make(&fuse, hashes, 0, &part);
    ck_assert_uint_eq(kfi_filter_part_size(&part), 0);
    for (size_t i = 0; i < 100; i++) hashes[i] = 77;
    kfi_fuse_make(&fuse, hashes, 100, &part);
    ck_assert_uint_eq(kfi_filter_part_size(&part), 0);
}
END_TEST

/* The same on every machine: the hashes decide. */
START_TEST(fuse__bytes)
{
    kfi_filter_part part;
    drawn = 20;
    for (size_t i = 0; i < 50000; i++) hashes[i] = draw();
    kfi_fuse_make(&fuse, hashes, 50000, &part);
    ck_assert_uint_eq(part.segment_bits, 11);
    ck_assert_uint_eq(part.segments, 28);
    ck_assert_uint_eq(part.seed, 0);
    ck_assert_uint_eq(XXH3_64bits(fuse.fingerprints, (size_t)kfi_filter_part_size(&part)), 15019016969129700215u);
}
END_TEST

/* ---- the section ------------------------------------------------------------------------------------ */

enum { PARTS_BITS = 2, PARTS = 1 << PARTS_BITS, ROOM = 4096 };

/* A section of four parts, of which the third lets all pass, in memory of exactly its size. */
static uint8_t *make_section(const kf_bytes *keys, size_t count, size_t *size)
{
    uint8_t room[ROOM] = { PARTS_BITS }, directory[KFI_FILTER_ENTRY * PARTS] = { 0 };
    size_t at = KFI_FILTER_HEAD;
    for (unsigned p = 0; p < PARTS; p++) {
        kfi_filter_part part = { 0 };
        size_t some = 0;
        for (size_t i = 0; i < count; i++) {
            const uint64_t hash = kfi_filter_hash(keys[i].data, keys[i].size);
            if (kfi_filter_part_of(hash, PARTS_BITS) == p) hashes[some++] = hash;
        }
        if (p != 2) kfi_fuse_make(&fuse, hashes, some, &part);
        kfi_store64(directory + 16 * p, at - KFI_FILTER_HEAD);
        kfi_store32(directory + 16 * p + 8, part.segments);
        directory[16 * p + 12] = part.segment_bits;
        directory[16 * p + 13] = part.seed;
        memcpy(room + at, fuse.fingerprints, (size_t)kfi_filter_part_size(&part));
        at += (size_t)kfi_filter_part_size(&part);
    }
    kfi_store64(room + 8, at - KFI_FILTER_HEAD);
    memcpy(room + at, directory, sizeof directory);
    *size = at + sizeof directory;
    uint8_t *section = malloc(*size);
    return memcpy(section, room, *size);
}

enum { KEYS = 300, OTHERS = 20000 };
static uint8_t texts[KEYS + OTHERS][8];
static kf_bytes keys[KEYS + OTHERS];

static void make_keys(void)
{
    for (size_t i = 0; i < KEYS + OTHERS; i++) {
        const uint64_t x = draw();
        memcpy(texts[i], &x, 8);
        keys[i] = (kf_bytes){ texts[i], i % 9 };
        if (i % 9 < 5) keys[i].size = 8;
    }
}

/* Asked one by one and many at a time. */
static size_t count_passing(const kfi_filter *filter, const kf_bytes *list, size_t count)
{
    size_t passing = 0;
    for (size_t at = 0; at < count; at += KFI_FILTER_BATCH) {
        uint16_t passed[KFI_FILTER_BATCH];
        const size_t some = count - at < KFI_FILTER_BATCH ? count - at : KFI_FILTER_BATCH;
        const size_t found = kfi_filter_passes_many(filter, list + at, some, passed);
        for (size_t i = 0, next = 0; i < some; i++) {
            const int is = next < found && passed[next] == i;
            ck_assert_int_eq(is, kfi_filter_passes(filter, list[at + i]));
            next += (size_t)is;
            passing += (size_t)is;
        }
    }
    return passing;
}

START_TEST(filter__section)
{
    size_t size;
    kfi_filter filter;
    make_keys();
    uint8_t *section = make_section(keys, KEYS, &size);
    ck_assert_int_eq(kfi_filter_open(&filter, section, size, 0, NULL), KF_OK);
    ck_assert_uint_eq(count_passing(&filter, keys, KEYS), KEYS);
    const size_t others = count_passing(&filter, keys + KEYS, OTHERS);
    ck_assert_msg(others > OTHERS / 5 && others < OTHERS * 3 / 10, "%zu strangers pass", others);
    free(section);
}
END_TEST

/* Heads that lie are refused; directories that lie are met while asking: nothing outside is read, as the memory ends
 * where the section does. */
START_TEST(filter__damage)
{
    size_t size;
    kfi_filter filter;
    make_keys();
    uint8_t *section = make_section(keys, KEYS, &size);
    for (size_t shorter = 0; shorter < size; shorter++)
        ck_assert_int_eq(kfi_filter_open(&filter, section, shorter, 0, NULL), KF_CORRUPT);
    for (unsigned bits = 0; bits < 256; bits++) {
        section[0] = (uint8_t)bits;
        ck_assert_int_eq(kfi_filter_open(&filter, section, size, 0, NULL), bits == PARTS_BITS ? KF_OK : KF_CORRUPT);
    }
    section[0] = PARTS_BITS;
    ck_assert_int_eq(kfi_filter_open(&filter, section, size, 0, NULL), KF_OK);
    uint8_t *directory = section + size - KFI_FILTER_ENTRY * PARTS;
    for (unsigned n = 0; n < 3000; n++) {
        uint8_t kept[KFI_FILTER_ENTRY * PARTS];
        memcpy(kept, directory, sizeof kept);
        for (unsigned k = 0; k <= n % 3; k++) {
            static const uint8_t extremes[] = { 0, 1, 3, 17, 31, 32, 63, 127, 128, 255 };
            directory[draw() % sizeof kept] = n % 2 ? (uint8_t)draw() : extremes[draw() % sizeof extremes];
        }
        (void)count_passing(&filter, keys, 64);
        memcpy(directory, kept, sizeof kept);
    }
    free(section);
}
END_TEST

/* ---- a dictionary's ----------------------------------------------------------------------------------- */

static void expect_verified(const uint8_t *file, size_t size, const char *fault)
{
    kf_dict *dict;
    kf_error error = { 0 };
    ck_assert_int_eq(kf_dict_open_memory(&dict, file, size, NULL, &error), KF_OK);
    kf_status status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(fault ? status == KF_CORRUPT && strstr(error.message, fault) : !status, "%s", error.message);
    kf_dict_close(&dict);
}

/* Files whose checksums are right: what is wrong in the filter is found by itself. */
START_TEST(filter__verify)
{
    enum { PAIRS = 150000 };       /* several parts */
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_dict *dict;
    kfi_header header;
    scratch_open();
    options.flags = KF_BUILD_FILTER;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, NULL), KF_OK);
    for (unsigned i = 0; i < PAIRS; i++) {
        char key[16];
        const int size = snprintf(key, sizeof key, "%u", i * 7u);
        ck_assert_int_eq(kf_builder_add(builder, key, (size_t)size, NULL, 0, NULL), KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("a.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert(stat.filter_bytes > PAIRS * 9 / 8 && stat.filter_bytes < PAIRS * 10 / 8);
    kf_dict_close(&dict);

    size_t size;
    uint8_t *file = scratch_read("a.kf", &size);
    expect_verified(file, size, NULL);
    ck_assert_int_eq(kfi_header_parse(&header, file, size, NULL), KF_OK);
    const kfi_section *section = kfi_header_section(&header, KFI_SECTION_FILTER);
    uint8_t *filter = file + section->offset, *second = filter + section->size - KFI_FILTER_ENTRY * 3;
    ck_assert_uint_eq(filter[0], 2);
    for (unsigned i = 0; i < 64; i++) filter[KFI_FILTER_HEAD + 5000 + i] ^= 1;
    seal_file(file, size, 0, 1);
    expect_verified(file, size, "does not let key");
    for (unsigned i = 0; i < 64; i++) filter[KFI_FILTER_HEAD + 5000 + i] ^= 1;
    second[0]++;
    seal_file(file, size, 0, 1);
    expect_verified(file, size, "part 1 of the filter");
    second[0]--;
    memset(second + 2 * KFI_FILTER_ENTRY + 8, 0, 4);       /* the last part lets all pass, but has fingerprints */
    seal_file(file, size, 0, 1);
    expect_verified(file, size, "more than its parts");
    free(file);
    scratch_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fuse");
    TCase *tcase = tcase_create("fuse");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, fuse__every_count);
    tcase_add_test(tcase, fuse__none);
    tcase_add_test(tcase, fuse__bytes);
    tcase_add_test(tcase, filter__section);
    tcase_add_test(tcase, filter__damage);
    tcase_add_test(tcase, filter__verify);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
