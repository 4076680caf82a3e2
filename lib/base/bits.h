/* Little-endian loads and stores at any alignment, and bit fields of up to 57 bits. */
#ifndef KFI_BASE_BITS_H
#define KFI_BASE_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__BMI2__) || defined(__LZCNT__)
#include <immintrin.h>
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define KFI_LE16(x) __builtin_bswap16(x)
#define KFI_LE32(x) __builtin_bswap32(x)
#define KFI_LE64(x) __builtin_bswap64(x)
#else
#define KFI_LE16(x) (x)
#define KFI_LE32(x) (x)
#define KFI_LE64(x) (x)
#endif

static inline uint16_t kfi_load16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return KFI_LE16(v); }
static inline uint32_t kfi_load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return KFI_LE32(v); }
static inline uint64_t kfi_load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return KFI_LE64(v); }
static inline void kfi_store16(uint8_t *p, uint16_t v) { v = KFI_LE16(v); memcpy(p, &v, 2); }
static inline void kfi_store32(uint8_t *p, uint32_t v) { v = KFI_LE32(v); memcpy(p, &v, 4); }
static inline void kfi_store64(uint8_t *p, uint64_t v) { v = KFI_LE64(v); memcpy(p, &v, 8); }

/* GCC takes a function that does nothing but prefetch for one without effect, and drops calls of it; what is volatile
 * stays. Where nothing is called, the builtin does. */
static inline void kfi_prefetch(const void *p)
{
    __builtin_prefetch(p);
    __asm__ volatile("");
}

/* memcpy of what is mostly short, without a call: by two words that may overlap. */
static inline void kfi_copy(void *to, const void *from, size_t size)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    uint64_t a, b;
    uint32_t c, d;
    if (size > 16) {
        memcpy(t, f, size);
    } else if (size >= 8) {
        memcpy(&a, f, 8);
        memcpy(&b, f + size - 8, 8);
        memcpy(t, &a, 8);
        memcpy(t + size - 8, &b, 8);
    } else if (size >= 4) {
        memcpy(&c, f, 4);
        memcpy(&d, f + size - 4, 4);
        memcpy(t, &c, 4);
        memcpy(t + size - 4, &d, 4);
    } else if (size) {
        const uint8_t first = f[0], middle = f[size / 2], last = f[size - 1];
        t[0] = first;
        t[size / 2] = middle;
        t[size - 1] = last;
    }
}

static inline uint64_t kfi_mask64(unsigned width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }

/* The low `width` (0..64) bits of v: one instruction where the processor has it. */
static inline uint64_t kfi_low_bits(uint64_t v, unsigned width)
{
#if defined(__BMI2__)
    return _bzhi_u64(v, width);
#else
    return v & kfi_mask64(width);
#endif
}

/* `width` (0..8) bytes at p; reads 8. */
static inline uint64_t kfi_load_bytes(const uint8_t *p, unsigned width)
{
    return kfi_low_bits(kfi_load64(p), 8 * width);
}

/* The `width` (0..57) bits that begin `bit` bits after p; reads the 8 bytes at p + bit/8. */
static inline uint64_t kfi_load_bits(const uint8_t *p, uint64_t bit, unsigned width)
{
    return kfi_low_bits(kfi_load64(p + (bit >> 3)) >> (bit & 7), width);
}

/* Set bits. Without the instruction GCC would call a function. */
static inline unsigned kfi_popcount(uint64_t v)
{
#if defined(__POPCNT__) || defined(__aarch64__)
    return (unsigned)__builtin_popcountll(v);
#else
    v -= v >> 1 & 0x5555555555555555;
    v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
    return (unsigned)(((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
#endif
}

/* Bits needed to write v: 0 for 0. */
static inline unsigned kfi_bit_width(uint64_t v)
{
#if defined(__LZCNT__)
    return 64 - (unsigned)_lzcnt_u64(v);
#else
    return v ? 64u - (unsigned)__builtin_clzll(v) : 0;
#endif
}

/* Bytes needed to write v: 0 for 0. */
static inline unsigned kfi_byte_width(uint64_t v) { return (kfi_bit_width(v) + 7) / 8; }

#endif
