/* Unsigned LEB128 in memory. */
#ifndef KFI_BASE_VARINT_H
#define KFI_BASE_VARINT_H

#include <stddef.h>
#include <stdint.h>

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

#endif
