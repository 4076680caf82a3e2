/* How much of its work a test shall do: README.md has the environment variables. */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

#include "sanitized.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One of three numbers, by KEYFOLD_TESTS: "quick", "run" (also if it is not set) or "long". Under a sanitizer, where
 * all takes several times as long, "run" means "quick": answers are compared in full as released, and a memory error
 * shows on any way through the code. */
static inline uint64_t scaled(uint64_t quick, uint64_t run, uint64_t all)
{
    const char *level = getenv("KEYFOLD_TESTS");
    if (level && !strcmp(level, "long")) return all;
    return SANITIZED || (level && !strcmp(level, "quick")) ? quick : run;
}

/* How many times as much the random tests shall do: KEYFOLD_TEST_SCALE, 1 by default. */
static inline unsigned scale_of_run(void)
{
    const char *text = getenv("KEYFOLD_TEST_SCALE");
    long scale = text ? strtol(text, NULL, 10) : 1;
    return scale < 1 ? 1 : scale > 1000000 ? 1000000 : (unsigned)scale;
}

/* How often a random test that does `whole` rounds in a long run shall do them now. */
static inline uint64_t rounds_of(uint64_t whole)
{
    uint64_t now = scaled(whole / (SANITIZED ? 8 : 4), whole / 2, whole);
    return (now ? now : 1) * scale_of_run();
}

/* The one seed to run, KEYFOLD_TEST_SEED, or else `otherwise`, counted from KEYFOLD_TEST_FIRST. */
static inline uint64_t seed_or(uint64_t otherwise)
{
    const char *text = getenv("KEYFOLD_TEST_SEED"), *first = getenv("KEYFOLD_TEST_FIRST");
    return text ? strtoull(text, NULL, 10) : otherwise + (first ? strtoull(first, NULL, 10) : 0);
}

/* Whether these are the seeds of every day, of which it is known what they come to. */
static inline int seeds_are_usual(void) { return !getenv("KEYFOLD_TEST_SEED") && !getenv("KEYFOLD_TEST_FIRST"); }

/* A loop over `count` seeds from 0 on, or over the one that was asked for. */
#define FOR_SEEDS(seed, count) \
    for (uint64_t seed = seed_or(0), seed##_end = seed_or((count) - 1) + 1; seed < seed##_end; seed++)

/* As ck_assert, for inner loops: that writes to a pipe each time it holds, which costs more than most it looks at. */
#define HOLDS(what) do { if (!(what)) ck_abort_msg("%s", #what); } while (0)

/* Where a sweep of failing calls goes on after the n-th: through each of the first, then `stride` calls further in a
 * long run and at places that the seed draws, a few strides apart, in others. */
static inline uint64_t next_site(uint64_t n, uint64_t stride)
{
    uint64_t apart = stride * scaled(10, 4, 1);
    if (n < 12 || apart == stride) return n + stride;
    uint64_t drawn = (seed_or(0) * 1000003 + n) * 0x9E3779B97F4A7C15u >> 33;
    return n + 1 + drawn % (2 * apart - 1);
}

#endif
