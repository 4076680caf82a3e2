/* A uniform sample of the distinct keys of a stream, and from it their number and keys that divide them evenly.
 *
 * It holds the keys with the lowest hashes (a bottom-k sketch: Cohen & Kaplan 2007, "Summarizing data using
 * bottom-k sketches"; the estimate of the number is that of Bar-Yossef, Jayram, Kumar, Sivakumar & Trevisan 2002,
 * "Counting distinct elements in a data stream"). So the same set of keys gives the same sample, in whatever
 * order and however often they come, and whoever sees which part of them. */
#ifndef KFI_WRITE_SORT_KEY_SAMPLE_H
#define KFI_WRITE_SORT_KEY_SAMPLE_H

#include "base/error.h"

enum {
    KFI_KEY_SAMPLE = 1024,        /* keys; the estimate is within 3 % two times of three */
    KFI_KEY_SAMPLE_PREFIX = 247,  /* bytes kept of a key */
    KFI_KEY_SAMPLE_MEMORY = KFI_KEY_SAMPLE * (8 + 1 + KFI_KEY_SAMPLE_PREFIX + 8 + 4)
};

typedef struct kfi_sampled_key {
    uint64_t hash;
    uint8_t size;
    uint8_t prefix[KFI_KEY_SAMPLE_PREFIX];
} kfi_sampled_key;

/* Zero-initialise it. */
typedef struct kfi_key_sample {
    kfi_sampled_key *keys;        /* in no order */
    uint64_t *hashes;             /* ascending */
    uint32_t *slots;              /* slots[i]: which of `keys` has hashes[i] */
    size_t count;
} kfi_key_sample;

/* KF_NO_MEMORY. Amortised O(1), a hash of the key. */
kf_status kfi_key_sample_add(kfi_key_sample *sample, kf_bytes key, kf_error *error);
/* Adds all that `other` has seen. KF_NO_MEMORY. */
kf_status kfi_key_sample_merge(kfi_key_sample *sample, const kfi_key_sample *other, kf_error *error);
/* How many distinct keys were seen, about; exact up to KFI_KEY_SAMPLE. */
uint64_t kfi_key_sample_distinct(const kfi_key_sample *sample);
/* Up to `parts` - 1 ascending keys (pointing into the sample) that divide the keys into parts of about the same
 * size. Returns how many: fewer if many keys agree in their first bytes. Reorders the sample: it is the last call. */
size_t kfi_key_sample_divide(kfi_key_sample *sample, size_t parts, kf_bytes *dividers);
void kfi_key_sample_free(kfi_key_sample *sample);

#endif
