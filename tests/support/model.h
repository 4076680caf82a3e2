/* Key sets with values, built into files and compared with every call that reads them. The values are
 * computed from the ordinal, so a model is its sorted keys and a few numbers. Include after shapes.h. */
#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include "read/values/column_reader_parts.h"
#include "read/dict.h"

#include "random.h"
#include "tally.h"

#include <keyfold/keyfold.h>

typedef struct model {
    key_set set;
    kf_value_type type;
    kf_encoding encoding;
    unsigned value_shape;
    uint64_t value_seed;
    int weighted;              /* keys are given weights */
    char name[160];            /* for messages */
    uint32_t flags;               /* KF_BUILD_... */
    unsigned shards;
} model;

enum { NUMBER_SHAPES = 6, STRING_SHAPES = 9, MODEL_VALUE_MAX = 1 << 16 };

static inline uint64_t model_number(const model *m, size_t i)
{
    uint64_t r = mix64(m->value_seed + i);
    switch (m->value_shape % NUMBER_SHAPES) {
    case 0: return m->value_seed;
    case 1: return 7 * i;
    case 2: return r % 12;
    case 3: return r;
    case 4: return r % 50 ? 1000 + r % 7 : r;
    default: return i % 200 ? UINT64_MAX - i : 0;
    }
}

static inline size_t model_words(uint64_t seed, size_t words, uint8_t *out)
{
    static const char *const list[] = { "the", "of", "fold", "dictionary", "key", "automaton", "library",
                                        "in",
        "a", "server", "with", "development files", "for", "read-only", "\xe6\x97\xa5\xe6\x9c\xac", "-" };
    size_t size = 0;
    for (size_t w = 0; w < words; w++) {
        const char *word = list[(seed = mix64(seed)) % (sizeof list / sizeof *list)];
        size_t length = strlen(word);
        if (w) out[size++] = ' ';
        memcpy(out + size, word, length);
        size += length;
    }
    return size;
}

/* The value of key i, in `room` (MODEL_VALUE_MAX bytes). */
static inline kf_bytes model_string(const model *m, size_t i, uint8_t *room)
{
    uint64_t r = mix64(m->value_seed + i);
    size_t size = 0;
    switch (m->value_shape % STRING_SHAPES) {
    case 0: break;
    case 1: size = model_words(m->value_seed, 5, room); break;
    case 2: size = model_words(m->value_seed + r % 9, 1 + r % 3, room); break;
    case 3: size = model_words(r, r % 12, room); break;
    case 4: size = r % 40; break;
    case 5: size = 8; break;
    case 6: size = r % 60 ? model_words(r, r % 20, room) : 0; break;
    case 7: size = r % 97 ? model_words(r, r % 6, room) : 15000 + r % 40000; break;
    default: return m->set.keys[i];
    }
    unsigned shape = m->value_shape % STRING_SHAPES;
    if (shape == 4 || shape == 5)
        for (size_t b = 0; b < size; b++) room[b] = (uint8_t)((r = mix64(r)) >> 11);
    if (shape == 7 && size >= 15000)
        for (size_t b = 0; b < size; b++) room[b] = (uint8_t)((b / 7 * r) % 251);
    return (kf_bytes){ room, size };
}

static inline uint64_t model_value_bytes(const model *m)
{
    uint64_t bytes = 0;
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    for (size_t i = 0; i < m->set.count && m->type == KF_VALUES_BYTES; i++) bytes += model_string(m, i, room).size;
    free(room);
    return bytes;
}

/* A column of distinct values that is asked for is refused where they are too large for its part of a build's
 * memory: a 64th beside weights that are given, and growing takes 5/2 times what they have. */
static inline void model_fit_encoding(model *m, uint64_t memory)
{
    if (m->encoding == KF_ENCODING_DISTINCT && model_value_bytes(m) * 5 / 2 + 128 * m->set.count > memory / 64)
        m->encoding = KF_ENCODING_AUTO;
}

static inline uint64_t model_weight(const model *m, size_t i)
{
    uint64_t r = mix64(m->value_seed * 3 + i);
    return r >> r % 64;
}

/* ---- building ------------------------------------------------------------------------------------- */

/* In key order, or in one drawn from `order` if that is not 0. */
static inline kf_status model_add_all(const model *m, kf_builder *builder, uint64_t order, kf_error *error)
{
    size_t count = m->set.count;
    size_t *turn = malloc((count + 1) * sizeof *turn);
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    kf_status status = KF_OK;
    ck_assert(turn && room);
    for (size_t i = 0; i < count; i++) turn[i] = i;
    for (size_t i = count; order && i > 1; i--) {
        size_t j = (size_t)((order = mix64(order)) % i), other = turn[j];
        turn[j] = turn[i - 1];
        turn[i - 1] = other;
    }
    for (size_t n = 0; n < count && !status; n++) {
        size_t i = turn[n];
        kf_bytes key = m->set.keys[i], value = { NULL, 0 };
        if (m->type == KF_VALUES_U64) {
            uint64_t number = model_number(m, i);
            status = m->weighted ? kf_builder_add_u64_weighted(builder, key.data, key.size, number,
                                                               model_weight(m, i), error)
                                 : kf_builder_add_u64(builder, key.data, key.size, number, error);
            continue;
        }
        if (m->type == KF_VALUES_BYTES) value = model_string(m, i, room);
        if (m->weighted)
            status = kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size,
                                             model_weight(m, i), error);
        else
            status = kf_builder_add(builder, key.data, key.size, value.data, value.size, error);
    }
    free(turn);
    free(room);
    return status;
}

static inline void model_build(const model *m, const char *name, uint64_t order, uint64_t memory,
                               kf_build_report *report)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.value_type = m->type;
    options.value_encoding = m->encoding;
    options.memory_limit = memory;
    options.flags = m->flags;
    options.shards = m->shards;
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, &error);
    if (!status) status = model_add_all(m, builder, order, &error);
    if (!status) status = kf_builder_finish(builder, report, &error);
    ck_assert_msg(!status, "%s: %s: %s", m->name, kf_status_name(status), error.message);
    kf_builder_destroy(&builder);
}

/* ---- variants of the search ----------------------------------------------------------------------- */

/* The variants that this processor can run; returns their number. */
static inline size_t model_variants(const kfi_search_variant *out[3])
{
    size_t n = 0;
    out[n++] = &kfi_search_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) out[n++] = &kfi_search_avx2;
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2"))
        out[n++] = &kfi_search_avx512;
#elif defined(__aarch64__)
    out[n++] = &kfi_search_neon;
#endif
    return n;
}

/* ---- comparing ------------------------------------------------------------------------------------ */

/* Check's own assertions write to a file each time that they hold: too slow for millions. */
#define MUST(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)
#define MODEL_AT(i) "%s: key %zu of %zu", m->name, (size_t)(i), m->set.count

static inline int model_same(kf_bytes a, kf_bytes b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

static inline void model_check_value(const model *m, const kf_dict *dict, size_t i, kf_buffer *buffer,
                                     uint8_t *room)
{
    kf_bytes key = m->set.keys[i], value, by_ordinal;
    uint64_t number = 1, number_at = 2;
    kf_status get = kf_dict_get(dict, key.data, key.size, buffer, &value);
    if (m->type != KF_VALUES_BYTES) {
        MUST(get == KF_TYPE && kf_dict_value_at(dict, i, buffer, &by_ordinal) == KF_TYPE, MODEL_AT(i));
    } else {
        kf_bytes want = model_string(m, i, room);
        MUST(get == KF_OK && model_same(value, want), MODEL_AT(i));
        MUST(kf_dict_value_at(dict, i, buffer, &by_ordinal) == KF_OK, MODEL_AT(i));
        MUST(model_same(by_ordinal, want), MODEL_AT(i));
    }
    get = kf_dict_get_u64(dict, key.data, key.size, &number);
    kf_status at = kf_dict_u64_at(dict, i, &number_at);
    if (m->type != KF_VALUES_U64) {
        MUST(get == KF_TYPE && at == KF_TYPE, MODEL_AT(i));
    } else {
        MUST(get == KF_OK && at == KF_OK, MODEL_AT(i));
        MUST(number == model_number(m, i) && number_at == number, MODEL_AT(i));
    }
}

/* Looks up one key, present or not. */
static inline void model_check_key(const model *m, const kf_dict *dict, const kf_bytes key)
{
    size_t i = set_bound(&m->set, key);
    int present = i < m->set.count && model_same(m->set.keys[i], key);
    uint64_t ordinal = 99;
    int found = 99;
    kf_status status = kf_dict_ordinal(dict, key.data, key.size, &ordinal);
    MUST(status == (present ? KF_OK : KF_NOT_FOUND), MODEL_AT(i));
    if (present) MUST(ordinal == i, MODEL_AT(i));
    MUST(kf_dict_contains(dict, key.data, key.size, &found) == KF_OK && found == present, MODEL_AT(i));
}

/* A copy of a drawn key with something changed, or bytes drawn freely; to be freed. */
static inline kf_bytes model_draw(model *m)
{
    key_set *s = &m->set;
    kf_bytes from = s->count ? s->keys[set_below(s, s->count)] : (kf_bytes){ NULL, 0 };
    size_t size = from.size, at = size ? set_below(s, size) : 0;
    uint8_t *text = malloc(size + 40);
    ck_assert(text != NULL);
    if (size) memcpy(text, from.data, size);
    switch (set_below(s, 8)) {
    case 0: break;
    case 1: size = at; break;
    case 2: text[size++] = (uint8_t)set_random(s); break;
    case 3: if (size) text[at] = (uint8_t)set_random(s);
            break;
    case 4: if (size) text[at] ^= (uint8_t)(1u << set_below(s, 8));
            break;
    case 5: if (size) { memmove(text + at, text + at + 1, size - at - 1); size--; }
            break;
    case 6: memmove(text + at + 1, text + at, size - at); size++; break;   /* a byte doubled */
    default: /* the head of one key, the end of another */
        if (s->count) {
            kf_bytes other = s->keys[set_below(s, s->count)];
            size_t keep = other.size < 32 ? other.size : 32;
            if (keep) memcpy(text + at, other.data + other.size - keep, keep);
            size = at + keep;
        }
    }
    return (kf_bytes){ text, size };
}

/* From now on batches take the ways of dictionaries that do not fit the processor's caches. */
static inline void model_as_if_large(kf_dict *dict)
{
    dict->keys.interleave = 1;
    if (dict->column) dict->column->asked = 1;
}

/* Single and batched lookups of all keys (`most` of them at most) and as many changed ones. */
static inline void model_check_lookups(model *m, kf_dict *dict, size_t most)
{
    size_t step = 1 + m->set.count / most, n = 0, bytes = 0, hits = 0, found;
    size_t room_for = 2 * (m->set.count / step + 1) + 10;
    kf_bytes *keys = malloc(room_for * sizeof *keys);
    uint64_t *want = malloc(room_for * sizeof *want), *got = malloc(room_for * sizeof *got);
    uint64_t *offsets = malloc((room_for + 1) * sizeof *offsets);
    ck_assert(keys && want && got && offsets);
    for (size_t i = 0; i < m->set.count; i += step) keys[n++] = m->set.keys[i];
    size_t own = n;
    while (n < 2 * own + 5) keys[n++] = model_draw(m);
    for (size_t i = 0; i < n; i++) {
        model_check_key(m, dict, keys[i]);
        if (kf_dict_ordinal(dict, keys[i].data, keys[i].size, &want[i])) want[i] = KF_ABSENT;
        hits += want[i] != KF_ABSENT;
        bytes += keys[i].size;
    }
    for (int i = 0; i < 2; i++) {
        memset(got, 0x55, n * sizeof *got);
        ck_assert_int_eq(kf_dict_ordinal_many(dict, keys, n, got, &found), KF_OK);
        MUST(found == hits && !memcmp(got, want, n * sizeof *got), "%s: list", m->name);
        model_as_if_large(dict);
    }
    /* Packed, without a byte to spare after the last key. */
    uint8_t *packed = malloc(bytes ? bytes : 1);
    ck_assert(packed != NULL);
    offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].size) memcpy(packed + offsets[i], keys[i].data, keys[i].size);
        offsets[i + 1] = offsets[i] + keys[i].size;
    }
    memset(got, 0x55, n * sizeof *got);
    ck_assert_int_eq(kf_dict_ordinal_many_packed(dict, packed, offsets, n, got, &found), KF_OK);
    MUST(found == hits && !memcmp(got, want, n * sizeof *got), "%s: packed", m->name);
    size_t part = n ? set_below(&m->set, n) : 0;
    ck_assert_int_eq(kf_dict_ordinal_many_packed(dict, packed, offsets + part, n - part, got, NULL), KF_OK);
    MUST(!memcmp(got, want + part, (n - part) * sizeof *got), "%s: packed part", m->name);
    tally("answers", 6 * n);
    if (m->type == KF_VALUES_U64) {
        memset(got, 0x55, n * sizeof *got);
        ck_assert_int_eq(kf_dict_u64_at_many(dict, want, n, got), KF_OK);
        for (size_t i = 0; i < n; i++)
            MUST(got[i] == (want[i] == KF_ABSENT ? 0x5555555555555555u : model_number(m, want[i])),
                          "%s: value %zu of a batch", m->name, i);
    }
    if (m->type == KF_VALUES_BYTES) {
        kf_buffer all = KF_BUFFER_INIT, one = KF_BUFFER_INIT;
        ck_assert_int_eq(kf_dict_value_at_many(dict, want, n, &all, got), KF_OK);
        for (size_t i = 0; i < n; i++) {
            kf_bytes value = { NULL, 0 };
            uint64_t start = i ? got[i - 1] : 0;
            if (want[i] != KF_ABSENT) ck_assert_int_eq(kf_dict_value_at(dict, want[i], &one, &value), KF_OK);
            MUST(got[i] - start == value.size
                     && (!value.size || !memcmp(all.data + start, value.data, value.size)),
                 "%s: value %zu of a batch", m->name, i);
        }
        kf_buffer_free(&all);
        kf_buffer_free(&one);
    } else {
        ck_assert_int_eq(kf_dict_value_at_many(dict, want, n, NULL, got), KF_TYPE);
    }
    for (size_t i = own; i < n; i++) free((void *)(uintptr_t)keys[i].data);
    free(keys);
    free(want);
    free(got);
    free(offsets);
    free(packed);
}

static inline void model_check_values(const model *m, const kf_dict *dict, size_t most)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    uint64_t number;
    kf_bytes bytes;
    ck_assert(room != NULL);
    for (size_t i = 0; i < m->set.count; i += 1 + m->set.count / most) {
        model_check_value(m, dict, i, &buffer, room);
        tally("answers", 4);
    }
    if (m->type == KF_VALUES_U64) ck_assert_int_eq(kf_dict_u64_at(dict, m->set.count, &number), KF_NOT_FOUND);
    if (m->type == KF_VALUES_BYTES)
        ck_assert_int_eq(kf_dict_value_at(dict, UINT64_MAX, &buffer, &bytes), KF_NOT_FOUND);
    kf_buffer_free(&buffer);
    free(room);
}

/* Everything that the options select, against the sorted array. */
static inline void model_check_range(const model *m, const kf_dict *dict, const kf_iter_options *o)
{
    size_t first = set_bound(&m->set, o->from), end = m->set.count, prefix = set_bound(&m->set, o->prefix);
    size_t prefix_end = set_prefix_end(&m->set, o->prefix);
    if (prefix > first) first = prefix;
    if (o->first_ordinal > first) first = o->first_ordinal < end ? (size_t)o->first_ordinal : end;
    if (o->has_to && set_bound(&m->set, o->to) < end) end = set_bound(&m->set, o->to);
    if (prefix_end < end) end = prefix_end;
    size_t count = end > first ? end - first : 0;
    if (o->limit < count) count = (size_t)o->limit;
    kf_iter *iter;
    kf_entry entry;
    kf_bytes value;
    uint64_t number;
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    ck_assert(room != NULL);
    ck_assert_int_eq(kf_iter_create(&iter, dict, o, NULL), KF_OK);
    for (size_t n = 0; n < count; n++) {
        size_t i = o->flags & KF_ITER_REVERSE ? end - 1 - n : first + n;
        MUST(kf_iter_remaining(iter) == count - n, MODEL_AT(i));
        MUST(kf_iter_next(iter, &entry) == KF_OK, MODEL_AT(i));
        MUST(entry.ordinal == i && model_same(entry.key, m->set.keys[i]), MODEL_AT(i));
        if (m->type == KF_VALUES_BYTES)
            MUST(kf_iter_value(iter, &value) == KF_OK && model_same(value, model_string(m, i, room)),
                          MODEL_AT(i));
        if (m->type == KF_VALUES_U64)
            MUST(kf_iter_value_u64(iter, &number) == KF_OK && number == model_number(m, i), MODEL_AT(i));
    }
    MUST(kf_iter_remaining(iter) == 0, "%s", m->name);
    MUST(kf_iter_next(iter, &entry) == KF_END && kf_iter_next(iter, &entry) == KF_END, "%s", m->name);
    kf_iter_destroy(&iter);
    free(room);
    tally("answers", count + 1);
}

static inline void model_check_ranges(model *m, const kf_dict *dict, unsigned ranges)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    key_set *s = &m->set;
    model_check_range(m, dict, &options);
    options.flags = KF_ITER_REVERSE;
    model_check_range(m, dict, &options);
    while (ranges--) {
        kf_bytes from = model_draw(m), to = model_draw(m), prefix = model_draw(m);
        options = (kf_iter_options)KF_ITER_OPTIONS_INIT;
        if (set_below(s, 2)) options.flags = KF_ITER_REVERSE;
        if (set_below(s, 2)) options.from = from;
        if (set_below(s, 2)) options.to = to, options.has_to = 1;
        if (set_below(s, 2)) options.prefix = prefix, options.prefix.size = set_below(s, prefix.size + 1);
        if (set_below(s, 3) == 0) options.first_ordinal = set_below(s, s->count + 3);
        if (set_below(s, 2)) options.limit = set_below(s, 40);
        model_check_range(m, dict, &options);
        free((void *)(uintptr_t)from.data);
        free((void *)(uintptr_t)to.data);
        free((void *)(uintptr_t)prefix.data);
    }
}

static inline void model_check_facts(const model *m, const kf_dict *dict)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    uint64_t bytes = 0;
    size_t longest = 0;
    for (size_t i = 0; i < m->set.count; i++) {
        bytes += m->set.keys[i].size;
        if (m->set.keys[i].size > longest) longest = m->set.keys[i].size;
    }
    tally("dictionaries", 1);
    MUST(kf_dict_count(dict) == m->set.count, "%s", m->name);
    MUST(kf_dict_longest_key(dict) == longest, "%s", m->name);
    ck_assert_int_eq(kf_dict_value_type(dict), m->type);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    MUST(stat.raw_key_bytes == bytes && stat.keys == m->set.count, "%s", m->name);
    if (m->encoding != KF_ENCODING_AUTO) ck_assert_int_eq(stat.value_encoding, m->encoding);
}

#endif
