#include "base/random.h"

#ifndef _WIN32
#include <sys/random.h>
#endif
#include <time.h>
#include <unistd.h>

uint64_t kfi_random(void)
{
    uint64_t random;
    if (getentropy(&random, sizeof random) == 0) return random;
    struct timespec now = { 0, 0 };
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 40;
}
