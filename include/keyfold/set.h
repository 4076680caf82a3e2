/* Set operations over any number of dictionaries, streamed in key order in bounded memory. */
#ifndef KEYFOLD_SET_H
#define KEYFOLD_SET_H

#include <keyfold/builder.h>
#include <keyfold/iter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which keys the result of a set operation has. */
typedef enum kf_set_operation {
    KF_SET_UNION = 0,
    KF_SET_INTERSECTION = 1,           /* keys that all have */
    KF_SET_DIFFERENCE = 2,             /* keys of the first that no other has */
    KF_SET_SYMMETRIC_DIFFERENCE = 3    /* keys that an odd number of them have */
} kf_set_operation;

/* Which value a key has that several dictionaries hold. Sum, smallest and largest need u64 values. */
typedef enum kf_set_values {
    KF_SET_VALUES_FIRST = 0,      /* of the first dictionary that has the key */
    KF_SET_VALUES_LAST = 1,
    KF_SET_VALUES_SUM = 2,
    KF_SET_VALUES_MIN = 3,
    KF_SET_VALUES_MAX = 4,
    KF_SET_VALUES_ALL = 5         /* an entry for each dictionary that has the key; not for kf_dict_merge */
} kf_set_values;

/* How to combine dictionaries. */
typedef struct kf_set_options {
    size_t struct_size;              /* sizeof(kf_set_options), set by KF_SET_OPTIONS_INIT */
    kf_set_values values;
    const kf_iter_options *within;   /* prefix, from, to, query, filter and limit; NULL: everything. Filter
                                        and limit are the result's; first_ordinal and flags must be 0 */
} kf_set_options;
#define KF_SET_OPTIONS_INIT { sizeof(kf_set_options), KF_SET_VALUES_FIRST, NULL }

/* The result's keys in order. kf_iter_match has the source: the index of the dictionary that the entry's
 * ordinal and value are from (for a sum, of the first one); after KF_CORRUPT, the index of the damaged one.
 * A dictionary may be given several times. Memory: O(count). `dicts` is read during the call only; the
 * dictionaries must outlive the iterator. kf_iter_next: O(log count) comparisons; intersection and difference
 * pass over stretches of keys that can't be in the result by a search.
 * Errors: KF_INVALID (no dictionary, an option, keys in different normal forms), KF_TYPE (values of different types, or
 * not u64 where they are to be added up or compared), KF_NO_MEMORY, KF_CORRUPT. */
KF_API kf_status kf_iter_create_set(kf_iter **out, kf_set_operation operation, const kf_dict *const *dicts,
                                    size_t count, const kf_set_options *options, kf_error *error);

/* What changed between two dictionaries, in key order; kf_iter_match has change and `before`. The entry's
 * ordinal and value are of the new dictionary, of the old one for removed keys (source 1 and 0). `within` is
 * as for sets: a value that changed is reported where the key satisfies it.
 * Errors: KF_INVALID (also: keys in different normal forms), KF_TYPE (values of different types), KF_NO_MEMORY,
 * KF_CORRUPT. */
KF_API kf_status kf_iter_create_diff(kf_iter **out, const kf_dict *old_dict, const kf_dict *new_dict,
                                     const kf_iter_options *within, kf_error *error);

/* How to combine dictionaries, and to build a file of the result. */
typedef struct kf_merge_options {
    size_t struct_size;              /* sizeof(kf_merge_options), set by KF_MERGE_OPTIONS_INIT */
    kf_set_operation operation;
    kf_set_values values;
    const kf_iter_options *within;
    const kf_build_options *build;   /* memory limit, encoding, progress ...; value type, weights,
                                        duplicates and the normal form are the members'. NULL: defaults */
} kf_merge_options;
#define KF_MERGE_OPTIONS_INIT { sizeof(kf_merge_options), KF_SET_UNION, KF_SET_VALUES_FIRST, NULL, NULL }

/* Writes the result of a set operation as a new dictionary file. Metadata of all members is kept; of entries
 * of one name the first member's. Weights are kept when all members were built with them: a key's is that of
 * the dictionary that its value is from (for a sum, of the first one). Memory and errors are those of a build
 * and of kf_iter_create_set, and KF_LIMIT for a sum above 2^64-1; an error of a member names its index. A failed
 * merge leaves the target as it was. `path` may be a member's: its handle keeps the old file. */
KF_API kf_status kf_dict_merge(const char *path, const kf_dict *const *dicts, size_t count,
                               const kf_merge_options *options, kf_build_report *report, kf_error *error);

#ifdef __cplusplus
}
#endif
#endif
