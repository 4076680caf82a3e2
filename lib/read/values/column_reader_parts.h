/* What the parts of the value column's reader share. */
#ifndef KFI_READ_VALUES_COLUMN_READER_PARTS_H
#define KFI_READ_VALUES_COLUMN_READER_PARTS_H

#include "base/array.h"
#include "format/column.h"
#include "format/tokens.h"
#include "read/values/column_reader.h"
#include "read/values/packed_reader.h"

struct kfi_column {
    kfi_column_header header;
    const uint8_t *data;
    uint64_t data_size;
    int asked;                     /* reading many values asks for memory ahead; small columns are in the caches */
    kfi_packed codes;              /* PACKED: the values; CODED: codes; ZSTD: blocks */
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

/* Item `index` of the store. It may be put into `buffer`, behind the `used` bytes that stay as they are. */
kf_status kfi_store_bytes(const kfi_column *column, uint64_t index, kf_buffer *buffer, size_t used,
                          kf_bytes *value);

/* `cursor` may be NULL; else its content is used and kept instead of `buffer`. */
kf_status kfi_zstd_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                         kf_buffer *buffer, kf_bytes *value);
kf_status kfi_zstd_open(kfi_column *column, const uint8_t *dictionary, kf_error *error);
void kfi_zstd_close(kfi_column *column);

#endif
