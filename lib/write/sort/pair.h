/* What the parts of the sorter pass to each other: pairs, how their values are written, and a
 * stream of pairs in key order.
 *
 * A value travels as a *field*, the same bytes in the buffer, in a run and through the merge:
 *   no values  nothing
 *   u64        a byte w (0..8), then the w low bytes of the number, little-endian
 *   bytes      varint size*2, then the bytes; or varint size*2+1, then the varint offset of the
 *              value in the spool of large values
 * Wherever a key or a field lies, KFI_SORT_PAD bytes after it can be read (whatever they are). */
#ifndef KFI_WRITE_SORT_PAIR_H
#define KFI_WRITE_SORT_PAIR_H

#include "base/bits.h"
#include "base/error.h"
#include "base/varint.h"

#include <keyfold/builder.h>

enum {
    KFI_SORT_PAD = 16,
    KFI_SORT_KEY_MAX = 1 << 20,
    KFI_SORT_U64_MAX = 9,
    KFI_SORT_FIELD_HEAD_MAX = 2 * KFI_VARINT_MAX
};

/* `lcp` is exactly the length of the prefix that the key shares with the previous one of the same
 * stream (0 for the first): so equal keys are those with lcp == key_size == the previous size. */
typedef struct kfi_sort_pair {
    const uint8_t *key;
    size_t key_size;
    size_t lcp;
    const uint8_t *field;
    size_t field_size;
} kfi_sort_pair;

/* Pairs in key order, equal keys in the order in which they were added. What `pair` points to is
 * valid until the next call. KF_END after the last. */
typedef struct kfi_sort_source {
    kf_status (*next)(void *self, kfi_sort_pair *pair, kf_error *error);
    void *self;
} kfi_sort_source;

/* The byte after the varint at p, or NULL when it doesn't end before `end`. */
static inline const uint8_t *kfi_sort_varint_get(const uint8_t *p, const uint8_t *end,
                                                 uint64_t *value)
{
    size_t size = kfi_varint_read(p, (size_t)(end - p), value);
    return size ? p + size : NULL;
}

static inline size_t kfi_sort_u64_put(uint8_t *field, uint64_t value)
{
    field[0] = (uint8_t)kfi_byte_width(value);
    kfi_store64(field + 1, value);
    return 1 + (size_t)field[0];
}

static inline uint64_t kfi_sort_u64_get(const uint8_t *field)
{
    return kfi_load64(field + 1) & kfi_mask64(8u * field[0]);
}

/* The byte after the field at p, or NULL when it doesn't end by `end`. */
static inline const uint8_t *kfi_sort_field_skip(const uint8_t *p, const uint8_t *end,
                                                 kf_value_type type)
{
    uint64_t head, offset;
    if (type == KF_VALUES_NONE) return p;
    if (type == KF_VALUES_U64)
        return p < end && p[0] <= 8 && p[0] < (size_t)(end - p) ? p + 1 + p[0] : NULL;
    p = kfi_sort_varint_get(p, end, &head);
    if (!p) return NULL;
    if (head & 1) return kfi_sort_varint_get(p, end, &offset);
    return head >> 1 <= (size_t)(end - p) ? p + (head >> 1) : NULL;
}

/* How many of the first n bytes of a and b are equal, in order. Reads nothing beyond n. */
static inline size_t kfi_sort_common(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t difference = kfi_load64(a + i) ^ kfi_load64(b + i);
        if (difference) return i + (unsigned)__builtin_ctzll(difference) / 8;
    }
    while (i < n && a[i] == b[i]) i++;
    return i;
}

/* < 0, 0, > 0 by unsigned bytes, a prefix before what it begins. */
static inline int kfi_sort_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t n = a_size < b_size ? a_size : b_size;
    int order = n ? memcmp(a, b, n) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

#endif
