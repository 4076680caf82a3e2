/* The table of encodings, and choosing among them. */
#include "write/values/column_writer_parts.h"

#include <math.h>

/* Those of one type in the order in which they are preferred. */
static const kfi_encoding_writer *const writers[] = {
    &kfi_encode_packed, &kfi_encode_distinct_u64,
    &kfi_encode_raw, &kfi_encode_distinct_bytes, &kfi_encode_tokens, &kfi_encode_zstd,
};

enum { WRITERS = sizeof writers / sizeof *writers };

static int is_asked_for(const kfi_encoding_writer *w, const kfi_column_options *options)
{
    return w->type == options->type && (options->encoding == KF_ENCODING_AUTO || options->encoding == w->encoding);
}

unsigned kfi_encodings_collect(const kfi_column_options *options)
{
    unsigned all = 0;
    for (size_t i = 0; i < WRITERS; i++)
        if (is_asked_for(writers[i], options)) all |= writers[i]->collects;
    return all;
}

kf_status kfi_trial_sample(kfi_trial *trial, const kfi_value_sample **sample, kf_error *error)
{
    kf_status status = KF_OK;
    if (!trial->has_sample)
        status = kfi_sample_take(&trial->sample, trial->builder, trial->builder->shares.value_sample, error);
    trial->has_sample = 1;
    *sample = &trial->sample;
    return status;
}

static void drop_state(const kfi_encoding_writer *w, void **state)
{
    if (*state) w->free(*state);
    *state = NULL;
}

/* Compares the candidates, of which only the best one's state is kept. */
static kf_status compare(kfi_trial *trial, const kfi_encoding_writer *const *candidates, size_t count,
                         const kfi_encoding_writer **best, void **state, kf_error *error)
{
    double least = INFINITY;
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_encoding_writer *w = candidates[i];
        double cost = 0;
        if (w->least && *best && w->least(trial->builder) >= least) continue;
        if (w->prepare) status = w->prepare(trial, error);
        if (!status && count > 1) status = w->estimate(trial, &cost, error);
        if (!status && cost < least) {
            if (*best) drop_state(*best, state);
            least = cost;
            *best = w;
            *state = trial->state;
            trial->state = NULL;
        }
        drop_state(w, &trial->state);
    }
    return status;
}

kf_status kfi_encodings_write(kfi_column_header *header, kfi_column_builder *builder, kfi_writer *writer,
                              kf_encoding *chosen, kf_error *error)
{
    kfi_trial trial = { .builder = builder };
    const kfi_encoding_writer *candidates[WRITERS], *best = NULL;
    void *state = NULL;
    size_t count = 0;
    const int is_free = builder->options.encoding == KF_ENCODING_AUTO;
    /* Hopeless; training can use the memory. */
    if (is_free && builder->distinct && kfi_distinct_count(builder->distinct) > builder->values / 2) {
        kfi_distinct_destroy(&builder->distinct);
        kfi_array_free(&builder->order);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        const kfi_encoding_writer *w = writers[i];
        if (!is_asked_for(w, &builder->options)) continue;
        if (w->collects & KFI_COLLECTS_DISTINCT && !builder->distinct) continue;
        if (!is_free || !w->is_candidate || w->is_candidate(builder)) candidates[count++] = w;
    }
    kf_status status = compare(&trial, candidates, count, &best, &state, error);
    kfi_sample_free(&trial.sample);
    if (!status) {
        *chosen = best->encoding;
        status = best->write(header, builder, state, writer, error);
    }
    if (best) drop_state(best, &state);
    return status;
}
