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
    { 0x2bdd7eddf10ebdda, 0x66c3a9d1be9d3313, 0x0821ff8054a1cfef, 0x08616ed9d6cc1ad7 },
    { 0xca85721b5a15ae36, 0x448a65ce01f6baa4, 0xcc4f0a7fae8af3c8, 0x02747ddcf792e343 },
    { 0x01788be5b4cf65cd, 0x3c82e46ca36078a6, 0x1dbdd5319f224b7e, 0x456ae292766cb775 },
    { 0x81d4fd387e16bd80, 0x8d34359eff4f7cdc, 0xcc1f67ea9bfaf4f8, 0xd905782074c58063 },
    { 0xfe3e2a78d7e09ec5, 0x65de1b97f33b96ac, 0x19e316e99386279d, 0x37ee6a889a72c9c6 },
    { 0x38d47ff871e2c175, 0x1ce0dea56cb7df78, 0xf22b9c6d0119a0a6, 0x95498e69aa6e8042 },
    { 0x0036815f2ea81696, 0x9f3ffc32a888d5fe, 0x5d9704a3df740ea3, 0x285ee61c299f00aa },
    { 0xd78822ebd7384fa2, 0xb48c105d80569c22, 0x4674114608075813, 0x6a31509502324149 },
    { 0xdaabce682896312d, 0x816a7fc18ac46e0c, 0xf2c19a82fd771673, 0x8155f625760ab544 },
    { 0xbf426286b4653b61, 0xee982a7242cfd533, 0xb78104859dbb72c8, 0x4c3b9acaa9affcc3 },
    { 0xcf9b1e928afe4cd1, 0xec73cf49049751d9, 0x70389a2ca428ba83, 0x5e502fa07baf7f30 },
    { 0x55d0ca1ebebdd3b6, 0x64676abc832d89b2, 0xb696ce0895394fa2, 0x857ab1c9666b5b87 },
    { 0x8653d476b51a5a7c, 0x701d92f48c750879, 0x0a610b8dbcbeca4b, 0xfb99cc61ef42e190 },
    { 0x950817fe6a820a81, 0x5563b201ccfde784, 0xf6949ec096b4912e, 0xa5eb4a2c16cbf49e },
    { 0x00772f244f151cc3, 0x0026d035237b6e3b, 0x97770593f77365eb, 0x34c664dac63f512c },
    { 0x2299bbc1e0971506, 0xa85a2c9bd0dcd009, 0x4fb96d7f3d601eaa, 0xa79e3f339f0c6d69 },
    { 0xa7a41828a80860c5, 0xd89f2f6a6d900b04, 0xc414a2bf466d297e, 0xa57841f50850fbd4 },
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
    tcase_add_loop_test(all, bytes__stay, 0, SHAPES);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
