/* One bucket decoded into plain arrays, for everything that looks at more of it than one search does:
 * walking, selecting by ordinal, bounds, verifying. All knowledge of a bucket's bits beyond
 * bucket_view.h is here, so that a change of the layout changes one file.
 *
 * The text of entry e is, from the container's depth on: lcp[e] bytes of entry e-1's text, then its
 * label, then its tail. Entry 0 has lcp 0; every entry has at least one byte of its own. */
#ifndef KFI_READ_KEYS_BUCKET_DECODE_H
#define KFI_READ_KEYS_BUCKET_DECODE_H

#include "read/keys/bucket_view.h"

typedef struct kfi_decoded {
    kfi_bucket view;
    const uint8_t *at;           /* where the bucket lies; NULL: nothing is decoded */
    uint32_t depth;              /* what it was decoded for */
    uint8_t any_depth;           /* the depth has no influence */
    uint64_t escaped;            /* bit e: the tail of e begins with its label */
    uint8_t label[KFI_BUCKET_ENTRIES];
    uint32_t lcp[KFI_BUCKET_ENTRIES];
    uint32_t code[KFI_BUCKET_ENTRIES + 1];   /* entry e's tail is codes code[e] .. code[e+1] */
} kfi_decoded;

/* 0 when anything is out of range; then d->at is NULL. */
int kfi_bucket_decode(const kfi_keys *keys, kfi_place place, uint32_t depth, kfi_decoded *d);

/* Whether every label code is one that the file's parameters assign. For verifying. */
int kfi_decoded_labels_valid(const kfi_keys *keys, const kfi_decoded *d);

/* Keys in the entries before `entry`. */
static inline uint64_t kfi_decoded_rank(const kfi_decoded *d, unsigned entry)
{
    return entry + kfi_bucket_extra(&d->view, entry);
}

static inline int kfi_decoded_is_jump(const kfi_decoded *d, unsigned entry)
{
    return d->view.jumps.map >> entry & 1;
}

/* The entry that holds the key of rank `rank` (from 0, the container's own final key not counted). */
static inline unsigned kfi_decoded_select(const kfi_decoded *d, uint64_t rank)
{
    unsigned low = 0, high = d->view.count;
    if (!d->view.jumps.map) return rank < high ? (unsigned)rank : high - 1;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (kfi_decoded_rank(d, middle) <= rank) low = middle;
        else high = middle;
    }
    return low;
}

/* Bytes that the bucket occupies. */
static inline uint64_t kfi_decoded_size(const kfi_keys *keys, const kfi_decoded *d)
{
    uint64_t bits = d->view.codes_at + (uint64_t)d->code[d->view.count] * keys->code_width;
    return (uint64_t)(d->view.bits - d->at) + (bits + 7) / 8;
}

/* The bytes of one character code a byte, appended; see kfi_codes_append. */
uint8_t *kfi_characters_append(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                               uint8_t *to, const uint8_t *limit);

/* Writes what `count` codes from bit `bit` on, the first of row `row`, stand for to `to`. Returns the end, NULL when a
 * code is out of range or the end lies beyond `limit`; up to 16 bytes after it may be overwritten. The caller
 * has checked that the codes lie in their section. */
static inline uint8_t *kfi_codes_append(const kfi_keys *keys, const uint8_t *bits, uint64_t bit,
                                        uint64_t count, uint32_t row, uint8_t *to, const uint8_t *limit)
{
    if (keys->parameters.character_bits) return kfi_characters_append(keys, bits, bit, count, to, limit);
    const unsigned width = keys->tokens.bits;
    for (; count; count--, bit += width) {
        unsigned length;
        const uint8_t *token = kfi_token(&keys->tokens, &row, (uint32_t)kfi_load_bits(bits, bit, width), &length);
        if (!length) return NULL;
        memcpy(to, token, KFI_TOKEN_MAX);
        to += length;
        if (to > limit) return NULL;
    }
    return to;
}

/* Writes entry `entry`'s label and tail to `to`, where its text goes on after lcp[entry] bytes; as
 * kfi_codes_append, but to <= limit need not hold. */
static inline uint8_t *kfi_decoded_append(const kfi_keys *keys, const kfi_decoded *d, unsigned entry,
                                          uint8_t *to, const uint8_t *limit)
{
    if (to >= limit) return NULL;
    uint64_t first = d->code[entry];
    const unsigned escaped = d->escaped >> entry & 1;
    *to = d->label[entry];
    return kfi_codes_append(keys, d->view.bits, d->view.codes_at + first * keys->code_width, d->code[entry + 1] - first,
                            kfi_label_row(keys, *to, escaped), to + !escaped, limit);
}

/* Writes the whole text of `entry` to `text`, of which the first `valid` bytes agree with it already.
 * Returns its end or NULL. */
uint8_t *kfi_decoded_text(const kfi_keys *keys, const kfi_decoded *d, unsigned entry, uint32_t valid,
                          uint8_t *text, const uint8_t *limit);

#endif
