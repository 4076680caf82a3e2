/* accessions and idmapping: identifiers that are a prefix and a number, in long consecutive runs with gaps.
 *
 * Everything about a key follows from its index, so none is kept:
 *
 *     index -> family (guide table) -> super-block of 4096 keys -> block of 64 keys -> key k
 *
 *     a family's numbers:  | super-block                         | super-block ...
 *                          | gap 0.. | block | block | ... |
 *     a block's numbers:   | gap 0.. | run | gap | run | gap | run |       `width` numbers in all
 *
 * A block has up to four gaps of its own before key places p[i], of sizes s[i]: number of key k = base + k +
 * the sizes of those with p[i] <= k.
 *
 * Taxa come in clusters along the keys. By super-block: in a half of them they change at up to two places of
 * a block and hold until the next change; a fourth has one taxon alone, and in a fourth eight submitters take
 * turns every few keys. A genome project, which has a family of its own, has one taxon. */
#include "shape.h"

#include <stdlib.h>

#include "families.h"

enum { GAPS = 4, CHANGES = 2, ALWAYS = BLOCK };

typedef struct block {
    const family *family;
    uint64_t first, keys;           /* indices */
    uint64_t slot, base;            /* the first number of its own, and of its first key */
    uint64_t hash, index, super;    /* within the family; `super` is the hash of the super-block */
    uint8_t p[GAPS], s[GAPS];       /* p: ALWAYS where there is no gap */
    uint8_t change[CHANGES];        /* ALWAYS: none */
    unsigned known;                 /* bit i: taxon[i] is computed */
    uint64_t taxon[CHANGES + 1];
} block;

typedef struct numbered {
    families families;
    uint64_t seed;
    int is_uniprot;
    block block;                    /* of the last pair */
} numbered;

static void *create_numbered(const gen_request *request, int is_uniprot)
{
    numbered *n = calloc(1, sizeof *n);

    if (n == NULL)
        return NULL;
    n->seed = gen_mix(request->seed);
    n->is_uniprot = is_uniprot;
    if (!(is_uniprot ? families_uniprot : families_accessions)(&n->families, request->count, n->seed)) {
        free(n);
        return NULL;
    }
    return n;
}

static void *create_accessions(const gen_request *request) { return create_numbered(request, 0); }
static void *create_idmapping(const gen_request *request) { return create_numbered(request, 1); }

static uint64_t block_hash(const numbered *n, const family *f, uint64_t index)
{
    return gen_mix(n->seed ^ gen_mix((uint64_t)(f - n->families.list) << 40 | index));
}

/* Where taxa change in a block of this hash. */
static void changes(uint64_t hash, uint8_t at[CHANGES])
{
    uint8_t a = hash & 1 ? hash >> 2 & 63 : ALWAYS, b = hash & 2 ? hash >> 8 & 63 : ALWAYS;

    at[0] = a < b ? a : b;
    at[1] = a < b ? b : a;
}

static void enter_block(numbered *n, const family *f, uint64_t index)
{
    /* Half of the gaps are small, few are long: mean 3. */
    static const uint8_t sizes[16] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 6, 8, 10, 12};
    block *b = &n->block;
    uint64_t super = index / SUPER, random, jitter, spare = f->width - BLOCK;

    b->family = f;
    b->index = index;
    b->first = f->first + index * BLOCK;
    b->keys = f->first + f->keys - b->first;
    b->keys = b->keys < BLOCK ? b->keys : BLOCK;
    b->hash = block_hash(n, f, index);
    b->super = block_hash(n, f, super | (uint64_t)1 << 39);
    changes(b->hash, b->change);
    b->known = 0;
    random = gen_mix(b->hash);
    jitter = spare;
    for (unsigned i = 0; i < GAPS; i++, random >>= 10) {
        uint8_t size = sizes[random & 15];
        b->s[i] = size < spare / GAPS ? size : (uint8_t)(spare / GAPS);
        b->p[i] = random >> 4 & 63;
        jitter -= b->s[i];
    }
    b->slot = 1 + super * f->span + index % SUPER * f->width
        + gen_below(b->super, f->span - (uint64_t)f->width * SUPER + 1);
    b->base = b->slot + gen_below(random << 40, jitter + 1);
}

static void find_block(numbered *n, uint64_t index)
{
    const block *b = &n->block;
    const family *f = b->family;

    if (index - b->first < b->keys)
        return;
    if (f == NULL || index - f->first >= f->keys)
        f = families_find(&n->families, index);
    enter_block(n, f, (index - f->first) / BLOCK);
}

static inline uint64_t number_of(const block *b, uint64_t k)
{
    uint64_t number = b->base + k;
    for (unsigned i = 0; i < GAPS; i++)
        number += b->p[i] <= k ? b->s[i] : 0;
    return number;
}

/* The taxon after `change` changes of the block; before the first one it is that of an earlier block. */
static uint64_t compute_taxon(const numbered *n, unsigned change)
{
    const block *b = &n->block;
    uint64_t hash = b->hash, index = b->index;

    if (b->family->text_size == 6)      /* a genome project is of one organism */
        return gen_taxon(block_hash(n, b->family, (uint64_t)1 << 38));
    if (b->super >> 62 == 0)
        return gen_taxon(gen_mix(b->super));
    while (change == 0 && index % SUPER > 0) {
        uint8_t at[CHANGES];
        hash = block_hash(n, b->family, --index);
        changes(hash, at);
        change = (at[0] < ALWAYS) + (at[1] < ALWAYS);
    }
    return gen_taxon(gen_mix((change ? hash : b->super) + change));
}

static inline uint64_t taxon_of(numbered *n, uint64_t k)
{
    block *b = &n->block;

    if (b->super >> 62 == 3 && b->family->text_size != 6) {
        uint64_t submitter = (b->hash ^ (k / 4 + 1) * 0x9e3779b97f4a7c15u) * 0x94d049bb133111ebu >> 61;
        return gen_taxon(gen_mix(b->super + 16 + submitter));
    }
    unsigned change = (b->change[0] <= k) + (b->change[1] <= k);

    if (!(b->known >> change & 1)) {
        b->taxon[change] = compute_taxon(n, change);
        b->known |= 1u << change;
    }
    return b->taxon[change];
}

static const char two_digits[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
static const char base36[37] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static char *put_key(const family *f, char *to, uint64_t number)
{
    memcpy(to, f->text, 8);
    to += f->text_size;
    if (f->form == NULL) {
        uint32_t left = (uint32_t)number;       /* nine digits at most */
        unsigned i = f->digits;
        for (; i >= 2; i -= 2, left /= 100)
            memcpy(to + i - 2, two_digits + 2 * (left % 100), 2);
        if (i)
            *to = (char)('0' + left);
        return to + f->digits;
    }
    for (unsigned i = f->digits; i-- > 0;) {
        unsigned digit;
        if (f->form[i] == 'd') {
            digit = number % 10;
            number /= 10;
        } else if (f->form[i] == 'X') {
            digit = number % 36;
            number /= 36;
        } else {
            digit = 10 + number % 26;
            number /= 26;
        }
        to[i] = base36[digit];
    }
    return to + f->digits;
}

/* 92 of 100 versions are 1. */
static inline char version_of(const block *b, uint64_t k)
{
    uint64_t random = (b->hash ^ (k + 1) * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u >> 56;
    return random >= 20 ? '1' : random >= 5 ? '2' : '3';
}

static char *pair_accessions(void *state, char *to, uint64_t index)
{
    numbered *n = state;
    uint64_t k;

    find_block(n, index);
    k = index - n->block.first;
    to = put_key(n->block.family, to, number_of(&n->block, k));
    *to++ = '.';
    *to++ = version_of(&n->block, k);
    *to++ = '\t';
    to = gen_put_decimal(to, taxon_of(n, k));
    *to++ = '\n';
    return to;
}

/* One half has an identifier of UniParc, the other the name of an entry: the key and the organism's code. */
static char *pair_idmapping(void *state, char *to, uint64_t index)
{
    numbered *n = state;
    const char *key = to;
    size_t size;
    uint64_t k, random;

    find_block(n, index);
    k = index - n->block.first;
    to = put_key(n->block.family, to, number_of(&n->block, k));
    size = (size_t)(to - key);
    *to++ = '\t';
    random = gen_mix(n->block.hash + k);
    if (random & 1) {
        memcpy(to, "UPI00", 5);
        to += 5;
        for (unsigned i = 0; i < 8; i++)
            *to++ = "0123456789ABCDEF"[random >> (60 - 4 * i) & 15];
    } else {
        uint64_t code = gen_mix(taxon_of(n, k));
        memcpy(to, key, size);
        to += size;
        *to++ = '_';
        *to++ = '9';
        for (unsigned i = 0; i < 4; i++, code >>= 16)
            *to++ = (char)('A' + (code & 0xffff) % 26);
    }
    *to++ = '\n';
    return to;
}

/* A number in a gap of a block, or (accessions) another version of a key. */
static char *absent(void *state, char *to, uint64_t random)
{
    numbered *n = state;
    uint64_t index = gen_below(gen_mix(random), n->families.keys), at, taken[2] = {0, 0};
    const block *b = &n->block;

    find_block(n, index);
    if (!n->is_uniprot && random & 1) {
        char version = version_of(b, index - b->first);
        char other = (char)('1' + (random >> 1) % 3);
        to = put_key(b->family, to, number_of(b, index - b->first));
        *to++ = '.';
        *to++ = other == version ? '4' : other;
        *to++ = '\n';
        return to;
    }
    for (uint64_t k = 0; k < b->keys; k++) {
        uint64_t offset = number_of(b, k) - b->slot;
        taken[offset >> 6] |= (uint64_t)1 << (offset & 63);
    }
    at = (random >> 1) % b->family->width;
    while (taken[at >> 6] >> (at & 63) & 1)     /* a block is wider than its keys */
        at = at + 1 < b->family->width ? at + 1 : 0;
    to = put_key(b->family, to, b->slot + at);
    if (!n->is_uniprot) {
        *to++ = '.';
        *to++ = '1';
    }
    *to++ = '\n';
    return to;
}

const gen_shape gen_accessions = {
    "accessions", "NCBI's accession2taxid: accession.version -> taxon", 1, create_accessions,
    pair_accessions, absent
};
const gen_shape gen_idmapping = {
    "idmapping", "UniProt's idmapping: accession -> identifier in UniParc, or a name that embeds the key", 1,
    create_idmapping, pair_idmapping, absent
};
