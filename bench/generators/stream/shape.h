/* What the parts of the streaming generator share: a shape computes pair i from i alone. */
#ifndef BENCH_STREAM_SHAPE_H
#define BENCH_STREAM_SHAPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* No key and no value that a shape makes is longer, but for the values of --value-bytes. */
enum { GEN_KEY_MAX = 40, GEN_VALUE_MAX = 64, GEN_VALUE_BYTES_MAX = 1 << 16 };
#define GEN_COUNT_MAX ((uint64_t)1 << 34)

typedef struct gen_request {
    uint64_t count, seed;
    unsigned value_bytes;       /* fixed: the size of a value */
} gen_request;

typedef struct gen_shape {
    const char *name, *mimics;
    int is_sorted;              /* index order is key order by unsigned bytes */
    void *(*create)(const gen_request *request);        /* NULL: no memory, or too many */
    /* Writes "key TAB value LF" of pair `index` < count; returns the end. */
    char *(*pair)(void *state, char *to, uint64_t index);
    /* Writes "key LF" for a key that no pair has, made from 64 random bits. */
    char *(*absent)(void *state, char *to, uint64_t random);
} gen_shape;

extern const gen_shape gen_accessions, gen_fixed, gen_idmapping, gen_kmers;

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t gen_mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 64 random bits -> a number below `n`, without a division (Lemire 2019; the bias is below n / 2^64). */
static inline uint64_t gen_below(uint64_t random, uint64_t n)
{
    return (uint64_t)((unsigned __int128)random * n >> 64);
}

/* Taxa: the law of rank is close to 1/rank, made of whole octaves; ranks are spread over the numbers, since
 * the taxa with most sequences don't have the smallest numbers. */
static inline uint64_t gen_taxon(uint64_t random)
{
    uint64_t octave = gen_below(random << 32, 21), rank = (uint64_t)1 << octave;
    rank += (random >> 32) & (rank - 1);
    return 1 + rank * 1299709 % 2200000;
}

static inline char *gen_put_decimal(char *to, uint64_t value)
{
    char reversed[20];
    unsigned n = 0;

    do
        reversed[n++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (n > 0)
        *to++ = reversed[--n];
    return to;
}

#endif
