/* include/keyfold/query.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_metric {
    KF_METRIC_LEVENSHTEIN = 0,
    KF_METRIC_OSA = 1,
    KF_METRIC_INDEL = 2,
    KF_METRIC_JARO_WINKLER = 3
} kf_metric;

typedef enum kf_unit {
    KF_UNIT_CODE_POINTS = 0,
    KF_UNIT_BYTES = 1
} kf_unit;

#define KF_DISTANCE_LIMIT ...

typedef struct kf_fuzzy_options {
    size_t struct_size;
    kf_metric metric;
    kf_unit unit;
    uint32_t distance;
    size_t exact_prefix;
    int prefix;
    uint32_t reserved;
} kf_fuzzy_options;

kf_status kf_query_create_fuzzy(kf_query **out, const void *needle, size_t needle_size,
                                const kf_fuzzy_options *options, kf_error *error);

enum {
    KF_PATTERN_IGNORE_CASE = 1 << 0,
    KF_PATTERN_BYTES = 1 << 1
};

#define KF_PATTERN_STATES_LIMIT ...
kf_status kf_query_create_regex(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                                kf_error *error);

kf_status kf_query_create_glob(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                               kf_error *error);

kf_status kf_query_create_subsequence(kf_query **out, const void *letters, size_t letters_size, uint32_t flags,
                                      kf_error *error);

kf_status kf_query_create_all(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error);
kf_status kf_query_create_any(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error);
kf_status kf_query_create_not(kf_query **out, const kf_query *query, kf_error *error);

kf_status kf_query_matches(const kf_query *query, const void *text, size_t text_size, uint64_t *distance);

void kf_query_destroy(kf_query **query);

typedef enum kf_ranking {
    KF_RANK_DISTANCE = 0,
    KF_RANK_SIMILARITY = 1
} kf_ranking;

typedef struct kf_nearest_options {
    size_t struct_size;
    kf_metric metric;
    kf_unit unit;
    kf_ranking ranking;
    uint64_t count;
    uint32_t most_distance;
    double least_similarity;
    uint64_t work_limit;
    const kf_iter_options *within;
} kf_nearest_options;

kf_status kf_iter_create_nearest(kf_iter **out, const kf_dict *dict, const void *needle, size_t needle_size,
                                 const kf_nearest_options *options, kf_error *error);
