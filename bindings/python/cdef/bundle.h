/* include/keyfold/bundle.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_bundle_metadata {
    KF_BUNDLE_METADATA_SAME = 0,
    KF_BUNDLE_METADATA_COMMON = 1,
    KF_BUNDLE_METADATA_NONE = 2
} kf_bundle_metadata;

enum {
    KF_BUNDLE_ABSOLUTE = 1 << 0,
    KF_BUNDLE_REPLACE_ANY = 1 << 1
};

typedef struct kf_bundle_options {
    size_t struct_size;
    uint32_t flags;
    kf_bundle_metadata metadata;
} kf_bundle_options;

#define KF_BUNDLE_LIMIT ...

kf_status kf_bundle_write(const char *path, const char *const *members, size_t count,
                           const kf_bundle_options *options, kf_error *error);
