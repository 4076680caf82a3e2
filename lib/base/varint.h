/* Unsigned LEB128 in memory. */
#ifndef KFI_BASE_VARINT_H
#define KFI_BASE_VARINT_H

#include "base/bits.h"

enum { KFI_VARINT_MAX = 10 };

static inline size_t kfi_varint_write(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

/* Returns the bytes read, 0 when the number does not end within `size` bytes or 64 bits. */
static inline size_t kfi_varint_read(const uint8_t *in, size_t size, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t n = 0; n < size && n < KFI_VARINT_MAX; n++) {
        v |= (uint64_t)(in[n] & 0x7f) << (7 * n);
        if (in[n] < 0x80) {
            if (n == KFI_VARINT_MAX - 1 && in[n] > 1) return 0;   /* bits beyond 64 */
            *value = v;
            return n + 1;
        }
    }
    return 0;
}

/* The same where 16 bytes can be read and numbers of more than 8 bytes (56 bits) are rare, without a branch where the
 * processor extracts bits: more than 8 for those, and then no value. */
static inline unsigned kfi_varint_load(const uint8_t *in, uint64_t *value)
{
#if defined(__BMI2__)
    const uint64_t word = kfi_load64(in), ends = ~word & 0x8080808080808080;
    *value = _pext_u64(word & (ends ^ (ends - 1)), 0x7f7f7f7f7f7f7f7f);
    return (unsigned)_tzcnt_u64(ends) / 8 + 1;
#else
    const size_t size = kfi_varint_read(in, 8, value);
    return size ? (unsigned)size : 9;
#endif
}

#endif
