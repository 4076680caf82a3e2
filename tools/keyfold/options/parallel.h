/* The options that say how much of the machine a build uses at once. */
#ifndef TOOL_OPTIONS_PARALLEL_H
#define TOOL_OPTIONS_PARALLEL_H

#include <keyfold/builder.h>

#include "command.h"

typedef struct kft_parallel_options {
    uint64_t threads;   /* 0: as many as there are processors */
    uint64_t shards;    /* 0: as many as the keys are worth */
} kft_parallel_options;

#define PARALLEL_OPTIONS(type, member) \
    { "threads", 0, OPTION_NUMBER, offsetof(type, member.threads), "COUNT", \
      "use at most so many threads (default: as many as there\n" \
      "are processors)", NULL }, \
    { "shards", 0, OPTION_NUMBER, offsetof(type, member.shards), "COUNT", \
      "divide the keys among at most so many automata, which are\n" \
      "built side by side (default: one below 33 million keys)", NULL }

#define THREADS_MOST 256

/* The processors that this process may use, at least 1 and at most `most`. */
unsigned processors(unsigned most);

/* Checks the options and puts them into `build`. Returns OPTIONS_GO_ON or the exit code of a usage error. */
int parallel_take(const kft_command *command, const kft_parallel_options *options, kf_build_options *build);

/* The part of so many pairs that is built at once, 0 when they are not divided; as far as that can be told before
 * their keys are known. */
double parallel_at_once(const kft_parallel_options *options, uint64_t pairs);

#endif
