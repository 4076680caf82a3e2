/* Members that are opened when something first touches them. A manifest of 4096 files opens as fast as one of two, and
 * a lookup opens the one file that its key is in. What went wrong last is kept, since lookups return no more than a
 * status. */
#ifndef KFI_READ_SHARDS_SHARD_LATER_H
#define KFI_READ_SHARDS_SHARD_LATER_H

#include "format/shards.h"
#include "read/shards/shard_set.h"

/* For kfi_shards_member. */
kf_status kfi_shards_touch(const kfi_shards *shards, size_t shard, const kf_dict **member);
/* A member, which is opened if nothing has touched it so far. Threads may ask for one at once. Errors, only where there
 * is `later`: those of opening a file, KF_REPLACED; kfi_shards_told tells more. */
static inline kf_status kfi_shards_member(const kfi_shards *shards, size_t shard, const kf_dict **member)
{
    *member = atomic_load_explicit(&shards->member[shard], memory_order_acquire);
    return __builtin_expect(*member != NULL, 1) ? KF_OK : kfi_shards_touch(shards, shard, member);
}

/* What a manifest of plain files says of one; NULL: it is no such manifest. */
const kfi_shard *kfi_shards_entry(const kfi_shards *shards, size_t shard);

/* Opens all members. Tells of the first that can't be. */
kf_status kfi_shards_open_all(const kfi_shards *shards, kf_error *error);
/* Whether a member of the dictionary, which may be plain, could not be opened with this status; then `error` is what
 * was told of the last one. */
int kfi_shards_told(const kf_dict *dict, kf_status status, kf_error *error);

/* Makes shards->later, which takes `entries` over; what they point to must stay. */
kf_status kfi_shards_later_create(kfi_shards *shards, const kfi_header *whole, kfi_shard *entries, const char *path,
                                  const kf_open_options *options, kf_error *error);
/* Bytes of all files that the manifest names, as it says. */
uint64_t kfi_shards_later_size(const kfi_shards_later *later, size_t count);
void kfi_shards_later_destroy(kfi_shards_later **later);

#endif
