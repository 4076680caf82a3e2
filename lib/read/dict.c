#include "read/dict.h"

#include "base/array.h"
#include "base/options.h"
#include "read/keys/order.h"
#include "read/shards/shard_set.h"

#include <stdlib.h>

/* Sharded dictionaries pay for the question whether there are shards; plain ones don't notice it. */
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

KFI_STRUCT_KIND(open_kind, kf_open_options, KF_OPEN_OPTIONS_INIT, reserved, reserved);
/* Published first without what is said of weights and shards. */
KFI_STRUCT_KIND(stat_kind, kf_dict_stat, KF_DICT_STAT_INIT, value_encoding, reserved);

/* What plain and sharded dictionaries have: header and metadata. */
static kf_status open_frame(kf_dict *d, kf_error *error)
{
    const uint8_t *file = d->mapping.data;
    kf_status status = kfi_header_parse(&d->header, file, d->mapping.size, error);
    if (status) return status;
    const kfi_section *metadata = kfi_header_section(&d->header, KFI_SECTION_METADATA);
    return kfi_metadata_open(&d->metadata, metadata ? file + metadata->offset : NULL,
                             metadata ? metadata->size : 0, error);
}

static kf_status open_parts(kf_dict *d, kf_error *error)
{
    const uint8_t *file = d->mapping.data;
    const kfi_section *values = kfi_header_section(&d->header, KFI_SECTION_VALUES);
    kf_status status = kfi_keys_open(&d->keys, file, &d->header, error);
    if (!status && d->header.value_type != KF_VALUES_NONE) {
        if (!values) return kfi_fail(error, KF_CORRUPT, "the value section is missing");
        status = kfi_column_open(&d->column, file + values->offset, values->size,
                                 (kf_value_type)d->header.value_type, (kf_encoding)d->header.value_encoding,
                                 d->header.keys, error);
    }
    return status ? status : kfi_weights_open(&d->weights, file, &d->header, d->column, error);
}

/* `path` and `flags` are for kfi_shards_open. */
static kf_status open_mapping(kf_dict **out, kfi_mapping *mapping, int may_have_shards, const char *path,
                              uint32_t flags, kf_error *error)
{
    *out = NULL;
    kf_dict *d = calloc(1, sizeof *d);
    if (!d) {
        kfi_mapping_close(mapping);
        return kfi_fail_memory(error, sizeof *d);
    }
    d->search = kfi_search_best();
    d->mapping = *mapping;
    kf_status status = open_frame(d, error);
    if (!status && d->header.incompatible & KFI_FEATURE_SHARDS)
        status = may_have_shards ? kfi_shards_open(d, path, flags, error)
                                 : kfi_fail(error, KF_CORRUPT, "a shard has shards itself");
    else if (!status) status = open_parts(d, error);
    if (status) kf_dict_close(&d);
    *out = d;
    return status;
}

kf_status kfi_dict_open_plain(kf_dict **out, kfi_mapping mapping, kf_error *error)
{
    return open_mapping(out, &mapping, 0, NULL, 0, error);
}

/* The flags of a caller's options, `known` ones only. */
static kf_status read_flags(uint32_t *flags, const kf_open_options *options, uint32_t known, kf_error *error)
{
    kf_open_options read;
    kf_status status = kfi_options_read(&read, options, &open_kind, error);
    if (status) return status;
    *flags = read.flags;
    if (read.flags & ~known)
        return kfi_fail(error, KF_INVALID, "flags that are unknown or have no meaning here: %#x", read.flags & ~known);
    return read.reserved ? kfi_fail(error, KF_INVALID, "what is reserved in kf_open_options must be 0") : KF_OK;
}

kf_status kf_dict_open(kf_dict **out, const char *path, const kf_open_options *options, kf_error *error)
{
    const uint32_t known = KF_OPEN_IN_MEMORY | KF_OPEN_POPULATE | KF_OPEN_RANDOM | KF_OPEN_HUGE | KF_OPEN_LOCK;
    kfi_mapping mapping;
    uint32_t flags;
    *out = NULL;
    kf_status status = read_flags(&flags, options, known, error);
    if (!status && !path) status = kfi_fail(error, KF_INVALID, "no path was given");
    if (!status) status = kfi_mapping_open(&mapping, path, flags, error);
    return status ? status : open_mapping(out, &mapping, 1, path, flags, error);
}

kf_status kf_dict_open_memory(kf_dict **out, const void *data, size_t size, const kf_open_options *options,
                              kf_error *error)
{
    kfi_mapping mapping = { .data = data, .size = size, .borrowed = 1 };
    uint32_t flags;
    *out = NULL;
    kf_status status = read_flags(&flags, options, KF_OPEN_IN_MEMORY, error);
    if (!status && !data) status = kfi_fail(error, KF_INVALID, "no memory was given");
    if (!status && flags & KF_OPEN_IN_MEMORY) status = kfi_mapping_copy(&mapping, data, size, error);
    return status ? status : open_mapping(out, &mapping, 1, NULL, 0, error);
}

void kf_dict_close(kf_dict **dict)
{
    kf_dict *d = dict ? *dict : NULL;
    if (!d) return;
    kfi_shards_close(&d->shards);
    kfi_weights_close(&d->weights);
    kfi_column_close(&d->column);
    kfi_mapping_close(&d->mapping);
    free(d);
    *dict = NULL;
}

uint64_t kf_dict_count(const kf_dict *d) { return d->header.keys; }
kf_value_type kf_dict_value_type(const kf_dict *d) { return (kf_value_type)d->header.value_type; }
size_t kf_dict_longest_key(const kf_dict *d) { return d->header.longest_key; }
void kf_dict_build_id(const kf_dict *d, uint8_t id[16]) { memcpy(id, d->header.build_id, 16); }

kf_status kf_dict_ordinal(const kf_dict *d, const void *key, size_t key_size, uint64_t *ordinal)
{
    if (UNLIKELY(d->shards != NULL)) {
        size_t shard = kfi_shard_of_key(d->shards, (kf_bytes){ key, key_size });
        const kf_dict *member = d->shards->member[shard];
        kf_status status = member->search->find(&member->keys, key, key_size, ordinal);
        if (!status) *ordinal += d->shards->first[shard];
        return status;
    }
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
    if (UNLIKELY(d->shards != NULL)) d = kfi_shards_by_ordinal(d->shards, &ordinal);
    kf_status status = kfi_buffer_reserve(buffer, (size_t)d->keys.longest_key + 2 * KFI_TOKEN_MAX, 0);
    if (status) return status;
    size_t size = kfi_key_at(&d->keys, ordinal, buffer->data);
    if (size == SIZE_MAX) return KF_CORRUPT;
    *key = (kf_bytes){ buffer->data, size };
    return KF_OK;
}

kf_status kf_dict_lower_bound(const kf_dict *d, const void *key, size_t key_size, uint64_t *ordinal)
{
    if (UNLIKELY(d->shards != NULL))
        return kfi_shards_lower_bound(d->shards, (kf_bytes){ key, key_size }, ordinal);
    return kfi_lower_bound(&d->keys, (kf_bytes){ key, key_size }, ordinal);
}

kf_status kf_dict_prefix_range(const kf_dict *d, const void *prefix, size_t prefix_size, uint64_t *first,
                               uint64_t *count)
{
    uint64_t end;
    kf_bytes bytes = { prefix, prefix_size };
    kf_status status = UNLIKELY(d->shards != NULL) ? kfi_shards_prefix_range(d->shards, bytes, first, &end)
                                                   : kfi_prefix_range(&d->keys, bytes, first, &end);
    *count = status ? 0 : end - *first;
    return status;
}

kf_status kf_dict_longest_prefix(const kf_dict *d, const void *text, size_t text_size, kf_prefix_match *match)
{
    size_t count;
    kf_bytes bytes = { text, text_size };
    kf_status status = UNLIKELY(d->shards != NULL) ? kfi_shards_prefixes(d->shards, bytes, match, 0, &count)
                                                   : kfi_prefixes(&d->keys, bytes, match, 0, &count);
    return status || count ? status : KF_NOT_FOUND;
}

kf_status kf_dict_prefixes(const kf_dict *d, const void *text, size_t text_size, kf_prefix_match *matches,
                           size_t capacity, size_t *count)
{
    *count = 0;
    if (!capacity) return KF_OK;
    if (UNLIKELY(d->shards != NULL))
        return kfi_shards_prefixes(d->shards, (kf_bytes){ text, text_size }, matches, capacity, count);
    return kfi_prefixes(&d->keys, (kf_bytes){ text, text_size }, matches, capacity, count);
}

kf_status kf_dict_value_at(const kf_dict *d, uint64_t ordinal, kf_buffer *buffer, kf_bytes *value)
{
    if (d->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    if (UNLIKELY(d->shards != NULL)) d = kfi_shards_by_ordinal(d->shards, &ordinal);
    return kfi_column_bytes(d->column, ordinal, NULL, buffer, value);
}

kf_status kf_dict_u64_at(const kf_dict *d, uint64_t ordinal, uint64_t *value)
{
    if (d->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (ordinal >= d->header.keys) return KF_NOT_FOUND;
    if (UNLIKELY(d->shards != NULL)) d = kfi_shards_by_ordinal(d->shards, &ordinal);
    return kfi_column_u64(d->column, ordinal, value);
}

kf_status kf_dict_get(const kf_dict *d, const void *key, size_t key_size, kf_buffer *buffer, kf_bytes *value)
{
    uint64_t ordinal;
    if (d->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (UNLIKELY(d->shards != NULL)) d = kfi_shards_by_key(d->shards, key, key_size);
    kf_status status = kf_dict_ordinal(d, key, key_size, &ordinal);
    return status ? status : kf_dict_value_at(d, ordinal, buffer, value);
}

kf_status kf_dict_get_u64(const kf_dict *d, const void *key, size_t key_size, uint64_t *value)
{
    uint64_t ordinal;
    if (d->header.value_type != KF_VALUES_U64) return KF_TYPE;
    if (UNLIKELY(d->shards != NULL)) d = kfi_shards_by_key(d->shards, key, key_size);
    kf_status status = kf_dict_ordinal(d, key, key_size, &ordinal);
    return status ? status : kf_dict_u64_at(d, ordinal, value);
}

static kf_status find_many(const kf_dict *d, kfi_key_batch *batch, size_t count, uint64_t *ordinals, size_t *found)
{
    size_t hits;
    batch->keys = &d->keys;
    kf_status status = UNLIKELY(d->shards != NULL) ? kfi_shards_find_many(d->shards, batch, count, ordinals, &hits)
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

int kf_dict_has_weights(const kf_dict *d) { return kfi_weights_present(d); }

kf_status kf_dict_weight_at(const kf_dict *d, uint64_t ordinal, uint64_t *weight)
{
    return kfi_weight_at(d, ordinal, weight);
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

static uint64_t size_of(const kf_dict *d, uint32_t type)
{
    const kfi_section *s = kfi_header_section(&d->header, type);
    return s ? s->size : 0;
}

kf_status kf_dict_get_stat(const kf_dict *d, kf_dict_stat *out)
{
    const kfi_header *h = &d->header;
    kf_status status = kfi_result_check(out, &stat_kind, NULL);
    if (status) return status;
    kf_dict_stat stat = {
        .keys = h->keys, .longest_key = h->longest_key,
        .file_size = d->mapping.size,
        .token_bytes = size_of(d, KFI_SECTION_TOKENS), .shared_bytes = size_of(d, KFI_SECTION_SHARED),
        .value_bytes = size_of(d, KFI_SECTION_VALUES), .metadata_bytes = size_of(d, KFI_SECTION_METADATA),
        .checksum_bytes = size_of(d, KFI_SECTION_CHECKSUMS),
        .raw_key_bytes = h->raw_key_bytes, .raw_value_bytes = h->raw_value_bytes,
        .states = h->states, .states_extra = h->states_extra,
        .value_type = (kf_value_type)h->value_type, .value_encoding = (kf_encoding)h->value_encoding,
        .weight_bytes = size_of(d, KFI_SECTION_WEIGHTS),
        .weights = d->weights.own ? KF_WEIGHTS_GIVEN : d->weights.has_section ? KF_WEIGHTS_VALUE : KF_WEIGHTS_NONE,
    };
    stat.key_bytes = size_of(d, KFI_SECTION_TREE) + size_of(d, KFI_SECTION_TOP) + stat.token_bytes
                     + stat.shared_bytes;
    if (d->shards) status = kfi_shards_stat(d->shards, &stat);
    if (!status) kfi_result_write(out, &stat, &stat_kind);
    return status;
}
