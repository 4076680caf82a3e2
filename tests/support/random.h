/* Numbers that look like chance and are the same every time. */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64 (Steele, Lea & Flood 2014): what follows the state `x`. */
static inline uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t random_state;

static inline uint64_t random64(void)
{
    uint64_t drawn = mix64(random_state);
    random_state += 0x9e3779b97f4a7c15u;
    return drawn;
}

static inline size_t random_below(size_t n) { return n ? (size_t)(random64() % n) : 0; }

/* Bytes that depend on their positions only. */
static inline void random_bytes(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) data[i] = (uint8_t)mix64(i);
}

#endif
