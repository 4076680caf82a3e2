/* Any needle, options and texts: a fuzzy query against the distances as they are defined, and what its
 * automaton promises in every state: no better score than its bound comes, and none but its labels lead on.
 *
 *   0  1  metric: 2 | unit: 1 | prefix: 1 | scoring: 2 | negated: 1
 *   1  1  distance        2  1  exact prefix       3  1  size of the needle
 *   4     the needle, then texts, each after a byte with its size */
#include "fuzz.h"

#include "query/fuzzy/jaro.h"
#include "query/fuzzy/levenshtein.h"

#include "distances.h"

#include <math.h>

enum { TEXTS = 16, TEXT_MAX = 255, STATE_MAX = 2048, REACHED = 600 };

/* A state in memory of exactly its room, for a sanitizer to see what is written beyond. */
typedef struct walker {
    const kf_query *query;
    uint8_t *state, *next, *scratch;
    size_t size;
} walker;

static void *exactly(size_t size)
{
    void *memory = malloc(size ? size : 1);
    FUZZ_MUST(memory, "memory");
    return memory;
}

static void walker_start(walker *w, const kf_query *query)
{
    w->query = query;
    w->state = exactly(query->state_size);
    w->next = exactly(query->state_size);
    w->scratch = exactly(query->scratch_size);
    memset(w->scratch, 0xa5, query->scratch_size);
    w->size = query->class->start(query, w->scratch, w->state);
    FUZZ_MUST(w->size <= query->state_size, "%zu bytes of content", w->size);
}

static void walker_end(walker *w)
{
    free(w->state);
    free(w->next);
    free(w->scratch);
}

/* Where `byte` leads to, in w->next; 0: nowhere. */
static size_t walker_try(walker *w, uint8_t byte)
{
    memset(w->next, 0x5a, w->query->state_size);
    size_t size = w->query->class->step(w->query, w->state, w->size, byte, w->scratch, w->next);
    FUZZ_MUST(size <= w->query->state_size, "%zu bytes of content", size);
    return size;
}

/* Whether a state, in w->next, accepts or leads to one that does in `depth` bytes: no fewer than the longest sequence
 * has. By breadth, each state once: there are few, and many ways to them. */
static int leads_on(const walker *w, size_t size, unsigned depth)
{
    static uint8_t states[REACHED][STATE_MAX];
    static size_t sizes[REACHED];
    const kf_query *query = w->query;
    uint8_t bytes[256];
    unsigned classes = 0, seen[256] = { 0 };
    size_t count = 1, done = 0;
    for (unsigned b = 0; b < 256; b++)
        if (!seen[query->class_of[b]]++) bytes[classes++] = (uint8_t)b;
    memcpy(states[0], w->next, sizes[0] = size);
    for (size_t level = 1; ; level = count, depth--) {
        for (; done < level; done++) {
            kfi_verdict verdict;
            query->class->judge(query, states[done], sizes[done], &verdict);
            if (verdict.accepts) return 1;
            for (unsigned c = 0; depth && c < classes; c++) {
                size_t same = 0;
                sizes[count] = query->class->step(query, states[done], sizes[done], bytes[c], w->scratch,
                                                  states[count]);
                if (!sizes[count]) continue;
                while (sizes[same] != sizes[count] || memcmp(states[same], states[count], sizes[count])) same++;
                if (same == count && ++count == REACHED) return 1;
            }
        }
        if (!depth || count == level) return 0;
    }
}

/* By other bytes than the state's labels nothing is reached; bytes of one class lead to the same state: of those, every
 * sixteenth is tried, others at another place of the text. */
static void check_labels(walker *w, size_t at)
{
    const kf_query *query = w->query;
    uint8_t label[7], first[256];
    int listed[256] = { 0 }, count = -1;
    if (query->class->labels) count = query->class->labels(query, w->state, w->size, label);
    FUZZ_MUST(count >= -1 && count <= 7, "%d labels", count);
    for (int i = 0; i < count; i++) {
        FUZZ_MUST(!listed[label[i]], "label %02x twice", label[i]);
        listed[label[i]] = 1;
    }
    for (unsigned b = 256; b--; ) first[query->class_of[b]] = (uint8_t)b;
    for (unsigned b = 0; b < 256; b++) {
        uint8_t same[STATE_MAX];
        const uint8_t other = first[query->class_of[b]];
        if (other != b && (b ^ at / 8) % 16) continue;
        size_t size = walker_try(w, (uint8_t)b);
        if (other != b) {
            size_t other_size = query->class->step(query, w->state, w->size, other, w->scratch, same);
            FUZZ_MUST(size == other_size && !memcmp(same, w->next, size), "bytes %02x and %02x", other, b);
            FUZZ_MUST(count < 0 || listed[b] == listed[other], "labels %02x and %02x", other, b);
        } else if (count >= 0 && !listed[b] && size) {
            FUZZ_MUST(!leads_on(w, size, 4), "byte %02x is no label", b);
        }
    }
}

/* Walks a text; `score` is what the whole text has, NAN if the query does not accept it. */
static void check_walk(const kf_query *query, kf_bytes text, double score, int accepts, uint32_t distance)
{
    walker w;
    kfi_verdict verdict = { 0 };
    walker_start(&w, query);
    for (size_t at = 0; ; at++) {
        if (w.size) {
            query->class->judge(query, w.state, w.size, &verdict);
            if (accepts) FUZZ_MUST((double)verdict.bound >= score, "bound %.9g at %zu, score %.17g",
                                   (double)verdict.bound, at, score);
            if (at % 8 == 0) check_labels(&w, at);
        }
        FUZZ_MUST(w.size || !accepts, "dead at %zu", at);
        if (!w.size || at == text.size) break;
        w.size = walker_try(&w, text.data[at]);
        uint8_t *state = w.state;
        w.state = w.next;
        w.next = state;
    }
    FUZZ_MUST((w.size && verdict.accepts) == accepts, "accepts: %d", accepts);
    if (accepts) FUZZ_MUST(verdict.distance == distance, "distance %u, not %u", (unsigned)verdict.distance,
                           (unsigned)distance);
    walker_end(&w);
}

/* The score is right, and no bound on the way to the text is below it. */
static void check_jaro(kfi_jaro *jaro, kf_bytes text, double score)
{
    kfi_jaro_cut(jaro, 0);
    FUZZ_MUST(kfi_jaro_score(jaro, text) == score, "not %g", score);
    for (size_t i = 0; i <= text.size; i++) {
        FUZZ_MUST(kfi_jaro_bound(jaro) >= score - 1e-12, "%g after %zu bytes, not %g", kfi_jaro_bound(jaro), i, score);
        if (i < text.size) kfi_jaro_push(jaro, text.data);
    }
    FUZZ_MUST(kfi_jaro_most(jaro) >= score - 1e-12, "%g, not %g", kfi_jaro_most(jaro), score);
}

static void check_text(const kf_query *query, const kf_query *negated, kfi_jaro *jaro,
                       const kf_fuzzy_options *o, kfi_scoring scoring, kf_bytes needle, kf_bytes text)
{
    uint32_t a[TEXT_MAX + 1], b[TEXT_MAX + 1], column[TEXT_MAX + 1], distance;
    size_t m = plain_units(o->unit, needle, a, NULL), n = plain_units(o->unit, text, b, NULL), agree = 0;
    uint64_t found = 0;
    plain_distances(o->metric, a, m, b, n, column);
    distance = column[n];
    for (size_t i = 0; o->prefix && i < n; i++)
        if (column[i] < distance) distance = column[i];
    while (agree < m && agree < n && a[agree] == b[agree]) agree++;
    const int accepts = distance <= o->distance && agree >= (o->exact_prefix < m ? o->exact_prefix : m);
    kf_status status = kf_query_matches(query, text.data, text.size, &found);
    FUZZ_MUST(status == (accepts ? KF_OK : KF_NOT_FOUND), "%s, distance %u", kf_status_name(status),
              distance);
    if (accepts) FUZZ_MUST(found == distance, "distance %llu, not %u", (unsigned long long)found, distance);
    if (negated) {
        status = kf_query_matches(negated, text.data, text.size, NULL);
        FUZZ_MUST(status == (accepts ? KF_NOT_FOUND : KF_OK), "negated: %s", kf_status_name(status));
    }
    double score = scoring == KFI_SCORE_NONE ? 0 : -(double)distance;
    if (scoring == KFI_SCORE_SIMILARITY) score = plain_similarity(o->metric, m, n, distance);
    check_walk(query, text, score, accepts, distance);
    if (jaro) check_jaro(jaro, text, plain_jaro_winkler(a, m, b, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    kf_query *query, *negated = NULL;
    kfi_jaro jaro = { 0 };
    kf_error error = { 0 };
    uint32_t units[TEXT_MAX + 1];
    size_t invalid;
    if (size < 4) return 0;
    o.metric = (kf_metric)((data[0] & 3) % 3);
    o.unit = (kf_unit)(data[0] >> 2 & 1);
    o.distance = data[1];
    o.exact_prefix = data[2];
    kfi_scoring scoring = (kfi_scoring)((data[0] >> 4 & 3) % 3);
    o.prefix = scoring == KFI_SCORE_NONE && data[0] >> 3 & 1;
    if (scoring) o.exact_prefix = 0;   /* nearest has neither */
    size_t length = data[3] < size - 4 ? data[3] : size - 4, at = 4 + length;
    uint8_t *bytes = exactly(length);
    memcpy(bytes, data + 4, length);
    const kf_bytes needle = { bytes, length };
    kf_status status = kf_query_create_fuzzy(&query, bytes, length, &o, &error);
    if (!status && scoring) {
        kf_query_destroy(&query);
        status = kfi_levenshtein_create(&query, needle, &o, scoring, &error);
    }
    plain_units(KF_UNIT_CODE_POINTS, needle, units, &invalid);
    if (o.distance > KF_DISTANCE_LIMIT) {
        FUZZ_MUST(status == KF_INVALID, "distance %u: %d", (unsigned)o.distance, (int)status);
    } else if (o.unit == KF_UNIT_CODE_POINTS && invalid < length) {
        FUZZ_MUST(status == KF_INVALID && error.offset == invalid, "%d at %llu, not %zu", (int)status,
                  (unsigned long long)error.offset, invalid);
    } else {
        FUZZ_MUST(!status, "%s", error.message);
    }
    if (!status && data[0] & 64) status = kf_query_create_not(&negated, query, &error);
    if (!status && scoring == KFI_SCORE_SIMILARITY) status = kfi_jaro_create(&jaro, needle, o.unit, UINT8_MAX, &error);
    for (unsigned n = 0; n < TEXTS && !status && at < size; n++) {
        size_t part = data[at] < size - at - 1 ? data[at] : size - at - 1;
        uint8_t *text = exactly(part);
        memcpy(text, data + at + 1, part);
        check_text(query, negated, jaro.level ? &jaro : NULL, &o, scoring, needle, (kf_bytes){ text, part });
        free(text);
        at += 1 + part;
    }
    kf_query_destroy(&query);
    kf_query_destroy(&negated);
    kfi_jaro_destroy(&jaro);
    free(bytes);
    return 0;
}

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    static const char *const texts[] = { "needle", "nedele", "", "n\xc3\xa9" "edl\xc3\xa9", "n\xc3" "edl\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xe8\xaa\x9e",
        "\xf0\x9f\x98\x80\xf0\x9f\x98\x81", "\xf0\x9f\x98\xf0\x9f", "\xed\xa0\x80\xc0\x80",
        "abababababababababababab", "babababababababababababa", "needles and pins", "eeeeeeee" };
    enum { COUNT = sizeof texts / sizeof *texts, SEEDS = 36 };
    if (n >= SEEDS) return NULL;
    const char *needle = texts[n * 5 % COUNT];
    uint8_t *data = malloc(4 + COUNT * 256), *to = data;
    FUZZ_MUST(data, "memory");
    *to++ = (uint8_t)(n % 3 | (n / 3 & 1) << 2 | (n / 6 & 1) << 3 | n / 12 << 4 | (n & 1) << 6);
    *to++ = (uint8_t)(n % 7 == 6 ? 254 : n % 7);
    *to++ = (uint8_t)(n % 4 == 0 ? n / 4 : 0);
    *to++ = (uint8_t)strlen(needle);
    memcpy(to, needle, strlen(needle));
    to += strlen(needle);
    for (unsigned i = 0; i < COUNT; i++) {
        *to++ = (uint8_t)strlen(texts[i]);
        memcpy(to, texts[i], strlen(texts[i]));
        to += strlen(texts[i]);
    }
    *size = (size_t)(to - data);
    return data;
}
