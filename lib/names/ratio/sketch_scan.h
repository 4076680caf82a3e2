/* Which names' letters allow for the best scores: their sketches, 64 at a time. There are variants for instruction
 * sets, which give the same.
 *
 * A needle of a letters, u of which a name does not have at least, and v letters at least that the name has and the
 * needle has not: the score is at most 2 (a - u) / (2a - u + v), and reaches 2 s / t only if
 * (t - s) u + s v <= a (t - 2s). Each pair of kinds adds its share to the left side, counted so that the right side is
 * KFI_SKETCH_LIMIT, rounded down. */
#ifndef KFI_NAMES_RATIO_SKETCH_SCAN_H
#define KFI_NAMES_RATIO_SKETCH_SCAN_H

#include "names/index/letters.h"
#include "names/score/similarity.h"

#define KFI_SKETCH_LIMIT 200

typedef struct kfi_sketch_query {
    uint32_t counts[KFI_KINDS];    /* of the needle */
    uint32_t length, spaces;       /* of it */
    kfi_score least;               /* for which this is: */
    uint8_t shares[KFI_CHUNK_PAIRS][16];
} kfi_sketch_query;

/* Sets the counts; `points` of the needle. */
void kfi_sketch_query_set(kfi_sketch_query *query, const kfi_letters *letters, const uint32_t *points, uint32_t length);
/* Sets the shares. */
void kfi_sketch_query_want(kfi_sketch_query *query, kfi_score least);
/* What a name of so many spaces may add by its letters: below 0: it is out. */
int kfi_sketch_query_limit(const kfi_sketch_query *query, uint32_t spaces);

/* For each chunk a mask: bit i is set if name i adds at most `limit`. */
typedef void (*kfi_sketch_scan)(const kfi_sketch_query *query, const uint8_t *chunks, uint32_t count, unsigned limit,
                                uint64_t *masks);

void kfi_sketch_scan_portable(const kfi_sketch_query *query, const uint8_t *chunks, uint32_t count, unsigned limit,
                              uint64_t *masks);
#if defined(__x86_64__)
void kfi_sketch_scan_avx2(const kfi_sketch_query *query, const uint8_t *chunks, uint32_t count, unsigned limit,
                          uint64_t *masks);
#endif

/* Chosen once. */
kfi_sketch_scan kfi_sketch_scan_best(void);

#endif
