/* What is built stays the same, byte by byte: a writer that chooses worse than before is right in every answer, and
 * no other test notices. A change that is meant to write other bytes changes the numbers here too: run it with
 * KEYFOLD_BYTES=print. Values that zstd compresses are left out, its versions differ. */
#include "base/hash.h"
#include "format/header.h"

#include "scratch.h"
#include "shapes.h"
#include "suite.h"

typedef struct kind {
    kf_value_type type;
    kf_encoding encoding;
    kf_weights weights;
} kind;

static const kind kinds[] = {
    { KF_VALUES_NONE, KF_ENCODING_AUTO, KF_WEIGHTS_NONE }, { KF_VALUES_U64, KF_ENCODING_AUTO, KF_WEIGHTS_VALUE },
    { KF_VALUES_BYTES, KF_ENCODING_TOKENS, KF_WEIGHTS_GIVEN },
    { KF_VALUES_BYTES, KF_ENCODING_DISTINCT, KF_WEIGHTS_NONE },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const uint64_t wanted[SHAPES][KINDS] = {
    { 0x0eb64338a8632d2e, 0x3c95f596c6cc8871, 0xf59f7a2627dd4f2d, 0xc5672bac9dae7182 },
    { 0xf0c7a485a2d0b981, 0x18d3fa4ec77c58ac, 0x64f3cdc7b46b88a7, 0x9d398865faab3672 },
    { 0x49e4b7f5886a98ce, 0x897d9747336a905c, 0xd55c3b7ea7851c2a, 0xa3ad3eb7eeac42ad },
    { 0x2bdd7eddf10ebdda, 0x66c3a9d1be9d3313, 0x1fda1db29e190f32, 0x74cd304f8eb52767 },
    { 0x8638631c30c7ab1d, 0xaab2092dcc3102a3, 0xfe021ffce7596622, 0x5ade6b06994b0178 },
    { 0x01788be5b4cf65cd, 0x3c82e46ca36078a6, 0xd5bd92bef7af9420, 0x1a3843645b267889 },
    { 0xf544cea01849a560, 0x4fbd5a4ebb700860, 0x17f78ebd8b947007, 0xb955cefe598dfb77 },
    { 0x8253eedb1710f92d, 0x52079f3eb95ce77e, 0x6f6e40fd8479dc37, 0xee2f7eb35f5b03c6 },
    { 0x1f6a057ba80ab2ab, 0xd16d658fc43bd7d0, 0x13fc2899a5e8e7f4, 0x3017ca4872b657d6 },
    { 0x56250e774e30e156, 0xd3853eef7f333f9d, 0x2d6a9c3c2da53c6d, 0xc83955eb5930afba },
    { 0x5dfff43f2817d7c4, 0xad63b08d9b256a4c, 0x3372e43d0b7d6b52, 0x6d2d74dc855bead2 },
    { 0x0d9d05f07f82a97c, 0xb237fca39ba08344, 0x3e590c219233721a, 0x94e368379403f4da },
    { 0xbf426286b4653b61, 0xee982a7242cfd533, 0x2c7ea859c08d0f4b, 0x1eb41e24dd7e0a94 },
    { 0xcf9b1e928afe4cd1, 0xec73cf49049751d9, 0x1500dcd2a2e8f081, 0xd75e584d2eec7edf },
    { 0x55d0ca1ebebdd3b6, 0x64676abc832d89b2, 0xd117a6f37a33da00, 0x65428b2bbc289a61 },
    { 0x8653d476b51a5a7c, 0x701d92f48c750879, 0x462a00806b0a107c, 0x6d6df45ada0ee550 },
    { 0x5dfccd12e69cbff0, 0x8a1e5b451193a16e, 0x02dab81cc8f5fc37, 0xe26776c550d3e35b },
    { 0x46f96ece6a9a32ab, 0xd1e627308841b907, 0xcc7c03557752a4ce, 0x60f8cfeff942f1ff },
    { 0x8d386610290b1e71, 0x726b1f460ac30c73, 0x46fed5a0242e7d37, 0x55806abedc391e26 },
    { 0xfffa87d661b0b324, 0xb8611fefa5512ab8, 0xe35042dc245ef147, 0x2a34466e933b630e },
};

static kf_error error;

/* Values that follow from the key's number: runs, lines, few words, noise. */
static kf_status add(kf_builder *builder, const kind *k, kf_bytes key, size_t i)
{
    static const char *const words[] = { "automaton", "dictionary", "fold", "key", "library", "value" };
    char text[100];
    uint64_t number = i / 300 % 4 == 0 ? i / 40 : i / 300 % 4 == 1 ? 7 * i + 3 : i * 0x9e3779b97f4a7c15u >> i % 50;
    if (k->type == KF_VALUES_NONE) return kf_builder_add(builder, key.data, key.size, NULL, 0, &error);
    if (k->type == KF_VALUES_U64) return kf_builder_add_u64(builder, key.data, key.size, number, &error);
    size_t size = (size_t)snprintf(text, sizeof text, "%s of %s, %u", words[i % 6], words[i / 7 % 6],
                                   (unsigned)(number % (k->encoding == KF_ENCODING_DISTINCT ? 20 : 100000)));
    if (k->weights == KF_WEIGHTS_NONE) return kf_builder_add(builder, key.data, key.size, text, size, &error);
    return kf_builder_add_weighted(builder, key.data, key.size, text, size, number % 1000, &error);
}

static uint64_t hash_of_file(void)
{
    size_t size;
    kfi_header header;
    uint64_t hash = 0;
    uint8_t *bytes = scratch_read("bytes.kf", &size);
    ck_assert_int_eq(kfi_header_parse(&header, bytes, size, NULL), KF_OK);
    for (uint32_t i = 0; i < header.section_count; i++) {
        const kfi_section *s = &header.sections[i];
        if (s->type != KFI_SECTION_CHECKSUMS) hash = XXH3_64bits_withSeed(bytes + s->offset, s->size, hash + s->type);
    }
    free(bytes);
    return hash;
}

static uint64_t build(const key_set *set, const kind *k)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = k->type;
    options.value_encoding = k->encoding;
    options.weights = k->weights;
    options.memory_limit = 16 << 20;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("bytes.kf"), &options, &error), KF_OK);
    for (size_t i = 0; i < set->count; i++) ck_assert_int_eq(add(builder, k, set->keys[i], i), KF_OK);
    ck_assert_msg(!kf_builder_finish(builder, NULL, &error), "%s", error.message);
    kf_builder_destroy(&builder);
    return hash_of_file();
}

START_TEST(bytes__stay)
{
    key_set set;
    set_make(&set, (unsigned)_i, 3, 4);
    const char *print = getenv("KEYFOLD_BYTES");
    for (unsigned k = 0; k < KINDS; k++) {
        uint64_t hash = build(&set, &kinds[k]);
        if (print) printf("%s0x%016llx%s", k ? ", " : "    { ", (unsigned long long)hash, k + 1 < KINDS ? "" : " },\n");
        else ck_assert_msg(hash == wanted[_i][k], "shape %d, kind %u: %016llx", _i, k, (unsigned long long)hash);
    }
    set_free(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *all = tcase_create("bytes");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    suite_add_cases(all, bytes__stay, 0, SHAPES);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
