/* Reading the spooled values back, whole, in pieces or as a sample. */
#include "write/values/column_writer_parts.h"

enum {
    SAMPLE_GROUP = 1 << 16,
    SAMPLE_EXCESS = 1 << 14,
    PROGRESS_BYTES = 4 << 20,
    DISCARD_BYTES = 4 << 20,
    VALUE_COST = 64            /* a value costs about what so many bytes do */
};

kf_status kfi_source_open_spool(kfi_value_source *source, const kfi_column_builder *builder,
                                kf_error *error)
{
    *source = (kfi_value_source){.count = builder->values};
    source->progress = kfi_progress_stage(&builder->options.progress, KF_PHASE_VALUES, builder->values, PROGRESS_BYTES);
    return kfi_spool_reader_create(&source->reader, builder->spool, 0, 2 * KFI_COLUMN_BUFFER, error);
}

kf_status kfi_source_open_last(kfi_value_source *source, const kfi_column_builder *builder, kf_error *error)
{
    kf_status status = kfi_source_open_spool(source, builder, error);
    source->given_back = builder->spool;
    return status;
}

void kfi_source_open_distinct(kfi_value_source *source, const kfi_distinct *distinct)
{
    *source = (kfi_value_source){.count = kfi_distinct_count(distinct), .distinct = distinct};
}

void kfi_source_close(kfi_value_source *source)
{
    kfi_spool_reader_destroy(&source->reader);
}

/* A value of so many bytes comes next: all before it were taken. */
static void give_back(kfi_value_source *source, uint64_t size)
{
    if (source->at - source->discarded >= DISCARD_BYTES) {
        kfi_spool_discard(source->given_back, source->discarded, source->at - source->discarded);
        source->discarded = source->at;
    }
    source->at += size + (kfi_bit_width(size | 1) + 6) / 7;
}

kf_status kfi_source_next(kfi_value_source *source, uint64_t *size, kf_error *error)
{
    if (source->reader) {
        kf_status status = kfi_progress_count(&source->progress, VALUE_COST, source->index, error);
        source->index++;
        if (!status) status = kfi_spool_reader_varint(source->reader, size, error);
        if (!status && source->given_back) give_back(source, *size);
        return status;
    }
    source->rest = kfi_distinct_at(source->distinct, (uint32_t)source->index++);
    *size = source->rest.size;
    return KF_OK;
}

kf_status kfi_source_take(kfi_value_source *source, size_t size, const uint8_t **data, kf_error *error)
{
    if (source->reader) {
        kf_status status = kfi_progress_count(&source->progress, size, source->index, error);
        return status ? status : kfi_spool_reader_take(source->reader, size, data, error);
    }
    *data = source->rest.data;
    source->rest.data += size;
    source->rest.size -= size;
    return KF_OK;
}

/* Takes `size` bytes in pieces and appends them. */
static kf_status append_pieces(kfi_spool_reader *reader, uint64_t size, uint64_t keep, kfi_array *out,
                               kf_error *error)
{
    kf_status status = KF_OK;
    while (size && !status) {
        size_t part = size < KFI_COLUMN_BUFFER ? (size_t)size : KFI_COLUMN_BUFFER;
        const uint8_t *data;
        status = kfi_spool_reader_take(reader, part, &data, error);
        if (status) break;
        size_t kept = keep < part ? (size_t)keep : part;
        status = kfi_array_append(out, data, kept, error);
        keep -= kept;
        size -= part;
    }
    return status;
}

kf_status kfi_source_value(kfi_value_source *source, kfi_array *scratch, kf_bytes *value,
                           kf_error *error)
{
    uint64_t size;
    kf_status status = kfi_source_next(source, &size, error);
    if (status) return status;
    value->size = (size_t)size;
    value->data = NULL;
    if (!size) return KF_OK;
    if (!source->reader || size <= KFI_COLUMN_BUFFER)
        return kfi_source_take(source, (size_t)size, &value->data, error);
    scratch->size = 0;
    status = append_pieces(source->reader, size, size, scratch, error);
    value->data = scratch->data;
    return status;
}

/* ---- sample --------------------------------------------------------------------------------- */

void kfi_sample_free(kfi_value_sample *sample)
{
    kfi_array_free(&sample->bytes);
    kfi_array_free(&sample->sizes);
}

/* Values that begin in the spool's bytes [from, to), until `most` bytes are taken. */
static kf_status sample_range(kfi_value_sample *sample, const kfi_spool *spool, uint64_t from,
                              uint64_t to, uint64_t most, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    kf_status status = kfi_spool_reader_create(&reader, spool, from, KFI_COLUMN_BUFFER, error);
    uint64_t taken = 0;
    while (!status && from < to && taken < most) {
        uint64_t size;
        status = kfi_spool_reader_varint(reader, &size, error);
        if (status) break;
        /* The last one may exceed the share, by so much that short values are never cut. */
        uint64_t room = most - taken + SAMPLE_EXCESS;
        size_t kept = size < room ? (size_t)size : (size_t)room;
        status = kfi_array_append(&sample->sizes, &kept, sizeof kept, error);
        if (!status) status = append_pieces(reader, kept, kept, &sample->bytes, error);
        sample->count++;
        taken += kept + sizeof kept;
        from += size + (kfi_bit_width(size | 1) + 6) / 7;
        if (size > kept) break;   /* the rest of it is not worth reading */
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

kf_status kfi_sample_take(kfi_value_sample *sample, const kfi_column_builder *builder, uint64_t limit,
                          kf_error *error)
{
    kf_status status = KF_OK;
    memset(sample, 0, sizeof *sample);
    unsigned groups = limit / SAMPLE_GROUP < 1 ? 1 : (unsigned)(limit / SAMPLE_GROUP);
    unsigned step = (builder->anchor_count + groups - 1) / groups;
    for (unsigned i = 0; i < builder->anchor_count && !status; i += step) {
        uint64_t to = i + step < builder->anchor_count ? builder->anchors[i + step]
                                                       : kfi_spool_size(builder->spool);
        status = sample_range(sample, builder->spool, builder->anchors[i], to, limit / groups + 1, error);
    }
    return status;
}
