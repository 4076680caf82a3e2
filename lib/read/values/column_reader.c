#include "read/values/column_reader_parts.h"

#include <stdlib.h>

enum { IN_CACHE = 1 << 21 };

kf_status kfi_column_cursor_create(kfi_column_cursor **out)
{
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
    if (column->header.value_type != KF_VALUES_U64) return KF_TYPE;
    return column->reader->number(column, ordinal, value);
}

kf_status kfi_column_u64_run(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values)
{
    if (column->header.value_type != KF_VALUES_U64) return KF_TYPE;
    return column->reader->numbers(column, first, count, values);
}

int kfi_column_constant(const kfi_column *column, uint64_t *value)
{
    if (column->header.layout != KFI_LAYOUT_CONSTANT || column->header.value_type != KF_VALUES_U64) return 0;
    *value = column->constant;
    return 1;
}

kf_status kfi_column_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                           kf_buffer *buffer, kf_bytes *value)
{
    if (column->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    if (cursor && !buffer) buffer = &cursor->content;
    return column->reader->bytes(column, ordinal, cursor, buffer, value);
}

/* ---- verify --------------------------------------------------------------------------------- */

static kf_status verify_values(const kfi_column *column, kfi_progress *progress, uint64_t *ordinal)
{
    const double share = (double)progress->total / (double)column->header.values;
    kfi_column_cursor *cursor = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    const kfi_layout_reader *reader = column->reader;
    const int is_u64 = column->header.value_type == KF_VALUES_U64;
    kf_status status = kfi_column_cursor_create(&cursor);
    for (*ordinal = 0; !status && *ordinal < column->header.values; ++*ordinal) {
        uint64_t number;
        kf_bytes bytes = { NULL, 0 };
        status = is_u64 ? reader->number(column, *ordinal, &number)
                        : reader->bytes(column, *ordinal, cursor, &buffer, &bytes);
        if (!status)
            status = kfi_progress_count(progress, 8 + bytes.size, (uint64_t)((double)*ordinal * share), NULL);
        if (status) break;
    }
    kfi_column_cursor_destroy(&cursor);
    kf_buffer_free(&buffer);
    return status;
}

kf_status kfi_column_verify(const kfi_column *column, kfi_progress *progress, kf_error *error)
{
    uint64_t ordinal = 0;
    kf_status status = column->reader->verify ? column->reader->verify(column, progress, &ordinal) : KF_OK;
    if (!status || status == KF_CANCELLED) return status;
    return kfi_fail(error, status, "value %llu cannot be read: %s", (unsigned long long)ordinal,
                    kf_status_name(status));
}

/* ---- the table ------------------------------------------------------------------------------ */

static kf_status open_constant(kfi_column *column, const uint8_t *dictionary, kf_error *error)
{
    (void)dictionary, (void)error;
    if (column->header.value_type == KF_VALUES_U64) column->constant = kfi_load64(column->data);
    return KF_OK;
}

static kf_status constant_number(const kfi_column *column, uint64_t ordinal, uint64_t *value)
{
    (void)ordinal;
    *value = column->constant;
    return KF_OK;
}

static kf_status constant_numbers(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values)
{
    (void)first;
    for (unsigned k = 0; k < count; k++) values[k] = column->constant;
    return KF_OK;
}

static kf_status constant_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                                kf_buffer *buffer, kf_bytes *value)
{
    (void)ordinal, (void)cursor, (void)buffer;
    *value = (kf_bytes){column->data, (size_t)column->data_size};
    return KF_OK;
}

static const kfi_layout_reader readers[KFI_LAYOUTS] = {
    [KFI_LAYOUT_CONSTANT] = {
        .open = open_constant, .number = constant_number, .numbers = constant_numbers, .bytes = constant_bytes },
    [KFI_LAYOUT_PACKED] = {
        .number = kfi_packed_number, .numbers = kfi_packed_numbers, .verify = verify_values },
    [KFI_LAYOUT_PLAIN] = {
        .open = kfi_store_open, .bytes = kfi_plain_bytes, .verify = verify_values },
    [KFI_LAYOUT_CODED] = {
        .open = kfi_store_open, .number = kfi_coded_number, .numbers = kfi_coded_numbers, .bytes = kfi_coded_bytes,
        .verify = verify_values },
    [KFI_LAYOUT_ZSTD] = {
        .open = kfi_zstd_open, .close = kfi_zstd_close, .bytes = kfi_zstd_bytes, .verify = verify_values },
};

/* ---- open and close ------------------------------------------------------------------------- */

kf_status kfi_column_open(kfi_column **out, const uint8_t *section, uint64_t size, kf_value_type type,
                          uint64_t count, kf_error *error)
{
    *out = NULL;
    kfi_column *column = calloc(1, sizeof *column);
    if (!column) return kfi_fail_memory(error, sizeof *column);
    kfi_column_header *header = &column->header;
    kf_status status = kfi_column_header_parse(header, section, size, error);
    if (status) goto out;
    if (header->value_type != type || header->values != count) {
        status = kfi_fail(error, KF_CORRUPT, "value column does not belong to these keys");
        goto out;
    }
    column->reader = &readers[header->layout];
    column->kind = kfi_layout_kinds[header->layout];
    column->data = section + header->data_offset;
    column->data_size = header->data_size;
    column->asked = size > IN_CACHE;
    kfi_packed_open(&column->codes, section, &header->codes, kfi_column_codes(header));
    kfi_packed_open(&column->ends, section, &header->ends, header->items);
    if (column->reader->open) status = column->reader->open(column, section + header->dictionary_offset, error);
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
    if ((*column)->reader && (*column)->reader->close) (*column)->reader->close(*column);
    free(*column);
    *column = NULL;
}
