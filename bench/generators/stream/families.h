/* Families of identifiers: a prefix and the form of the number after it, with the share of all keys. */
#ifndef BENCH_STREAM_FAMILIES_H
#define BENCH_STREAM_FAMILIES_H

#include <stddef.h>
#include <stdint.h>

enum {
    FAMILIES_MAX = 8192,
    GUIDE_BITS = 13,
    BLOCK = 64,                     /* keys whose numbers are laid out together */
    SUPER = 64,                     /* blocks between which there may be a longer gap */
    WIDTH_MAX = 112,                /* numbers that a block is laid out in, at most */
    LONG_GAP = 448
};

typedef struct family {
    char text[8];
    uint8_t text_size, digits;
    const char *form;               /* of the number: d digit, L letter, X either; NULL: `digits` digits */
    double weight;
    uint64_t capacity;              /* numbers of that form */
    uint64_t keys, first;           /* its pairs, and the index of the first one */
    uint32_t span, width;           /* numbers a super-block and a block of it have */
} family;

typedef struct families {
    size_t count;
    uint64_t keys;
    unsigned shift;                 /* guide[index >> shift]: the family of the first such index */
    uint16_t guide[(1 << GUIDE_BITS) + 1];
    family list[FAMILIES_MAX];
} families;

/* The families of an accession table or of UniProt, in key order, with `keys` shared out among them; 0 where
 * they are too many. `f` is all zero before. */
int families_accessions(families *f, uint64_t keys, uint64_t seed);
int families_uniprot(families *f, uint64_t keys, uint64_t seed);

/* The family of a pair. */
static inline const family *families_find(const families *f, uint64_t index)
{
    size_t i = f->guide[index >> f->shift];
    while (i + 1 < f->count && f->list[i + 1].first <= index)
        i++;
    return &f->list[i];
}

#endif
