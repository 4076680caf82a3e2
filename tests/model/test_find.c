/* kf_iter_create_find against a model that tries every key at every place of a text. */
#include <keyfold/keyfold.h>

#include "query/text_boundary.h"
#include "read/dict.h"

#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "damage.h"
#include "model.h"
#include "suite.h"

#include <errno.h>
#include <utf8proc.h>

static key_set set;
static kf_dict *dict;
static unsigned round_now;

#define EXPECT(condition, i) \
    do { \
        if (!(condition)) ck_abort_msg("%s: round %u at %zu", #condition, round_now, (size_t)(i)); \
    } while (0)

static void open_set(kf_value_type type)
{
    kf_error error;
    set_build(&set, "find.kf", type);
    kf_status status = kf_dict_open(&dict, scratch_path("find.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
}

static void close_set(void)
{
    kf_dict_close(&dict);
    set_free(&set);
}

/* ---- the model --------------------------------------------------------------------------------- */

enum { TEXT_MAX = 9000 };

typedef struct model_text {
    uint8_t *data;             /* of exactly `size` bytes, for sanitizers */
    size_t size;
    uint8_t code_point[TEXT_MAX + 1], word[TEXT_MAX + 1];   /* boundaries before each byte and at the end */
} model_text;

/* By reading the text from its start, with utf8proc's own reader. */
static void find_boundaries(model_text *t)
{
    int before = 0;
    memset(t->code_point, 0, sizeof t->code_point);
    memset(t->word, 0, sizeof t->word);
    for (size_t at = 0; at < t->size; ) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(t->data + at, (utf8proc_ssize_t)(t->size - at), &c);
        int category = n > 0 ? utf8proc_category(c) : UTF8PROC_CATEGORY_CN;
        int word = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_PC;
        t->code_point[at] = 1;
        t->word[at] = !(before && word);
        before = word;
        at += n > 0 ? (size_t)n : 1;
    }
    t->code_point[t->size] = t->word[t->size] = 1;
}

static int callback_boundary(void *context, kf_bytes text, size_t at)
{
    EXPECT(context == &set, at);
    return at == text.size || text.data[at] % 3 != 1;
}

static int model_boundary(const model_text *t, kf_boundary boundary, size_t at)
{
    switch (boundary) {
    case KF_BOUNDARY_CODE_POINTS: return t->code_point[at];
    case KF_BOUNDARY_WORDS: return t->word[at];
    case KF_BOUNDARY_CALLBACK: return callback_boundary(&set, (kf_bytes){ t->data, t->size }, at);
    default: return 1;
    }
}

static size_t filter_calls;

/* By what each way of asking says, so that all of them are asked. */
static int filter(void *context, kf_iter *iter, const kf_entry *entry)
{
    uint64_t number = 99;
    kf_bytes value;
    const model_text *t = context;
    const kf_match *match = kf_iter_match(iter);
    filter_calls++;
    if (dict->header.value_type == KF_VALUES_U64) {
        EXPECT(kf_iter_value_u64(iter, &number) == KF_OK && number == 7 * entry->ordinal, entry->ordinal);
    } else if (dict->header.value_type == KF_VALUES_BYTES) {
        EXPECT(kf_iter_value(iter, &value) == KF_OK, entry->ordinal);
        EXPECT(bytes_compare(value, entry->key) == 0, entry->ordinal);
    }
    EXPECT(entry->key.data == t->data + match->position, match->position);
    return (entry->ordinal * 5 + match->position) % 3 != 0;
}

typedef struct model_hit {
    size_t position, size, ordinal;
} model_hit;

static model_hit *hits;
static size_t hit_count, hit_capacity;

static void add_hit(size_t position, size_t size, size_t ordinal)
{
    if (hit_count == hit_capacity) {
        hit_capacity = 2 * hit_capacity + 64;
        hits = realloc(hits, hit_capacity * sizeof *hits);
        EXPECT(hits != NULL, hit_count);
    }
    hits[hit_count++] = (model_hit){ position, size, ordinal };
}

/* All that a text has, whatever the boundaries: at each place, the range of the sorted keys that agree with
 * the text is narrowed byte by byte. */
static void find_hits(const model_text *t)
{
    hit_count = 0;
    for (size_t at = 0; at < t->size; at++) {
        size_t low = set.count && !set.keys[0].size, high = set.count;
        for (size_t size = 1; low < high && size <= t->size - at; size++) {
            const uint8_t byte = t->data[at + size - 1];
            while (low < high && set.keys[low].data[size - 1] < byte) low++;
            while (low < high && set.keys[high - 1].data[size - 1] > byte) high--;
            if (low < high && set.keys[low].size == size) add_hit(at, size, low++);
        }
    }
}

static int wanted(const model_text *t, const kf_find_options *o, const model_hit *hit)
{
    if (!model_boundary(t, o->boundary, hit->position)) return 0;
    if (!model_boundary(t, o->boundary, hit->position + hit->size)) return 0;
    return !o->filter || (hit->ordinal * 5 + hit->position) % 3 != 0;
}

static uint64_t hits_seen, longest_seen;

static void check(const model_text *t, const kf_find_options *o)
{
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    size_t free_from = 0;
    EXPECT(kf_iter_create_find(&iter, dict, t->data, t->size, o, &error) == KF_OK, 0);
    for (size_t i = 0; i < hit_count; i++) {
        size_t best = i;
        if (!wanted(t, o, &hits[i])) continue;
        if (o->overlap == KF_OVERLAP_LONGEST) {
            if (hits[i].position < free_from) continue;
            for (size_t k = i; k < hit_count && hits[k].position == hits[i].position; k++)
                if (wanted(t, o, &hits[k])) best = k;
            free_from = hits[i].position + hits[best].size;
            longest_seen += best != i;
        }
        EXPECT(kf_iter_remaining(iter) == UINT64_MAX, i);
        EXPECT(kf_iter_next(iter, &entry) == KF_OK, i);
        EXPECT(kf_iter_match(iter)->position == hits[best].position, i);
        EXPECT(entry.key.size == hits[best].size && entry.ordinal == hits[best].ordinal, i);
        EXPECT(entry.key.data == t->data + hits[best].position, i);
        if (dict->header.value_type == KF_VALUES_U64) {
            uint64_t number;
            EXPECT(kf_iter_value_u64(iter, &number) == KF_OK && number == 7 * entry.ordinal, i);
        }
        hits_seen++;
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END, hit_count);
    EXPECT(kf_iter_next(iter, &entry) == KF_END && kf_iter_remaining(iter) == 0, hit_count);
    kf_iter_destroy(&iter);
    EXPECT(iter == NULL, hit_count);
}

/* Every way to search a text. */
static void check_text(model_text *t)
{
    find_boundaries(t);
    find_hits(t);
    for (unsigned n = 0; n < 16; n++) {
        kf_find_options o = KF_FIND_OPTIONS_INIT;
        o.overlap = (kf_overlap)(n & 1);
        o.boundary = (kf_boundary)(n >> 1 & 3);
        o.is_boundary = callback_boundary;
        o.boundary_context = &set;
        if (n & 8) o.filter = filter;
        o.filter_context = t;
        check(t, &o);
    }
}

/* ---- random texts ------------------------------------------------------------------------------ */

/* Letters, digits, connectors and marks of several sizes; others; and what is no UTF-8. */
static const char *const pieces[] = {
    "a", "b", "ab", "c", "_", "9", " ", "-", "\n", "\0", "\xc3\xa9", "\xd9\xa3", "\xcc\x81", "\xe2\x82\xac",
    "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xe2\x80\xbf", "\xe2\x85\xa0", "\xc2\xbd", "\xf0\x9d\x92\x9c",
    "\x80", "\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe4\xb8", "\xf0\x9f\x98",
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

static size_t draw_pieces(uint8_t *to, size_t count, size_t first, size_t kinds)
{
    size_t size = 0;
    while (count--) {
        const char *piece = pieces[(first + set_below(&set, kinds)) % PIECES];
        size_t length = *piece ? strlen(piece) : 1;
        memcpy(to + size, piece, length);
        size += length;
    }
    return size;
}

/* Pieces, keys and parts of keys. */
static void draw_text(model_text *t, size_t limit, size_t first, size_t kinds)
{
    static uint8_t text[TEXT_MAX];
    size_t size = 0;
    if (limit > TEXT_MAX - 64) limit = TEXT_MAX - 64;
    while (size < limit) {
        kf_bytes key = set.keys[set_below(&set, set.count)];
        size_t part = set_below(&set, 3) ? key.size : set_below(&set, key.size + 1);
        if (part > limit - size) part = limit - size;
        if (set_below(&set, 2)) size += draw_pieces(text + size, 1 + set_below(&set, 3), first, kinds);
        else if (part) memcpy(text + size, key.data, part), size += part;
    }
    t->size = size;
    t->data = malloc(size + !size);
    EXPECT(t->data != NULL, size);
    if (size) memcpy(t->data, text, size);
}

static void draw_set(void)
{
    size_t first = set_below(&set, PIECES), kinds = 1 + set_below(&set, set_below(&set, 2) ? 4 : PIECES);
    size_t count = 1 + set_below(&set, set_below(&set, 4) ? 20 : 200);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[64];
        size_t size = draw_pieces(key, set_below(&set, set_below(&set, 3) ? 4 : 10), first, kinds);
        if (size && set_below(&set, 4) == 0) size--;   /* cut inside a character */
        set_add(&set, key, size);
    }
    set_sort(&set);
}

START_TEST(find__random)
{
    static model_text text;
    const unsigned rounds = 8 * scale_of_run();
    const kfi_search_variant *variants[3];
    const size_t variant_count = model_variants(variants);
    hits_seen = longest_seen = filter_calls = 0;
    for (unsigned round = 0; round < rounds; round++) {
        round_now = (unsigned)_i * rounds + round;
        set = (key_set){ .random = 88172645463325252u + 977 * (uint64_t)round_now };
        for (int i = 0; i < 5; i++) set_random(&set);
        draw_set();
        open_set((kf_value_type)(round % 3));
        dict->search = variants[round % variant_count];
        for (unsigned n = 0; n < 160; n++) {
            size_t first = set_below(&set, PIECES), kinds = 1 + set_below(&set, PIECES);
            size_t limit = set_below(&set, set_below(&set, 8) ? 30 : 300);
            if (n == 159) limit = 2000 + set_below(&set, 2500);
            draw_text(&text, limit, first, kinds);
            check_text(&text);
            free(text.data);
        }
        close_set();
    }
    ck_assert_uint_gt(hits_seen, 100);
    ck_assert_uint_gt(longest_seen, 10);
    ck_assert_uint_gt(filter_calls, 100);
}
END_TEST

/* Long keys, thousands of keys, shared and deep containers, every coding of keys. */
START_TEST(find__shapes)
{
    static model_text text;
    const kfi_search_variant *variants[3];
    const size_t variant_count = model_variants(variants);
    round_now = (unsigned)_i;
    FOR_SEEDS(seed, rounds_of(2)) {
        set_make(&set, (unsigned)_i, seed, 1);
        if (set.count) {
            open_set((kf_value_type)(seed % 3));
            for (unsigned n = 0; n < 6; n++) {
                dict->search = variants[n % variant_count];
                draw_text(&text, n % 3 || _i == 16 ? 200 + set_below(&set, 400) : 2500, 0, PIECES);
                check_text(&text);
                free(text.data);
            }
            kf_dict_close(&dict);
        }
        set_free(&set);
    }
}
END_TEST

/* What is a word character, character by character, and not by the library that the model asks. */
START_TEST(find__boundaries)
{
    static const char *const word[] = {
        "a", "Z", "_", "0", "\xc3\xa9", "\xd9\xa3", "\xcc\x81", "\xe4\xb8\xad", "\xe2\x80\xbf",
        "\xe2\x85\xa0", "\xc2\xbd", "\xf0\x9d\x92\x9c"
    };
    static const char *const other[] = {   /* the first three are characters of several bytes */
        "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0", " ", "-", "\n", "\x80", "\xff", "\xc3",
        "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe2\x82"
    };
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
            char text[64];
            size_t one = strlen(word[i]), two = strlen(other[k]);
            /* word word other word: boundaries at 0, before and after the other. */
            const char *w = word[i];
            size_t size = (size_t)snprintf(text, sizeof text, "%s%s%s%s", w, w, other[k], w);
            kf_bytes bytes = { (const uint8_t *)text, size };
            round_now = (unsigned)(100 * i + k);
            for (size_t at = 0; at <= size; at++) {
                int inside = at < 2 * one ? at % one != 0 : at > 2 * one + two && at < size;
                int sequence = inside || (k < 3 ? at > 2 * one && at < 2 * one + two : 0);
                EXPECT(kfi_code_point_boundary(bytes, at) == !sequence, at);
                EXPECT(kfi_word_boundary(bytes, at) == (!sequence && at != one), at);
            }
        }
}
END_TEST

START_TEST(find__empty_key)
{
    kf_iter *iter;
    kf_entry entry;
    kf_find_options o = KF_FIND_OPTIONS_INIT;
    for (int keys = 0; keys < 2; keys++) {
        set = (key_set){ .random = 1 };
        if (keys) set_add(&set, "", 0);
        open_set(KF_VALUES_NONE);
        ck_assert_int_eq(kf_iter_create_find(&iter, dict, "some text", 9, &o, NULL), KF_OK);
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
        kf_iter_destroy(&iter);
        close_set();
    }
    set = (key_set){ .random = 1 };
    set_add(&set, "a", 1);
    open_set(KF_VALUES_NONE);
    ck_assert_int_eq(kf_iter_create_find(&iter, dict, NULL, 0, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    kf_iter_destroy(&iter);
    close_set();
}
END_TEST

START_TEST(find__misuse)
{
    kf_iter *iter = (kf_iter *)(void *)&set;
    kf_error error = { 0 };
    set = (key_set){ .random = 1 };
    set_add(&set, "a", 1);
    open_set(KF_VALUES_U64);
    for (int n = 0; n < 6; n++) {
        kf_find_options o = KF_FIND_OPTIONS_INIT;
        if (n == 0) o.struct_size = 0;
        if (n == 1) o.overlap = (kf_overlap)2;
        if (n == 2) o.overlap = (kf_overlap)-1;
        if (n == 3) o.boundary = (kf_boundary)4;
        if (n == 4) o.boundary = (kf_boundary)-1;
        if (n == 5) o.boundary = KF_BOUNDARY_CALLBACK;
        ck_assert_int_eq(kf_iter_create_find(&iter, dict, "a", 1, &o, n % 2 ? NULL : &error), KF_INVALID);
        ck_assert_ptr_null(iter);
        if (n % 2 == 0) ck_assert_int_ne(error.message[0], 0);
    }
    uint64_t number;
    ck_assert_int_eq(kf_iter_create_find(&iter, dict, "a", 1, NULL, &error), KF_OK);
    ck_assert_int_eq(kf_iter_value_u64(iter, &number), KF_INVALID);
    kf_iter_destroy(&iter);
    close_set();
}
END_TEST

START_TEST(find__damage)
{
    static model_text text;
    const kfi_search_variant *variants[3];
    const size_t variant_count = model_variants(variants);
    uint64_t corrupt = 0, ended = 0;
    FOR_SEEDS(seed, rounds_of(2)) {
        set_make(&set, (unsigned)_i, seed, 1);
        set_build(&set, "find.kf", KF_VALUES_NONE);
        damage_load("find.kf");
        if (!set.count) set_add(&set, "x", 1);
        draw_text(&text, 2300, 0, PIECES);
        for (unsigned round = 0; round < 100; round++) {
            kf_dict broken = { .search = variants[round % variant_count] };
            kf_find_options o = KF_FIND_OPTIONS_INIT;
            size_t end = text.size < 300 ? text.size : 300;   /* a short text or a long one */
            size_t from = set_below(&set, 2) ? text.size - set_below(&set, end) : 0;
            kf_iter *iter;
            kf_entry entry;
            size_t position = 0, last = 0;
            round_now = round;
            damage(&set);
            broken.header = header;
            o.boundary = (kf_boundary)set_below(&set, 3);
            if (!kfi_keys_open(&broken.keys, file, &header, NULL)) {
                kf_status status = kf_iter_create_find(&iter, &broken, text.data + from, text.size - from, &o, NULL);
                while (!status && !(status = kf_iter_next(iter, &entry))) {
                    size_t now = (size_t)kf_iter_match(iter)->position;
                    EXPECT(entry.key.size && entry.key.size <= text.size - from - now, now);
                    EXPECT(entry.ordinal < broken.keys.count, now);
                    EXPECT(now > position || (now == position && entry.key.size >= last), now);
                    position = now;
                    last = entry.key.size;
                }
                EXPECT(status == KF_END || status == KF_CORRUPT, status);
                ended += status == KF_END;
                corrupt += status == KF_CORRUPT;
                kf_iter_destroy(&iter);
            }
            damage_undo();
        }
        free(text.data);
        damage_free();
        set_free(&set);
    }
    ck_assert_uint_gt(ended, 0);
    if (_i > 3) ck_assert_uint_gt(corrupt, 0);
}
END_TEST

static kf_status find_all(const uint8_t *text, size_t size, size_t *found)
{
    kf_iter *iter;
    kf_entry entry;
    kf_status status = kf_iter_create_find(&iter, dict, text, size, NULL, NULL);
    *found = 0;
    if (!status) ck_assert_ptr_nonnull(iter);
    while (!status && !(status = kf_iter_next(iter, &entry))) ++*found;
    kf_iter_destroy(&iter);
    return status == KF_END ? KF_OK : status;
}

START_TEST(find__memory_runs_out)
{
    /* 300 keys at one place: more than the notes have room for at first. */
    static uint8_t text[3000];
    size_t found;
    set = (key_set){ .random = 88172645463325252u };
    set_add_chain(&set, 300, 1, 'a');
    set_sort(&set);
    open_set(KF_VALUES_NONE);
    memset(text, 'a', 400);
    for (uint64_t n = 1; ; n++) {
        fault_mark();
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_FROM);
        kf_status status = find_all(text, sizeof text, &found);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(fault_live(), 0);
        if (!fired) {
            ck_assert_int_eq(status, KF_OK);
            ck_assert_uint_gt(found, 300);
            ck_assert_uint_ge(n, 5);
            break;
        }
        ck_assert_int_eq(status, KF_NO_MEMORY);
    }
    close_set();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("find");
    TCase *t = tcase_create("find");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, find__random, 0, 16);
    suite_add_cases(t, find__shapes, 0, SHAPES);
    tcase_add_test(t, find__boundaries);
    tcase_add_test(t, find__empty_key);
    tcase_add_test(t, find__misuse);
    suite_add_cases(t, find__damage, 0, SHAPES);
    tcase_add_test(t, find__memory_runs_out);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
