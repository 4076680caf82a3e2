/* Patterns: what they match, where their errors are, limits, the automaton's promises, memory that runs out.
 * Random ones are compared with Python's in tests/model/test_patterns.py. */
#include "query/query.h"
#include "query/regex/unicode_classes.h"

#include "fault.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <utf8proc.h>

typedef kf_status (*make_query)(kf_query **, const void *, size_t, uint32_t, kf_error *);

enum { I = KF_PATTERN_IGNORE_CASE, B = KF_PATTERN_BYTES };

static void tear_down(void) { fault_off(); }

static const char *readable(const char *text, size_t size)
{
    static char shown[120];
    size_t used = 0;
    for (size_t i = 0; i < size && used + 5 < sizeof shown; i++)
        used += (size_t)snprintf(shown + used, 5, text[i] > 31 && text[i] < 127 ? "%c" : "\\x%02x",
                                 (unsigned char)text[i]);
    shown[used] = '\0';
    return shown;
}

/* ---- what matches --------------------------------------------------------------------------------- */

typedef struct expectation {
    make_query make;
    uint32_t flags;
    const char *pattern;
    const char *yes, *no;    /* texts, separated by "|" */
} expectation;

#define R kf_query_create_regex
#define G kf_query_create_glob
#define S kf_query_create_subsequence

static const expectation expectations[] = {
    { R, 0, "", "", "a" },
    { R, 0, "abc", "abc", "|ab|abcd|xabc|ABC" },
    { R, 0, "a|bc|", "a|bc|", "b|c|abc" },
    { R, 0, "(a|b)*c", "c|ac|abbac", "|ab|ca" },
    { R, 0, "a{2}", "aa", "a|aaa" },
    { R, 0, "a{2,}", "aa|aaaa", "a|" },
    { R, 0, "a{1,3}", "a|aa|aaa", "|aaaa" },
    { R, 0, "a{0}b", "b", "ab" },
    { R, 0, "(ab){2}{2}", "abababab", "abab|ab" },
    { R, 0, "a*?b+?c??", "b|aab|aabbc", "|a|bcc" },
    { R, 0, "()*|(|)+x", "|x", "xx" },
    { R, 0, "(a*)*(b?)+", "|aa|aabb|b", "ba" },
    { R, 0, "a.c", "abc|a\xc3\xa9" "c|a\xf0\x9f\x98\x80" "c|a\xff" "c|a\xc3" "c",
      "ac|a\nc|abbc|a\xc3\xa9\xc3\xa9" "c" },
    { R, 0, "(?s)a.c", "a\nc|abc", "ac" },
    { R, 0, "..", "\xe2\x82|\xc3\xa9\xc3\xa9|\xff\xff|a\xed|\xe2\xc3\xa9",
      "\xe2\x82\xac|\xc3\xa9|\xed\xa0\x80" },
    { R, 0, "...", "\xed\xa0\x80|\xf0\x9f\x98|\xe0\x80\x80|\xf5\x80\x80", "\xf0\x9f\x98\x80|\xe2\x82\xac" },
    { R, B, "..", "\xc3\xa9|ab", "\xe2\x82\xac|a\n" },
    { R, B, "[\x80-\xff]+", "\xc3\xa9|\xff", "a|" },
    { R, B, "\\xc3\\xa9|\\u0041", "\xc3\xa9|A", "\xe9" },
    { R, 0, "\\xe9\\x{20AC}\\u00e9", "\xc3\xa9\xe2\x82\xac\xc3\xa9", "\xe9\xe2\x82\xac\xe9" },
    { R, 0, "[abc]", "a|c", "d||ab" },
    { R, 0, "[]a]", "]|a", "b" },
    { R, 0, "[^]a]", "b|-|\xff|\xc3\xa9", "]|a|\xc3\xa9\xa9" },
    { R, 0, "[a-]|[-b]|[+--]", "a|-|b|,", ".|*" },
    { R, 0, "[a-c-e]", "b|-|e", "d" },
    { R, 0, "[\\]\\-\\\\x]", "]|-|\\|x", "a" },
    { R, 0, "[\\d_]\\D", "5x|_\xff|7\xc3\xa9", "55|ax" },
    { R, 0, "[\xc3\xa9-\xe2\x82\xac]", "\xc3\xa9|\xe2\x82\xac|\xd0\xb1", "\xc3\xa8|\xe2\x82\xad|a" },
    { R, 0, "[\\x{D7FF}-\\x{E000}]", "\xed\x9f\xbf|\xee\x80\x80", "\xed\xa0\x80|\xed" },
    { R, 0, "[[:alpha:]_]+", "ab_C", "a1|\xc3\xa9" },
    { R, 0, "[[:^alpha:]]", "1|\xc3\xa9", "a" },
    { R, 0, "[[:]|[[.]", "[|:|.", "a" },
    { R, 0, "[\\w\\W]", "a|\n|\xff|\xc3\xa9", "|ab" },
    { R, 0, "[^\\w\\W]|a", "a", "b|\xff|" },
    { R, 0, "\\w\\s\\d", "\xc3\xa9 7|_\xc2\xa0\xd9\xa3", "  7" },
    { R, B, "\\w\\s\\d", "a 7", "\xc3\xa9 7|a\x85" "7" },
    { R, 0, "\\p{Lu}\\pL\\P{l}", "\xc3\x89" "b7|AB\xff", "ab7|ABc" },
    { R, 0, "\\p{uppercase letter}\\p{Lowercase_Letter}", "Ab", "aB" },
    { R, 0, "\\p{L&}\\p{Any}", "aa|A\xc2\xad", "a|a\xff" },
    { R, 0, "\\p{Cs}|x", "x", "\xed\xa0\x80" },
    { R, 0, "^a$|^(b$)", "a|b", "^a$" },
    { R, 0, "\\Aa\\z|b^c|d$e", "a", "bc|de" },
    { R, 0, "(^a)*b|^$", "b|ab|", "aab|a" },
    { R, 0, "\\^\\$\\.\\*\\ \\\"\xc3\xa9\\\xc3\xa9", "^$.* \"\xc3\xa9\xc3\xa9", "" },
    { R, 0, "\\n\\t\\r\\f\\v", "\n\t\r\f\v", "ntrfv" },
    { R, 0, "a}]", "a}]", "a" },
    { R, 0, ".*foo.*bar.*", "foobar|xfooybarz|fofoobabar", "barfoo|foo\nbar|fobar" },
    { R, 0, "(?s).*foo.*bar", "foo\nbar|foobarbar", "foobarx" },
    { R, 0, "a\n.*b.*|.*\nc.*b.*x", "a\nb|\ncbx", "ab|a\n\nb|\ncb\nx" },
    { R, I, "stra\xc3\x9f" "e[k-s]",
      "STRA\xe1\xba\x9e" "EK|stra\xc3\x9f" "e\xe2\x84\xaa|\xc5\xbftra\xc3\x9f" "e\xc5\xbf", "strassek" },
    { R, I, "\xcf\x83", "\xce\xa3|\xcf\x82|\xcf\x83", "s" },
    { R, I, "i[^i]", "Ix|i\xc4\xb1|i\xc4\xb0", "ii|iI|\xc4\xb1x|\xc4\xb0x" },
    { R, I, "\\p{Lu}\\P{Lu}", "a1|A1", "aa|11" },
    { R, I | B, "k\xc3\xa9[a-c]", "K\xc3\xa9" "C|k\xc3\xa9" "b",
      "K\xc3\x89" "c|\xe2\x84\xaa\xc3\xa9" "a" },
    { R, 0, "(?i)(?s)a.", "A\n", "B\n" },
    { R, 0, "(?is)a.|(?:b)", "A\n|B", "C\n" },
    { G, 0, "", "", "a" },
    { G, 0, "*", "|a|a/b|\n|\xff|\xc3\xa9", "" },
    { G, 0, "a?c", "abc|a\nc|a\xc3\xa9" "c|a\xff" "c", "ac|a\xc3\xa9\xc3\xa9" "c" },
    { G, 0, "*.[ch]", "x.c|.h|a/b.c", "x.d|c" },
    { G, 0, "[!a-c]*", "d|\xff|dd", "a|" },
    { G, 0, "[^a][]x][a\\-z]", "b]z|cx-", "a]z|b]y" },
    { G, 0, "{this,th{at,ose},}.x", "this.x|that.x|those.x|.x", "th.x|thisthat.x" },
    { G, 0, "a,b}c", "a,b}c", "a" },
    { G, 0, "\\*\\?\\[\\{\\\\\\n", "*?[{\\n", "a" },
    { G, 0, "{\\,,\\}}", ",|}", "\\|" },
    { G, 0, "(ab)+.$^", "(ab)+.$^", "ab" },
    { G, 0, "*a*b*c*", "abc|xaybzc|aabbcc", "acb|ab" },
    { G, I, "*\xc3\xa9?", "X\xc3\x89y", "\xc3\x89" },
    { G, B, "a?", "ab|a\xc3", "a\xc3\xa9" },
    { G, 0, "[[:digit:]a]", "7|a", "b|:" },
    { S, 0, "", "|a|\xff", "" },
    { S, 0, "abc", "abc|xaxbxcx|aabbcc|a\nb\xff" "c", "acb|ab|" },
    { S, 0, "\xc3\xa9", "\xc3\xa9|a\xc3\xa9" "b|\xc3\xc3\xa9", "\xc3|\xa9|e" },
    { S, I, "aB", "Ab|xAxbx", "ba" },
    { S, B, "\xa9", "\xc3\xa9|\xa9", "\xc3" },
    { S, 0, ".*", ".*|a.b*c", "*.|ab" },
};

static void expect(const expectation *e, const kf_query *query, const char *texts, kf_status wanted)
{
    if (wanted == KF_NOT_FOUND && !*texts) return;
    for (const char *end = texts; ; texts = end + 1) {
        uint64_t distance = 7;
        end = texts + strcspn(texts, "|");
        kf_status status = kf_query_matches(query, texts, (size_t)(end - texts), &distance);
        ck_assert_msg(status == wanted, "%s, flags %u: \"%s\": %d", e->pattern, e->flags,
                      readable(texts, (size_t)(end - texts)), (int)status);
        ck_assert_uint_eq(distance, status ? 7 : 0);
        if (!*end) break;
    }
}

START_TEST(regex__matches)
{
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const expectation *e = &expectations[i];
        kf_error error;
        kf_query *query;
        kf_status status = e->make(&query, e->pattern, strlen(e->pattern), e->flags, &error);
        ck_assert_msg(!status, "%s: %s", e->pattern, error.message);
        expect(e, query, e->yes, KF_OK);
        expect(e, query, e->no, KF_NOT_FOUND);
        kf_query_destroy(&query);
        ck_assert_ptr_null(query);
    }
}
END_TEST

START_TEST(regex__nul_bytes)
{
    static const struct { make_query make; const char *pattern; size_t size; } patterns[] = {
        { R, "a\0b", 3 }, { R, "a\\0b", 4 }, { R, "a\\x00b", 6 }, { R, "a[\0]b", 5 }, { R, "a[^x]b", 6 },
        { G, "a\0b", 3 }, { G, "a?b", 3 }, { G, "a\\\0b", 4 }, { S, "\0", 1 }, { R, "[\\0-b]*", 7 },
        { R, "a[[:cntrl:]]b", 13 },
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        for (uint32_t flags = 0; flags < 4; flags++) {
            kf_query *query;
            ck_assert_int_eq(patterns[i].make(&query, patterns[i].pattern, patterns[i].size, flags, NULL),
                             KF_OK);
            ck_assert_msg(kf_query_matches(query, "a\0b", 3, NULL) == KF_OK, "pattern %zu", i);
            ck_assert_int_eq(kf_query_matches(query, "axb\xff", 4, NULL), KF_NOT_FOUND);
            kf_query_destroy(&query);
        }
    }
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------- */

typedef struct mistake {
    make_query make;
    uint32_t flags;
    const char *pattern;
    uint64_t offset;
} mistake;

static const mistake mistakes[] = {
    { R, 0, "a(b", 1 }, { R, 0, "ab)c", 2 }, { R, 0, "a[b", 1 }, { R, 0, "a[]", 1 }, { R, 0, "[^]", 0 },
    { R, 0, "*a", 0 }, { R, 0, "a|+", 2 }, { R, 0, "(?", 0 }, { R, 0, "(?)", 0 }, { R, 0, "a(?i)b", 1 },
    { R, 0, "(?i", 0 }, { R, 0, "(?x)a", 0 }, { R, 0, "(?i)(?m)a", 4 }, { R, 0, "(?=a)", 0 },
    { R, 0, "(?P<n>a)", 0 },
    { R, 0, "a**+", 3 }, { R, 0, "a++", 2 }, { R, 0, "a?\?+", 3 }, { R, 0, "a{1}+", 4 },
    { R, 0, "{1}", 0 }, { R, 0, "a{", 1 }, { R, 0, "a{x}", 1 }, { R, 0, "a{1", 1 }, { R, 0, "a{1,2", 1 },
    { R, 0, "ab{3,2}", 2 }, { R, 0, "a{,3}", 1 }, { R, 0, "a{-1}", 1 },
    { R, 0, "ab\\", 2 }, { R, 0, "a\\q", 1 }, { R, 0, "a\\1", 1 }, { R, 0, "a\\012", 1 }, { R, 0, "\\bx", 0 },
    { R, 0, "[\\b]", 1 }, { R, 0, "[a\\A]", 2 }, { R, 0, "[\\z]", 1 },
    { R, 0, "\\x4", 3 }, { R, 0, "\\x4g", 3 }, { R, 0, "\\x{}", 3 }, { R, 0, "\\x{41", 5 },
    { R, 0, "\\u12", 4 },
    { R, 0, "a\\x{110000}", 1 }, { R, 0, "\\x{D800}", 0 }, { R, 0, "a\\uDFFF", 1 },
    { R, 0, "\\x{000000041}", 11 }, { R, B, "a\\x{100}", 1 }, { R, B, "\\u0100", 0 },
    { R, 0, "a\\p", 3 }, { R, 0, "\\p{", 2 }, { R, 0, "\\p{L", 2 }, { R, 0, "\\p{}", 3 },
    { R, 0, "a\\p{Greek}", 4 }, { R, 0, "\\pX", 2 }, { R, B, "a\\pL", 1 },
    { R, 0, "[z-a]", 1 }, { R, 0, "[a\\d-z]", 2 }, { R, 0, "[a-\\d]", 1 }, { R, 0, "[[:foo:]]", 3 },
    { R, 0, "[[:^foo:]]", 4 }, { R, 0, "[a-\\", 3 },
    { R, 0, "ab\xff", 2 }, { R, 0, "a\xc3(", 1 }, { R, 0, "[a\xe2\x82]", 2 }, { R, 0, "[a-\xed\xa0\x80]", 3 },
    { R, 0, "a\\\xff", 2 },
    { G, 0, "a[b", 1 }, { G, 0, "[!]", 0 }, { G, 0, "a{b", 1 }, { G, 0, "{a,{b}", 0 }, { G, 0, "a\\", 1 },
    { G, 0, "[b-a]", 1 }, { G, 0, "a\xff", 1 }, { G, 0, "[\\", 1 }, { G, 0, "[[:foo:]]", 3 },
    { S, 0, "ab\xff", 2 }, { S, 0, "\xc3", 0 },
};

START_TEST(regex__errors_with_positions)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const mistake *m = &mistakes[i];
        kf_error error = { 0 };
        kf_query *query = (kf_query *)&error;
        fault_mark();
        kf_status status = m->make(&query, m->pattern, strlen(m->pattern), m->flags, &error);
        ck_assert_msg(status == KF_INVALID && error.status == KF_INVALID, "%s: %d", m->pattern, (int)status);
        ck_assert_msg(error.offset == m->offset, "%s: at %d: %s", m->pattern, (int)error.offset,
                      error.message);
        ck_assert_ptr_null(query);
        ck_assert_msg(error.message[0], "%s: no message", m->pattern);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(m->make(&query, m->pattern, strlen(m->pattern), m->flags, NULL), KF_INVALID);
    }
    kf_error error;
    kf_query *query;
    ck_assert_int_eq(R(&query, "a", 1, 4, &error), KF_INVALID);
    ck_assert_uint_eq(error.offset, UINT64_MAX);
}
END_TEST

/* `count` times `text` between two others. */
static char *repeated(const char *before, const char *text, size_t count, const char *after, size_t *size)
{
    size_t n = strlen(text), at = strlen(before);
    char *pattern = malloc(at + n * count + strlen(after) + 1);
    memcpy(pattern, before, at);
    for (size_t i = 0; i < count; i++, at += n) memcpy(pattern + at, text, n);
    memcpy(pattern + at, after, strlen(after) + 1);
    *size = at + strlen(after);
    return pattern;
}

START_TEST(regex__limits)
{
    static const struct {
        make_query make;
        const char *before, *text, *after;
        size_t count;
        kf_status status;
    } cases[] = {
        { R, "a", "{1000}", "", 2, KF_LIMIT }, { R, "", "((a{1000}){1000}){1000}", "", 1, KF_LIMIT },
        { R, "\\w", "{999999999999}", "", 1, KF_LIMIT }, { R, "a", "{99999,}", "", 3, KF_LIMIT },
        { R, "(a|)", "{2}", "", 100, KF_LIMIT }, { R, "(|)", "{1000}", "", 2, KF_LIMIT },
        { R, "()", "{1000}", "", 100, KF_OK }, { R, "a", "{262144}", "", 1, KF_OK },
        { R, "a", "{262145}", "", 1, KF_LIMIT }, { R, "(", "ab|", "){0}", 300000, KF_LIMIT },
        { R, "", "(", "", 100000, KF_LIMIT }, { R, "", "(", "a", 200, KF_INVALID },
        { R, "", "(", "a", 201, KF_LIMIT }, { R, "a", "*", "", 1000, KF_OK },
        { R, "a", "*", "", 1001, KF_LIMIT }, { R, "a", "{1}", "", 100000, KF_LIMIT },
        { G, "", "{a,", "", 100000, KF_LIMIT }, { G, "", "{", "", 200, KF_INVALID },
        { G, "", "*", "", 1 << 20, KF_OK },
        { G, "", "?", "", 1 << 18, KF_OK }, { G, "", "?", "", (1 << 18) + 1, KF_LIMIT },
        { R, "[", "\\w", "]", 500000, KF_LIMIT }, { R, "", "[\\w-]", "", 100000, KF_LIMIT },
        { R, "[", "a", "]", (1 << 20) - 2, KF_OK }, { R, "[", "a", "]", (1 << 20) - 1, KF_LIMIT },
        { S, "", "a", "", 80000, KF_OK }, { S, "", "a", "", 200000, KF_LIMIT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kf_error error = { 0 };
        kf_query *query;
        size_t size;
        char *pattern = repeated(cases[i].before, cases[i].text, cases[i].count, cases[i].after, &size);
        fault_mark();
        fault_arm(FAULT_ALLOC, 0, ENOMEM, FAULT_ONCE);
        kf_status status = cases[i].make(&query, pattern, size, 0, &error);
        fault_off();
        ck_assert_msg(status == cases[i].status, "case %zu: %d %s", i, (int)status, error.message);
        size_t most = i < 5 ? 1u << 20 : 64u << 20;
        ck_assert_msg(fault_peak_bytes() < most, "case %zu: %zu bytes", i, fault_peak_bytes());
        ck_assert_msg(!status || error.offset <= size, "case %zu: at %d of %zu", i, (int)error.offset, size);
        kf_query_destroy(&query);
        ck_assert_int_eq(fault_live(), 0);
        free(pattern);
    }
}
END_TEST

/* ---- the automaton -------------------------------------------------------------------------------- */

enum { STATES_MAX = 3000 };

typedef struct machine {
    uint8_t *content[STATES_MAX];
    size_t size[STATES_MAX];
    unsigned count;
    void *scratch;
    uint8_t *made;
} machine;

static void keep(machine *m, size_t size)
{
    unsigned i = 0;
    while (i < m->count && (m->size[i] != size || memcmp(m->content[i], m->made, size))) i++;
    if (!size || i < m->count) return;
    ck_assert_uint_lt(m->count, STATES_MAX);
    m->content[i] = malloc(size);
    m->size[i] = size;
    memcpy(m->content[i], m->made, size);
    m->count++;
}

/* All states that there are; bytes of a class lead to the same from each, and contents keep to state_size. */
static unsigned count_states(make_query make, const char *pattern)
{
    machine *m = calloc(1, sizeof *m);
    kf_query *query;
    ck_assert_int_eq(make(&query, pattern, strlen(pattern), 0, NULL), KF_OK);
    m->scratch = malloc(query->scratch_size);
    m->made = malloc(query->state_size);
    size_t of_class[256];
    uint8_t *by_class = malloc(query->classes * query->state_size);
    keep(m, query->class->start(query, m->scratch, m->made));
    for (unsigned s = 0; s < m->count; s++) {
        memset(of_class, 0xff, sizeof of_class);
        for (unsigned b = 0; b < 256; b++) {
            unsigned c = query->class_of[b];
            uint8_t *first = by_class + c * query->state_size;
            ck_assert_uint_lt(c, query->classes);
            memset(m->scratch, (int)b, query->scratch_size);
            size_t size = query->class->step(query, m->content[s], m->size[s], (uint8_t)b, m->scratch,
                                             m->made);
            ck_assert_uint_le(size, query->state_size);
            if (of_class[c] == SIZE_MAX) {
                of_class[c] = size;
                memcpy(first, m->made, size);
                keep(m, size);
            }
            ck_assert_msg(of_class[c] == size && !memcmp(first, m->made, size), "%s: byte %u", pattern, b);
        }
    }
    unsigned count = m->count;
    for (unsigned s = 0; s < count; s++) free(m->content[s]);
    free(by_class);
    free(m->scratch);
    free(m->made);
    free(m);
    kf_query_destroy(&query);
    return count;
}

START_TEST(regex__states)
{
    static const struct { make_query make; const char *pattern; unsigned most; } cases[] = {
        { R, "abc", 4 }, { R, "\\w+", 330 }, { R, "a\\W*\\p{Lu}|[^x]\xc3\xa9", 900 }, { R, "(a|b)*abb", 5 },
        { R, ".*", 8 }, { R, "[^\xc3\xa9]", 12 }, { R, "[ace\xe2\x82\xac]x|[bdf]y|[acf]z", 20 },
        { R, "(a|b|ab)*c(\xe2\x82\xac|\xe2\x82\xad|\xe2\x81\xac)", 12 }, { R, "", 1 }, { R, "[^\\w\\W]", 1 },
        { R, "(?s).*a.*b.*c.*d.*e.*f.*", 60 }, { R, ".*a.+b.+c.+d.+", 50 }, { S, "abcdefgh", 80 },
        /* Without the loops' cover these would have more. */
        { R, ".*ab.*cd.*ef.*gh.*", 48 }, { R, ".*a.{4}.*b.{4}.*c", 350 },
        { R, "(?s).*ab.ab.*cd.cd.*ef.ef.*", 90 },
        { G, "*a*b*c*d*e*f*g*h*", 80 },
        { G, "*ab?ab*cd?cd*ef?ef*", 90 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned count = count_states(cases[i].make, cases[i].pattern);
        ck_assert_msg(count <= cases[i].most, "%s: %u states", cases[i].pattern, count);
    }
}
END_TEST

/* ---- Unicode -------------------------------------------------------------------------------------- */

static int contains(const kfi_set *set, uint32_t code)
{
    const kfi_range *ranges = kfi_set_ranges(set);
    size_t low = 0, high = kfi_set_count(set);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].high < code) low = middle + 1;
        else high = middle;
    }
    return low < kfi_set_count(set) && ranges[low].low <= code;
}

/* The code points that regex_unicode.c takes for granted are those that utf8proc has. */
START_TEST(unicode__categories)
{
    kfi_set sets[30] = { { { 0 }, 0 } };
    for (unsigned c = 0; c < 30; c++) {
        ck_assert_int_eq(kfi_unicode_add(&sets[c], 1u << c, NULL), KF_OK);
        kfi_set_normalise(&sets[c]);
    }
    for (uint32_t code = 0; code <= KFI_CODE_POINT_MAX; code++) {
        unsigned category = (unsigned)utf8proc_category((utf8proc_int32_t)code);
        ck_assert_msg(contains(&sets[category], code), "U+%04X", code);
    }
    for (unsigned c = 0; c < 30; c++) kfi_set_free(&sets[c]);
}
END_TEST

/* Whatever case mappings there are stay within what is folded together. */
START_TEST(unicode__folding)
{
    unsigned cased = 0;
    for (int32_t code = 0; code <= KFI_CODE_POINT_MAX; code++) {
        int32_t lower = utf8proc_tolower(code), upper = utf8proc_toupper(code);
        if ((lower == code && upper == code) || code == 0x130 || code == 0x131) continue;
        kfi_set set = { { 0 }, 0 };
        ck_assert_int_eq(kfi_set_add(&set, (uint32_t)code, (uint32_t)code, NULL), KF_OK);
        ck_assert_int_eq(kfi_unicode_fold(&set, NULL), KF_OK);
        kfi_set_normalise(&set);
        ck_assert_msg(contains(&set, (uint32_t)lower) && contains(&set, (uint32_t)upper), "U+%04X", code);
        ck_assert(contains(&set, (uint32_t)code) && !contains(&set, 0x130) && !contains(&set, 0x131));
        kfi_set_free(&set);
        cased++;
    }
    ck_assert_uint_gt(cased, 2000);
}
END_TEST

/* ---- memory that runs out ------------------------------------------------------------------------- */

START_TEST(regex__without_memory)
{
    static const struct { make_query make; uint32_t flags; const char *pattern; } cases[] = {
        { R, 0, "(a|[^b]*|\\w+){2,3}\\p{Lu}" }, { R, I, "[a-z\xc3\xa9]+[[:alpha:]]$" },
        { R, B | I, "[^a]\\W|x" },
        { G, 0, "*{a,b}[!c]?" }, { S, I, "ab\xc3\xa9" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t n = 1; ; n++) {
            kf_query *query;
            kf_error error = { 0 };
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
            kf_status status = cases[i].make(&query, cases[i].pattern, strlen(cases[i].pattern),
                                             cases[i].flags, &error);
            if (!status) status = kf_query_matches(query, "ab", 2, NULL);
            int fired = fault_fired();
            fault_off();
            kf_query_destroy(&query);
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) break;
            /* An array that can't grow by half may still grow by what is needed. */
            ck_assert_msg(status == KF_NO_MEMORY || status == KF_OK || status == KF_NOT_FOUND, "%d",
                          (int)status);
        }
        for (uint64_t n = 1; ; n++) {
            kf_query *query;
            kf_error error = { 0 };
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_FROM);
            kf_status status = cases[i].make(&query, cases[i].pattern, strlen(cases[i].pattern),
                                             cases[i].flags, &error);
            int fired = fault_fired();
            fault_off();
            ck_assert_int_eq(status, fired ? KF_NO_MEMORY : KF_OK);
            ck_assert_int_eq(error.status, status);
            kf_query_destroy(&query);
            ck_assert_int_eq(fault_live(), 0);
            if (!fired) break;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regex");
    TCase *tcase = tcase_create("regex");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, regex__matches);
    tcase_add_test(tcase, regex__nul_bytes);
    tcase_add_test(tcase, regex__errors_with_positions);
    tcase_add_test(tcase, regex__limits);
    tcase_add_test(tcase, regex__states);
    tcase_add_test(tcase, unicode__categories);
    tcase_add_test(tcase, unicode__folding);
    tcase_add_test(tcase, regex__without_memory);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
