/* A bucket's parts, located and bounds-checked but not decoded. Drawn in FORMAT.md 4.7. */
#ifndef KFI_READ_KEYS_BUCKET_VIEW_H
#define KFI_READ_KEYS_BUCKET_VIEW_H

#include "base/varint.h"
#include "read/keys/keys_view.h"

/* Inlined into the search, where the view's fields then are registers. */
#define KFI_VIEW_INLINE static inline __attribute__((always_inline))

typedef struct kfi_jumps {
    uint64_t map;                /* bit i: entry i is a jump */
    uint64_t slope;
    uint64_t base;               /* two's complement */
    unsigned count;
    unsigned sums;               /* residuals there are */
    unsigned targets;            /* 0: not indexed */
    uint8_t reference_bits, index_bits, residual_bits, has_residual;
    const uint8_t *table;        /* the targets' extras, or NULL */
    const uint8_t *index;        /* packed, byte-aligned */
    uint64_t reference_at, residual_at;   /* bits after kfi_bucket.bits */
} kfi_jumps;

typedef struct kfi_bucket {
    unsigned count;              /* 1..64 */
    int final;
    uint8_t lcp_mode, lcp_width;
    uint8_t length_mode, length_width;
    uint16_t lcp_table_count;
    const uint8_t *labels, *lcp_table, *lcps;
    const uint8_t *unary;        /* length modes 0 and 1 */
    uint64_t unary_bits;
    const uint8_t *bits;         /* the fields without gaps begin here */
    uint64_t codes_at;           /* bits after `bits` where the tails' codes begin */
    uint64_t bits_limit;         /* bits after `bits` that lie in the section */
    const uint8_t *end;
    kfi_jumps jumps;             /* valid if jumps.map */
} kfi_bucket;

static inline uint64_t kfi_bucket_all(const kfi_bucket *b)
{
    return ~0ull >> (64 - b->count);
}

/* Parses the reference header at `p`, which is at most 40 bytes long; returns what follows it, or NULL. */
KFI_VIEW_INLINE const uint8_t *kfi_jumps_header(kfi_jumps *j, const uint8_t *p)
{
    uint64_t zigzag = 0;
    uint8_t head = *p++;
    size_t used;
    j->reference_bits = head & 63;
    j->has_residual = head >> 6 & 1;
    j->residual_bits = j->index_bits = 0;
    j->targets = 0;
    j->table = NULL;
    j->slope = j->base = 0;
    if (j->reference_bits > KFI_REFERENCE_BITS_MAX) return NULL;
    if (head & 0x80) {
        j->targets = (*p & 63u) + 1;
        j->index_bits = (uint8_t)kfi_bit_width(j->targets - 1);
        if (*p++ & 0x80) {
            j->table = p;
            return j->targets <= KFI_TABLE_TARGETS && !j->has_residual ? p + j->targets : NULL;
        }
    }
    if (!(used = kfi_varint_read(p, KFI_VARINT_MAX, &j->slope))) return NULL;
    p += used;
    if (j->has_residual) {
        j->residual_bits = *p++;
        used = kfi_varint_read(p, KFI_VARINT_MAX, &zigzag);
        if (!used || j->residual_bits > KFI_RESIDUAL_BITS_MAX) return NULL;
        p += used;
    }
    j->base = zigzag >> 1 ^ (0 - (zigzag & 1));
    return p;
}

/* Locates everything; 0 when the bucket does not fit its section or a field is out of range. Whatever
 * is read before the check that everything ends inside the section lies inside it or in its tail pad. */
KFI_VIEW_INLINE int kfi_bucket_parse(const kfi_keys *keys, kfi_bucket *b, kfi_place place)
{
    const uint8_t *p = place.at;
    unsigned n = b->count = (p[0] & 63u) + 1;
    unsigned flags = p[1];
    uint64_t total = 0;
    b->final = p[0] >> 6 & 1;
    b->lcp_mode = flags & 15;
    b->length_mode = flags >> 4 & 3;
    b->length_width = 0;
    b->end = place.end;
    p += 2;
    if (b->length_mode == KFI_LENGTHS_UNARY8) total = *p++;
    else if (b->length_mode == KFI_LENGTHS_UNARY32) total = kfi_load32(p), p += 4;
    else if (b->length_mode == KFI_LENGTHS_FIELDS) b->length_width = *p++;
    b->jumps = (kfi_jumps){ 0 };
    if (flags & 0x80 && !(p = kfi_jumps_header(&b->jumps, p))) return 0;
    b->labels = p;
    p += (n * keys->parameters.label_bits + 7) / 8;
    b->lcp_width = b->lcp_mode;
    b->lcp_table_count = 0;
    b->lcp_table = place.at;
    if (__builtin_expect(b->lcp_mode > KFI_LCP_BYTE, 0)) {
        if (b->lcp_mode > KFI_LCP_WIDE || p >= place.end) return 0;
        b->lcp_table_count = (uint16_t)(*p++ + 1);
        b->lcp_table = p;
        p += b->lcp_mode == KFI_LCP_WIDE ? 4u * b->lcp_table_count : b->lcp_table_count;
        b->lcp_width = b->lcp_mode == KFI_LCP_WIDE ? 6 : (uint8_t)(b->lcp_mode - KFI_LCP_INDEX1 + 1);
    }
    b->lcps = p;
    p += (n * b->lcp_width + 7) / 8;
    if (flags & 0x80) {
        b->jumps.map = kfi_bucket_all(b);
        if (!(flags & 0x40)) {
            if (p >= place.end) return 0;
            b->jumps.map &= kfi_load64(p);
            p += (n + 7) / 8;
        }
        b->jumps.count = kfi_popcount(b->jumps.map);
        b->jumps.index = p;
        p += (b->jumps.count * b->jumps.index_bits + 7) / 8;
    }
    b->unary = p;
    b->unary_bits = b->length_mode <= KFI_LENGTHS_UNARY32 ? n + total : 0;
    const uint64_t unary_bytes = (b->unary_bits + 7) / 8;
    /* A pointer of 32 bits would wrap. */
    if (sizeof p < 8 && (p > place.end || unary_bytes > (uint64_t)(place.end - p))) return 0;
    p += unary_bytes;
    if (p > place.end) return 0;
    uint64_t at = (uint64_t)b->length_width * n;
    if (b->length_mode == KFI_LENGTHS_IMPLIED) {
        if (flags & 0x80) return 0;
        p = b->lcps;   /* nothing byte-aligned between lcps and tails */
        at = (uint64_t)b->lcp_width * n;
    }
    b->bits = p;
    b->bits_limit = (uint64_t)(place.end - p) * 8;
    if (flags & 0x80) {
        kfi_jumps *j = &b->jumps;
        if (!j->map) return 0;
        j->sums = j->count + !(j->map >> (n - 1) & 1);
        j->reference_at = at;
        at += (uint64_t)(j->targets ? j->targets : j->count) * j->reference_bits;
        j->residual_at = at;
        at += (uint64_t)j->residual_bits * j->sums;
    }
    b->codes_at = at;
    return at <= b->bits_limit && b->length_width <= 32;
}

/* Keys beyond one an entry that the jumps before entry `entry` hold. */
KFI_VIEW_INLINE uint64_t kfi_bucket_extra(const kfi_bucket *b, unsigned entry)
{
    const kfi_jumps *j = &b->jumps;
    if (!j->map) return 0;
    unsigned n = kfi_popcount(j->map & ((1ull << entry) - 1));
    uint64_t extra = j->slope * n;
    if (j->table)
        for (unsigned i = 0; i < n; i++)
            extra += j->table[kfi_load_bits(j->index, (uint64_t)i * j->index_bits, j->index_bits) & 15];
    if (j->has_residual)
        extra += j->base + kfi_load_bits(b->bits, j->residual_at + (uint64_t)n * j->residual_bits, j->residual_bits);
    return extra;
}

/* The directory index that jump entry `entry` names; UINT64_MAX when it is out of range. */
KFI_VIEW_INLINE uint64_t kfi_bucket_reference(const kfi_bucket *b, unsigned entry)
{
    const kfi_jumps *j = &b->jumps;
    uint64_t n = kfi_popcount(j->map & ((1ull << entry) - 1));
    if (j->targets) {
        n = kfi_load_bits(j->index, n * j->index_bits, j->index_bits);
        if (n >= j->targets) return UINT64_MAX;
    }
    return kfi_load_bits(b->bits, j->reference_at + n * j->reference_bits, j->reference_bits);
}

/* The container that jump entry `entry` leads to; 0 when it is out of range. */
KFI_VIEW_INLINE int kfi_bucket_target(const kfi_keys *keys, const kfi_bucket *b, unsigned entry, kfi_place *place)
{
    return kfi_directory_place(keys, kfi_bucket_reference(b, entry), place);
}

#endif
