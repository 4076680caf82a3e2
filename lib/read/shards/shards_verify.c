#include "read/shards/shards_verify.h"

#include "format/shards.h"
#include "read/frame.h"
#include "read/plain.h"
#include "read/shards/shard_later.h"

#include <stdlib.h>

/* Whether an end of a member is the key that the section SHARDS says, which lookups go by. */
static kf_status verify_end(const kf_dict *d, uint64_t ordinal, kf_bytes wanted, kf_error *error)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    kf_status status = kfi_plain_key_at(d, ordinal, &buffer, &key);
    if (status == KF_NO_MEMORY) status = kfi_fail_memory(error, d->header.longest_key);
    else if (status || kfi_shard_compare(key, wanted))
        status = kfi_fail_key(error, KF_CORRUPT, wanted, "the first or last key is not the one that it should be");
    kf_buffer_free(&buffer);
    return status;
}

/* Where an image begins in its file. */
static uint64_t offset_in_file(const kf_dict *dict, const kf_dict *member)
{
    const kfi_mapping *part = &member->mapping, *in = &dict->mapping;
    if (!part->borrowed) return 0;
    for (size_t i = 0; i < dict->shards->files; i++) {
        const kfi_mapping *file = &dict->shards->file[i].mapping;
        if ((uintptr_t)part->data - (uintptr_t)file->data < file->size) in = file;
    }
    return (uint64_t)(part->data - in->data);
}

/* That the keys of a shard are above those of the one before, opening has seen: by these same ends. */
kf_status kfi_shards_verify_ends(const kf_dict *dict, size_t shard, kf_error *error)
{
    const kfi_shards *s = dict->shards;
    const kf_dict *d = kfi_shards_opened(s, shard);
    kf_status status = verify_end(d, 0, s->first_key[shard], error);
    if (!status) status = verify_end(d, d->header.keys - 1, s->last_key[shard], error);
    return status;
}

void kfi_shards_blame_member(kf_error *error, kf_status status, const kf_dict *dict, size_t shard)
{
    const kfi_shards *s = dict->shards;
    if (error->offset != UINT64_MAX) error->offset += offset_in_file(dict, kfi_shards_opened(s, shard));
    kfi_shards_blame(error, status, shard, s->path[shard]);
}

void kfi_shards_blame_file(kf_error *error, kf_status status, const kf_dict *dict, const kfi_mapping *mapping)
{
    const size_t files = dict->shards ? dict->shards->files : 0;
    for (size_t i = 0; i < files; i++) {
        const kfi_shards_file *file = &dict->shards->file[i];
        if (&file->mapping == mapping) kfi_shards_blame(error, status, file->first, file->path);
    }
}

kf_status kfi_shards_verify_sums(const kf_dict *dict, kf_error *error)
{
    kfi_header sum = { 0 };
    const kfi_header *h = &dict->header;
    for (size_t i = 0; i < dict->shards->count; i++) {
        const kfi_header *m = &kfi_shards_opened(dict->shards, i)->header;
        if (m->longest_key > sum.longest_key) sum.longest_key = m->longest_key;
        sum.raw_key_bytes += m->raw_key_bytes;
        sum.raw_value_bytes += m->raw_value_bytes;
        sum.states += m->states;
        sum.states_extra += m->states_extra;
    }
    if (sum.longest_key == h->longest_key && sum.raw_key_bytes == h->raw_key_bytes
        && sum.raw_value_bytes == h->raw_value_bytes && sum.states == h->states
        && sum.states_extra == h->states_extra)
        return KF_OK;
    return kfi_fail(error, KF_CORRUPT, "the header contradicts the shards");
}

void kfi_shards_outline(const kfi_shards *s, kf_dict_stat *stat)
{
    uint64_t files = s->later ? kfi_shards_later_size(s->later, s->count) : 0;
    for (size_t i = 0; i < s->count && !s->later; i++) {
        const kf_dict *d = kfi_shards_opened(s, i);
        if (!d->mapping.borrowed) files += d->header.file_size;
    }
    for (size_t i = 0; i < s->files; i++) files += s->file[i].mapping.size;
    stat->file_size += files;
    stat->shards = s->count;
    stat->is_manifest = files != 0;
    stat->weights = (kf_weights)s->weights;
}

void kfi_shards_stat(const kfi_shards *s, kf_dict_stat *stat)
{
    for (size_t i = 0; i < s->count; i++) {
        const kf_dict *d = kfi_shards_opened(s, i);
        kf_dict_stat part;
        kfi_plain_stat(d, &part);
        stat->key_bytes += part.key_bytes;
        stat->token_bytes += part.token_bytes;
        stat->shared_bytes += part.shared_bytes;
        stat->value_bytes += part.value_bytes;
        stat->weight_bytes += part.weight_bytes;
        stat->similarity_bytes += part.similarity_bytes;
        stat->filter_bytes += part.filter_bytes;
        stat->metadata_bytes += part.metadata_bytes;
        stat->checksum_bytes += part.checksum_bytes;
    }
    kfi_shards_outline(s, stat);
}
