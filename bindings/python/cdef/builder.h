/* include/keyfold/builder.h without its comments; tests/python/test_declarations.py compares the two. */
typedef struct kf_builder kf_builder;

typedef enum kf_duplicates {
    KF_DUPLICATES_ERROR = 0,
    KF_DUPLICATES_FIRST = 1,
    KF_DUPLICATES_LAST = 2,
    KF_DUPLICATES_SUM = 3,
    KF_DUPLICATES_MIN = 4,
    KF_DUPLICATES_MAX = 5,
    KF_DUPLICATES_JOIN = 6
} kf_duplicates;

enum {
    KF_BUILD_REPLACE_ANY = 1 << 0,
    KF_BUILD_SIMILARITY = 1 << 1,
    KF_BUILD_FILTER = 1 << 2,
    KF_BUILD_NO_SYNC = 1 << 3,
    KF_BUILD_FAST = 1 << 4,
    KF_BUILD_BEST = 1 << 5
};

typedef struct kf_build_options {
    size_t struct_size;
    kf_value_type value_type;
    kf_encoding value_encoding;
    kf_duplicates duplicates;
    uint64_t memory_limit;
    const char *temporary_folder;
    kf_progress_fn progress;
    void *progress_context;
    kf_weights weights;
    unsigned threads;
    unsigned shards;
    uint64_t expected_bytes;
    const char *resume_folder;
    uint32_t normalise;
    uint32_t flags;
} kf_build_options;

typedef struct kf_build_report {
    size_t struct_size;
    uint64_t pairs_added;
    uint64_t keys;
    uint64_t pairs_dropped;
    uint64_t states;
    uint64_t states_extra;
    uint64_t file_size;
    uint64_t temporary_peak;
    uint64_t shards;
} kf_build_report;

kf_status kf_builder_create(kf_builder **out, const char *path,
                                   const kf_build_options *options, kf_error *error);

uint64_t kf_builder_resumed(const kf_builder *builder);

kf_status kf_builder_add(kf_builder *builder, const void *key, size_t key_size,
                                const void *value, size_t value_size, kf_error *error);
kf_status kf_builder_add_u64(kf_builder *builder, const void *key, size_t key_size,
                                    uint64_t value, kf_error *error);

kf_status kf_builder_add_weighted(kf_builder *builder, const void *key, size_t key_size,
                                         const void *value, size_t value_size, uint64_t weight,
                                         kf_error *error);
kf_status kf_builder_add_u64_weighted(kf_builder *builder, const void *key, size_t key_size,
                                             uint64_t value, uint64_t weight, kf_error *error);

kf_status kf_builder_set_metadata(kf_builder *builder, const char *name, const void *data,
                                         size_t size, kf_error *error);

kf_status kf_builder_finish(kf_builder *builder, kf_build_report *report, kf_error *error);

void kf_builder_destroy(kf_builder **builder);
