/* Opening a dictionary file and looking keys up.
 *
 * Threads: every function that takes `const kf_dict *` may be called from any number of threads at
 * once on one handle. Processes that open the same file share its pages; a handle survives fork.
 * Normal forms: in a dictionary that was built with kf_build_options.normalise, every key, prefix, bound and text that
 * a call takes becomes normal first. Then KF_NO_MEMORY is an error of all these calls, for keys of some hundred bytes
 * and more; shorter ones allocate nothing.
 * Damage: on any bytes whatsoever, every call returns in bounded time and reads only the file's bytes;
 * on a damaged file an answer may be wrong or KF_CORRUPT. kf_dict_verify finds damage.
 * A file must be replaced by rename (as kf_builder does), never rewritten in place: a file that is
 * truncated under a mapping raises SIGBUS, unless it was opened with KF_OPEN_IN_MEMORY. What was rewritten is damaged
 * in every handle that has it open, for good: a file that is put in its place afterwards must be opened anew, though
 * path and build id may be the same (kf_dict_same_files). */
#ifndef KEYFOLD_DICT_H
#define KEYFOLD_DICT_H

#include <keyfold/progress.h>
#include <keyfold/status.h>
#include <keyfold/values.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open dictionary. */
typedef struct kf_dict kf_dict;

/* The ordinal that batch calls report for an absent key. */
#define KF_ABSENT UINT64_MAX

enum {
    KF_OPEN_IN_MEMORY = 1u << 0,  /* read the whole file instead of mapping it; costs O(size) */
    KF_OPEN_POPULATE = 1u << 1,   /* read all pages ahead (MAP_POPULATE) */
    KF_OPEN_RANDOM = 1u << 2,     /* advise random access: no read-ahead */
    KF_OPEN_HUGE = 1u << 3,       /* advise huge pages where the kernel offers them: a first touch then reads 2 MiB.
                                   * KF_OPEN_IN_MEMORY and KF_OPEN_POPULATE do so by themselves */
    KF_OPEN_LOCK = 1u << 4,       /* mlock the pages; KF_IO when not permitted */
    KF_OPEN_CHECK = 1u << 5       /* open all files that a manifest names at once, as kf_dict_open_members does. With
                                   * KF_OPEN_IN_MEMORY, KF_OPEN_POPULATE and KF_OPEN_LOCK that is so by itself */
};

/* A file that a manifest names: about to be opened, all of it borrowed for the call; or as kf_dict_member_at tells. */
typedef struct kf_member {
    size_t struct_size;           /* sizeof(kf_member): the library's, or set by KF_MEMBER_INIT */
    const char *path;             /* where it will be opened */
    uint64_t file_size, keys;     /* what the manifest says of it */
    kf_bytes name;                /* as the manifest names it */
    const uint8_t *build_id;      /* 16 bytes */
    char *place;                  /* empty; another path that is written here is opened instead, */
    size_t place_size;            /* which has so much room, with its end */
} kf_member;
#define KF_MEMBER_INIT { sizeof(kf_member), NULL, 0, 0, {NULL, 0}, NULL, NULL, 0 }

/* Called before a member is opened, which may bring the file first, from another host say. Lookups wait for it; several
 * threads may be in it at once, for one member too. Anything but KF_OK fails what touched the member, with this status
 * (KF_IO for KF_NOT_FOUND, KF_END and KF_TYPE) and what `error` says; the next touch tries again. */
typedef kf_status (*kf_member_fn)(void *context, const kf_member *member, kf_error *error);

/* How to open a dictionary. */
typedef struct kf_open_options {
    size_t struct_size;           /* sizeof(kf_open_options), set by KF_OPEN_OPTIONS_INIT */
    uint32_t flags;               /* KF_OPEN_... */
    uint32_t reserved;            /* 0 */
    kf_member_fn member_needed;   /* may be NULL. Only files without shards are members that it is asked for */
    void *member_context;
} kf_open_options;
#define KF_OPEN_OPTIONS_INIT { sizeof(kf_open_options), 0, 0, NULL, NULL }

/* Opens `path`: O(1) in the file's size, below a millisecond. A manifest says enough of the files that it names for a
 * lookup to open only the one that its key is in, at the first touch (unless one of them has shards itself: then all
 * are opened here). That can fail: then whatever touched it returns KF_IO, KF_REPLACED, KF_FORMAT, KF_UNSUPPORTED,
 * KF_CORRUPT or KF_NO_MEMORY, and kf_dict_member_error tells more. `options` may be NULL. The
 * handle is the caller's to close; `*out` is NULL after a failure.
 * Errors: KF_INVALID (options, an empty path), KF_IO, KF_FORMAT (foreign, cut or grown), KF_UNSUPPORTED, KF_CORRUPT,
 * KF_NO_MEMORY, KF_TYPE (a names index: kf_names_open); of a manifest also KF_REPLACED. */
KF_API kf_status kf_dict_open(kf_dict **out, const char *path, const kf_open_options *options,
                              kf_error *error);

/* Opens a file's bytes that the caller has in memory: a buffer, a memfd, a file inside another one (stored, not
 * compressed). They may lie at any address, aligned or not, and must stay there unchanged until kf_dict_close, after
 * which they are still the caller's. Everything else is as with kf_dict_open, on damaged bytes too: no call reads
 * outside of data[0 .. size).
 * Of the flags only KF_OPEN_IN_MEMORY has a meaning here: the dictionary then has a copy of its own, and the memory may
 * be changed or freed at once. O(1), or O(size) with a copy.
 * Errors: those of kf_dict_open but KF_IO and KF_REPLACED; KF_INVALID also for a manifest, which names files by where
 * it lies itself. */
KF_API kf_status kf_dict_open_memory(kf_dict **out, const void *data, size_t size,
                                     const kf_open_options *options, kf_error *error);

/* Opens all members of a manifest that nothing has touched yet, so that nothing that comes later can fail for a file
 * that is not there. Nothing to do for other dictionaries. Errors: of the first that can't be opened, as above. */
KF_API kf_status kf_dict_open_members(const kf_dict *dict, kf_error *error);
/* Whether a call returned `status` because a member could not be opened, as far as is known: 1, and `error` (may be
 * NULL) tells of the last such member, of whatever thread; else 0. */
KF_API int kf_dict_member_error(const kf_dict *dict, kf_status status, kf_error *error);

/* What a manifest says of its member `index`, in the order of keys from 0 on, opening nothing: fills `member`, but for
 * `path` and `place`, as far as its struct_size reaches. What it points to is borrowed until close. O(1). Errors:
 * KF_NOT_FOUND (there are not as many), KF_TYPE (no manifest, or one of files that have shards), KF_INVALID (`member`
 * was not initialised). */
KF_API kf_status kf_dict_member_at(const kf_dict *dict, size_t index, kf_member *member);

/* Closes. NULL and a pointer to NULL are accepted; *dict becomes NULL. Bytes borrowed from the handle and iterators
 * over it must not be used afterwards. No other thread may be using the handle. */
KF_API void kf_dict_close(kf_dict **dict);

/* How many keys there are. O(1), as all four. */
KF_API uint64_t kf_dict_count(const kf_dict *dict);
KF_API kf_value_type kf_dict_value_type(const kf_dict *dict);
/* The longest key's length in bytes. */
KF_API size_t kf_dict_longest_key(const kf_dict *dict);
/* 16 bytes derived from the file's whole content: the same input and options give the same id. */
KF_API void kf_dict_build_id(const kf_dict *dict, uint8_t id[16]);

/* The bytes of the file, as they are mapped or in memory, to send or to write elsewhere: valid until close. They are
 * those of the handle, whatever has the file's path by now. O(1). Errors: KF_TYPE (a manifest, whose content is in
 * other files: kf_dict_merge makes one of them). */
KF_API kf_status kf_dict_content(const kf_dict *dict, kf_bytes *content);

/* Whether two handles are of the same bytes, so that one of them will do: 1 or 0. They are if they have one build id
 * and were opened from the same file (by device, inode and size), for a manifest all its files, or from the same
 * memory; with KF_OPEN_IN_MEMORY, if the copies are equal. A program that keeps handles by path and build id asks this
 * before it takes one of them for a file that it has just opened. O(1), O(files) of manifests, O(size) of copies. */
KF_API int kf_dict_same_files(const kf_dict *a, const kf_dict *b);

/* Whether the dictionary has a key: KF_OK, and `found` is 1 or 0. O(key length), nothing is allocated.
 * Errors: KF_CORRUPT, with `found` 0. */
KF_API kf_status kf_dict_contains(const kf_dict *dict, const void *key, size_t key_size, int *found);
/* The ordinal of a key. O(key length), nothing is allocated. Errors: KF_NOT_FOUND, KF_CORRUPT. */
KF_API kf_status kf_dict_ordinal(const kf_dict *dict, const void *key, size_t key_size,
                                 uint64_t *ordinal);

/* The value of a key. `value` is set to bytes inside the mapping (valid until close) where the encoding allows, else to
 * bytes in `buffer` (valid until its next use). O(key + value), and a block of values under KF_ENCODING_ZSTD.
 * Errors: KF_NOT_FOUND, KF_TYPE (values of another type, or none), KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_dict_get(const kf_dict *dict, const void *key, size_t key_size,
                             kf_buffer *buffer, kf_bytes *value);
KF_API kf_status kf_dict_get_u64(const kf_dict *dict, const void *key, size_t key_size,
                                 uint64_t *value);

/* Key and value by ordinal, as by key. A key lies in `buffer`. O(key length), O(value).
 * Errors: KF_NOT_FOUND (`ordinal` >= count), KF_TYPE, KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_dict_key_at(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer,
                                kf_bytes *key);
KF_API kf_status kf_dict_value_at(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer,
                                  kf_bytes *value);
KF_API kf_status kf_dict_u64_at(const kf_dict *dict, uint64_t ordinal, uint64_t *value);

/* Whether keys have weights, which order them for completion (kf_build_options.weights): 1 or 0. Values that are
 * integers are weights too, whether the file has maxima of them or not; given weights come before them. */
KF_API int kf_dict_has_weights(const kf_dict *dict);
/* The weight of a key, by ordinal. O(1). Errors: KF_TYPE (there are none), KF_NOT_FOUND (`ordinal` >= count),
 * KF_CORRUPT. */
KF_API kf_status kf_dict_weight_at(const kf_dict *dict, uint64_t ordinal, uint64_t *weight);

/* Lookups of many keys: ordinals[i] is that of keys[i], or KF_ABSENT. They are interleaved so that their cache misses
 * overlap. `found` (may be NULL) is set to the number of keys that are there. Errors: KF_CORRUPT (the rest is still
 * answered). */
KF_API kf_status kf_dict_ordinal_many(const kf_dict *dict, const kf_bytes *keys, size_t count,
                                      uint64_t *ordinals, size_t *found);
/* The same over packed keys: key i is data[offsets[i] .. offsets[i+1]), as in an Arrow column. */
KF_API kf_status kf_dict_ordinal_many_packed(const kf_dict *dict, const uint8_t *data,
                                             const uint64_t *offsets, size_t count,
                                             uint64_t *ordinals, size_t *found);
/* u64 values of many ordinals; values[i] is left alone where ordinals[i] is KF_ABSENT. Errors: KF_TYPE, KF_NOT_FOUND
 * (an ordinal >= count), KF_CORRUPT. */
KF_API kf_status kf_dict_u64_at_many(const kf_dict *dict, const uint64_t *ordinals, size_t count,
                                     uint64_t *values);
/* Byte values of many ordinals, end to end in `data`: value i is data[ends[i-1] .. ends[i]), the first
 * one begins at 0, and those of KF_ABSENT are empty. Errors: KF_TYPE, KF_NOT_FOUND (an ordinal >= count),
 * KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_dict_value_at_many(const kf_dict *dict, const uint64_t *ordinals, size_t count,
                                       kf_buffer *data, uint64_t *ends);

/* The keys that begin with `prefix` have the ordinals first .. first+count-1: they are counted without being visited.
 * O(prefix length). Errors: KF_CORRUPT, KF_NO_MEMORY, with `count` 0. */
KF_API kf_status kf_dict_prefix_range(const kf_dict *dict, const void *prefix, size_t prefix_size,
                                      uint64_t *first, uint64_t *count);
/* How many keys are < `key`: the ordinal of the first key >= `key`. O(key length). Errors: KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_dict_lower_bound(const kf_dict *dict, const void *key, size_t key_size,
                                     uint64_t *ordinal);

/* A key that begins a text. This struct never changes. */
typedef struct kf_prefix_match {
    size_t size;        /* the key's length in the text: it is, or becomes in normal form, text[0 .. size) */
    uint64_t ordinal;
} kf_prefix_match;

/* The longest key that begins `text`; KF_NOT_FOUND when none does. O(longest key). Errors: KF_CORRUPT. */
KF_API kf_status kf_dict_longest_prefix(const kf_dict *dict, const void *text, size_t text_size,
                                        kf_prefix_match *match);
/* All keys that begin `text`, shortest first: at most `capacity` are stored, `count` is the number
 * stored. When `count` equals `capacity` there may be more. O(longest key). Errors: KF_CORRUPT. */
KF_API kf_status kf_dict_prefixes(const kf_dict *dict, const void *text, size_t text_size,
                                  kf_prefix_match *matches, size_t capacity, size_t *count);

/* The metadata entry of a name, and the entries by index from 0, in the order of their names. Names and contents are
 * borrowed from the mapping: valid until close. O(log entries), O(1). Errors: KF_NOT_FOUND, KF_CORRUPT. */
KF_API kf_status kf_dict_metadata(const kf_dict *dict, const char *name, kf_bytes *content);
KF_API kf_status kf_dict_metadata_at(const kf_dict *dict, size_t index, kf_bytes *name,
                                     kf_bytes *content);

/* Sizes in bytes of the file's parts, and what the build recorded. Start with KF_DICT_STAT_INIT; later versions may
 * add fields at the end. */
typedef struct kf_dict_stat {
    size_t struct_size;           /* sizeof(kf_dict_stat), set by KF_DICT_STAT_INIT */
    uint64_t keys;
    uint64_t longest_key;
    uint64_t file_size;
    uint64_t key_bytes;           /* automaton, key tails and their token dictionary */
    uint64_t token_bytes;         /* of key_bytes, the token dictionary */
    uint64_t shared_bytes;        /* of key_bytes, containers that several parents share */
    uint64_t value_bytes;         /* value column with its dictionaries */
    uint64_t metadata_bytes;
    uint64_t checksum_bytes;
    uint64_t raw_key_bytes;       /* sum of the keys' lengths */
    uint64_t raw_value_bytes;     /* sum of the values' lengths; 8 a value for u64 */
    uint64_t states;
    uint64_t states_extra;        /* see kf_build_report */
    kf_value_type value_type;
    kf_encoding value_encoding;
    uint64_t weight_bytes;        /* weights of their own, and maxima */
    kf_weights weights;           /* what the dictionary was built with */
    uint64_t shards;              /* dictionaries that it is made of (bundle.h); 0: it is one of its own */
    int is_manifest;              /* the shards are in other files; file_size is the sum of all */
    uint32_t reserved;            /* 0 */
    uint64_t normalise;           /* KF_NORMALISE_...: in which normal form the keys are; 0: as they were added */
    uint64_t similarity_bytes;    /* the keys once more, for comparing all at once: see KF_BUILD_SIMILARITY */
    uint64_t filter_bytes;        /* see KF_BUILD_FILTER */
} kf_dict_stat;
#define KF_DICT_STAT_INIT { sizeof(kf_dict_stat), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, KF_VALUES_NONE, \
                            KF_ENCODING_AUTO, 0, KF_WEIGHTS_NONE, 0, 0, 0, 0, 0, 0 }

/* Fills `stat` as far as its struct_size reaches. O(1), O(shards) of a dictionary that has any. Errors: KF_INVALID
 * (`stat` was not initialised); those of kf_dict_open_members, which this does. */
KF_API kf_status kf_dict_get_stat(const kf_dict *dict, kf_dict_stat *stat);
/* The same without opening members of a manifest: file_size, shards and what the header says are right, the sizes of
 * keys, tokens, shared containers, values, weights, metadata and checksums those of the manifest alone. Errors:
 * KF_INVALID. */
KF_API kf_status kf_dict_get_outline(const kf_dict *dict, kf_dict_stat *stat);

/* How to verify. */
typedef struct kf_verify_options {
    size_t struct_size;           /* sizeof(kf_verify_options), set by KF_VERIFY_OPTIONS_INIT */
    unsigned threads;             /* that may be used, the caller's among them; 0 is 1. At most 256. Where the system
                                     does not give as many, fewer do it */
    kf_progress_fn progress;      /* may be NULL. KF_PHASE_VERIFY; a result other than 0 cancels */
    void *progress_context;
} kf_verify_options;
#define KF_VERIFY_OPTIONS_INIT { sizeof(kf_verify_options), 0, NULL, NULL }

/* Checks every checksum and walks every structure, of a manifest those in all files that it names: O(size of the
 * files), and up to 24 bytes of memory for each shared container of the keys. `options` may be NULL. The answer does
 * not depend on the number of threads: of several errors it is the first one in a fixed order, checksums by ascending
 * offset before what is in them. Other threads may use the handle meanwhile.
 * Errors: KF_CORRUPT with the offset, KF_CANCELLED, KF_NO_MEMORY, KF_INVALID (options). A checksum is no signature: it
 * finds accidents, not forgery. */
KF_API kf_status kf_dict_verify(const kf_dict *dict, const kf_verify_options *options, kf_error *error);

/* Whether bytes, of a copy that has come from somewhere say, are all of a file as keyfold wrote it, of whatever kind:
 * header, size, checksums and pads, not what is in it, nor the files that a manifest names. Then `build_id` is the
 * file's. O(size), at the speed of memory. Errors: KF_FORMAT, KF_UNSUPPORTED, KF_CORRUPT. */
KF_API kf_status kf_content_check(const void *data, size_t size, uint8_t build_id[16], kf_error *error);

#ifdef __cplusplus
}
#endif
#endif
