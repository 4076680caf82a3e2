/* Compiling key/value pairs into a dictionary file. */
#ifndef KEYFOLD_BUILDER_H
#define KEYFOLD_BUILDER_H

#include <keyfold/progress.h>
#include <keyfold/status.h>
#include <keyfold/values.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A build under way. One thread at a time may use it. */
typedef struct kf_builder kf_builder;

/* What to do when a key is added more than once. "First" and "last" go by the order of adding. */
typedef enum kf_duplicates {
    KF_DUPLICATES_ERROR = 0,  /* kf_builder_finish fails with KF_DUPLICATE and names the key */
    KF_DUPLICATES_FIRST = 1,
    KF_DUPLICATES_LAST = 2,
    KF_DUPLICATES_SUM = 3,    /* u64 only; a sum above 2^64-1 fails with KF_LIMIT */
    KF_DUPLICATES_MIN = 4,    /* u64 only */
    KF_DUPLICATES_MAX = 5,    /* u64 only */
    KF_DUPLICATES_JOIN = 6    /* bytes only: the values end to end in the order of adding, so that a caller who adds
                                 each with its size gets lists. While the file is written all values of a key are
                                 in memory at once; over 2^40 bytes of them fail with KF_LIMIT */
} kf_duplicates;

enum {
    KF_BUILD_REPLACE_ANY = 1u << 0,  /* a regular file at the target is replaced whatever it is. Without this, only one
                                        that is empty or begins as keyfold files do */
    KF_BUILD_SIMILARITY = 1u << 1,   /* the keys are there once more in a form in which all of them are compared at
                                        once: kf_iter_create_nearest by similarity takes milliseconds for a million
                                        keys, for about as many bytes as the keys have and 3 to 5 more each. Of a
                                        shard of over 2^32 - 2 keys there is none */
    KF_BUILD_FILTER = 1u << 2,       /* a filter of about 10 bits a key, more in small files, tells of 255 of 256
                                        absent keys at once that they are: for tables that are mostly asked for what
                                        they have not. Present keys take longer */
    KF_BUILD_NO_SYNC = 1u << 3,      /* the file is not waited for until it is on disk: quicker for small ones. It still
                                        takes its name at once or not at all, whatever becomes of this process; but
                                        if the machine goes down soon after, it may be there and damaged, which
                                        kf_dict_verify finds. For what can be made again */
    KF_BUILD_FAST = 1u << 4,         /* tokens for texts are looked for in little text, and used as they fit first:
                                        builds of small tables take less time, of long texts much less; files are some
                                        percent larger, those of long texts more */
    KF_BUILD_BEST = 1u << 5         /* the reverse: more text, more time, and slightly smaller files of long texts.
                                        Not with KF_BUILD_FAST */
};

/* What a build is to do. Read during kf_builder_create only; its strings are copied. */
typedef struct kf_build_options {
    size_t struct_size;           /* sizeof(kf_build_options), set by KF_BUILD_OPTIONS_INIT */
    kf_value_type value_type;
    kf_encoding value_encoding;
    kf_duplicates duplicates;
    uint64_t memory_limit;        /* bytes for everything the build holds; 0: 1 GiB; at least 16 MiB */
    const char *temporary_folder; /* NULL: the target's folder */
    kf_progress_fn progress;      /* may be NULL */
    void *progress_context;
    kf_weights weights;
    unsigned threads;             /* that the build may use, the caller's among them; 0 is 1. At most 256 */
    unsigned shards;              /* automata that the keys are divided among: 0 as many as they are worth, which
                                     is one below about 33 million keys; at most 64, and fewer if there are too
                                     few keys. They are built side by side */
    uint64_t expected_bytes;      /* of all keys and values that will be added, as far as it is known, else 0:
                                     lets a build that the disk can't hold fail early */
    const char *resume_folder;    /* NULL: an interrupted build starts anew; else see kf_builder_resumed */
    uint32_t normalise;           /* KF_NORMALISE_... (values.h), 0 for none: keys become normal before they are
                                     sorted, and those that are then the same are duplicates. The file says so, and
                                     whatever is looked up or searched in it becomes normal too */
    uint32_t flags;               /* KF_BUILD_... */
} kf_build_options;
#define KF_BUILD_OPTIONS_INIT { sizeof(kf_build_options), KF_VALUES_NONE, KF_ENCODING_AUTO, \
                                KF_DUPLICATES_ERROR, 0, NULL, NULL, NULL, KF_WEIGHTS_NONE, 0, 0, 0, NULL, 0, 0 }

/* What a build did. Start with KF_BUILD_REPORT_INIT; later versions may add fields at the end. */
typedef struct kf_build_report {
    size_t struct_size;           /* sizeof(kf_build_report), set by KF_BUILD_REPORT_INIT */
    uint64_t pairs_added;
    uint64_t keys;                /* distinct keys in the file */
    uint64_t pairs_dropped;       /* by the duplicates policy: pairs_added - keys */
    uint64_t states;              /* final or branching states that the stored form derives from */
    uint64_t states_extra;        /* of them, more than the exactly minimal automaton has: 0 unless
                                     the memory limit forced it; then an estimate within about 2 % */
    uint64_t file_size;
    uint64_t temporary_peak;      /* most bytes of temporary files at one time */
    uint64_t shards;              /* automata that the keys were divided among */
} kf_build_report;
#define KF_BUILD_REPORT_INIT { sizeof(kf_build_report), 0, 0, 0, 0, 0, 0, 0, 0 }

/* Starts a build of the file `path`; `options` NULL: the defaults. Nothing appears at `path` before kf_builder_finish
 * succeeds. A keyfold file or an empty one there is then replaced atomically. Anything else there is refused, now and
 * by kf_builder_finish, as nobody wants a dictionary in place of their text (but see KF_BUILD_REPLACE_ANY). The builder
 * is the caller's to destroy; `*out` is NULL after a failure. O(1), without pairs to resume.
 * Errors: KF_INVALID (options, the target), KF_NO_MEMORY, KF_IO. */
KF_API kf_status kf_builder_create(kf_builder **out, const char *path,
                                   const kf_build_options *options, kf_error *error);

/* How many pairs an earlier build has left in the resume_folder, so that they are not sorted again. 0 without one.
 *
 * Resuming: with a resume_folder, pairs are sorted into files with names in it. From time to time, at least every
 * minute in which pairs are added, these are synced, and a journal says what is in them. When the build dies, fails
 * or is cancelled, another build that names the same folder goes on from the last such point.
 *
 *   - Give it the same pairs in the same order, from the start. Those that are there already cost a hash each, by which
 *     they are compared. More pairs may follow them.
 *   - Target, encoding, memory limit and threads may differ. The value type must be the same, and whether weights are
 *     given, and the duplicates policy (but any may follow KF_DUPLICATES_ERROR).
 *   - Only adding and the first sorting are resumed. All that comes after them is done again.
 *   - The folder is made if it is missing; the folder around it must exist. One build at a time may use it. After a
 *     success what the build has put there is removed, and the folder if a build made it. Before that nothing is:
 *     without a resume_folder, runs are given back to the disk while they are merged, with one they are kept, so the
 *     temporary files together take up to twice as much.
 *
 * Errors of kf_builder_create: KF_INVALID (in use, or begun with other options), KF_CORRUPT (damaged files),
 * KF_UNSUPPORTED (another version began); of kf_builder_add and kf_builder_finish: KF_INVALID (other pairs). */
KF_API uint64_t kf_builder_resumed(const kf_builder *builder);

/* Adds one pair, in any key order; sorted input is recognised and costs less. Key and value are copied. For
 * KF_VALUES_NONE the value must be empty. Amortised O(key + value) as long as the pairs fit the memory limit; beyond it
 * sorted runs are written to temporary files, which kf_builder_finish merges. kf_builder_add is for values of bytes
 * and for none, kf_builder_add_u64 for integers.
 * Errors: KF_TYPE (the other call is needed), KF_LIMIT (key over 1 MiB, value over 2^40 bytes), KF_NO_MEMORY, KF_IO,
 * KF_NO_SPACE, KF_CANCELLED. After an error only kf_builder_destroy is allowed. */
KF_API kf_status kf_builder_add(kf_builder *builder, const void *key, size_t key_size,
                                const void *value, size_t value_size, kf_error *error);
KF_API kf_status kf_builder_add_u64(kf_builder *builder, const void *key, size_t key_size,
                                    uint64_t value, kf_error *error);

/* Adds one pair with a weight. With KF_WEIGHTS_GIVEN all pairs must be added by these calls, otherwise none: KF_TYPE.
 * The value is held a second time during the call. The other errors are those of kf_builder_add. */
KF_API kf_status kf_builder_add_weighted(kf_builder *builder, const void *key, size_t key_size,
                                         const void *value, size_t value_size, uint64_t weight,
                                         kf_error *error);
KF_API kf_status kf_builder_add_u64_weighted(kf_builder *builder, const void *key, size_t key_size,
                                             uint64_t value, uint64_t weight, kf_error *error);

/* Stores a metadata entry, which is copied, at any time before kf_builder_finish. Names that begin with "keyfold." are
 * reserved. A name set twice keeps the last content. Errors: KF_INVALID (name empty, reserved or over 255 bytes),
 * KF_LIMIT (all metadata together over 64 MiB), KF_NO_MEMORY. */
KF_API kf_status kf_builder_set_metadata(kf_builder *builder, const char *name, const void *data,
                                         size_t size, kf_error *error);

/* Compiles all pairs, writes the file beside the target, fsyncs it and renames it. `report` (may be NULL) is filled as
 * far as its struct_size reaches. A builder finishes once; afterwards only kf_builder_destroy is allowed. On failure
 * the target is as before, and no file is left but in a resume_folder. O(pairs * log(pairs)) comparisons.
 * Errors: those of kf_builder_add, KF_DUPLICATE; KF_INVALID (`report` was not initialised: nothing has happened then,
 * and the builder can still finish). */
KF_API kf_status kf_builder_finish(kf_builder *builder, kf_build_report *report, kf_error *error);

/* Ends a build in any state and frees everything. Unfinished work and temporary files vanish, but for what a
 * resume_folder keeps. NULL and a pointer to NULL are accepted; *builder becomes NULL. */
KF_API void kf_builder_destroy(kf_builder **builder);

#ifdef __cplusplus
}
#endif
#endif
