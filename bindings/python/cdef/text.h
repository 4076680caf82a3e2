/* include/keyfold/text.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_overlap {
    KF_OVERLAP_ALL = 0,
    KF_OVERLAP_LONGEST = 1
} kf_overlap;

typedef enum kf_boundary {
    KF_BOUNDARY_BYTES = 0,
    KF_BOUNDARY_CODE_POINTS = 1,
    KF_BOUNDARY_WORDS = 2,
    KF_BOUNDARY_CALLBACK = 3
} kf_boundary;

typedef int (*kf_boundary_fn)(void *context, kf_bytes text, size_t position);

typedef struct kf_find_options {
    size_t struct_size;
    kf_overlap overlap;
    kf_boundary boundary;
    kf_boundary_fn is_boundary;
    void *boundary_context;
    kf_filter_fn filter;
    void *filter_context;
} kf_find_options;

kf_status kf_iter_create_find(kf_iter **out, const kf_dict *dict, const void *text, size_t text_size,
                              const kf_find_options *options, kf_error *error);

kf_status kf_text_normalise(const void *text, size_t text_size, uint32_t flags, kf_buffer *buffer,
                                   kf_bytes *form);
