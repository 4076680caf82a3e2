#include "families.h"

#include <stdio.h>
#include <stdlib.h>

#include "shape.h"

/* By text; of equal ones the heaviest first, and no two alike, so that qsort has no choice. */
static int compare(const void *a, const void *b)
{
    const family *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order == 0)
        order = (x->weight < y->weight) - (x->weight > y->weight);
    return order;
}

static void add(families *f, const char *text, const char *form, unsigned digits, double weight)
{
    family *added = &f->list[f->count++];

    memset(added, 0, sizeof *added);
    snprintf(added->text, sizeof added->text, "%s", text);
    added->text_size = (uint8_t)strlen(added->text);
    added->form = form;
    added->digits = (uint8_t)digits;
    added->weight = weight;
    added->capacity = 1;
    for (unsigned i = 0; i < digits; i++)
        added->capacity *= form == NULL || form[i] == 'd' ? 10 : form[i] == 'L' ? 26 : 36;
}

/* At most 0.9 of a family's numbers, so that gaps have room. What families cannot hold goes round. */
static int share_out(families *f, uint64_t keys)
{
    uint64_t left = keys;

    for (int round = 0; round < 200 && left > 0; round++) {
        double weight = 0;
        uint64_t before = left;
        for (size_t i = 0; i < f->count; i++)
            if (f->list[i].keys < f->list[i].capacity / 10 * 9)
                weight += f->list[i].weight;
        for (size_t i = 0; i < f->count && left > 0; i++) {
            family *a = &f->list[i];
            uint64_t most = a->capacity / 10 * 9 - a->keys;
            uint64_t share = 1 + (uint64_t)((double)before * a->weight / weight);
            share = share < most ? share : most;
            share = share < left ? share : left;
            a->keys += share;
            left -= share;
        }
    }
    return left == 0;
}

static void lay_out(family *a)
{
    uint64_t supers = (a->keys + BLOCK * SUPER - 1) / (BLOCK * SUPER);
    uint64_t span = (a->capacity - 1) / supers, most = WIDTH_MAX * SUPER + LONG_GAP;

    a->span = (uint32_t)(span < most ? span : most);
    a->width = a->span / SUPER * 15 / 16;
    if (a->width < BLOCK + 2)
        a->width = BLOCK + 2;
    if (a->width > WIDTH_MAX)
        a->width = WIDTH_MAX;
}

/* Sorts, drops what is double or empty and gives every family its keys and numbers. */
static int finish(families *f, uint64_t keys)
{
    size_t n = 0;
    uint64_t first = 0;

    qsort(f->list, f->count, sizeof *f->list, compare);
    for (size_t i = 0; i < f->count; i++)
        if (n == 0 || strcmp(f->list[i].text, f->list[n - 1].text) != 0)
            f->list[n++] = f->list[i];
    f->count = n;
    if (!share_out(f, keys))
        return 0;
    n = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].keys > 0) {
            f->list[n] = f->list[i];
            lay_out(&f->list[n]);
            f->list[n].first = first;
            first += f->list[n++].keys;
        }
    f->count = n;
    f->keys = keys;
    while ((keys - 1) >> f->shift >> GUIDE_BITS)
        f->shift++;
    n = 0;
    for (size_t i = 0; i <= 1 << GUIDE_BITS; i++) {
        while (n + 1 < f->count && f->list[n + 1].first <= (uint64_t)i << f->shift)
            n++;
        f->guide[i] = (uint16_t)n;
    }
    return 1;
}

/* About 40 000 keys a family, as many as there are; Zipf shares. */
int families_accessions(families *f, uint64_t keys, uint64_t seed)
{
    static const struct { const char *text; unsigned digits; } refseq[] = {
        {"WP_", 9}, {"XM_", 9}, {"XP_", 9}, {"NC_", 6}, {"NG_", 6},
        {"NM_", 9}, {"NP_", 9}, {"NR_", 6}, {"XR_", 9}, {"YP_", 9}};
    uint64_t wanted = 10 + keys / 40000;

    if (wanted > FAMILIES_MAX)
        wanted = FAMILIES_MAX;
    for (size_t i = 0; i < sizeof refseq / sizeof *refseq; i++)
        add(f, refseq[i].text, NULL, refseq[i].digits, 1 / (8.0 + (double)i));
    while (f->count < wanted) {
        uint64_t random = seed = gen_mix(seed);
        unsigned kind = (unsigned)gen_below(random << 32, 100), more = random >> 24 & 3;
        unsigned letters = kind < 4 ? 1 : kind < 40 ? 2 : kind < 72 ? 3 : 4;
        unsigned digits = letters == 1 ? 5 : letters == 2 ? (more ? 8 : 6) : letters == 3 ? (more ? 7 : 5)
            : 6 + more % 3;
        char text[8] = "";
        for (unsigned i = 0; i < letters; i++, random /= 26)
            text[i] = (char)('A' + random % 26);
        if (letters == 4) {     /* a genome project and its version */
            text[4] = '0';
            text[5] = (char)('1' + (seed >> 60) % 3);
        }
        add(f, text, NULL, digits, 1 / (8.0 + (double)f->count));
    }
    return finish(f, keys);
}

/* Nine of ten are of the form A0A... with ten characters, as in TrEMBL; those of six go around. */
int families_uniprot(families *f, uint64_t keys, uint64_t seed)
{
    for (char letter = 'A'; letter <= 'Z'; letter++) {
        char text[8] = {'A', '0', letter, 0};
        add(f, text, "XXdLXXd", 7, letter == 'A' ? 30 : 0.1 / (letter - 'A'));
        for (char digit = letter == 'A' ? '1' : '0'; digit <= '9'; digit++) {
            double rank = (double)gen_below(gen_mix(seed + (uint64_t)(letter * 16 + digit)), 256);
            text[0] = letter;
            text[1] = digit;
            text[2] = 0;
            add(f, text, letter >= 'O' && letter <= 'Q' ? "XXXd" : "LXXd", 4, 1 / (8.0 + rank));
        }
    }
    return finish(f, keys);
}
