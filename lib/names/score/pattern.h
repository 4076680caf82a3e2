/* The tokens of a needle, prepared for being compared with many others. */
#ifndef KFI_NAMES_SCORE_PATTERN_H
#define KFI_NAMES_SCORE_PATTERN_H

#include "names/score/text.h"

typedef struct kfi_pattern {
    kf_bytes text;
    uint32_t times;              /* the needle has it */
    uint32_t length, words;      /* code points; of 64 of them, at least 1 */
    size_t points, masks, others;   /* where they lie in the set's arrays */
    uint32_t other_count;
} kfi_pattern;

/* The distinct tokens of a needle, in the order in which they first occur. Zero-initialise it. */
typedef struct kfi_patterns {
    kfi_pattern *list;
    uint32_t count, capacity;
    uint32_t tokens;             /* of the needle */
    kfi_array text;              /* the needle */
    kfi_array points;            /* uint32_t: code points of all tokens */
    kfi_array masks;             /* uint64_t: for each ASCII character, then for each other one, `words` words that tell
                                    where it is */
    kfi_array others;            /* uint32_t: code points beyond ASCII, ascending */
    kfi_array carry;             /* uint64_t, while tokens of several words are compared */
} kfi_patterns;

/* `needle` was checked; it is copied. KF_NO_MEMORY. */
kf_status kfi_patterns_set(kfi_patterns *patterns, kf_bytes needle, kf_error *error);
/* The same with the needle as a single token, whatever is in it. */
kf_status kfi_patterns_set_whole(kfi_patterns *patterns, kf_bytes needle, kf_error *error);
void kfi_patterns_free(kfi_patterns *patterns);

static inline const uint32_t *kfi_pattern_points(const kfi_patterns *patterns, const kfi_pattern *pattern)
{
    return (const uint32_t *)(const void *)patterns->points.data + pattern->points;
}

/* The length of the longest common subsequence of pattern `index` and a text, given by its code points. */
uint32_t kfi_pattern_common(kfi_patterns *patterns, uint32_t index, const uint32_t *points, uint32_t length);

/* Similarities of a token, given by its code points, with all patterns: `patterns->count` numbers. */
void kfi_patterns_compare(kfi_patterns *patterns, const uint32_t *points, uint32_t length, uint64_t *similarities);

#endif
