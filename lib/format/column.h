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

/* ---- the tables: what the writer's and the reader's, which do not know each other, agree on ------ */

enum { KFI_ENCODINGS = 6, KFI_LAYOUTS = 6 };

/* By kf_encoding. `types` has a bit 1 << type for each kf_value_type it is for. */
typedef struct kfi_encoding_kind {
    const char *name;
    unsigned types;
} kfi_encoding_kind;
extern const kfi_encoding_kind kfi_encoding_kinds[KFI_ENCODINGS];

/* KF_INVALID unless the encoding is one, and for values of the type. */
kf_status kfi_encoding_check(kf_encoding encoding, kf_value_type type, kf_error *error);

/* By kfi_layout. `codes`: what the header's first packed array has a number for. */
typedef struct kfi_layout_kind {
    unsigned types;
    enum { KFI_CODES_NONE, KFI_CODES_OF_VALUES, KFI_CODES_OF_BLOCKS } codes;
    int has_store;
} kfi_layout_kind;
extern const kfi_layout_kind kfi_layout_kinds[KFI_LAYOUTS];

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

/* How many numbers the first packed array has. */
uint64_t kfi_column_codes(const kfi_column_header *header);

/* Parses and checks that every part lies inside the section's `size` bytes. */
kf_status kfi_column_header_parse(kfi_column_header *header, const uint8_t *section, uint64_t size,
                                  kf_error *error);

#endif
