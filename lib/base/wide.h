/* Products of 128 bits and what is made of them, also on processors of 32 bits, whose compilers have no such type. */
#ifndef KFI_BASE_WIDE_H
#define KFI_BASE_WIDE_H

#include <stdint.h>

typedef struct kfi_wide { uint64_t high, low; } kfi_wide;

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 kfi_u128;
#endif

static inline kfi_wide kfi_wide_product(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    const kfi_u128 product = (kfi_u128)a * b;
    return (kfi_wide){ (uint64_t)(product >> 64), (uint64_t)product };
#else
    const uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    const uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    const uint64_t other = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);
    return (kfi_wide){ (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32), other << 32 | (low & UINT32_MAX) };
#endif
}

static inline kfi_wide kfi_wide_add(kfi_wide a, uint64_t b)
{
    const uint64_t low = a.low + b;
    return (kfi_wide){ a.high + (low < b), low };
}

/* a << shift, of at most 127. */
static inline kfi_wide kfi_wide_shifted(uint64_t a, unsigned shift)
{
    if (shift >= 64) return (kfi_wide){ a << (shift - 64), 0 };
    return (kfi_wide){ shift ? a >> (64 - shift) : 0, a << shift };
}

/* < 0, 0, > 0 */
static inline int kfi_wide_compare(kfi_wide a, kfi_wide b)
{
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

/* The quotient, which must fit: a.high < divisor. */
static inline uint64_t kfi_wide_divide(kfi_wide a, uint64_t divisor, uint64_t *rest)
{
#ifdef __SIZEOF_INT128__
    const kfi_u128 all = (kfi_u128)a.high << 64 | a.low;
    const uint64_t quotient = (uint64_t)(all / divisor);
    *rest = a.low - quotient * divisor;
    return quotient;
#else
    /* A bit at a time. */
    for (unsigned i = 0; i < 64; i++) {
        const uint64_t over = a.high >> 63;
        a.high = a.high << 1 | a.low >> 63;
        a.low <<= 1;
        if (!over && a.high < divisor) continue;
        a.high -= divisor;
        a.low |= 1;
    }
    *rest = a.high;
    return a.low;
#endif
}

/* a * b / divisor, rounded down, or up. */
static inline uint64_t kfi_wide_share(uint64_t a, uint64_t b, uint64_t divisor)
{
    uint64_t rest;
    return kfi_wide_divide(kfi_wide_product(a, b), divisor, &rest);
}

static inline uint64_t kfi_wide_share_up(uint64_t a, uint64_t b, uint64_t divisor)
{
    uint64_t rest;
    return kfi_wide_divide(kfi_wide_add(kfi_wide_product(a, b), divisor - 1), divisor, &rest);
}

#endif
