/* What bench/billion asks of one big dictionary, through the public interface alone.
 *
 *   bench_billion check DICT < LINES             compares all lines: "key TAB value" is there, "key" is not
 *   bench_billion resident DICT                  which share of the file the page cache has
 *   bench_billion speed DICT SAMPLE HOW ROUNDS [LIMIT]
 *       HOW: get, ordinal, batch, batch-ordinals; with "-random" appended it opens with KF_OPEN_RANDOM.
 *       ROUNDS 0: one pass, the first touch of all pages; else the median of passes after an untimed one
 *   bench_billion work DICT SAMPLE FIRST SECONDS
 *       prints "ready", waits for a line, looks up batches for some seconds, prints its figures and lives
 *       until its standard input ends, so that its memory can be looked at
 *
 * A sample is a file of lines "key TAB value". Prints one line of JSON. */
#define _GNU_SOURCE
#include <keyfold/keyfold.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

enum { BATCH = 1024 };

typedef struct table {
    kf_dict *dict;
    kf_buffer buffer;
    int is_u64;
    uint64_t ordinals[BATCH], numbers[BATCH], ends[BATCH];
} table;

typedef struct sample {
    size_t count;
    kf_bytes *keys;
} sample;

static void must(kf_status status, const kf_error *error, const char *what)
{
    if (status != KF_OK)
        bench_die(what, error != NULL && error->message[0] ? error->message : kf_status_name(status));
}

static void open_table(table *t, const char *path, uint32_t flags)
{
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_error error = {0};

    memset(t, 0, sizeof *t);
    options.flags = flags;
    must(kf_dict_open(&t->dict, path, &options, &error), &error, "open");
    t->is_u64 = kf_dict_value_type(t->dict) == KF_VALUES_U64;
}

/* Keys that point into the mapped file, so that processes share them. */
static void load_sample(sample *s, const char *path, size_t limit)
{
    size_t size = bench_file_size(path), capacity = 1024;
    int fd = open(path, O_RDONLY);
    const char *p = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0), *end = p + size;

    if (p == MAP_FAILED)
        bench_die("cannot read", path);
    close(fd);
    s->count = 0;
    s->keys = malloc(capacity * sizeof *s->keys);
    while (p < end && s->count < limit) {
        const char *line = memchr(p, '\n', (size_t)(end - p)), *tab;
        if (line == NULL || (tab = memchr(p, '\t', (size_t)(line - p))) == NULL)
            bench_die("no sample", path);
        if (s->count == capacity)
            s->keys = realloc(s->keys, (capacity *= 2) * sizeof *s->keys);
        if (s->keys == NULL)
            bench_die("sample", "out of memory");
        s->keys[s->count++] = (kf_bytes){(const uint8_t *)p, (size_t)(tab - p)};
        p = line + 1;
    }
    if (s->count == 0)
        bench_die("no sample", path);
}

/* Ordinals of a batch, and values where asked for; returns how many keys were there. */
static size_t look_up(table *t, const kf_bytes *keys, size_t count, int want_values)
{
    size_t found = 0;
    must(kf_dict_ordinal_many(t->dict, keys, count, t->ordinals, &found), NULL, "batch");
    if (want_values && t->is_u64)
        must(kf_dict_u64_at_many(t->dict, t->ordinals, count, t->numbers), NULL, "values");
    else if (want_values)
        must(kf_dict_value_at_many(t->dict, t->ordinals, count, &t->buffer, t->ends), NULL, "values");
    return found;
}

/* ---- check ---- */

typedef struct checked {
    char *text;                     /* of the lines of one batch */
    size_t size, capacity, lines;
    size_t key_at[BATCH], key_size[BATCH], value_at[BATCH], value_size[BATCH];  /* value_at 0: absent */
    uint64_t pairs, absent, wrong;
} checked;

static int is_wrong(const table *t, const checked *c, size_t i)
{
    const char *value = c->text + c->value_at[i];
    uint64_t begin = i > 0 ? t->ends[i - 1] : 0;

    if (c->value_at[i] == 0 || t->ordinals[i] == KF_ABSENT)
        return c->value_at[i] != 0 || t->ordinals[i] != KF_ABSENT;
    if (t->is_u64)
        return t->numbers[i] != strtoull(value, NULL, 10);
    return t->ends[i] - begin != c->value_size[i]
        || memcmp((const char *)t->buffer.data + begin, value, c->value_size[i]) != 0;
}

static void check_batch(table *t, checked *c)
{
    kf_bytes keys[BATCH];

    for (size_t i = 0; i < c->lines; i++)
        keys[i] = (kf_bytes){(const uint8_t *)c->text + c->key_at[i], c->key_size[i]};
    if (c->lines > 0)
        look_up(t, keys, c->lines, 1);
    for (size_t i = 0; i < c->lines; i++) {
        *(c->value_at[i] ? &c->pairs : &c->absent) += 1;
        if (is_wrong(t, c, i) && c->wrong++ < 20)
            fprintf(stderr, "bench_billion: wrong: %.*s\n", (int)c->key_size[i], c->text + c->key_at[i]);
    }
    c->lines = c->size = 0;
}

static void add_line(checked *c, const char *line, size_t size)
{
    const char *tab = memchr(line, '\t', size);

    if (c->size + size + 1 > c->capacity) {
        c->capacity = 2 * (c->size + size + 1);
        c->text = realloc(c->text, c->capacity);
        if (c->text == NULL)
            bench_die("check", "out of memory");
    }
    memcpy(c->text + c->size, line, size);
    c->text[c->size + size] = 0;    /* ends a number */
    c->key_at[c->lines] = c->size;
    c->key_size[c->lines] = tab ? (size_t)(tab - line) : size;
    c->value_at[c->lines] = tab ? c->size + (size_t)(tab + 1 - line) : 0;
    c->value_size[c->lines++] = tab ? size - (size_t)(tab + 1 - line) : 0;
    c->size += size + 1;
}

static void check(const char *path)
{
    static checked c;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    table t;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    double wall = bench_wall();

    open_table(&t, path, 0);
    while ((size = getline(&line, &capacity, stdin)) >= 0) {
        add_line(&c, line, (size_t)size - (size > 0 && line[size - 1] == '\n'));
        if (c.lines == BATCH)
            check_batch(&t, &c);
    }
    check_batch(&t, &c);
    must(kf_dict_get_stat(t.dict, &stat), NULL, "stat");
    bench_json_count("keys", stat.keys);
    bench_json_count("file_bytes", stat.file_size);
    bench_json_count("key_bytes", stat.key_bytes);
    bench_json_count("value_bytes", stat.value_bytes);
    bench_json_count("raw_bytes", stat.raw_key_bytes + stat.raw_value_bytes);
    bench_json_count("states_extra", stat.states_extra);
    bench_json_count("pairs", c.pairs);
    bench_json_count("absent", c.absent);
    bench_json_count("wrong", c.wrong);
    bench_json_number("wall_s", bench_wall() - wall);
    kf_buffer_free(&t.buffer);
    kf_dict_close(&t.dict);
    free(line);
    free(c.text);
}

/* ---- speed ---- */

static void resident(const char *path)
{
    size_t size = bench_file_size(path), page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (size + page - 1) / page, held = 0;
    int fd = open(path, O_RDONLY);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    unsigned char *state = malloc(pages + 1);

    if (map == MAP_FAILED || state == NULL || mincore(map, size, state) != 0)
        bench_die("cannot look at", path);
    for (size_t i = 0; i < pages; i++)
        held += state[i] & 1;
    bench_json_number("resident", (double)held / (double)(pages ? pages : 1));
    free(state);
    close(fd);
}

static size_t pass(table *t, const sample *s, const char *how)
{
    int is_batch = strncmp(how, "batch", 5) == 0, is_values = strstr(how, "ordinal") == NULL;
    size_t found = 0;
    kf_bytes value;
    uint64_t number;

    for (size_t i = 0; is_batch && i < s->count; i += BATCH)
        found += look_up(t, s->keys + i, s->count - i < BATCH ? s->count - i : BATCH, is_values);
    for (size_t i = 0; !is_batch && i < s->count; i++) {
        const kf_bytes *key = &s->keys[i];
        kf_status status;
        if (!is_values)
            status = kf_dict_ordinal(t->dict, key->data, key->size, &number);
        else if (t->is_u64)
            status = kf_dict_get_u64(t->dict, key->data, key->size, &number);
        else
            status = kf_dict_get(t->dict, key->data, key->size, &t->buffer, &value);
        found += status == KF_OK;
    }
    return found;
}

static void speed(const char *path, const char *sample_path, const char *how, int rounds, size_t limit)
{
    double cpu[64], wall[64];
    sample s;
    table t;
    size_t found = 0;
    int passes = rounds < 1 ? 1 : rounds > 64 ? 64 : rounds;

    load_sample(&s, sample_path, limit);
    open_table(&t, path, strstr(how, "-random") ? KF_OPEN_RANDOM : 0);
    if (rounds > 0)
        pass(&t, &s, how);
    for (int i = 0; i < passes; i++) {
        double cpu_start = bench_cpu(), wall_start = bench_wall();
        found = pass(&t, &s, how);
        cpu[i] = (bench_cpu() - cpu_start) * 1e9 / (double)s.count;
        wall[i] = (bench_wall() - wall_start) * 1e9 / (double)s.count;
    }
    bench_json_count("keys", s.count);
    bench_json_count("missing", s.count - found);
    bench_json_number("cpu_ns", bench_median(cpu, (size_t)passes));
    bench_json_number("wall_ns", bench_median(wall, (size_t)passes));
    free(s.keys);
    kf_buffer_free(&t.buffer);
    kf_dict_close(&t.dict);
}

/* ---- one of several processes ---- */

static void work(const char *path, const char *sample_path, size_t first, double seconds)
{
    sample s;
    table t;
    uint64_t done = 0, missing = 0;
    size_t at;
    double cpu, start;

    load_sample(&s, sample_path, SIZE_MAX);
    open_table(&t, path, KF_OPEN_POPULATE);
    at = first % s.count;
    printf("ready\n");
    fflush(stdout);
    if (getchar() == EOF)
        exit(1);
    cpu = bench_cpu();
    start = bench_wall();
    while (bench_wall() - start < seconds) {
        size_t n = s.count - at < BATCH ? s.count - at : BATCH;
        missing += n - look_up(&t, s.keys + at, n, 1);
        done += n;
        at = at + n < s.count ? at + n : 0;
    }
    seconds = bench_wall() - start;
    cpu = bench_cpu() - cpu;
    bench_json_begin("keyfold");
    bench_json_count("done", done);
    bench_json_count("missing", missing);
    bench_json_number("wall_s", seconds);
    bench_json_number("cpu_s", cpu);
    bench_json_end();
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    free(s.keys);
    kf_buffer_free(&t.buffer);
    kf_dict_close(&t.dict);
}

int main(int argc, char **argv)
{
    const char *command = argc > 2 ? argv[1] : "";

    if (strcmp(command, "work") == 0 && argc == 6) {
        work(argv[2], argv[3], strtoull(argv[4], NULL, 10), atof(argv[5]));
        return 0;
    }
    bench_json_begin("keyfold");
    if (strcmp(command, "check") == 0 && argc == 3)
        check(argv[2]);
    else if (strcmp(command, "resident") == 0 && argc == 3)
        resident(argv[2]);
    else if (strcmp(command, "speed") == 0 && (argc == 6 || argc == 7))
        speed(argv[2], argv[3], argv[4], atoi(argv[5]), argc == 7 ? strtoull(argv[6], NULL, 10) : SIZE_MAX);
    else
        bench_die("usage", "see the beginning of bench_billion.c");
    bench_json_end();
    return 0;
}
