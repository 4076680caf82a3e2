/* include/keyfold/names.h without its comments; tests/python/test_declarations.py compares the two. */
#define KF_NAME_BYTES ...
#define KF_NAME_TOKENS ...
#define KF_ATTRIBUTE_BYTES ...
#define KF_MATCH_TIES ...
#define KF_MATCH_EXPLAIN ...
#define KF_DEDUPE_WITHIN_ATTRIBUTE ...
#define KF_DEDUPE_LINKS ...

typedef enum kf_scorer {
    KF_SCORER_SETRATIO = 0,
    KF_SCORER_RATIO,
    KF_SCORER_TOKEN_SORT_RATIO,
    KF_SCORER_TOKEN_SET_RATIO,
    KF_SCORER_WRATIO,
    KF_SCORER_PARTIAL_RATIO,
    KF_SCORER_JARO_WINKLER
} kf_scorer;

const char *kf_scorer_name(kf_scorer scorer);

kf_status kf_scorer_find(const char *name, kf_scorer *out);

kf_status kf_names_score(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                                double *score, kf_error *error);

typedef struct kf_token_pair {
    kf_bytes a, b;
    uint32_t a_index, b_index;
    uint32_t common;
    uint32_t reserved;
    double similarity;
} kf_token_pair;

typedef struct kf_explanation {
    double score;
    size_t count;
    const kf_token_pair *pairs;
} kf_explanation;

kf_status kf_names_explain(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                                  kf_explanation **out, kf_error *error);

void kf_explanation_free(kf_explanation **explanation);

typedef struct kf_names_builder kf_names_builder;

enum {
    KF_NAMES_FOLD_CASE = 1 << 0,
    KF_NAMES_NFC = 1 << 1,
    KF_NAMES_NFKC = 1 << 2,
    KF_NAMES_NO_ACCENTS = 1 << 3,
    KF_NAMES_NO_PUNCTUATION = 1 << 4,
    KF_NAMES_SQUEEZE = 1 << 5
};

typedef enum kf_legal_forms {
    KF_LEGAL_KEEP = 0,
    KF_LEGAL_CANONICAL = 1,
    KF_LEGAL_IGNORE = 2
} kf_legal_forms;

enum {
    KF_NAMES_REPLACE_ANY = 1 << 0,
    KF_NAMES_UNIQUE_IDS = 1 << 1
};

typedef struct kf_names_build_options {
    size_t struct_size;
    uint64_t memory_limit;
    const char *temporary_folder;
    kf_progress_fn progress;
    void *progress_context;
    unsigned threads;
    uint32_t flags;
    uint32_t processing;
    kf_legal_forms legal_forms;
    const char *separators;
    const char *legal_table;
} kf_names_build_options;

typedef struct kf_names_report {
    size_t struct_size;
    uint64_t names;
    uint64_t tokens;
    uint64_t name_bytes;
    uint64_t file_size;
    uint64_t temporary_peak;
} kf_names_report;

kf_status kf_names_builder_create(kf_names_builder **out, const char *path,
                                         const kf_names_build_options *options, kf_error *error);

kf_status kf_names_builder_add(kf_names_builder *builder, const void *id, size_t id_size,
                                      const void *name, size_t name_size, kf_error *error);

typedef struct kf_names_row {
    size_t struct_size;
    kf_bytes id;
    kf_bytes name;
    kf_bytes attribute;
    kf_bytes payload;
} kf_names_row;

kf_status kf_names_builder_add_row(kf_names_builder *builder, const kf_names_row *row, kf_error *error);

kf_status kf_names_builder_set_metadata(kf_names_builder *builder, const char *name, const void *data,
                                               size_t size, kf_error *error);

kf_status kf_names_builder_finish(kf_names_builder *builder, kf_names_report *report, kf_error *error);

void kf_names_builder_destroy(kf_names_builder **builder);

typedef struct kf_names kf_names;

kf_status kf_names_open(kf_names **out, const char *path, const kf_open_options *options, kf_error *error);

kf_status kf_names_open_memory(kf_names **out, const void *data, size_t size,
                                      const kf_open_options *options, kf_error *error);

void kf_names_close(kf_names **names);

uint64_t kf_names_count(const kf_names *names);

void kf_names_build_id(const kf_names *names, uint8_t id[16]);

kf_status kf_names_content(const kf_names *names, kf_bytes *content);
int kf_names_same_files(const kf_names *a, const kf_names *b);
kf_status kf_names_metadata(const kf_names *names, const char *name, kf_bytes *content);
kf_status kf_names_metadata_at(const kf_names *names, size_t index, kf_bytes *name, kf_bytes *content);

typedef struct kf_names_stat {
    size_t struct_size;
    uint64_t names;
    uint64_t tokens;
    uint64_t name_bytes;
    uint64_t longest_name;
    uint64_t most_tokens;
    uint64_t file_size;
    uint64_t vocabulary_bytes;
    uint64_t block_bytes;
    uint64_t posting_bytes;
    uint64_t forward_bytes;
    uint64_t position_bytes;
    uint64_t id_bytes;
    kf_value_type id_type;
    uint32_t reserved;
    uint64_t attributes;
    uint64_t attribute_bytes;
    uint64_t payload_bytes;
    uint64_t text_bytes;
    uint32_t processing;
    kf_legal_forms legal_forms;
    uint64_t letter_bytes;
} kf_names_stat;

kf_status kf_names_get_stat(const kf_names *names, kf_names_stat *stat);

kf_status kf_names_process(const kf_names *names, const void *text, size_t size, kf_buffer *buffer,
                                  kf_bytes *out, kf_error *error);

kf_status kf_names_verify(const kf_names *names, const kf_verify_options *options, kf_error *error);

typedef struct kf_matcher kf_matcher;

kf_status kf_matcher_create(kf_matcher **out, const kf_names *names, kf_error *error);

void kf_matcher_destroy(kf_matcher **matcher);

typedef struct kf_matcher_options {
    size_t struct_size;
    uint64_t limit;
    double cutoff;
    uint64_t work_limit;
    kf_scorer scorer;
    uint32_t flags;
    uint64_t tie_limit;
    kf_scorer rerank;
    uint32_t candidates;
    kf_bytes attribute;
} kf_matcher_options;

typedef struct kf_name_hit {
    uint64_t position;
    double score;
    kf_bytes id;
    kf_bytes name;
    double gap;
    const kf_token_pair *pairs;
    size_t pair_count;
    kf_bytes attribute, payload;
} kf_name_hit;

typedef struct kf_name_hits {
    const kf_name_hit *const *hits;
    size_t count;
    int exact;
    uint64_t work;
    uint64_t names_seen;
    uint64_t names_scored;
    uint64_t tied;
} kf_name_hits;

kf_status kf_matcher_search(kf_matcher *matcher, const void *needle, size_t needle_size,
                                   const kf_matcher_options *options, const kf_name_hits **hits, kf_error *error);

typedef struct kf_names_many_options {
    size_t struct_size;
    kf_progress_fn progress;
    void *progress_context;
    unsigned threads;
    uint32_t flags;
    const kf_bytes *attributes;
} kf_names_many_options;

typedef kf_status (*kf_names_sink)(void *context, size_t index, const kf_name_hits *hits, kf_error *error);

kf_status kf_names_search_many(const kf_names *names, const kf_bytes *needles, size_t count,
                                      const kf_matcher_options *options, const kf_names_many_options *many,
                                      kf_names_sink sink, void *context, kf_error *error);

typedef kf_status (*kf_names_pair_sink)(void *context, const kf_name_hit *first, const kf_name_hit *second,
                                        kf_error *error);

kf_status kf_names_dedupe(const kf_names *names, const kf_matcher_options *options,
                                 const kf_names_many_options *many, kf_names_pair_sink sink, void *context,
                                 kf_error *error);

typedef struct kf_names_iter kf_names_iter;

kf_status kf_names_iter_create(kf_names_iter **out, const kf_names *names, uint64_t first, kf_error *error);

kf_status kf_names_iter_next(kf_names_iter *iter, const kf_names_row **row, kf_error *error);

void kf_names_iter_destroy(kf_names_iter **iter);
