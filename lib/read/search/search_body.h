/* The search for a key, compiled once for each instruction set: the including file has chosen a
 * fields_*.h and defines KFI_VARIANT(name).
 *
 * One step goes down one container. In a node the key's next byte selects a child node or a bucket.
 * In a bucket, with m bytes matched, the entry that can continue the key is the first with lcp == m and
 * the key's next byte as its label, before any entry with lcp < m: one comparison of all labels and all
 * lcps finds it. Its tail is compared token by token; where it differs or ends, m has grown and the rest
 * of the bucket is searched the same way. */
#ifndef KFI_READ_SEARCH_SEARCH_BODY_H
#define KFI_READ_SEARCH_SEARCH_BODY_H

#include "read/keys/bucket_view.h"
#include "read/keys/node_view.h"
#include "read/search/search.h"

/* How many of the 16 bytes at a and b agree before the first difference. */
static inline unsigned match16(const uint8_t *a, const uint8_t *b)
{
    return (unsigned)__builtin_ctz(kfi_differ16(a, b) | 1u << 16);
}

/* The parts of a step are one function, so that what is parsed stays in registers. */
#define KFI_INLINE static inline __attribute__((always_inline))

/* 16 loadable bytes of the key from `at` on. A short key was copied to where they are; a long one or a text
 * stays in place, and only its last bytes are copied. */
KFI_INLINE const uint8_t *key_at(const kfi_search *s, size_t at, int in_place)
{
    return in_place && at >= s->tail_start ? s->tail + (at - s->tail_start) : s->key + at;
}

/* Compares `count` codes from `bit` of `bits` on, the first of row `row`, with the key from `at` on. Returns how many
 * bytes agree;
 * `*whole` tells whether all codes did; -1 for a code out of range. A length out of range (17..31) can't
 * agree, since 16 bytes are compared. */
KFI_INLINE ptrdiff_t match_tokens(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count, uint32_t row,
                                  const kfi_search *s, size_t at, int in_place, int *whole)
{
    const kfi_tokens *t = &keys->tokens;
    const unsigned width = t->bits;
    const uint32_t mask = (1u << width) - 1;
    const size_t from = at;
    *whole = 0;
    for (; count; count--, bit += width) {
        const uint32_t code = row + (kfi_load32(bits + (bit >> 3)) >> (bit & 7) & mask);
        if (code >= t->count) return -1;
        const uint32_t entry = kfi_load32(t->entries + 4 * (size_t)code);
        if (entry > t->entry_limit) return -1;
        row = kfi_token_next_row(t, entry);
        unsigned same = match16(t->pool + (entry >> KFI_TOKEN_OFFSET_SHIFT), key_at(s, at, in_place));
        const unsigned length = entry & 31;
        size_t left = s->size - at;
        if (same < length || length > left) {
            if (same > length) same = length;
            return (ptrdiff_t)(at - from + (same < left ? same : left));
        }
        at += length;
    }
    *whole = 1;
    return (ptrdiff_t)(at - from);
}

/* The same in character mode, where a code is one byte. */
static ptrdiff_t match_characters(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                                         const kfi_search *s, size_t at, int in_place, int *whole)
{
    const unsigned width = keys->parameters.character_bits;
    size_t from = at;
    *whole = 0;
    while (count) {
        unsigned n = count < 12 ? (unsigned)count : 12;
        uint8_t text[16];
        uint64_t codes = kfi_load_bits(bits, bit, 4 * 12);
        for (unsigned i = 0; i < 12; i++, codes >>= width)
            text[i] = keys->parameters.character[codes & ((1u << width) - 1)];
        memset(text + 12, 0, 4);
        unsigned same = match16(text, key_at(s, at, in_place));
        size_t left = s->size - at;
        if (same < n || n > left) {
            if (same > n) same = n;
            return (ptrdiff_t)(at - from + (same < left ? same : left));
        }
        at += n;
        count -= n;
        bit += (uint64_t)n * width;
    }
    *whole = 1;
    return (ptrdiff_t)(at - from);
}

KFI_INLINE ptrdiff_t match_codes(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count, uint32_t row,
                                 const kfi_search *s, size_t at, int in_place, int *whole)
{
    if (keys->parameters.character_bits) return match_characters(keys, bits, bit, count, s, at, in_place, whole);
    return match_tokens(keys, bits, bit, count, row, s, at, in_place, whole);
}

/* Entry `entry`'s first code and number of codes from unary lengths of up to 128 bits, nearly all there
 * are: the 1 bit number `entry` ends its length, the one before it begins it. 0 when it doesn't exist. */
KFI_INLINE int short_unary(const kfi_bucket *b, unsigned entry, uint64_t *first, uint64_t *count)
{
    const unsigned n = (unsigned)b->unary_bits;
    if (n < 64) {   /* a 1 bit in front: the length lies between 1 bits number `entry` and `entry` + 1 */
        const uint64_t ends = kfi_low_bits(kfi_load64(b->unary), n) << 1 | 1;
        const uint64_t both = kfi_select_pair(ends, entry);
        if (!(both & (both - 1))) return 0;
        const unsigned start = (unsigned)__builtin_ctzll(both);
        *first = start - entry;
        *count = 62 - (unsigned)__builtin_clzll(both) - start;
        return 1;
    }
    const uint64_t low = kfi_load64(b->unary);
    const uint64_t high = n > 64 ? kfi_low_bits(kfi_load64(b->unary + 8), n - 64) : 0;
    const unsigned in_low = kfi_popcount(low);
    if (in_low + kfi_popcount(high) <= entry) return 0;
    unsigned end = entry < in_low ? kfi_select(low, entry) : 64 + kfi_select(high, entry - in_low);
    unsigned start = 0;
    if (entry)
        start = 1 + (entry - 1 < in_low ? kfi_select(low, entry - 1) : 64 + kfi_select(high, entry - 1 - in_low));
    *first = start - entry;
    *count = end - start;
    return 1;
}

/* The same for any length. Takes parts of the bucket, so that the bucket itself can stay in registers. */
static int long_unary(const uint8_t *unary, uint64_t unary_bits, unsigned entry, uint64_t *first, uint64_t *count)
{
    uint64_t base = 0, start = 0;
    unsigned ones = 0;   /* before base */
    for (; base < unary_bits; base += 64) {
        uint64_t word = kfi_load64(unary + base / 8);
        if (unary_bits - base < 64) word &= kfi_mask64((unsigned)(unary_bits - base));
        unsigned here = kfi_popcount(word);
        if (entry && entry - 1 >= ones && entry - 1 < ones + here)
            start = base + kfi_select(word, entry - 1 - ones) + 1;
        if (entry < ones + here) {
            *first = start - entry;
            *count = base + kfi_select(word, entry - ones) - start;
            return 1;
        }
        ones += here;
    }
    return 0;
}

/* Where entry `entry`'s codes begin (bits after b->bits) and how many there are; 0 on damage. `lcps` are
 * the decoded ones, `depth` is the container's. */
KFI_INLINE int tail_codes(const kfi_keys *keys, const kfi_bucket *b, kfi_vec lcps, size_t depth,
                             unsigned entry, uint64_t *bit, uint64_t *count)
{
    uint64_t first = 0;
    if (b->length_mode <= KFI_LENGTHS_UNARY32) {
        int good;
        if (__builtin_expect(b->unary_bits <= 128, 1)) {
            good = short_unary(b, entry, &first, count);
        } else {
            uint64_t codes = 0, begin = 0;
            good = long_unary(b->unary, b->unary_bits, entry, &begin, &codes);
            first = begin;
            *count = codes;
        }
        if (!good) return 0;
    } else if (b->length_mode == KFI_LENGTHS_FIELDS) {
        if (b->length_width <= 8) {
            first = kfi_vec_sum(kfi_vec_unpack(b->bits, b->length_width, b->count), entry);
        } else {
            for (unsigned i = 0; i < entry; i++)
                first += kfi_load_bits(b->bits, (uint64_t)i * b->length_width, b->length_width);
        }
        *count = kfi_load_bits(b->bits, (uint64_t)entry * b->length_width, b->length_width);
    } else {
        uint64_t whole = keys->parameters.fixed_length - 1 - (uint64_t)depth;
        uint8_t lcp[64];
        memcpy(lcp, &lcps, 64);
        if (keys->parameters.fixed_length < 1 + (uint64_t)depth + lcp[entry]) return 0;
        first = whole * entry - kfi_vec_sum(lcps, entry);
        *count = whole - lcp[entry];
        if (first > b->bits_limit) return 0;
    }
    uint64_t width = keys->code_width;
    *bit = b->codes_at + first * width;
    return *count <= b->bits_limit && *bit + *count * width <= b->bits_limit;
}

/* Entries with lcp == m, and with lcp < m. */
typedef struct lcp_view {
    kfi_vec values;
    const kfi_bucket *bucket;
} lcp_view;

KFI_INLINE lcp_view lcp_decode(const kfi_bucket *b)
{
    lcp_view v = { kfi_vec_unpack(b->lcps, b->lcp_width, b->count), b };
    if (__builtin_expect(b->lcp_mode > KFI_LCP_BYTE && b->lcp_mode != KFI_LCP_WIDE, 0))
        v.values = kfi_vec_table(v.values, b->lcp_table);
    return v;
}

/* The index in a table of wide lcps of the first that is not below m; whether it is m in `*equal`. */
static unsigned wide_index(const uint8_t *table, unsigned count, size_t m, int *equal)
{
    unsigned below = 0;
    while (below < count && kfi_load32(table + 4 * below) < m) below++;
    *equal = below < count && kfi_load32(table + 4 * below) == m;
    return below;
}

KFI_INLINE uint64_t wide_lcps(const lcp_view *v, size_t m, int less)
{
    int equal;
    unsigned index = wide_index(v->bucket->lcp_table, v->bucket->lcp_table_count, m, &equal);
    if (less) return index > 63 ? ~0ull : kfi_vec_less(v->values, (uint8_t)index);
    return equal && index <= 63 ? kfi_vec_equal(v->values, (uint8_t)index) : 0;
}

KFI_INLINE uint64_t lcps_equal(const lcp_view *v, size_t m)
{
    if (__builtin_expect(v->bucket->lcp_mode == KFI_LCP_WIDE, 0)) return wide_lcps(v, m, 0);
    return m <= 255 ? kfi_vec_equal(v->values, (uint8_t)m) : 0;
}

KFI_INLINE uint64_t lcps_less(const lcp_view *v, size_t m)
{
    if (__builtin_expect(v->bucket->lcp_mode == KFI_LCP_WIDE, 0)) return wide_lcps(v, m, 1);
    return m <= 255 ? kfi_vec_less(v->values, (uint8_t)m) : ~0ull;
}

/* kfi_bucket_extra, with a table summed by one shuffle. */
KFI_INLINE uint64_t extra_before(const kfi_bucket *b, unsigned entry)
{
    const kfi_jumps *j = &b->jumps;
    if (!j->map || !j->table) return kfi_bucket_extra(b, entry);
    unsigned n = kfi_popcount(j->map & ((1ull << entry) - 1));
    return kfi_vec_sum(kfi_vec_table(kfi_vec_unpack(j->index, j->index_bits, n), j->table), n);
}

/* Notes a key that the text begins with. */
KFI_INLINE void note(kf_prefix_match **notes, size_t size, uint64_t ordinal)
{
    *(*notes)++ = (kf_prefix_match){ size, ordinal };
}

/* A text's descent also tells how far it came. */
KFI_INLINE kfi_step absent(kfi_search *s, size_t at, kf_prefix_match **notes)
{
    if (notes) s->depth = at;
    return KFI_STEP_ABSENT;
}

/* `notes` NULL: looks for the key; else it is a text, all of whose beginnings are looked for. With `reference` a
 * jump is not made: KFI_STEP_JUMP leaves its directory index there. */
KFI_INLINE kfi_step bucket_body(const kfi_keys *keys, kfi_search *s, int in_place, kf_prefix_match **notes,
                                uint64_t *reference)
{
    const kfi_keys_parameters *p = &keys->parameters;
    kfi_bucket b;
    kfi_prefetch(s->place.at + 64);
    kfi_prefetch(s->place.at + 128);
    if (!kfi_bucket_parse(keys, &b, s->place)) return KFI_STEP_CORRUPT;
    if (notes && b.final) note(notes, s->depth, s->rank);
    if (s->depth == s->size) return b.final && !notes ? KFI_STEP_FOUND : KFI_STEP_ABSENT;
    s->rank += (unsigned)b.final;
    const kfi_vec labels = kfi_vec_unpack(b.labels, p->label_bits, b.count);
    const lcp_view lcps = lcp_decode(&b);
    const unsigned escape = keys->escape;
    const size_t depth = s->depth;
    uint64_t live = kfi_bucket_all(&b);
    size_t at = depth;   /* how much of the key the entry before `live` agrees with */
    uint64_t candidates = lcps_equal(&lcps, 0) & live;
    for (;;) {
        uint64_t bit, count;
        int whole;
        const uint8_t label = *key_at(s, at, in_place);
        const unsigned code = p->label_code[label];
        uint64_t hits = kfi_vec_equal(labels, (uint8_t)code) & candidates;
        if (!hits) return absent(s, at, notes);
        unsigned entry = (unsigned)__builtin_ctzll(hits);
        if (!tail_codes(keys, &b, lcps.values, depth, entry, &bit, &count)) return KFI_STEP_CORRUPT;
        size_t from = at + (code != escape);
        const uint32_t row = kfi_label_row(keys, label, code == escape);
        ptrdiff_t same = match_codes(keys, b.bits, bit, count, row, s, from, in_place, &whole);
        if (__builtin_expect(code == escape, 0)) {
            /* Several labels share the escape: the tail's first byte tells. */
            while (same == 0) {
                hits &= hits - 1;
                if (!hits) return absent(s, at, notes);
                entry = (unsigned)__builtin_ctzll(hits);
                if (!tail_codes(keys, &b, lcps.values, depth, entry, &bit, &count)) return KFI_STEP_CORRUPT;
                same = match_codes(keys, b.bits, bit, count, row, s, from, in_place, &whole);
            }
        }
        if (same < 0) return KFI_STEP_CORRUPT;
        at = from + (size_t)same;
        if (whole) {
            if (b.jumps.map >> entry & 1) {
                s->rank += entry + extra_before(&b, entry);
                s->depth = at;
                if (reference) {
                    *reference = kfi_bucket_reference(&b, entry);
                    return KFI_STEP_JUMP;
                }
                return kfi_bucket_target(keys, &b, entry, &s->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
            }
            if (notes) {
                note(notes, at, s->rank + entry + extra_before(&b, entry));
            } else if (at == s->size) {
                s->rank += entry + extra_before(&b, entry);
                return KFI_STEP_FOUND;
            }
        }
        if (at == s->size) return absent(s, at, notes);
        live &= ~0ull << entry << 1;
        uint64_t stop = lcps_less(&lcps, at - depth) & live;
        live &= (stop & -stop) - 1;
        candidates = lcps_equal(&lcps, at - depth) & live;
    }
}

/* How many labels are below `c`; `*equal` tells whether c itself is among them, so that there are more than these. */
static inline unsigned labels_below(const uint8_t *labels, unsigned count, uint8_t c, int *equal)
{
    unsigned below = 0;
    *equal = 0;
    for (unsigned i = 0; i < count; i += 64) {
        uint64_t mask = count - i >= 64 ? ~0ull : (1ull << (count - i)) - 1;
        kfi_vec v = kfi_vec_load(labels + i);
        below += kfi_popcount(kfi_vec_less(v, c) & mask);
        *equal |= (kfi_vec_equal(v, c) & mask) != 0;
    }
    return below;
}

KFI_INLINE kfi_step node_body(const kfi_keys *keys, kfi_search *s, int in_place, kf_prefix_match **notes)
{
    kfi_node n;
    int big, first;
    unsigned i, j;
    if (s->place.end != keys->tree + keys->tree_size) return KFI_STEP_CORRUPT;
    if (!kfi_node_parse_arrays(&n, s->place)) return KFI_STEP_CORRUPT;
    if (notes && n.final) note(notes, s->depth, s->rank);
    if (s->depth == s->size) return n.final && !notes ? KFI_STEP_FOUND : KFI_STEP_ABSENT;
    const uint8_t c = *key_at(s, s->depth, in_place);
    i = labels_below(n.big_label, n.bigs, c, &big);
    j = labels_below(n.bucket_label, (unsigned)(n.big - n.bucket_label), c, &first);
    j += (unsigned)first;
    s->rank += (unsigned)n.final + kfi_node_bigs_before(&n, i);
    if (big) {
        s->rank += kfi_node_smalls_before(&n, i);
        if (!kfi_node_child(keys, &n, i, &s->place)) return KFI_STEP_CORRUPT;
        kfi_prefetch(s->place.at);
        kfi_prefetch(s->place.at + 64);
        s->depth++;
        if (!n.path_width) return KFI_STEP_ON;
        const uint8_t *path = kfi_node_path(&n, i);
        if (!path) return KFI_STEP_CORRUPT;
        uint64_t codes = *path;
        if (!codes) return KFI_STEP_ON;
        size_t used = 1;
        if (codes >= 0x80) used = kfi_varint_read(path, KFI_VARINT_MAX, &codes);
        const uint64_t room = (uint64_t)(n.end - path) * 8;
        if (!used || codes > room || codes * keys->code_width > room) return KFI_STEP_CORRUPT;
        int whole;
        const uint32_t row = kfi_token_row(&keys->tokens, c);
        ptrdiff_t same = match_codes(keys, path + used, 0, codes, row, s, s->depth, in_place, &whole);
        if (same < 0) return KFI_STEP_CORRUPT;
        s->depth += (size_t)same;
        return whole ? KFI_STEP_ON : KFI_STEP_ABSENT;
    }
    if (!n.buckets) return KFI_STEP_ABSENT;
    if (!kfi_node_parse_paths(&n)) return KFI_STEP_CORRUPT;
    s->rank += kfi_node_buckets_before(&n, j);
    if (!kfi_node_bucket(&n, j, &s->place)) return KFI_STEP_CORRUPT;
    kfi_prefetch(s->place.at);
    kfi_prefetch(s->place.at + 64);
    kfi_prefetch(s->place.at + 128);
    s->in_bucket = 1;
    return KFI_STEP_ON;
}

/* One container down. */
KFI_INLINE kfi_step search_step(const kfi_keys *keys, kfi_search *s, int in_place, kf_prefix_match **notes,
                                uint64_t *reference)
{
    if (!(s->place.at[0] & 0x80)) {
        s->in_bucket = 0;
        return bucket_body(keys, s, in_place, notes, reference);
    }
    return s->in_bucket ? KFI_STEP_CORRUPT : node_body(keys, s, in_place, notes);
}

static kfi_step prefixes(const kfi_keys *keys, kfi_search *search, kf_prefix_match *notes, size_t capacity,
                         size_t *count)
{
    kfi_search s = *search;
    kfi_step step = KFI_STEP_ON;
    kf_prefix_match *next = notes;
    while (step == KFI_STEP_ON && capacity - (size_t)(next - notes) >= KFI_STEP_NOTES)
        step = search_step(keys, &s, 1, &next, NULL);
    *count = (size_t)(next - notes);
    search->place = s.place;
    search->rank = s.rank;
    search->depth = s.depth;
    search->in_bucket = s.in_bucket;
    return step;
}

#endif
