/* A shuffled sample of a corpus' keys and as many keys that it lacks: see common.h for the format.
 *
 *   queries CORPUS OUTPUT VALUES COUNT SEED
 *
 * Hits: one key of each of COUNT equal stretches of the sorted corpus (all keys when it has no more),
 * shuffled. Misses: such keys with one byte replaced by, or followed by, a byte that occurs elsewhere in
 * the corpus, or cut by one byte; each is proved absent by binary search. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>

#include "../common.h"

static uint64_t random_state;
static const char *text;
static uint64_t text_size, *starts, keys;
static enum bench_values values;

static uint64_t random_below(uint64_t n)
{
    return bench_random_below(&random_state, n);
}

static const char *key_of(uint64_t ordinal, size_t *size, size_t *line_size)
{
    const char *line = text + starts[ordinal];
    *line_size = (size_t)(starts[ordinal + 1] - starts[ordinal] - 1);
    const char *tab = values == BENCH_NONE ? NULL : memchr(line, '\t', *line_size);
    *size = tab != NULL ? (size_t)(tab - line) : *line_size;
    return line;
}

static int is_present(const char *key, size_t size)
{
    uint64_t low = 0, high = keys;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        size_t other_size, line_size;
        const char *other = key_of(middle, &other_size, &line_size);
        int order = memcmp(key, other, size < other_size ? size : other_size);
        if (order == 0)
            order = (size > other_size) - (size < other_size);
        if (order == 0)
            return 1;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

static void put(FILE *out, const char *key, size_t size, uint64_t expected)
{
    uint32_t size32 = (uint32_t)size;
    fwrite(&expected, 8, 1, out);
    fwrite(&size32, 4, 1, out);
    fwrite(key, 1, size, out);
}

static void put_hit(FILE *out, uint64_t ordinal)
{
    size_t size, line_size;
    const char *key = key_of(ordinal, &size, &line_size);
    uint64_t expected = ordinal;
    if (values == BENCH_U64)
        expected = strtoull(key + size + 1, NULL, 10);
    else if (values == BENCH_BYTES)
        expected = bench_hash(key + size + 1, line_size - size - 1);
    put(out, key, size, expected);
}

static char plausible_byte(void)
{
    for (;;) {
        char c = text[random_below(text_size)];
        if (c != '\n' && c != '\t')
            return c;
    }
}

static void put_miss(FILE *out, uint64_t ordinal)
{
    static char buffer[1 << 20];
    size_t size, line_size;
    const char *key = key_of(ordinal, &size, &line_size);
    if (size + 64 > sizeof buffer)
        size = sizeof buffer - 64;
    memcpy(buffer, key, size);
    for (size_t tries = 0;; tries++) {
        size_t changed_size = size, at = random_below(size);
        unsigned how = (unsigned)random_below(8);
        char before = buffer[at];
        if (tries > 40 && size < sizeof buffer - 2)
            buffer[size++] = plausible_byte();
        if (how == 0 && size > 1)
            changed_size = size - 1;
        else if (how == 1)
            buffer[changed_size++] = plausible_byte();
        else
            buffer[at] = plausible_byte();
        if (!is_present(buffer, changed_size)) {
            put(out, buffer, changed_size, BENCH_NOTHING);
            return;
        }
        buffer[at] = before;
    }
}

static void index_lines(const char *path)
{
    int fd = open(path, O_RDONLY);
    uint64_t capacity = 1 << 20;
    text_size = bench_file_size(path);
    text = mmap(NULL, text_size, PROT_READ, MAP_PRIVATE, fd, 0);
    starts = malloc(capacity * sizeof *starts);
    if (fd < 0 || text == MAP_FAILED || starts == NULL)
        bench_die("cannot map", path);
    for (uint64_t at = 0; at < text_size;) {
        const char *end = memchr(text + at, '\n', text_size - at);
        if (end == NULL)
            bench_die("no final newline", path);
        if (keys + 2 > capacity && (starts = realloc(starts, (capacity *= 2) * sizeof *starts)) == NULL)
            bench_die("out of memory", path);
        starts[keys++] = at;
        at = (uint64_t)(end - text) + 1;
    }
    starts[keys] = text_size;
}

static void shuffle(uint64_t *items, uint64_t n)
{
    for (uint64_t i = n; i > 1; i--) {
        uint64_t j = random_below(i), item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: queries CORPUS OUTPUT VALUES COUNT SEED\n");
        return 2;
    }
    values = bench_values_of(argv[3]);
    index_lines(argv[1]);
    uint64_t count = strtoull(argv[4], NULL, 10);
    random_state = strtoull(argv[5], NULL, 10);
    if (count > keys)
        count = keys;
    uint64_t *sample = malloc((count + 1) * sizeof *sample), header[3] = {count, count, keys};
    FILE *out = fopen(argv[2], "w");
    if (sample == NULL || out == NULL)
        bench_die("cannot write", argv[2]);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t first = (uint64_t)((double)i * (double)keys / (double)count);
        uint64_t next = (uint64_t)((double)(i + 1) * (double)keys / (double)count);
        sample[i] = next > first + 1 && count < keys ? first + random_below(next - first) : first;
    }
    fwrite("KFQUERY1", 8, 1, out);
    fwrite(header, sizeof header, 1, out);
    shuffle(sample, count);
    for (uint64_t i = 0; i < count; i++)
        put_hit(out, sample[i]);
    shuffle(sample, count);
    for (uint64_t i = 0; i < count; i++)
        put_miss(out, sample[i]);
    if (fclose(out) != 0)
        bench_die("cannot write", argv[2]);
    return 0;
}
