/* include/keyfold/values.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_value_type {
    KF_VALUES_NONE = 0,
    KF_VALUES_U64 = 1,
    KF_VALUES_BYTES = 2
} kf_value_type;

typedef enum kf_encoding {
    KF_ENCODING_AUTO = 0,
    KF_ENCODING_PACKED = 1,
    KF_ENCODING_DISTINCT = 2,
    KF_ENCODING_RAW = 3,
    KF_ENCODING_TOKENS = 4,
    KF_ENCODING_ZSTD = 5
} kf_encoding;

typedef enum kf_weights {
    KF_WEIGHTS_NONE = 0,
    KF_WEIGHTS_VALUE = 1,
    KF_WEIGHTS_GIVEN = 2
} kf_weights;

enum {
    KF_NORMALISE_CASE = 1 << 0,
    KF_NORMALISE_NFC = 1 << 1,
    KF_NORMALISE_NFKC = 1 << 2,
    KF_NORMALISE_ACCENTS = 1 << 3
};
