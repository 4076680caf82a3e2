/* What the parts of the value column's builder share. */
#ifndef KFI_WRITE_VALUES_COLUMN_WRITER_PARTS_H
#define KFI_WRITE_VALUES_COLUMN_WRITER_PARTS_H

#include "base/array.h"
#include "format/column.h"
#include "write/budget.h"
#include "write/tokens/token_trainer.h"
#include "write/values/column_writer.h"
#include "write/values/distinct.h"
#include "write/values/packed_writer.h"

enum {
    KFI_COLUMN_BUFFER = 1 << 16,   /* of a spool or its reader; values are handled in such pieces */
    KFI_COLUMN_ANCHORS = 256
};

struct kfi_column_builder {
    kfi_column_options options;
    kfi_column_shares shares;
    kfi_spool *spool;              /* a value: varint size | bytes; of a u64: varint */
    uint64_t values, total_bytes, smallest, largest;
    uint64_t most;                 /* u64: the largest value */
    int constant;                  /* all values so far equal `first` */
    kfi_array first;
    kfi_distinct *distinct;        /* NULL: not wanted, or given up */
    kfi_token_trainer *trainer;    /* NULL: not wanted */
    /* Evenly spread places in the spool where a value begins, for sampling. */
    uint64_t anchors[KFI_COLUMN_ANCHORS], anchor_step, next_anchor;
    unsigned anchor_count;
};

/* ---- reading values back -------------------------------------------------------------------- */

/* All values in order, or the distinct ones by rank; large ones in pieces. */
typedef struct kfi_value_source {
    uint64_t count;
    kfi_spool_reader *reader;
    const kfi_distinct *distinct;
    uint64_t index;
    kf_bytes rest;                 /* of the current distinct value */
    kfi_progress progress;         /* counts bytes and values */
    kfi_spool *given_back;         /* to the disk, as values are read; NULL: they are read again */
    uint64_t at, discarded;        /* in that spool: where the next value begins, what is gone */
} kfi_value_source;

kf_status kfi_source_open_spool(kfi_value_source *source, const kfi_column_builder *builder,
                                kf_error *error);
/* The same for the last time, of values that are bytes. */
kf_status kfi_source_open_last(kfi_value_source *source, const kfi_column_builder *builder, kf_error *error);
void kfi_source_open_distinct(kfi_value_source *source, const kfi_distinct *distinct);
void kfi_source_close(kfi_value_source *source);
/* The next value's size; its bytes must then be taken, all of them. */
kf_status kfi_source_next(kfi_value_source *source, uint64_t *size, kf_error *error);
/* At most KFI_COLUMN_BUFFER bytes at a time; valid until the next call. */
kf_status kfi_source_take(kfi_value_source *source, size_t size, const uint8_t **data,
                          kf_error *error);
/* A whole value, assembled in `scratch` if it is large. */
kf_status kfi_source_value(kfi_value_source *source, kfi_array *scratch, kf_bytes *value,
                           kf_error *error);

/* Consecutive values from evenly spread places; large ones may be cut. */
typedef struct kfi_value_sample {
    kfi_array bytes;
    kfi_array sizes;               /* size_t */
    size_t count;
} kfi_value_sample;

kf_status kfi_sample_take(kfi_value_sample *sample, const kfi_column_builder *builder,
                          uint64_t limit, kf_error *error);
void kfi_sample_free(kfi_value_sample *sample);
static inline size_t kfi_sample_size(const kfi_value_sample *sample, size_t i)
{
    size_t size;
    memcpy(&size, sample->sizes.data + i * sizeof size, sizeof size);
    return size;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Each writes its parts into the current section and fills in the header's fields for them. */

/* A store of the source's values: ITEMS if all have one size of at most 255, else STRINGS, or TOKENS
 * when an encoder is given. `total` is the sum of the sizes. */
kf_status kfi_store_write(kfi_column_header *header, const kfi_column_builder *builder,
                          kfi_value_source *source, uint64_t total, int same_size,
                          kfi_token_encoder *encoder, kfi_writer *writer, kf_error *error);

/* zstd: measures what the column would take, or writes it. */
typedef struct kfi_zstd_plan {
    uint32_t per_block;
    kfi_array dictionary;          /* empty: none */
    double estimate;
} kfi_zstd_plan;

kf_status kfi_zstd_plan_make(kfi_zstd_plan *plan, const kfi_column_builder *builder,
                             const kfi_value_sample *sample, kf_error *error);
void kfi_zstd_plan_free(kfi_zstd_plan *plan);
kf_status kfi_zstd_write(kfi_column_header *header, const kfi_column_builder *builder,
                         const kfi_zstd_plan *plan, kfi_writer *writer, kf_error *error);

/* u64 and bytes: what is chosen is written, header left to the caller. */
kf_status kfi_column_u64_write(kfi_column_header *header, kfi_column_builder *builder,
                               kfi_writer *writer, kf_encoding *chosen, kf_error *error);
kf_status kfi_column_bytes_write(kfi_column_header *header, kfi_column_builder *builder,
                                 kfi_writer *writer, kf_encoding *chosen, kf_error *error);
/* The codes of all values into `codes` (which may only count). */
kf_status kfi_column_add_codes(const kfi_column_builder *builder, kfi_packed_writer *codes,
                               kf_error *error);
kf_status kfi_column_write_codes(kfi_column_header *header, const kfi_column_builder *builder,
                                 kfi_writer *writer, kf_error *error);

#endif
