/* Names of several shapes, drawn from random_state; each to be freed. Include after random.h. */
#ifndef TESTS_SUPPORT_NAMES_SHAPES_H
#define TESTS_SUPPORT_NAMES_SHAPES_H

#include "random.h"

#include <string.h>

/* Few letters, so that much is alike: empty tokens, repeated ones, letters of two to four bytes, combining marks. */
static inline char *tiny_name(size_t kinds, size_t most_tokens, size_t most_letters)
{
    static const char *const letters[] = { "a", "b", "c", "\xc3\xa9", "e\xcc\x81", "\xf0\x9f\x98\x80", "A", "-" };
    char name[512] = "";
    const size_t tokens = 1 + random_below(most_tokens);
    for (size_t t = 0; t < tokens; t++) {
        if (t) strcat(name, " ");
        if (random_below(8) == 0) continue;
        for (size_t i = random_below(most_letters + 1); i > 0; i--) strcat(name, letters[random_below(kinds)]);
    }
    return strdup(name);
}

static const char *const common_tokens[] = { "LIMITED", "LTD", "GROUP", "HOLDINGS", "AND", "THE", "SERVICES", "UK",
                                             "GMBH" };
static const char *const syllables[] = { "ba", "ber", "den", "el", "gor", "ha", "in", "ka", "lo", "mar", "ni", "os",
                                         "pra", "ru", "sen", "ta", "ul", "vi", "wes", "yo" };
enum { COMMON_TOKENS = sizeof common_tokens / sizeof *common_tokens, SYLLABLES = sizeof syllables / sizeof *syllables };

static inline char *real_name(void)
{
    char name[256] = "";
    const size_t tokens = 1 + random_below(5);
    for (size_t t = 0; t < tokens; t++) {
        if (t) strcat(name, " ");
        if (random_below(5) < 2) {
            strcat(name, common_tokens[random_below(COMMON_TOKENS)]);
            continue;
        }
        for (size_t i = 1 + random_below(3); i > 0; i--) strcat(name, syllables[random_below(SYLLABLES)]);
    }
    return strdup(name);
}

/* As registers have them: two or three words, the low ranks of which are frequent and the high ones rare, and mostly
 * a common token at the end. */
static inline char *firm_name(void)
{
    char name[256] = "";
    for (size_t t = 1 + random_below(3); t > 0; t--) {
        size_t rank = random_below(1 + random_below(1 + random_below(80000)));
        for (rank += SYLLABLES; rank; rank /= SYLLABLES) strcat(name, syllables[rank % SYLLABLES]);
        if (t > 1) strcat(name, random_below(12) ? " " : " AND ");
    }
    if (random_below(8)) strcat(strcat(name, " "), common_tokens[random_below(1 + random_below(COMMON_TOKENS))]);
    return strdup(name);
}

/* The most code points between two spaces. */
static inline size_t longest_token(const char *name)
{
    size_t longest = 0, length = 0;
    for (; *name; name++) {
        if (*name == ' ') length = 0;
        else if (((uint8_t)*name & 0xc0) != 0x80 && ++length > longest) longest = length;
    }
    return longest;
}

/* With some letters dropped, doubled or swapped, and spaces too; but no token is of more than 20 code points by that,
 * which is what the model knows. */
static inline char *damaged(const char *name)
{
    char copy[600];
    size_t size = strlen(name);
    memcpy(copy, name, size + 1);
    for (size_t i = random_below(3); i > 0 && size > 1; i--) {
        const size_t at = random_below(size - 1);
        if ((copy[at] | copy[at + 1]) & 0x80) continue;
        switch (random_below(3)) {
        case 0: memmove(copy + at, copy + at + 1, size - at); size--; break;
        case 1: memmove(copy + at + 1, copy + at, size + 1 - at); size++; break;
        default: { const char swap = copy[at]; copy[at] = copy[at + 1]; copy[at + 1] = swap; }
        }
    }
    return strdup(longest_token(copy) > 20 ? name : copy);
}

#endif
