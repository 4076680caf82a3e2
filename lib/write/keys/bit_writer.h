/* Appending bit fields to an array, least significant bit first. */
#ifndef KFI_WRITE_KEYS_BIT_WRITER_H
#define KFI_WRITE_KEYS_BIT_WRITER_H

#include "base/array.h"
#include "base/bits.h"

typedef struct kfi_bit_writer {
    kfi_array *out;
    unsigned used;      /* bits of the last byte that are taken; 0: none pending */
} kfi_bit_writer;

/* Room must have been reserved: 8 bytes more than are written. `width` <= 57; higher bits must be 0. */
static inline void kfi_bits_put(kfi_bit_writer *w, uint64_t value, unsigned width)
{
    if (!width) return;
    uint8_t *p = w->out->data + w->out->size;
    uint64_t bits = value << w->used;
    unsigned total = w->used + width;
    if (w->used) {
        p--;
        bits |= *p;
    }
    kfi_store64(p, bits);
    w->out->size += (total + 7) / 8 - (w->used > 0);
    w->used = total & 7;
}

static inline void kfi_bits_align(kfi_bit_writer *w)
{
    w->used = 0;
}

#endif
