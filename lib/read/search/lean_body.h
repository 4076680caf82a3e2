/* One step of a search for the shapes that nearly all containers have: what search_body.h does, with fewer branches.
 * A branch that depends on the data costs more than most of what it skips; so parts that a container may lack are read
 * as zeros of width 0.
 *
 * Whatever is rare or looks wrong is left to search_step, which takes the container from its beginning (LEAN_RARE). So
 * a lean step answers as search_step does, and says nothing about damage itself. */
#ifndef KFI_READ_SEARCH_LEAN_BODY_H
#define KFI_READ_SEARCH_LEAN_BODY_H

#include "read/search/search_body.h"

#define KFI_RARELY(x) __builtin_expect(!!(x), 0)

/* Where a search is. LEAN_PAD zeros follow the key. */
typedef struct lean {
    const uint8_t *at, *end;         /* the container, the end of its section */
    const uint8_t *key, *key_end;    /* what is left of the key */
    const uint8_t *key_begin;
    uint64_t rank;
} lean;

typedef enum lean_step {
    LEAN_ON,          /* at any container */
    LEAN_BUCKET,      /* at a node's bucket */
    LEAN_JUMP,        /* `*reference` of the directory leads on */
    LEAN_FOUND,
    LEAN_ABSENT,
    LEAN_CORRUPT,
    LEAN_RARE         /* nothing was done */
} lean_step;

/* Two tokens of lengths out of range, and 16 bytes: what may be compared behind the key. */
enum { LEAN_PAD = 48 };

/* Compares the first two of `count` codes from `bit` of `bits` on, the first of row `*row`, with the key, without a
 * branch. Returns how many bytes agree, up to `*length`, which they have together; SIZE_MAX for a code or an entry out
 * of range. Lengths above 16 can't agree. `*row` becomes that of the next code. */
KFI_INLINE size_t lean_two_tokens(const kfi_tokens *t, const uint8_t *bits, uint64_t bit, uint64_t count, uint32_t *row,
                                  const uint8_t *key, size_t *length)
{
    static const uint8_t length_bits[3][2] = { { 0, 0 }, { 31, 0 }, { 31, 31 } };
    const unsigned width = t->bits, codes = count < 2 ? (unsigned)count : 2;
    const uint64_t both = kfi_low_bits(kfi_load64(bits + (bit >> 3)) >> (bit & 7), codes * width);
    const uint64_t one = *row + kfi_low_bits(both, width);
    if (KFI_RARELY(one >= t->count)) return SIZE_MAX;
    const uint32_t a = kfi_load32(t->entries + 4 * one);
    const uint64_t two = kfi_token_next_row(t, a) + (both >> width);
    if (KFI_RARELY(two >= t->count)) return SIZE_MAX;
    const uint32_t b = kfi_load32(t->entries + 4 * two);
    if (KFI_RARELY(a > t->entry_limit) || KFI_RARELY(b > t->entry_limit)) return SIZE_MAX;
    *row = kfi_token_next_row(t, b);
    const unsigned first = a & length_bits[codes][0], second = b & length_bits[codes][1];
    const uint64_t limit = 1u << 16;
    const uint8_t *one_text = t->pool + (a >> KFI_TOKEN_OFFSET_SHIFT);
    const uint8_t *two_text = t->pool + (b >> KFI_TOKEN_OFFSET_SHIFT);
    const uint64_t differ = kfi_low_bits(kfi_differ16(one_text, key) | limit, first)
                          | (kfi_differ16(two_text, key + first) | limit | 1ull << second) << first;
    *length = first + second;
    return (size_t)__builtin_ctzll(differ);
}

/* Compares `count` codes with what is left of the key, behind the label; the codes lie in the section. Returns how many
 * bytes agree, SIZE_MAX as above. */
KFI_INLINE size_t lean_tokens(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                              const uint8_t *key, size_t left, int *whole)
{
    const kfi_tokens *t = &keys->tokens;
    size_t length = 0, done = 0;
    uint32_t row = kfi_token_row(t, key[-1]);
    size_t same = lean_two_tokens(t, bits, bit, count, &row, key, &length);
    while (KFI_RARELY(count > 2 && same == length)) {
        if ((done += length) > left) break;
        bit += 2 * t->bits;
        count -= 2;
        same = lean_two_tokens(t, bits, bit, count, &row, key + done, &length);
    }
    if (KFI_RARELY(same == SIZE_MAX)) return SIZE_MAX;
    /* A branch, so that what follows needs not wait for the comparison. */
    if ((*whole = (same == length) & (done + length <= left))) return done + length;
    return done + same < left ? done + same : left;
}

KFI_INLINE size_t lean_codes(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                             const uint8_t *key, size_t left, int *whole)
{
    const unsigned width = keys->parameters.character_bits;
    if (!width) return lean_tokens(keys, bits, bit, count, key, left, whole);
    size_t same = 0;
    if (KFI_RARELY(count > left)) count = left + 1;
    for (; same < count; same += 16, bit += 16 * width) {
        const uint32_t differ = kfi_differ_characters(bits, bit, width, keys->parameters.character, key + same);
        if (differ) {
            same += (unsigned)__builtin_ctz(differ);
            break;
        }
    }
    *whole = (same >= count) & (count <= left);
    if (same > count) same = count;
    return same < left ? same : left;
}

/* ---- nodes ---- */

/* A node in TREE. */
KFI_INLINE lean_step lean_node(const kfi_keys *keys, lean *s)
{
    const uint8_t *p = s->at;
    const unsigned final = p[0] >> 6 & 1;
    if (s->key == s->key_end) return final ? LEAN_FOUND : LEAN_ABSENT;
    const unsigned bigs = p[2], buckets = p[3], inner = buckets - (buckets > 0);
    const unsigned labels = bigs + inner;
    const unsigned big_width = (p[0] >> 3 & 7u) + 1, sum_width = (p[0] & 7u) + 1, bucket_width = (p[4] & 7u) + 1;
    const unsigned small_width = p[1] >> 3, path_width = 0x4210 >> (p[1] >> 1 & 3) * 4 & 15;
    const unsigned big_stride = big_width + small_width + sum_width, bucket_stride = small_width + bucket_width;
    if (KFI_RARELY(labels > 32) || KFI_RARELY(small_width > 8) || KFI_RARELY(p[1] & 1) || KFI_RARELY(p[4] & 8))
        return LEAN_RARE;
    const uint8_t *big = p + KFI_NODE_FIXED + labels, *bucket = big + bigs * big_stride;
    const uint8_t *path_offset = bucket + inner * bucket_stride, *paths = path_offset + (bigs + 1) * path_width;
    if (KFI_RARELY(paths > s->end)) return LEAN_RARE;
    const uint64_t room = (uint64_t)(s->end - paths);   /* a sum of pointers might wrap, on 32 bits */
    uint32_t below;
    const uint32_t equal = kfi_labels32(p + KFI_NODE_FIXED, *s->key, &below);
    const unsigned i = kfi_popcount(kfi_low_bits(below, bigs));
    const uint8_t *record = big + i * big_stride;
    lean next = *s;   /* what is rare finds the search as it was */
    next.rank += final + kfi_load_bytes(record - sum_width, i ? sum_width : 0);
    if (kfi_low_bits(equal, bigs)) {   /* so i < bigs, also if labels are out of order */
        const uint64_t offset = kfi_load_bytes(record + small_width, big_width);
        if (KFI_RARELY(offset - 1 >= (uint64_t)(p - keys->tree))) return LEAN_RARE;
        next.rank += kfi_load_bytes(record, small_width);
        next.at = p - offset;
        kfi_prefetch(next.at);
        kfi_prefetch(next.at + 64);
        next.key++;
        if (!path_width) {
            *s = next;
            return LEAN_ON;
        }
        const uint64_t path_at = kfi_load_bytes(path_offset + i * path_width, path_width);
        if (KFI_RARELY(path_at >= room)) return LEAN_RARE;
        const uint64_t codes = paths[path_at];
        int whole;
        if (KFI_RARELY(codes >= 0x80 || codes * keys->code_width > (room - path_at) * 8)) return LEAN_RARE;
        const size_t left = (size_t)(next.key_end - next.key);
        const size_t same = lean_codes(keys, paths + path_at + 1, 0, codes, next.key, left, &whole);
        if (KFI_RARELY(same == SIZE_MAX)) return LEAN_RARE;
        next.key += same;
        *s = next;
        return whole ? LEAN_ON : LEAN_ABSENT;
    }
    if (!buckets) return LEAN_ABSENT;
    const unsigned j = kfi_popcount(kfi_low_bits((below | equal) >> bigs, inner));
    const uint64_t first = kfi_load_bytes(path_offset + bigs * path_width, path_width);
    record = bucket + j * bucket_stride - bucket_stride;
    const uint64_t offset = kfi_load_bytes(record + small_width, j ? bucket_width : 0);
    if (KFI_RARELY(first > room || offset >= room - first)) return LEAN_RARE;
    next.rank += kfi_load_bytes(record, j ? small_width : 0);
    next.at = paths + (first + offset);
    kfi_prefetch(next.at);
    kfi_prefetch(next.at + 64);
    kfi_prefetch(next.at + 128);
    *s = next;
    return LEAN_BUCKET;
}

/* ---- buckets ---- */

/* What a search needs of a bucket; see kfi_bucket. */
typedef struct lean_bucket {
    kfi_vec labels, lcps;
    uint64_t all, map;
    const uint8_t *index, *unary, *bits, *extras;
    uint64_t codes_at, reference_at, residual_at;   /* bits after `bits` */
    int64_t limit;
    uint64_t slope, base;
    unsigned final, mode, total, targets, reference_bits, index_bits, residual_bits;
    unsigned direct;               /* all bits, if references are not indexed */
} lean_bucket;

/* The reference header at `p`; returns what follows it, NULL if it is a rare one. */
KFI_INLINE const uint8_t *lean_jumps(lean_bucket *b, const uint8_t *p)
{
    const unsigned indexed = p[0] >> 7, table = indexed & p[1] >> 7, residual = p[0] >> 6 & 1;
    uint64_t slope = 0, zigzag = 0;
    b->reference_bits = p[0] & 63;
    b->targets = ((p[1] & 63u) + 1) & (0u - indexed);
    b->direct = indexed - 1;
    b->index_bits = kfi_bit_width(b->targets - indexed);
    p += 1 + indexed;
    const unsigned slope_size = kfi_varint_load(p, &slope);
    const uint8_t *after = p + slope_size;
    const unsigned base_size = kfi_varint_load(after + 1, &zigzag);
    const unsigned wrong_table = table & ((b->targets - 1) / KFI_TABLE_TARGETS | residual);
    if (KFI_RARELY((slope_size | base_size) >> 3 | wrong_table)) return NULL;
    const uint64_t keep = 0ull - residual;
    b->residual_bits = *after & (unsigned)keep;
    b->base = (zigzag >> 1 ^ (0 - (zigzag & 1))) & keep;
    b->slope = slope & ((uint64_t)table - 1);
    b->extras = table ? p : NULL;
    if (KFI_RARELY(b->reference_bits > KFI_REFERENCE_BITS_MAX) || KFI_RARELY(b->residual_bits > KFI_RESIDUAL_BITS_MAX))
        return NULL;
    return table ? p + b->targets : after + ((1 + base_size) & keep);
}

/* 0 if it is a rare one. */
KFI_INLINE int lean_parse(const kfi_keys *keys, lean_bucket *b, const uint8_t *at, const uint8_t *end)
{
    const unsigned n = (at[0] & 63u) + 1, mode = b->mode = at[1] >> 4 & 3, jumps = at[1] >> 7;
    unsigned lcp_width = at[1] & 15;
    const uint8_t *p = at + 3 - (mode == KFI_LENGTHS_IMPLIED);
    b->total = at[2];
    b->all = kfi_low_bits(~0ull, n);
    b->map = 0;
    b->extras = NULL;
    b->targets = b->reference_bits = b->index_bits = b->residual_bits = 0;
    b->slope = b->base = 0;
    b->direct = ~0u;
    if (KFI_RARELY(mode == KFI_LENGTHS_UNARY32)) return 0;
    if (jumps && !(p = lean_jumps(b, p))) return 0;
    const uint8_t *labels = p, *table = NULL;
    p += (n * keys->parameters.label_bits + 7) / 8;
    if (KFI_RARELY(lcp_width > KFI_LCP_BYTE)) {
        if (lcp_width >= KFI_LCP_WIDE || p >= end) return 0;
        table = p + 1;
        p += 2 + *p;
        lcp_width -= KFI_LCP_INDEX1 - 1;
    }
    const uint8_t *lcps = p;
    p += (n * lcp_width + 7) / 8;
    if (jumps) {
        if (KFI_RARELY(p >= end || mode == KFI_LENGTHS_IMPLIED)) return 0;
        const uint64_t some = (at[1] >> 6 & 1) - 1ull;   /* all bits: not all entries are jumps */
        b->map = b->all & (kfi_load64(p) | ~some);
        p += (n + 7) / 8 & some;
        if (KFI_RARELY(!b->map)) return 0;
    }
    const unsigned count = kfi_popcount(b->map);
    b->index = p;
    p += (count * b->index_bits + 7) / 8;
    b->unary = p;
    uint64_t bit = 0;
    if (KFI_RARELY(mode == KFI_LENGTHS_IMPLIED)) {
        p = lcps;
        bit = n * lcp_width;
    } else {
        const unsigned fields = 0u - (mode >> 1);
        if (KFI_RARELY((b->total & fields) > 8)) return 0;
        p += (n + b->total + 7) / 8 & ~fields;
        bit = n * b->total & fields;
    }
    b->bits = p;
    b->reference_at = bit;
    bit += (b->targets + (count & b->direct)) * b->reference_bits;
    b->residual_at = bit;
    bit += (count + !(b->map >> (n - 1) & 1)) * b->residual_bits;
    b->codes_at = bit;
    b->limit = (int64_t)(end - p) * 8;
    if (KFI_RARELY((int64_t)bit > b->limit)) return 0;
    kfi_vec_unpack_both(&b->labels, labels, keys->parameters.label_bits, &b->lcps, lcps, lcp_width, n);
    if (KFI_RARELY(table != NULL)) b->lcps = kfi_vec_table(b->lcps, table);
    return 1;
}

/* Position of 1 bit number `k` of the 256 bits at p; from 256 on if there is none. */
KFI_INLINE unsigned lean_select(const uint8_t *p, unsigned k)
{
    const unsigned a = kfi_popcount(kfi_load64(p)), b = a + kfi_popcount(kfi_load64(p + 8));
    const unsigned c = b + kfi_popcount(kfi_load64(p + 16));
    const unsigned word = 3 - (unsigned)(k < a) - (unsigned)(k < b) - (unsigned)(k < c);
    const unsigned before = k < a ? 0 : k < b ? a : k < c ? b : c;
    const unsigned at = kfi_select(kfi_load64(p + 8 * word), k - before);
    return at < 64 ? 64 * word + at : 256;
}

/* Where the codes of entry `entry`, whose lcp is `lcp`, begin, and how many there are; 0 if rare. */
KFI_INLINE int lean_tail(const kfi_keys *keys, const lean_bucket *b, unsigned entry, size_t lcp, size_t depth,
                         uint64_t *bit, uint64_t *count)
{
    uint64_t first;
    if (b->mode == KFI_LENGTHS_UNARY8) {
        const unsigned end = lean_select(b->unary, entry);
        if (KFI_RARELY(end >= 256)) return 0;
        /* The zeros before the 1 bit that ends the entry's, of which 56 are seen; before the first entry's there is
         * anything. */
        const uint64_t before = kfi_load64(b->unary + end / 8 - 7) << (8 - (end & 7));
        const unsigned zeros = 64 - kfi_bit_width(before), codes = zeros < end ? zeros : end;
        if (KFI_RARELY(codes > 55)) return 0;
        *count = codes;
        first = end - codes - entry;
    } else if (b->mode == KFI_LENGTHS_FIELDS) {
        *count = kfi_load_bits(b->bits, entry * b->total, b->total);
        if (b->total <= 1) first = kfi_popcount(kfi_low_bits(kfi_load64(b->bits), b->total * entry));
        else first = kfi_vec_sum(kfi_vec_unpack(b->bits, b->total, entry), entry);
    } else {
        const uint64_t whole = (uint64_t)keys->parameters.fixed_length - 1 - depth;
        if (KFI_RARELY(keys->parameters.fixed_length < 1 + depth + lcp)) return 0;
        *count = whole - lcp;
        first = whole * entry - kfi_vec_sum(b->lcps, entry);
        if (KFI_RARELY(first > (uint64_t)b->limit)) return 0;
    }
    const uint64_t width = keys->code_width;
    *bit = b->codes_at + first * width;
    return !KFI_RARELY(*bit + *count * width > (uint64_t)b->limit);
}

/* The keys before entry `entry` of the bucket; `*reference`: where it leads to, if it is a jump. */
KFI_INLINE uint64_t lean_rank(const lean_bucket *b, unsigned entry, uint64_t *reference)
{
    const unsigned n = kfi_popcount(kfi_low_bits(b->map, entry));
    const uint64_t index = kfi_load_bits(b->index, n * b->index_bits, b->index_bits);
    const uint64_t which = index + (n & b->direct);
    *reference = kfi_load_bits(b->bits, b->reference_at + which * b->reference_bits, b->reference_bits);
    if (KFI_RARELY(index >= (b->targets | b->direct))) *reference = UINT64_MAX;
    if (b->extras) return entry + kfi_vec_sum(kfi_vec_table(kfi_vec_unpack(b->index, b->index_bits, n), b->extras), n);
    return entry + b->slope * n + b->base
         + kfi_load_bits(b->bits, b->residual_at + n * b->residual_bits, b->residual_bits);
}

KFI_INLINE lean_step lean_bucket_step(const kfi_keys *keys, lean *s, uint64_t *reference)
{
    lean_bucket b;
    const unsigned final = s->at[0] >> 6 & 1;
    if (s->key == s->key_end) return final ? LEAN_FOUND : LEAN_ABSENT;
    kfi_prefetch(s->at + 64);
    kfi_prefetch(s->at + 128);
    if (!lean_parse(keys, &b, s->at, s->end)) return LEAN_RARE;
    const uint8_t *label_code = keys->parameters.label_code;
    const unsigned escape = keys->escape;
    const uint8_t *key = s->key;
    uint64_t above = b.all;
    for (;;) {
        uint64_t bit, count;
        int whole;
        const size_t lcp = (size_t)(key - s->key);
        const unsigned code = label_code[*key];
        const uint64_t stop = kfi_vec_less(b.lcps, (uint8_t)lcp) & above;
        const uint64_t hits = kfi_vec_both(b.labels, (uint8_t)code, b.lcps, (uint8_t)lcp) & above & (stop ^ (stop - 1));
        if (KFI_RARELY(code == escape)) return LEAN_RARE;
        if (!hits) return LEAN_ABSENT;
        const unsigned entry = (unsigned)__builtin_ctzll(hits);
        above &= ~1ull << entry;   /* those behind it */
        if (!lean_tail(keys, &b, entry, lcp, (size_t)(s->key - s->key_begin), &bit, &count)) return LEAN_RARE;
        const size_t left = (size_t)(s->key_end - ++key);
        const size_t same = lean_codes(keys, b.bits, bit, count, key, left, &whole);
        if (KFI_RARELY(same == SIZE_MAX)) return LEAN_RARE;
        key += same;
        const unsigned jump = b.map >> entry & 1;
        if (whole & (jump | (same == left))) {
            s->rank += final + lean_rank(&b, entry, reference);
            s->key = key;
            return jump ? LEAN_JUMP : LEAN_FOUND;
        }
        if (same == left) return LEAN_ABSENT;
    }
}

#endif
