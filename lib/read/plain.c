#include "read/plain.h"

#include "base/array.h"
#include "read/keys/by_rank.h"

#include <stdlib.h>

static kf_status open_frame(kf_dict *d, kf_error *error)
{
    const uint8_t *file = d->mapping.data;
    kf_status status = kfi_header_parse(&d->header, file, d->mapping.size, error);
    if (status) return status;
    if (d->header.incompatible & KFI_FEATURE_NAMES)
        return kfi_fail(error, KF_TYPE, "the file is an index of names, not a dictionary");
    const kfi_section *metadata = kfi_header_section(&d->header, KFI_SECTION_METADATA);
    return kfi_metadata_open(&d->metadata, metadata ? file + metadata->offset : NULL,
                             metadata ? metadata->size : 0, error);
}

static kf_status open_blocks(kf_dict *d, kf_error *error)
{
    const kfi_section *section = kfi_header_section(&d->header, KFI_SECTION_BLOCKS);
    if (!(d->header.compatible & KFI_COMPATIBLE_BLOCKS)) return KF_OK;
    if (!section) return kfi_fail(error, KF_CORRUPT, "the section of blocks is missing");
    d->blocks = malloc(sizeof *d->blocks);
    if (!d->blocks) return kfi_fail_memory(error, sizeof *d->blocks);
    return kfi_blocks_open(d->blocks, d->mapping.data + section->offset, section->size, section->offset,
                           d->header.keys, KFI_BLOCK_KEY_LENGTH, error);
}

static kf_status open_filter(kf_dict *d, kf_error *error)
{
    const kfi_section *section = kfi_header_section(&d->header, KFI_SECTION_FILTER);
    if (!(d->header.compatible & KFI_COMPATIBLE_FILTER)) return KF_OK;
    if (!section) return kfi_fail(error, KF_CORRUPT, "the filter's section is missing");
    return kfi_filter_open(&d->filter, d->mapping.data + section->offset, section->size, section->offset, error);
}

kf_status kfi_plain_open_parts(kf_dict *d, kf_error *error)
{
    const uint8_t *file = d->mapping.data;
    const kfi_section *values = kfi_header_section(&d->header, KFI_SECTION_VALUES);
    kf_status status = kfi_keys_open(&d->keys, file, &d->header, error);
    if (!status && d->header.value_type != KF_VALUES_NONE) {
        if (!values) return kfi_fail(error, KF_CORRUPT, "the value section is missing");
        status = kfi_column_open(&d->column, file + values->offset, values->size,
                                 (kf_value_type)d->header.value_type, d->header.keys, error);
    }
    if (!status) status = kfi_weights_open(&d->weights, file, &d->header, d->column, error);
    if (!status) status = open_filter(d, error);
    return status ? status : open_blocks(d, error);
}

kf_status kfi_plain_begin(kf_dict **out, kfi_mapping mapping, kf_error *error)
{
    kf_dict *d = *out = calloc(1, sizeof *d);
    if (!d) {
        kfi_mapping_close(&mapping);
        return kfi_fail_memory(error, sizeof *d);
    }
    d->search = kfi_search_best();
    d->mapping = mapping;
    kf_status status = open_frame(d, error);
    if (status) kfi_plain_close(out);
    return status;
}

kf_status kfi_plain_open(kf_dict **out, kfi_mapping mapping, kf_error *error)
{
    kf_status status = kfi_plain_begin(out, mapping, error);
    if (status) return status;
    if ((*out)->header.incompatible & KFI_FEATURE_SHARDS)
        status = kfi_fail(error, KF_CORRUPT, "a shard has shards itself");
    else status = kfi_plain_open_parts(*out, error);
    if (status) kfi_plain_close(out);
    return status;
}

void kfi_plain_close(kf_dict **dict)
{
    kf_dict *d = *dict;
    if (!d) return;
    free(d->blocks);
    kfi_weights_close(&d->weights);
    kfi_column_close(&d->column);
    kfi_mapping_close(&d->mapping);
    free(d);
    *dict = NULL;
}

kf_status kfi_plain_key_at(const kf_dict *d, uint64_t ordinal, kf_buffer *buffer, kf_bytes *key)
{
    kf_status status = kfi_buffer_reserve(buffer, (size_t)d->keys.longest_key + 2 * KFI_TOKEN_MAX, 0);
    if (status) return status;
    size_t size = kfi_key_at(&d->keys, ordinal, buffer->data);
    if (size == SIZE_MAX) return KF_CORRUPT;
    *key = (kf_bytes){ buffer->data, size };
    return KF_OK;
}

static uint64_t size_of(const kf_dict *d, uint32_t type)
{
    const kfi_section *s = kfi_header_section(&d->header, type);
    return s ? s->size : 0;
}

void kfi_plain_stat(const kf_dict *d, kf_dict_stat *stat)
{
    const kfi_header *h = &d->header;
    *stat = (kf_dict_stat){
        .struct_size = sizeof *stat,
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
        .normalise = h->normalise, .similarity_bytes = size_of(d, KFI_SECTION_BLOCKS),
        .filter_bytes = size_of(d, KFI_SECTION_FILTER),
    };
    stat->key_bytes = size_of(d, KFI_SECTION_TREE) + size_of(d, KFI_SECTION_TOP) + stat->token_bytes
                     + stat->shared_bytes;
}
