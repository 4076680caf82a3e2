/* Units and distances, computed as their definitions read: what queries are compared with. */
#ifndef TESTS_SUPPORT_DISTANCES_H
#define TESTS_SUPPORT_DISTANCES_H

#include <keyfold/keyfold.h>

#include <stdlib.h>
#include <string.h>

/* The code point that the first bytes spell, and how many they are; 0 bytes where none does. */
static inline size_t plain_code_point(const uint8_t *text, size_t size, uint32_t *value)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3
                    : text[0] >> 3 == 30 ? 4 : 0;
    if (!length || length > size) return 0;
    uint32_t v = length == 1 ? text[0] : text[0] & ((1u << (7 - length)) - 1);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        v = v * 64 + (text[i] & 0x3f);
    }
    if (v < least[length] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return 0;
    *value = v;
    return length;
}

/* The units of a text, one a byte at most; `invalid` (may be NULL): where the first byte is that is no part
 * of UTF-8, or the text's size. */
static inline size_t plain_units(kf_unit unit, kf_bytes text, uint32_t *to, size_t *invalid)
{
    size_t count = 0, at = 0;
    if (invalid) *invalid = text.size;
    while (at < text.size) {
        uint32_t value = text.data[at];
        size_t length = unit == KF_UNIT_BYTES ? 1 : plain_code_point(text.data + at, text.size - at, &value);
        if (!length) {
            if (invalid && *invalid == text.size) *invalid = at;
            value = 0xdc00u + text.data[at];
            length = 1;
        }
        to[count++] = value;
        at += length;
    }
    return count;
}

/* column[i]: the distance of a[0..m) and b[0..i), for each i <= n. */
static inline void plain_distances(kf_metric metric, const uint32_t *a, size_t m, const uint32_t *b, size_t n,
                                   uint32_t *column)
{
    uint32_t *cells = malloc(3 * (m + 1) * sizeof *cells), *row[3];
    for (size_t r = 0; r < 3; r++) row[r] = cells + r * (m + 1);
    for (size_t i = 0; i <= n; i++) {
        uint32_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        for (size_t j = 0; j <= m; j++) {
            if (metric == KF_METRIC_INDEL) {   /* the longest common subsequence */
                now[j] = 0;
                if (!i || !j) continue;
                now[j] = before[j] > now[j - 1] ? before[j] : now[j - 1];
                if (a[j - 1] == b[i - 1]) now[j] = before[j - 1] + 1;
                continue;
            }
            now[j] = (uint32_t)(i + j);
            if (!i || !j) continue;
            now[j] = before[j - 1] + (a[j - 1] != b[i - 1]);
            if (before[j] + 1 < now[j]) now[j] = before[j] + 1;
            if (now[j - 1] + 1 < now[j]) now[j] = now[j - 1] + 1;
            if (metric == KF_METRIC_OSA && i > 1 && j > 1 && a[j - 1] == b[i - 2] && a[j - 2] == b[i - 1]
                && earlier[j - 2] + 1 < now[j])
                now[j] = earlier[j - 2] + 1;
        }
        column[i] = metric == KF_METRIC_INDEL ? (uint32_t)(m + i) - 2 * now[m] : now[m];
    }
    free(cells);
}

static inline double plain_similarity(kf_metric metric, size_t m, size_t n, uint32_t distance)
{
    size_t whole = metric == KF_METRIC_INDEL ? m + n : m > n ? m : n;
    return whole ? 1 - (double)distance / (double)whole : 1;
}

/* Jaro's similarity: matches are found from the left within the window; half of those that are in another
 * order count as transpositions. Winkler's addition for a common prefix. */
static inline double plain_jaro_winkler(const uint32_t *a, size_t m, const uint32_t *b, size_t n)
{
    const long half_longer = (long)(m > n ? m : n) / 2, window = half_longer > 1 ? half_longer - 1 : 0;
    long *partner = malloc((m + 1) * sizeof *partner);
    char *taken = calloc(1, n + 1);
    size_t matches = 0, other_order = 0, prefix = 0;
    for (size_t i = 0; i < m; i++) {
        partner[i] = -1;
        for (size_t j = 0; j < n && partner[i] < 0; j++) {
            long apart = (long)i - (long)j;
            if (taken[j] || a[i] != b[j] || apart > window || -apart > window) continue;
            partner[i] = (long)j;
            taken[j] = 1;
            matches++;
        }
    }
    /* The k-th match of the one against the k-th of the other. */
    for (size_t i = 0, j = 0; i < m; i++) {
        if (partner[i] < 0) continue;
        while (!taken[j]) j++;
        other_order += a[i] != b[j++];
    }
    free(partner);
    free(taken);
    if (!m && !n) return 1;
    if (!matches) return 0;
    const double k = (double)matches, half = (double)(other_order / 2);
    double similarity = (k / (double)m + k / (double)n + (k - half) / k) / 3;
    while (prefix < 4 && prefix < m && prefix < n && a[prefix] == b[prefix]) prefix++;
    return similarity > 0.7 ? similarity + 0.1 * (double)prefix * (1 - similarity) : similarity;
}

#endif
