/* The value column: section KFI_SECTION_VALUES. FORMAT.md 5 draws its header, layouts and stores; this is what
 * writer and reader share of it. */
#ifndef KFI_FORMAT_COLUMN_H
#define KFI_FORMAT_COLUMN_H

#include "base/error.h"
#include "format/packed.h"

#include <keyfold/values.h>

typedef enum kfi_layout {
    KFI_LAYOUT_CONSTANT = 1,
    KFI_LAYOUT_PACKED = 2,
    KFI_LAYOUT_PLAIN = 3,
    KFI_LAYOUT_CODED = 4,
    KFI_LAYOUT_ZSTD = 5
} kfi_layout;

typedef enum kfi_store {
    KFI_STORE_NONE = 0,
    KFI_STORE_ITEMS = 1,
    KFI_STORE_STRINGS = 2,
    KFI_STORE_TOKENS = 3
} kfi_store;

enum {
    KFI_COLUMN_HEADER_SIZE = 160,
    KFI_COLUMN_MAX_PER_BLOCK = 64,    /* values of a zstd block */
    KFI_COLUMN_LARGE = 1 << 14,       /* a value of this size or more has a block of its own */
    KFI_COLUMN_STREAMED = 1 << 20     /* contents above this are decompressed piece by piece */
};

typedef struct kfi_column_header {
    uint8_t layout, value_type, store, item_width;
    uint32_t per_block;
    uint64_t values, items;
    uint64_t data_offset, data_size;
    uint64_t dictionary_offset, dictionary_size;
    uint64_t largest_content;
    kfi_packed_descriptor codes, ends;
} kfi_column_header;

void kfi_column_header_write(const kfi_column_header *header, uint8_t out[KFI_COLUMN_HEADER_SIZE]);

/* Parses and checks that every part lies inside the section's `size` bytes. */
kf_status kfi_column_header_parse(kfi_column_header *header, const uint8_t *section, uint64_t size,
                                  kf_error *error);

#endif
