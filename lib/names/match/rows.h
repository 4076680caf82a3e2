/* Exact similarities of tokens of the index with those of the needle, computed when they are first asked for. */
#ifndef KFI_NAMES_MATCH_ROWS_H
#define KFI_NAMES_MATCH_ROWS_H

#include "names/index/index.h"
#include "names/score/pattern.h"

typedef struct kfi_rows {
    const kf_names *names;
    kfi_patterns *patterns;
    kfi_array similarities;        /* uint64_t: `width` numbers a row, the greatest of them first */
    uint32_t *ids, *index;         /* a hash table; index + 1 of a row, 0: free */
    uint32_t mask, count, width;
    kfi_array points;
    kf_buffer buffer;
} kfi_rows;

kf_status kfi_rows_create(kfi_rows *rows, const kf_names *names, kfi_patterns *patterns, kf_error *error);
void kfi_rows_free(kfi_rows *rows);
/* For another needle. */
void kfi_rows_clear(kfi_rows *rows);
/* Forgets rows if there are many: pointers to them are not valid any more. */
void kfi_rows_trim(kfi_rows *rows);

/* The row of a token, as its number; see kfi_row. `is_new`: it was not there. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_rows_find(kfi_rows *rows, uint32_t id, uint32_t *row, int *is_new, kf_error *error);

/* Valid until the next row is found: the greatest similarity, then one for each pattern. */
static inline const uint64_t *kfi_row(const kfi_rows *rows, uint32_t row)
{
    return (const uint64_t *)(const void *)rows->similarities.data + (size_t)row * rows->width;
}

#endif
