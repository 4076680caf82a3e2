/* Accession-like identifiers with taxon numbers, in key order, any count, the same for the same seed.
 *
 *   gen_accessions COUNT [SEED] > pairs.tsv        lines "accession.version<TAB>taxon"
 *   gen_accessions --keys COUNT [SEED]             keys alone
 *
 * The shapes are those of sequence databases: 1 letter + 5 digits, 2 + 6, protein 3 + 5, whole
 * genomes 4 letters + 2 digits + 6..8 digits, RefSeq XX_ + 6 or 9 digits. Prefixes get Zipf shares of
 * COUNT; inside a prefix numbers come in consecutive runs with gaps between; 92 of 100 versions
 * are 1. A taxon holds for a run-length cluster of consecutive keys and is drawn by a Zipf-like law
 * from 2.2 million. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 64, OUT_BYTES = 1 << 20, TAXA = 2200000 };

typedef struct prefix {
    char text[8];
    unsigned digits;
    uint64_t capacity;
    uint64_t keys;
    double weight;
} prefix;

static uint64_t random_state;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_bits(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double random_unit(void)
{
    return (double)(random_bits() >> 11) * 0x1p-53;
}

/* At least 1; exponential with the given mean, which is close enough to geometric. */
static uint64_t random_length(double mean)
{
    return 1 + (uint64_t)(-log(1.0 - random_unit()) * (mean - 1.0));
}

/* rank ~ 1/rank: the exponent of a uniform variable. */
static uint64_t random_taxon(void)
{
    return 1 + (uint64_t)exp(random_unit() * log((double)TAXA));
}

static int compare_prefixes(const void *a, const void *b)
{
    return strcmp(((const prefix *)a)->text, ((const prefix *)b)->text);
}

static uint64_t power_of_ten(unsigned digits)
{
    uint64_t n = 1;
    while (digits--)
        n *= 10;
    return n;
}

/* As many distinct prefixes as COUNT can fill: the few refseq ones, then random letters. */
static size_t make_prefixes(prefix *out, size_t wanted)
{
    static const struct { const char *text; unsigned digits; } refseq[] = {
        {"NC_", 6}, {"NG_", 6}, {"NM_", 9}, {"NP_", 9}, {"NR_", 6},
        {"WP_", 9}, {"XM_", 9}, {"XP_", 9}, {"XR_", 9}, {"YP_", 9}};
    size_t n = 0;

    for (; n < sizeof refseq / sizeof *refseq && n < wanted; n++) {
        strcpy(out[n].text, refseq[n].text);
        out[n].digits = refseq[n].digits;
    }
    for (; n < wanted; n++) {
        unsigned draw = (unsigned)(random_bits() % 100);
        unsigned letters = draw < 4 ? 1 : draw < 44 ? 2 : draw < 84 ? 3 : 4;
        for (unsigned i = 0; i < letters; i++)
            out[n].text[i] = (char)('A' + random_bits() % 26);
        out[n].text[letters] = 0;
        if (letters == 4)
            snprintf(out[n].text + 4, 3, "%02u", 1 + (unsigned)(random_bits() % 3));
        out[n].digits = letters == 4 ? 6 + (unsigned)(random_bits() % 3) : letters == 2 ? 6 : 5;
    }
    for (size_t i = 0; i < n; i++) {
        out[i].capacity = power_of_ten(out[i].digits);
        out[i].weight = 1.0 / (8.0 + (double)i);
    }
    qsort(out, n, sizeof *out, compare_prefixes);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(out[i].text, out[distinct - 1].text) != 0)
            out[distinct++] = out[i];
    return distinct;
}

/* Shares COUNT out by weight, at most 0.9 of a prefix' numbers each; what is left over goes round. */
static int share_out(prefix *prefixes, size_t n, uint64_t count)
{
    uint64_t left = count;

    for (int round = 0; round < 64 && left > 0; round++) {
        double weight = 0;
        for (size_t i = 0; i < n; i++)
            if (prefixes[i].keys < prefixes[i].capacity / 10 * 9)
                weight += prefixes[i].weight;
        uint64_t before = left;
        for (size_t i = 0; i < n && left > 0; i++) {
            uint64_t most = prefixes[i].capacity / 10 * 9 - prefixes[i].keys;
            uint64_t share = 1 + (uint64_t)((double)before * prefixes[i].weight / weight);
            if (share > most)
                share = most;
            if (share > left)
                share = left;
            prefixes[i].keys += share;
            left -= share;
        }
    }
    return left == 0;
}

static char *put_number(char *to, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

static char *put_decimal(char *to, uint64_t value)
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

/* One prefix: runs of mean RUN consecutive numbers; a gap skips a few numbers, or once in a while
 * many, but never so many that the keys still due would not fit. */
static int write_prefix(const prefix *p, int keys_only, char *buffer)
{
    const double run_mean = 16.0, taxon_mean = 60.0;
    uint64_t number = 1, run = random_length(run_mean), cluster = 0, taxon = 0;
    size_t prefix_size = strlen(p->text);
    char *to = buffer, *end = buffer + OUT_BYTES - LINE_MAX_BYTES;

    for (uint64_t due = p->keys; due > 0; due--, number++) {
        if (run-- == 0) {
            uint64_t spare = p->capacity - number - due;
            uint64_t gap = random_length(random_bits() % 16 ? 3.0 : 200.0);
            number += gap < spare ? gap : spare;
            run = random_length(run_mean) - 1;
        }
        if (cluster-- == 0) {
            taxon = random_taxon();
            cluster = random_length(taxon_mean) - 1;
        }
        memcpy(to, p->text, prefix_size);
        to = put_number(to + prefix_size, number, p->digits);
        uint64_t draw = random_bits() % 100;
        *to++ = '.';
        *to++ = draw < 92 ? '1' : draw < 98 ? '2' : '3';
        if (!keys_only) {
            *to++ = '\t';
            to = put_decimal(to, taxon);
        }
        *to++ = '\n';
        if (to > end) {
            if (fwrite(buffer, 1, (size_t)(to - buffer), stdout) != (size_t)(to - buffer))
                return 0;
            to = buffer;
        }
    }
    return fwrite(buffer, 1, (size_t)(to - buffer), stdout) == (size_t)(to - buffer);
}

int main(int argc, char **argv)
{
    int keys_only = argc > 1 && strcmp(argv[1], "--keys") == 0, status = 1;
    argc -= keys_only;
    argv += keys_only;
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    /* About 40 000 keys a prefix; 18 000 prefixes is what the letters offer without crowding. */
    uint64_t wanted = 10 + count / 40000;
    size_t n = wanted > 18000 ? 18000 : (size_t)wanted;
    prefix *prefixes = calloc(n, sizeof *prefixes);
    char *buffer = malloc(OUT_BYTES);

    if (count == 0) {
        fprintf(stderr, "usage: gen_accessions [--keys] COUNT [SEED]\n");
        goto out;
    }
    if (prefixes == NULL || buffer == NULL) {
        fprintf(stderr, "gen_accessions: out of memory\n");
        goto out;
    }
    n = make_prefixes(prefixes, n);
    if (!share_out(prefixes, n, count)) {
        fprintf(stderr, "gen_accessions: %" PRIu64 " keys are more than the shapes hold\n", count);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (!write_prefix(&prefixes[i], keys_only, buffer))
            goto out;
    status = fflush(stdout) == 0 ? 0 : 1;
out:
    free(buffer);
    free(prefixes);
    return status;
}
