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

/* Files, members, and the order across them. The outer file itself is the caller's to verify. */
kf_status kfi_shards_verify(const kf_dict *dict, kf_error *error);

#endif
