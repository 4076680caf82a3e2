/* Integers: packed as they are, or as codes of the distinct ones. */
#include "write/values/column_writer_parts.h"

static kf_status add_values(const kfi_column_builder *builder, kfi_packed_writer *packed,
                            kf_error *error)
{
    kfi_value_source source;
    kf_status status = kfi_source_open_spool(&source, builder, error);
    for (uint64_t i = 0; i < builder->values && !status; i++) {
        uint64_t value;
        status = kfi_source_next(&source, &value, error);
        if (!status) status = kfi_packed_writer_add(packed, value, error);
    }
    kfi_source_close(&source);
    return status;
}

/* The sizes are found by making both forms without storing them. */
static kf_status estimate_packed(kfi_trial *trial, double *cost, kf_error *error)
{
    kfi_packed_writer *packed = NULL;
    kf_status status = kfi_column_try_packed(&packed, trial->builder, trial->builder->most, error);
    trial->state = packed;
    if (!status) status = add_values(trial->builder, packed, error);
    if (!status) {
        uint64_t size = kfi_packed_writer_size(packed);
        *cost = (double)(size - size / 20);   /* codes cost a read more */
    }
    return status;
}

static kf_status write_packed(kfi_column_header *header, const kfi_column_builder *builder, void *state,
                              kfi_writer *writer, kf_error *error)
{
    kfi_packed_writer *packed = NULL;
    header->layout = KFI_LAYOUT_PACKED;
    if (state && kfi_packed_writer_stores(state))
        return kfi_packed_writer_finish(state, writer, &header->codes, error);
    kf_status status = kfi_packed_writer_create(&packed, builder->most, builder->options.folder,
                                                builder->options.account, error);
    if (!status) status = add_values(builder, packed, error);
    if (!status) status = kfi_packed_writer_finish(packed, writer, &header->codes, error);
    kfi_packed_writer_destroy(&packed);
    return status;
}

const kfi_encoding_writer kfi_encode_packed = {
    .encoding = KF_ENCODING_PACKED, .type = KF_VALUES_U64, .estimate = estimate_packed, .write = write_packed,
    .free = kfi_column_free_packed,
};

/* ---- codes ---------------------------------------------------------------------------------- */

static kf_status rank(kfi_trial *trial, kf_error *error) { return kfi_distinct_rank(trial->builder->distinct, error); }

static kf_status estimate_coded(kfi_trial *trial, double *cost, kf_error *error)
{
    kfi_packed_writer *codes = NULL;
    uint64_t distinct = kfi_distinct_count(trial->builder->distinct);
    kf_status status = kfi_column_try_packed(&codes, trial->builder, distinct - 1, error);
    trial->state = codes;
    if (!status) status = kfi_column_add_codes(trial->builder, codes, error);
    if (!status)
        *cost = (double)(kfi_packed_writer_size(codes) + distinct * kfi_byte_width(trial->builder->most));
    return status;
}

static kf_status write_coded(kfi_column_header *header, const kfi_column_builder *builder, void *state,
                             kfi_writer *writer, kf_error *error)
{
    unsigned width = kfi_byte_width(builder->most | 1);
    uint64_t count = kfi_distinct_count(builder->distinct);
    kf_status status = KF_OK;
    header->layout = KFI_LAYOUT_CODED;
    header->store = KFI_STORE_ITEMS;
    header->item_width = (uint8_t)width;
    header->items = count;
    header->data_offset = kfi_writer_position(writer);
    for (uint32_t rank = 0; rank < count && !status; rank++)
        status = kfi_writer_write(writer, kfi_distinct_at(builder->distinct, rank).data, width, error);
    header->data_size = kfi_writer_position(writer) - header->data_offset;
    return status ? status : kfi_column_write_codes(header, builder, state, writer, error);
}

const kfi_encoding_writer kfi_encode_distinct_u64 = {
    .encoding = KF_ENCODING_DISTINCT, .type = KF_VALUES_U64, .collects = KFI_COLLECTS_DISTINCT,
    .prepare = rank, .estimate = estimate_coded, .write = write_coded, .free = kfi_column_free_packed,
};
