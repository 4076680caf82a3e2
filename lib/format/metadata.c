#include "format/metadata.h"

#include "base/bits.h"

#include <stdlib.h>

enum { DIRECTORY = 8, ENTRY_SIZE = 32 };

static int compare(kf_bytes a, kf_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The place of a name, present or not. */
static size_t place(const kfi_metadata *metadata, const char *name, int *present)
{
    size_t i = 0;
    int order = 1;
    while (i < metadata->count && (order = strcmp(metadata->entries[i].name, name)) < 0) i++;
    *present = i < metadata->count && order == 0;
    return i;
}

static kf_status make_room(kfi_metadata *metadata, kf_error *error)
{
    if (metadata->count < metadata->capacity) return KF_OK;
    size_t capacity = metadata->capacity ? 2 * metadata->capacity : 8;
    kfi_metadata_entry *entries = realloc(metadata->entries, capacity * sizeof *entries);
    if (!entries) return kfi_fail_memory(error, capacity * sizeof *entries);
    metadata->entries = entries;
    metadata->capacity = capacity;
    return KF_OK;
}

kf_status kfi_metadata_set(kfi_metadata *metadata, kfi_metadata_type type, const char *name,
                           const void *data, size_t size, kf_error *error)
{
    size_t length = name ? strlen(name) : 0;
    if (length == 0) return kfi_fail(error, KF_INVALID, "a metadata entry needs a name");
    if (length > KFI_METADATA_NAME_MAX)
        return kfi_fail(error, KF_LIMIT, "a metadata name of %zu bytes is too long", length);

    kf_status status = make_room(metadata, error);
    if (status) return status;
    uint8_t *content = malloc(size ? size : 1);
    if (!content) return kfi_fail_memory(error, size);
    if (size) memcpy(content, data, size);

    int present;
    size_t i = place(metadata, name, &present);
    kfi_metadata_entry *entry = &metadata->entries[i];
    if (present) {
        free(entry->data);
    } else {
        char *copy = malloc(length + 1);
        if (!copy) {
            free(content);
            return kfi_fail_memory(error, length + 1);
        }
        memcpy(copy, name, length + 1);
        memmove(entry + 1, entry, (metadata->count - i) * sizeof *entry);
        metadata->count++;
        entry->name = copy;
    }
    entry->data = content;
    entry->size = size;
    entry->type = type;
    return KF_OK;
}

kf_status kfi_metadata_encode(const kfi_metadata *metadata, kfi_array *out, kf_error *error)
{
    if (metadata->count > UINT32_MAX)
        return kfi_fail(error, KF_LIMIT, "%zu metadata entries are too many", metadata->count);
    uint64_t at = DIRECTORY + ENTRY_SIZE * (uint64_t)metadata->count;
    uint8_t head[DIRECTORY] = { 0 };
    kfi_store32(head, (uint32_t)metadata->count);
    kf_status status = kfi_array_append(out, head, sizeof head, error);

    for (size_t i = 0; i < metadata->count && !status; i++) {
        const kfi_metadata_entry *entry = &metadata->entries[i];
        uint8_t bytes[ENTRY_SIZE];
        size_t length = strlen(entry->name);
        kfi_store32(bytes, (uint32_t)entry->type);
        kfi_store32(bytes + 4, (uint32_t)length);
        kfi_store64(bytes + 8, at);
        kfi_store64(bytes + 16, at + length);
        kfi_store64(bytes + 24, entry->size);
        at += length + entry->size;
        status = kfi_array_append(out, bytes, sizeof bytes, error);
    }
    for (size_t i = 0; i < metadata->count && !status; i++) {
        const kfi_metadata_entry *entry = &metadata->entries[i];
        status = kfi_array_append(out, entry->name, strlen(entry->name), error);
        if (!status) status = kfi_array_append(out, entry->data, entry->size, error);
    }
    return status;
}

void kfi_metadata_free(kfi_metadata *metadata)
{
    for (size_t i = 0; i < metadata->count; i++) {
        free(metadata->entries[i].name);
        free(metadata->entries[i].data);
    }
    free(metadata->entries);
    *metadata = (kfi_metadata){ NULL, 0, 0 };
}

/* ---- reading -------------------------------------------------------------------------------- */

kf_status kfi_metadata_open(kfi_metadata_view *view, const uint8_t *section, uint64_t size,
                            kf_error *error)
{
    *view = (kfi_metadata_view){ section, size, 0 };
    if (size == 0) return KF_OK;
    if (size < DIRECTORY || kfi_load32(section + 4) != 0)
        return kfi_fail(error, KF_CORRUPT, "the metadata section has no directory");
    uint32_t count = kfi_load32(section);
    if (count > (size - DIRECTORY) / ENTRY_SIZE)
        return kfi_fail(error, KF_CORRUPT, "the metadata directory exceeds its section");
    view->count = count;
    return KF_OK;
}

/* section[offset .. offset + size), if that lies in the section. */
static int slice(const kfi_metadata_view *view, uint64_t offset, uint64_t size, kf_bytes *out)
{
    if (offset > view->size || size > view->size - offset) return 0;
    *out = (kf_bytes){ view->data + offset, (size_t)size };
    return 1;
}

kf_status kfi_metadata_at(const kfi_metadata_view *view, size_t index, kf_bytes *name,
                          kf_bytes *content, kfi_metadata_type *type)
{
    if (index >= view->count) return KF_NOT_FOUND;
    const uint8_t *entry = view->data + DIRECTORY + ENTRY_SIZE * index;
    if (!slice(view, kfi_load64(entry + 8), kfi_load32(entry + 4), name)
        || !slice(view, kfi_load64(entry + 16), kfi_load64(entry + 24), content))
        return KF_CORRUPT;
    if (type) *type = (kfi_metadata_type)kfi_load32(entry);
    return KF_OK;
}

kf_status kfi_metadata_find(const kfi_metadata_view *view, kf_bytes name, kf_bytes *content,
                            kfi_metadata_type *type)
{
    size_t low = 0, high = view->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        kf_bytes found, bytes;
        kfi_metadata_type kind;
        kf_status status = kfi_metadata_at(view, middle, &found, &bytes, &kind);
        if (status) return status;
        int order = compare(found, name);
        if (order == 0) {
            *content = bytes;
            if (type) *type = kind;
            return KF_OK;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return KF_NOT_FOUND;
}

kf_status kfi_metadata_verify(const kfi_metadata_view *view, kf_error *error)
{
    if (view->size == 0) return KF_OK;
    kf_bytes before = { NULL, 0 };
    uint64_t at = DIRECTORY + ENTRY_SIZE * (uint64_t)view->count;
    for (size_t i = 0; i < view->count; i++) {
        kf_bytes name, content;
        if (kfi_metadata_at(view, i, &name, &content, NULL) != KF_OK)
            return kfi_fail(error, KF_CORRUPT, "metadata entry %zu exceeds its section", i);
        if (compare(before, name) >= 0)
            return kfi_fail(error, KF_CORRUPT, "metadata entry %zu is out of order", i);
        if (name.data != view->data + at || content.data != name.data + name.size)
            return kfi_fail(error, KF_CORRUPT, "metadata entry %zu is out of place", i);
        at += name.size + content.size;
        before = name;
    }
    if (at != view->size)
        return kfi_fail(error, KF_CORRUPT, "the metadata section holds unused bytes");
    return KF_OK;
}
