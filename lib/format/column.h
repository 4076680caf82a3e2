/* The value column: section KFI_SECTION_VALUES.
 *
 *   HEADER, 160 bytes
 *     0   1  layout             1   1  value type (kf_value_type)
 *     2   1  store              3   1  item width, bytes (ITEMS)
 *     4   4  values a block (ZSTD)
 *     8   8  values             16  8  items in the store
 *    24   8  data offset        32  8  data size
 *    40   8  dictionary offset  48  8  dictionary size   (tokens, or a zstd dictionary)
 *    56   8  largest content of a block (ZSTD)
 *    64  32  packed array: codes (CODED), blocks (ZSTD), or the values themselves (PACKED)
 *    96  32  packed array: ends of the items, from which item i is [end(i - 1), end(i)), end(-1) = 0
 *   128  32  zero
 *
 *   CONSTANT  the data is the value of every key (8 bytes for a u64)
 *   PACKED    u64: a packed array
 *   PLAIN     value i is item i of the store
 *   CODED     value i is item code(i) of the store, codes in order of falling frequency
 *   ZSTD      data holds blocks; the packed array has their offsets in it. A block has `values a
 *             block` values, the last one the rest:
 *               varint content size | varint frame size | zstd frame
 *             The content: its bytes, where blocks have one value; else a varint a value, then
 *             their bytes. The varint is size * 2, or 1 for a large value, which has in the place of
 *             bytes the 8-byte offset in the data of a block of its own, with its bytes as content,
 *             between the block before and this one. A value of KFI_COLUMN_LARGE bytes or
 *             more is large. Contents of that size are compressed without the dictionary. The frame
 *             size of contents above KFI_COLUMN_STREAMED is 0: the frame ends by itself.
 *
 *   The store keeps strings or numbers by index:
 *     ITEMS   items of one width (1..255 bytes; for u64 1..8, little-endian), one after the other
 *     STRINGS items of any size, one after the other; ends are byte offsets
 *     TOKENS  items as token codes of `bits` bits (format/tokens.h), one after the other; ends count
 *             codes */
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
