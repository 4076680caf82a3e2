/* Lines KEY<TAB>VALUE that fill a build's memory: pairs BITS sorted|shuffled
 *
 * The keys are a pseudo-random third of the numbers of BITS bits, as binary digits. Such a set has no structure: all
 * its subtrees but the lowest differ, so that the automaton has nearly a state for every two keys. The values, of 40
 * characters, are opaque too. Both orders have the same pairs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BITS = 28, VALUE_SIZE = 40, BUFFER_SIZE = 1 << 18, LINE_MOST = 128 };

/* The finaliser of splitmix64 (Steele, Lea & Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static int put(const char *data, size_t size)
{
    while (size) {
        ssize_t n = write(STDOUT_FILENO, data, size);
        if (n <= 0) return 0;
        data += n;
        size -= (size_t)n;
    }
    return 1;
}

static char *put_pair(char *to, uint64_t number, unsigned bits)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
    for (unsigned i = bits; i-- > 0; ) *to++ = (char)('0' + (number >> i & 1));
    *to++ = '\t';
    for (unsigned i = 0; i < VALUE_SIZE; ) {
        uint64_t word = mix(number * 8 + i + 1);
        for (unsigned k = 0; k < 10; k++, i++, word >>= 6) *to++ = letters[word & 63];
    }
    *to++ = '\n';
    return to;
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_SIZE + LINE_MOST];
    char *to = buffer;
    unsigned bits = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
    if (bits < 1 || bits > MOST_BITS) return 2;
    /* An odd factor permutes the numbers of so many bits. */
    uint64_t factor = strcmp(argv[2], "shuffled") ? 1 : 0x9e3779b97f4a7c15u;
    for (uint64_t i = 0; i < (uint64_t)1 << bits; i++) {
        uint64_t number = i * factor & (((uint64_t)1 << bits) - 1);
        if (mix(number << 32 | 5) % 3) continue;
        to = put_pair(to, number, bits);
        if (to - buffer < BUFFER_SIZE) continue;
        if (!put(buffer, (size_t)(to - buffer))) return 1;
        to = buffer;
    }
    return put(buffer, (size_t)(to - buffer)) ? 0 : 1;
}
