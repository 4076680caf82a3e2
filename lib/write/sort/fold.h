/* The duplicates policy: turns a stream of pairs into one with each key once. */
#ifndef KFI_WRITE_SORT_FOLD_H
#define KFI_WRITE_SORT_FOLD_H

#include "write/sort/pair.h"

typedef struct kfi_sort_fold {
    kf_duplicates duplicates;
    /* Before the last pass nothing fails: duplicates that are errors, and sums that overflow, stay
     * in the stream, so that the lowest such key is named, however much memory there was. Values that are to be
     * joined stay in it to the end (see join.h). */
    int last_pass;
    uint64_t dropped;          /* counts on */
    uint8_t *key;              /* the pair that waits for the next different key */
    size_t key_capacity;
    uint8_t *field;
    size_t field_capacity;
    kfi_sort_pair pending;
} kfi_sort_fold;

/* Takes pairs with exact `lcp`s, like a source's. */
typedef kf_status (*kfi_sort_emit)(void *context, const kfi_sort_pair *pair, kf_error *error);

/* Folds all pairs of the source, whose keys and fields are at most so long. */
kf_status kfi_sort_fold_all(kfi_sort_fold *fold, kfi_sort_source source, size_t longest_key,
                            size_t longest_field, kfi_sort_emit emit, void *context,
                            kf_error *error);
void kfi_sort_fold_free(kfi_sort_fold *fold);
/* Bytes that folding such pairs allocates. */
uint64_t kfi_sort_fold_memory(size_t longest_key, size_t longest_field);

#endif
