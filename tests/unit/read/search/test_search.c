/* The search's variants against a sorted array and against each other, one key and many at a time; the packed fields
 * that they are made of; and how a variant is chosen. */
#include "read/keys/fields_portable.h"
#include "read/keys/verify_endings.h"

#include "scratch.h"
#include "shapes.h"
#include "model.h"
#include "damaged_shape.h"
#include "suite.h"

static const kfi_search_variant *variants[3];
static size_t variant_count;

/* ---- fields ----------------------------------------------------------------------------------- */

static unsigned first_bit(uint32_t mask) { return mask ? (unsigned)__builtin_ctz(mask) : 64; }

START_TEST(search__fields)
{
    uint8_t packed[64 + 64 + 8], other[64];
    set = (key_set){ .random = 11 };
    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; i < sizeof packed; i++) packed[i] = (uint8_t)set_below(&set, 256);
        for (unsigned width = 0; width <= 8; width++) {
            const unsigned count = 1 + (unsigned)set_below(&set, 64), probe = (unsigned)set_below(&set, 1u << width);
            const kfi_vec v = kfi_vec_unpack(packed, width, count);
            uint64_t equal = 0, less = 0, sum = 0;
            for (unsigned i = 0; i < count; i++) {
                const uint64_t field = kfi_load_bits(packed, (uint64_t)i * width, width);
                EXPECT(v.byte[i] == field, i);
                equal |= (uint64_t)(field == probe) << i;
                less |= (uint64_t)(field < probe) << i;
                sum += field;
            }
            const uint64_t all = ~0ull >> (64 - count);
            EXPECT((kfi_vec_equal(v, (uint8_t)probe) & all) == equal, width);
            EXPECT((kfi_vec_less(v, (uint8_t)probe) & all) == less, width);
            EXPECT(kfi_vec_sum(v, count) == sum && kfi_vec_sum(v, 0) == 0, width);
            kfi_vec same_v, w;
            const unsigned second = (unsigned)set_below(&set, 9);
            kfi_vec_unpack_both(&same_v, packed, width, &w, packed + 64, second, count);
            for (unsigned i = 0; i < count; i++) {
                EXPECT(same_v.byte[i] == v.byte[i], i);
                EXPECT(w.byte[i] == kfi_load_bits(packed + 64, (uint64_t)i * second, second), i);
            }
            EXPECT((kfi_vec_both(v, (uint8_t)probe, w, w.byte[0]) & all)
                       == (kfi_vec_equal(v, (uint8_t)probe) & kfi_vec_equal(w, w.byte[0]) & all), width);
        }
        const kfi_vec indices = kfi_vec_unpack(packed, 4, 64), looked = kfi_vec_table(indices, packed + 64);
        for (unsigned i = 0; i < 64; i++) EXPECT(looked.byte[i] == packed[64 + indices.byte[i]], i);
        const unsigned same = (unsigned)set_below(&set, 17);
        memcpy(other, packed, 16);
        if (same < 16) other[same] ^= 0x80;
        EXPECT(first_bit(kfi_differ16(packed, other)) == (same < 16 ? same : 64), same);
        uint32_t below, labels = kfi_labels32(packed, packed[5], &below);
        for (unsigned i = 0; i < 32; i++) {
            EXPECT((labels >> i & 1) == (packed[i] == packed[5]), i);
            EXPECT((below >> i & 1) == (packed[i] < packed[5]), i);
        }
        for (unsigned width = 1; width <= 4; width++) {
            const uint64_t bit = set_below(&set, 200);
            for (unsigned i = 0; i < 16; i++) other[i] = packed[100 + kfi_load_bits(packed, bit + i * width, width)];
            if (same < 16) other[same] ^= 0x80;
            EXPECT(first_bit(kfi_differ_characters(packed, bit, width, packed + 100, other))
                       == (same < 16 ? same : 64), width);
        }
        const unsigned records = 1 + (unsigned)set_below(&set, 4), at = (unsigned)set_below(&set, records);
        const uint64_t low = kfi_load64(packed + 16 * at), high = kfi_load64(packed + 16 * at + 8);
        EXPECT(kfi_records8(packed, 2 * records, high) == 2u << 2 * at, at);
        EXPECT(kfi_records16(packed, records, low, high) == 1u << at, at);
        EXPECT(!kfi_records16(packed, records, high, low), at);
        const uint64_t word = kfi_load64(packed) | 1ull << 40;
        for (unsigned k = 0, bit = 0; bit < 64; bit++) {
            if (!(word >> bit & 1)) continue;
            const uint64_t above = bit == 63 ? 0 : word & ~0ull << (bit + 1);
            EXPECT(kfi_select(word, k) == bit, k);
            EXPECT(kfi_select_pair(word, k++) == (1ull << bit | (above & -above)), bit);
        }
        EXPECT(kfi_select(word, kfi_popcount(word)) == 64, 0);
    }
}
END_TEST

/* ---- one key and many ------------------------------------------------------------------------- */

/* Keys that are there and keys that are not. */
static size_t draw(kf_bytes *list, uint8_t *room, size_t most)
{
    size_t n = 0;
    while (n < most) {
        kf_bytes key = set.keys[set_below(&set, set.count)];
        const size_t kind = set_below(&set, 5), size = key.size < 400 ? key.size : 0;
        uint8_t *copy = room + 402 * n;
        if (size) memcpy(copy, key.data, size);
        if (kind == 1 && size) copy[set_below(&set, size)] ^= (uint8_t)(1 + set_below(&set, 255));
        if (kind == 2) copy[size] = (uint8_t)set_below(&set, 256);
        if (kind > 0) key = (kf_bytes){ copy, size + (kind == 2) };
        if (kind == 3 && key.size) key.size = set_below(&set, key.size);
        list[n++] = key;
    }
    return n;
}

static uint64_t wanted(kf_bytes key)
{
    const size_t i = set_bound(&set, key);
    return i < set.count && !bytes_compare(set.keys[i], key) ? i : UINT64_MAX;
}

static void check_batch(const kfi_search_variant *v, kfi_key_batch *batch, size_t n)
{
    uint64_t ordinals[200];
    size_t found, present = 0;
    EXPECT(v->find_many(batch, n, ordinals, &found) == KF_OK, n);
    for (size_t i = 0; i < n; i++) {
        EXPECT(ordinals[i] == wanted(kfi_batch_key(batch, i)), i);
        present += ordinals[i] != UINT64_MAX;
    }
    EXPECT(found == present, n);
}

static void check_prefixes(const kfi_search_variant *v, kf_bytes text)
{
    kf_prefix_match notes[KFI_STEP_NOTES];
    kfi_step step = KFI_STEP_ON;
    kfi_search s;
    size_t size = 0;   /* of the text that is accounted for */
    kfi_search_text(&s, keys, text.data, text.size);
    while (step == KFI_STEP_ON) {
        size_t n;
        step = v->prefixes(keys, &s, notes, KFI_STEP_NOTES, &n);
        for (size_t k = 0; k < n; k++) {
            EXPECT(notes[k].size <= text.size, notes[k].size);
            for (; size < notes[k].size; size++) EXPECT(wanted((kf_bytes){ text.data, size }) == UINT64_MAX, size);
            EXPECT(wanted((kf_bytes){ text.data, size }) == notes[k].ordinal, size);
            size++;
        }
    }
    EXPECT(step == KFI_STEP_ABSENT, step);
    for (; size <= text.size; size++) EXPECT(wanted((kf_bytes){ text.data, size }) == UINT64_MAX, size);
}

START_TEST(search__variants)
{
    static uint8_t room[200 * 402], data[200 * 600];
    kf_bytes list[200];
    uint64_t offsets[201] = { 0 };
    const kfi_keys *of[200];
    open_shape((unsigned)_i, 1);
    if (set.count) {
        const size_t n = draw(list, room, 200);
        size_t packed = 0;
        for (; packed < n && list[packed].size < 600; packed++) {
            if (list[packed].size) memcpy(data + offsets[packed], list[packed].data, list[packed].size);
            offsets[packed + 1] = offsets[packed] + list[packed].size;
        }
        for (size_t i = 0; i < n; i++) of[i] = keys;
        for (size_t k = 0; k < variant_count; k++) {
            const kfi_search_variant *v = variants[k];
            for (size_t i = 0; i < n; i++) {
                uint64_t ordinal;
                const kf_status status = v->find(keys, list[i].data, list[i].size, &ordinal);
                EXPECT(status == (wanted(list[i]) == UINT64_MAX ? KF_NOT_FOUND : KF_OK), i);
                EXPECT(status || ordinal == wanted(list[i]), i);
            }
            for (int interleave = 0; interleave < 2; interleave++) {
                kfi_keys same = *keys;
                same.interleave = interleave;
                check_batch(v, &(kfi_key_batch){ .list = list, .keys = &same }, n);
                check_batch(v, &(kfi_key_batch){ .data = data, .offsets = offsets, .keys = &same }, packed);
            }
            check_batch(v, &(kfi_key_batch){ .list = list, .keys_of = of }, n);
            check_batch(v, &(kfi_key_batch){ .list = list, .keys = keys }, 0);
            if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) continue;
            for (size_t i = 0; i < n; i += 5) if (list[i].size < 1000) check_prefixes(v, list[i]);
        }
    }
    close_shape();
}
END_TEST

/* Keys at the lengths where one is copied, kept in place, or compared by its last bytes. */
START_TEST(search__lengths)
{
    uint8_t text[600];
    memset(text, 'k', sizeof text);
    set = (key_set){ .random = 3 };
    for (size_t size = 0; size < 600; size += 1 + (size > 40 && size < 230)) {
        set_add(&set, text, size);
        if (size) text[size - 1] = 'j', set_add(&set, text, size), text[size - 1] = 'k';
    }
    set_sort(&set);
    set_build(&set, "shape.kf", KF_VALUES_NONE);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("shape.kf"), NULL, NULL), KF_OK);
    keys = &dict->keys;
    for (size_t k = 0; k < variant_count; k++)
        for (size_t i = 0; i < set.count; i++) {
            uint64_t ordinal;
            uint8_t *exact = malloc(set.keys[i].size);   /* nothing may be read beyond a key */
            if (set.keys[i].size) memcpy(exact, set.keys[i].data, set.keys[i].size);
            EXPECT(variants[k]->find(keys, exact, set.keys[i].size, &ordinal) == KF_OK && ordinal == i, i);
            free(exact);
        }
    close_shape();
}
END_TEST

/* Edges of more codes than a byte tells, which lead to nodes: noise that many keys begin with. */
START_TEST(search__long_edges)
{
    enum { EDGES = 20, KEYS = 80, LEAST = 90 };
    uint8_t text[300];
    uint64_t codes = 0, most = 0;
    const uint8_t *bits;
    kfi_node n;
    set = (key_set){ .random = 9 };
    for (unsigned edge = 0; edge < EDGES; edge++) {
        const size_t size = LEAST + 10 * edge;
        for (size_t b = 0; b < size; b++) text[b] = (uint8_t)(b ? set_below(&set, 256) : edge);
        for (unsigned i = 0; i < KEYS; i++) {
            for (size_t b = 0; b < 3; b++) text[size + b] = (uint8_t)set_below(&set, 256);
            set_add(&set, text, size + 3);
        }
    }
    set_sort(&set);
    open_set();
    ck_assert(kfi_is_node(kfi_root(keys).at) && kfi_node_open(keys, &n, kfi_root(keys)));
    for (unsigned i = 0; i < n.bigs; i++, most = codes > most ? codes : most)
        ck_assert(kfi_node_edge_codes(keys, &n, i, &bits, &codes));
    ck_assert(n.bigs == EDGES && most > 0x80);
    for (size_t k = 0; k < variant_count; k++)
        for (size_t i = 0; i < set.count; i++) {
            uint64_t ordinal;
            EXPECT(variants[k]->find(keys, set.keys[i].data, set.keys[i].size, &ordinal) == KF_OK && ordinal == i, i);
        }
    close_shape();
}
END_TEST

/* Keys of one length and few characters, one of them the zero that a text is padded with. */
START_TEST(search__zeros)
{
    enum { SIZE = 14 };
    uint8_t text[SIZE];
    set = (key_set){ .random = 5 };
    for (unsigned i = 0; i < 600; i++) {
        const size_t zeros = set_below(&set, 4);
        for (size_t b = 0; b < SIZE; b++) text[b] = b < SIZE - zeros ? (uint8_t)set_below(&set, 15) : 0;
        set_add(&set, text, SIZE);
    }
    set_sort(&set);
    set_build(&set, "shape.kf", KF_VALUES_NONE);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("shape.kf"), NULL, NULL), KF_OK);
    keys = &dict->keys;
    ck_assert_uint_gt(keys->parameters.character_bits, 0);
    for (size_t k = 0; k < variant_count; k++)
        for (size_t i = 0; i < set.count; i++)
            for (size_t size = set.keys[i].size; size; size--) {
                uint8_t *exact = malloc(size);
                uint64_t ordinal;
                const kf_bytes key = { memcpy(exact, set.keys[i].data, size), size };
                const kf_status status = variants[k]->find(keys, exact, size, &ordinal);
                EXPECT(status == (wanted(key) == UINT64_MAX ? KF_NOT_FOUND : KF_OK), i);
                EXPECT(status || ordinal == wanted(key), i);
                check_prefixes(variants[k], key);
                free(exact);
            }
    close_shape();
}
END_TEST

/* ---- endings ---------------------------------------------------------------------------------- */

/* Stems with endings of one group or the other, which make a list of narrow records and one of wide ones. */
static void open_endings(void)
{
    static const char *const groups[2][6] = { { "", "e", "ed", "ing", "s", "\xff" }, { "\1", "-and-more-of-it", "z" } };
    set = (key_set){ .random = 7 };
    for (unsigned i = 0; i < 12000; i++) {
        char key[32];
        const char *const *group = groups[set_below(&set, 2)];
        const unsigned stem = (unsigned)set_below(&set, 1000000);
        for (unsigned e = 0; e < 6 && group[e]; e++)
            set_add(&set, key, (size_t)snprintf(key, sizeof key, "%06u%s", stem, group[e]));
    }
    set_sort(&set);
    set_build(&set, "shape.kf", KF_VALUES_NONE);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("shape.kf"), NULL, NULL), KF_OK);
    keys = &dict->keys;
}

static kfi_ending_list list_of(uint64_t index) { return kfi_endings_list(&keys->endings, index); }

START_TEST(search__endings)
{
    unsigned wide = 0, narrow = 0;
    open_endings();
    for (uint64_t i = 0; i < keys->endings.count; i++) {
        if (list_of(i).count) ++*(list_of(i).wide ? &wide : &narrow);
    }
    ck_assert_uint_gt(wide, 0);
    ck_assert_uint_gt(narrow, 0);
    ck_assert_uint_eq(list_of(keys->endings.count).count + list_of(UINT64_MAX).count, 0);
    for (size_t k = 0; k < variant_count; k++)
        for (size_t i = 0; i < set.count; i++) {
            uint8_t text[64];
            uint64_t ordinal;
            kf_bytes key = { text, set.keys[i].size };
            memcpy(text, set.keys[i].data, key.size);
            EXPECT(variants[k]->find(keys, text, key.size, &ordinal) == KF_OK && ordinal == i, i);
            text[key.size++] = "\0sz-\377"[i % 5];           /* mostly absent */
            if (i % 3 == 0) memset(text + key.size, 'x', 30), key.size += 30;
            if (i % 7 == 0) text[6 + i % (key.size - 6)] ^= 1;
            const kf_status status = variants[k]->find(keys, text, key.size, &ordinal);
            EXPECT(status == (wanted(key) == UINT64_MAX ? KF_NOT_FOUND : KF_OK), i);
            EXPECT(status || ordinal == wanted(key), i);
        }
    close_shape();
}
END_TEST

/* Whatever the endings say, a search ends, as it does with other variants; and verifying sees it. */
START_TEST(search__wrong_endings)
{
    open_endings();
    damage_load("shape.kf");
    const size_t begin = (size_t)(kfi_header_section(&header, KFI_SECTION_SHARED)->offset + keys->parameters.endings);
    const size_t size = (size_t)(keys->endings.records - keys->endings.entries) + KFI_ENDINGS_HEAD
                        + keys->endings.units * KFI_ENDINGS_UNIT;
    for (size_t at = begin; at < begin + size; at++) {
        kfi_keys k;
        file[at] ^= 0x15;
        const kf_status opened = kfi_keys_open(&k, file, &header, NULL);
        if (at >= begin + KFI_ENDINGS_HEAD) {
            ck_assert_int_eq(opened, KF_OK);
            EXPECT(kfi_endings_verify(&k, file, NULL) == KF_CORRUPT, at);
        }
        for (unsigned i = 0; !opened && i < 100; i++) {
            const kf_bytes key = set.keys[set_below(&set, set.count)];
            uint64_t first = 0, ordinal = 0;
            const kf_status status = variants[0]->find(&k, key.data, key.size, &first);
            for (size_t n = 1; n < variant_count; n++) {
                EXPECT(variants[n]->find(&k, key.data, key.size, &ordinal) == status, at);
                EXPECT(status || ordinal == first, at);
            }
        }
        file[at] ^= 0x15;
    }
    damage_free();
    close_shape();
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------------- */

static void ask(const kfi_keys *k, unsigned round)
{
    for (unsigned i = 0; i < 20; i++) {
        const kf_bytes key = set.keys[set_below(&set, set.count)];
        kf_status first = KF_OK;
        uint64_t first_ordinal = 0;
        for (size_t n = 0; n < variant_count; n++) {
            kf_prefix_match match;
            uint64_t ordinal;
            size_t count;
            kf_status status = variants[n]->find(k, key.data, key.size, &ordinal);
            EXPECT(status == KF_OK || status == KF_NOT_FOUND || status == KF_CORRUPT, round);
            EXPECT(status || ordinal < set.count, round);
            if (!n) first = status, first_ordinal = ordinal;
            EXPECT(status == first && (status || ordinal == first_ordinal), round);
            if (status != KF_NOT_FOUND) count_answer(status == KF_CORRUPT);
            status = kfi_prefixes(k, key, &match, 1, &count);
            EXPECT(status == KF_OK || status == KF_CORRUPT, round);
            EXPECT(status || !count || match.ordinal < set.count, round);
        }
    }
}

START_TEST(search__damage)
{
    ask_damaged((unsigned)_i, ask);
}
END_TEST

/* A node by hand, of a child node and two buckets, that says its paths are as long as almost all of a memory of 32
 * bits, or where a bucket lies so that their sum comes around to bytes of the file: no sum of pointers may be
 * trusted. */
START_TEST(search__sums_that_wrap)
{
    enum { AT = 600, PATHS = AT + 27, SIZE = 700 };
    static const uint64_t sizes[] = { SIZE - PATHS, 0x80000000, 0xffffff00, 0xffffffff },
        offsets[] = { 0, 0x7fffff00, 0x80000000, 0xffffff80, UINT64_MAX - 0x7f, UINT64_MAX };
    static const uint8_t node[] = { 0x80, 0x0e, 1, 2, 7,  'b', 'c',  1, 20, 5,  2 };
    static uint8_t tree[SIZE + KFI_TAIL_PAD];
    const kf_bytes key = { (const uint8_t *)"d", 1 };
    kfi_keys k = { .tree = tree, .tree_size = SIZE, .shared = tree, .longest_key = 10, .count = 20,
                   .parameters = { .root_kind = KFI_ROOT_CONTAINER, .label_bits = 1, .root = AT } };
    memcpy(tree + AT, node, sizeof node);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof offsets / sizeof *offsets; j++)
            for (size_t n = 0; n < variant_count; n++) {
                kf_prefix_match match;
                uint64_t ordinal;
                size_t count;
                kfi_store64(tree + AT + sizeof node, offsets[j]);
                kfi_store64(tree + AT + sizeof node + 8, sizes[i] << 32);   /* after that of the child's path */
                ck_assert_int_eq(variants[n]->find(&k, key.data, 1, &ordinal), KF_CORRUPT);
                ck_assert_int_eq(kfi_prefixes(&k, key, &match, 1, &count), KF_CORRUPT);
            }
}
END_TEST

/* ---- choosing --------------------------------------------------------------------------------- */

#ifdef __aarch64__
static const char *const limits[] = { "portable", "neon" };
#else
static const char *const limits[] = { "portable", "avx2", "avx512" };
#endif
enum { LIMITS = sizeof limits / sizeof *limits };

/* It is chosen once in a process: this needs one of its own. */
START_TEST(search__chosen)
{
    const char *fork = getenv("CK_FORK");
    if (fork && !strcmp(fork, "no")) return;
    setenv("KEYFOLD_ISA", limits[_i], 1);
    const kfi_search_variant *best = kfi_search_best();
    size_t expected = 0;   /* the last one that the processor has and the limit allows */
    for (size_t k = 0; k < variant_count; k++)
        for (int limit = 0; limit <= _i; limit++)
            if (!strcmp(variants[k]->name, limits[limit])) expected = k;
    ck_assert_str_eq(best->name, variants[expected]->name);
    setenv("KEYFOLD_ISA", limits[(_i + 1) % LIMITS], 1);
    ck_assert_ptr_eq(kfi_search_best(), best);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("search");
    TCase *t = tcase_create("search");
    variant_count = model_variants(variants);
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, search__chosen, 0, LIMITS);
    tcase_add_test(t, search__fields);
    suite_add_cases(t, search__variants, 0, SHAPES);
    tcase_add_test(t, search__lengths);
    tcase_add_test(t, search__long_edges);
    tcase_add_test(t, search__zeros);
    tcase_add_test(t, search__endings);
    tcase_add_test(t, search__wrong_endings);
    suite_add_cases(t, search__damage, 6, 16);
    tcase_add_test(t, search__sums_that_wrap);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
