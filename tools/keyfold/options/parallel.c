#include "options/parallel.h"

#if defined(__linux__)
#include <sched.h>
#elif defined(_WIN32)
#include <pthread.h>
#else
#include <unistd.h>
#endif

#define MOST_SHARDS 64
/* What the library does unless told, see kf_build_options.shards: guesses depend on it, results do not. */
#define WORTH_DIVIDING ((uint64_t)1 << 25)
#define SHARD_PAIRS ((uint64_t)1 << 24)
#define MOST_BY_ITSELF 32

unsigned processors(unsigned most)
{
#if defined(__linux__)
    cpu_set_t usable;
    long count = sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : 1;
#elif defined(_WIN32)
    long count = pthread_num_processors_np();
#else
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#endif

    return count < 1 ? 1 : (unsigned)count > most ? most : (unsigned)count;
}

int parallel_take(const kft_command *command, const kft_parallel_options *options, kf_build_options *build)
{
    if (options->threads > THREADS_MOST)
        return usage_error(command, "--threads is at most %d", THREADS_MOST);
    if (options->shards > MOST_SHARDS)
        return usage_error(command, "--shards is at most %d", MOST_SHARDS);
    build->threads = options->threads > 0 ? (unsigned)options->threads : processors(THREADS_MOST);
    build->shards = (unsigned)options->shards;
    return OPTIONS_GO_ON;
}

double parallel_at_once(const kft_parallel_options *options, uint64_t pairs)
{
    uint64_t shards = options->shards > 0 ? options->shards : pairs >= WORTH_DIVIDING ? pairs / SHARD_PAIRS : 1;
    uint64_t threads = options->threads > 0 ? options->threads : processors(THREADS_MOST);

    if (shards > MOST_BY_ITSELF && options->shards == 0)
        shards = MOST_BY_ITSELF;
    if (shards < 2 || pairs < 2)
        return 0;
    return threads < shards ? (double)threads / (double)shards : 1;
}
