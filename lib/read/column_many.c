/* Values of many ordinals in no order: groups of them step by step, so that the cache misses of a group
 * overlap. Each step asks for the memory that the next one reads. */
#include "read/column_read.h"

#include <keyfold/dict.h>

enum { GROUP = 32, IN_CACHE = 1 << 21 };   /* smaller sections need no asking */

/* GCC 12 takes a function that does nothing but prefetch for one without effect, and drops the call. */
#define INLINE static inline __attribute__((always_inline))

INLINE void ask_packed(const kfi_packed *packed, const uint64_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) kfi_packed_prefetch(packed, items[i]);
    for (size_t i = 0; i < count; i++) kfi_packed_prefetch_payload(packed, items[i]);
}

/* Turns ordinals into items of the store. */
INLINE kf_status read_codes(const kfi_column *column, uint64_t *items, size_t count, int ask)
{
    kf_status status = KF_OK;
    if (ask) ask_packed(&column->codes, items, count);
    for (size_t i = 0; i < count; i++)
        if (items[i] != KF_ABSENT && kfi_packed_get(&column->codes, items[i], &items[i])) status = KF_CORRUPT;
    return status;
}

INLINE void ask_items(const kfi_column *column, const uint64_t *items, size_t count)
{
    const kfi_column_header *header = &column->header;
    unsigned bits = header->store == KFI_STORE_TOKENS ? column->tokens.bits : 8;
    if (header->store == KFI_STORE_ITEMS) {
        for (size_t i = 0; i < count; i++) {
            if (items[i] < header->items) __builtin_prefetch(column->data + items[i] * header->item_width);
        }
        return;
    }
    ask_packed(&column->ends, items, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t end;
        /* Values are short: where one ends is mostly the line that it begins in. */
        if (items[i] < header->items && !kfi_packed_get(&column->ends, items[i], &end)
            && end <= column->data_size && end * bits / 8 <= column->data_size)
            __builtin_prefetch(column->data + end * bits / 8);
    }
}

void kfi_column_ask_many(const kfi_column *column, uint64_t *ordinals, size_t count)
{
    unsigned layout = column->header.layout;
    /* A code that can't be read is found again when its value is read. */
    if (layout == KFI_LAYOUT_CODED) read_codes(column, ordinals, count, 1);
    if (layout == KFI_LAYOUT_CODED || layout == KFI_LAYOUT_PLAIN) ask_items(column, ordinals, count);
}

kf_status kfi_column_gather(kf_buffer *data, uint64_t used, kf_bytes value)
{
    if (value.size > data->capacity - used) {
        uint64_t wanted = used + value.size;
        if (wanted > SIZE_MAX / 2) return KF_NO_MEMORY;
        kf_status status = kfi_buffer_reserve(data, (size_t)(wanted + wanted / 2 + 256), (size_t)used);
        if (status) return status;
    }
    if (value.size && value.data != data->data + used) memcpy(data->data + used, value.data, value.size);
    return KF_OK;
}

kf_status kfi_column_bytes_many(const kfi_column *column, const uint64_t *ordinals, size_t count,
                                kf_buffer *data, uint64_t *ends)
{
    kfi_column_cursor *cursor = NULL;
    kf_buffer buffer = KF_BUFFER_INIT;
    uint64_t used = 0;
    unsigned layout = column->header.layout;
    int in_store = layout == KFI_LAYOUT_CODED || layout == KFI_LAYOUT_PLAIN;
    int ask = column->section_size > IN_CACHE;
    if (column->header.value_type != KF_VALUES_BYTES) return KF_TYPE;
    kf_status status = layout == KFI_LAYOUT_ZSTD ? kfi_column_cursor_create(&cursor, column) : KF_OK;
    for (size_t first = 0; !status && first < count; first += GROUP) {
        uint64_t items[GROUP];
        size_t size = count - first < GROUP ? count - first : GROUP;
        for (size_t i = 0; i < size; i++) {
            items[i] = ordinals[first + i];
            if (items[i] != KF_ABSENT && items[i] >= column->header.values) status = KF_NOT_FOUND;
        }
        if (!status && layout == KFI_LAYOUT_CODED) status = read_codes(column, items, size, ask);
        if (ask && in_store) ask_items(column, items, size);
        for (size_t i = 0; !status && i < size; i++) {
            kf_bytes value = { NULL, 0 };
            if (ordinals[first + i] == KF_ABSENT) status = KF_OK;
            else if (in_store) status = kfi_store_bytes(column, items[i], data, (size_t)used, &value);
            else status = kfi_column_bytes(column, items[i], cursor, &buffer, &value);
            if (!status) status = kfi_column_gather(data, used, value);
            if (!status) ends[first + i] = used += value.size;
        }
    }
    kfi_column_cursor_destroy(&cursor);
    kf_buffer_free(&buffer);
    return status;
}
