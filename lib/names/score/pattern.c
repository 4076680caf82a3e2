/* The length of the longest common subsequence by Hyyrö's bit-parallel recurrence ("Bit-parallel LCS-length
 * computation revisited", 2004): a word of the pattern's positions, whose bits go out where the length grows. */
#include "names/score/pattern.h"

#include "base/bits.h"
#include "names/score/similarity.h"

#include <stdlib.h>

enum { ASCII = 128 };

static uint32_t *points_of(const kfi_array *array) { return (uint32_t *)(void *)array->data; }
static uint64_t *words_of(const kfi_array *array) { return (uint64_t *)(void *)array->data; }

/* ---- preparing ---------------------------------------------------------------------------------- */

static int compare_points(const void *a, const void *b)
{
    uint32_t left, right;
    memcpy(&left, a, 4);
    memcpy(&right, b, 4);
    return (left > right) - (left < right);
}

/* The number of a code point beyond ASCII among those of the pattern; other_count: it has none such. */
static uint32_t find_other(const kfi_patterns *s, const kfi_pattern *p, uint32_t point)
{
    const uint32_t *others = points_of(&s->others) + p->others;
    uint32_t low = 0, high = p->other_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (others[middle] < point) low = middle + 1;
        else high = middle;
    }
    return low < p->other_count && others[low] == point ? low : p->other_count;
}

static kf_status list_others(kfi_patterns *s, kfi_pattern *p, kf_error *error)
{
    p->others = s->others.size / 4;
    kf_status status = kfi_array_reserve(&s->others, 4 * ((size_t)p->length + 1), error);
    if (status) return status;
    uint32_t *others = points_of(&s->others) + p->others;
    const uint32_t *points = kfi_pattern_points(s, p);
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->length; i++)
        if (points[i] >= ASCII) others[count++] = points[i];
    if (count) qsort(others, count, sizeof *others, compare_points);
    for (uint32_t i = 0; i < count; i++)
        if (!i || others[i] != others[p->other_count - 1]) others[p->other_count++] = others[i];
    s->others.size += 4 * (size_t)p->other_count;
    return KF_OK;
}

static kf_status make_masks(kfi_patterns *s, kfi_pattern *p, kf_error *error)
{
    p->words = p->length ? (p->length + 63) / 64 : 1;
    p->masks = s->masks.size / 8;
    const size_t size = 8 * (size_t)p->words * (ASCII + p->other_count);
    kf_status status = kfi_array_reserve(&s->masks, size, error);
    if (status) return status;
    memset(s->masks.data + s->masks.size, 0, size);
    s->masks.size += size;
    uint64_t *masks = words_of(&s->masks) + p->masks;
    const uint32_t *points = kfi_pattern_points(s, p);
    for (uint32_t i = 0; i < p->length; i++) {
        uint32_t row = points[i] < ASCII ? points[i] : ASCII + find_other(s, p, points[i]);
        masks[(size_t)row * p->words + i / 64] |= 1ull << (i % 64);
    }
    return KF_OK;
}

static kf_status add(kfi_patterns *s, kf_bytes token, kf_error *error)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const kf_bytes known = s->list[i].text;
        if (known.size != token.size || (token.size && memcmp(known.data, token.data, token.size))) continue;
        s->list[i].times++;
        return KF_OK;
    }
    if (s->count == s->capacity) {
        uint32_t capacity = s->capacity ? 2 * s->capacity : 16;
        kfi_pattern *list = realloc(s->list, capacity * sizeof *list);
        if (!list) return kfi_fail_memory(error, capacity * sizeof *list);
        s->list = list;
        s->capacity = capacity;
    }
    kfi_pattern *p = &s->list[s->count];
    *p = (kfi_pattern){ .text = token, .times = 1, .points = s->points.size / 4 };
    /* Places in points and others are computed even if the token is empty. */
    kf_status status = kfi_array_reserve(&s->points, sizeof(uint32_t), error);
    if (!status) status = kfi_name_points(token, &s->points, error);
    if (status) return status;
    p->length = (uint32_t)(s->points.size / 4 - p->points);
    status = list_others(s, p, error);
    if (!status) status = make_masks(s, p, error);
    if (!status) status = kfi_array_reserve(&s->carry, 8 * (size_t)p->words, error);
    if (!status) s->count++;
    return status;
}

kf_status kfi_patterns_set(kfi_patterns *s, kf_bytes needle, kf_error *error)
{
    kf_bytes tokens[KF_NAME_TOKENS];
    s->count = 0;
    s->text.size = s->points.size = s->masks.size = s->others.size = 0;
    kf_status status = kfi_array_append(&s->text, needle.data, needle.size, error);
    if (status) return status;
    s->tokens = kfi_name_tokens((kf_bytes){ s->text.data, needle.size }, tokens);
    for (uint32_t i = 0; i < s->tokens && !status; i++) status = add(s, tokens[i], error);
    return status;
}

kf_status kfi_patterns_set_whole(kfi_patterns *s, kf_bytes needle, kf_error *error)
{
    s->count = 0;
    s->text.size = s->points.size = s->masks.size = s->others.size = 0;
    kf_status status = kfi_array_append(&s->text, needle.data, needle.size, error);
    s->tokens = 1;
    return status ? status : add(s, (kf_bytes){ s->text.data, needle.size }, error);
}

void kfi_patterns_free(kfi_patterns *s)
{
    free(s->list);
    kfi_array_free(&s->text);
    kfi_array_free(&s->points);
    kfi_array_free(&s->masks);
    kfi_array_free(&s->others);
    kfi_array_free(&s->carry);
    *s = (kfi_patterns){ 0 };
}

/* ---- comparing ---------------------------------------------------------------------------------- */

/* The words that tell where a code point is, or NULL: nowhere. */
static const uint64_t *masks_of(const kfi_patterns *s, const kfi_pattern *p, uint32_t point)
{
    const uint64_t *masks = words_of(&s->masks) + p->masks;
    if (point < ASCII) return masks + (size_t)point * p->words;
    uint32_t other = find_other(s, p, point);
    return other < p->other_count ? masks + (size_t)(ASCII + other) * p->words : NULL;
}

static uint32_t common_short(const kfi_patterns *s, const kfi_pattern *p, const uint32_t *points, uint32_t length)
{
    uint64_t state = ~0ull;
    for (uint32_t i = 0; i < length; i++) {
        const uint64_t *mask = masks_of(s, p, points[i]);
        if (!mask) continue;
        const uint64_t hit = state & *mask;
        state = (state + hit) | (state - hit);
    }
    return kfi_popcount(~state);
}

static uint32_t common_long(kfi_patterns *s, const kfi_pattern *p, const uint32_t *points, uint32_t length)
{
    uint64_t *state = words_of(&s->carry);
    uint32_t common = 0;
    memset(state, 0xff, 8 * (size_t)p->words);
    for (uint32_t i = 0; i < length; i++) {
        const uint64_t *mask = masks_of(s, p, points[i]);
        uint64_t carry = 0;
        for (uint32_t w = 0; mask && w < p->words; w++) {
            const uint64_t hit = state[w] & mask[w];
            const uint64_t part = state[w] + hit, sum = part + carry;
            carry = (part < hit) | (sum < part);
            state[w] = sum | (state[w] - hit);
        }
    }
    for (uint32_t w = 0; w < p->words; w++) common += kfi_popcount(~state[w]);
    return common;
}

uint32_t kfi_pattern_common(kfi_patterns *s, uint32_t index, const uint32_t *points, uint32_t length)
{
    const kfi_pattern *p = &s->list[index];
    return p->words == 1 ? common_short(s, p, points, length) : common_long(s, p, points, length);
}

void kfi_patterns_compare(kfi_patterns *s, const uint32_t *points, uint32_t length, uint64_t *similarities)
{
    for (uint32_t i = 0; i < s->count; i++) {
        similarities[i] = kfi_similarity(kfi_pattern_common(s, i, points, length), s->list[i].length, length);
    }
}
