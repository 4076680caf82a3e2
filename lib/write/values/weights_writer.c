#include "write/values/weights_writer.h"

#include "base/array.h"
#include "format/weights.h"
#include "write/values/column_writer.h"

#include <stdlib.h>

enum { BUFFER = 1 << 16 };

struct kfi_weights_builder {
    kfi_column_builder *column;    /* NULL: the weights are the values */
    kfi_spool *blocks;             /* maxima of level 1 as varints: the one part that grows with the keys */
    uint64_t count;
    uint64_t block_most, most;     /* of the block that is not full yet, and of all */
};

kf_status kfi_weights_builder_create(kfi_weights_builder **out, const kfi_weights_options *options,
                                     kf_error *error)
{
    kfi_column_options column = { KF_VALUES_U64, KF_ENCODING_AUTO, options->memory, options->folder,
                                  options->account, { .tell = NULL }, KFI_EFFORT_USUAL };
    *out = NULL;
    kfi_weights_builder *builder = calloc(1, sizeof *builder);
    if (!builder) return kfi_fail_memory(error, sizeof *builder);
    kf_status status = kfi_spool_create(&builder->blocks, options->folder, BUFFER, options->account, error);
    if (!status && options->own) status = kfi_column_builder_create(&builder->column, &column, error);
    if (status) kfi_weights_builder_destroy(&builder);
    *out = builder;
    return status;
}

void kfi_weights_builder_destroy(kfi_weights_builder **builder)
{
    if (!*builder) return;
    kfi_column_builder_destroy(&(*builder)->column);
    kfi_spool_destroy(&(*builder)->blocks);
    free(*builder);
    *builder = NULL;
}

static kf_status end_block(kfi_weights_builder *builder, kf_error *error)
{
    uint64_t most = builder->block_most;
    if (most > builder->most) builder->most = most;
    builder->block_most = 0;
    return kfi_spool_write_varint(builder->blocks, most, error);
}

kf_status kfi_weights_builder_add(kfi_weights_builder *builder, uint64_t weight, kf_error *error)
{
    kf_status status = KF_OK;
    if (builder->column) {
        uint8_t bytes[8];
        kfi_store64(bytes, weight);
        status = kfi_column_builder_add(builder->column, (kf_bytes){ bytes, sizeof bytes }, error);
    }
    if (weight > builder->block_most) builder->block_most = weight;
    if (!status && ++builder->count % KFI_WEIGHTS_FAN == 0) status = end_block(builder, error);
    return status;
}

/* ---- writing maxima --------------------------------------------------------------------------- */

/* A level on its way into the section, and the one above it as it comes about. */
typedef struct level_writer {
    kfi_writer *writer;
    unsigned width;
    uint64_t count, most;          /* maxima so far; the largest of the block above that is not full */
    unsigned bits;                 /* in `buffer`, from the lowest on */
    size_t used;
    uint8_t buffer[4096 + 16];
    kfi_array above;               /* u64 each: a 4096th of the keys */
} level_writer;

static kf_status flush(level_writer *level, size_t size, kf_error *error)
{
    kf_status status = kfi_writer_write(level->writer, level->buffer, size, error);
    memmove(level->buffer, level->buffer + size, sizeof level->buffer - size);
    memset(level->buffer + sizeof level->buffer - size, 0, size);
    level->used -= size;
    return status;
}

static kf_status put_above(level_writer *level, kf_error *error)
{
    uint64_t most = level->most;
    level->most = 0;
    return kfi_array_append(&level->above, &most, sizeof most, error);
}

static kf_status put_maximum(level_writer *level, uint64_t maximum, kf_error *error)
{
    /* A width above 57 is 64, and then every field begins at a byte. */
    uint8_t *p = level->buffer + level->used;
    kf_status status = KF_OK;
    if (level->width) kfi_store64(p, kfi_load64(p) | maximum << level->bits);
    level->bits += level->width;
    level->used += level->bits / 8;
    level->bits %= 8;
    if (level->used >= 4096) status = flush(level, 4096, error);
    if (maximum > level->most) level->most = maximum;
    if (!status && ++level->count % KFI_WEIGHTS_FAN == 0) status = put_above(level, error);
    return status;
}

static kf_status end_level(level_writer *level, kf_error *error)
{
    kf_status status = level->count % KFI_WEIGHTS_FAN ? put_above(level, error) : KF_OK;
    if (!status) status = flush(level, level->used + (level->bits > 0), error);
    level->used = 0;
    level->bits = 0;
    level->count = 0;
    return status;
}

/* Level 1 from the spool, then each from what the one before has left in `above`. */
static kf_status write_levels(const kfi_weights_builder *builder, level_writer *level, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    kfi_array below = { 0 };
    uint64_t count = kfi_weights_above(builder->count), maximum;
    kf_status status = kfi_spool_reader_create(&reader, builder->blocks, 0, BUFFER, error);
    for (uint64_t i = 0; i < count && !status; i++) {
        status = kfi_spool_reader_varint(reader, &maximum, error);
        if (!status) status = put_maximum(level, maximum, error);
    }
    if (!status) status = end_level(level, error);
    while (!status && count > KFI_WEIGHTS_FAN) {
        kfi_array_free(&below);
        below = level->above;
        memset(&level->above, 0, sizeof level->above);
        count = below.size / sizeof maximum;
        for (uint64_t i = 0; i < count && !status; i++) {
            memcpy(&maximum, below.data + i * sizeof maximum, sizeof maximum);
            status = put_maximum(level, maximum, error);
        }
        if (!status) status = end_level(level, error);
    }
    kfi_array_free(&below);
    kfi_spool_reader_destroy(&reader);
    return status;
}

static kf_status write_maxima(kfi_weights_builder *builder, kfi_writer *writer, kfi_weights_header *header,
                              kf_error *error)
{
    header->maxima_offset = kfi_writer_position(writer);
    header->width = (uint8_t)kfi_packed_width(builder->most);
    if (builder->count <= KFI_WEIGHTS_FAN) return KF_OK;
    level_writer *level = calloc(1, sizeof *level);
    if (!level) return kfi_fail_memory(error, sizeof *level);
    level->writer = writer;
    level->width = header->width;
    kf_status status = write_levels(builder, level, error);
    kfi_array_free(&level->above);
    free(level);
    return status;
}

kf_status kfi_weights_builder_finish(kfi_weights_builder *builder, kfi_writer *writer, kf_error *error)
{
    uint8_t bytes[KFI_WEIGHTS_HEADER_SIZE] = { 0 };
    kfi_weights_header header = { 0 };
    kf_encoding ignored;
    kf_status status = builder->count % KFI_WEIGHTS_FAN ? end_block(builder, error) : KF_OK;
    if (!status) status = kfi_spool_finish(builder->blocks, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_WEIGHTS, error);
    if (!status && builder->column)
        status = kfi_column_builder_write(builder->column, writer, sizeof bytes, &ignored, error);
    else if (!status)
        status = kfi_writer_write(writer, bytes, sizeof bytes, error);
    if (!status) status = write_maxima(builder, writer, &header, error);
    if (status) return status;
    kfi_weights_header_write(&header, bytes);
    status = kfi_writer_patch(writer, KFI_COLUMN_HEADER_SIZE, bytes + KFI_COLUMN_HEADER_SIZE,
                              sizeof bytes - KFI_COLUMN_HEADER_SIZE, error);
    return status ? status : kfi_writer_end(writer, error);
}
