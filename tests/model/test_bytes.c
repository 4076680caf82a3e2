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
    { 0x2bdd7eddf10ebdda, 0x66c3a9d1be9d3313, 0xb52ec696df554547, 0xb115cb9a137acf83 },
    { 0x356387f5feb2c3c3, 0xa13a3e7c375c9de4, 0x38e69601d1f3546c, 0x0f49ac6c3bdd14dc },
    { 0x01788be5b4cf65cd, 0x3c82e46ca36078a6, 0xddd259b48170f5c9, 0x1293ea9d65e63efa },
    { 0x4671df5eaa1969c9, 0xc64d842ea0b8de64, 0xce526d37875f8252, 0x3dc21e3727c13f69 },
    { 0x8253eedb1710f92d, 0x52079f3eb95ce77e, 0x9a314c1d18312596, 0x09d5cf5d301ea46a },
    { 0x1f6a057ba80ab2ab, 0xd16d658fc43bd7d0, 0xd1cfe3983d1eb33d, 0x3017ca4872b657d6 },
    { 0x07b86f7ebf638a26, 0x0d60d6191a985e0e, 0xfcd186e8456bbace, 0xafd02fed2c50ffbb },
    { 0x5dfff43f2817d7c4, 0xad63b08d9b256a4c, 0x1a6427142ff02e7b, 0x6d2d74dc855bead2 },
    { 0xe5ca865aa4e7cc6c, 0xd5b5ffd79029be0c, 0x80a21cf1a7dfe863, 0x782b08ce30437286 },
    { 0xbf426286b4653b61, 0xee982a7242cfd533, 0x5e9fed4b2675985d, 0x855b27543dbbc94b },
    { 0xcf9b1e928afe4cd1, 0xec73cf49049751d9, 0x50553d5d173fdff5, 0xecb4b30c1c062796 },
    { 0x55d0ca1ebebdd3b6, 0x64676abc832d89b2, 0x75297f26136f2992, 0x05188f4412b14527 },
    { 0x8653d476b51a5a7c, 0x701d92f48c750879, 0xeb873200511b0ccf, 0xa6a0478a475046a8 },
    { 0x5dfccd12e69cbff0, 0x8a1e5b451193a16e, 0xf43839458a2dc035, 0xe26776c550d3e35b },
    { 0x7b1a54b9f4e66a33, 0x84abbfbb80308f08, 0xd17e3f14b6df4bdd, 0x345c3208480ee3ff },
    { 0x4016c50ff2f37202, 0x05a4d320754312e3, 0x7ea79484d64ef3bc, 0x4132c6e0c6e7f0d9 },
    { 0x29c00a35d348eebc, 0xd5f7d89e09b3bd03, 0x8cc0126c65c91c8e, 0xabbb3a887facba45 },
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
