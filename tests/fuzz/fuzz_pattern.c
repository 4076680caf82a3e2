/* Any bytes as a pattern of each kind, and any bytes as a text that it may match.
 *
 *   0  1  kind: 0 regex, 1 glob, 2 subsequence, 3 regex | flags << 2
 *   1  1  bytes of the pattern, which follows; the rest is the text */
#include "fuzz.h"

#include "query/query.h"

#include <string.h>

enum { STATE_MOST = 1 << 16 };

/* Matches with a stand-in for each byte: any other one of its class. */
static int matches_by_class(const kf_query *query, const uint8_t *text, size_t size)
{
    uint8_t *scratch = malloc(query->scratch_size), *from = malloc(2 * query->state_size), other[256];
    FUZZ_MUST(scratch && from, "memory");
    uint8_t *to = from + query->state_size, *begin = from;
    kfi_verdict verdict = { 0 };
    for (unsigned b = 0; b < 256; b++) {
        FUZZ_MUST(query->class_of[b] < query->classes, "class %u of byte %u", query->class_of[b], b);
        other[query->class_of[b]] = (uint8_t)b;
    }
    size_t state = query->class->start(query, scratch, from);
    for (size_t i = 0; i < size && state; i++) {
        FUZZ_MUST(state <= query->state_size, "a state of %zu bytes", state);
        state = query->class->step(query, from, state, other[query->class_of[text[i]]], scratch, to);
        uint8_t *swapped = from;
        from = to;
        to = swapped;
    }
    if (state) query->class->judge(query, from, state, &verdict);
    free(begin);
    free(scratch);
    return verdict.accepts != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static kf_status (*const kinds[])(kf_query **, const void *, size_t, uint32_t, kf_error *) = {
        kf_query_create_regex, kf_query_create_glob, kf_query_create_subsequence, kf_query_create_regex
    };
    kf_error error = { 0 };
    kf_query *query;
    if (size < 2) return 0;
    size_t pattern_size = data[1] < size - 2 ? data[1] : size - 2;
    const uint8_t *text = data + 2 + pattern_size;
    size_t text_size = size - 2 - pattern_size;
    kf_status status = kinds[data[0] & 3](&query, data + 2, pattern_size, data[0] >> 2 & 3, &error);
    if (status) {
        FUZZ_MUST(status == KF_INVALID || status == KF_LIMIT, "%d", (int)status);
        FUZZ_MUST(error.status == status && error.message[0], "no message");
        FUZZ_MUST(error.offset <= pattern_size, "the error is at %d", (int)error.offset);
        FUZZ_MUST(!query, "a query in spite of the failure");
        return 0;
    }
    /* What is large takes long: some of the texts suffice. */
    if (query->state_size > STATE_MOST && text_size > 16) text_size = 16;
    status = kf_query_matches(query, text, text_size, NULL);
    FUZZ_MUST(status == KF_OK || status == KF_NOT_FOUND, "%d", (int)status);
    FUZZ_MUST(matches_by_class(query, text, text_size) == (status == KF_OK), "other bytes of a class differ");
    if ((data[0] & 3) == 2 && (data[0] >> 2 & KF_PATTERN_BYTES) && pattern_size < 200)
        FUZZ_MUST(kf_query_matches(query, data + 2, pattern_size, NULL) == KF_OK, "not in itself");
    kf_query_destroy(&query);
    return 0;
}

/* ---- seeds ---------------------------------------------------------------------------------------- */

static const struct seed {
    uint8_t head;
    const char *pattern, *text;
} seeds[] = {
    { 0, "(a|b)*c{2,3}[^x-z\\d]+?", "abbaccq" }, { 4, "[[:alpha:]\xc3\xa9]\\w.*|\\p{Lu}\\P{Ll}", "\xc3\x89" "abc" },
    { 8, "[\x80-\xff]+\\xc3.", "\x81\xc3x" }, { 0, "(?is).*foo.*bar.*", "xFOO\nybarz" },
    { 0, "^(a{3}){4,}(|b)$|\\x{1F600}\\u20ac", "\xf0\x9f\x98\x80\xe2\x82\xac" },
    { 0, ".[^\xc3\xa9]\\W{2}", "\xe2\x82\xf0\x9f\xff" }, { 0, "((((((a*)*)*)+)?){2}){3}", "aaaaaaaaaa" },
    { 0, "[[:^punct:]][]a-][\\]\\-\\\\]\\s\\S\\D\\0", "a]-\n" }, { 0, "(\\w{9}){99}{99}", "" },
    { 1, "*.{c,h,{tx,da}t}", "name.txt" }, { 1, "[!a-c]?[[:digit:]]\\*\xff", "x" },
    { 5, "*\xc3\xa9*?{A,b}", "\xc3\x89xyB" }, { 9, "?*[^\x80]", "\xc3\xa9\xff" },
    { 2, "abc", "xaybzc" }, { 6, "\xc5\xbf\xe2\x84\xaa", "skSK" }, { 10, "\xa9\xc3", "\xc3\xa9\xc3" },
};

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    if (n >= sizeof seeds / sizeof *seeds) return NULL;
    size_t pattern = strlen(seeds[n].pattern), text = strlen(seeds[n].text);
    uint8_t *data = malloc(2 + pattern + text);
    FUZZ_MUST(data, "memory");
    data[0] = seeds[n].head;
    data[1] = (uint8_t)pattern;
    memcpy(data + 2, seeds[n].pattern, pattern);
    memcpy(data + 2 + pattern, seeds[n].text, text);
    *size = 2 + pattern + text;
    return data;
}
