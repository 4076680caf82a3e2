/* Similarities of tokens in 255ths, as tables: by how many code points they have together, and how many are common. */
#ifndef KFI_NAMES_MATCH_SIMILARITIES_H
#define KFI_NAMES_MATCH_SIMILARITIES_H

#include "names/layout.h"

#include <stddef.h>

enum { KFI_SIMILARITIES_ROW = 64 };   /* up to so many common ones, less 1 */

typedef struct kfi_similarities {
    uint8_t rows[2 * KFI_BLOCK_LENGTH][KFI_SIMILARITIES_ROW];
} kfi_similarities;

void kfi_similarities_set(kfi_similarities *similarities);

/* By the number of common code points, or NULL: these tokens may have more in common than a row has, or are longer
 * than those in blocks. */
static inline const uint8_t *kfi_similarities_row(const kfi_similarities *s, uint32_t a, uint32_t b)
{
    return a + b < 2 * KFI_BLOCK_LENGTH && a <= KFI_BLOCK_LENGTH ? s->rows[a + b] : NULL;
}

#endif
