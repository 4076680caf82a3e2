/* kmers: a table k-mer -> taxon, as metagenomics tools have: all 31-mers of overlapping windows of a genome,
 * the taxon constant along one organism's genome (1/2 to 1 1/2 million bases, one after the other).
 *
 * The genome is a sequence of maximal period over GF(2), two bits a base, of the primitive polynomial
 * x^62 + x^61 + x^6 + x^5 + 1 (Golomb 1967 for the theory): its windows of 62 bits are distinct by
 * construction, they do overlap, and window t is x^(2t) applied to the first one, so any can be had from t
 * alone. Windows beyond the count are keys that are certainly absent.
 *
 * The index is the position: a rank in key order would need the table itself, so there is no sorted order. */
#include "shape.h"

#include <stdlib.h>

enum { WINDOW = 62, BASES = 31, STEP_BITS = 12, STEPS = 1 << STEP_BITS, GENOME_BITS = 20 };
#define MASK (((uint64_t)1 << WINDOW) - 1)
#define FEEDBACK (((uint64_t)1 << 61) | 1 << 6 | 1 << 5 | 1)

typedef struct kmers {
    uint64_t count, seed;
    uint64_t power[3][STEPS];   /* x^(2 j 2^(12 level)) */
    uint64_t windows[8][256];   /* what 8 coefficients of a polynomial make of the first window */
    char letters[256][4];       /* four bases */
    uint64_t position, window;  /* of the last pair */
} kmers;

/* The next bit comes in at the low end; bit 61 is the oldest. */
static uint64_t next_bit(uint64_t w)
{
    uint64_t bit = w ^ w >> 55 ^ w >> 56 ^ w >> 61;
    return (w << 1 | (bit & 1)) & MASK;
}

static uint64_t times_x(uint64_t a)
{
    return (a << 1 & MASK) ^ (a >> 61 & 1 ? FEEDBACK : 0);
}

/* a * b modulo the polynomial, four bits of b at a time. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t by[16], r = 0;

    by[0] = 0;
    by[1] = a;
    for (unsigned i = 2; i < 16; i += 2) {
        by[i] = times_x(by[i / 2]);
        by[i + 1] = by[i] ^ a;
    }
    for (int shift = 60; shift >= 0; shift -= 4) {
        uint64_t top = r >> 58;
        /* x^62 = x^61 + x^6 + x^5 + 1: four steps at once, the bits that come back to the top included. */
        uint64_t carry = top ^ top >> 1 ^ top >> 2 ^ top >> 3;
        r = (r << 4 & MASK) ^ (carry ^ carry << 5 ^ carry << 6) ^ (carry & 1 ? (uint64_t)1 << 61 : 0);
        r ^= by[b >> shift & 15];
    }
    return r;
}

static uint64_t window_at(const kmers *k, uint64_t position)
{
    uint64_t p = k->power[0][position % STEPS], w = 0;

    if (position >> STEP_BITS)
        p = multiply(p, k->power[1][(position >> STEP_BITS) % STEPS]);
    if (position >> 2 * STEP_BITS)
        p = multiply(p, k->power[2][(position >> 2 * STEP_BITS) % STEPS]);
    for (unsigned i = 0; i < 8; i++)
        w ^= k->windows[i][p >> 8 * i & 255];
    return w;
}

static void *create(const gen_request *request)
{
    kmers *k = calloc(1, sizeof *k);
    uint64_t step = 4, w;

    if (k == NULL)
        return NULL;
    k->count = request->count;
    k->seed = request->seed;
    for (unsigned level = 0; level < 3; level++) {
        uint64_t p = 1;
        for (unsigned i = 0; i < STEPS; i++, p = multiply(p, step))
            k->power[level][i] = p;
        step = p;
    }
    w = gen_mix(request->seed) >> 2 | 1;
    for (unsigned i = 0; i < 64; i++, w = next_bit(w))
        for (unsigned j = 0; j < 256; j++)
            k->windows[i / 8][j] ^= i < WINDOW && j >> i % 8 & 1 ? w : 0;
    for (unsigned i = 0; i < 256; i++)
        for (unsigned j = 0; j < 4; j++)
            k->letters[i][j] = "ACGT"[i >> (6 - 2 * j) & 3];
    k->position = UINT64_MAX - 1;
    return k;
}

static char *put_bases(const kmers *k, char *to, uint64_t window)
{
    window <<= 2;       /* 31 bases and one that is written over */
    for (unsigned i = 0; i < 8; i++)
        memcpy(to + 4 * i, k->letters[window >> (56 - 8 * i) & 255], 4);
    return to + BASES;
}

/* Borders lie at a random place of the first half of every 2^20 bases. */
static uint64_t genome_of(const kmers *k, uint64_t position)
{
    uint64_t genome = position >> GENOME_BITS, at = position & ((1 << GENOME_BITS) - 1);
    uint64_t border = gen_mix(k->seed ^ gen_mix(genome)) >> (64 - GENOME_BITS + 1);
    return genome + (at >= border);
}

static char *pair(void *state, char *to, uint64_t index)
{
    kmers *k = state;

    k->window = index == k->position + 1 ? next_bit(next_bit(k->window)) : window_at(k, index);
    k->position = index;
    to = put_bases(k, to, k->window);
    *to++ = '\t';
    to = gen_put_decimal(to, gen_taxon(gen_mix(k->seed + 3 * genome_of(k, index))));
    *to++ = '\n';
    return to;
}

static char *absent(void *state, char *to, uint64_t random)
{
    kmers *k = state;
    uint64_t beyond = ((uint64_t)1 << 3 * STEP_BITS) - k->count;

    to = put_bases(k, to, window_at(k, k->count + gen_below(random, beyond)));
    *to++ = '\n';
    return to;
}

const gen_shape gen_kmers = {
    "kmers", "31-mers of overlapping windows of a genome -> taxon, in genome order or shuffled", 0,
    create, pair, absent
};
