/* No dictionary: what reading a query and hashing it costs at the least (XXH3), and how fast the machine
 * reads and hashes a block of memory. No structure that looks at its keys can be faster than that. */
#include <xxhash.h>

#include "../common.h"

static uint64_t hash(void *context, const char *key, size_t size)
{
    (void)context;
    return XXH3_64bits(key, size) & ~BENCH_NOTHING >> 1;
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    bench_json_begin(command.variant);
    if (command.building) {
        bench_reader reader;
        double cpu = bench_process_cpu(), wall = bench_wall();
        uint64_t bytes = 0;
        bench_reader_open(&reader, command.input, command.values);
        while (bench_reader_next(&reader))
            bytes += reader.key_size;
        fclose(fopen(command.output, "w"));
        bench_json_built(reader.ordinal + 1, bytes, cpu, wall);
    } else {
        bench_query_file queries;
        uint64_t wrong = 0;
        bench_queries_load(&queries, command.input);
        bench_json_number("hit_ns", bench_time_lookups(&queries.hits, command.rounds, BENCH_PRESENCE, hash,
                                                       NULL, &wrong));
        size_t size = (size_t)256 << 20;
        char *block = malloc(size);
        if (block == NULL)
            bench_die("yardstick", "out of memory");
        memset(block, 1, size);
        double start = bench_cpu();
        uint64_t sum = XXH3_64bits(block, size);
        bench_json_number("xxh3_gb_per_s", (double)size / (bench_cpu() - start) / 1e9);
        bench_json_count("xxh3_low_bit", sum & 1);
        free(block);
    }
    bench_json_end();
    return 0;
}
