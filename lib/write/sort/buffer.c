#include "write/sort/buffer.h"

#include <stdlib.h>

enum { PREFETCH_AHEAD = 12 };

void kfi_sort_buffer_init(kfi_sort_buffer *buffer, const kfi_sort_shares *shares, kf_value_type type)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->type = type;
    buffer->limit = shares->buffer;
    buffer->smallest_chunk = shares->smallest_chunk;
    buffer->largest_chunk = shares->largest_chunk;
    buffer->sorted = 1;
}

/* ---- filling ------------------------------------------------------------------------------ */

static void drop_chunks(kfi_sort_buffer *buffer, size_t from)
{
    while (buffer->chunk_count > from) {
        kfi_sort_chunk *chunk = &buffer->chunks[--buffer->chunk_count];
        buffer->allocated -= chunk->capacity + KFI_SORT_PAD;
        free(chunk->data);
    }
}

static int has_room(const kfi_sort_buffer *buffer, size_t chunk, size_t record)
{
    return chunk < buffer->chunk_count
        && buffer->chunks[chunk].capacity - buffer->chunks[chunk].used >= record;
}

static size_t new_chunk_size(const kfi_sort_buffer *buffer, size_t record)
{
    uint64_t size = buffer->allocated / 8;
    if (size < buffer->smallest_chunk) size = buffer->smallest_chunk;
    if (size > buffer->largest_chunk) size = buffer->largest_chunk;
    return record > size ? record : (size_t)size;
}

static int fits(kfi_sort_buffer *buffer, size_t record, int sorted, uint64_t reserve)
{
    uint64_t needed = reserve;
    if (!buffer->count) return 1;
    if (!has_room(buffer, buffer->current, record) && !has_room(buffer, buffer->current + 1, record))
        needed += new_chunk_size(buffer, record) + KFI_SORT_PAD;
    if (!sorted) needed += (buffer->count + 1) * sizeof(kfi_sort_entry);
    /* Chunks of an earlier filling that this one hasn't come to are the first to go. */
    if (buffer->allocated + needed > buffer->limit) drop_chunks(buffer, buffer->current + 1);
    return buffer->allocated + needed <= buffer->limit;
}

/* Makes `current` a chunk with room for the record. */
static kf_status open_chunk(kfi_sort_buffer *buffer, size_t record, kf_error *error)
{
    size_t next = buffer->chunk_count ? buffer->current + 1 : 0;
    if (has_room(buffer, next, record)) {
        buffer->current = next;
        return KF_OK;
    }
    drop_chunks(buffer, next);
    if (next == buffer->chunk_capacity) {
        size_t capacity = next ? 2 * next : 16;
        kfi_sort_chunk *chunks = realloc(buffer->chunks, capacity * sizeof *chunks);
        if (!chunks) return kfi_fail_memory(error, capacity * sizeof *chunks);
        buffer->chunks = chunks;
        buffer->chunk_capacity = capacity;
    }
    size_t size = new_chunk_size(buffer, record);
    uint8_t *data = malloc(size + KFI_SORT_PAD);
    if (!data) return kfi_fail_memory(error, size + KFI_SORT_PAD);
    buffer->chunks[next] = (kfi_sort_chunk){ data, (uint32_t)size, 0 };
    buffer->allocated += size + KFI_SORT_PAD;
    buffer->chunk_count = next + 1;
    buffer->current = next;
    return KF_OK;
}

kf_status kfi_sort_buffer_add(kfi_sort_buffer *buffer, kf_bytes key, kf_bytes head, kf_bytes body,
                              uint64_t reserve, int *full, kf_error *error)
{
    const size_t size_length = (kfi_bit_width(key.size | 1) + 6) / 7;
    const size_t record = size_length + key.size + head.size + body.size;
    int sorted = buffer->sorted
        && (!buffer->count
            || kfi_sort_compare(buffer->last_key, buffer->last_size, key.data, key.size) <= 0);

    *full = !fits(buffer, record, sorted, reserve);
    if (*full) return KF_OK;
    if (!has_room(buffer, buffer->current, record)) {
        kf_status status = open_chunk(buffer, record, error);
        if (status) return status;
    }
    kfi_sort_chunk *chunk = &buffer->chunks[buffer->current];
    uint8_t *p = chunk->data + chunk->used;
    p += kfi_varint_write(p, key.size);
    buffer->last_key = p;
    buffer->last_size = key.size;
    kfi_copy(p, key.data, key.size);
    p += key.size;
    kfi_copy(p, head.data, head.size);
    p += head.size;
    kfi_copy(p, body.data, body.size);
    chunk->used += (uint32_t)record;
    buffer->used += record;
    buffer->sorted = sorted;
    buffer->count++;
    return KF_OK;
}

void kfi_sort_buffer_reset(kfi_sort_buffer *buffer)
{
    free(buffer->entries);
    buffer->entries = NULL;
    for (size_t i = 0; i < buffer->chunk_count; i++) buffer->chunks[i].used = 0;
    buffer->current = 0;
    buffer->used = 0;
    buffer->count = 0;
    buffer->sorted = 1;
}

void kfi_sort_buffer_free(kfi_sort_buffer *buffer)
{
    kfi_sort_buffer_reset(buffer);
    drop_chunks(buffer, 0);
    free(buffer->chunks);
    buffer->chunks = NULL;
    buffer->chunk_capacity = 0;
}

/* ---- reading back ------------------------------------------------------------------------- */

/* The record that begins at (at_chunk, at_offset), or NULL after the last. */
static const uint8_t *record_in_place(kfi_sort_buffer *buffer)
{
    while (buffer->at_chunk < buffer->chunk_count) {
        const kfi_sort_chunk *chunk = &buffer->chunks[buffer->at_chunk];
        if (buffer->at_offset < chunk->used) return chunk->data + buffer->at_offset;
        buffer->at_chunk++;
        buffer->at_offset = 0;
    }
    return NULL;
}

/* The record's end, with *key and *key_size set. Records hold what kfi_sort_buffer_add wrote, so
 * the pad is a sufficient bound. */
static const uint8_t *parse_record(const kfi_sort_buffer *buffer, const kfi_sort_chunk *chunk,
                                   const uint8_t *record, kfi_sort_pair *pair)
{
    pair->key = kfi_sort_record_key(record, &pair->key_size);
    pair->field = pair->key + pair->key_size;
    const uint8_t *end = kfi_sort_field_skip(pair->field, chunk->data + chunk->used, buffer->type);
    pair->field_size = (size_t)(end - pair->field);
    return end;
}

static void rewind_records(kfi_sort_buffer *buffer)
{
    buffer->taken = 0;
    buffer->at_chunk = buffer->at_offset = 0;
    buffer->previous = NULL;
    buffer->previous_size = 0;
}

kf_status kfi_sort_buffer_order(kfi_sort_buffer *buffer, kf_error *error)
{
    rewind_records(buffer);
    if (buffer->sorted) return KF_OK;
    buffer->entries = malloc(buffer->count * sizeof *buffer->entries);
    if (!buffer->entries) return kfi_fail_memory(error, buffer->count * sizeof *buffer->entries);
    const uint8_t *record;
    for (size_t i = 0; (record = record_in_place(buffer)) && i < buffer->count; i++) {
        const kfi_sort_chunk *chunk = &buffer->chunks[buffer->at_chunk];
        kfi_sort_pair pair;
        buffer->entries[i].ref = (kfi_sort_ref)buffer->at_chunk << 32 | buffer->at_offset;
        buffer->at_offset = (size_t)(parse_record(buffer, chunk, record, &pair) - chunk->data);
    }
    kfi_sort_entries(buffer->entries, buffer->count, buffer->chunks);
    rewind_records(buffer);
    return KF_OK;
}

kf_bytes kfi_sort_buffer_first(const kfi_sort_buffer *buffer)
{
    kf_bytes key;
    size_t chunk = 0;
    while (!buffer->entries && chunk + 1 < buffer->chunk_count && !buffer->chunks[chunk].used) chunk++;
    kfi_sort_ref ref = buffer->entries ? buffer->entries[0].ref : (kfi_sort_ref)chunk << 32;
    key.data = kfi_sort_record_key(kfi_sort_record(buffer->chunks, ref), &key.size);
    return key;
}

kf_status kfi_sort_buffer_next(void *self, kfi_sort_pair *pair, kf_error *error)
{
    kfi_sort_buffer *buffer = self;
    const kfi_sort_chunk *chunk;
    const uint8_t *record;
    (void)error;

    if (buffer->taken == buffer->count) return KF_END;
    if (buffer->entries) {
        /* Sorted records lie anywhere: ask for those to come. */
        if (buffer->count - buffer->taken > PREFETCH_AHEAD)
            kfi_prefetch(kfi_sort_record(buffer->chunks, buffer->entries[buffer->taken + PREFETCH_AHEAD].ref));
        kfi_sort_ref ref = buffer->entries[buffer->taken].ref;
        chunk = &buffer->chunks[ref >> 32];
        parse_record(buffer, chunk, chunk->data + (uint32_t)ref, pair);
    } else {
        record = record_in_place(buffer);
        chunk = &buffer->chunks[buffer->at_chunk];
        buffer->at_offset = (size_t)(parse_record(buffer, chunk, record, pair) - chunk->data);
    }
    buffer->taken++;
    size_t shorter = pair->key_size < buffer->previous_size ? pair->key_size : buffer->previous_size;
    pair->lcp = kfi_sort_common(pair->key, buffer->previous, shorter);
    buffer->previous = pair->key;
    buffer->previous_size = pair->key_size;
    return KF_OK;
}
