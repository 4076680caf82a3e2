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
    { 0xecfbad57f0a28f5e, 0x29251c55f419f66e, 0xdf717e7d8d8cc0b6, 0x4f5c626a615f20cd },
    { 0x33e3ad8c860bb040, 0x512e84f9012b232c, 0x38a53d567c2b3482, 0x62e48f95838c1043 },
    { 0x49e4b7f5886a98ce, 0x897d9747336a905c, 0xd55c3b7ea7851c2a, 0xa3ad3eb7eeac42ad },
    { 0x430788c89f697687, 0x997913512eec20fc, 0x01fc2082dcb739f2, 0x91242493d4d1bad1 },
    { 0xb5b43740618056f6, 0x8d61e8d0c239109b, 0xcfe71dc6ca36ff11, 0x20add22d3574ccee },
    { 0x8f7e9ac503f376e0, 0xc11d825573b91422, 0xde51049384f6d6c0, 0x5de034e8b690f323 },
    { 0x8515074dc9a0fdd6, 0x2710d80607570c5f, 0x3a56d0370f5ed460, 0x276bac595868fa66 },
    { 0xb4943c06b42fd054, 0x187d855d08bbc269, 0x8f3aed926b465a1a, 0x0c37b99d7ede4b9d },
    { 0x82aa6c8410edccaf, 0x96e328aa9fac6a1f, 0x7049b8078f2ee0a9, 0x788945a63e70a2c0 },
    { 0xb13d3b5979908e85, 0xb92fe09a2753d224, 0x890d2264b83825b1, 0x8a14025f83792100 },
    { 0x450ef4bf58bf43fc, 0x86e55b09f67f67dd, 0x43e299d2082319e3, 0xd7d663ff3c4226ba },
    { 0x13697d852ca9edbd, 0xaf0764f5d9adfa18, 0x4bffaedaf7dee696, 0x684c8617c14d95e7 },
    { 0xbf426286b4653b61, 0xee982a7242cfd533, 0xf978c1415a6553d9, 0x43d3f1bb6a2313e1 },
    { 0xcf9b1e928afe4cd1, 0xec73cf49049751d9, 0x35bd8e2ccca03581, 0xfc1a92eea816aff8 },
    { 0x7a679f26599fad66, 0xf579c7e400ef15ba, 0xa71fbc44fee8d329, 0xf7302234cdc57c15 },
    { 0xb8641aa281932060, 0x98e802b4b1e0699a, 0x14f53b1df9f348b7, 0x842c06964eb56671 },
    { 0xc957d09dda1e8e63, 0x27ef875df3a628cf, 0x1a8ed62492a88658, 0x260eb4481c0b9259 },
    { 0xc9dec2000c685117, 0x9977bc0bca90b55f, 0xed907084e8448922, 0xf4894ee737cdc269 },
    { 0xf8a639587a327949, 0xc3db444a1434956b, 0x6b5f8b97ef7a92f4, 0x692f7f8844a56105 },
    { 0xd09838e142c5127b, 0x0e9f6186299861a5, 0xdd53fedd2a7f7da9, 0x2c3d61155a7bc3a5 },
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
