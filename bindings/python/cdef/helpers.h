/* What helpers.c adds so that one call from Python does the work of several. */

/* Option structs as the *_INIT macros fill them. */
kf_open_options kfpy_open_options(void);
kf_build_options kfpy_build_options(void);
kf_iter_options kfpy_iter_options(void);
kf_fuzzy_options kfpy_fuzzy_options(void);
kf_nearest_options kfpy_nearest_options(void);
kf_set_options kfpy_set_options(void);
kf_merge_options kfpy_merge_options(void);
kf_find_options kfpy_find_options(void);
kf_bundle_options kfpy_bundle_options(void);
kf_verify_options kfpy_verify_options(void);
kf_build_report kfpy_build_report(void);
kf_member kfpy_member(void);
kf_dict_stat kfpy_dict_stat(void);

/* What realpath says, for kfpy_free; or NULL. */
char *kfpy_real_path(const char *path);

/* For ffi.gc, which passes a plain pointer. */
void kfpy_dict_free(kf_dict *dict);
void kfpy_builder_free(kf_builder *builder);
void kfpy_query_free(kf_query *query);
void kfpy_iter_free(const void *keep, kf_iter *iter);

/* The place that a key or value by ordinal is left in. Only one call at a time may use a slot. */
#define KFPY_INLINE ...
char *kfpy_slot_new(void);
void kfpy_slot_free(char *slot);
const char *kfpy_slot_data(const char *slot);

/* The size, and the bytes in the slot: in its first bytes when the size is at most KFPY_INLINE, else
 * where kfpy_slot_data tells. A failure is -1 - status. */
int64_t kfpy_value_at(const kf_dict *dict, uint64_t ordinal, char *slot);
int64_t kfpy_key_at(const kf_dict *dict, uint64_t ordinal, char *slot);

typedef struct kfpy_number {
    int64_t status;
    uint64_t value;
} kfpy_number;
kfpy_number kfpy_u64_at(const kf_dict *dict, uint64_t ordinal);
kfpy_number kfpy_ordinal(const kf_dict *dict, const void *key, size_t key_size);
kfpy_number kfpy_lower_bound(const kf_dict *dict, const void *key, size_t key_size);
/* The value is the length of the match. */
kfpy_number kfpy_longest_prefix(const kf_dict *dict, const void *text, size_t text_size);

typedef struct kfpy_range {
    int64_t status;
    uint64_t first;
    uint64_t count;
} kfpy_range;
kfpy_range kfpy_prefix_range(const kf_dict *dict, const void *prefix, size_t prefix_size);

/* Many entries of an iterator in one call. Keys lie end to end: key i is key_data[key_ends[i-1] .. key_ends[i]);
 * values likewise, or in `numbers`. */
typedef struct kfpy_block {
    size_t count;
    char *key_data;
    uint64_t *key_ends;
    char *value_data;
    uint64_t *value_ends;
    uint64_t *numbers;
    uint64_t *ordinals;
    kf_match *matches;
    ...;
} kfpy_block;
#define KFPY_WANT_KEYS ...
#define KFPY_WANT_VALUES ...
#define KFPY_WANT_NUMBERS ...
#define KFPY_WANT_MATCHES ...
kfpy_block *kfpy_block_new(void);
void kfpy_block_free(kfpy_block *block);
/* Up to `entries` more; KF_END once there are none. What was read before a failure is in the block all the same. */
int kfpy_block_fill(kfpy_block *block, kf_iter *iter, size_t entries, int want);

/* Pairs that lie end to end, added until one fails: KFPY_BAD_BATCH if the sizes do not fit the data.
 * `value_sizes` has the values themselves if they are `numbers`; `weights` may be NULL. */
#define KFPY_BAD_BATCH ...
typedef struct kfpy_batch {
    size_t count;
    const char *key_data;
    size_t key_size;
    const uint64_t *key_sizes;
    const char *value_data;
    size_t value_size;
    const uint64_t *value_sizes;
    const uint64_t *weights;
    int numbers;
} kfpy_batch;
int kfpy_add_batch(kf_builder *builder, const kfpy_batch *batch, kf_error *error);

/* A builder's progress callback; `context` is a handle to the Python function (ffi.new_handle). */
extern "Python" int kfpy_progress(void *context, const kf_progress *progress);
/* A manifest's callback for members; `context` is such a handle too. */
extern "Python" kf_status kfpy_member_needed(void *context, const kf_member *member, kf_error *error);
