#include "write/sort/key_sample.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static kf_status allocate(kfi_key_sample *sample, kf_error *error)
{
    sample->keys = malloc(KFI_KEY_SAMPLE * sizeof *sample->keys);
    sample->hashes = malloc(KFI_KEY_SAMPLE * sizeof *sample->hashes);
    sample->slots = malloc(KFI_KEY_SAMPLE * sizeof *sample->slots);
    if (sample->keys && sample->hashes && sample->slots) return KF_OK;
    kfi_key_sample_free(sample);
    return kfi_fail_memory(error, KFI_KEY_SAMPLE * sizeof *sample->keys);
}

/* Where the hash lies among the hashes, or would. */
static size_t find(const kfi_key_sample *sample, uint64_t hash)
{
    size_t low = 0, high = sample->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sample->hashes[middle] < hash) low = middle + 1;
        else high = middle;
    }
    return low;
}

static int is_wanted(const kfi_key_sample *sample, uint64_t hash)
{
    return sample->count < KFI_KEY_SAMPLE || hash < sample->hashes[KFI_KEY_SAMPLE - 1];
}

static kf_status insert(kfi_key_sample *sample, uint64_t hash, const uint8_t *prefix, size_t size, kf_error *error)
{
    if (!sample->keys) {
        kf_status status = allocate(sample, error);
        if (status) return status;
    }
    size_t at = find(sample, hash);
    if (at < sample->count && sample->hashes[at] == hash) return KF_OK;
    uint32_t slot = (uint32_t)sample->count;
    if (sample->count == KFI_KEY_SAMPLE) slot = sample->slots[--sample->count];
    memmove(sample->hashes + at + 1, sample->hashes + at, (sample->count - at) * sizeof *sample->hashes);
    memmove(sample->slots + at + 1, sample->slots + at, (sample->count - at) * sizeof *sample->slots);
    sample->hashes[at] = hash;
    sample->slots[at] = slot;
    sample->count++;
    kfi_sampled_key *key = &sample->keys[slot];
    key->hash = hash;
    key->size = (uint8_t)size;
    if (size) memcpy(key->prefix, prefix, size);
    return KF_OK;
}

kf_status kfi_key_sample_add(kfi_key_sample *sample, kf_bytes key, kf_error *error)
{
    uint64_t hash = XXH3_64bits(key.data, key.size);
    if (__builtin_expect(!is_wanted(sample, hash), 1)) return KF_OK;
    size_t size = key.size < KFI_KEY_SAMPLE_PREFIX ? key.size : KFI_KEY_SAMPLE_PREFIX;
    return insert(sample, hash, key.data, size, error);
}

kf_status kfi_key_sample_merge(kfi_key_sample *sample, const kfi_key_sample *other, kf_error *error)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < other->count && !status; i++) {
        const kfi_sampled_key *key = &other->keys[other->slots[i]];
        if (!is_wanted(sample, key->hash)) break;
        status = insert(sample, key->hash, key->prefix, key->size, error);
    }
    return status;
}

uint64_t kfi_key_sample_distinct(const kfi_key_sample *sample)
{
    if (sample->count < KFI_KEY_SAMPLE) return sample->count;
    double share = ((double)sample->hashes[KFI_KEY_SAMPLE - 1] + 1) / 18446744073709551616.0;
    return (uint64_t)((KFI_KEY_SAMPLE - 1) / share);
}

static int by_prefix(const void *a, const void *b)
{
    const kfi_sampled_key *x = a, *y = b;
    int order = memcmp(x->prefix, y->prefix, x->size < y->size ? x->size : y->size);
    return order ? order : (int)x->size - (int)y->size;
}

size_t kfi_key_sample_divide(kfi_key_sample *sample, size_t parts, kf_bytes *dividers)
{
    size_t count = 0;
    if (!sample->count) return 0;
    qsort(sample->keys, sample->count, sizeof *sample->keys, by_prefix);
    for (size_t part = 1; part < parts; part++) {
        const kfi_sampled_key *key = &sample->keys[part * sample->count / parts];
        if (by_prefix(key, &sample->keys[0]) == 0) continue;
        if (count && dividers[count - 1].size == key->size
            && !memcmp(dividers[count - 1].data, key->prefix, key->size)) continue;
        dividers[count++] = (kf_bytes){ key->prefix, key->size };
    }
    return count;
}

void kfi_key_sample_free(kfi_key_sample *sample)
{
    free(sample->keys);
    free(sample->hashes);
    free(sample->slots);
    memset(sample, 0, sizeof *sample);
}
