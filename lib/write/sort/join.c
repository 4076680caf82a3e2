#include "write/sort/join.h"

#define VALUE_LIMIT ((uint64_t)1 << 40)

enum { KEPT = 1 << 20 };       /* what a value may leave allocated */

static kf_status hand_on(kfi_join *join, kf_error *error)
{
    kf_status status = KF_OK;
    if (join->waiting)
        status = join->sink(join->context, (kf_bytes){ join->key.data, join->key.size },
                            (kf_bytes){ join->value.data, join->value.size }, error);
    join->waiting = 0;
    join->key.size = join->value.size = 0;
    if (join->value.capacity > KEPT) kfi_array_free(&join->value);
    return status;
}

kf_status kfi_join_add(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_join *join = self;
    kf_status status = KF_OK;
    int again = join->waiting && join->key.size == key.size
                && (!key.size || !memcmp(join->key.data, key.data, key.size));
    if (!again) {
        status = hand_on(join, error);
        if (!status) status = kfi_array_append(&join->key, key.data, key.size, error);
        if (status) return status;
        join->waiting = 1;
    }
    join->dropped += (uint64_t)again;
    if (value.size > VALUE_LIMIT - join->value.size)
        return kfi_fail_key(error, KF_LIMIT, key, "the key's values are longer than 2^40 bytes together");
    return kfi_array_append(&join->value, value.data, value.size, error);
}

kf_status kfi_join_end(kfi_join *join, kf_error *error) { return hand_on(join, error); }

void kfi_join_free(kfi_join *join)
{
    kfi_array_free(&join->key);
    kfi_array_free(&join->value);
}
