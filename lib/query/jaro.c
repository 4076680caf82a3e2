/* The automaton counts: a unit of a text can match only as often as the needle has it, wherever it stands. So
 * the matches of Jaro's definition are at most the common units as multisets.
 *
 * content  | pending count:8 | pending bytes[3] | consumed:32 | common prefix:8 | broken:8 |
 *          | matched[distinct units of the needle]:8 |
 *
 * matched[d] is how many of the needle's units of that kind are used up, at most 255 (then it means: any
 * number). */
#include "query/jaro.h"

#include "query/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_PENDING = 1, AT_CONSUMED = 4, AT_PREFIX = 8, AT_BROKEN = 9, HEAD = 10,
    PREFIX_MAX = 4,
    NEEDLE_LIMIT = 4096,            /* bytes */
    NO_UNIT = 0x7fffffff
};

typedef struct jaro {
    kf_query query;
    kf_unit unit;
    uint32_t size, distinct;
    uint32_t prefix[PREFIX_MAX];
    uint8_t representative[256];
    uint32_t *kind, *times;         /* the distinct units, ascending, and how often the needle has each */
    uint32_t memory[];
} jaro;

double kfi_jaro_winkler(const uint32_t *a, size_t a_size, const uint32_t *b, size_t b_size, uint8_t *marks)
{
    const size_t longer = a_size > b_size ? a_size : b_size, window = longer / 2 > 1 ? longer / 2 - 1 : 0;
    uint8_t *in_a = marks, *in_b = marks + a_size;
    size_t matches = 0, crossed = 0, prefix = 0;
    if (!a_size && !b_size) return 1;
    memset(marks, 0, a_size + b_size);
    for (size_t i = 0; i < a_size; i++) {
        size_t from = i > window ? i - window : 0, to = i + window + 1 < b_size ? i + window + 1 : b_size;
        for (size_t j = from; j < to; j++) {
            if (in_b[j] || a[i] != b[j]) continue;
            in_a[i] = in_b[j] = 1;
            matches++;
            break;
        }
    }
    if (!matches) return 0;
    for (size_t i = 0, j = 0; i < a_size; i++) {
        if (!in_a[i]) continue;
        while (!in_b[j]) j++;
        crossed += a[i] != b[j++];
    }
    const double m = (double)matches;
    double similarity = (m / (double)a_size + m / (double)b_size + (m - (double)(crossed / 2)) / m) / 3;
    while (prefix < PREFIX_MAX && prefix < a_size && prefix < b_size && a[prefix] == b[prefix]) prefix++;
    if (similarity > 0.7) similarity += (double)prefix * 0.1 * (1 - similarity);
    return similarity;
}

/* ---- the automaton ---------------------------------------------------------------------------- */

static void consume(const jaro *j, uint8_t *state, uint32_t unit)
{
    uint32_t consumed, low = 0, high = j->distinct;
    memcpy(&consumed, state + AT_CONSUMED, sizeof consumed);
    if (!state[AT_BROKEN] && state[AT_PREFIX] < PREFIX_MAX) {
        if (consumed < j->size && j->prefix[consumed] == unit) state[AT_PREFIX]++;
        else state[AT_BROKEN] = 1;
    }
    if (consumed < UINT32_MAX) consumed++;
    memcpy(state + AT_CONSUMED, &consumed, sizeof consumed);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (j->kind[middle] < unit) low = middle + 1;
        else high = middle;
    }
    if (low == j->distinct || j->kind[low] != unit) return;
    uint8_t *matched = state + HEAD + low;
    if (*matched < j->times[low] && *matched < 255) ++*matched;
}

static size_t start(const kf_query *query, void *scratch, uint8_t *to)
{
    const jaro *j = (const jaro *)query;
    memset(to, 0, HEAD + j->distinct);
    return HEAD + j->distinct;
}

static size_t step(const kf_query *query, const uint8_t *from, size_t from_size, uint8_t byte, void *scratch,
                   uint8_t *to)
{
    const jaro *j = (const jaro *)query;
    uint8_t pending[KFI_SEQUENCE_MAX];
    unsigned count = from[0], length = 1;
    memcpy(to, from, from_size);
    memcpy(pending, from + AT_PENDING, 3);
    memset(to, 0, AT_CONSUMED);
    if (j->unit == KF_UNIT_BYTES) {
        consume(j, to, byte);
        return from_size;
    }
    byte = j->representative[byte];
    if (count && kfi_utf8_continues(pending, count, byte)) {
        pending[count++] = byte;
        length = kfi_utf8_length(pending[0]);
    } else {
        for (unsigned i = 0; i < count; i++) consume(j, to, NO_UNIT);
        pending[0] = byte;
        count = 1;
        length = kfi_utf8_length(byte);
    }
    if (count < length) {
        to[0] = (uint8_t)count;
        memcpy(to + AT_PENDING, pending, count);
    } else {
        consume(j, to, length ? kfi_utf8_value(pending, length) : NO_UNIT);
    }
    return from_size;
}

/* The best that can follow is all the units of the needle that are left: each adds a match and a unit of
 * length. */
static void judge(const kf_query *query, const uint8_t *state, size_t size, kfi_verdict *verdict)
{
    const jaro *j = (const jaro *)query;
    uint32_t consumed;
    uint64_t common = 0;
    memcpy(&consumed, state + AT_CONSUMED, sizeof consumed);
    for (uint32_t d = 0; d < j->distinct; d++) common += state[HEAD + d] == 255 ? j->times[d] : state[HEAD + d];
    const double length = (double)consumed + (double)(j->size - (common < j->size ? common : j->size));
    const unsigned prefix = state[AT_BROKEN] ? state[AT_PREFIX] : PREFIX_MAX;
    double best = length > 0 && j->size ? (2 + (j->size < length ? j->size / length : 1)) / 3 : 1;
    if (!j->size && consumed) best = 0;
    best += prefix * 0.1 * (1 - best);
    *verdict = (kfi_verdict){ .accepts = 1, .bound = nextafterf((float)best, INFINITY) };
}

static const kfi_automaton_class jaro_class = { start, step, judge, NULL, NULL };

/* ---- making one ------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

kf_status kfi_jaro_create(kf_query **out, kf_bytes needle, kf_unit unit, kf_error *error)
{
    uint32_t signature[256];
    *out = NULL;
    if (needle.size > NEEDLE_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a needle of %zu bytes is longer than the limit of %d for Jaro-Winkler",
                        needle.size, NEEDLE_LIMIT);
    jaro *j = calloc(1, sizeof *j + 2 * needle.size * sizeof *j->memory);
    if (!j) return kfi_fail_memory(error, sizeof *j);
    j->unit = unit;
    j->kind = j->memory;
    j->times = j->memory + needle.size;
    kf_status status = kfi_units_read(unit, needle, j->kind, &j->size, error);
    if (status) {
        free(j);
        return status;
    }
    for (uint32_t i = 0; i < PREFIX_MAX && i < j->size; i++) j->prefix[i] = j->kind[i];
    if (j->size) qsort(j->kind, j->size, sizeof *j->kind, ascending);
    for (uint32_t i = 0; i < j->size; i++) {
        if (!j->distinct || j->kind[j->distinct - 1] != j->kind[i]) j->kind[j->distinct++] = j->kind[i];
        j->times[j->distinct - 1]++;
    }
    kfi_units_classify(unit, needle, signature, j->representative);
    kfi_query_init(&j->query, &jaro_class, HEAD + j->distinct, 0, signature);
    *out = &j->query;
    return KF_OK;
}
