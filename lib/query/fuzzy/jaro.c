/* The bound counts: a unit of a text can match only as often as the needle has it, wherever it stands. So the
 * matches of Jaro's definition are at most the common units as multisets. */
#include "query/fuzzy/jaro.h"

#include "query/units.h"

#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_MAX = 4,
    NEEDLE_LIMIT = 4096,            /* bytes */
    NO_UNIT = 0x7fffffff
};

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

kf_status kfi_jaro_create(kfi_jaro *j, kf_bytes needle, kf_unit unit, size_t longest, kf_error *error)
{
    memset(j, 0, sizeof *j);
    j->unit = unit;
    if (needle.size > NEEDLE_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a needle of %zu bytes is longer than the limit of %d for Jaro-Winkler",
                        needle.size, NEEDLE_LIMIT);
    const size_t room = needle.size + longest + 1;
    j->needle = malloc(room * sizeof *j->needle);
    j->kind = calloc(3 * needle.size + 1, sizeof *j->kind);
    j->level = calloc(longest + 1, sizeof *j->level);
    j->marks = malloc(room);
    kf_status status = j->needle && j->kind && j->level && j->marks
                       ? kfi_units_read(unit, needle, j->needle, &j->size, error)
                       : kfi_fail_memory(error, room * sizeof *j->needle);
    if (status) {
        kfi_jaro_destroy(j);
        return status;
    }
    j->times = j->kind + needle.size;
    j->used = j->times + needle.size;
    if (j->size) {
        memcpy(j->kind, j->needle, j->size * sizeof *j->kind);
        qsort(j->kind, j->size, sizeof *j->kind, ascending);
    }
    for (uint32_t i = 0; i < j->size; i++) {
        if (!j->distinct || j->kind[j->distinct - 1] != j->kind[i]) j->kind[j->distinct++] = j->kind[i];
        j->times[j->distinct - 1]++;
    }
    return KF_OK;
}

void kfi_jaro_destroy(kfi_jaro *j)
{
    free(j->needle);
    free(j->kind);
    free(j->level);
    free(j->marks);
    memset(j, 0, sizeof *j);
}

/* ---- growing a text --------------------------------------------------------------------------- */

void kfi_jaro_cut(kfi_jaro *j, size_t depth)
{
    for (; j->depth > depth; j->depth--)
        if (j->level[j->depth].kind >= 0) j->used[j->level[j->depth].kind]--;
}

static void consume(kfi_jaro *j, kfi_jaro_level *l, uint32_t unit)
{
    if (!l->broken && l->prefix < PREFIX_MAX) {
        if (l->consumed < j->size && j->needle[l->consumed] == unit) l->prefix++;
        else l->broken = 1;
    }
    l->consumed++;
    uint32_t low = 0, high = j->distinct;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (j->kind[middle] < unit) low = middle + 1;
        else high = middle;
    }
    if (low == j->distinct || j->kind[low] != unit) return;
    l->kind = (int32_t)low;
    if (j->used[low]++ < j->times[low]) l->common++;
}

void kfi_jaro_push(kfi_jaro *j, const uint8_t *text)
{
    const uint8_t byte = text[j->depth], *begun = text + j->depth - j->level[j->depth].pending;
    kfi_jaro_level *l = &j->level[j->depth + 1];
    *l = j->level[j->depth];
    l->kind = -1;
    l->pending = 0;
    j->depth++;
    if (j->unit == KF_UNIT_BYTES) {
        consume(j, l, byte);
        return;
    }
    unsigned count = (unsigned)(text + j->depth - 1 - begun), length = 0;
    if (count && kfi_utf8_continues(begun, count, byte)) {
        length = kfi_utf8_length(begun[0]);
        count++;
    } else {
        while (count--) consume(j, l, NO_UNIT);
        begun = &text[j->depth - 1];
        length = kfi_utf8_length(byte);
        count = 1;
    }
    if (count < length) l->pending = (uint8_t)count;
    else consume(j, l, length ? kfi_utf8_value(begun, length) : NO_UNIT);
}

/* ---- similarities ----------------------------------------------------------------------------- */

static double with_prefix(double similarity, unsigned prefix)
{
    return similarity > 0.7 ? similarity + prefix * 0.1 * (1 - similarity) : similarity;
}

/* Of texts of `length` units that have `matches` with the needle, in order. */
static double most(const kfi_jaro *j, double matches, double length, unsigned prefix)
{
    if (!j->size) return length > 0 ? 0 : 1;
    if (matches <= 0) return 0;
    return with_prefix((matches / j->size + matches / length + 1) / 3, prefix);
}

/* The best that can follow is all the units of the needle that are left: each adds a match and a unit of length. */
double kfi_jaro_bound(const kfi_jaro *j)
{
    const kfi_jaro_level *l = &j->level[j->depth];
    return most(j, j->size, (double)l->consumed + (j->size - l->common), l->broken ? l->prefix : PREFIX_MAX);
}

double kfi_jaro_most(const kfi_jaro *j)
{
    const kfi_jaro_level *l = &j->level[j->depth];
    return most(j, l->common, (double)l->consumed + l->pending, l->prefix);
}

double kfi_jaro_score(kfi_jaro *j, kf_bytes text)
{
    const uint32_t *a = j->needle, *b = j->needle + j->size;
    size_t a_size = j->size, b_size = 0, matches = 0, crossed = 0, prefix = 0;
    for (size_t at = 0; at < text.size; b_size++)
        at += kfi_unit_next(j->unit, text.data + at, text.size - at, &j->needle[j->size + b_size]);
    if (!a_size && !b_size) return 1;
    const size_t longer = a_size > b_size ? a_size : b_size, window = longer / 2 > 1 ? longer / 2 - 1 : 0;
    uint8_t *in_a = j->marks, *in_b = j->marks + a_size;
    memset(j->marks, 0, a_size + b_size);
    for (size_t i = 0; i < a_size; i++) {
        size_t from = i > window ? i - window : 0, to = i + window + 1 < b_size ? i + window + 1 : b_size;
        for (size_t k = from; k < to; k++) {
            if (in_b[k] || a[i] != b[k]) continue;
            in_a[i] = in_b[k] = 1;
            matches++;
            break;
        }
    }
    if (!matches) return 0;
    for (size_t i = 0, k = 0; i < a_size; i++) {
        if (!in_a[i]) continue;
        while (!in_b[k]) k++;
        crossed += a[i] != b[k++];
    }
    while (prefix < PREFIX_MAX && prefix < a_size && prefix < b_size && a[prefix] == b[prefix]) prefix++;
    const double m = (double)matches;
    return with_prefix((m / (double)a_size + m / (double)b_size + (m - (double)(crossed / 2)) / m) / 3,
                       (unsigned)prefix);
}
