/* Sets of keys of hard shapes, sorted, and dictionaries built from them. Everything is drawn from a seed,
 * so a failure is repeated by its number. Include after scratch.h. */
#ifndef TESTS_SUPPORT_SHAPES_H
#define TESTS_SUPPORT_SHAPES_H

#include <keyfold/keyfold.h>

#include "suite.h"
#include <stdlib.h>
#include <string.h>

typedef struct key_set {
    kf_bytes *keys;       /* sorted, distinct */
    size_t count, capacity;
    uint64_t random;
} key_set;

static inline uint64_t set_random(key_set *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random * 0x2545f4914f6cdd1dull >> 20;
}

static inline size_t set_below(key_set *s, size_t n) { return (size_t)(set_random(s) % n); }

static inline void set_add(key_set *s, const void *data, size_t size)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->keys = realloc(s->keys, s->capacity * sizeof *s->keys);
    }
    uint8_t *copy = malloc(size + 1);
    if (size) memcpy(copy, data, size);
    s->keys[s->count++] = (kf_bytes){ copy, size };
}

static inline int bytes_compare(kf_bytes a, kf_bytes b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    return c ? c : (a.size > b.size) - (a.size < b.size);
}

static inline int bytes_compare_pointers(const void *a, const void *b)
{
    return bytes_compare(*(const kf_bytes *)a, *(const kf_bytes *)b);
}

static inline size_t bytes_shared(kf_bytes a, kf_bytes b)
{
    size_t n = 0;
    while (n < a.size && n < b.size && a.data[n] == b.data[n]) n++;
    return n;
}

/* How many keys are below `key`. */
static inline size_t set_bound(const key_set *s, kf_bytes key)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bytes_compare(s->keys[middle], key) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The index after the last key that begins with `prefix`, or of the first key above it. */
static inline size_t set_prefix_end(const key_set *s, kf_bytes prefix)
{
    size_t low = set_bound(s, prefix), high = s->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bytes_shared(s->keys[middle], prefix) == prefix.size) low = middle + 1;
        else high = middle;
    }
    return low;
}

static inline void set_sort(key_set *s)
{
    size_t kept = 0;
    if (s->count) qsort(s->keys, s->count, sizeof *s->keys, bytes_compare_pointers);
    for (size_t i = 0; i < s->count; i++) {
        int again = kept && bytes_compare(s->keys[kept - 1], s->keys[i]) == 0;
        if (again) free((void *)(uintptr_t)s->keys[i].data);
        else s->keys[kept++] = s->keys[i];
    }
    s->count = kept;
}

static inline void set_free(key_set *s)
{
    for (size_t i = 0; i < s->count; i++) free((void *)(uintptr_t)s->keys[i].data);
    free(s->keys);
    *s = (key_set){ 0 };
}

/* A key of `size` letters from the first `letters` of an alphabet that has the extreme bytes. */
static inline void set_add_letters(key_set *s, size_t size, size_t letters)
{
    static const uint8_t alphabet[] = { 'a', 0, 255, 'b', 1, 128, 'c', 'z', 127, 254, 'A', ' ' };
    uint8_t text[512];
    for (size_t i = 0; i < size; i++) text[i] = alphabet[set_below(s, letters)];
    set_add(s, text, size);
}

/* Products of parts: few states, many keys; every part's ends are shared, at several levels. */
static inline void set_add_product(key_set *s, size_t levels, size_t parts, size_t most)
{
    uint8_t part[4][24][8];
    size_t size[4][24];
    for (size_t l = 0; l < levels; l++)
        for (size_t i = 0; i < parts; i++) {
            size[l][i] = set_below(s, 7);
            for (size_t b = 0; b < size[l][i]; b++) part[l][i][b] = (uint8_t)('a' + set_below(s, 4));
        }
    for (size_t n = 0; n < most; n++) {
        uint8_t text[32];
        size_t at = 0, number = n;
        for (size_t l = 0; l < levels; l++, number /= parts) {
            memcpy(text + at, part[l][number % parts], size[l][number % parts]);
            at += size[l][number % parts];
        }
        if (number) break;
        set_add(s, text, at);
    }
}

enum { SHAPES = 20 };

/* Keys of fixed length over `letters` letters; `skew` makes most of them the first. */
static inline void set_add_fixed(key_set *s, size_t n, size_t size, size_t letters, size_t skew)
{
    uint8_t text[64];
    while (n--) {
        for (size_t i = 0; i < size; i++)
            text[i] = (uint8_t)("0123456789abcdefghij"[set_below(s, skew) ? set_below(s, letters) : 0]);
        set_add(s, text, size);
    }
}

static inline void set_add_numbers(key_set *s, const char *format, size_t n, size_t step)
{
    char text[64];
    for (size_t i = 0; i < n; i++) {
        int size = snprintf(text, sizeof text, format, (unsigned)(i * step));
        set_add(s, text, (size_t)size);
    }
}

/* Chains: each key the one before and a byte more; and long keys that part late. */
static inline void set_add_chain(key_set *s, size_t n, size_t every, int byte)
{
    uint8_t *text = malloc(n + 2);
    memset(text, byte, n + 2);
    for (size_t i = 0; i <= n; i += every) {
        set_add(s, text, i);
        text[i] = (uint8_t)(byte + 1);
        if (set_below(s, 2)) set_add(s, text, i + 1);
        text[i] = (uint8_t)byte;
    }
    free(text);
}

static inline void set_add_wide(key_set *s, size_t below)
{
    uint8_t text[80];
    for (unsigned a = 0; a < 256; a++) {
        text[0] = (uint8_t)a;
        if (a % 3 == 0) set_add(s, text, 1);
        size_t n = a % 5 == 0 ? below : set_below(s, 4);
        /* Some edges are long, so that a node has paths. */
        size_t path = a % 10 == 0 ? 1 + set_below(s, 40) : 1;
        memset(text + 1, 'p', sizeof text - 1);
        for (size_t i = 0; i < n; i++) {
            text[path] = (uint8_t)set_below(s, 256);
            text[path + 1] = (uint8_t)set_below(s, 256);
            set_add(s, text, path + 2);
        }
    }
}

/* What follows a letter is one of four at most, so that tokens fall into classes, from 64 KiB of such text on. */
static inline void set_add_walks(key_set *s, size_t n, size_t size)
{
    enum { LETTERS = 12 };
    uint8_t text[256], next[LETTERS][4];
    for (unsigned l = 0; l < LETTERS; l++)
        for (unsigned i = 0; i < 4; i++) next[l][i] = (uint8_t)set_below(s, LETTERS);
    while (n--) {
        uint8_t letter = (uint8_t)set_below(s, LETTERS);
        for (size_t i = 0; i < size; i++) {
            text[i] = (uint8_t)('a' + letter);
            letter = next[letter][set_below(s, 4)];
        }
        set_add(s, text, size);
    }
}

/* Draws the set of a shape (0..SHAPES-1) and seed; `scale` of 1 keeps it within some hundred keys. */
static inline void set_make(key_set *s, unsigned shape, uint64_t seed, size_t scale)
{
    size_t n, letters;
    *s = (key_set){ .random = (seed + 1) * 0x9e3779b97f4a7c15ull ^ shape };
    for (int i = 0; i < 8; i++) set_random(s);
    n = set_below(s, 200 * scale);
    switch (shape) {
    case 0: break;
    case 1: set_add(s, "", 0); break;
    case 2: set_add_letters(s, set_below(s, 300), 12); break;
    case 3: for (unsigned b = 0; b < 256; b++) { uint8_t c = (uint8_t)b; set_add(s, &c, 1); }
            if (n % 2) set_add(s, "", 0);
            break;
    case 4: set_add_wide(s, 4 + n / 20); break;
    case 5: set_add_chain(s, n < 1500 ? n : 1500, 1, 'a'); break;
    case 6: while (n--) set_add_letters(s, set_below(s, 12), 2); break;
    case 7: while (n--) { letters = 3 + set_below(s, 9); set_add_letters(s, set_below(s, 6), letters); } break;
    case 8: set_add_product(s, 2, 2 + set_below(s, 22), n); break;
    case 9: set_add_product(s, 3, 2 + set_below(s, 12), 4 * n); break;
    case 10: set_add_product(s, 4, 2 + set_below(s, 6), 8 * n); break;
    case 11: while (n--) { letters = 2 + set_below(s, 10); set_add_letters(s, set_below(s, 40), letters); } break;
    case 12: letters = 1 + set_below(s, 16); set_add_fixed(s, n, 1 + set_below(s, 40), letters, 1000); break;
    case 13: letters = 2 + set_below(s, 15); set_add_fixed(s, n, 2 + set_below(s, 30), letters, 2); break;
    case 14: set_add_numbers(s, n % 2 ? "%u" : "id%08u", 10 * n, 1 + set_below(s, 5)); break;
    case 15: set_add_numbers(s, "x%u", 64 + n, 1); set_add(s, "", 0); set_add(s, "x", 1); break;
    case 16: set_add_chain(s, 70000, 20000 + set_below(s, 20000), 0xff);
             set_add_chain(s, 300, 3, 0xfe);
             break;
    case 17: for (size_t i = 0; i < n; i++) { set_add_letters(s, 200 + set_below(s, 300), 1 + i % 2); } break;
    case 18: set_add_wide(s, 80); set_add_product(s, 3, 8, 8 * n); set_add(s, "", 0); break;
    default: set_add_product(s, 3, 9, 700); set_add_fixed(s, n, 12, 10, 9); set_add_chain(s, n, 1, 'q');
             while (n--) set_add_letters(s, set_below(s, 20), 12);
    }
    set_sort(s);
}

/* Builds the file `name` from a set, in a drawn order; with values (u64: the ordinal times 7). */
static inline void set_build(key_set *s, const char *name, kf_value_type type)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error;
    options.value_type = type;
    options.memory_limit = 16 << 20;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, &error), KF_OK);
    size_t step = 1;
    for (size_t try = 1 + set_below(s, s->count + 1); try < 2 * s->count; try++) {
        size_t a = try, b = s->count;
        while (b) { size_t t = a % b; a = b; b = t; }
        if (a == 1) { step = try; break; }
    }
    for (size_t i = 0, at = 0; i < s->count; i++, at = (at + step) % s->count) {
        kf_status status;
        if (type == KF_VALUES_U64)
            status = kf_builder_add_u64(builder, s->keys[at].data, s->keys[at].size, 7 * at, &error);
        else
            status = kf_builder_add(builder, s->keys[at].data, s->keys[at].size, s->keys[at].data,
                                    type == KF_VALUES_BYTES ? s->keys[at].size : 0, &error);
        if (status) ck_abort_msg("%s", error.message);
    }
    kf_status status = kf_builder_finish(builder, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_builder_destroy(&builder);
}

#endif
