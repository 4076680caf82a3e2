#include "read/values/column_reader_parts.h"

#include <stdlib.h>

enum { IN_CACHE = 1 << 21 };

/* ---- open and close ------------------------------------------------------------------------- */

kf_status kfi_column_open(kfi_column **out, const uint8_t *section, uint64_t size, kf_value_type type,
                          kf_encoding encoding, uint64_t count, kf_error *error)
{
    *out = NULL;
    (void)encoding;   /* the section describes itself */
    kfi_column *column = calloc(1, sizeof *column);
    if (!column) return kfi_fail_memory(error, sizeof *column);
    kfi_column_header *header = &column->header;
    kf_status status = kfi_column_header_parse(header, section, size, error);
    if (status) goto out;
    if (header->value_type != type || header->values != count) {
        status = kfi_fail(error, KF_CORRUPT, "value column does not belong to these keys");
        goto out;
    }
    column->data = section + header->data_offset;
    column->data_size = header->data_size;
    column->asked = size > IN_CACHE;
    const uint8_t *dictionary = section + header->dictionary_offset;
    uint64_t packed = count;
    if (header->layout == KFI_LAYOUT_ZSTD)
        packed = count / header->per_block + (count % header->per_block != 0);
    kfi_packed_open(&column->codes, section, &header->codes, packed);
    kfi_packed_open(&column->ends, section, &header->ends, header->items);
    if (header->layout == KFI_LAYOUT_CONSTANT && type == KF_VALUES_U64)
        column->constant = kfi_load64(column->data);
    if (header->layout == KFI_LAYOUT_ZSTD)
        status = kfi_zstd_open(column, dictionary, error);
    else if (header->store == KFI_STORE_TOKENS)
        status = kfi_tokens_open(&column->tokens, dictionary, header->dictionary_size, error);
    if (status) goto out;
    *out = column;
    column = NULL;
out:
    kfi_column_close(&column);
    return status;
}

void kfi_column_close(kfi_column **column)
{
    if (!column || !*column) return;
    kfi_zstd_close(*column);
    free(*column);
    *column = NULL;
}

kf_status kfi_column_cursor_create(kfi_column_cursor **out, const kfi_column *column)
{
    (void)column;
    *out = calloc(1, sizeof **out);
    if (!*out) return KF_NO_MEMORY;
    (*out)->block = UINT64_MAX;
    return KF_OK;
}

void kfi_column_cursor_destroy(kfi_column_cursor **cursor)
{
    if (!cursor || !*cursor) return;
    kf_buffer_free(&(*cursor)->content);
    free(*cursor);
    *cursor = NULL;
}

/* ---- values --------------------------------------------------------------------------------- */

kf_status kfi_column_u64(const kfi_column *column, uint64_t ordinal, uint64_t *value)
{
    const kfi_column_header *header = &column->header;
    uint64_t code;
    if (header->value_type != KF_VALUES_U64) return KF_TYPE;
    switch (header->layout) {
    case KFI_LAYOUT_CONSTANT:
        *value = column->constant;
        return KF_OK;
    case KFI_LAYOUT_PACKED:
        return kfi_packed_get(&column->codes, ordinal, value);
    default:
        if (kfi_packed_get(&column->codes, ordinal, &code) || code >= header->items) return KF_CORRUPT;
        *value = kfi_load64(column->data + code * header->item_width) & kfi_mask64(8u * header->item_width);
        return KF_OK;
    }
}

kf_status kfi_column_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                           kf_buffer *buffer, kf_bytes *value)
{
    uint64_t code = ordinal;
    if (column->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (cursor && !buffer) buffer = &cursor->content;
    switch (column->header.layout) {
    case KFI_LAYOUT_CONSTANT:
        *value = (kf_bytes){column->data, (size_t)column->data_size};
        return KF_OK;
    case KFI_LAYOUT_ZSTD:
        return kfi_zstd_bytes(column, ordinal, cursor, buffer, value);
    case KFI_LAYOUT_CODED:
        if (kfi_packed_get(&column->codes, ordinal, &code)) return KF_CORRUPT;
        return kfi_store_bytes(column, code, buffer, 0, value);
    default:
        return kfi_store_bytes(column, code, buffer, 0, value);
    }
}

/* ---- verify --------------------------------------------------------------------------------- */

static kf_status verify_values(const kfi_column *column, kfi_column_cursor *cursor, kf_buffer *buffer,
                               kfi_progress *progress, uint64_t *ordinal)
{
    const double share = (double)progress->total / (double)column->header.values;
    kf_status status = KF_OK;
    uint64_t number;
    kf_bytes bytes = { NULL, 0 };
    for (*ordinal = 0; *ordinal < column->header.values; ++*ordinal) {
        if (column->header.value_type == KF_VALUES_U64)
            status = kfi_column_u64(column, *ordinal, &number);
        else
            status = kfi_column_bytes(column, *ordinal, cursor, buffer, &bytes);
        if (!status)
            status = kfi_progress_count(progress, 8 + bytes.size, (uint64_t)((double)*ordinal * share), NULL);
        if (status) break;
    }
    return status;
}

kf_status kfi_column_verify(const kfi_column *column, kfi_progress *progress, kf_error *error)
{
    kfi_column_cursor *cursor = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    uint64_t ordinal = 0;
    if (column->header.layout == KFI_LAYOUT_CONSTANT) return KF_OK;
    kf_status status = kfi_column_cursor_create(&cursor, column);
    if (!status) status = verify_values(column, cursor, &buffer, progress, &ordinal);
    kfi_column_cursor_destroy(&cursor);
    kf_buffer_free(&buffer);
    if (!status || status == KF_CANCELLED) return status;
    return kfi_fail(error, status, "value %llu cannot be read: %s", (unsigned long long)ordinal,
                    kf_status_name(status));
}
