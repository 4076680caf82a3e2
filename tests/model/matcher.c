/* Answers test_patterns.py: reads from standard input, numbers little-endian,
 *
 *   0  1  kind: 0 regex, 1 glob, 2 subsequence        1  1  flags
 *   2  4  bytes of the pattern                        6  4  number of texts
 *   then  the pattern, and each text after its size in 4 bytes
 *
 * again and again, and writes for each pattern its status in 1 byte, error.offset in 4 and for each text 1 if
 * the pattern matches it, otherwise 0. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

static uint32_t number(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint8_t *bytes(size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, stdin) != size) {
        fputs("the input ends too early\n", stderr);
        exit(EXIT_FAILURE);
    }
    return data;
}

static void answer(const uint8_t *head)
{
    static kf_status (*const kinds[])(kf_query **, const void *, size_t, uint32_t, kf_error *) = {
        kf_query_create_regex, kf_query_create_glob, kf_query_create_subsequence
    };
    kf_error error = { .offset = 0 };
    kf_query *query;
    size_t pattern_size = number(head + 2);
    uint8_t *pattern = bytes(pattern_size);
    kf_status status = kinds[head[0] % 3](&query, pattern, pattern_size, head[1], &error);
    free(pattern);
    putchar(status);
    for (unsigned i = 0; i < 4; i++) putchar((int)(error.offset >> 8 * i & 255));
    for (uint32_t left = number(head + 6); left; left--) {
        uint8_t *size = bytes(4), *text = bytes(number(size));
        putchar(!status && kf_query_matches(query, text, number(size), NULL) == KF_OK);
        free(text);
        free(size);
    }
    kf_query_destroy(&query);
}

int main(void)
{
    uint8_t head[10];
#ifdef _WIN32
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
#endif
    while (fread(head, 1, sizeof head, stdin) == sizeof head) answer(head);
    return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
