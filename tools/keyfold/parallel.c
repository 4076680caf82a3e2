#include "parallel.h"

#include <sched.h>

#define MOST_THREADS 256
#define MOST_SHARDS 64
#define WORTH_DIVIDING ((uint64_t)1 << 25)   /* keys, see kf_build_options.shards */

unsigned processors(unsigned most)
{
    cpu_set_t usable;
    int count;

    if (sched_getaffinity(0, sizeof usable, &usable) != 0)
        return 1;
    count = CPU_COUNT(&usable);
    return count < 1 ? 1 : (unsigned)count > most ? most : (unsigned)count;
}

int parallel_take(const kft_command *command, const kft_parallel_options *options, kf_build_options *build)
{
    if (options->threads > MOST_THREADS)
        return usage_error(command, "--threads is at most %d", MOST_THREADS);
    if (options->shards > MOST_SHARDS)
        return usage_error(command, "--shards is at most %d", MOST_SHARDS);
    build->threads = options->threads > 0 ? (unsigned)options->threads : processors(MOST_THREADS);
    build->shards = (unsigned)options->shards;
    return OPTIONS_GO_ON;
}

int parallel_divides(const kft_parallel_options *options, uint64_t pairs)
{
    return options->shards > 1 || (options->shards == 0 && pairs >= WORTH_DIVIDING);
}
