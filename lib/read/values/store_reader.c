/* Items of a store: pointers into the mapping, or token codes decoded into a buffer. */
#include "read/values/column_reader_parts.h"

/* Up to so many codes the buffer is simply made large enough for the longest tokens. */
enum { SHORT_CODES = 4096 };

static kf_status decoded_size(const kfi_tokens *tokens, const uint8_t *data, uint64_t bit,
                              uint64_t count, uint64_t *size)
{
    uint32_t row = KFI_TOKEN_FIRST_ROW;
    *size = 0;
    for (uint64_t i = 0; i < count; i++, bit += tokens->bits) {
        unsigned length;
        kfi_token(tokens, &row, (uint32_t)kfi_load_bits(data, bit, tokens->bits), &length);
        if (!length) return KF_CORRUPT;
        *size += length;
    }
    return KF_OK;
}

static kf_status decode_tokens(const kfi_column *column, uint64_t first, uint64_t count,
                               kf_buffer *buffer, size_t used, kf_bytes *value)
{
    const kfi_tokens *tokens = &column->tokens;
    uint64_t bit = first * tokens->bits;
    uint64_t size = count * KFI_TOKEN_MAX;   /* which 32 bits might not hold */
    kf_status status;
    if (count > SHORT_CODES
        && (status = decoded_size(tokens, column->data, bit, count, &size))) return status;
    if (buffer->capacity - used < size + KFI_TOKEN_MAX) {
        const uint64_t more = used + used / 2 + size + KFI_TOKEN_MAX;
        if (more > SIZE_MAX / 2) return KF_NO_MEMORY;   /* unreachable: where addresses have 64 bits */
        if ((status = kfi_buffer_reserve(buffer, (size_t)more, used))) return status;
    }
    uint8_t *start = buffer->data + used, *out = start;
    uint32_t row = KFI_TOKEN_FIRST_ROW;
    for (uint64_t i = 0; i < count; i++, bit += tokens->bits) {
        unsigned length;
        uint32_t code = (uint32_t)kfi_load_bits(column->data, bit, tokens->bits);
        const uint8_t *token = kfi_token(tokens, &row, code, &length);
        if (!length) return KF_CORRUPT;
        memcpy(out, token, KFI_TOKEN_MAX);   /* a copy of fixed size is one load and one store */
        out += length;
    }
    *value = (kf_bytes){start, (size_t)(out - start)};
    return KF_OK;
}

kf_status kfi_store_open(kfi_column *column, const uint8_t *dictionary, kf_error *error)
{
    const kfi_column_header *header = &column->header;
    if (header->store != KFI_STORE_TOKENS) return KF_OK;
    return kfi_tokens_open(&column->tokens, dictionary, header->dictionary_size, error);
}

kf_status kfi_store_item(const kfi_column *column, uint64_t index, kf_buffer *buffer, size_t used, kf_bytes *value)
{
    const kfi_column_header *header = &column->header;
    if (index >= header->items) return KF_CORRUPT;
    if (header->store == KFI_STORE_ITEMS) {
        *value = (kf_bytes){column->data + index * header->item_width, header->item_width};
        return KF_OK;
    }
    uint64_t start, end;
    if (kfi_packed_get_span(&column->ends, index, &start, &end) || start > end) return KF_CORRUPT;
    if (header->store == KFI_STORE_STRINGS) {
        if (end > column->data_size) return KF_CORRUPT;
        *value = (kf_bytes){column->data + start, (size_t)(end - start)};
        return KF_OK;
    }
    /* No overflow: data_size is below the size of the address space, a code has at least 4 bits. */
    if (end / 2 > column->data_size || (end * column->tokens.bits + 7) / 8 > column->data_size)
        return KF_CORRUPT;
    return decode_tokens(column, start, end - start, buffer, used, value);
}

kf_status kfi_plain_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                          kf_bytes *value)
{
    (void)cursor;
    return kfi_store_item(column, ordinal, buffer, 0, value);
}

kf_status kfi_coded_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor, kf_buffer *buffer,
                          kf_bytes *value)
{
    uint64_t code = 0;
    (void)cursor;
    if (kfi_packed_get(&column->codes, ordinal, &code)) return KF_CORRUPT;
    return kfi_store_item(column, code, buffer, 0, value);
}
