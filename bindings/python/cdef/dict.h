/* include/keyfold/dict.h without its comments; tests/python/test_declarations.py compares the two. */
typedef struct kf_dict kf_dict;

#define KF_ABSENT ...

enum {
    KF_OPEN_IN_MEMORY = 1 << 0,
    KF_OPEN_POPULATE = 1 << 1,
    KF_OPEN_RANDOM = 1 << 2,
    KF_OPEN_HUGE = 1 << 3,
    KF_OPEN_LOCK = 1 << 4,
    KF_OPEN_CHECK = 1 << 5
};

typedef struct kf_member {
    size_t struct_size;
    const char *path;
    uint64_t file_size, keys;
    kf_bytes name;
    const uint8_t *build_id;
    char *place;
    size_t place_size;
} kf_member;

typedef kf_status (*kf_member_fn)(void *context, const kf_member *member, kf_error *error);

typedef struct kf_open_options {
    size_t struct_size;
    uint32_t flags;
    uint32_t reserved;
    kf_member_fn member_needed;
    void *member_context;
} kf_open_options;

kf_status kf_dict_open(kf_dict **out, const char *path, const kf_open_options *options,
                              kf_error *error);

kf_status kf_dict_open_memory(kf_dict **out, const void *data, size_t size,
                                     const kf_open_options *options, kf_error *error);

kf_status kf_dict_open_members(const kf_dict *dict, kf_error *error);

int kf_dict_member_error(const kf_dict *dict, kf_status status, kf_error *error);

kf_status kf_dict_member_at(const kf_dict *dict, size_t index, kf_member *member);

void kf_dict_close(kf_dict **dict);

uint64_t kf_dict_count(const kf_dict *dict);
kf_value_type kf_dict_value_type(const kf_dict *dict);

size_t kf_dict_longest_key(const kf_dict *dict);

void kf_dict_build_id(const kf_dict *dict, uint8_t id[16]);

kf_status kf_dict_content(const kf_dict *dict, kf_bytes *content);

int kf_dict_same_files(const kf_dict *a, const kf_dict *b);

kf_status kf_dict_contains(const kf_dict *dict, const void *key, size_t key_size, int *found);
kf_status kf_dict_ordinal(const kf_dict *dict, const void *key, size_t key_size,
                                 uint64_t *ordinal);

kf_status kf_dict_get(const kf_dict *dict, const void *key, size_t key_size,
                             kf_buffer *buffer, kf_bytes *value);
kf_status kf_dict_get_u64(const kf_dict *dict, const void *key, size_t key_size,
                                 uint64_t *value);

kf_status kf_dict_key_at(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer,
                                kf_bytes *key);
kf_status kf_dict_value_at(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer,
                                  kf_bytes *value);
kf_status kf_dict_u64_at(const kf_dict *dict, uint64_t ordinal, uint64_t *value);

int kf_dict_has_weights(const kf_dict *dict);

kf_status kf_dict_weight_at(const kf_dict *dict, uint64_t ordinal, uint64_t *weight);

kf_status kf_dict_ordinal_many(const kf_dict *dict, const kf_bytes *keys, size_t count,
                                  uint64_t *ordinals, size_t *found);

kf_status kf_dict_ordinal_many_packed(const kf_dict *dict, const uint8_t *data,
                                         const uint64_t *offsets, size_t count,
                                         uint64_t *ordinals, size_t *found);

kf_status kf_dict_u64_at_many(const kf_dict *dict, const uint64_t *ordinals, size_t count,
                                     uint64_t *values);

kf_status kf_dict_value_at_many(const kf_dict *dict, const uint64_t *ordinals, size_t count,
                                        kf_buffer *data, uint64_t *ends);

kf_status kf_dict_prefix_range(const kf_dict *dict, const void *prefix, size_t prefix_size,
                                      uint64_t *first, uint64_t *count);

kf_status kf_dict_lower_bound(const kf_dict *dict, const void *key, size_t key_size,
                                     uint64_t *ordinal);

typedef struct kf_prefix_match {
    size_t size;
    uint64_t ordinal;
} kf_prefix_match;

kf_status kf_dict_longest_prefix(const kf_dict *dict, const void *text, size_t text_size,
                                        kf_prefix_match *match);

kf_status kf_dict_prefixes(const kf_dict *dict, const void *text, size_t text_size,
                                  kf_prefix_match *matches, size_t capacity, size_t *count);

kf_status kf_dict_metadata(const kf_dict *dict, const char *name, kf_bytes *content);
kf_status kf_dict_metadata_at(const kf_dict *dict, size_t index, kf_bytes *name,
                                     kf_bytes *content);

typedef struct kf_dict_stat {
    size_t struct_size;
    uint64_t keys;
    uint64_t longest_key;
    uint64_t file_size;
    uint64_t key_bytes;
    uint64_t token_bytes;
    uint64_t shared_bytes;
    uint64_t value_bytes;
    uint64_t metadata_bytes;
    uint64_t checksum_bytes;
    uint64_t raw_key_bytes;
    uint64_t raw_value_bytes;
    uint64_t states;
    uint64_t states_extra;
    kf_value_type value_type;
    kf_encoding value_encoding;
    uint64_t weight_bytes;
    kf_weights weights;
    uint64_t shards;
    int is_manifest;
    uint32_t reserved;
    uint64_t normalise;
    uint64_t similarity_bytes;
    uint64_t filter_bytes;
} kf_dict_stat;

kf_status kf_dict_get_stat(const kf_dict *dict, kf_dict_stat *stat);

kf_status kf_dict_get_outline(const kf_dict *dict, kf_dict_stat *stat);

typedef struct kf_verify_options {
    size_t struct_size;
    unsigned threads;
    kf_progress_fn progress;
    void *progress_context;
} kf_verify_options;

kf_status kf_dict_verify(const kf_dict *dict, const kf_verify_options *options, kf_error *error);

kf_status kf_content_check(const void *data, size_t size, uint8_t build_id[16], kf_error *error);
