#include "read/dict.h"

#include "base/array.h"
#include "base/options.h"
#include "read/keys/by_key.h"
#include "read/opening.h"
#include "read/part.h"
#include "read/plain.h"
#include "read/special.h"
#include "read/shards/shard_later.h"

#include <stdlib.h>

/* Those that are special pay for the question whether they are; plain ones don't notice it. */
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Published first without what is said of weights and what follows. */
KFI_STRUCT_KIND(member_kind, kf_member, KF_MEMBER_INIT, place_size, place_size);
KFI_STRUCT_KIND(stat_kind, kf_dict_stat, KF_DICT_STAT_INIT, value_encoding, filter_bytes);

/* `path` and `options` are for kfi_shards_open. */
static kf_status open_mapping(kf_dict **out, kfi_mapping mapping, const char *path, const kf_open_options *options,
                              kf_error *error)
{
    kf_status status = kfi_plain_begin(out, mapping, error);
    if (status) return status;
    status = (*out)->header.incompatible & KFI_FEATURE_SHARDS ? kfi_shards_open(*out, path, options, error)
                                                              : kfi_plain_open_parts(*out, error);
    if (status) kf_dict_close(out);
    else (*out)->special = (*out)->shards || (*out)->header.normalise || (*out)->filter.directory;
    return status;
}

kf_status kf_dict_open(kf_dict **out, const char *path, const kf_open_options *options, kf_error *error)
{
    kfi_mapping mapping;
    kf_open_options known;
    *out = NULL;
    kf_status status = kfi_open_file(&mapping, &known, path, options, KF_OPEN_CHECK, error);
    return status ? status : open_mapping(out, mapping, path, &known, error);
}

kf_status kf_dict_open_memory(kf_dict **out, const void *data, size_t size, const kf_open_options *options,
                              kf_error *error)
{
    static const kf_open_options none = KF_OPEN_OPTIONS_INIT;
    kfi_mapping mapping;
    *out = NULL;
    kf_status status = kfi_open_bytes(&mapping, data, size, options, error);
    return status ? status : open_mapping(out, mapping, NULL, &none, error);
}

void kf_dict_close(kf_dict **dict)
{
    kf_dict *d = dict ? *dict : NULL;
    if (!d) return;
    kfi_shards_close(&d->shards);
    kfi_plain_close(dict);
}

kf_status kf_dict_content(const kf_dict *d, kf_bytes *content)
{
    *content = (kf_bytes){ NULL, 0 };
    if (d->shards && d->shards->path[0].data) return KF_TYPE;
    *content = (kf_bytes){ d->mapping.data, d->mapping.size };
    return KF_OK;
}

int kf_dict_same_files(const kf_dict *a, const kf_dict *b)
{
    return !memcmp(a->header.build_id, b->header.build_id, sizeof a->header.build_id)
        && kfi_mapping_is_same(&a->mapping, &b->mapping) && kfi_shards_same_files(a->shards, b->shards);
}

uint64_t kf_dict_count(const kf_dict *d) { return d->header.keys; }
kf_value_type kf_dict_value_type(const kf_dict *d) { return (kf_value_type)d->header.value_type; }
size_t kf_dict_longest_key(const kf_dict *d) { return d->header.longest_key; }
void kf_dict_build_id(const kf_dict *d, uint8_t id[16]) { memcpy(id, d->header.build_id, 16); }

kf_status kf_dict_ordinal(const kf_dict *d, const void *key, size_t key_size, uint64_t *ordinal)
{
    if (UNLIKELY(d->special)) return kfi_special_find(d, (kf_bytes){ key, key_size }, ordinal);
    return d->search->find(&d->keys, key, key_size, ordinal);
}

kf_status kf_dict_contains(const kf_dict *d, const void *key, size_t key_size, int *found)
{
    uint64_t ordinal;
    kf_status status = kf_dict_ordinal(d, key, key_size, &ordinal);
    *found = !status;
    return status == KF_NOT_FOUND ? KF_OK : status;
}

kf_status kf_dict_key_at(const kf_dict *d, uint64_t ordinal, kf_buffer *buffer, kf_bytes *key)
{
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    kf_status status = kfi_member_of(&d, &ordinal);
    return status ? status : kfi_plain_key_at(d, ordinal, buffer, key);
}

kf_status kf_dict_lower_bound(const kf_dict *d, const void *key, size_t key_size, uint64_t *ordinal)
{
    if (UNLIKELY(d->special)) return kfi_special_lower_bound(d, (kf_bytes){ key, key_size }, ordinal);
    return kfi_lower_bound(&d->keys, (kf_bytes){ key, key_size }, ordinal);
}

kf_status kf_dict_prefix_range(const kf_dict *d, const void *prefix, size_t prefix_size, uint64_t *first,
                               uint64_t *count)
{
    uint64_t end;
    kf_bytes bytes = { prefix, prefix_size };
    kf_status status = UNLIKELY(d->special) ? kfi_special_prefix_range(d, bytes, first, &end)
                                            : kfi_prefix_range(&d->keys, bytes, first, &end);
    *count = status ? 0 : end - *first;
    return status;
}

kf_status kf_dict_longest_prefix(const kf_dict *d, const void *text, size_t text_size, kf_prefix_match *match)
{
    size_t count;
    kf_bytes bytes = { text, text_size };
    kf_status status = UNLIKELY(d->special) ? kfi_special_prefixes(d, bytes, match, 0, &count)
                                            : kfi_prefixes(&d->keys, bytes, match, 0, &count);
    return status || count ? status : KF_NOT_FOUND;
}

kf_status kf_dict_prefixes(const kf_dict *d, const void *text, size_t text_size, kf_prefix_match *matches,
                           size_t capacity, size_t *count)
{
    *count = 0;
    if (!capacity) return KF_OK;
    if (UNLIKELY(d->special))
        return kfi_special_prefixes(d, (kf_bytes){ text, text_size }, matches, capacity, count);
    return kfi_prefixes(&d->keys, (kf_bytes){ text, text_size }, matches, capacity, count);
}

kf_status kf_dict_value_at(const kf_dict *d, uint64_t ordinal, kf_buffer *buffer, kf_bytes *value)
{
    if (d->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    kf_status status = kfi_member_of(&d, &ordinal);
    return status ? status : kfi_column_bytes(d->column, ordinal, NULL, buffer, value);
}

kf_status kf_dict_u64_at(const kf_dict *d, uint64_t ordinal, uint64_t *value)
{
    if (d->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    kf_status status = kfi_member_of(&d, &ordinal);
    return status ? status : kfi_column_u64(d->column, ordinal, value);
}

/* The plain dictionary that a key is in, and its ordinal there. */
static inline kf_status find_place(const kf_dict **d, const void *key, size_t key_size, uint64_t *ordinal)
{
    if (UNLIKELY((*d)->special)) return kfi_special_place(d, (kf_bytes){ key, key_size }, ordinal);
    return (*d)->search->find(&(*d)->keys, key, key_size, ordinal);
}

kf_status kf_dict_get(const kf_dict *d, const void *key, size_t key_size, kf_buffer *buffer, kf_bytes *value)
{
    uint64_t ordinal;
    if (d->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    kf_status status = find_place(&d, key, key_size, &ordinal);
    return status ? status : kf_dict_value_at(d, ordinal, buffer, value);
}

kf_status kf_dict_get_u64(const kf_dict *d, const void *key, size_t key_size, uint64_t *value)
{
    uint64_t ordinal;
    if (d->header.value_type != KF_VALUES_U64) return KF_TYPE;
    kf_status status = find_place(&d, key, key_size, &ordinal);
    return status ? status : kf_dict_u64_at(d, ordinal, value);
}

static kf_status find_many(const kf_dict *d, kfi_key_batch *batch, size_t count, uint64_t *ordinals, size_t *found)
{
    size_t hits;
    batch->keys = &d->keys;
    kf_status status = UNLIKELY(d->special) ? kfi_special_find_many(d, batch, count, ordinals, &hits)
                                            : d->search->find_many(batch, count, ordinals, &hits);
    if (found) *found = hits;
    return status;
}

kf_status kf_dict_ordinal_many(const kf_dict *d, const kf_bytes *keys, size_t count, uint64_t *ordinals,
                           size_t *found)
{
    kfi_key_batch batch = { .list = keys };
    return find_many(d, &batch, count, ordinals, found);
}

kf_status kf_dict_ordinal_many_packed(const kf_dict *d, const uint8_t *data, const uint64_t *offsets, size_t count,
                                  uint64_t *ordinals, size_t *found)
{
    kfi_key_batch batch = { .data = data, .offsets = offsets };
    return find_many(d, &batch, count, ordinals, found);
}

kf_status kf_dict_u64_at_many(const kf_dict *d, const uint64_t *ordinals, size_t count, uint64_t *values)
{
    if (d->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (UNLIKELY(d->shards != NULL)) return kfi_shards_u64_many(d->shards, ordinals, count, values);
    return kfi_column_u64_many(d->column, ordinals, count, values);
}

kf_status kf_dict_value_at_many(const kf_dict *d, const uint64_t *ordinals, size_t count, kf_buffer *data,
                                 uint64_t *ends)
{
    if (d->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (UNLIKELY(d->shards != NULL)) return kfi_shards_bytes_many(d->shards, ordinals, count, data, ends);
    return kfi_column_bytes_many(d->column, ordinals, count, data, ends);
}

int kf_dict_has_weights(const kf_dict *d)
{
    /* Members are not looked at, which may not be open. */
    if (d->shards) return d->shards->weights != KF_WEIGHTS_NONE || d->header.value_type == KF_VALUES_U64;
    return d->weights.column != NULL;
}

kf_status kf_dict_weight_at(const kf_dict *d, uint64_t ordinal, uint64_t *weight)
{
    if (!kf_dict_has_weights(d)) return KF_TYPE;
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    kf_status status = kfi_member_of(&d, &ordinal);
    return status ? status : kfi_column_u64(d->weights.column, ordinal, weight);
}

kf_status kf_dict_metadata(const kf_dict *d, const char *name, kf_bytes *content)
{
    kf_bytes key = { (const uint8_t *)name, strlen(name) };
    return kfi_metadata_find(&d->metadata, key, content, NULL);
}

kf_status kf_dict_metadata_at(const kf_dict *d, size_t index, kf_bytes *name, kf_bytes *content)
{
    return kfi_metadata_at(&d->metadata, index, name, content, NULL);
}

/* What a manifest says of its members, or what these say themselves. */
static kf_status get_stat(const kf_dict *d, kf_dict_stat *out, int of_members)
{
    kf_dict_stat stat;
    kf_status status = kfi_result_check(out, &stat_kind, NULL);
    if (!status && d->shards && of_members) status = kfi_shards_open_all(d->shards, NULL);
    if (status) return status;
    kfi_plain_stat(d, &stat);
    if (d->shards) (of_members ? kfi_shards_stat : kfi_shards_outline)(d->shards, &stat);
    kfi_result_write(out, &stat, &stat_kind);
    return KF_OK;
}

kf_status kf_dict_get_stat(const kf_dict *d, kf_dict_stat *out) { return get_stat(d, out, 1); }
kf_status kf_dict_get_outline(const kf_dict *d, kf_dict_stat *out) { return get_stat(d, out, 0); }

kf_status kf_dict_open_members(const kf_dict *d, kf_error *error)
{
    return d->shards ? kfi_shards_open_all(d->shards, error) : KF_OK;
}

kf_status kf_dict_member_at(const kf_dict *d, size_t index, kf_member *member)
{
    if (!d->shards || !kfi_shards_entry(d->shards, 0)) return KF_TYPE;
    if (index >= d->shards->count) return KF_NOT_FOUND;
    kf_status status = kfi_result_check(member, &member_kind, NULL);
    if (status) return status;
    const kfi_shard *e = kfi_shards_entry(d->shards, index);
    const kf_member told = { sizeof told, NULL, e->size, e->keys, e->path, e->build_id, NULL, 0 };
    kfi_result_write(member, &told, &member_kind);
    return KF_OK;
}

int kf_dict_member_error(const kf_dict *d, kf_status status, kf_error *error)
{
    return kfi_shards_told(d, status, error);
}
