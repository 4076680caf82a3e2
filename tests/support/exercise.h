/* Every call of the reader on a file of any bytes: what they return must be one of the statuses that the
 * headers allow, and what they say of sizes must hold; the answers may be wrong. The includer defines
 * EXERCISE_MUST(condition, format, ...) and EXERCISE_NAME, a string that says which file it is. */
#ifndef TESTS_SUPPORT_EXERCISE_H
#define TESTS_SUPPORT_EXERCISE_H

#ifndef EXERCISE_ALSO
#define EXERCISE_ALSO(status) 0      /* what else is legal */
#endif

#include "read/dict.h"

#include <keyfold/keyfold.h>

#include <string.h>

static uint64_t exercise_random, lookups, touched;

static inline uint64_t exercise_any(void)
{
    exercise_random ^= exercise_random << 13;
    exercise_random ^= exercise_random >> 7;
    exercise_random ^= exercise_random << 17;
    if (!exercise_random) exercise_random = 88172645463325252u;
    return exercise_random * 0x2545f4914f6cdd1du >> 8;
}
static inline size_t exercise_below(size_t n) { return n ? (size_t)(exercise_any() % n) : 0; }

static inline void legal(kf_status status)
{
    int fine = status == KF_OK || status == KF_CORRUPT || status == KF_NOT_FOUND || status == KF_TYPE
               || status == KF_NO_MEMORY || EXERCISE_ALSO(status);
    EXERCISE_MUST(fine, "%s: status %d", EXERCISE_NAME, (int)status);
}

/* Reads some of the bytes, the last one too. */
static inline void touch(kf_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i += 1 + bytes.size / 64) touched += bytes.data[i];
    if (bytes.size) touched += bytes.data[bytes.size - 1];
}

static inline void exercise_key(const kf_dict *dict, kf_bytes key, kf_buffer *buffer)
{
    uint64_t a, b;
    kf_bytes value;
    kf_prefix_match matches[5];
    size_t count = 99;
    int found = 99;
    kf_status status = kf_dict_ordinal(dict, key.data, key.size, &a);
    legal(status);
    legal(kf_dict_contains(dict, key.data, key.size, &found));
    EXERCISE_MUST(found == !status, "%s", EXERCISE_NAME);
    if (!status) EXERCISE_MUST(a != KF_ABSENT, "%s", EXERCISE_NAME);
    status = kf_dict_get(dict, key.data, key.size, buffer, &value);
    legal(status);
    if (!status) touch(value);
    legal(kf_dict_get_u64(dict, key.data, key.size, &a));
    legal(kf_dict_lower_bound(dict, key.data, key.size, &a));
    legal(kf_dict_prefix_range(dict, key.data, key.size / 2, &a, &b));
    legal(kf_dict_longest_prefix(dict, key.data, key.size, &matches[0]));
    legal(kf_dict_prefixes(dict, key.data, key.size, matches, 5, &count));
    EXERCISE_MUST(count <= 5, "%s", EXERCISE_NAME);
    lookups += 8;
}

static inline void exercise_ordinals(const kf_dict *dict, kf_buffer *buffer)
{
    uint64_t keys = kf_dict_count(dict), number, many[8], values[8];
    for (unsigned n = 0; n < 8; n++) {
        uint64_t ordinal = n == 0 ? 0 : n == 1 ? keys - 1 : exercise_any();
        if (n > 2 && keys) ordinal %= keys;
        kf_bytes bytes;
        kf_status status = kf_dict_key_at(dict, ordinal, buffer, &bytes);
        legal(status);
        if (!status) touch(bytes);
        status = kf_dict_value_at(dict, ordinal, buffer, &bytes);
        legal(status);
        if (!status) touch(bytes);
        legal(kf_dict_u64_at(dict, ordinal, &number));
        many[n] = n == 7 ? KF_ABSENT : ordinal;
    }
    legal(kf_dict_u64_at_many(dict, many, 8, values));
    legal(kf_dict_value_at_many(dict, many, 8, buffer, values));
    lookups += 32;
}

static inline void exercise_many(const kf_dict *dict, const kf_bytes *keys, size_t count)
{
    static uint8_t packed[1 << 17];
    uint64_t ordinals[32], offsets[33] = { 0 };
    size_t found = 99, fitting = 0;
    legal(kf_dict_ordinal_many(dict, keys, count, ordinals, &found));
    EXERCISE_MUST(found <= count, "%s", EXERCISE_NAME);
    while (fitting < count && offsets[fitting] + keys[fitting].size <= sizeof packed) {
        if (keys[fitting].size) memcpy(packed + offsets[fitting], keys[fitting].data, keys[fitting].size);
        offsets[fitting + 1] = offsets[fitting] + keys[fitting].size;
        fitting++;
    }
    ((kf_dict *)(uintptr_t)dict)->keys.interleave ^= 1;   /* both ways of a batch */
    legal(kf_dict_ordinal_many_packed(dict, packed, offsets, fitting, ordinals, &found));
    EXERCISE_MUST(found <= fitting, "%s", EXERCISE_NAME);
    lookups += count + fitting;
}

static inline void exercise_iterator(const kf_dict *dict, kf_bytes bound)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    kf_bytes value;
    uint64_t number;
    options.flags = exercise_below(2) ? KF_ITER_REVERSE : 0;
    if (exercise_below(3) == 0) options.from = bound;
    if (exercise_below(3) == 0) options.to = bound, options.has_to = 1;
    if (exercise_below(3) == 0) options.prefix = bound, options.prefix.size = exercise_below(bound.size + 1);
    if (exercise_below(4) == 0) options.first_ordinal = exercise_any() % (kf_dict_count(dict) / 2 + 1) * 2;
    if (exercise_below(2)) options.limit = exercise_below(300);
    kf_status status = kf_iter_create(&iter, dict, &options, NULL);
    legal(status);
    if (status) return;
    kf_iter_remaining(iter);
    for (unsigned n = 0; n < 60; n++) {
        status = kf_iter_next(iter, &entry);
        if (status) break;
        EXERCISE_MUST(entry.key.size <= kf_dict_longest_key(dict), "%s", EXERCISE_NAME);
        touch(entry.key);
        status = kf_iter_value(iter, &value);
        legal(status);
        if (!status) touch(value);
        legal(kf_iter_value_u64(iter, &number));
        lookups += 3;
        status = KF_OK;
    }
    if (status != KF_END) legal(status);
    kf_iter_destroy(&iter);
}

/* The best of a range; no entry comes twice in a row, and only from the range. */
static inline void exercise_weights(const kf_dict *dict, kf_bytes prefix)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    uint64_t count = kf_dict_count(dict), last = KF_ABSENT, weight;
    options.order = KF_ORDER_WEIGHT;
    if (exercise_below(2)) options.prefix = prefix, options.prefix.size = exercise_below(prefix.size + 1);
    if (exercise_below(3) == 0) options.first_ordinal = exercise_any() % (count / 2 + 1) * 2;
    if (exercise_below(2)) options.limit = exercise_below(100);
    for (unsigned n = 0; n < 4; n++) legal(kf_dict_weight_at(dict, n && count ? exercise_any() % count : n, &weight));
    kf_status status = kf_iter_create(&iter, dict, &options, NULL);
    legal(status);
    EXERCISE_MUST((status == KF_TYPE) == !kf_dict_has_weights(dict), "%s", EXERCISE_NAME);
    if (status) return;
    for (unsigned n = 0; n < 60 && !(status = kf_iter_next(iter, &entry)); n++) {
        EXERCISE_MUST(entry.ordinal < count && entry.ordinal >= options.first_ordinal && entry.ordinal != last,
                      "%s", EXERCISE_NAME);
        touch(entry.key);
        last = entry.ordinal;
    }
    if (status != KF_END) legal(status);
    kf_iter_destroy(&iter);
    lookups += 5;
}

static inline void exercise_metadata(const kf_dict *dict)
{
    kf_bytes name, content;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    uint8_t id[16];
    kf_status status = kf_dict_metadata(dict, "entry 1", &content);
    legal(status);
    if (!status) touch(content);
    for (size_t i = 0; i < 5; i++) {
        status = kf_dict_metadata_at(dict, i, &name, &content);
        legal(status);
        if (!status) touch(name), touch(content);
    }
    legal(kf_dict_metadata_at(dict, SIZE_MAX, &name, &content));
    legal(kf_dict_get_stat(dict, &stat));
    kf_dict_build_id(dict, id);
    touch((kf_bytes){ id, 16 });
}

#endif
