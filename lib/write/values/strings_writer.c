/* Strings: as they are, as tokens, or as codes of the distinct ones. */
#include "write/values/column_writer_parts.h"

#include <math.h>
#include <stdlib.h>

enum {
    TOKEN_ENTRY = 4,           /* bytes of one in the dictionary */
    TOKENS_MEAN_MOST = 4096    /* tokens are for strings: above this mean only zstd is tried */
};

/* A string's share of the packed ends, as found on one-line descriptions and names. */
#define END_COST 1.2

/* What so many strings will take as tokens. */
static kf_status tokens_size(const kfi_token_encoder *encoder, uint64_t bytes, uint64_t count,
                             double *size, kf_error *error)
{
    kfi_array section = {0};
    kf_status status = kfi_token_encoder_write(encoder, &section, error);
    *size = (double)bytes * kfi_token_encoder_rate(encoder) * kfi_token_encoder_bits(encoder) / 8
          + (double)count * END_COST + (double)section.size;
    kfi_array_free(&section);
    return status;
}

static double ends_cost(const kfi_column_builder *builder, double count)
{
    return builder->smallest == builder->largest ? 0 : count * END_COST;
}

static kf_status write_plain(kfi_column_header *header, const kfi_column_builder *builder, void *encoder,
                             kfi_writer *writer, kf_error *error)
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

/* ---- as they are ---------------------------------------------------------------------------- */

/* To be chosen, what has to be decoded must save a twentieth. */
static kf_status estimate_raw(kfi_trial *trial, double *cost, kf_error *error)
{
    const kfi_column_builder *builder = trial->builder;
    (void)error;
    *cost = ((double)builder->total_bytes + ends_cost(builder, (double)builder->values)) * 0.95;
    return KF_OK;
}

const kfi_encoding_writer kfi_encode_raw = {
    .encoding = KF_ENCODING_RAW, .type = KF_VALUES_BYTES, .estimate = estimate_raw, .write = write_plain,
};

/* ---- as tokens ------------------------------------------------------------------------------ */

static int may_be_tokens(const kfi_column_builder *builder)
{
    return (double)builder->total_bytes / (double)builder->values < TOKENS_MEAN_MOST;
}

static void free_encoder(void *state)
{
    kfi_token_encoder *encoder = state;
    kfi_token_encoder_destroy(&encoder);
}

static kf_status train_tokens(kfi_trial *trial, kf_error *error)
{
    kfi_token_encoder *encoder = NULL;
    kf_status status = kfi_token_encoder_train(&encoder, trial->builder->trainer, 0, error);
    trial->state = encoder;
    return status;
}

/* By how often values occur: each of 2^bits tokens is at best one value as a whole, all others take two codes or more.
 * A token itself takes at least its entry. */
static double tokens_least(const kfi_column_builder *builder)
{
    const kfi_distinct *distinct = builder->distinct;
    double least = INFINITY;
    if (!distinct) return 0;
    uint64_t whole = 0, coded = builder->values;
    if (!builder->smallest) coded -= kfi_distinct_uses(distinct, kfi_distinct_find(distinct, (kf_bytes){0}));
    uint32_t tokens = 0, count = (uint32_t)kfi_distinct_count(distinct);
    for (unsigned bits = KFI_TOKEN_BITS_LEAST; bits <= KFI_TOKEN_BITS_MAX; bits++) {
        for (; tokens < count && tokens >> bits == 0; tokens++) {
            uint64_t uses = kfi_distinct_uses(distinct, tokens);
            if (uses * bits < 8 * TOKEN_ENTRY) break;
            whole += uses;
        }
        double codes = fmax(fmax((double)coded, (double)(2 * coded) - (double)whole),
                            (double)builder->total_bytes / KFI_TOKEN_MAX);
        const double bytes = codes * bits / 8 + (double)tokens * TOKEN_ENTRY;
        if (bytes < least) least = bytes;   /* with fmin, GCC 12 can't compile this for arm64 */
    }
    return least + (double)builder->values * END_COST;
}

static kf_status estimate_tokens(kfi_trial *trial, double *cost, kf_error *error)
{
    const kfi_column_builder *builder = trial->builder;
    return tokens_size(trial->state, builder->total_bytes, builder->values, cost, error);
}

const kfi_encoding_writer kfi_encode_tokens = {
    .encoding = KF_ENCODING_TOKENS, .type = KF_VALUES_BYTES, .collects = KFI_COLLECTS_TOKENS,
    .is_candidate = may_be_tokens, .least = tokens_least, .prepare = train_tokens, .estimate = estimate_tokens,
    .write = write_plain,
    .free = free_encoder,
};

/* ---- as codes of the distinct ones ---------------------------------------------------------- */

typedef struct distinct_state {
    kfi_token_encoder *encoder;   /* of the distinct strings; NULL: not coded */
    double size;                  /* of them */
    kfi_packed_writer *codes;     /* that were tried */
} distinct_state;

static void free_distinct(void *state)
{
    kfi_token_encoder_destroy(&((distinct_state *)state)->encoder);
    kfi_packed_writer_destroy(&((distinct_state *)state)->codes);
    free(state);
}

/* Whether the distinct strings themselves are better token-coded. */
static kf_status train_items(distinct_state *state, const kfi_column_builder *builder, kf_error *error)
{
    const kfi_distinct *distinct = builder->distinct;
    uint64_t count = kfi_distinct_count(distinct);
    kfi_token_trainer *trainer = NULL;
    double plain = (double)kfi_distinct_bytes(distinct), coded = 0;
    state->size = plain + ends_cost(builder, (double)count);
    if (plain < 4096 || plain > TOKENS_MEAN_MOST * (double)count) return KF_OK;
    kf_status status = kfi_token_trainer_create(&trainer, builder->shares.item_sample, builder->options.effort,
                                                error);
    for (uint32_t rank = 0; rank < count && !status; rank++) {
        kf_bytes item = kfi_distinct_at(distinct, rank);
        status = kfi_token_trainer_add(trainer, KFI_NOTHING_BEFORE, item.data, item.size, error);
    }
    if (!status) status = kfi_token_encoder_train(&state->encoder, trainer, 0, error);
    if (!status) status = tokens_size(state->encoder, kfi_distinct_bytes(distinct), count, &coded, error);
    if (!status && coded < state->size * 0.9) state->size = coded;
    else kfi_token_encoder_destroy(&state->encoder);
    kfi_token_trainer_destroy(&trainer);
    return status;
}

static kf_status prepare_distinct(kfi_trial *trial, kf_error *error)
{
    distinct_state *state = trial->state = calloc(1, sizeof *state);
    if (!state) return kfi_fail_memory(error, sizeof *state);
    kf_status status = kfi_distinct_rank(trial->builder->distinct, error);
    return status ? status : train_items(state, trial->builder, error);
}

static kf_status estimate_distinct(kfi_trial *trial, double *cost, kf_error *error)
{
    const kfi_column_builder *builder = trial->builder;
    distinct_state *state = trial->state;
    kf_status status = kfi_column_try_packed(&state->codes, builder, kfi_distinct_count(builder->distinct) - 1, error);
    if (!status) status = kfi_column_add_codes(builder, state->codes, error);
    if (!status) *cost = state->size + (double)kfi_packed_writer_size(state->codes);
    return status;
}

static kf_status write_distinct(kfi_column_header *header, const kfi_column_builder *builder, void *state,
                                kfi_writer *writer, kf_error *error)
{
    kfi_value_source source;
    kfi_token_encoder *encoder = ((distinct_state *)state)->encoder;
    header->layout = KFI_LAYOUT_CODED;
    kfi_source_open_distinct(&source, builder->distinct);
    kf_status status = kfi_store_write(header, builder, &source, kfi_distinct_bytes(builder->distinct),
                                       builder->smallest == builder->largest, encoder, writer, error);
    return status ? status
                  : kfi_column_write_codes(header, builder, ((distinct_state *)state)->codes, writer, error);
}

const kfi_encoding_writer kfi_encode_distinct_bytes = {
    .encoding = KF_ENCODING_DISTINCT, .type = KF_VALUES_BYTES, .collects = KFI_COLLECTS_DISTINCT,
    .prepare = prepare_distinct, .estimate = estimate_distinct,
    .write = write_distinct, .free = free_distinct,
};
