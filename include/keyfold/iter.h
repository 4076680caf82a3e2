/* Iterators. Ordered iteration, and every kind of query, yields entries through a kf_iter. */
#ifndef KEYFOLD_ITER_H
#define KEYFOLD_ITER_H

#include <keyfold/dict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An iterator belongs to one thread and must be destroyed before its dictionaries are closed. */
typedef struct kf_iter kf_iter;

/* A condition on keys (query.h). */
typedef struct kf_query kf_query;

/* One entry. `key` lies in the iterator and is valid until the next call on it. This struct never changes. */
typedef struct kf_entry {
    kf_bytes key;
    uint64_t ordinal;
} kf_entry;

enum {
    KF_ITER_REVERSE = 1u << 0     /* from the last key to the first; only with KF_ORDER_KEY and no query */
};

/* The order in which an iterator yields entries. */
typedef enum kf_order {
    KF_ORDER_KEY = 0,
    KF_ORDER_DISTANCE = 1,   /* of the query: (distance, larger weight, key); weight 0 where there is none */
    KF_ORDER_WEIGHT = 2      /* (larger weight, key): completion. KF_TYPE when there are no weights */
} kf_order;

/* Decides on an entry before it is returned: 0 drops it. It may ask `iter` for the entry's value and match,
 * and must not call kf_iter_next on it. */
typedef int (*kf_filter_fn)(void *context, kf_iter *iter, const kf_entry *entry);

/* Which keys to visit: those that satisfy all that is given. */
typedef struct kf_iter_options {
    size_t struct_size;           /* sizeof(kf_iter_options), set by KF_ITER_OPTIONS_INIT */
    uint32_t flags;               /* KF_ITER_... */
    kf_bytes prefix;              /* only keys that begin with it */
    kf_bytes from;                /* only keys >= from */
    kf_bytes to;                  /* only keys < to, when has_to is not 0 */
    int has_to;
    uint64_t first_ordinal;       /* only ordinals >= first_ordinal */
    uint64_t limit;               /* at most so many entries */
    kf_order order;
    const kf_query *query;        /* only keys that it accepts; may be NULL */
    kf_filter_fn filter;          /* may be NULL */
    void *filter_context;
    uint64_t work_limit;          /* with a query: labels of the automaton to look at, at most; then the iterator
                                     ends and kf_iter_incomplete tells. 0: no limit */
} kf_iter_options;
#define KF_ITER_OPTIONS_INIT { sizeof(kf_iter_options), 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0, \
                               UINT64_MAX, KF_ORDER_KEY, NULL, NULL, NULL, 0 }

/* Creates an iterator over a dictionary, which must outlive it. `options` (NULL: everything) and the bytes that it
 * points to are read during the call only; what is needed of the query is kept. The iterator is the caller's to
 * destroy; `*out` is NULL after a failure. What the call costs goes by the order:
 *   KF_ORDER_KEY        O(length of the prefix or bound).
 *   KF_ORDER_DISTANCE   the whole search; the best `limit` entries are held in memory.
 *   KF_ORDER_WEIGHT     without a query: little, and O(log keys) for each entry, if the file has maxima of the weights
 *                       (kf_build_options.weights); else all weights of the range are read. With a query: the whole
 *                       search, or some thousand keys where that is less, as it accepts many keys and `limit` is
 *                       small; the best `limit` entries are held.
 * Errors: KF_INVALID (options), KF_TYPE (no weights to order by), KF_NO_MEMORY, KF_CORRUPT. */
KF_API kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options,
                                kf_error *error);

/* As kf_iter_create, but *iter, if it is not NULL, is an iterator that is not needed any more: it is used again or
 * destroyed. Many short listings by plain iteration in key order then allocate nothing, and remember what they have
 * decoded. `dict` may be another one than before, which must still be open. *iter is NULL after a failure. */
KF_API kf_status kf_iter_reset(kf_iter **iter, const kf_dict *dict, const kf_iter_options *options,
                               kf_error *error);

/* How many entries remain, without enumerating: O(1). UINT64_MAX: unknown, because a query or filter is
 * asked entry by entry. */
KF_API uint64_t kf_iter_remaining(const kf_iter *iter);

/* The next entry; KF_END after the last one, and for ever after an error. Amortised O(bytes by which keys differ) in
 * plain iteration. Errors: KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_iter_next(kf_iter *iter, kf_entry *entry);

/* The next entries, up to `capacity` of them; `*count` are set, at least one with KF_OK. They may be fewer than
 * `capacity` though more are to come. Their keys lie in the iterator and are valid until the next call on it. None of
 * them is current: values are had by their ordinals (kf_dict_u64_at_many, kf_dict_value_at_many), and who wants to know
 * more of an entry (kf_iter_match) asks for one at a time. In plain iteration in key order this is the fastest way;
 * every other kind goes one by one and copies the keys. KF_END after the last entry, and for ever after an error.
 * Errors: KF_CORRUPT, KF_NO_MEMORY, KF_INVALID (capacity 0). */
KF_API kf_status kf_iter_next_many(kf_iter *iter, kf_entry *entries, size_t capacity, size_t *count);

/* What became of a key from the old dictionary to the new one (kf_iter_create_diff). */
typedef enum kf_change {
    KF_CHANGE_NONE = 0,
    KF_CHANGE_ADDED = 1,
    KF_CHANGE_REMOVED = 2,
    KF_CHANGE_VALUE = 3
} kf_change;

/* What a query says about an entry beside its key. Fields that the query does not speak of are 0. Later versions may
 * add fields at the end. */
typedef struct kf_match {
    uint64_t distance;       /* fuzzy, nearest: edits */
    double similarity;       /* nearest by similarity: 0 to 1 */
    uint64_t weight;         /* KF_ORDER_WEIGHT, and KF_ORDER_DISTANCE where there are weights */
    uint64_t position;       /* find: the key is text[position .. position + length) */
    size_t source;           /* sets: which dictionary the entry (ordinal, value) is from */
    kf_change change;        /* diff */
    uint64_t before;         /* diff: the ordinal in the old dictionary; KF_ABSENT for an added key */
    uint64_t length;         /* find: bytes of the text: key.size, unless the dictionary has a normal form */
} kf_match;

/* About the entry that kf_iter_next returned last. It lies in the iterator: valid until the next call on it. */
KF_API const kf_match *kf_iter_match(const kf_iter *iter);

/* Not 0 when a work limit ended the search before it was complete. */
KF_API int kf_iter_incomplete(const kf_iter *iter);

/* The value of the entry that kf_iter_next returned last; bytes are valid until the next call on
 * the iterator. Consecutive values of compressed blocks are decoded once. Errors: KF_TYPE,
 * KF_CORRUPT, KF_NO_MEMORY, KF_INVALID (no current entry), KF_LIMIT (a sum above 2^64-1). */
KF_API kf_status kf_iter_value(kf_iter *iter, kf_bytes *value);
KF_API kf_status kf_iter_value_u64(kf_iter *iter, uint64_t *value);

/* Frees an iterator, and what it lent. NULL and a pointer to NULL are accepted; *iter becomes NULL. */
KF_API void kf_iter_destroy(kf_iter **iter);

#ifdef __cplusplus
}
#endif
#endif
