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
    KFI_COLUMN_ANCHORS = 256,
    KFI_COLUMN_FEW = 1 << 15       /* values whose packed form is kept while encodings are compared */
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
    kfi_array order;               /* uint32_t: the index in `distinct` of each value; empty if they are too many */
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

/* ---- encodings ------------------------------------------------------------------------------ */

/* Values that are being tried with an encoding. */
typedef struct kfi_trial {
    const kfi_column_builder *builder;
    void *state;                   /* of the encoding */
    kfi_value_sample sample;       /* see kfi_trial_sample */
    int has_sample;
} kfi_trial;

/* A way to write the values of one type: a row of the table in encodings.c. */
typedef struct kfi_encoding_writer {
    kf_encoding encoding;
    kf_value_type type;
    enum { KFI_COLLECTS_DISTINCT = 1, KFI_COLLECTS_TOKENS = 2 } collects;   /* while values are added. Given up when
                                      there are too many distinct ones: then it is out of the question */
    /* Whether it may be worth it for such values; NULL: always. Not asked if it was forced. */
    int (*is_candidate)(const kfi_column_builder *builder);
    /* Makes what the others need: trial->state, which `free` frees. NULL: nothing. Estimating may leave what writing
     * can use there. */
    kf_status (*prepare)(kfi_trial *trial, kf_error *error);
    /* What `estimate` can't be below, found without preparing it; NULL: 0. */
    double (*least)(const kfi_column_builder *builder);
    /* The size that the column will have, weighed by what reading it costs: the least is chosen, of equal ones the
     * first of the table. */
    kf_status (*estimate)(kfi_trial *trial, double *cost, kf_error *error);
    /* Writes the parts into the current section and fills in the header's fields for them. */
    kf_status (*write)(kfi_column_header *header, const kfi_column_builder *builder, void *state, kfi_writer *writer,
                       kf_error *error);
    void (*free)(void *state);
} kfi_encoding_writer;

extern const kfi_encoding_writer kfi_encode_packed, kfi_encode_distinct_u64;   /* integers_writer.c */
extern const kfi_encoding_writer kfi_encode_raw, kfi_encode_tokens, kfi_encode_distinct_bytes;   /* strings_writer.c */
extern const kfi_encoding_writer kfi_encode_zstd;   /* zstd_writer.c */

/* What the encodings that come into question want collected. */
unsigned kfi_encodings_collect(const kfi_column_options *options);
/* Chooses and writes; the header is left to the caller. */
kf_status kfi_encodings_write(kfi_column_header *header, kfi_column_builder *builder, kfi_writer *writer,
                              kf_encoding *chosen, kf_error *error);
/* Taken when an encoding first asks for it. */
kf_status kfi_trial_sample(kfi_trial *trial, const kfi_value_sample **sample, kf_error *error);

/* ---- parts of several encodings ------------------------------------------------------------- */

/* A store of the source's values: ITEMS if all have one size of at most 255, else STRINGS, or TOKENS
 * when an encoder is given. `total` is the sum of the sizes. */
kf_status kfi_store_write(kfi_column_header *header, const kfi_column_builder *builder,
                          kfi_value_source *source, uint64_t total, int same_size,
                          kfi_token_encoder *encoder, kfi_writer *writer, kf_error *error);
/* For an array of all values of a column that is being tried: it only counts, unless they are few. */
kf_status kfi_column_try_packed(kfi_packed_writer **out, const kfi_column_builder *builder, uint64_t most,
                                kf_error *error);
void kfi_column_free_packed(void *packed);
/* The codes of all values into `codes` (which may only count). */
kf_status kfi_column_add_codes(const kfi_column_builder *builder, kfi_packed_writer *codes,
                               kf_error *error);
/* `tried`: what they were added to before; NULL: nothing. */
kf_status kfi_column_write_codes(kfi_column_header *header, const kfi_column_builder *builder, kfi_packed_writer *tried,
                                 kfi_writer *writer, kf_error *error);

#endif
