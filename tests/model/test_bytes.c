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
    { 0x2bdd7eddf10ebdda, 0x66c3a9d1be9d3313, 0xb52ec696df554547, 0xa27396e340687306 },
    { 0xcd0b182ef9e22eee, 0x4abe5afab103c8fa, 0x3ef53ddd057cba0d, 0xfb6d580fda4483a2 },
    { 0x01788be5b4cf65cd, 0x3c82e46ca36078a6, 0xb3d21ed33e4cac4c, 0x7475bfdc174cd100 },
    { 0x4671df5eaa1969c9, 0xc64d842ea0b8de64, 0xce526d37875f8252, 0x5b6b596dbf2fe4ee },
    { 0x8253eedb1710f92d, 0x52079f3eb95ce77e, 0x0f611079e0e3110b, 0xbe7cf872bfe74f12 },
    { 0x1f6a057ba80ab2ab, 0xd16d658fc43bd7d0, 0x88f204e48abfa451, 0x3017ca4872b657d6 },
    { 0x07b86f7ebf638a26, 0x0d60d6191a985e0e, 0xfcd186e8456bbace, 0xafd02fed2c50ffbb },
    { 0x5dfff43f2817d7c4, 0xad63b08d9b256a4c, 0x1a6427142ff02e7b, 0x6d2d74dc855bead2 },
    { 0xac2be57bd5469102, 0xbd6b6c71ab3c19c9, 0x42405f8fefdcc0d6, 0x33027d030196502e },
    { 0xbf426286b4653b61, 0xee982a7242cfd533, 0x61b1f436ed965a00, 0x37f72ebfadbbb680 },
    { 0xcf9b1e928afe4cd1, 0xec73cf49049751d9, 0x9463d46161974c50, 0xecb4b30c1c062796 },
    { 0x55d0ca1ebebdd3b6, 0x64676abc832d89b2, 0xce6e15fd4694d349, 0xa8adcee4c2e4435a },
    { 0x8653d476b51a5a7c, 0x701d92f48c750879, 0xe95259469c273307, 0xa6a0478a475046a8 },
    { 0x5dfccd12e69cbff0, 0x8a1e5b451193a16e, 0xf43839458a2dc035, 0xe26776c550d3e35b },
    { 0x3f8352dc821aa8f4, 0x5ac62a30e91bb11f, 0xd1a0c7323e0fb4a2, 0xb8a92e40dc42bcdb },
    { 0x6b8d66d66977c57c, 0xb415254f13894719, 0x0a481a0c8a1296d2, 0xdea1864ceaf2eec2 },
    { 0x2e52f9c0943fc68e, 0x9666c31ff4f0a3bf, 0x01aa936a6f1b7f37, 0xabdf9e391eaad258 },
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
#ifdef __x86_64__      /* elsewhere, estimates may be rounded otherwise */
    tcase_add_loop_test(all, bytes__stay, 0, SHAPES);
#endif
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
