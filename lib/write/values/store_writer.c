/* Writing a store of strings: items of one size, strings with ends, or token codes with ends. */
#include "write/values/column_writer_parts.h"

#include <stdlib.h>

/* Values above this are parsed into tokens piece by piece. */
enum { TOKEN_PIECE = 1 << 14, ITEM_MOST = 255 };

typedef struct bit_output {
    kfi_writer *writer;
    uint8_t *buffer;         /* KFI_COLUMN_BUFFER */
    size_t used;
    uint64_t pending;        /* the next bits of the stream, fewer than 8 of them between calls */
    unsigned pending_bits;
} bit_output;

static kf_status bits_flush(bit_output *out, kf_error *error)
{
    kf_status status = kfi_writer_write(out->writer, out->buffer, out->used, error);
    out->used = 0;
    return status;
}

static kf_status bits_put(bit_output *out, const uint16_t *codes, size_t count, unsigned bits,
                          kf_error *error)
{
    for (size_t i = 0; i < count; i++) {
        out->pending |= (uint64_t)codes[i] << out->pending_bits;
        out->pending_bits += bits;
        if (out->used + 8 > KFI_COLUMN_BUFFER) {
            kf_status status = bits_flush(out, error);
            if (status) return status;
        }
        while (out->pending_bits >= 8) {
            out->buffer[out->used++] = (uint8_t)out->pending;
            out->pending >>= 8;
            out->pending_bits -= 8;
        }
    }
    return KF_OK;
}

static kf_status bits_end(bit_output *out, kf_error *error)
{
    if (out->pending_bits) out->buffer[out->used++] = (uint8_t)out->pending;
    return bits_flush(out, error);
}

/* One value's bytes or codes; *end is raised by their number. */
static kf_status write_item(kfi_value_source *source, uint64_t size, kfi_token_encoder *encoder,
                            bit_output *out, uint64_t *end, kf_error *error)
{
    uint16_t codes[TOKEN_PIECE];
    kf_status status = KF_OK;
    size_t most = encoder ? TOKEN_PIECE : KFI_COLUMN_BUFFER;
    unsigned before = KFI_NOTHING_BEFORE;
    while (size && !status) {
        size_t part = size < most ? (size_t)size : most;
        const uint8_t *data;
        status = kfi_source_take(source, part, &data, error);
        if (status) break;
        if (encoder) {
            size_t count;
            status = kfi_token_encode(encoder, before, data, part, codes, &count, error);
            if (status) break;
            before = data[part - 1];
            status = bits_put(out, codes, count, kfi_token_encoder_bits(encoder), error);
            *end += count;
        } else {
            status = kfi_writer_write(out->writer, data, part, error);
            *end += part;
        }
        size -= part;
    }
    return status;
}

static kf_status write_tokens(kfi_column_header *header, const kfi_token_encoder *encoder,
                              kfi_writer *writer, kf_error *error)
{
    kfi_array section = {0};
    kf_status status = kfi_token_encoder_write(encoder, &section, error);
    header->dictionary_offset = kfi_writer_position(writer);
    header->dictionary_size = section.size;
    if (!status) status = kfi_writer_write(writer, section.data, section.size, error);
    kfi_array_free(&section);
    return status;
}

kf_status kfi_store_write(kfi_column_header *header, const kfi_column_builder *builder,
                          kfi_value_source *source, uint64_t total, int same_size,
                          kfi_token_encoder *encoder, kfi_writer *writer, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_packed_writer *ends = NULL;
    bit_output out = {.writer = writer};
    uint64_t end = 0, item_size = source->count ? total / source->count : 0;
    int items = !encoder && same_size && item_size && item_size <= ITEM_MOST;
    header->store = items ? KFI_STORE_ITEMS : encoder ? KFI_STORE_TOKENS : KFI_STORE_STRINGS;
    header->item_width = items ? (uint8_t)item_size : 0;
    header->items = source->count;
    if (encoder && (status = write_tokens(header, encoder, writer, error))) goto out;
    if (!items)
        status = kfi_packed_writer_create(&ends, total, builder->options.folder,
                                          builder->options.account, error);
    if (!status && !(out.buffer = malloc(KFI_COLUMN_BUFFER)))
        status = kfi_fail_memory(error, KFI_COLUMN_BUFFER);
    header->data_offset = kfi_writer_position(writer);
    for (uint64_t i = 0; i < source->count && !status; i++) {
        uint64_t size;
        status = kfi_source_next(source, &size, error);
        if (!status) status = write_item(source, size, encoder, &out, &end, error);
        if (!status && ends) status = kfi_packed_writer_add(ends, end, error);
    }
    if (!status && encoder) status = bits_end(&out, error);
    header->data_size = kfi_writer_position(writer) - header->data_offset;
    if (!status && ends) status = kfi_packed_writer_finish(ends, writer, &header->ends, error);
out:
    free(out.buffer);
    kfi_packed_writer_destroy(&ends);
    return status;
}
