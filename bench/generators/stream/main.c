/* Pairs of the shape of real tables, as lines "key TAB value", any number up to 2^34, the same for the
 * same seed. Pair i is computed from i alone: a shuffled stream is a stream of other indices, and samples,
 * parts and keys that are certainly absent cost no table. See USAGE and bench/README.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shape.h"

enum { OUT_BYTES = 1 << 18, PARTS_MAX = 1 << 20 };

static const char USAGE[] =
    "usage: gen_stream SHAPE COUNT [options]        lines KEY<TAB>VALUE\n"
    "  --order ORDER      sorted (by bytes; kmers: genome, by place in it) or shuffled\n"
    "  --seed S           other pairs (default 1)\n"
    "  --part I/N         the I-th of N parts of the output, from 1\n"
    "  --sample M         M pairs at random instead, one may come twice\n"
    "  --absent M         M keys at random that are none of the pairs', without values\n"
    "  --sample-seed S    another sample (default 1)\n"
    "  --value-bytes B    fixed: values of B characters (default 15)\n"
    "shapes:\n";

typedef struct settings {
    gen_request request;
    const gen_shape *shape;
    int is_shuffled;
    uint64_t part, parts;
    uint64_t sample, absent, sample_seed;
} settings;

/* ---- options ---- */

static void usage(const char *why)
{
    static const gen_shape *const shapes[] = {&gen_accessions, &gen_fixed, &gen_idmapping, &gen_kmers};

    fprintf(stderr, "gen_stream: %s\n%s", why, USAGE);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        fprintf(stderr, "  %-18s %s\n", shapes[i]->name, shapes[i]->mimics);
    exit(2);
}

static const gen_shape *shape_of(const char *name)
{
    static const gen_shape *const shapes[] = {&gen_accessions, &gen_fixed, &gen_idmapping, &gen_kmers};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(name, shapes[i]->name) == 0)
            return shapes[i];
    usage("no such shape");
    return NULL;
}

static uint64_t number(const char *text, uint64_t least, uint64_t most, char end, const char **after)
{
    char *stop = NULL;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &stop, 10);
    if (*text < '0' || *text > '9' || errno != 0 || *stop != end || value < least || value > most)
        usage("a number is wrong");
    if (after != NULL)
        *after = stop + 1;
    return value;
}

static void parse(settings *s, int argc, char **argv)
{
    static const struct option options[] = {
        {"order", required_argument, NULL, 'o'}, {"seed", required_argument, NULL, 's'},
        {"part", required_argument, NULL, 'p'}, {"sample", required_argument, NULL, 'm'},
        {"absent", required_argument, NULL, 'a'}, {"sample-seed", required_argument, NULL, 'S'},
        {"value-bytes", required_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    const char *rest, *order = "";
    int option;

    *s = (settings){.request = {.seed = 1, .value_bytes = 15}, .parts = 1, .sample_seed = 1};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'o': order = optarg; break;
        case 's': s->request.seed = number(optarg, 0, UINT64_MAX, 0, NULL); break;
        case 'p':
            s->part = number(optarg, 1, PARTS_MAX, '/', &rest) - 1;
            s->parts = number(rest, s->part + 1, PARTS_MAX, 0, NULL);
            break;
        case 'm': s->sample = number(optarg, 1, UINT64_MAX, 0, NULL); break;
        case 'a': s->absent = number(optarg, 1, UINT64_MAX, 0, NULL); break;
        case 'S': s->sample_seed = number(optarg, 0, UINT64_MAX, 0, NULL); break;
        case 'v': s->request.value_bytes = (unsigned)number(optarg, 1, GEN_VALUE_BYTES_MAX, 0, NULL); break;
        default: usage("an option is wrong");
        }
    }
    if (argc - optind != 2)
        usage("a shape and a count are needed");
    s->shape = shape_of(argv[optind]);
    s->request.count = number(argv[optind + 1], 1, GEN_COUNT_MAX, 0, NULL);
    s->is_shuffled = strcmp(order, "shuffled") == 0;
    if (*order && !s->is_shuffled && strcmp(order, s->shape->is_sorted ? "sorted" : "genome") != 0)
        usage("no such order of this shape");
}

/* ---- order: a bijection of the numbers below `count` ---- */

typedef struct shuffle {
    uint64_t count, mask, key[3];
    unsigned half;
} shuffle;

static void shuffle_init(shuffle *s, uint64_t count, uint64_t seed)
{
    unsigned bits = 1;

    while ((count - 1) >> bits)
        bits++;
    s->count = count;
    s->mask = ((uint64_t)1 << bits) - 1;
    s->half = (bits + 1) / 2;
    for (unsigned i = 0; i < 3; i++)
        s->key[i] = seed = gen_mix(seed + 7);
}

/* Steps that can be undone (add, multiply by an odd number, xor with the upper half) permute the numbers
 * below a power of two; what leaves the range goes through again until it is back (cycle walking: Black,
 * Rogaway 2002), less than once more on average. */
static inline uint64_t shuffled(const shuffle *s, uint64_t x)
{
    do {
        for (unsigned i = 0; i < 3; i++) {
            x = ((x + s->key[i]) * 0xbf58476d1ce4e5b9u) & s->mask;
            x ^= x >> s->half;
        }
    } while (x >= s->count);
    return x;
}

/* ---- output ---- */

static int flush(const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return 0;
        data += written;
        size -= (size_t)written;
    }
    return 1;
}

static uint64_t next_random(uint64_t *state)
{
    return gen_mix((*state)++);
}

static int write_all(const settings *s, void *state, char *buffer)
{
    const gen_shape *shape = s->shape;
    uint64_t count = s->request.count, random = gen_mix(s->sample_seed ^ 0x5851f42d4c957f2du);
    uint64_t begin = (uint64_t)((unsigned __int128)count * s->part / s->parts);
    uint64_t end = (uint64_t)((unsigned __int128)count * (s->part + 1) / s->parts);
    char *to = buffer;
    shuffle order;

    shuffle_init(&order, count, s->request.seed);
    if (s->sample > 0 || s->absent > 0) {
        begin = 0;
        end = s->sample > 0 ? s->sample : s->absent;
    }
    for (uint64_t i = begin; i < end; i++) {
        if (s->sample > 0)
            to = shape->pair(state, to, gen_below(next_random(&random), count));
        else if (s->absent > 0)
            to = shape->absent(state, to, next_random(&random));
        else
            to = shape->pair(state, to, s->is_shuffled ? shuffled(&order, i) : i);
        if (to - buffer >= OUT_BYTES) {
            if (!flush(buffer, (size_t)(to - buffer)))
                return 0;
            to = buffer;
        }
    }
    return flush(buffer, (size_t)(to - buffer));
}

int main(int argc, char **argv)
{
    settings s;
    char *buffer;
    void *state;
    int is_written = 0;

    parse(&s, argc, argv);
    state = s.shape->create(&s.request);
    buffer = malloc(OUT_BYTES + GEN_KEY_MAX + GEN_VALUE_MAX + GEN_VALUE_BYTES_MAX);
    if (state == NULL || buffer == NULL) {
        fprintf(stderr, "gen_stream: out of memory, or more pairs than this shape has names for\n");
        goto out;
    }
    /* A bigger pipe saves switches between the two processes; any other output stays as it is. */
    (void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
    is_written = write_all(&s, state, buffer);
    if (!is_written)
        perror("gen_stream");
out:
    free(buffer);
    free(state);
    return is_written ? 0 : 1;
}
