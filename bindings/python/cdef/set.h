/* include/keyfold/set.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_set_operation {
    KF_SET_UNION = 0,
    KF_SET_INTERSECTION = 1,
    KF_SET_DIFFERENCE = 2,
    KF_SET_SYMMETRIC_DIFFERENCE = 3
} kf_set_operation;

typedef enum kf_set_values {
    KF_SET_VALUES_FIRST = 0,
    KF_SET_VALUES_LAST = 1,
    KF_SET_VALUES_SUM = 2,
    KF_SET_VALUES_MIN = 3,
    KF_SET_VALUES_MAX = 4,
    KF_SET_VALUES_ALL = 5
} kf_set_values;

typedef struct kf_set_options {
    size_t struct_size;
    kf_set_values values;
    const kf_iter_options *within;
} kf_set_options;

kf_status kf_iter_create_set(kf_iter **out, kf_set_operation operation, const kf_dict *const *dicts,
                             size_t count, const kf_set_options *options, kf_error *error);

kf_status kf_iter_create_diff(kf_iter **out, const kf_dict *old_dict, const kf_dict *new_dict,
                              const kf_iter_options *within, kf_error *error);

typedef struct kf_merge_options {
    size_t struct_size;
    kf_set_operation operation;
    kf_set_values values;
    const kf_iter_options *within;
    const kf_build_options *build;
} kf_merge_options;

kf_status kf_dict_merge(const char *path, const kf_dict *const *dicts, size_t count,
                          const kf_merge_options *options, kf_build_report *report, kf_error *error);
