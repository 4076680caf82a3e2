/* Names of organisations and persons, made up, and needles for searching them.
 *
 *   gen_names NAMES [SEED]                       rows "ID TAB NAME", IDs being a permutation of numbers
 *   gen_names NAMES SEED NEEDLES CLASS           rows "NEEDLE" of a class (below), made from these names
 *
 * Name i is computed from i and the seed alone. Words are syllables put together by their rank; which word stands in
 * a name follows Zipf's law for surnames, first names, cities and trades, a table for legal forms; a part are coined
 * and so occur once or twice. Some names are repeated, with typing errors, another legal form or as they are; some
 * have letters beyond ASCII, two spaces, a number; a few are empty. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX = 400 };

typedef struct random_source { uint64_t state; } random_source;

static uint64_t next(random_source *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;   /* SplitMix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(random_source *r, uint64_t n) { return (uint64_t)((unsigned __int128)next(r) * n >> 64); }
static double unit(random_source *r) { return (double)(next(r) >> 11) * 0x1p-53; }
static int chance(random_source *r, double p) { return unit(r) < p; }
/* A rank below n whose probability falls as 1 / rank. */
static uint64_t zipf(random_source *r, uint64_t n) { return (uint64_t)exp(unit(r) * log((double)n + 1)) - 1; }

/* ---- words -------------------------------------------------------------------------------------- */

static const char *const onsets[] = { "B", "BR", "C", "CH", "CL", "D", "DR", "F", "FR", "G", "GR", "H", "J", "K", "L",
                                      "M", "N", "P", "PR", "R", "S", "SH", "ST", "T", "TH", "TR", "V", "W", "Z", "" };
static const char *const vowels[] = { "A", "E", "I", "O", "U", "A", "E", "I", "O", "EA", "AI", "OU", "Y" };
static const char *const codas[] = { "", "", "", "N", "R", "S", "L", "T", "ND", "RT", "CK", "M", "NG", "RS", "X" };
static const char *const marked[] = { "\xc3\x81", "\xc3\x89", "\xc3\x96", "\xc3\x9c", "\xc3\x98", "\xc5\x81",
                                      "\xc3\x91", "\xc5\xa0" };
#define PICK(r, list) (list)[below(r, sizeof (list) / sizeof *(list))]

/* The word of a rank in one of several lists: frequent ones are shorter. */
static void word(char *to, unsigned list, uint64_t rank)
{
    random_source r = { rank * 0xd1342543de82ef95u + list * 0x2545f4914f6cdd1du };
    next(&r);
    unsigned syllables = rank < 300 ? 1 + (unsigned)below(&r, 2) : 2 + (unsigned)below(&r, 2);
    to += strlen(to);
    for (unsigned i = 0; i < syllables; i++) {
        to = stpcpy(to, PICK(&r, onsets));
        to = stpcpy(to, PICK(&r, vowels));
        to = stpcpy(to, PICK(&r, codas));
    }
    if (list != 3 && chance(&r, 0.02)) strcpy(to, PICK(&r, marked));
}

enum { SURNAMES = 1, FIRST_NAMES = 2, TRADES = 3, CITIES = 4, COINED = 5 };

static void put_word(char *name, random_source *r, unsigned list)
{
    static const uint64_t sizes[] = { 0, 150000, 5000, 3000, 30000 };
    if (list == COINED) word(name, list, 1000 + (chance(r, .4) ? below(r, 1ull << 40) : zipf(r, 400000)));
    else word(name, list, zipf(r, sizes[list]));
}

static const struct { const char *text; double share; } forms[] = {
    { "LIMITED", .34 }, { "LTD", .20 }, { "LTD.", .04 }, { "LLP", .03 }, { "PLC", .01 }, { "GMBH", .08 },
    { "INC", .06 }, { "INC.", .03 }, { "LLC", .07 }, { "S.A.", .03 }, { "SARL", .03 }, { "B.V.", .02 },
    { "AG", .02 }, { "GMBH & CO. KG", .02 }, { "SP. Z O.O.", .01 }, { "S.R.L.", .01 }
};

static void put_form(char *name, random_source *r)
{
    double at = unit(r);
    size_t i = 0;
    while (i + 1 < sizeof forms / sizeof *forms && at >= forms[i].share) at -= forms[i++].share;
    strcat(name, forms[i].text);
}

/* ---- names -------------------------------------------------------------------------------------- */

static const char *const templates[] = {   /* s surname, f first name, t trade, c city, x coined, l legal form */
    "stl", "xtl", "xttl", "ctl", "s&sl", "fs", "ffs", "xxtl", "xtl", "sl", "Ttoc", "x#tl", "st(c)l", "xttl", "cttSl",
    "fstl", "xtGl", "stSl", "x&xtl", "xcttl", "sttl", "T&stSl"
};

static void fill(char *name, random_source *r, const char *template)
{
    for (const char *at = template; *at; at++) {
        if (at != template && at[-1] != '(' && *at != ')') strcat(name, " ");
        switch (*at) {
        case 's': put_word(name, r, SURNAMES); break;
        case 'f': put_word(name, r, FIRST_NAMES); break;
        case 't': put_word(name, r, TRADES); break;
        case 'c': put_word(name, r, CITIES); break;
        case 'x': put_word(name, r, COINED); break;
        case 'l': put_form(name, r); break;
        case '&': strcat(name, chance(r, .5) ? "AND" : "&"); break;
        case 'T': strcat(name, "THE"); break;
        case 'o': strcat(name, "OF"); break;
        case 'G': strcat(name, "GROUP"); break;
        case 'S': strcat(name, "SERVICES"); break;
        case '#': sprintf(name + strlen(name), "%u", 1 + (unsigned)below(r, chance(r, .5) ? 20 : 2000)); break;
        default: { const char mark[2] = { *at, 0 }; strcat(name, mark); }
        }
    }
}

static void make_typing_error(char *name, random_source *r)
{
    const size_t size = strlen(name);
    if (size < 3) return;
    const size_t at = below(r, size - 1);
    if ((name[at] | name[at + 1]) & 0x80 || name[at] == ' ' || name[at + 1] == ' ') return;
    switch (below(r, 4)) {
    case 0: memmove(name + at, name + at + 1, size - at); break;
    case 1: memmove(name + at + 1, name + at, size + 1 - at); break;
    case 2: name[at] = (char)('A' + below(r, 26)); break;
    default: { const char first = name[at]; name[at] = name[at + 1]; name[at + 1] = first; }
    }
}

static uint64_t base_seed;

static void name_at(char *name, uint64_t i)
{
    random_source r = { i * 0x9e3779b97f4a7c15u ^ base_seed * 0xd1342543de82ef95u };
    next(&r);
    name[0] = 0;
    const double kind = unit(&r);
    if (i && kind < .05) {
        name_at(name, below(&r, i));
        if (kind < .02) make_typing_error(name, &r);
        return;
    }
    if (kind > .9998) return;
    fill(name, &r, PICK(&r, templates));
    char *space = strchr(name, ' ');
    if (space && chance(&r, .002)) memmove(space + 1, space, strlen(space) + 1);
}

/* ---- needles ------------------------------------------------------------------------------------ */

static size_t split(char *name, char **tokens)
{
    size_t count = 0;
    for (char *at = strtok(name, " "); at && count < 60; at = strtok(NULL, " ")) tokens[count++] = at;
    return count;
}

static void join(char *to, char **tokens, size_t count)
{
    to[0] = 0;
    for (size_t i = 0; i < count; i++) strcat(strcat(to, i ? " " : ""), tokens[i]);
}

static void change(char *name, random_source *r, const char *class)
{
    char copy[NAME_MAX], *tokens[64], more[NAME_MAX] = "";
    strcpy(copy, name);
    size_t count = split(copy, tokens);
    if (!count) return;
    const size_t at = below(r, count);
    if (!strcmp(class, "reordered")) {
        for (size_t i = count; i > 1; i--) {
            const size_t j = below(r, i);
            char *swap = tokens[i - 1];
            tokens[i - 1] = tokens[j];
            tokens[j] = swap;
        }
    } else if (!strcmp(class, "dropped")) {
        if (count > 1) memmove(tokens + at, tokens + at + 1, (--count - at) * sizeof *tokens);
    } else if (!strcmp(class, "added")) {
        put_word(more, r, 1 + (unsigned)below(r, 4));
        tokens[count++] = more;
    } else if (!strcmp(class, "abbreviated")) {
        const size_t length = strlen(tokens[at]);
        if (length > 3) tokens[at][1 + below(r, length / 2)] = 0;
    } else if (!strcmp(class, "legal")) {
        put_form(more, r);
        tokens[count - 1] = more;
    }
    join(name, tokens, count);
}

static void hard(char *name, random_source *r, const char *class)
{
    name[0] = 0;
    if (!strcmp(class, "long")) fill(name, r, "xstcttstcsl" + below(r, 4));
    else if (!strcmp(class, "common")) fill(name, r, below(r, 2) ? "T&oGSl" : "TGSol");
    else if (!strcmp(class, "letters")) for (size_t i = 3 + below(r, 4); i > 0; i--)
        sprintf(name + strlen(name), "%s%c", *name ? " " : "", (char)('A' + below(r, 26)));
    else if (!strcmp(class, "junk")) for (size_t i = 8 + below(r, 20); i > 0; i--)
        sprintf(name + strlen(name), "%c", i % 7 == 3 && *name ? ' ' : (char)('A' + below(r, 26)));
    else if (!strcmp(class, "one")) fill(name, r, "s");
    else fill(name, r, PICK(r, templates));   /* absent */
}

static void needle_at(char *name, uint64_t count, const char *class, random_source *r)
{
    static const char *const all[] = { "reordered", "dropped", "added", "abbreviated", "legal" };
    static const char *const no_name[] = { "long", "common", "letters", "junk", "one", "absent" };
    for (size_t i = 0; i < sizeof no_name / sizeof *no_name; i++)
        if (!strcmp(class, no_name[i])) {
            hard(name, r, class);
            return;
        }
    do name_at(name, below(r, count));
    while (!name[0]);
    if (!strcmp(class, "typo1")) make_typing_error(name, r);
    else if (!strcmp(class, "typo3")) for (int i = 0; i < 3; i++) make_typing_error(name, r);
    else if (!strcmp(class, "mixed")) {
        change(name, r, PICK(r, all));
        change(name, r, PICK(r, all));
        make_typing_error(name, r);
    } else change(name, r, class);
}

int main(int argc, char **argv)
{
    char name[NAME_MAX];
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    base_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (!count || argc == 4) {
        fprintf(stderr, "usage: gen_names NAMES [SEED [NEEDLES CLASS]]\n");
        return 2;
    }
    random_source r = { base_seed + 99 };
    if (argc > 4) {
        for (const char *at = argv[4]; *at; at++) r.state = r.state * 31 + (uint8_t)*at;
        for (uint64_t i = strtoull(argv[3], NULL, 10); i > 0; i--) {
            needle_at(name, count, argv[4], &r);
            puts(name);
        }
    } else {
        for (uint64_t i = 0; i < count; i++) {
            name_at(name, i);
            printf("%llu\t%s\n", (unsigned long long)(1 + (i * 2654435761u + 12345) % (4 * count)), name);
        }
    }
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
