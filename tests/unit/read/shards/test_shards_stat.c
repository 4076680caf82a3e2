/* What a dictionary of several shards says of itself is what its shards say, added up. */
#include "format/header.h"

#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include <sys/stat.h>

enum { PARTS = 3 };

static kf_error error;
static char paths[PARTS + 1][512];

/* Keys whose ends are alike, each part with a letter of its own before them; weights and values. */
static void build_part(unsigned part, kf_encoding encoding)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    char key[64], value[64];
    options.value_type = KF_VALUES_BYTES;
    options.value_encoding = encoding;
    options.weights = KF_WEIGHTS_GIVEN;
    options.memory_limit = 16 << 20;
    snprintf(paths[part], sizeof paths[part], "%s/%u.kf", scratch, part);
    ck_assert_int_eq(kf_builder_create(&builder, paths[part], &options, &error), KF_OK);
    for (unsigned i = 0; i < 4000 + 1000 * part; i++) {
        int size = snprintf(key, sizeof key, "%c%05u-common ending number %u", 'a' + (int)part, i / 7 * 13, i % 7);
        int more = snprintf(value, sizeof value, "value %u of %u", i * 7919, part);
        ck_assert_int_eq(kf_builder_add_weighted(builder, key, (size_t)size, value, (size_t)more, i % 1000, &error),
                         KF_OK);
    }
    ck_assert_int_eq(kf_builder_set_metadata(builder, "name", "some text", 9, &error), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
}

/* As a build with too little memory would have left it, which takes more keys than a test has time for. */
static void claim_extra_states(unsigned part, uint64_t extra)
{
    char name[8];
    size_t size;
    kfi_header header;
    snprintf(name, sizeof name, "%u.kf", part);
    uint8_t *file = scratch_read(name, &size);
    ck_assert_int_eq(kfi_header_parse(&header, file, size, &error), KF_OK);
    const kfi_section *sums = kfi_header_section(&header, KFI_SECTION_CHECKSUMS);
    header.states_extra = extra;
    kfi_header_write(&header, file);
    kfi_header_build_id(&header, file + sums->offset, sums->size, header.build_id);
    kfi_header_write(&header, file);
    scratch_write(name, file, size);
    free(file);
}

static void verify(const char *path)
{
    kf_dict *dict;
    ck_assert_int_eq(kf_dict_open(&dict, path, NULL, &error), KF_OK);
    ck_assert_msg(!kf_dict_verify(dict, NULL, &error), "%s", error.message);
    kf_dict_close(&dict);
}

static kf_dict_stat stat_of(const char *path)
{
    kf_dict *dict;
    kf_dict_stat out = KF_DICT_STAT_INIT;
    ck_assert_int_eq(kf_dict_open(&dict, path, NULL, &error), KF_OK);
    ck_assert_int_eq(kf_dict_get_stat(dict, &out), KF_OK);
    kf_dict_close(&dict);
    return out;
}

START_TEST(shards_stat__adds_up)
{
    const char *members[PARTS] = { paths[0], paths[1], paths[2] };
    kf_dict_stat sum = KF_DICT_STAT_INIT;
    struct stat manifest;
    for (unsigned part = 0; part < PARTS; part++) {
        build_part(part, KF_ENCODING_RAW);
        claim_extra_states(part, 7 + part);
        kf_dict_stat s = stat_of(paths[part]);
        ck_assert(s.shared_bytes && s.token_bytes && s.weight_bytes && s.checksum_bytes && s.value_bytes);
        ck_assert(!s.shards && !s.is_manifest && s.metadata_bytes);
        sum.keys += s.keys;
        sum.file_size += s.file_size;
        sum.key_bytes += s.key_bytes;
        sum.token_bytes += s.token_bytes;
        sum.shared_bytes += s.shared_bytes;
        sum.value_bytes += s.value_bytes;
        sum.weight_bytes += s.weight_bytes;
        sum.metadata_bytes += s.metadata_bytes;
        sum.checksum_bytes += s.checksum_bytes;
        sum.raw_key_bytes += s.raw_key_bytes;
        sum.raw_value_bytes += s.raw_value_bytes;
        sum.states += s.states;
        sum.states_extra += s.states_extra;
        if (s.longest_key > sum.longest_key) sum.longest_key = s.longest_key;
    }
    snprintf(paths[PARTS], sizeof paths[PARTS], "%s/all.kfm", scratch);
    ck_assert_msg(!kf_bundle_write(paths[PARTS], members, PARTS, NULL, &error), "%s", error.message);
    ck_assert_int_eq(stat(paths[PARTS], &manifest), 0);
    kf_dict_stat all = stat_of(paths[PARTS]);
    ck_assert_uint_eq(all.file_size, sum.file_size + (uint64_t)manifest.st_size);
    ck_assert(all.keys == sum.keys && all.longest_key == sum.longest_key);
    ck_assert(all.key_bytes == sum.key_bytes && all.token_bytes == sum.token_bytes);
    ck_assert(all.shared_bytes == sum.shared_bytes && all.value_bytes == sum.value_bytes);
    ck_assert(all.weight_bytes == sum.weight_bytes);
    ck_assert(all.raw_key_bytes == sum.raw_key_bytes && all.raw_value_bytes == sum.raw_value_bytes);
    ck_assert(all.states == sum.states && all.states_extra == sum.states_extra);
    /* The manifest has metadata and checksums of its own. */
    ck_assert(all.metadata_bytes >= sum.metadata_bytes && all.checksum_bytes > sum.checksum_bytes);
    ck_assert(all.checksum_bytes < 2 * sum.checksum_bytes);
    ck_assert(all.shards == PARTS && all.is_manifest == 1);
    ck_assert(all.weights == KF_WEIGHTS_GIVEN && all.value_type == KF_VALUES_BYTES);
    ck_assert_int_eq(all.value_encoding, KF_ENCODING_RAW);
    ck_assert_uint_eq(all.states_extra, 7 + 8 + 9);
    verify(paths[PARTS]);
    /* One of another encoding: the whole has none in particular. */
    build_part(1, KF_ENCODING_ZSTD);
    ck_assert_int_eq(kf_bundle_write(paths[PARTS], members, PARTS, NULL, &error), KF_OK);
    ck_assert_int_eq(stat_of(paths[PARTS]).value_encoding, KF_ENCODING_AUTO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shards_stat");
    TCase *all = tcase_create("stat");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, shards_stat__adds_up);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
