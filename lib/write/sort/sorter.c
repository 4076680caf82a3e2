#include "write/sort/resume.h"
#include "write/sort/sorter_parts.h"

#include <stdlib.h>

static void divide_memory(kfi_sorter *sorter, const kfi_sort_options *options)
{
    unsigned threads = options->threads ? options->threads : 1;
    sorter->spiller_count = threads > KFI_SPILLERS + 1 ? KFI_SPILLERS : threads > 1 ? threads - 1 : 1;
    unsigned buffers = threads > 1 ? sorter->spiller_count + 1 : 1;
    uint64_t samples = (sorter->spiller_count + 1) * (uint64_t)KFI_KEY_SAMPLE_MEMORY;
    sorter->shares = kfi_budget_sort(options->memory, buffers, samples);
    for (unsigned i = 0; i < buffers; i++) {
        kfi_sort_buffer_init(&sorter->buffers[i], &sorter->shares, options->value_type);
        sorter->idle[sorter->idle_count++] = &sorter->buffers[i];
    }
    sorter->buffer = sorter->idle[--sorter->idle_count];
}

kf_status kfi_sorter_create(kfi_sorter **out, const kfi_sort_options *options, kf_error *error)
{
    *out = NULL;
    if (options->duplicates > KF_DUPLICATES_LAST
        && options->value_type != (options->duplicates == KF_DUPLICATES_JOIN ? KF_VALUES_BYTES : KF_VALUES_U64))
        return kfi_fail(error, KF_INVALID, "sum, min and max of duplicates need integer values, join those of bytes");
    kfi_sorter *sorter = calloc(1, sizeof *sorter);
    if (!sorter) return kfi_fail_memory(error, sizeof *sorter);
    sorter->options = *options;
    /* Sums may grow. */
    if (options->value_type == KF_VALUES_U64) sorter->longest_field = KFI_SORT_U64_MAX;
    divide_memory(sorter, options);
    for (unsigned i = 0; i < sorter->spiller_count; i++) {
        sorter->spillers[i].sorter = sorter;
        sorter->spillers[i].fold.duplicates = options->duplicates;
    }
    kf_status status = kfi_monitor_create(&sorter->monitor, error);
    sorter->has_monitor = !status;
    if (!status && options->folder) {
        sorter->folder = strdup(options->folder);
        if (!sorter->folder) status = kfi_fail_memory(error, strlen(options->folder) + 1);
    }
    if (!status && options->resume_folder) status = kfi_resume_open(sorter, error);
    if (status) kfi_sorter_destroy(&sorter);
    *out = sorter;
    return status;
}

void kfi_sorter_release(kfi_sorter *sorter)
{
    kfi_sorter_stop(sorter);
    kfi_resume_checkpoint(sorter, NULL);   /* of what was interrupted: if it can be made, good */
    for (unsigned i = 0; i <= KFI_SPILLERS; i++) kfi_sort_buffer_free(&sorter->buffers[i]);
    for (unsigned i = 0; i < sorter->spiller_count; i++) {
        kfi_spiller *spiller = &sorter->spillers[i];
        kfi_run_writer_free(&spiller->writer);
        kfi_sort_fold_free(&spiller->fold);
        kfi_key_sample_free(&spiller->sample);
    }
    for (unsigned i = 0; i < KFI_SPILLERS; i++) kfi_spool_destroy(&sorter->spillers[i].spool);
    for (size_t i = 0; i < sorter->run_count; i++) kfi_run_free(&sorter->runs[i]);
    free(sorter->runs);
    sorter->runs = NULL;
    sorter->run_count = sorter->run_capacity = 0;
    kfi_spool_destroy(&sorter->merged);
    kfi_spool_destroy(&sorter->large);
    kfi_key_sample_free(&sorter->sample);
    kfi_array_free(&sorter->tail);
}

void kfi_sorter_destroy(kfi_sorter **pointer)
{
    kfi_sorter *sorter = pointer ? *pointer : NULL;
    if (!sorter) return;
    kfi_sorter_release(sorter);
    kfi_resume_close(sorter);
    if (sorter->has_monitor) kfi_monitor_destroy(&sorter->monitor);
    free(sorter->folder);
    free(sorter);
    *pointer = NULL;
}

uint64_t kfi_sorter_buffered(const kfi_sorter *sorter) { return sorter->buffered; }

uint64_t kfi_sorter_dropped(const kfi_sorter *sorter) { return sorter->dropped; }

kfi_key_sample *kfi_sorter_sample(kfi_sorter *sorter) { return &sorter->sample; }

/* ---- adding ------------------------------------------------------------------------------- */

static kf_status spool_large_value(kfi_sorter *sorter, kf_bytes value, uint8_t *head, size_t *size,
                                   kf_error *error)
{
    kf_status status = KF_OK;
    if (!sorter->large)
        status = sorter->resume ? kfi_resume_create_large(sorter, error)
                                : kfi_sorter_create_spool(sorter, &sorter->large, error);
    if (status) return status;
    *size = kfi_varint_write(head, (uint64_t)value.size << 1 | 1);
    *size += kfi_varint_write(head + *size, kfi_spool_size(sorter->large));
    return kfi_spool_write(sorter->large, value.data, value.size, error);
}

/* Makes the field of a value: `head`, then what is left in *value. */
static kf_status make_field(kfi_sorter *sorter, kf_bytes *value, uint8_t *head, size_t *size,
                            kf_error *error)
{
    kf_status status = KF_OK;
    *size = 0;
    if (sorter->options.value_type == KF_VALUES_BYTES) {
        if (value->size <= sorter->shares.large_value) {
            *size = kfi_varint_write(head, (uint64_t)value->size << 1);
            return KF_OK;
        }
        if ((uint64_t)value->size >> 62) return kfi_fail(error, KF_LIMIT, "value is too large");
        status = spool_large_value(sorter, *value, head, size, error);
    } else if (sorter->options.value_type == KF_VALUES_U64) {
        if (value->size != 8) return kfi_fail(error, KF_TYPE, "value is not a 64-bit integer");
        *size = kfi_sort_u64_put(head, kfi_load64(value->data));
    } else if (value->size) {
        return kfi_fail(error, KF_TYPE, "the dictionary has no values");
    }
    *value = (kf_bytes){ NULL, 0 };
    return status;
}

/* Whether the buffer should be spilled although it is not full. */
static int is_due(const kfi_sorter *sorter)
{
    if (sorter->buffer->used >= sorter->shares.early_spill && kfi_sorter_can_extend_run(sorter)) return 1;
    return sorter->resume && sorter->buffer->count && kfi_resume_wants_spill(sorter);
}

static kf_status add_to_buffer(kfi_sorter *sorter, kf_bytes key, kf_bytes head, kf_bytes body, kf_error *error)
{
    int full;
    kf_status status = is_due(sorter) ? kfi_sorter_spill(sorter, error) : KF_OK;
    if (!status) status = kfi_sort_buffer_add(sorter->buffer, key, head, body, sorter->reserve, &full, error);
    if (status || !full) return status;
    status = kfi_sorter_spill(sorter, error);
    return status ? status
                  : kfi_sort_buffer_add(sorter->buffer, key, head, body, sorter->reserve, &full, error);
}

kf_status kfi_sorter_add(kfi_sorter *sorter, kf_bytes key, kf_bytes value, kf_error *error)
{
    uint8_t head[KFI_SORT_FIELD_HEAD_MAX];
    size_t head_size;
    int skipped = 0;

    if (sorter->finished) return kfi_fail(error, KF_INVALID, "sorting has finished");
    if (key.size > KFI_SORT_KEY_MAX)
        return kfi_fail_key(error, KF_LIMIT, key, "key of %zu bytes is longer than %d", key.size,
                            KFI_SORT_KEY_MAX);
    kf_status status = sorter->resume ? kfi_resume_skip(sorter, key, value, &skipped, error) : KF_OK;
    if (status || skipped) return status;
    kf_bytes body = value;
    status = make_field(sorter, &body, head, &head_size, error);
    if (status) return status;

    size_t field_size = head_size + body.size;
    if (key.size > sorter->longest_key || field_size > sorter->longest_field) {
        if (key.size > sorter->longest_key) sorter->longest_key = key.size;
        if (field_size > sorter->longest_field) sorter->longest_field = field_size;
        sorter->reserve = kfi_sorter_output_memory(sorter);
    }
    status = add_to_buffer(sorter, key, (kf_bytes){ head, head_size }, body, error);
    if (status) return status;
    sorter->added++;
    sorter->buffered += key.size + body.size;
    if (sorter->resume) kfi_resume_count(sorter, key, value);
    return KF_OK;
}
