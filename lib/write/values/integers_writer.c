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

/* The sizes of both forms, by making them without storing them. */
static kf_status measure(const kfi_column_builder *builder, uint64_t *packed_size,
                         uint64_t *coded_size, kf_error *error)
{
    kfi_packed_writer *packed = NULL, *codes = NULL;
    uint64_t distinct = kfi_distinct_count(builder->distinct);
    kf_status status = kfi_packed_counter_create(&packed, builder->most, error);
    if (!status) status = kfi_packed_counter_create(&codes, distinct - 1, error);
    if (!status) status = add_values(builder, packed, error);
    if (!status) status = kfi_column_add_codes(builder, codes, error);
    if (!status) {
        *packed_size = kfi_packed_writer_size(packed);
        *coded_size = kfi_packed_writer_size(codes) + distinct * kfi_byte_width(builder->most);
    }
    kfi_packed_writer_destroy(&packed);
    kfi_packed_writer_destroy(&codes);
    return status;
}

static kf_status write_packed(kfi_column_header *header, const kfi_column_builder *builder,
                              kfi_writer *writer, kf_error *error)
{
    kfi_packed_writer *packed = NULL;
    header->layout = KFI_LAYOUT_PACKED;
    kf_status status = kfi_packed_writer_create(&packed, builder->most, builder->options.folder,
                                                builder->options.account, error);
    if (!status) status = add_values(builder, packed, error);
    if (!status) status = kfi_packed_writer_finish(packed, writer, &header->codes, error);
    kfi_packed_writer_destroy(&packed);
    return status;
}

static kf_status write_coded(kfi_column_header *header, const kfi_column_builder *builder,
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
    return status ? status : kfi_column_write_codes(header, builder, writer, error);
}

kf_status kfi_column_u64_write(kfi_column_header *header, kfi_column_builder *builder,
                               kfi_writer *writer, kf_encoding *chosen, kf_error *error)
{
    int coded = builder->options.encoding == KF_ENCODING_DISTINCT;
    kf_status status = builder->distinct ? kfi_distinct_rank(builder->distinct, error) : KF_OK;
    if (!status && !coded && builder->distinct
        && kfi_distinct_count(builder->distinct) <= builder->values / 2) {
        uint64_t packed_size, coded_size;
        status = measure(builder, &packed_size, &coded_size, error);
        /* Codes cost a read more. */
        coded = !status && coded_size < packed_size - packed_size / 20;
    }
    if (status) return status;
    *chosen = coded ? KF_ENCODING_DISTINCT : KF_ENCODING_PACKED;
    return coded ? write_coded(header, builder, writer, error)
                 : write_packed(header, builder, writer, error);
}
