/* Jaro-Winkler similarity of a needle and many texts: exactly, and bounded from above while a text grows byte by
 * byte. */
#ifndef KFI_QUERY_FUZZY_JARO_H
#define KFI_QUERY_FUZZY_JARO_H

#include "base/error.h"

#include <keyfold/query.h>

/* After each byte of a text. */
typedef struct kfi_jaro_level {
    uint32_t consumed;               /* units */
    uint32_t common;                 /* of them so many are in the needle too, as multisets */
    int32_t kind;                    /* which of the needle's distinct units this byte completed; -1: none */
    uint8_t pending;                 /* bytes of a sequence that is not complete */
    uint8_t prefix, broken;          /* common prefix, at most 4 units; whether it has ended */
} kfi_jaro_level;

typedef struct kfi_jaro {
    kf_unit unit;
    uint32_t *needle;                /* units; the text's follow when a score is asked for */
    uint32_t size;
    uint32_t *kind, *times, *used;   /* distinct units, ascending; how often the needle and the text have each */
    uint32_t distinct;
    kfi_jaro_level *level;           /* [0]: the empty text */
    size_t depth;
    uint8_t *marks;
} kfi_jaro;

/* `longest`: bytes of a text. KF_INVALID (a needle that is not UTF-8), KF_LIMIT, KF_NO_MEMORY. */
kf_status kfi_jaro_create(kfi_jaro *jaro, kf_bytes needle, kf_unit unit, size_t longest, kf_error *error);
void kfi_jaro_destroy(kfi_jaro *jaro);

/* Makes the text its first `depth` bytes, at most as many as it has. */
void kfi_jaro_cut(kfi_jaro *jaro, size_t depth);
/* Adds byte text[depth] of a text whose first bytes were added before. O(log of the needle). */
void kfi_jaro_push(kfi_jaro *jaro, const uint8_t *text);

/* No text that begins with the present one is more similar; none of just these units is in `kfi_jaro_most`. */
double kfi_jaro_bound(const kfi_jaro *jaro);
double kfi_jaro_most(const kfi_jaro *jaro);

/* The similarity (Jaro 1989; Winkler 1990: a common prefix of up to four units adds a tenth of what is missing for
 * each, if the similarity exceeds 0.7). O(units * window). */
double kfi_jaro_score(kfi_jaro *jaro, kf_bytes text);

#endif
