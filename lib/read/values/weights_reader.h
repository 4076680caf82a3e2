/* Reading weights and their maxima in place (format/weights.h). The weights are the section's own column, or
 * the u64 values; u64 values of a file without the section are weights too, but without maxima. Bytes are not
 * trusted: maxima that lie give a wrong order, nothing else. */
#ifndef KFI_READ_VALUES_WEIGHTS_READER_H
#define KFI_READ_VALUES_WEIGHTS_READER_H

#include "format/header.h"
#include "format/weights.h"
#include "read/values/column_reader.h"

/* Maxima of blocks of 64, of 64 such blocks, and so on. */
typedef struct kfi_maxima {
    unsigned levels;                 /* 0: none */
    unsigned width;
    uint64_t least;                  /* added to what is stored */
    const uint8_t *level[KFI_WEIGHTS_LEVELS + 1];
    uint64_t first[KFI_WEIGHTS_LEVELS + 1];   /* the number of the first block that is there */
} kfi_maxima;

typedef struct kfi_weights {
    const kfi_column *column;        /* NULL: there are no weights */
    kfi_column *own;                 /* what close frees: the section's own column, or NULL */
    int has_section;
    kfi_maxima maxima;
} kfi_weights;

/* `values` are the dictionary's, or NULL. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_weights_open(kfi_weights *weights, const uint8_t *file, const kfi_header *header,
                           const kfi_column *values, kf_error *error);
void kfi_weights_close(kfi_weights *weights);
/* Every maximum is exact, and an own column sound. KF_CORRUPT, what the progress returns. */
kf_status kfi_weights_verify(const kfi_weights *weights, uint64_t keys, kfi_progress *progress, kf_error *error);

/* Maximum `index` of a level (1..levels), an index that there is. */
static inline uint64_t kfi_maximum(const kfi_maxima *maxima, unsigned level, uint64_t index)
{
    uint64_t bit = (index - maxima->first[level]) * maxima->width;
    return maxima->least + kfi_load_bits(maxima->level[level], bit, maxima->width);
}

/* The lowest level at which the ordinals low .. high-1 (at least one) are in at most 64 blocks, or the highest. */
unsigned kfi_maxima_level(const kfi_maxima *maxima, uint64_t low, uint64_t high);

/* Weights of the ordinals first .. first+count-1, which are in one block of 64. KF_CORRUPT. */
static inline kf_status kfi_weights_block(const kfi_weights *weights, uint64_t first, unsigned count, uint64_t *out)
{
    return kfi_column_u64_run(weights->column, first, count, out);
}

#endif
