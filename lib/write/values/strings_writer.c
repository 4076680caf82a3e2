/* Choosing and writing the form of a column of strings. */
#include "write/values/column_writer_parts.h"

#include <stdlib.h>

enum {
    TOKENS_MEAN_MOST = 4096,    /* tokens are for strings: above this mean only zstd is tried */
    ZSTD_MEAN_LEAST = 256,      /* below it zstd is not tried, from ZSTD_MEAN on it need not win by much */
    ZSTD_MEAN = 1024,
    TOKEN_PIECE = 1 << 14
};

/* A string's share of the packed ends, as found on one-line descriptions and names. */
#define END_COST 1.2

typedef struct bytes_choice {
    kf_encoding encoding;
    kfi_token_encoder *encoder;       /* of all values, for TOKENS */
    kfi_token_encoder *item_encoder;  /* of the distinct ones, for DISTINCT; NULL: not coded */
    kfi_zstd_plan zstd;
    kfi_value_sample sample;
    double raw, distinct, tokens;     /* estimated sizes */
} bytes_choice;

static void choice_free(bytes_choice *choice)
{
    kfi_token_encoder_destroy(&choice->encoder);
    kfi_token_encoder_destroy(&choice->item_encoder);
    kfi_zstd_plan_free(&choice->zstd);
    kfi_sample_free(&choice->sample);
}

/* ---- estimates ------------------------------------------------------------------------------ */

static double dictionary_size(const kfi_token_encoder *encoder, kf_status *status, kf_error *error)
{
    kfi_array section = {0};
    *status = kfi_token_encoder_write(encoder, &section, error);
    double size = (double)section.size;
    kfi_array_free(&section);
    return size;
}

static double ends_cost(const kfi_column_builder *builder, double count)
{
    return builder->smallest == builder->largest ? 0 : count * END_COST;
}

/* Codes that some bytes take. */
static uint64_t count_codes(kfi_token_encoder *encoder, const uint8_t *data, size_t size)
{
    uint16_t codes[TOKEN_PIECE];
    uint64_t count = 0;
    for (size_t at = 0; at < size;) {
        size_t part = size - at < TOKEN_PIECE ? size - at : TOKEN_PIECE;
        count += kfi_token_encode(encoder, data + at, part, codes);
        at += part;
    }
    return count;
}

static kf_status estimate_tokens(bytes_choice *choice, const kfi_column_builder *builder,
                                 kf_error *error)
{
    kf_status status = kfi_token_encoder_train(&choice->encoder, builder->trainer, 0, error);
    if (status) return status;
    const uint8_t *data = choice->sample.bytes.data;
    uint64_t codes = 0, bytes = 0;
    size_t step = choice->sample.bytes.size / (1 << 20) + 1;
    for (size_t i = 0; i < choice->sample.count; i++) {
        size_t size = kfi_sample_size(&choice->sample, i);
        if (i % step == 0) {
            codes += count_codes(choice->encoder, data, size);
            bytes += size;
        }
        data += size;
    }
    double scale = bytes ? (double)builder->total_bytes / (double)bytes : 0;
    choice->tokens = (double)codes * scale * kfi_token_encoder_bits(choice->encoder) / 8
                   + (double)builder->values * END_COST
                   + dictionary_size(choice->encoder, &status, error);
    return status;
}

/* Whether the distinct strings themselves are better token-coded. */
static kf_status train_items(bytes_choice *choice, const kfi_column_builder *builder, double *size,
                             kf_error *error)
{
    const kfi_distinct *distinct = builder->distinct;
    uint64_t count = kfi_distinct_count(distinct);
    kfi_token_trainer *trainer = NULL;
    double plain = (double)kfi_distinct_bytes(distinct), coded = 0;
    *size = plain + ends_cost(builder, (double)count);
    if (plain < 4096 || plain > TOKENS_MEAN_MOST * (double)count) return KF_OK;
    kf_status status = kfi_token_trainer_create(&trainer, builder->shares.item_sample, error);
    for (uint32_t rank = 0; rank < count && !status; rank++) {
        kf_bytes item = kfi_distinct_at(distinct, rank);
        status = kfi_token_trainer_add(trainer, item.data, item.size, error);
    }
    if (!status) status = kfi_token_encoder_train(&choice->item_encoder, trainer, 0, error);
    for (uint32_t rank = 0; rank < count && !status; rank++) {
        kf_bytes item = kfi_distinct_at(distinct, rank);
        coded += (double)count_codes(choice->item_encoder, item.data, item.size);
    }
    if (!status) {
        coded = coded * kfi_token_encoder_bits(choice->item_encoder) / 8 + (double)count * END_COST
              + dictionary_size(choice->item_encoder, &status, error);
        if (coded < *size * 0.9) *size = coded;
        else kfi_token_encoder_destroy(&choice->item_encoder);
    }
    kfi_token_trainer_destroy(&trainer);
    return status;
}

static kf_status estimate_distinct(bytes_choice *choice, const kfi_column_builder *builder,
                                   kf_error *error)
{
    kfi_packed_writer *codes = NULL;
    double items = 0;
    kf_status status = kfi_distinct_rank(builder->distinct, error);
    if (!status) status = train_items(choice, builder, &items, error);
    if (!status)
        status = kfi_packed_counter_create(&codes, kfi_distinct_count(builder->distinct) - 1, error);
    if (!status) status = kfi_column_add_codes(builder, codes, error);
    if (!status) choice->distinct = items + (double)kfi_packed_writer_size(codes);
    kfi_packed_writer_destroy(&codes);
    return status;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static kf_status choose(bytes_choice *choice, const kfi_column_builder *builder, kf_error *error)
{
    double mean = (double)builder->total_bytes / (double)builder->values, best;
    kf_status status = KF_OK;
    choice->raw = (double)builder->total_bytes + ends_cost(builder, (double)builder->values);
    choice->encoding = KF_ENCODING_RAW;
    best = choice->raw * 0.95;
    if (builder->distinct) {
        if ((status = estimate_distinct(choice, builder, error))) return status;
        if (choice->distinct < best) choice->encoding = KF_ENCODING_DISTINCT, best = choice->distinct;
    }
    if (mean < TOKENS_MEAN_MOST) {
        if ((status = estimate_tokens(choice, builder, error))) return status;
        if (choice->tokens < best) choice->encoding = KF_ENCODING_TOKENS, best = choice->tokens;
    }
    if (mean >= ZSTD_MEAN_LEAST) {
        status = kfi_zstd_plan_make(&choice->zstd, builder, &choice->sample, error);
        if (status) return status;
        /* Tokens decode several times faster: for short values a little space is not worth it. */
        double margin = mean >= ZSTD_MEAN ? 1 : 0.75;
        if (choice->zstd.estimate < best * margin) choice->encoding = KF_ENCODING_ZSTD;
    }
    return KF_OK;
}

static kf_status prepare(bytes_choice *choice, kfi_column_builder *builder, kf_error *error)
{
    double size;
    kf_status status = KF_OK;
    choice->encoding = builder->options.encoding;
    switch (choice->encoding) {
    case KF_ENCODING_AUTO:
        if (builder->distinct && kfi_distinct_count(builder->distinct) > builder->values / 2)
            kfi_distinct_destroy(&builder->distinct);   /* hopeless; training can use the memory */
        status = kfi_sample_take(&choice->sample, builder, builder->shares.value_sample, error);
        return status ? status : choose(choice, builder, error);
    case KF_ENCODING_ZSTD:
        status = kfi_sample_take(&choice->sample, builder, builder->shares.value_sample, error);
        return status ? status : kfi_zstd_plan_make(&choice->zstd, builder, &choice->sample, error);
    case KF_ENCODING_TOKENS:
        return kfi_token_encoder_train(&choice->encoder, builder->trainer, 0, error);
    case KF_ENCODING_DISTINCT:
        status = kfi_distinct_rank(builder->distinct, error);
        return status ? status : train_items(choice, builder, &size, error);
    default:
        return KF_OK;
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

static kf_status write_plain(kfi_column_header *header, const kfi_column_builder *builder,
                             kfi_token_encoder *encoder, kfi_writer *writer, kf_error *error)
{
    kfi_value_source source;
    header->layout = KFI_LAYOUT_PLAIN;
    kf_status status = kfi_source_open_last(&source, builder, error);
    if (!status)
        status = kfi_store_write(header, builder, &source, builder->total_bytes,
                                 builder->smallest == builder->largest, encoder, writer, error);
    kfi_source_close(&source);
    return status;
}

static kf_status write_distinct(kfi_column_header *header, const kfi_column_builder *builder,
                                kfi_token_encoder *encoder, kfi_writer *writer, kf_error *error)
{
    kfi_value_source source;
    header->layout = KFI_LAYOUT_CODED;
    kfi_source_open_distinct(&source, builder->distinct);
    kf_status status = kfi_store_write(header, builder, &source, kfi_distinct_bytes(builder->distinct),
                                       builder->smallest == builder->largest, encoder, writer, error);
    return status ? status : kfi_column_write_codes(header, builder, writer, error);
}

kf_status kfi_column_bytes_write(kfi_column_header *header, kfi_column_builder *builder,
                                 kfi_writer *writer, kf_encoding *chosen, kf_error *error)
{
    bytes_choice choice = {0};
    kf_status status = prepare(&choice, builder, error);
    kfi_sample_free(&choice.sample);
    if (status) goto out;
    *chosen = choice.encoding;
    switch (choice.encoding) {
    case KF_ENCODING_DISTINCT:
        status = write_distinct(header, builder, choice.item_encoder, writer, error);
        break;
    case KF_ENCODING_ZSTD:
        header->layout = KFI_LAYOUT_ZSTD;
        status = kfi_zstd_write(header, builder, &choice.zstd, writer, error);
        break;
    default:
        status = write_plain(header, builder,
                             choice.encoding == KF_ENCODING_TOKENS ? choice.encoder : NULL, writer, error);
    }
out:
    choice_free(&choice);
    return status;
}
