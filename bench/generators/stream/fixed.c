/* fixed: keys of 14 characters, values of 15, as in a dictionary of opaque identifiers: nothing about one
 * follows from its neighbours, which is the worst case. Values of another size (--value-bytes) make sections
 * of many GiB from few keys.
 *
 * Keys are numbers of 60 bits in base 32 (Crockford's digits, which ascend as bytes) and two more digits.
 * The 2^60 numbers are cut into as many strata as there are pairs, each with one key at a random place. */
#include "shape.h"

#include <stdlib.h>

typedef struct fixed {
    uint64_t seed, stratum;     /* numbers a stratum */
    uint64_t count;
    unsigned value_bytes;
    char digits[1024][2];       /* of ten bits */
} fixed;

static void *create(const gen_request *request)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    fixed *f = malloc(sizeof *f);

    if (f == NULL)
        return NULL;
    f->seed = gen_mix(request->seed);
    f->count = request->count;
    f->stratum = (((uint64_t)1 << 60) - 1) / request->count;
    f->value_bytes = request->value_bytes;
    for (unsigned i = 0; i < 1024; i++) {
        f->digits[i][0] = alphabet[i >> 5];
        f->digits[i][1] = alphabet[i & 31];
    }
    return f;
}

/* The number's twelve digits. */
static char *put_number(const fixed *f, char *to, uint64_t number)
{
    for (unsigned i = 0; i < 6; i++, to += 2)
        memcpy(to, f->digits[number >> (50 - 10 * i) & 1023], 2);
    return to;
}

static char *pair(void *state, char *to, uint64_t index)
{
    const fixed *f = state;
    uint64_t random = gen_mix(f->seed + index), bits = gen_mix(random);
    char *end;

    to = put_number(f, to, index * f->stratum + gen_below(random, f->stratum));
    memcpy(to, f->digits[bits >> 54], 2);
    to += 2;
    *to++ = '\t';
    end = to + f->value_bytes;
    while (to < end) {      /* what is written beyond the end is overwritten, or lies in the slack */
        bits = gen_mix(bits);
        to = put_number(f, to, bits);
    }
    *end++ = '\n';
    return end;
}

/* A key but for its last two digits, or another number of the same stratum. */
static char *absent(void *state, char *to, uint64_t random)
{
    const fixed *f = state;
    uint64_t index = gen_below(gen_mix(random), f->count);
    uint64_t own = gen_mix(f->seed + index), place = gen_below(own, f->stratum), last = gen_mix(own) >> 54;

    if (random & 1)
        last = (last + 1 + (random >> 1) % 1023) & 1023;
    else
        place = (place + 1 + (random >> 1) % (f->stratum - 1)) % f->stratum;
    to = put_number(f, to, index * f->stratum + place);
    memcpy(to, f->digits[last], 2);
    to += 2;
    *to++ = '\n';
    return to;
}

const gen_shape gen_fixed = {
    "fixed", "opaque identifiers: keys of 14 characters, values of 15", 1, create, pair, absent
};
