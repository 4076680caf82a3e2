/* Opening and verifying shards, one by one. */
#ifndef KFI_READ_SHARDS_SHARDS_VERIFY_H
#define KFI_READ_SHARDS_SHARDS_VERIFY_H

#include "format/shards.h"
#include "read/shards/shard_set.h"

struct kfi_shards_file {
    kfi_mapping mapping;
    kfi_header header;
    kf_bytes path;
    size_t first;       /* of the shards that lie in it */
};

/* Puts the shard's number, and its path if it has one, before the message; returns `status`. */
kf_status kfi_shards_blame(kf_error *error, kf_status status, size_t shard, kf_bytes path);

/* Whether header and entry speak of the same dictionary. `other`: what it is if they don't, KF_REPLACED of a file, and
 * of an image, which can't be replaced, KF_CORRUPT. */
kf_status kfi_shard_identify(const kfi_header *header, const kfi_shard *entry, kf_status other, kf_error *error);
/* Whether a plain dictionary has the weights that the whole has. */
int kfi_shard_weights_agree(const kf_dict *plain, unsigned weights);
/* Opens the plain dictionary in `mapping`, which is taken over, and compares it with its entry and with the header of
 * the whole. */
kf_status kfi_shard_open(kf_dict **out, kfi_mapping mapping, const kfi_header *whole, const kfi_shard *entry,
                         kf_status other, kf_error *error);
/* The header of the whole says what those of the members add up to. KF_CORRUPT. */
kf_status kfi_shards_verify_sums(const kf_dict *dict, kf_error *error);
/* A member's first and last key are those that lookups go by, and above those of the member before. KF_CORRUPT,
 * KF_NO_MEMORY. */
kf_status kfi_shards_verify_ends(const kf_dict *dict, size_t shard, kf_error *error);
/* Makes an error of a member one of the whole: with the offset in the file that the member lies in. */
void kfi_shards_blame_member(kf_error *error, kf_status status, const kf_dict *dict, size_t shard);
/* Names the file of a manifest whose mapping it is, if it is one's. */
void kfi_shards_blame_file(kf_error *error, kf_status status, const kf_dict *dict, const kfi_mapping *mapping);

#endif
