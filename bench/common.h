/* What every benchmark program shares, in C and C++: reading corpora and query files, clocks, medians
 * and the one line of JSON that a program prints.
 *
 * All programs have the same two commands, so that a build's peak memory is a process of its own:
 *   PROGRAM VARIANT build CORPUS OUTPUT [VALUES [MEMORY]]      VALUES: none, u64 or bytes
 *   PROGRAM VARIANT query QUERIES OUTPUT VALUES ROUNDS
 *
 * A query file (generators/queries.c) is little-endian:
 *   "KFQUERY1" | u64 hits | u64 misses | u64 keys in the corpus
 *   then hits, then misses: u64 expected | u32 key size | key
 * `expected` is the ordinal, the u64 value, or the FNV-1a hash of the value's bytes. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum bench_values { BENCH_NONE, BENCH_U64, BENCH_BYTES };

static inline void bench_die(const char *what, const char *detail)
{
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

static inline enum bench_values bench_values_of(const char *name)
{
    if (strcmp(name, "u64") == 0)
        return BENCH_U64;
    return strcmp(name, "bytes") == 0 ? BENCH_BYTES : BENCH_NONE;
}

/* ---- clocks and memory ---- */

static inline double bench_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline double bench_cpu(void) { return bench_clock(CLOCK_THREAD_CPUTIME_ID); }
static inline double bench_process_cpu(void) { return bench_clock(CLOCK_PROCESS_CPUTIME_ID); }
static inline double bench_wall(void) { return bench_clock(CLOCK_MONOTONIC); }

/* A field of /proc/self/status in KiB: VmHWM is the peak resident set of this program alone, while
 * getrusage would count what the starting process held before exec. */
static inline uint64_t bench_status_kib(const char *field)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (f == NULL)
        return 0;
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field) + 1, NULL, 10);
    fclose(f);
    return kib;
}

static inline int bench_compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(double *samples, size_t n)
{
    qsort(samples, n, sizeof *samples, bench_compare_doubles);
    return n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

static inline uint64_t bench_file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static inline uint64_t bench_hash(const void *data, size_t size)
{
    const unsigned char *p = (const unsigned char *)data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}

/* SplitMix64 (Steele, Lea, Flood 2014): random ordinals, the same in every program. */
static inline uint64_t bench_random_below(uint64_t *state, uint64_t n)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}

/* ---- corpora: one key a line, or key TAB value ---- */

typedef struct bench_reader {
    FILE *file;
    char *line;
    size_t capacity;
    enum bench_values values;
    uint64_t ordinal;       /* of the entry read last */
    const char *key, *value;
    size_t key_size, value_size;
    uint64_t number;        /* the value of a u64 corpus; the ordinal where there are no values */
} bench_reader;

static inline void bench_reader_open(bench_reader *r, const char *path, enum bench_values values)
{
    memset(r, 0, sizeof *r);
    r->file = fopen(path, "r");
    r->values = values;
    r->ordinal = UINT64_MAX;
    if (r->file == NULL)
        bench_die("cannot read", path);
    setvbuf(r->file, NULL, _IOFBF, 1 << 18);
}

static inline int bench_reader_next(bench_reader *r)
{
    ssize_t size = getline(&r->line, &r->capacity, r->file);
    if (size < 0) {
        free(r->line);
        fclose(r->file);
        return 0;
    }
    if (size > 0 && r->line[size - 1] == '\n')
        size--;
    r->line[size] = 0;
    r->ordinal++;
    r->number = r->ordinal;
    r->key = r->line;
    r->key_size = (size_t)size;
    if (r->values != BENCH_NONE) {
        const char *tab = (const char *)memchr(r->line, '\t', (size_t)size);
        if (tab == NULL)
            bench_die("no tab in", r->line);
        r->key_size = (size_t)(tab - r->line);
        r->value = tab + 1;
        r->value_size = (size_t)size - r->key_size - 1;
        if (r->values == BENCH_U64)
            r->number = strtoull(r->value, NULL, 10);
    }
    return 1;
}

/* ---- queries ---- */

typedef struct bench_queries {
    size_t count;
    const char **keys;      /* into one block, in query order */
    uint32_t *sizes;
    uint64_t *expected;
} bench_queries;

typedef struct bench_query_file {
    bench_queries hits, misses;
    uint64_t corpus_keys;
} bench_query_file;

static inline const char *bench_take_queries(bench_queries *q, size_t count, const char *p)
{
    q->count = count;
    q->keys = (const char **)malloc(count * sizeof *q->keys + 1);
    q->sizes = (uint32_t *)malloc(count * sizeof *q->sizes + 1);
    q->expected = (uint64_t *)malloc(count * sizeof *q->expected + 1);
    if (q->keys == NULL || q->sizes == NULL || q->expected == NULL)
        bench_die("queries", "out of memory");
    for (size_t i = 0; i < count; i++) {
        memcpy(&q->expected[i], p, 8);
        memcpy(&q->sizes[i], p + 8, 4);
        q->keys[i] = p + 12;
        p += 12 + q->sizes[i];
    }
    return p;
}

static inline void bench_queries_load(bench_query_file *out, const char *path)
{
    size_t size = bench_file_size(path);
    uint64_t counts[3];
    char *block = (char *)malloc(size + 64);
    FILE *f = fopen(path, "r");
    if (f == NULL || block == NULL || fread(block, 1, size, f) != size ||
        memcmp(block, "KFQUERY1", 8) != 0)
        bench_die("cannot read queries", path);
    fclose(f);
    memcpy(counts, block + 8, sizeof counts);
    out->corpus_keys = counts[2];
    const char *p = bench_take_queries(&out->hits, (size_t)counts[0], block + 32);
    bench_take_queries(&out->misses, (size_t)counts[1], p);
}

/* ---- measuring: one function answers one query ---- */

#define BENCH_NOTHING UINT64_MAX

/* The ordinal, value or hash that a query file expects; BENCH_NOTHING when absent. */
typedef uint64_t (*bench_lookup)(void *context, const char *key, size_t size);

/* Peers that know no ordinal or value, or number keys in an order of their own, are checked for
 * presence alone. */
enum bench_check { BENCH_EXACT, BENCH_PRESENCE };

static inline int bench_is_wrong(enum bench_check check, uint64_t answer, uint64_t expected)
{
    return check == BENCH_EXACT ? answer != expected
                                : (answer == BENCH_NOTHING) != (expected == BENCH_NOTHING);
}

/* One untimed pass warms up and checks every answer; then the median of `rounds` passes, in ns. */
static inline double bench_time_lookups(const bench_queries *q, int rounds, enum bench_check check,
                                        bench_lookup lookup, void *context, uint64_t *wrong)
{
    double samples[64];
    volatile uint64_t sink = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < q->count; i++)
        *wrong += (uint64_t)bench_is_wrong(check, lookup(context, q->keys[i], q->sizes[i]),
                                           q->expected[i]);
    if (rounds > 64)
        rounds = 64;
    for (int r = 0; r < rounds; r++) {
        double start = bench_cpu();
        for (size_t i = 0; i < q->count; i++)
            sum += lookup(context, q->keys[i], q->sizes[i]);
        samples[r] = (bench_cpu() - start) * 1e9 / (double)(q->count ? q->count : 1);
    }
    sink = sum;
    (void)sink;
    return bench_median(samples, (size_t)rounds);
}

/* Calls that visit many things: returns the median of visits per CPU second over three passes. */
typedef uint64_t (*bench_walk)(void *context);

static inline double bench_time_walk(bench_walk walk, void *context, uint64_t *visited)
{
    double samples[3];
    for (int r = 0; r < 3; r++) {
        double start = bench_cpu();
        *visited = walk(context);
        samples[r] = (double)*visited / (bench_cpu() - start + 1e-9);
    }
    return bench_median(samples, 3);
}

/* ---- the line of JSON ---- */

static inline void bench_json_begin(const char *peer) { printf("{\"peer\": \"%s\"", peer); }
static inline void bench_json_number(const char *name, double v) { printf(", \"%s\": %.6g", name, v); }
static inline void bench_json_count(const char *name, uint64_t v)
{
    printf(", \"%s\": %llu", name, (unsigned long long)v);
}
static inline void bench_json_end(void) { printf("}\n"); }

/* The end of every build: call right after the output is complete. */
static inline void bench_json_built(uint64_t keys, uint64_t bytes, double cpu_start, double wall_start)
{
    bench_json_count("keys", keys);
    bench_json_count("bytes", bytes);
    bench_json_number("build_cpu_s", bench_process_cpu() - cpu_start);
    bench_json_number("build_wall_s", bench_wall() - wall_start);
    bench_json_count("build_peak_rss_kib", bench_status_kib("VmHWM"));
}

/* Hits and misses, as every peer measures them. */
static inline void bench_json_lookups(const bench_query_file *q, int rounds, enum bench_check check,
                                      bench_lookup lookup, void *context)
{
    uint64_t wrong = 0;
    bench_json_number("hit_ns", bench_time_lookups(&q->hits, rounds, check, lookup, context, &wrong));
    bench_json_number("miss_ns", bench_time_lookups(&q->misses, rounds, check, lookup, context, &wrong));
    bench_json_count("wrong", wrong);
}

/* String values: `check` returns the hash of a value, `touch` is timed: it gets the value as the caller
 * would have it and looks at its length and first byte. */
static inline void bench_json_values(const bench_query_file *q, int rounds, bench_lookup check,
                                     bench_lookup touch, void *context)
{
    uint64_t wrong = 0, ignored = 0;
    for (size_t i = 0; i < q->hits.count; i++)
        wrong += check(context, q->hits.keys[i], q->hits.sizes[i]) != q->hits.expected[i];
    bench_json_number("hit_ns", bench_time_lookups(&q->hits, rounds, BENCH_PRESENCE, touch, context,
                                                   &ignored));
    bench_json_number("miss_ns", bench_time_lookups(&q->misses, rounds, BENCH_PRESENCE, touch, context,
                                                    &wrong));
    bench_json_count("wrong", wrong);
}

/* `lookup` here lists up to BENCH_LISTED keys that begin with its argument and returns how many; it
 * gets the first half of each of the first hits. The sum is printed too, so that peers can be compared. */
enum { BENCH_LISTED = 10 };
static const size_t bench_prefixes = 100000;

static inline void bench_json_prefixes(const bench_queries *q, int rounds, bench_lookup lookup,
                                       void *context)
{
    double samples[64];
    uint64_t listed = 0;
    size_t count = q->count < bench_prefixes ? q->count : bench_prefixes;
    for (int r = 0; r <= rounds && r <= 64; r++) {
        double start = bench_cpu();
        listed = 0;
        for (size_t i = 0; i < count; i++)
            listed += lookup(context, q->keys[i], (q->sizes[i] + 1) / 2);
        if (r > 0)
            samples[r - 1] = (bench_cpu() - start) * 1e9 / (double)(count ? count : 1);
    }
    bench_json_number("prefix_ns", bench_median(samples, (size_t)(rounds < 64 ? rounds : 64)));
    bench_json_count("prefix_listed", listed);
}

static inline void bench_json_enumerate(bench_walk walk, void *context, uint64_t expected)
{
    uint64_t visited = 0;
    bench_json_number("enumerate_keys_per_s", bench_time_walk(walk, context, &visited));
    if (visited != expected)
        bench_json_count("enumerated_wrong", visited);
}

/* Opening, with what it takes until the first answer is possible; `open_and_close` returns 0 on failure. */
static inline void bench_json_open(int (*open_and_close)(const char *path), const char *path)
{
    double samples[15];
    for (size_t i = 0; i < 15; i++) {
        double start = bench_wall();
        if (!open_and_close(path))
            bench_die("cannot open", path);
        samples[i] = (bench_wall() - start) * 1e6;
    }
    bench_json_number("open_us", bench_median(samples, 15));
}

typedef struct bench_command {
    const char *variant;
    int building;
    const char *input;      /* corpus, or queries */
    const char *output;     /* what was built */
    enum bench_values values;
    uint64_t memory;        /* bytes the build may use, 0: its default */
    int rounds;
} bench_command;

static inline bench_command bench_parse(int argc, char **argv)
{
    bench_command c;
    memset(&c, 0, sizeof c);
    if (argc < 5 || (strcmp(argv[2], "build") != 0 && strcmp(argv[2], "query") != 0)) {
        fprintf(stderr, "usage: PROGRAM VARIANT build CORPUS OUTPUT [VALUES [MEMORY]]\n"
                        "       PROGRAM VARIANT query QUERIES OUTPUT [VALUES [ROUNDS]]\n");
        exit(2);
    }
    c.variant = argv[1];
    c.building = strcmp(argv[2], "build") == 0;
    c.input = argv[3];
    c.output = argv[4];
    c.values = argc > 5 ? bench_values_of(argv[5]) : BENCH_NONE;
    if (c.building)
        c.memory = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
    else
        c.rounds = argc > 6 ? atoi(argv[6]) : 5;
    return c;
}

#endif
