/* The section WEIGHTS: what orders the keys for completion, and maxima to find the largest of any range of
 * ordinals. FORMAT.md 5.5 is normative; this is its code.
 *
 *   offset size  header; positions count from the start of the section
 *        0  160  of a column of u64 weights (format/column.h), or zeros: the weights are the u64 values
 *      160    8  position of the maxima
 *      168    1  width: bits of a maximum, 0..57 or 64
 *      169   23  zero
 *      192       the column's parts, then the maxima
 *
 *   level 1    the largest of weights 0..63, of 64..127, ...   width bits each, the level byte-aligned
 *   level k    the largest of maxima 0..63, of 64..127, ... of level k - 1
 *
 * There is a level above any one (the weights are level 0) of more than 64. */
#ifndef KFI_FORMAT_WEIGHTS_H
#define KFI_FORMAT_WEIGHTS_H

#include "base/error.h"
#include "format/column.h"

enum {
    KFI_WEIGHTS_HEADER_SIZE = 192,
    KFI_WEIGHTS_FAN_BITS = 6,
    KFI_WEIGHTS_FAN = 1 << KFI_WEIGHTS_FAN_BITS,
    KFI_WEIGHTS_LEVELS = 10     /* of 2^64 keys, and never more */
};

/* How many of a level `count` of the one below make. */
static inline uint64_t kfi_weights_above(uint64_t count)
{
    return (count >> KFI_WEIGHTS_FAN_BITS) + ((count & (KFI_WEIGHTS_FAN - 1)) != 0);
}

typedef struct kfi_weights_header {
    int has_column;             /* the section has a column of its own */
    uint64_t maxima_offset;
    uint8_t width;
    unsigned levels;            /* follows from the number of keys, as do the positions: */
    uint64_t level_offset[KFI_WEIGHTS_LEVELS + 1];   /* of level k at [k] */
} kfi_weights_header;

/* Writes bytes 160 to 191: `out` is where the section begins. */
void kfi_weights_header_write(const kfi_weights_header *header, uint8_t *out);

/* Parses and checks that all levels lie inside the section's `size` bytes. KF_CORRUPT. */
kf_status kfi_weights_header_parse(kfi_weights_header *header, const uint8_t *section, uint64_t size,
                                   uint64_t keys, kf_error *error);

#endif
