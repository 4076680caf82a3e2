/* Buckets, decoded: the one of FORMAT.md 10.1 field by field, and every one of dictionaries of hard shapes against
 * the keys that are in it. */
#include "scratch.h"
#include "shapes.h"
#include "damage.h"
#include "containers.h"
#include "random.h"
#include "suite.h"

static kfi_decoded d;
static uint8_t text[80000 + 2 * KFI_TOKEN_MAX];

/* ---- a known one ------------------------------------------------------------------------------ */

static const char letters[] = "odegijklmnpstuwa";
static uint8_t known_tokens[8 + 4 + 4 + 16 * 4 + 16 + 16];

static kfi_keys known_keys(uint8_t *tree, size_t size)
{
    kfi_keys k = { .tree = tree, .tree_size = size, .longest_key = 7, .count = 16 };
    known_tokens[0] = 8;
    known_tokens[1] = 1;
    kfi_store32(known_tokens + 8, 16);
    kfi_store32(known_tokens + 12, 16);
    for (unsigned i = 0; i < 16; i++) kfi_store32(known_tokens + 16 + 4 * i, i << KFI_TOKEN_OFFSET_SHIFT | 1);
    memcpy(known_tokens + 80, letters, 16);
    ck_assert_int_eq(kfi_tokens_open(&k.tokens, known_tokens, 112, NULL), KF_OK);
    k.code_width = (uint8_t)k.tokens.bits;
    memset(k.parameters.label_code, KFI_LABEL_NONE, 256);
    for (unsigned i = 0; i < 7; i++) {
        k.parameters.label_code[(uint8_t)"eijlstw"[i]] = (uint8_t)i;
        k.label_of[i] = (uint8_t)"eijlstw"[i];
    }
    k.parameters.label_bits = 3;
    return k;
}

START_TEST(bucket__known)
{
    /* Final; label codes 0 1 4 are e i s; unary lengths 1 2 0; d, ng. */
    uint8_t suffixes[8 + KFI_TAIL_PAD] = { 0x42, 0x00, 0x03, 0x08, 0x01, 0x32, 0x01 };
    static const char *const ends[] = { "ed", "ing", "s" };
    uint8_t tree[9 + KFI_TAIL_PAD] = { 0 };
    memcpy(tree, suffixes, 7);
    tree[7] = 0x09;
    tree[8] = 0x03;
    kfi_keys k = known_keys(tree, 9);
    ck_assert(kfi_bucket_decode(&k, (kfi_place){ tree, tree + 9 }, 4, &d));
    ck_assert_uint_eq(d.view.count, 3);
    ck_assert_int_eq(d.view.final, 1);
    ck_assert_int_eq(d.any_depth, 1);
    ck_assert_uint_eq(kfi_decoded_size(&k, &d), 9);
    ck_assert(kfi_decoded_labels_valid(&k, &d));
    for (unsigned e = 0; e < 3; e++) {
        const uint8_t *end = kfi_decoded_text(&k, &d, e, 0, text, text + 7);
        ck_assert(end && (size_t)(end - text) == strlen(ends[e]) && !memcmp(text, ends[e], strlen(ends[e])));
        ck_assert(!kfi_decoded_is_jump(&d, e));
        ck_assert_uint_eq(kfi_decoded_rank(&d, e), e);
        ck_assert_uint_eq(kfi_decoded_select(&d, e), e);
    }
    ck_assert_uint_eq(kfi_decoded_select(&d, 99), 2);
    /* The text of "ing" has no room in two bytes. */
    ck_assert(!kfi_decoded_text(&k, &d, 1, 0, text, text + 2));
    k.parameters.label_code['s'] = 5;
    ck_assert(!kfi_decoded_labels_valid(&k, &d));
    for (size_t size = 0; size < 9; size++)
        ck_assert(!kfi_bucket_decode(&k, (kfi_place){ tree, tree + size }, 4, &d));
    /* References with residuals: their base does not end within 64 bits, or they have too many bits. */
    static const uint8_t bases[][16] = { { 0, 0xa8, 0, 0x40, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 },
                                         { 0, 0xa8, 0, 0x40, 0, 58, 0 } };
    for (unsigned i = 0; i < 2; i++) {
        memcpy(suffixes, bases[i], sizeof bases[i]);
        ck_assert(!kfi_bucket_decode(&k, (kfi_place){ suffixes, suffixes + 30 }, 4, &d));
    }
    tree[1] = 14;   /* a reserved lcp mode */
    ck_assert(!kfi_bucket_decode(&k, (kfi_place){ tree, tree + 9 }, 4, &d));
    ck_assert_ptr_null(d.at);
}
END_TEST

/* ---- lengths ---------------------------------------------------------------------------------- */

/* One long tail and many short ones: unary lengths, which have another form from 256 codes together. */
START_TEST(bucket__lengths)
{
    enum { SHORT = 50, LONG = 230 };
    kf_error error;
    for (unsigned size = LONG - 60; size < LONG; size++) {
        kf_builder *builder;
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        kf_dict *dictionary;
        uint8_t key[SHORT][LONG];
        size_t sizes[SHORT];
        ck_assert_int_eq(kf_builder_create(&builder, scratch_path("lengths.kf"), &options, &error), KF_OK);
        for (unsigned i = 0; i < SHORT; i++) {
            sizes[i] = i ? 2 : size;
            for (unsigned b = 0; b < sizes[i]; b++) key[i][b] = (uint8_t)mix64(i * LONG + b);
            key[i][0] = (uint8_t)(i + 40);
            ck_assert_int_eq(kf_builder_add(builder, key[i], sizes[i], NULL, 0, &error), KF_OK);
        }
        ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
        kf_builder_destroy(&builder);
        ck_assert_int_eq(kf_dict_open(&dictionary, scratch_path("lengths.kf"), NULL, &error), KF_OK);
        for (unsigned i = 0; i < SHORT; i++) {
            uint64_t ordinal;
            ck_assert_int_eq(kf_dict_ordinal(dictionary, key[i], sizes[i], &ordinal), KF_OK);
            ck_assert_uint_eq(ordinal, i);
        }
        ck_assert_int_eq(kf_dict_verify(dictionary, NULL, &error), KF_OK);
        kf_dict_close(&dictionary);
    }
}
END_TEST

/* ---- all of a dictionary ---------------------------------------------------------------------- */

static size_t seen, jumps, escapes;

/* Keys of the container that entry e stands for. */
static void check_entry(const container *c, unsigned e, size_t low, size_t high)
{
    const size_t room = keys->longest_key - c->depth;
    const uint8_t *end = kfi_decoded_text(keys, &d, e, 0, text, text + room);
    EXPECT(end && low < high && high <= c->count, low);
    const size_t size = (size_t)(end - text);
    for (size_t i = low; i < high; i++) {
        const kf_bytes key = key_of(c, i);
        EXPECT(key.size >= c->depth + size && !memcmp(key.data + c->depth, text, size), i);
        EXPECT(kfi_decoded_select(&d, i - (size_t)d.view.final) == e, i);
    }
    EXPECT(d.label[e] == text[d.lcp[e]] && size > d.lcp[e], low);
    if (!kfi_decoded_is_jump(&d, e)) EXPECT(high == low + 1 && key_of(c, low).size == c->depth + size, low);
    else EXPECT(kfi_bucket_reference(&d.view, e) < keys->parameters.directory_count, low);
    /* From what is there already; and not a byte further than the limit. */
    const uint32_t valid = d.lcp[e] ? (uint32_t)set_below(&set, d.lcp[e] + 1) : 0;
    memset(text + valid, 0xaa, size - valid);
    EXPECT(kfi_decoded_text(keys, &d, e, valid, text, text + room) == end, low);
    EXPECT(!memcmp(key_of(c, low).data + c->depth, text, size), low);
    EXPECT(!kfi_decoded_text(keys, &d, e, 0, text, text + size - 1), low);
}

static void check_cut(const container *c)
{
    const uint64_t size = kfi_decoded_size(keys, &d);
    const uint8_t *at = c->place.at;
    EXPECT(kfi_bucket_decode(keys, (kfi_place){ at, at + size }, (uint32_t)c->depth, &d), size);
    for (uint64_t less = 1; less <= size && less < 40; less++) {
        EXPECT(!kfi_bucket_decode(keys, (kfi_place){ at, at + (size - less) }, (uint32_t)c->depth, &d), less);
        EXPECT(!d.at, less);
    }
}

static void check_bucket(const container *c)
{
    if (kfi_is_node(c->place.at)) return;
    EXPECT(kfi_bucket_decode(keys, c->place, (uint32_t)c->depth, &d), c->depth);
    EXPECT(d.at == c->place.at && kfi_decoded_labels_valid(keys, &d), c->depth);
    size_t low = (size_t)d.view.final;
    EXPECT(d.view.final == (key_of(c, 0).size == c->depth), c->key[0]);
    for (unsigned e = 0; e < d.view.count; e++) {
        const int last = e + 1 == d.view.count;
        const size_t high = last ? c->count : (size_t)d.view.final + (size_t)kfi_decoded_rank(&d, e + 1);
        EXPECT(kfi_decoded_rank(&d, e) == low - (size_t)d.view.final, low);
        check_entry(c, e, low, high);
        low = high;
    }
    jumps += d.view.jumps.map != 0;
    escapes += d.escaped != 0;
    if (seen++ < 40) check_cut(c);
}

START_TEST(bucket__all)
{
    seen = jumps = escapes = 0;
    for (uint64_t seed = 0; seed < 2; seed++) {
        open_shape((unsigned)_i, seed);
        visit_all(check_bucket);
        close_shape();
    }
    ck_assert_uint_gt(seen, 0);
    if (_i >= 8 && _i <= 10) ck_assert_uint_gt(jumps, 0);
    if (_i == 18) ck_assert_uint_gt(escapes, 0);
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------------- */

static kfi_place places[400];
static size_t depths[400], place_count;

static void note_bucket(const container *c)
{
    if (kfi_is_node(c->place.at) || place_count == 400) return;
    depths[place_count] = c->depth;
    places[place_count++] = c->place;
}

/* A decoded bucket of any bytes: nothing in it leads out of bounds. */
static void use_damaged(const kfi_keys *k, size_t depth)
{
    const size_t room = depth < k->longest_key ? k->longest_key - depth : 0;
    EXPECT(d.view.count >= 1 && d.view.count <= KFI_BUCKET_ENTRIES && !d.lcp[0] && !d.code[0], depth);
    for (unsigned e = 0; e < d.view.count; e++) {
        kfi_place target;
        EXPECT(d.code[e] <= d.code[e + 1], e);
        const uint8_t *end = kfi_decoded_text(k, &d, e, 0, text, text + room);
        EXPECT(!end || end <= text + room, e);
        EXPECT(kfi_decoded_select(&d, set_random(&set)) < d.view.count, e);
        if (!kfi_decoded_is_jump(&d, e) || !kfi_bucket_target(k, &d.view, e, &target)) continue;
        EXPECT(target.at < target.end && target.end <= file + file_size, e);
    }
}

START_TEST(bucket__damage)
{
    size_t refused = 0, taken = 0;
    open_shape((unsigned)_i, 1);
    damage_load("shape.kf");
    place_count = 0;
    visit_all(note_bucket);
    const uint8_t *mapped = dict->mapping.data;
    for (unsigned round = 0; round < 400; round++) {
        kfi_keys k;
        damage(&set);
        if (!kfi_keys_open(&k, file, &header, NULL)) {
            const size_t i = set_below(&set, place_count);
            const kfi_place place = { file + (places[i].at - mapped), file + (places[i].end - mapped) };
            if (kfi_bucket_decode(&k, place, (uint32_t)depths[i], &d)) taken++, use_damaged(&k, depths[i]);
            else refused++;
        }
        damage_undo();
    }
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_gt(refused, 0);
    damage_free();
    close_shape();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bucket");
    TCase *t = tcase_create("bucket");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, bucket__known);
    tcase_add_test(t, bucket__lengths);
    suite_add_cases(t, bucket__all, 2, SHAPES);
    suite_add_cases(t, bucket__damage, 6, 16);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
