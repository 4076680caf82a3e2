/* Verifying shards, and what that shares with opening them. */
#ifndef KFI_READ_SHARDS_SHARDS_VERIFY_H
#define KFI_READ_SHARDS_SHARDS_VERIFY_H

#include "read/shards/shard_set.h"

struct kfi_shards_file {
    kfi_mapping mapping;
    kfi_header header;
};

/* Puts the shard's number, and its path if it has one, before the message; returns `status`. */
kf_status kfi_shards_blame(kf_error *error, kf_status status, size_t shard, kf_bytes path);

/* The header of the whole says what those of the members add up to. KF_CORRUPT. */
kf_status kfi_shards_verify_sums(const kf_dict *dict, kf_error *error);
/* A member's first and last key are those that lookups go by, and above those of the member before. KF_CORRUPT,
 * KF_NO_MEMORY. */
kf_status kfi_shards_verify_ends(const kf_dict *dict, size_t shard, kf_error *error);
/* Makes an error of a member one of the whole: with the offset in the file that the member lies in. */
void kfi_shards_blame_member(kf_error *error, kf_status status, const kf_dict *dict, size_t shard);

#endif
