/* The metadata section: named, typed entries in name order, found by binary search in place. FORMAT.md 3 draws it. */
#ifndef KFI_FORMAT_METADATA_H
#define KFI_FORMAT_METADATA_H

#include "base/array.h"
#include "base/error.h"

/* A reader hands out content of a type that it does not know as bytes. */
typedef enum kfi_metadata_type {
    KFI_METADATA_BYTES = 0,
    KFI_METADATA_TEXT = 1,   /* UTF-8 */
    KFI_METADATA_U64 = 2     /* 8 little-endian bytes */
} kfi_metadata_type;

enum { KFI_METADATA_NAME_MAX = 1 << 16 };

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct kfi_metadata_entry {
    char *name;
    uint8_t *data;
    size_t size;
    kfi_metadata_type type;
} kfi_metadata_entry;

/* Entries in name order. Zero-initialise it; kfi_metadata_free clears it. */
typedef struct kfi_metadata {
    kfi_metadata_entry *entries;
    size_t count;
    size_t capacity;
} kfi_metadata;

/* Copies an entry in; one of the same name is replaced. KF_INVALID for an empty name, KF_LIMIT for
 * one longer than KFI_METADATA_NAME_MAX, KF_NO_MEMORY. */
kf_status kfi_metadata_set(kfi_metadata *metadata, kfi_metadata_type type, const char *name,
                           const void *data, size_t size, kf_error *error);
/* Appends the section's bytes to `out`. */
kf_status kfi_metadata_encode(const kfi_metadata *metadata, kfi_array *out, kf_error *error);
void kfi_metadata_free(kfi_metadata *metadata);

/* ---- reading -------------------------------------------------------------------------------- */

/* The section in the mapping; every offset is checked whenever it is used. */
typedef struct kfi_metadata_view {
    const uint8_t *data;
    uint64_t size;
    uint32_t count;
} kfi_metadata_view;

/* O(1). An empty section has no entries. KF_CORRUPT. */
kf_status kfi_metadata_open(kfi_metadata_view *view, const uint8_t *section, uint64_t size,
                            kf_error *error);
/* KF_NOT_FOUND when `index` is not below the count; KF_CORRUPT. `type` may be NULL. */
kf_status kfi_metadata_at(const kfi_metadata_view *view, size_t index, kf_bytes *name,
                          kf_bytes *content, kfi_metadata_type *type);
/* O(log entries). KF_NOT_FOUND, KF_CORRUPT. */
kf_status kfi_metadata_find(const kfi_metadata_view *view, kf_bytes name, kf_bytes *content,
                            kfi_metadata_type *type);
/* Walks everything: order of the names, and a pool without gaps. */
kf_status kfi_metadata_verify(const kfi_metadata_view *view, kf_error *error);

#endif
