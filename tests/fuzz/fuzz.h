/* What a fuzz target provides. libFuzzer calls the first function; standalone.c calls both. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input number n to begin with, to be freed; NULL after the last. */
uint8_t *fuzz_seed(unsigned n, size_t *size);

/* Of a driver: each input has a process of its own. libFuzzer does not have it. */
extern const int fuzz_in_own_process;

/* What every input must satisfy. */
#define FUZZ_MUST(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            abort(); \
        } \
    } while (0)

#endif
