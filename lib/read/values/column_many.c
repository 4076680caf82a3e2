/* Values of many ordinals in no order: groups of them step by step, so that the cache misses of a group
 * overlap. Each step asks for the memory that the next one reads. */
#include "read/values/column_reader_parts.h"

#include <keyfold/dict.h>

static int has_codes(const kfi_column *column) { return column->kind.codes == KFI_CODES_OF_VALUES; }

static int in_store(const kfi_column *column) { return column->kind.has_store; }

/* Of an item that is in the store: where it begins or, of the stores with ends, what tells. */
static void ask_item(const kfi_column *column, uint64_t item)
{
    const kfi_column_header *header = &column->header;
    if (item >= header->items) return;
    if (header->store == KFI_STORE_ITEMS) kfi_prefetch(column->data + item * header->item_width);
    else kfi_packed_prefetch(&column->ends, item);
}

static void ask_end(const kfi_column *column, uint64_t item)
{
    if (item < column->header.items && column->header.store != KFI_STORE_ITEMS)
        kfi_packed_prefetch_payload(&column->ends, item);
}

/* Values are short: where one ends is mostly the line that it begins in. */
static void ask_data(const kfi_column *column, uint64_t item)
{
    const kfi_column_header *header = &column->header;
    const unsigned bits = header->store == KFI_STORE_TOKENS ? column->tokens.bits : 8;
    uint64_t end;
    if (item < header->items && header->store != KFI_STORE_ITEMS && !kfi_packed_get(&column->ends, item, &end)
        && end <= column->data_size && end * bits / 8 <= column->data_size)
        kfi_prefetch(column->data + end * bits / 8);
}

/* Turns ordinals (or KF_ABSENT) into items of their columns' stores, where they have one. */
static kf_status to_items(const kfi_column *const *columns, uint64_t *items, size_t count, int ask)
{
    kf_status status = KF_OK;
    if (ask) {
        for (size_t i = 0; i < count; i++)
            if (has_codes(columns[i])) kfi_packed_prefetch(&columns[i]->codes, items[i]);
        for (size_t i = 0; i < count; i++)
            if (has_codes(columns[i])) kfi_packed_prefetch_payload(&columns[i]->codes, items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i] == KF_ABSENT) continue;
        if (items[i] >= columns[i]->header.values) status = KF_NOT_FOUND;
        else if (has_codes(columns[i]) && in_store(columns[i])
                 && kfi_packed_get(&columns[i]->codes, items[i], &items[i]))
            status = KF_CORRUPT;
    }
    return status;
}

static void ask_store(const kfi_column *const *columns, const uint64_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) if (in_store(columns[i])) ask_item(columns[i], items[i]);
    for (size_t i = 0; i < count; i++) if (in_store(columns[i])) ask_end(columns[i], items[i]);
    for (size_t i = 0; i < count; i++) if (in_store(columns[i])) ask_data(columns[i], items[i]);
}

kf_status kfi_column_u64_group(const kfi_column *const *columns, const uint64_t *ordinals, size_t count,
                               uint64_t *values)
{
    kf_status result = KF_OK;
    uint64_t items[KFI_COLUMN_GROUP];
    memcpy(items, ordinals, count * sizeof *items);
    if (columns[0]->asked && !to_items(columns, items, count, 1))
        ask_store(columns, items, count);
    for (size_t i = 0; i < count; i++) {
        if (ordinals[i] == KF_ABSENT) continue;
        kf_status status = ordinals[i] < columns[i]->header.values
            ? kfi_column_u64(columns[i], ordinals[i], &values[i]) : KF_NOT_FOUND;
        if (status) result = status;
    }
    return result;
}

void kfi_column_gather_begin(kfi_column_gather *g, kf_buffer *data, uint64_t *ends)
{
    *g = (kfi_column_gather){ .data = data, .ends = ends };
}

/* A cursor over the column that the last value of a block was in. */
static kf_status value_in_block(kfi_column_gather *g, const kfi_column *column, uint64_t ordinal, kf_bytes *value)
{
    if (g->column != column) {
        kfi_column_cursor_destroy(&g->cursor);
        g->column = NULL;
        kf_status status = kfi_column_cursor_create(&g->cursor);
        if (status) return status;
        g->column = column;
    }
    return kfi_column_bytes(column, ordinal, g->cursor, &g->buffer, value);
}

static kf_status append(kfi_column_gather *g, kf_bytes value)
{
    kf_buffer *data = g->data;
    if (value.size > data->capacity - g->used) {
        uint64_t wanted = g->used + value.size;
        if (wanted > SIZE_MAX / 2) return KF_NO_MEMORY;   /* unreachable: where addresses have 64 bits */
        kf_status status = kfi_buffer_reserve(data, (size_t)(wanted + wanted / 2 + 256), (size_t)g->used);
        if (status) return status;
    }
    if (value.size && value.data != data->data + g->used) memcpy(data->data + g->used, value.data, value.size);
    *g->ends++ = g->used += value.size;
    return KF_OK;
}

kf_status kfi_column_gather_group(kfi_column_gather *g, const kfi_column *const *columns, const uint64_t *ordinals,
                                  size_t count)
{
    uint64_t items[KFI_COLUMN_GROUP];
    const int ask = columns[0]->asked;
    memcpy(items, ordinals, count * sizeof *items);
    kf_status status = to_items(columns, items, count, ask);
    if (ask && !status) ask_store(columns, items, count);
    for (size_t i = 0; !status && i < count; i++) {
        kf_bytes value = { NULL, 0 };
        if (ordinals[i] == KF_ABSENT) status = KF_OK;
        else if (in_store(columns[i]))
            status = kfi_store_item(columns[i], items[i], g->data, (size_t)g->used, &value);
        else status = value_in_block(g, columns[i], ordinals[i], &value);
        if (!status) status = append(g, value);
    }
    return status;
}

void kfi_column_gather_end(kfi_column_gather *g)
{
    kfi_column_cursor_destroy(&g->cursor);
    kf_buffer_free(&g->buffer);
}

/* ---- any number of ordinals in one column ----------------------------------------------------- */

kf_status kfi_column_u64_many(const kfi_column *column, const uint64_t *ordinals, size_t count, uint64_t *values)
{
    const kfi_column *columns[KFI_COLUMN_GROUP];
    kf_status result = KF_OK;
    if (column->header.value_type != KF_VALUES_U64) return KF_TYPE;
    for (size_t i = 0; i < KFI_COLUMN_GROUP; i++) columns[i] = column;
    for (size_t i = 0; i < count; i += KFI_COLUMN_GROUP) {
        size_t size = count - i < KFI_COLUMN_GROUP ? count - i : KFI_COLUMN_GROUP;
        kf_status status = kfi_column_u64_group(columns, ordinals + i, size, values + i);
        if (status) result = status;
    }
    return result;
}

kf_status kfi_column_bytes_many(const kfi_column *column, const uint64_t *ordinals, size_t count,
                                kf_buffer *data, uint64_t *ends)
{
    const kfi_column *columns[KFI_COLUMN_GROUP];
    kfi_column_gather gather;
    kf_status status = KF_OK;
    if (column->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    for (size_t i = 0; i < KFI_COLUMN_GROUP; i++) columns[i] = column;
    kfi_column_gather_begin(&gather, data, ends);
    for (size_t i = 0; !status && i < count; i += KFI_COLUMN_GROUP) {
        size_t size = count - i < KFI_COLUMN_GROUP ? count - i : KFI_COLUMN_GROUP;
        status = kfi_column_gather_group(&gather, columns, ordinals + i, size);
    }
    kfi_column_gather_end(&gather);
    return status;
}
