/* Ordered iteration. Every kind of query yields a kf_iter. */
#ifndef KEYFOLD_ITER_H
#define KEYFOLD_ITER_H

#include <keyfold/dict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An iterator belongs to one thread and must be destroyed before its dictionary is closed. */
typedef struct kf_iter kf_iter;

enum {
    KF_ITER_REVERSE = 1u << 0     /* from the last key to the first */
};

/* Which keys to visit: those that satisfy all that is given. */
typedef struct kf_iter_options {
    size_t struct_size;           /* sizeof(kf_iter_options), set by KF_ITER_OPTIONS_INIT */
    uint32_t flags;
    kf_bytes prefix;              /* only keys that begin with it */
    kf_bytes from;                /* only keys >= from */
    kf_bytes to;                  /* only keys < to, when has_to is not 0 */
    int has_to;
    uint64_t first_ordinal;       /* only ordinals >= first_ordinal */
    uint64_t limit;               /* at most so many keys */
} kf_iter_options;
#define KF_ITER_OPTIONS_INIT { sizeof(kf_iter_options), 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0, \
                               UINT64_MAX }

/* One entry. `key` lies in the iterator and is valid until the next call on it. */
typedef struct kf_entry {
    kf_bytes key;
    uint64_t ordinal;
} kf_entry;

/* Creates an iterator; `options` (NULL: everything) is read during the call only.
 * O(prefix or bound length). Errors: KF_INVALID, KF_NO_MEMORY, KF_CORRUPT. */
KF_API kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options,
                                kf_error *error);

/* How many entries remain, without enumerating: O(1). */
KF_API uint64_t kf_iter_remaining(const kf_iter *iter);

/* The next entry; KF_END after the last one. Amortised O(bytes by which keys differ). */
KF_API kf_status kf_iter_next(kf_iter *iter, kf_entry *entry);

/* The value of the entry that kf_iter_next returned last; bytes are valid until the next call on
 * the iterator. Consecutive values of compressed blocks are decoded once. Errors: KF_TYPE,
 * KF_CORRUPT, KF_NO_MEMORY, KF_INVALID (no current entry). */
KF_API kf_status kf_iter_value(kf_iter *iter, kf_bytes *value);
KF_API kf_status kf_iter_value_u64(kf_iter *iter, uint64_t *value);

KF_API void kf_iter_destroy(kf_iter **iter);

#ifdef __cplusplus
}
#endif
#endif
