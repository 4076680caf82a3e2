/* Bit fields of up to 32 bits, one behind the other, in a temporary file. */
#ifndef KFI_WRITE_BIT_SPOOL_H
#define KFI_WRITE_BIT_SPOOL_H

#include "base/bits.h"
#include "base/file.h"
#include "write/writer.h"

/* Zero-initialise all but the spool. */
typedef struct kfi_bit_spool {
    kfi_spool *spool;
    uint64_t bits;
    unsigned filled;
} kfi_bit_spool;

static inline kf_status kfi_bit_spool_write(kfi_bit_spool *s, uint32_t value, unsigned width, kf_error *error)
{
    uint8_t bytes[8];
    s->bits |= (uint64_t)value << s->filled;
    s->filled += width;
    if (s->filled < 32) return KF_OK;
    kfi_store64(bytes, s->bits);
    s->bits >>= 32;
    s->filled -= 32;
    return kfi_spool_write(s->spool, bytes, 4, error);
}

/* Fills the last byte with zeros. */
static inline kf_status kfi_bit_spool_align(kfi_bit_spool *s, kf_error *error)
{
    uint8_t bytes[8];
    const size_t size = (s->filled + 7) / 8;
    kfi_store64(bytes, s->bits);
    s->bits = s->filled = 0;
    return kfi_spool_write(s->spool, bytes, size, error);
}

/* Writes all of it into the current section, once. */
kf_status kfi_bit_spool_copy(kfi_bit_spool *bits, kfi_writer *writer, kf_error *error);

#endif
