/* What the parts of the value column's reader share. */
#ifndef KFI_READ_VALUES_COLUMN_READER_PARTS_H
#define KFI_READ_VALUES_COLUMN_READER_PARTS_H

#include "base/array.h"
#include "format/column.h"
#include "format/tokens.h"
#include "read/values/column_reader.h"
#include "read/values/packed_reader.h"

/* How a layout is read: a row of the table in column_reader.c. */
typedef struct kfi_layout_reader {
    /* What the layout needs beside the header's parts, and its end. NULL: nothing. */
    kf_status (*open)(kfi_column *column, const uint8_t *dictionary, kf_error *error);
    void (*close)(kfi_column *column);
    /* A u64, and as kfi_column_u64_run. NULL: the layout has none. */
    kf_status (*number)(const kfi_column *column, uint64_t ordinal, uint64_t *value);
    kf_status (*numbers)(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values);
    /* As kfi_column_bytes; `buffer` is not NULL if `cursor` is. NULL: the layout has none. */
    kf_status (*bytes)(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                       kf_bytes *value);
    /* `*ordinal` of a value that can't be read. NULL: nothing can be wrong. */
    kf_status (*verify)(const kfi_column *column, kfi_progress *progress, uint64_t *ordinal);
} kfi_layout_reader;

struct kfi_column {
    const kfi_layout_reader *reader;
    kfi_layout_kind kind;
    kfi_column_header header;
    const uint8_t *data;
    uint64_t data_size;
    int asked;                     /* reading many values asks for memory ahead; small columns are in the caches */
    kfi_packed codes;
    kfi_packed ends;
    kfi_tokens tokens;
    uint64_t constant;             /* CONSTANT u64 */
    void *zstd_dictionary;         /* ZSTD_DDict, or NULL */
};

struct kfi_column_cursor {
    kf_buffer content;             /* of the block, or what the value was assembled in */
    uint64_t block;                /* of `content`; UINT64_MAX: none */
    size_t size;
};

/* ---- integers: packed_reader.c ------------------------------------------------------------------ */

kf_status kfi_packed_number(const kfi_column *column, uint64_t ordinal, uint64_t *value);
kf_status kfi_packed_numbers(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values);
kf_status kfi_coded_number(const kfi_column *column, uint64_t ordinal, uint64_t *value);
kf_status kfi_coded_numbers(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values);

/* ---- strings in a store: store_reader.c ------------------------------------------------------------ */

kf_status kfi_store_open(kfi_column *column, const uint8_t *dictionary, kf_error *error);
/* Item `index` of the store. It may be put into `buffer`, behind the `used` bytes that stay as they are. */
kf_status kfi_store_item(const kfi_column *column, uint64_t index, kf_buffer *buffer, size_t used, kf_bytes *value);
kf_status kfi_plain_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                          kf_bytes *value);
kf_status kfi_coded_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                          kf_bytes *value);

/* ---- strings in blocks: zstd_reader.c ------------------------------------------------------------- */

kf_status kfi_zstd_open(kfi_column *column, const uint8_t *dictionary, kf_error *error);
void kfi_zstd_close(kfi_column *column);
kf_status kfi_zstd_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                         kf_bytes *value);

#endif
