/* What a dictionary holds beside its keys: values, how they are stored, and weights. */
#ifndef KEYFOLD_VALUES_H
#define KEYFOLD_VALUES_H

/* What kind of value each key has. */
typedef enum kf_value_type {
    KF_VALUES_NONE = 0,   /* a set of keys */
    KF_VALUES_U64 = 1,    /* an unsigned 64-bit integer a key */
    KF_VALUES_BYTES = 2   /* any bytes a key, up to 2^40 of them */
} kf_value_type;

/* How the value column is stored. AUTO samples the values and chooses. */
typedef enum kf_encoding {
    KF_ENCODING_AUTO = 0,
    KF_ENCODING_PACKED = 1,    /* u64: bit-packed blocks, O(1) access */
    KF_ENCODING_DISTINCT = 2,  /* u64, bytes: dictionary of distinct values + packed codes; forced, it fails
                                  with KF_LIMIT when the distinct values do not fit the memory limit */
    KF_ENCODING_RAW = 3,       /* bytes: stored as they are, returned without a copy */
    KF_ENCODING_TOKENS = 4,    /* bytes: token-coded strings, direct access to one value */
    KF_ENCODING_ZSTD = 5       /* bytes: zstd blocks with a trained dictionary */
} kf_encoding;

/* Weights order the keys for completion (KF_ORDER_WEIGHT in iter.h): the file then has their maxima, and the
 * best of any prefix are found in microseconds. Costs about a tenth of a byte a key, and the given weights. */
typedef enum kf_weights {
    KF_WEIGHTS_NONE = 0,      /* costs nothing */
    KF_WEIGHTS_VALUE = 1,     /* the values; u64 only */
    KF_WEIGHTS_GIVEN = 2      /* each pair has one: kf_builder_add_weighted. Of a key that is added more than
                                 once, the weight of the chosen pair; not with the policies sum, min, max and
                                 join */
} kf_weights;

/* Normal forms, in which keys that users take for the same are the same (kf_build_options.normalise): flags. Texts are
 * read as UTF-8; bytes that are none stay as they are, and so do code points newer than Unicode 13.0. What is normal
 * stays as it is. */
enum {
    KF_NORMALISE_CASE = 1u << 0,     /* full case folding: STRASSE, Straße and strasse are the same */
    KF_NORMALISE_NFC = 1u << 1,      /* Unicode's NFC: an e with an acute accent is the same as one code point or two */
    KF_NORMALISE_NFKC = 1u << 2,     /* Unicode's NFKC: also full width, ligatures, superscripts and the like */
    KF_NORMALISE_ACCENTS = 1u << 3   /* marks above, below and through letters are left out; NFC as well. Those of
                                        combining classes 7 to 9 (nukta, Kana voicing, virama) stay, as do
                                        vowel signs (class 0) and letters such as ø that have no mark in Unicode */
};

#endif
