#include "write/shards_writer.h"

#include "format/shards.h"
#include "write/writer.h"

#include <stdlib.h>

enum { COPY_SIZE = 1 << 18 };

struct kfi_bundle {
    kfi_writer *writer;
    int with_images;
    kfi_shard *entries;        /* each one's keys and path lie in one allocation, which `first` begins */
    size_t count, capacity;
    kfi_header total;
    int plain;                 /* no file that is referred to has shards */
};

kf_status kfi_bundle_create(kfi_bundle **out, const char *path, int with_images, kf_error *error)
{
    *out = NULL;
    kfi_bundle *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    b->with_images = with_images;
    b->plain = !with_images;
    kf_status status = kfi_writer_create(&b->writer, path, with_images ? 4 : 3, error);
    if (!status && with_images) status = kfi_writer_begin(b->writer, KFI_SECTION_IMAGES, error);
    if (status) kfi_bundle_destroy(&b);
    *out = b;
    return status;
}

kf_status kfi_bundle_protect(kfi_bundle *bundle, kf_error *error) { return kfi_writer_protect(bundle->writer, error); }
void kfi_bundle_hurry(kfi_bundle *bundle) { kfi_writer_hurry(bundle->writer); }

/* ---- shards ----------------------------------------------------------------------------------- */

static kf_status check(const kfi_bundle *b, const kfi_header *h, kf_bytes first, kf_bytes last, kf_error *error)
{
    int order = kfi_shard_compare(first, last);
    if (!h->keys || (h->keys == 1 ? order != 0 : order >= 0))
        return kfi_fail(error, KF_INVALID, "a shard needs keys, and to know the first and last of them");
    if (!b->count) return KF_OK;
    if (b->count == KFI_SHARDS_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a dictionary has at most %d shards", KFI_SHARDS_LIMIT);
    if (h->value_type != b->total.value_type)
        return kfi_fail(error, KF_INVALID, "the values of shard %zu are of another type", b->count);
    if (h->normalise != b->total.normalise)
        return kfi_fail(error, KF_INVALID, "the keys of shard %zu are in another normal form", b->count);
    if (kfi_shard_compare(b->entries[b->count - 1].last, first) >= 0)
        return kfi_fail_key(error, KF_INVALID, first, "the keys of shard %zu are not above those before", b->count);
    if (h->keys > UINT64_MAX - b->total.keys) return kfi_fail(error, KF_LIMIT, "too many keys");
    return KF_OK;
}

static void sum_up(kfi_header *total, const kfi_header *h, int is_first)
{
    total->keys += h->keys;
    if (h->longest_key > total->longest_key) total->longest_key = h->longest_key;
    total->value_type = h->value_type;
    total->normalise = h->normalise;
    if (is_first) total->value_encoding = h->value_encoding;
    if (total->value_encoding != h->value_encoding) total->value_encoding = KF_ENCODING_AUTO;
    total->raw_key_bytes += h->raw_key_bytes;
    total->raw_value_bytes += h->raw_value_bytes;
    total->states += h->states;
    total->states_extra += h->states_extra;
}

static kf_bytes put(uint8_t **at, kf_bytes bytes)
{
    kf_bytes copy = { *at, bytes.size };
    if (bytes.size) memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return copy;
}

static kf_status note(kfi_bundle *b, const kfi_header *h, kf_bytes first, kf_bytes last, kf_bytes path,
                      kf_error *error)
{
    kf_status status = check(b, h, first, last, error);
    if (status) return status;
    if (b->count == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 16;
        kfi_shard *entries = realloc(b->entries, capacity * sizeof *entries);
        if (!entries) return kfi_fail_memory(error, capacity * sizeof *entries);
        b->entries = entries;
        b->capacity = capacity;
    }
    uint8_t *at = malloc(first.size + last.size + path.size + 1);
    if (!at) return kfi_fail_memory(error, first.size + last.size + path.size);
    kfi_shard *e = &b->entries[b->count];
    *e = (kfi_shard){ .size = h->file_size, .keys = h->keys };
    if (b->with_images) e->offset = kfi_writer_position(b->writer);
    memcpy(e->build_id, h->build_id, sizeof e->build_id);
    e->first = put(&at, first);
    e->last = put(&at, last);
    e->path = put(&at, path);
    sum_up(&b->total, h, b->count == 0);
    b->count++;
    return KF_OK;
}

static kf_status copy_image(kfi_bundle *b, kfi_output *image, kf_error *error)
{
    kf_status status = KF_OK;
    uint64_t size = kfi_output_offset(image);
    uint8_t *buffer = malloc(COPY_SIZE);
    if (!buffer) return kfi_fail_memory(error, COPY_SIZE);
    for (uint64_t at = 0; !status && at < size; ) {
        size_t part = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;
        status = kfi_output_read(image, at, buffer, part, error);
        if (!status) status = kfi_writer_write(b->writer, buffer, part, error);
        at += part;
    }
    free(buffer);
    return status;
}

kf_status kfi_bundle_embed(kfi_bundle *b, kfi_output *image, kf_bytes first, kf_bytes last, kf_error *error)
{
    uint8_t head[KFI_HEADER_SIZE + (KFI_MAX_SECTIONS + 1) * KFI_SECTION_ENTRY_SIZE] = { 0 };
    uint64_t size = kfi_output_offset(image);
    kfi_header header;
    if (!b->with_images) return kfi_fail(error, KF_INVALID, "this bundle has no images");
    kf_status status = kfi_output_read(image, 0, head, size < sizeof head ? (size_t)size : sizeof head, error);
    if (!status) status = kfi_header_parse(&header, head, size, error);
    if (!status && header.incompatible & KFI_FEATURE_SHARDS)
        status = kfi_fail(error, KF_INVALID, "a shard can't have shards itself");
    if (!status) status = note(b, &header, first, last, (kf_bytes){ NULL, 0 }, error);
    return status ? status : copy_image(b, image, error);
}

kf_status kfi_bundle_refer(kfi_bundle *b, const char *path, const kfi_header *header, kf_bytes first,
                           kf_bytes last, kf_error *error)
{
    kf_bytes name = { (const uint8_t *)path, strlen(path) };
    if (b->with_images) return kfi_fail(error, KF_INVALID, "this bundle has images only");
    if (!name.size || name.size > KFI_SHARD_PATH_LIMIT)
        return kfi_fail(error, KF_INVALID, "a path to a shard has 1 to %d bytes", KFI_SHARD_PATH_LIMIT);
    if (header->incompatible & KFI_FEATURE_SHARDS) b->plain = 0;
    return note(b, header, first, last, name, error);
}

/* ---- the end ---------------------------------------------------------------------------------- */

static kf_status write_section(kfi_bundle *b, kfi_section_type type, const kfi_array *section, kf_error *error)
{
    kf_status status = kfi_writer_begin(b->writer, type, error);
    if (!status) status = kfi_writer_write(b->writer, section->data, section->size, error);
    return status ? status : kfi_writer_end(b->writer, error);
}

kf_status kfi_bundle_finish(kfi_bundle *b, const kfi_metadata *metadata, kf_weights weights, kfi_header *header,
                            kf_error *error)
{
    static const kfi_metadata none;
    kfi_array section = { 0 };
    if (!b->count) return kfi_fail(error, KF_INVALID, "a bundle needs at least one key");
    kf_status status = b->with_images ? kfi_writer_end(b->writer, error) : KF_OK;
    const kfi_shards_head head = { b->count, weights, b->plain };
    if (!status) status = kfi_shards_encode(b->entries, &head, &section, error);
    if (!status) status = write_section(b, KFI_SECTION_SHARDS, &section, error);
    section.size = 0;
    if (!status) status = kfi_metadata_encode(metadata ? metadata : &none, &section, error);
    if (!status) status = write_section(b, KFI_SECTION_METADATA, &section, error);
    kfi_array_free(&section);
    b->total.incompatible = KFI_FEATURE_SHARDS;
    if (!status) status = kfi_writer_finish(b->writer, &b->total, error);
    if (!status && header) *header = b->total;
    return status;
}

void kfi_bundle_destroy(kfi_bundle **pointer)
{
    kfi_bundle *b = pointer ? *pointer : NULL;
    if (!b) return;
    for (size_t i = 0; i < b->count; i++) free((void *)(uintptr_t)b->entries[i].first.data);
    free(b->entries);
    kfi_writer_destroy(&b->writer);
    free(b);
    *pointer = NULL;
}
