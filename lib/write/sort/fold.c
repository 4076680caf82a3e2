#include "write/sort/fold.h"

#include <stdlib.h>

uint64_t kfi_sort_fold_memory(size_t longest_key, size_t longest_field)
{
    return (uint64_t)longest_key + longest_field + KFI_SORT_FIELD_HEAD_MAX + 2 * KFI_SORT_PAD;
}

static kf_status hold_capacity(uint8_t **data, size_t *capacity, size_t size, kf_error *error)
{
    if (*capacity >= size) return KF_OK;
    free(*data);
    *capacity = 0;
    *data = malloc(size);
    if (!*data) return kfi_fail_memory(error, size);
    *capacity = size;
    return KF_OK;
}

/* Copies a pair that must outlive the source's next one. Only what differs from the pair that is
 * pending, i.e. from the previous one of the stream, is copied of the key. */
static void hold(kfi_sort_fold *fold, const kfi_sort_pair *pair)
{
    size_t rest = pair->key_size - pair->lcp;
    if (rest) memcpy(fold->key + pair->lcp, pair->key + pair->lcp, rest);
    if (pair->field_size) memcpy(fold->field, pair->field, pair->field_size);
    fold->pending = (kfi_sort_pair){ fold->key, pair->key_size, pair->lcp, fold->field, pair->field_size };
}

static kf_status overflow(const kfi_sort_pair *pair, kf_error *error)
{
    return kfi_fail_key(error, KF_LIMIT, (kf_bytes){ pair->key, pair->key_size },
                        "the sum of the key's values exceeds 2^64-1");
}

/* Folds the value of another pair of the pending key in; *kept is set when that has to wait. */
static kf_status combine(kfi_sort_fold *fold, const kfi_sort_pair *pair, int *kept, kf_error *error)
{
    *kept = 0;
    if (fold->duplicates == KF_DUPLICATES_LAST) {
        if (pair->field_size) memcpy(fold->field, pair->field, pair->field_size);
        fold->pending.field_size = pair->field_size;
        return KF_OK;
    }
    uint64_t ours = kfi_sort_u64_get(fold->field), theirs = kfi_sort_u64_get(pair->field);
    if (fold->duplicates == KF_DUPLICATES_SUM) {
        *kept = ours + theirs < ours;
        if (*kept) return fold->last_pass ? overflow(pair, error) : KF_OK;
        ours += theirs;
    } else if ((fold->duplicates == KF_DUPLICATES_MIN) == (theirs < ours)) {
        ours = theirs;
    }
    fold->pending.field_size = kfi_sort_u64_put(fold->field, ours);
    return KF_OK;
}

/* ERROR, FIRST and JOIN: a pair can be passed on at once. */
static kf_status fold_at_once(kfi_sort_fold *fold, kfi_sort_source source, kfi_sort_emit emit,
                              void *context, kf_error *error)
{
    kfi_sort_pair pair;
    kf_status status;
    size_t previous_size = SIZE_MAX;
    int keep = fold->duplicates == KF_DUPLICATES_JOIN || (fold->duplicates == KF_DUPLICATES_ERROR && !fold->last_pass);
    while (!(status = source.next(source.self, &pair, error))) {
        int again = pair.lcp == pair.key_size && pair.key_size == previous_size;
        previous_size = pair.key_size;
        if (again && !keep) {
            if (fold->duplicates == KF_DUPLICATES_ERROR)
                return kfi_fail_key(error, KF_DUPLICATE, (kf_bytes){ pair.key, pair.key_size },
                                    "key was added twice; choose a duplicates policy");
            fold->dropped++;
            continue;
        }
        status = emit(context, &pair, error);
        if (status) return status;
    }
    return status == KF_END ? KF_OK : status;
}

static kf_status fold_held(kfi_sort_fold *fold, kfi_sort_source source, kfi_sort_emit emit,
                           void *context, kf_error *error)
{
    kfi_sort_pair pair;
    kf_status status;
    int waiting = 0, kept;
    while (!(status = source.next(source.self, &pair, error))) {
        if (waiting && pair.lcp == pair.key_size && pair.key_size == fold->pending.key_size) {
            status = combine(fold, &pair, &kept, error);
            if (status) return status;
            if (!kept) {
                fold->dropped++;
                continue;
            }
        }
        if (waiting) {
            status = emit(context, &fold->pending, error);
            if (status) return status;
        }
        hold(fold, &pair);
        waiting = 1;
    }
    if (status != KF_END) return status;
    return waiting ? emit(context, &fold->pending, error) : KF_OK;
}

kf_status kfi_sort_fold_all(kfi_sort_fold *fold, kfi_sort_source source, size_t longest_key,
                            size_t longest_field, kfi_sort_emit emit, void *context,
                            kf_error *error)
{
    if (fold->duplicates == KF_DUPLICATES_ERROR || fold->duplicates == KF_DUPLICATES_FIRST
        || fold->duplicates == KF_DUPLICATES_JOIN)
        return fold_at_once(fold, source, emit, context, error);
    kf_status status = hold_capacity(&fold->key, &fold->key_capacity, longest_key + KFI_SORT_PAD, error);
    if (status) return status;
    status = hold_capacity(&fold->field, &fold->field_capacity,
                           longest_field + KFI_SORT_FIELD_HEAD_MAX + KFI_SORT_PAD, error);
    return status ? status : fold_held(fold, source, emit, context, error);
}

void kfi_sort_fold_free(kfi_sort_fold *fold)
{
    free(fold->key);
    free(fold->field);
    fold->key = fold->field = NULL;
    fold->key_capacity = fold->field_capacity = 0;
}
