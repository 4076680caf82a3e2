/* What every iterator is made of. A kind of iterator is a structure whose first member is a kf_iter, and a
 * class. Queries (lib/query) define more kinds. */
#ifndef KFI_READ_ITER_H
#define KFI_READ_ITER_H

#include "read/dict.h"

#include <keyfold/iter.h>

typedef struct kfi_iter_class {
    /* NULL, or sets up to `most` entries and at least one; none is current. */
    kf_status (*next_many)(kf_iter *iter, kf_entry *entries, size_t most, size_t *count);
    /* Sets `entry`, the members `dict` and `ordinal`, and what it says in `match`. After KF_END or an error
     * it is called no more. */
    kf_status (*next)(kf_iter *iter, kf_entry *entry);
    uint64_t (*remaining)(const kf_iter *iter);          /* NULL: unknown */
    /* NULL: the value at `ordinal` of `dict`. */
    kf_status (*value_u64)(kf_iter *iter, uint64_t *value);
    /* Frees what the kind owns, the structure itself not included. */
    void (*destroy)(kf_iter *iter);
} kfi_iter_class;

struct kf_iter {
    const kfi_iter_class *class;
    const kf_dict *dict;            /* of the current entry: a plain one, */
    uint64_t ordinal;               /* and where its value is in that */
    uint64_t base;                  /* what the ordinals there are less than the whole's, for entries made ahead: */
    const kf_entry *ahead, *ahead_end;
    int current;                    /* whether an entry is current */
    int incomplete;
    kf_status ended;                /* KF_OK while there may be more */
    kf_status late;                 /* an error that is still to be told, behind the entries before it */
    kf_match match;
    const kf_dict *cursor_dict;     /* whose values `cursor` decodes */
    kfi_column_cursor *cursor;
    kf_buffer buffer;
    kf_buffer keys;                 /* of the entries of kf_iter_next_many, where the kind has no place for them */
};

/* Allocates a zeroed iterator of `size` bytes (of the whole structure). NULL without memory. */
kf_iter *kfi_iter_new(size_t size, const kfi_iter_class *class, const kf_dict *dict);

/* Reads a caller's options (NULL: the defaults) and checks what can be told without a dictionary. KF_INVALID. */
kf_status kfi_iter_options_read(kf_iter_options *out, const kf_iter_options *given, kf_error *error);

/* The contiguous ordinals low .. high-1 that satisfy prefix, from, to and first_ordinal. KF_CORRUPT. */
kf_status kfi_iter_range(const kf_dict *dict, const kf_iter_options *options, uint64_t *low, uint64_t *high,
                         kf_error *error);

/* Ordered iteration over what options say that were read and have no query, filter or other order; the limit is
 * `limit`. If *out is not NULL it is an iterator that is used again or destroyed. KF_NO_MEMORY, KF_CORRUPT. */
kf_status kfi_iter_plain(kf_iter **out, const kf_dict *dict, const kf_iter_options *options, uint64_t limit,
                         kf_error *error);

#endif
