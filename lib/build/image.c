#include "build/image.h"

#include "base/varint.h"
#include "build/column.h"
#include "build/emit.h"
#include "build/minimise.h"
#include "build/weights.h"

#include <stdlib.h>

enum { TICK_PAIRS = 1 << 16, TICK_BYTES = 64 << 20 };

struct kfi_image {
    kfi_image_options options;
    kfi_minimiser *minimiser;
    kfi_column_builder *column;
    kfi_weights_builder *weights;
    kfi_automaton automaton;
    kfi_shared_table shared;
    kfi_key_plan plan;
    kfi_array first, last;         /* keys */
    uint64_t keys, raw_value_bytes;
    uint64_t told_bytes;           /* raw_value_bytes at the last tick */
};

static kf_status tick(const kfi_image *image, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kfi_tick *t = &image->options.tick;
    return t->call ? t->call(t->context, phase, done, total, error) : KF_OK;
}

static kf_status value_tick(void *context, uint64_t values_done, kf_error *error)
{
    const kfi_image *image = context;
    return tick(image, KF_PHASE_VALUES, values_done, image->keys, error);
}

kf_status kfi_image_create(kfi_image **out, const kfi_image_options *o, kf_error *error)
{
    *out = NULL;
    kfi_image *image = calloc(1, sizeof *image);
    if (!image) return kfi_fail_memory(error, sizeof *image);
    image->options = *o;
    int given = o->weights == KF_WEIGHTS_GIVEN;
    kf_status status = kfi_minimiser_create(&image->minimiser, o->memory / 4, o->folder, o->account, error);
    if (!status && o->weights) {
        kfi_weights_options weights = { given, o->choice_memory / 16, o->folder, o->account };
        status = kfi_weights_builder_create(&image->weights, &weights, error);
    }
    if (!status && o->value_type != KF_VALUES_NONE) {
        kfi_column_options column = { o->value_type, o->value_encoding, o->choice_memory / (given ? 16 : 8),
                                      o->folder, o->account, value_tick, image };
        status = kfi_column_builder_create(&image->column, &column, error);
    }
    if (status) kfi_image_destroy(&image);
    *out = image;
    return status;
}

/* Hands the weight on; a given one is taken off the value. */
static kf_status take_weight(kfi_image *image, kf_bytes *value, kf_error *error)
{
    uint64_t weight;
    if (image->options.weights == KF_WEIGHTS_VALUE) {
        weight = kfi_load64(value->data);
    } else {
        size_t size = kfi_varint_read(value->data, value->size, &weight);
        if (!size) return kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
        value->data += size;
        value->size -= size;
    }
    return kfi_weights_builder_add(image->weights, weight, error);
}

kf_status kfi_image_add(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_image *image = self;
    kf_status status = kfi_minimiser_add(image->minimiser, key, error);
    if (!status && !image->keys) status = kfi_array_append(&image->first, key.data, key.size, error);
    if (!status && image->weights) status = take_weight(image, &value, error);
    if (!status && image->column) status = kfi_column_builder_add(image->column, value, error);
    image->raw_value_bytes += value.size;
    if (status) return status;
    if (++image->keys % TICK_PAIRS && image->raw_value_bytes - image->told_bytes < TICK_BYTES) return KF_OK;
    image->told_bytes = image->raw_value_bytes;
    return tick(image, KF_PHASE_MINIMISE, image->keys, image->options.expected, error);
}

uint64_t kfi_image_keys(const kfi_image *image) { return image->keys; }

void kfi_image_bounds(const kfi_image *image, kf_bytes *first, kf_bytes *last)
{
    *first = (kf_bytes){ image->first.data, image->first.size };
    *last = (kf_bytes){ image->last.data, image->last.size };
}

uint32_t kfi_image_sections(const kfi_image *image)
{
    return 6 + (image->column != NULL) + (image->weights != NULL);
}

static kf_status write_metadata(const kfi_metadata *metadata, kfi_writer *writer, kf_error *error)
{
    kfi_array section = { 0 };
    kf_status status = kfi_metadata_encode(metadata, &section, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_METADATA, error);
    if (!status) status = kfi_writer_write(writer, section.data, section.size, error);
    if (!status) status = kfi_writer_end(writer, error);
    kfi_array_free(&section);
    return status;
}

static kf_status layout_tick(void *context, uint64_t states_done, kf_error *error)
{
    const kfi_image *image = context;
    return tick(image, KF_PHASE_LAYOUT, states_done, image->automaton.state_count, error);
}

static kf_status write_keys(kfi_image *image, kfi_writer *writer, kf_error *error)
{
    const uint64_t memory = image->options.memory, choice = image->options.choice_memory;
    kf_status status = tick(image, KF_PHASE_LAYOUT, 0, image->automaton.state_count, error);
    if (!status) status = kfi_shared_table_create(&image->shared, &image->automaton, memory / 4, error);
    if (!status) status = kfi_key_plan_make(&image->plan, &image->automaton, &image->shared, choice / 2, error);
    if (!status)
        status = kfi_keys_emit(&image->plan, &image->automaton, &image->shared, writer, layout_tick, image, error);
    kfi_key_plan_free(&image->plan);
    kfi_shared_table_free(&image->shared);
    kfi_automaton_destroy(&image->automaton);
    return status;
}

static kf_status finish_automaton(kfi_image *image, kf_error *error)
{
    kf_bytes last = kfi_minimiser_last(image->minimiser);
    kf_status status = kfi_array_append(&image->last, last.data, last.size, error);
    if (!status) status = kfi_minimiser_finish(image->minimiser, &image->automaton, error);
    kfi_minimiser_destroy(&image->minimiser);
    return status;
}

kf_status kfi_image_write(kfi_image *image, const kfi_metadata *metadata, kfi_writer *writer, kfi_header *header,
                          kf_error *error)
{
    kf_encoding encoding = KF_ENCODING_AUTO;
    kf_status status = finish_automaton(image, error);
    if (!status) status = write_metadata(metadata, writer, error);
    if (!status) status = write_keys(image, writer, error);
    if (!status && image->column) {
        status = tick(image, KF_PHASE_VALUES, 0, image->keys, error);
        if (!status) status = kfi_column_builder_finish(image->column, writer, &encoding, error);
    }
    if (!status && image->weights) status = kfi_weights_builder_finish(image->weights, writer, error);
    kfi_column_builder_destroy(&image->column);
    kfi_weights_builder_destroy(&image->weights);
    if (!status) status = tick(image, KF_PHASE_WRITE, 0, 0, error);
    if (status) return status;
    const kfi_automaton *a = &image->automaton;
    uint64_t states = a->state_count - a->orphans;
    *header = (kfi_header){
        .keys = image->keys, .longest_key = a->longest_key,
        .value_type = (uint8_t)image->options.value_type, .value_encoding = (uint8_t)encoding,
        .raw_key_bytes = a->raw_key_bytes, .raw_value_bytes = image->raw_value_bytes,
        .states = states, .states_extra = states > a->distinct ? states - a->distinct : 0,
    };
    return kfi_writer_finish(writer, header, error);
}

void kfi_image_destroy(kfi_image **pointer)
{
    kfi_image *image = *pointer;
    if (!image) return;
    kfi_minimiser_destroy(&image->minimiser);
    kfi_column_builder_destroy(&image->column);
    kfi_weights_builder_destroy(&image->weights);
    kfi_key_plan_free(&image->plan);
    kfi_shared_table_free(&image->shared);
    kfi_automaton_destroy(&image->automaton);
    kfi_array_free(&image->first);
    kfi_array_free(&image->last);
    free(image);
    *pointer = NULL;
}
