/* include/keyfold/iter.h without its comments; tests/python/test_declarations.py compares the two. */
typedef struct kf_iter kf_iter;

typedef struct kf_query kf_query;

typedef struct kf_entry {
    kf_bytes key;
    uint64_t ordinal;
} kf_entry;

enum {
    KF_ITER_REVERSE = 1 << 0
};

typedef enum kf_order {
    KF_ORDER_KEY = 0,
    KF_ORDER_DISTANCE = 1,
    KF_ORDER_WEIGHT = 2
} kf_order;

typedef int (*kf_filter_fn)(void *context, kf_iter *iter, const kf_entry *entry);

typedef struct kf_iter_options {
    size_t struct_size;
    uint32_t flags;
    kf_bytes prefix;
    kf_bytes from;
    kf_bytes to;
    int has_to;
    uint64_t first_ordinal;
    uint64_t limit;
    kf_order order;
    const kf_query *query;
    kf_filter_fn filter;
    void *filter_context;
    uint64_t work_limit;
} kf_iter_options;

kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options,
                                kf_error *error);
kf_status kf_iter_reset(kf_iter **iter, const kf_dict *dict, const kf_iter_options *options,
                        kf_error *error);

uint64_t kf_iter_remaining(const kf_iter *iter);

kf_status kf_iter_next(kf_iter *iter, kf_entry *entry);
kf_status kf_iter_next_many(kf_iter *iter, kf_entry *entries, size_t capacity, size_t *count);

typedef enum kf_change {
    KF_CHANGE_NONE = 0,
    KF_CHANGE_ADDED = 1,
    KF_CHANGE_REMOVED = 2,
    KF_CHANGE_VALUE = 3
} kf_change;

typedef struct kf_match {
    uint64_t distance;
    double similarity;
    uint64_t weight;
    uint64_t position;
    size_t source;
    kf_change change;
    uint64_t before;
    uint64_t length;
} kf_match;

const kf_match *kf_iter_match(const kf_iter *iter);

int kf_iter_incomplete(const kf_iter *iter);

kf_status kf_iter_value(kf_iter *iter, kf_bytes *value);
kf_status kf_iter_value_u64(kf_iter *iter, uint64_t *value);

void kf_iter_destroy(kf_iter **iter);
