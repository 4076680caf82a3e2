/* Dictionaries with more keys than 32 bits count: every answer against arithmetic. */
#include "scratch.h"
#include "suite.h"
#include "tally.h"
#include "chain.h"
#include "chain_shapes.h"

#include <keyfold/bundle.h>
#include <keyfold/keyfold.h>

enum { VARIANTS = 3, PROBES = 1000, MANY = 64 };

static chain now;
static chain_found want;
static kf_dict *dict;
static unsigned shape_now;

/* ck_assert writes to a file each time it is passed: too slow for so many checks. */
#define EXPECT(condition, i) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u at %llu of %llu", #condition, shape_now, (unsigned long long)(i), \
                         (unsigned long long)chain_root(&now)->keys); \
    } while (0)

static void open_file(const char *name)
{
    kf_error error = { 0 };
    kf_status status = kf_dict_open(&dict, scratch_path(name), NULL, &error);
    ck_assert_msg(!status, "shape %u: %s", shape_now, error.message);
}

/* Each test of a loop is a process of its own, and chooses its instructions once. */
static void open_shape(int loop)
{
    static const char *const variants[VARIANTS] = { "portable", "avx2", "avx512" };
    setenv("KEYFOLD_ISA", variants[loop % VARIANTS], 1);
    shape_now = (unsigned)loop / VARIANTS;
    chain_draws = seed_or(0) << 32;
    scratch_open();
    chain_make(&now, shape_now);
    ck_assert_uint_gt(chain_root(&now)->keys, 1ull << 32);
    chain_write(&now, "chain.kf", 0);
    open_file("chain.kf");
    ck_assert_uint_eq(kf_dict_count(dict), chain_root(&now)->keys);
    ck_assert_uint_eq(kf_dict_longest_key(dict), chain_root(&now)->longest);
}

static void close_shape(void)
{
    kf_dict_close(&dict);
    chain_free(&now);
    scratch_close();
}

static uint64_t count_now(void) { return chain_root(&now)->keys; }

/* Ordinals: the ends, around powers of two, any. */
static uint64_t draw_ordinal(void)
{
    const uint64_t count = count_now(), power = 1ull << (30 + chain_draw(34)), near = chain_draw(5);
    switch (chain_draw(5)) {
    case 0: return near;
    case 1: return count - 1 - near;
    case 2: return ((1ull << 32) - 2 + near) % count;
    case 3: return (power - 2 + near) % count;
    default: return chain_draw(count);
    }
}

/* A key, or something near one; `key` has room. */
static size_t draw_text(uint8_t *key)
{
    size_t size = chain_key(&now, draw_ordinal(), key), at = chain_draw(size + 1);
    uint8_t byte = (uint8_t)(chain_draw(2) ? 'a' + chain_draw(3) : chain_draw(256));
    switch (chain_draw(6)) {
    case 0:
        if (at < size) key[at] = byte;
        return size;
    case 1:
        memmove(key + at + 1, key + at, size - at);
        key[at] = byte;
        return size + 1;
    case 2:
        if (at == size) return size;
        memmove(key + at, key + at + 1, size - at - 1);
        return size - 1;
    case 3: return at;
    case 4:
        if (at < size) key[at] = (uint8_t)(key[at] + (chain_draw(2) ? 1 : 255));
        return size;
    default: return size;
    }
}

/* ---- lookups -------------------------------------------------------------------------------------- */

static void probe(const uint8_t *text, size_t size)
{
    tally("answers beyond 2^32", 7);
    static kf_prefix_match matches[CHAIN_KEY];
    uint64_t ordinal = 0, first = 0, under = 0;
    size_t found = 0;
    int has = 99;
    kf_prefix_match longest;
    chain_find(&now, text, size, &want);
    kf_status status = kf_dict_ordinal(dict, text, size, &ordinal);
    EXPECT(status == (want.exact ? KF_OK : KF_NOT_FOUND), want.below);
    EXPECT(status || ordinal == want.below, want.below);
    EXPECT(!kf_dict_contains(dict, text, size, &has) && has == (want.exact != 0), want.below);
    EXPECT(!kf_dict_lower_bound(dict, text, size, &ordinal) && ordinal == want.below, want.below);
    EXPECT(!kf_dict_prefix_range(dict, text, size, &first, &under), want.below);
    EXPECT(first == want.below && under == want.under, want.below);
    EXPECT(!kf_dict_prefixes(dict, text, size, matches, CHAIN_KEY, &found), want.below);
    EXPECT(found == want.prefixes, want.below);
    for (size_t i = 0; i < found; i++)
        EXPECT(matches[i].size == want.prefix[i].size && matches[i].ordinal == want.prefix[i].ordinal, i);
    status = kf_dict_longest_prefix(dict, text, size, &longest);
    EXPECT(status == (found ? KF_OK : KF_NOT_FOUND), want.below);
    EXPECT(!found || (longest.size == want.prefix[found - 1].size
                      && longest.ordinal == want.prefix[found - 1].ordinal), want.below);
}

static void probe_ordinal(uint64_t ordinal, kf_buffer *buffer)
{
    uint8_t key[CHAIN_KEY];
    kf_bytes got;
    size_t size = chain_key(&now, ordinal, key);
    EXPECT(!kf_dict_key_at(dict, ordinal, buffer, &got), ordinal);
    EXPECT(got.size == size && (!size || !memcmp(got.data, key, size)), ordinal);
    probe(key, size);
    EXPECT(want.exact && want.below == ordinal, ordinal);
}

START_TEST(chain__lookups)
{
    uint8_t text[CHAIN_KEY];
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    size_t hits = 0;
    open_shape(_i);
    for (unsigned n = 0; n < rounds_of(PROBES); n++) {
        probe_ordinal(draw_ordinal(), &buffer);
        probe(text, draw_text(text));
        hits += (size_t)want.exact;
    }
    probe(text, 0);
    EXPECT(want.under == count_now(), 0);
    EXPECT(hits > rounds_of(PROBES) / 20 && hits < rounds_of(PROBES), hits);
    EXPECT(kf_dict_key_at(dict, count_now(), &buffer, &key) == KF_NOT_FOUND, count_now());
    EXPECT(kf_dict_key_at(dict, UINT64_MAX, &buffer, &key) == KF_NOT_FOUND, UINT64_MAX);
    kf_buffer_free(&buffer);
    close_shape();
}
END_TEST

/* What the model itself says where no automaton is needed to say it: keys of one length are numbers. */
START_TEST(chain__keys_are_numbers)
{
    static const struct { unsigned shape, first, base, digits; } number[] = {
        { CHAIN_BINARY33, 'a', 2, 33 }, { CHAIN_BINARY40, 'b', 2, 40 }, { CHAIN_WIDE, 20, 200, 6 },
        { CHAIN_MOST, 0, 255, 8 },
    };
    const unsigned digits = number[_i].digits;
    kf_buffer buffer = KF_BUFFER_INIT;
    uint8_t text[64];
    kf_bytes key;
    open_shape((int)number[_i].shape * VARIANTS + 2);
    for (unsigned n = 0; n < PROBES; n++) {
        const uint64_t ordinal = draw_ordinal();
        uint64_t rest = ordinal, got;
        for (unsigned d = digits; d--; rest /= number[_i].base)
            text[d] = (uint8_t)(number[_i].first + rest % number[_i].base);
        EXPECT(!rest, ordinal);
        EXPECT(!kf_dict_ordinal(dict, text, digits, &got) && got == ordinal, ordinal);
        EXPECT(!kf_dict_key_at(dict, ordinal, &buffer, &key), ordinal);
        EXPECT(key.size == digits && !memcmp(key.data, text, digits), ordinal);
    }
    kf_buffer_free(&buffer);
    close_shape();
}
END_TEST

static void batch(void)
{
    static uint8_t data[MANY * CHAIN_KEY];
    uint64_t ordinals[MANY], offsets[MANY + 1] = { 0 };
    kf_bytes keys[MANY];
    size_t found, hits = 0;
    for (size_t i = 0; i < MANY; i++) {
        keys[i].data = data + offsets[i];
        keys[i].size = draw_text(data + offsets[i]);
        offsets[i + 1] = offsets[i] + keys[i].size;
    }
    for (int packed = 0; packed < 2; packed++, hits = 0) {
        memset(ordinals, 0, sizeof ordinals);
        kf_status status = packed ? kf_dict_ordinal_many_packed(dict, data, offsets, MANY, ordinals, &found)
                                  : kf_dict_ordinal_many(dict, keys, MANY, ordinals, &found);
        EXPECT(!status, 0);
        tally("answers beyond 2^32", MANY);
        for (size_t i = 0; i < MANY; i++) {
            chain_find(&now, keys[i].data, keys[i].size, &want);
            EXPECT(ordinals[i] == (want.exact ? want.below : KF_ABSENT), i);
            hits += (size_t)want.exact;
        }
        EXPECT(hits == found, hits);
    }
}

START_TEST(chain__batches)
{
    open_shape(_i);
    for (unsigned n = 0; n < rounds_of(30); n++) batch();
    close_shape();
}
END_TEST

/* ---- iteration ------------------------------------------------------------------------------------ */

/* The ordinals low .. high-1, of which at most `limit` come. */
static void iterate(const kf_iter_options *o, uint64_t low, uint64_t high)
{
    uint8_t key[CHAIN_KEY];
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    const int reverse = (o->flags & KF_ITER_REVERSE) != 0;
    uint64_t n = high > low ? high - low : 0, steps;
    if (n > o->limit) n = o->limit;
    EXPECT(!kf_iter_create(&iter, dict, o, &error), low);
    for (steps = 0; steps < n && steps < 150; steps++) {
        const uint64_t ordinal = reverse ? high - 1 - steps : low + steps;
        EXPECT(kf_iter_remaining(iter) == n - steps, ordinal);
        EXPECT(!kf_iter_next(iter, &entry) && entry.ordinal == ordinal, ordinal);
        size_t size = chain_key(&now, ordinal, key);
        EXPECT(entry.key.size == size && (!size || !memcmp(entry.key.data, key, size)), ordinal);
    }
    if (steps == n) EXPECT(kf_iter_next(iter, &entry) == KF_END && !kf_iter_remaining(iter), low);
    kf_iter_destroy(&iter);
}

static void iterate_from(uint64_t low, uint64_t high, uint64_t limit)
{
    uint8_t from[CHAIN_KEY], to[CHAIN_KEY];
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    if (high < count_now()) {
        o.to = (kf_bytes){ to, chain_key(&now, high, to) };
        o.has_to = 1;
    }
    o.first_ordinal = low;
    o.limit = limit;
    iterate(&o, low, high);
    o.flags = KF_ITER_REVERSE;
    iterate(&o, low, high);
    o.first_ordinal = 0;
    o.from = (kf_bytes){ from, chain_key(&now, low, from) };
    iterate(&o, low, high);
    o.flags = 0;
    iterate(&o, low, high);
}

START_TEST(chain__iteration)
{
    uint8_t prefix[CHAIN_KEY];
    open_shape(_i);
    const uint64_t count = count_now(), middle = 1ull << 32;
    iterate_from(0, count, UINT64_MAX);
    iterate_from(count - 60, count, UINT64_MAX);
    iterate_from(count - 1, count, 1);
    iterate_from(middle - 60, middle + 60, UINT64_MAX);
    iterate_from(middle - 60, count, count - middle);
    iterate_from(0, middle + 60, middle);
    for (unsigned n = 0; n < rounds_of(30); n++) {
        uint64_t low = draw_ordinal(), high = draw_ordinal();
        iterate_from(low < high ? low : high, low < high ? high : low + chain_draw(3) % (count - low),
                     chain_draw(2) ? draw_ordinal() : chain_draw(100));
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        o.prefix = (kf_bytes){ prefix, chain_draw(draw_text(prefix) + 1) };
        chain_find(&now, prefix, o.prefix.size, &want);
        iterate(&o, want.below, want.below + want.under);
        o.flags = KF_ITER_REVERSE;
        iterate(&o, want.below, want.below + want.under);
    }
    close_shape();
}
END_TEST

/* ---- checking, and several together --------------------------------------------------------------- */

/* Containers are visited once: this would not end if keys were. */
START_TEST(chain__verified)
{
    kf_error error = { 0 };
    open_shape(_i * VARIANTS);
    ck_assert_msg(!kf_dict_verify(dict, NULL, &error), "shape %u: %s", shape_now, error.message);
    const uint64_t wrong[] = { 1ull << 32, 0 - (1ull << 32), 1, 0 - 1ull };
    for (unsigned i = 0; i < 4; i++) {
        if (count_now() > UINT64_MAX - wrong[i] && wrong[i] >> 63 == 0) continue;
        kf_dict_close(&dict);
        chain_write(&now, "wrong.kf", wrong[i]);
        open_file("wrong.kf");
        ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_CORRUPT);
    }
    close_shape();
}
END_TEST

/* Two of 2^33 keys: the second's ordinals begin at 2^33. */
START_TEST(chain__bundled)
{
    chain parts[2] = { 0 };
    const char *files[2];
    char path[2][300];
    kf_error error = { 0 };
    kf_buffer buffer = KF_BUFFER_INIT;
    uint8_t text[64];
    kf_bytes key;
    uint64_t got, first;
    scratch_open();
    for (unsigned i = 0; i < 2; i++) {
        chain_uniform(&parts[i], 'a' + 2 * i, 2, 33, 0);
        chain_write(&parts[i], i ? "b.kf" : "a.kf", 0);
        snprintf(path[i], sizeof path[i], "%s", scratch_path(i ? "b.kf" : "a.kf"));
        files[i] = path[i];
    }
    ck_assert_msg(!kf_bundle_write(scratch_path("both.kfm"), files, 2, NULL, &error), "%s", error.message);
    open_file("both.kfm");
    ck_assert_uint_eq(kf_dict_count(dict), 1ull << 34);
    ck_assert_msg(!kf_dict_verify(dict, NULL, &error), "%s", error.message);
    for (unsigned n = 0; n < PROBES; n++) {
        const uint64_t edge = 1ull << (32 + chain_draw(3)), base = 1ull << 33;
        const uint64_t ordinal = chain_draw(2) ? chain_draw(2 * base) : (edge - 2 + chain_draw(5)) % (2 * base);
        const unsigned part = ordinal >= base;
        const size_t size = chain_key(&parts[part], ordinal % base, text);
        ck_assert(!kf_dict_key_at(dict, ordinal, &buffer, &key) && key.size == size);
        if (memcmp(key.data, text, size)) ck_abort_msg("%llu", (unsigned long long)ordinal);
        if (kf_dict_ordinal(dict, text, size, &got) || got != ordinal) ck_abort_msg("%u: %s", n, text);
        if (kf_dict_lower_bound(dict, text, size, &got) || got != ordinal) ck_abort_msg("%u: %s", n, text);
    }
    ck_assert(!kf_dict_prefix_range(dict, "c", 1, &first, &got) && first == 1ull << 33 && got == 1ull << 32);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
    chain_free(&parts[0]);
    chain_free(&parts[1]);
    scratch_close();
}
END_TEST

/* 2^64 keys and more can't be counted. */
START_TEST(chain__too_many_to_bundle)
{
    chain parts[2] = { 0 };
    const char *files[2];
    char path[2][300];
    kf_error error = { 0 };
    scratch_open();
    chain_uniform(&parts[0], 1, 250, 8, 0);
    chain_uniform(&parts[1], 251, 4, 31, 0);
    for (unsigned i = 0; i < 2; i++) {
        chain_write(&parts[i], i ? "b.kf" : "a.kf", 0);
        snprintf(path[i], sizeof path[i], "%s", scratch_path(i ? "b.kf" : "a.kf"));
        files[i] = path[i];
        chain_free(&parts[i]);
    }
    ck_assert_int_eq(kf_bundle_write(scratch_path("both.kfm"), files, 2, NULL, &error), KF_LIMIT);
    ck_assert_int_eq(access(scratch_path("both.kfm"), F_OK), -1);
    scratch_close();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("chain");
    TCase *t = tcase_create("chain");
    suite_add_cases(t, chain__lookups, 0, CHAIN_SHAPES * VARIANTS);
    suite_add_cases(t, chain__keys_are_numbers, 0, 4);
    suite_add_cases(t, chain__batches, 0, CHAIN_SHAPES * VARIANTS);
    suite_add_cases(t, chain__iteration, 0, CHAIN_SHAPES * VARIANTS);
    suite_add_cases(t, chain__verified, 0, CHAIN_SHAPES);
    tcase_add_test(t, chain__bundled);
    tcase_add_test(t, chain__too_many_to_bundle);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
