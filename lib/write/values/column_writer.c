#include "write/values/column_writer_parts.h"

#include <stdlib.h>

enum {
    FIRST_MOST = 1 << 16,          /* a longer first value is not looked for again */
    GIVE_UP_AFTER = 1 << 16        /* values, before "too many distinct ones" is concluded */
};

kf_status kfi_column_builder_create(kfi_column_builder **out, const kfi_column_options *options,
                                    kf_error *error)
{
    *out = NULL;
    if (options->type != KF_VALUES_U64 && options->type != KF_VALUES_BYTES)
        return kfi_fail(error, KF_INVALID, "there is no column of such values");
    kf_status status = kfi_encoding_check(options->encoding, options->type, error);
    if (status) return status;
    kfi_column_builder *builder = calloc(1, sizeof *builder);
    if (!builder) return kfi_fail_memory(error, sizeof *builder);
    builder->options = *options;
    builder->shares = kfi_budget_column(options->memory);
    builder->smallest = UINT64_MAX;
    builder->constant = 1;
    builder->anchor_step = 4096;
    const unsigned collects = kfi_encodings_collect(options);
    status = kfi_spool_create(&builder->spool, options->folder, KFI_COLUMN_BUFFER, options->account, error);
    if (!status && collects & KFI_COLLECTS_DISTINCT)
        status = kfi_distinct_create(&builder->distinct, builder->shares.distinct, error);
    if (!status && collects & KFI_COLLECTS_TOKENS)
        status = kfi_token_trainer_create(&builder->trainer, builder->shares.token_sample, options->effort, error);
    if (status) kfi_column_builder_destroy(&builder);
    *out = builder;
    return status;
}

void kfi_column_builder_destroy(kfi_column_builder **builder)
{
    if (!builder || !*builder) return;
    kfi_spool_destroy(&(*builder)->spool);
    kfi_array_free(&(*builder)->first);
    kfi_array_free(&(*builder)->order);
    kfi_distinct_destroy(&(*builder)->distinct);
    kfi_token_trainer_destroy(&(*builder)->trainer);
    free(*builder);
    *builder = NULL;
}

/* ---- adding --------------------------------------------------------------------------------- */

static kf_status note_constant(kfi_column_builder *builder, kf_bytes value, kf_error *error)
{
    if (builder->values == 0) {
        if (value.size <= FIRST_MOST)
            return kfi_array_append(&builder->first, value.data, value.size, error);
        builder->constant = 0;
    } else if (builder->constant) {
        builder->constant = value.size == builder->first.size
            && (!value.size || !memcmp(value.data, builder->first.data, value.size));
    }
    return KF_OK;
}

/* Notes which distinct value comes next, as long as there is room for that. */
static kf_status note_order(kfi_column_builder *builder, uint32_t index, kf_error *error)
{
    if (builder->order.size != builder->values * sizeof index) return KF_OK;
    if (builder->order.size < builder->shares.order)
        return kfi_array_append(&builder->order, &index, sizeof index, error);
    kfi_array_free(&builder->order);
    return KF_OK;
}

static kf_status note_distinct(kfi_column_builder *builder, kf_bytes value, kf_error *error)
{
    int forced = builder->options.encoding != KF_ENCODING_AUTO;
    uint32_t index;
    kf_status status = kfi_distinct_add(builder->distinct, value, &index, error);
    if (status && status != KF_LIMIT) return status;
    if (!status && (status = note_order(builder, index, error))) return status;
    if (status && forced)
        return kfi_fail(error, KF_LIMIT, "too many distinct values for the memory limit");
    uint64_t values = builder->values + 1;
    int hopeless = values >= GIVE_UP_AFTER && kfi_distinct_count(builder->distinct) > values / 2;
    if (status || (hopeless && !forced)) {
        kfi_distinct_destroy(&builder->distinct);
        kfi_array_free(&builder->order);
    }
    return KF_OK;
}

static void note_anchor(kfi_column_builder *builder)
{
    uint64_t position = kfi_spool_size(builder->spool);
    if (position < builder->next_anchor) return;
    if (builder->anchor_count == KFI_COLUMN_ANCHORS) {
        for (unsigned i = 0; i < KFI_COLUMN_ANCHORS / 2; i++)
            builder->anchors[i] = builder->anchors[2 * i];
        builder->anchor_count /= 2;
        builder->anchor_step *= 2;
    }
    builder->anchors[builder->anchor_count++] = position;
    builder->next_anchor = position + builder->anchor_step;
}

kf_status kfi_column_builder_add(kfi_column_builder *builder, kf_bytes value, kf_error *error)
{
    kf_status status = note_constant(builder, value, error);
    if (!status && builder->distinct) status = note_distinct(builder, value, error);
    if (status) return status;
    if (builder->options.type == KF_VALUES_U64) {
        if (value.size != 8) return kfi_fail(error, KF_INVALID, "an integer value has 8 bytes");
        uint64_t number = kfi_load64(value.data);
        if (number > builder->most) builder->most = number;
        status = kfi_spool_write_varint(builder->spool, number, error);
    } else {
        if (value.size < builder->smallest) builder->smallest = value.size;
        if (value.size > builder->largest) builder->largest = value.size;
        if (builder->trainer)
            status = kfi_token_trainer_add(builder->trainer, KFI_NOTHING_BEFORE, value.data, value.size, error);
        note_anchor(builder);
        if (!status) status = kfi_spool_write_varint(builder->spool, value.size, error);
        if (!status) status = kfi_spool_write(builder->spool, value.data, value.size, error);
    }
    builder->values++;
    builder->total_bytes += value.size;
    return status;
}

/* ---- finishing ------------------------------------------------------------------------------ */

/* The next value as the bytes that the distinct table knows. */
static kf_status next_value(const kfi_column_builder *builder, kfi_value_source *source,
                            kfi_array *scratch, uint8_t word[8], kf_bytes *value, kf_error *error)
{
    if (builder->options.type == KF_VALUES_BYTES)
        return kfi_source_value(source, scratch, value, error);
    uint64_t number;
    kf_status status = kfi_source_next(source, &number, error);
    if (status) return status;
    kfi_store64(word, number);
    *value = (kf_bytes){word, 8};
    return KF_OK;
}

kf_status kfi_column_add_codes(const kfi_column_builder *builder, kfi_packed_writer *codes,
                               kf_error *error)
{
    kfi_value_source source;
    kfi_array scratch = {0};
    uint8_t word[8];
    kf_status status = KF_OK;
    if (builder->order.size) {
        const uint32_t *index = (const uint32_t *)(const void *)builder->order.data;
        for (uint64_t i = 0; i < builder->values && !status; i++)
            status = kfi_packed_writer_add(codes, kfi_distinct_rank_of(builder->distinct, index[i]), error);
        return status;
    }
    status = kfi_source_open_spool(&source, builder, error);
    for (uint64_t i = 0; i < builder->values && !status; i++) {
        kf_bytes value;
        status = next_value(builder, &source, &scratch, word, &value, error);
        if (!status)
            status = kfi_packed_writer_add(codes, kfi_distinct_find(builder->distinct, value), error);
    }
    kfi_source_close(&source);
    kfi_array_free(&scratch);
    return status;
}

kf_status kfi_column_try_packed(kfi_packed_writer **out, const kfi_column_builder *builder, uint64_t most,
                                kf_error *error)
{
    return builder->values > KFI_COLUMN_FEW
        ? kfi_packed_counter_create(out, most, error)
        : kfi_packed_writer_create(out, most, builder->options.folder, builder->options.account, error);
}

void kfi_column_free_packed(void *packed)
{
    kfi_packed_writer *writer = packed;
    kfi_packed_writer_destroy(&writer);
}

kf_status kfi_column_write_codes(kfi_column_header *header, const kfi_column_builder *builder, kfi_packed_writer *tried,
                                 kfi_writer *writer, kf_error *error)
{
    kfi_packed_writer *codes = NULL;
    if (tried && kfi_packed_writer_stores(tried)) return kfi_packed_writer_finish(tried, writer, &header->codes, error);
    uint64_t count = kfi_distinct_count(builder->distinct);
    kf_status status = kfi_packed_writer_create(&codes, count ? count - 1 : 0, builder->options.folder,
                                                builder->options.account, error);
    if (!status) status = kfi_column_add_codes(builder, codes, error);
    if (!status) status = kfi_packed_writer_finish(codes, writer, &header->codes, error);
    kfi_packed_writer_destroy(&codes);
    return status;
}

static kf_status write_constant(kfi_column_header *header, kfi_column_builder *builder,
                                kfi_writer *writer, kf_encoding *chosen, kf_error *error)
{
    static const uint8_t zeros[8];
    kf_encoding forced = builder->options.encoding;
    int is_u64 = builder->options.type == KF_VALUES_U64;
    *chosen = forced ? forced : is_u64 ? KF_ENCODING_PACKED : KF_ENCODING_DISTINCT;
    header->layout = KFI_LAYOUT_CONSTANT;
    header->data_offset = kfi_writer_position(writer);
    header->data_size = is_u64 ? 8 : builder->first.size;
    return kfi_writer_write(writer, builder->first.size ? builder->first.data : zeros, header->data_size,
                            error);
}

kf_status kfi_column_builder_write(kfi_column_builder *builder, kfi_writer *writer, size_t head_size,
                                   kf_encoding *chosen, kf_error *error)
{
    static const uint8_t zeros[256];
    uint8_t bytes[KFI_COLUMN_HEADER_SIZE];
    kfi_column_header header = {.value_type = (uint8_t)builder->options.type, .values = builder->values};
    kf_status status = kfi_spool_finish(builder->spool, error);
    if (!status) status = kfi_writer_write(writer, zeros, head_size, error);
    if (status) return status;
    status = builder->constant ? write_constant(&header, builder, writer, chosen, error)
                               : kfi_encodings_write(&header, builder, writer, chosen, error);
    kfi_column_header_write(&header, bytes);
    return status ? status : kfi_writer_patch(writer, 0, bytes, sizeof bytes, error);
}

kf_status kfi_column_builder_finish(kfi_column_builder *builder, kfi_writer *writer,
                                    kf_encoding *chosen, kf_error *error)
{
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_VALUES, error);
    if (!status) status = kfi_column_builder_write(builder, writer, KFI_COLUMN_HEADER_SIZE, chosen, error);
    return status ? status : kfi_writer_end(writer, error);
}
