/* The section WEIGHTS: what orders the keys for completion, and maxima to find the largest of any range of ordinals.
 * FORMAT.md 5.5 draws it; this is its code. */
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
