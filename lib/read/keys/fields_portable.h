/* Packed fields in plain C: the reference for the SIMD variants beside it, and the fallback.
 *
 * All variants provide: kfi_vec (64 bytes), kfi_vec_unpack, kfi_vec_unpack_both, kfi_vec_load, kfi_vec_equal,
 * kfi_vec_less, kfi_vec_both, kfi_vec_table, kfi_vec_sum, kfi_labels32, kfi_differ16, kfi_differ_characters,
 * kfi_records8, kfi_records16, kfi_select, kfi_select_pair, kfi_characters16. Masks have bit i for byte i.
 * Fields beyond `count` are undefined. Unpacking reads at most 64 bytes from where it is told to begin. */
#ifndef KFI_READ_KEYS_FIELDS_PORTABLE_H
#define KFI_READ_KEYS_FIELDS_PORTABLE_H

#include "read/keys/fields_words.h"

typedef struct kfi_vec { uint8_t byte[64]; } kfi_vec;

/* The first `count` fields of `width` (0..8) bits. */
static inline kfi_vec kfi_vec_unpack(const uint8_t *p, unsigned width, unsigned count)
{
    kfi_vec v;
    const uint64_t ones = 0x0101010101010101;
    if (width == 0) {
        memset(v.byte, 0, sizeof v.byte);
        return v;
    }
    /* Eight fields at a time: spread w*8 bits into eight bytes by three halvings. */
    const uint64_t pairs = kfi_mask64(2 * width) * 0x0000000100000001;
    const uint64_t singles = kfi_mask64(width) * 0x0001000100010001;
    for (unsigned i = 0; i < count; i += 8, p += width) {
        uint64_t x = kfi_load64(p) & kfi_mask64(8 * width);
        x = (x & kfi_mask64(4 * width)) | (x >> (4 * width) << 32);
        x = (x & pairs) | ((x >> (2 * width) & pairs) << 16);
        x = (x & singles) | ((x >> width & singles) << 8);
        kfi_store64(v.byte + i, x & (kfi_mask64(width) * ones));
    }
    return v;
}

/* Two arrays of as many fields: v of `width` bits at p, w of `other` bits at q. */
static inline void kfi_vec_unpack_both(kfi_vec *v, const uint8_t *p, unsigned width, kfi_vec *w, const uint8_t *q,
                                       unsigned other, unsigned count)
{
    *v = kfi_vec_unpack(p, width, count);
    *w = kfi_vec_unpack(q, other, count);
}

static inline kfi_vec kfi_vec_load(const uint8_t *p)
{
    kfi_vec v;
    memcpy(v.byte, p, 64);
    return v;
}

/* The top bits of a word's eight bytes, as bits 0..7. */
static inline uint64_t kfi_top_bits(uint64_t x)
{
    return (x >> 7 & 0x0101010101010101) * 0x0102040810204080 >> 56;
}

static inline uint64_t kfi_vec_equal(kfi_vec v, uint8_t value)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f, all = value * 0x0101010101010101u;
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t x = kfi_load64(v.byte + i) ^ all;
        mask |= kfi_top_bits(~(((x & low) + low) | x)) << i;
    }
    return mask;
}

static inline uint64_t kfi_vec_less(kfi_vec v, uint8_t value)
{
    const uint64_t top = 0x8080808080808080, b = value * 0x0101010101010101u;
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t a = kfi_load64(v.byte + i);
        uint64_t not_less = (a & ~b) | (~(a ^ b) & ((a | top) - (b & ~top)));
        mask |= kfi_top_bits(~not_less) << i;
    }
    return mask;
}

/* Where v is `value` and w is `other`. */
static inline uint64_t kfi_vec_both(kfi_vec v, uint8_t value, kfi_vec w, uint8_t other)
{
    return kfi_vec_equal(v, value) & kfi_vec_equal(w, other);
}

/* table[v[i]] for indexes below 16; 16 bytes of the table are read. */
static inline kfi_vec kfi_vec_table(kfi_vec v, const uint8_t *table)
{
    for (unsigned i = 0; i < 64; i++) v.byte[i] = table[v.byte[i] & 15];
    return v;
}

/* Sum of the first `count` (0..64) bytes. */
static inline uint64_t kfi_vec_sum(kfi_vec v, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) sum += v.byte[i];
    return sum;
}

/* Bits i of 32 for labels equal to c, and in `*less` for those below it. */
static inline uint32_t kfi_labels32(const uint8_t *p, uint8_t c, uint32_t *less)
{
    kfi_vec v = { { 0 } };
    memcpy(v.byte, p, 32);
    *less = (uint32_t)kfi_vec_less(v, c);
    return (uint32_t)kfi_vec_equal(v, c);
}

/* Which of the 16 bytes at a and b differ: at least the first one's bit is set. */
static inline uint32_t kfi_differ16(const uint8_t *a, const uint8_t *b)
{
    uint64_t x = kfi_load64(a) ^ kfi_load64(b);
    if (x) return 1u << (unsigned)__builtin_ctzll(x) / 8;
    x = kfi_load64(a + 8) ^ kfi_load64(b + 8);
    return x ? 256u << (unsigned)__builtin_ctzll(x) / 8 : 0;
}

/* The same for 16 bytes table[code], their codes of `width` (1 to 4) bits being those `bit` bits after p. */
static inline uint32_t kfi_differ_characters(const uint8_t *p, uint64_t bit, unsigned width, const uint8_t *table,
                                             const uint8_t *text)
{
    uint8_t bytes[16];
    for (unsigned half = 0; half < 16; half += 8, bit += 8 * width) {
        const uint64_t codes = kfi_load_bits(p, bit, 8 * width);
        for (unsigned i = 0; i < 8; i++) bytes[half + i] = table[codes >> i * width & ((1u << width) - 1)];
    }
    return kfi_differ16(bytes, text);
}

/* Position of set bit number `k` (from 0); 64 if there is none. */
static inline unsigned kfi_select(uint64_t word, unsigned k)
{
    while (k-- && word) word &= word - 1;
    return word ? (unsigned)__builtin_ctzll(word) : 64;
}

/* Set bits number k and k + 1 of the word, those that there are. */
static inline uint64_t kfi_select_pair(uint64_t word, unsigned k)
{
    while (k--) word &= word - 1;
    uint64_t above = word & (word - 1);
    return (word & -word) | (above & -above);
}

/* Writes what 16 characters from bit `bit` on of `width` (1..4) bits stand for. */
static inline void kfi_characters16(uint8_t *to, const uint8_t *p, uint64_t bit, unsigned width,
                                    const uint8_t table[16])
{
    for (unsigned part = 0; part < 16; part += 8, bit += 8 * width) {
        uint64_t codes = kfi_load_bits(p, bit, 8 * width);
        for (unsigned i = part; i < part + 8; i++, codes >>= width) to[i] = table[codes & ((1u << width) - 1)];
    }
}

#endif
