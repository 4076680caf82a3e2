/* Queries: what keys must look like. A query is compiled once and then drives any number of iterators:
 * set kf_iter_options.query. Every kind is a deterministic automaton that is built while it is used, in
 * bounded memory, and walked together with the dictionary's automaton, so only the keys that can still match
 * are visited. */
#ifndef KEYFOLD_QUERY_H
#define KEYFOLD_QUERY_H

#include <keyfold/iter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Normal forms: in a dictionary that has one (kf_build_options.normalise) needles, letters and the literals of patterns
 * become normal, each character by itself, and what several units become is repeated as a whole. A set in a pattern
 * also has the forms of its members that are one unit: with KF_NORMALISE_CASE [A-F] is [A-Fa-f] and \p{Lu} has the
 * small letters too. Everything else is asked of keys in their form. This is done once for a query and a form.
 *
 * Threads: a query never changes after it was made; any number of iterators in any threads may use it.
 * Lifetime: iterators and combinations keep what they need, so a query may be destroyed at any time. */

/* Distances between two texts, in units. */
typedef enum kf_metric {
    KF_METRIC_LEVENSHTEIN = 0,   /* insertions, deletions, substitutions */
    KF_METRIC_OSA = 1,           /* and transpositions of two neighbours (optimal string alignment) */
    KF_METRIC_INDEL = 2,         /* insertions and deletions only: |a| + |b| - 2 longest common subsequence */
    KF_METRIC_JARO_WINKLER = 3   /* a similarity only; for kf_iter_create_nearest */
} kf_metric;

/* What is counted. A byte of a key that is not part of well-formed UTF-8 (RFC 3629) is a code point of its
 * own, different from all others: Python's "surrogateescape". */
typedef enum kf_unit {
    KF_UNIT_CODE_POINTS = 0,
    KF_UNIT_BYTES = 1
} kf_unit;

/* The largest distance that can be asked for. */
#define KF_DISTANCE_LIMIT 254

/* How near keys must be. */
typedef struct kf_fuzzy_options {
    size_t struct_size;          /* sizeof(kf_fuzzy_options), set by KF_FUZZY_OPTIONS_INIT */
    kf_metric metric;            /* not KF_METRIC_JARO_WINKLER */
    kf_unit unit;
    uint32_t distance;           /* most edits: up to KF_DISTANCE_LIMIT */
    size_t exact_prefix;         /* so many units at the start must agree */
    int prefix;                  /* not 0: keys that begin with something near; the hit's distance is the
                                    smallest one of all the key's prefixes */
    uint32_t reserved;           /* 0 */
} kf_fuzzy_options;
#define KF_FUZZY_OPTIONS_INIT { sizeof(kf_fuzzy_options), KF_METRIC_LEVENSHTEIN, KF_UNIT_CODE_POINTS, 1, 0, 0, \
                                0 }

/* Keys within a distance of `needle`. `options` may be NULL. O(needle).
 * Errors: KF_INVALID (options; a needle that is not UTF-8 where code points are asked for), KF_LIMIT (a needle
 * over 1 MiB), KF_NO_MEMORY. */
KF_API kf_status kf_query_create_fuzzy(kf_query **out, const void *needle, size_t needle_size,
                                       const kf_fuzzy_options *options, kf_error *error);

enum {
    KF_PATTERN_IGNORE_CASE = 1u << 0,   /* by simple Unicode case folding; ASCII only with KF_PATTERN_BYTES */
    KF_PATTERN_BYTES = 1u << 1          /* patterns match bytes; otherwise code points of UTF-8 */
};

/* Most states that a compiled pattern may have. */
#define KF_PATTERN_STATES_LIMIT (1u << 18)

/* Keys that a regular expression matches from their first to their last byte. It is anchored at both ends: to search
 * within keys, write .*x.* for x.
 *
 *   x           a unit. ()[{.*+?|^$\ need a backslash before them; other punctuation may have one
 *   .           every unit but a line feed
 *   [a-z_]      one of a set; [^...] none of it. In a set also \d and the like, and [:alpha:], [:^alpha:]:
 *               alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit, of ASCII
 *   \d \w \s    digits (Nd); letters, numbers and _ (L, N); White_Space. \D \W \S: all others. Of ASCII only
 *               with KF_PATTERN_BYTES
 *   \p{Lu} \pL  a general category, short or long name, or Any or Assigned; \P: all others
 *   \n \t \r \f \v \0 \xHH \x{H...} \uHHHH
 *   ( ) (?: ) | * + ? {m} {m,} {m,n}
 *   ^ $ \A \z   only where the key begins or ends
 *   (?i) (?s) (?is)   at the very start: KF_PATTERN_IGNORE_CASE; `.` is a line feed too
 *
 * Only whether a key matches counts, so lazy repetitions (*? and so on) mean the same as others. There are no
 * back references, no look-around, no possessive repetitions and no word boundaries: these are errors, as are
 * unknown escapes and a { that begins no repetition.
 * Of code points, `.`, negated sets and \D \W \S \P match a byte that is not part of well-formed UTF-8 too,
 * as one unit; nothing else does. The pattern itself must be UTF-8 then. With KF_PATTERN_IGNORE_CASE a unit
 * stands for all that simple case folding makes equal.
 * Errors: KF_INVALID (with the position in the pattern in error->offset), KF_LIMIT (with the position: the
 * compiled pattern would take more than KF_PATTERN_STATES_LIMIT states, the pattern is over 1 MiB, nested over
 * 200 deep, or its sets are absurdly many), KF_NO_MEMORY. */
KF_API kf_status kf_query_create_regex(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                                       kf_error *error);

/* Keys that a glob matches: ? one unit, * any number of any, [a-z] [!a-z] or [^a-z] with [:alpha:] and the
 * like, {this,that} with anything in it, a backslash before what is meant literally. `*` and `?` match slashes,
 * line feeds, leading dots and stray bytes. A bracket or brace that is not closed is an error. Errors as for
 * kf_query_create_regex. */
KF_API kf_status kf_query_create_glob(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                                      kf_error *error);

/* Keys that have all units of `letters`, in their order, with anything between, before and after them.
 * Errors as for kf_query_create_regex. */
KF_API kf_status kf_query_create_subsequence(kf_query **out, const void *letters, size_t letters_size, uint32_t flags,
                                             kf_error *error);

/* Combinations of `count` (1..64) queries: keys that all of them, any of them, or not this one accept. The
 * distance of a hit is the largest of all parts' and the smallest of those that accept; a negation's is 0.
 * Errors: KF_INVALID, KF_LIMIT (nested over 64 deep, or states of over 64 MiB), KF_NO_MEMORY. */
KF_API kf_status kf_query_create_all(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error);
KF_API kf_status kf_query_create_any(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error);
KF_API kf_status kf_query_create_not(kf_query **out, const kf_query *query, kf_error *error);

/* Whether one text satisfies the query: KF_OK, and `distance` (may be NULL) is set; or KF_NOT_FOUND.
 * O(text). Errors: KF_NO_MEMORY. */
KF_API kf_status kf_query_matches(const kf_query *query, const void *text, size_t text_size, uint64_t *distance);

/* Frees the query, unless iterators or combinations still need it: then with the last of them. NULL and a pointer to
 * NULL are accepted; *query becomes NULL. */
KF_API void kf_query_destroy(kf_query **query);

/* ---- nearest ---------------------------------------------------------------------------------- */

/* What makes one key nearer than another. */
typedef enum kf_ranking {
    KF_RANK_DISTANCE = 0,     /* the smallest distance first */
    KF_RANK_SIMILARITY = 1    /* the largest similarity first: 1 - d/(longer length) for Levenshtein and OSA,
                                 1 - d/(sum of lengths) for Indel; Jaro-Winkler as it is (prefix weight 0.1, for
                                 up to 4 units, where Jaro's similarity exceeds 0.7) */
} kf_ranking;

/* Which nearest keys, and of which. */
typedef struct kf_nearest_options {
    size_t struct_size;              /* sizeof(kf_nearest_options), set by KF_NEAREST_OPTIONS_INIT */
    kf_metric metric;
    kf_unit unit;
    kf_ranking ranking;              /* must be KF_RANK_SIMILARITY for KF_METRIC_JARO_WINKLER */
    uint64_t count;                  /* how many: at least 1 */
    uint32_t most_distance;          /* only keys within it; not for Jaro-Winkler, which has no distance */
    double least_similarity;         /* only keys as similar as that; for KF_RANK_SIMILARITY */
    uint64_t work_limit;             /* labels of the automaton to look at, or blocks of 32 keys (of a file built with
                                        KF_BUILD_SIMILARITY), at most; 0: no limit */
    const kf_iter_options *within;   /* only among the keys that these options select; NULL: all. `order`,
                                        `limit` and KF_ITER_REVERSE have no meaning here */
} kf_nearest_options;
#define KF_NEAREST_OPTIONS_INIT { sizeof(kf_nearest_options), KF_METRIC_LEVENSHTEIN, KF_UNIT_CODE_POINTS, \
                                  KF_RANK_DISTANCE, 1, KF_DISTANCE_LIMIT, 0.0, 0, NULL }

/* The `count` keys nearest to `needle`, best first, ties in key order; kf_iter_match has distance and
 * similarity. The search itself happens here. kf_iter_incomplete tells that work_limit ended it: then there may
 * be better keys. Memory: O(count). Errors: those of kf_query_create_fuzzy and kf_iter_create; KF_LIMIT
 * for Jaro-Winkler when the needle is over 4096 bytes.
 *
 * Of a file built with KF_BUILD_SIMILARITY all keys are compared at once instead of walked, with the same result; but
 * not by Jaro-Winkler, nor with a needle of over 64 units, nor where `within` has a query or a small part of the keys,
 * nor in bytes where keys are not ASCII. */
KF_API kf_status kf_iter_create_nearest(kf_iter **out, const kf_dict *dict, const void *needle, size_t needle_size,
                                        const kf_nearest_options *options, kf_error *error);

#ifdef __cplusplus
}
#endif
#endif
