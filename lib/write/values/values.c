#include "write/values/values.h"

#include "base/bits.h"
#include "base/thread.h"
#include "base/varint.h"
#include "write/values/column_writer.h"
#include "write/values/weights_writer.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WORTH_A_THREAD = 1 << 15, COPY_SIZE = 1 << 18, REPORT_MILLISECONDS = 100 };

struct kfi_values {
    kfi_image_options options;
    kfi_column_builder *column;    /* NULL: no values */
    kfi_weights_builder *weights;  /* NULL: no weights */
    uint64_t count, raw_bytes;
    kf_encoding encoding;          /* that was chosen */

    /* The background. The results are its own until `done` is set. */
    kfi_monitor monitor;
    int has_monitor, has_thread;
    kfi_thread thread;
    _Atomic int done, stop;
    _Atomic uint64_t encoded;      /* values */
    kf_status status;
    kf_error error;
    kfi_output *image;
    kfi_header image_header;
};

static kf_status report(const kfi_values *v, uint64_t done, kf_error *error)
{
    kfi_progress progress = kfi_progress_stage(&v->options.progress, KF_PHASE_VALUES, v->count, 0);
    return kfi_progress_report(&progress, done, error);
}

static kf_status tell_column(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    kfi_values *v = context;
    (void)phase, (void)total;
    if (!v->has_thread) return report(v, done, error);
    v->encoded = done;
    return v->stop ? kfi_cancelled(error) : KF_OK;
}

kf_status kfi_values_create(kfi_values **out, const kfi_image_options *o, kf_error *error)
{
    kf_status status = KF_OK;
    int given = o->weights == KF_WEIGHTS_GIVEN;
    *out = NULL;
    kfi_values *v = calloc(1, sizeof *v);
    if (!v) return kfi_fail_memory(error, sizeof *v);
    v->options = *o;
    if (o->weights) {
        kfi_weights_options weights = { given, o->shares.weights, o->folder, o->account };
        status = kfi_weights_builder_create(&v->weights, &weights, error);
    }
    if (!status && o->value_type != KF_VALUES_NONE) {
        kfi_column_options column = { o->value_type, o->value_encoding, o->shares.values, o->folder, o->account,
                                      { .tell = tell_column, .context = v }, o->effort };
        status = kfi_column_builder_create(&v->column, &column, error);
    }
    if (status) kfi_values_destroy(&v);
    *out = v;
    return status;
}

/* Hands the weight on; a given one is taken off the value. */
static kf_status take_weight(kfi_values *v, kf_bytes *value, kf_error *error)
{
    uint64_t weight;
    if (v->options.weights == KF_WEIGHTS_VALUE) {
        weight = kfi_load64(value->data);
    } else {
        size_t size = kfi_varint_read(value->data, value->size, &weight);
        if (!size) return kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
        value->data += size;
        value->size -= size;
    }
    return kfi_weights_builder_add(v->weights, weight, error);
}

kf_status kfi_values_add(kfi_values *v, kf_bytes value, kf_error *error)
{
    kf_status status = v->weights ? take_weight(v, &value, error) : KF_OK;
    v->count++;
    v->raw_bytes += value.size;
    return status || !v->column ? status : kfi_column_builder_add(v->column, value, error);
}

uint32_t kfi_values_sections(const kfi_values *v) { return (v->column != NULL) + (v->weights != NULL); }

static kf_status write_sections(kfi_values *v, kfi_writer *writer, kf_error *error)
{
    kf_status status = KF_OK;
    if (v->column) status = kfi_column_builder_finish(v->column, writer, &v->encoding, error);
    if (!status && v->weights) status = kfi_weights_builder_finish(v->weights, writer, error);
    kfi_column_builder_destroy(&v->column);
    kfi_weights_builder_destroy(&v->weights);
    return status;
}

/* ---- the background ----------------------------------------------------------------------------- */

static void encode(void *context)
{
    kfi_values *v = context;
    kfi_writer *writer = NULL;
    kf_error *error = &v->error;
    v->status = kfi_writer_create_image(&writer, v->options.folder, kfi_values_sections(v) + 1, v->options.account,
                                        error);
    if (!v->status) v->status = write_sections(v, writer, error);
    if (!v->status) v->status = kfi_writer_finish(writer, &v->image_header, error);
    if (!v->status) v->image = kfi_writer_take_image(writer);
    kfi_writer_destroy(&writer);
    kfi_monitor_lock(&v->monitor);
    v->done = 1;
    kfi_monitor_changed(&v->monitor);
    kfi_monitor_unlock(&v->monitor);
}

void kfi_values_start(kfi_values *v)
{
    if (v->options.threads < 2 || v->count < WORTH_A_THREAD || !kfi_values_sections(v)) return;
    if (kfi_monitor_create(&v->monitor, NULL)) return;
    v->has_monitor = 1;
    v->has_thread = 1;             /* the thread looks at it */
    if (kfi_thread_start(&v->thread, encode, v, NULL)) v->has_thread = 0;
}

kf_status kfi_values_check(const kfi_values *v, kf_error *error)
{
    if (!v->done || !v->status) return KF_OK;
    if (error) *error = v->error;
    return v->status;
}

static kf_status wait_for_image(kfi_values *v, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_monitor_lock(&v->monitor);
    while (!v->done && !status) {
        kfi_monitor_wait_for(&v->monitor, REPORT_MILLISECONDS);
        kfi_monitor_unlock(&v->monitor);
        status = report(v, v->encoded, error);
        kfi_monitor_lock(&v->monitor);
    }
    kfi_monitor_unlock(&v->monitor);
    return status ? status : kfi_values_check(v, error);
}

static kf_status copy_section(kfi_values *v, const kfi_section *section, kfi_writer *writer, uint8_t *buffer,
                              kf_error *error)
{
    kf_status status = kfi_writer_begin(writer, section->type, error);
    for (uint64_t at = 0; !status && at < section->size; ) {
        uint64_t left = section->size - at;
        size_t part = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
        status = kfi_output_read(v->image, section->offset + at, buffer, part, error);
        if (!status) status = kfi_writer_write(writer, buffer, part, error);
        if (!status) status = report(v, v->count, error);
        kfi_output_discard(v->image, section->offset + at, part);
        at += part;
    }
    return status ? status : kfi_writer_end(writer, error);
}

static kf_status copy_image(kfi_values *v, kfi_writer *writer, kf_error *error)
{
    kf_status status = KF_OK;
    uint8_t *buffer = malloc(COPY_SIZE);
    if (!buffer) return kfi_fail_memory(error, COPY_SIZE);
    for (uint32_t i = 0; i + 1 < v->image_header.section_count && !status; i++)   /* not the checksums */
        status = copy_section(v, &v->image_header.sections[i], writer, buffer, error);
    free(buffer);
    kfi_output_destroy(&v->image);
    return status;
}

/* ------------------------------------------------------------------------------------------------- */

kf_status kfi_values_finish(kfi_values *v, kfi_writer *writer, kfi_header *header, kf_error *error)
{
    kf_status status = v->has_thread || v->column ? report(v, 0, error) : KF_OK;
    if (!status && v->has_thread) {
        status = wait_for_image(v, error);
        if (!status) status = copy_image(v, writer, error);
    } else if (!status) {
        status = write_sections(v, writer, error);
    }
    header->value_type = (uint8_t)v->options.value_type;
    header->value_encoding = (uint8_t)v->encoding;
    header->raw_value_bytes = v->raw_bytes;
    return status;
}

void kfi_values_destroy(kfi_values **pointer)
{
    kfi_values *v = *pointer;
    if (!v) return;
    v->stop = 1;
    kfi_thread_join(&v->thread);
    if (v->has_monitor) kfi_monitor_destroy(&v->monitor);
    kfi_column_builder_destroy(&v->column);
    kfi_weights_builder_destroy(&v->weights);
    kfi_output_destroy(&v->image);
    free(v);
    *pointer = NULL;
}
