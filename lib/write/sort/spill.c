/* Buffers become runs: here, or in threads of their own while the next buffer fills. */
#include "write/sort/resume.h"
#include "write/sort/sorter_parts.h"

/* Begins a run for the buffer, unless it can go on with the spiller's last: its keys are all above that, and no
 * other buffer came in between, whose equal keys would have to be merged in between. */
static kf_status begin_run(kfi_spiller *spiller, const kfi_sort_buffer *buffer, kf_error *error)
{
    kfi_sorter *sorter = spiller->sorter;
    kfi_run_writer *writer = &spiller->writer;
    kf_bytes first = kfi_sort_buffer_first(buffer);
    int follows = spiller->order == spiller->last_order + 1;
    spiller->last_order = spiller->order;
    if (writer->run.spool) {
        if (follows && kfi_sort_compare(writer->last_key, writer->last_size, first.data, first.size) <= 0)
            return KF_OK;
        kfi_monitor_lock(&sorter->monitor);
        kf_status status = kfi_sorter_keep_run(sorter, writer, error);
        kfi_monitor_unlock(&sorter->monitor);
        if (status) return status;
    }
    kfi_run_writer_begin(writer, spiller->spool, sorter->shares.block, sorter->shares.mark_step);
    writer->run.order = spiller->order;
    return KF_OK;
}

static kf_status put(void *context, const kfi_sort_pair *pair, kf_error *error)
{
    kfi_spiller *spiller = context;
    kf_bytes key = { pair->key, pair->key_size };
    kf_status status = kfi_key_sample_add(&spiller->sample, key, error);
    return status ? status : kfi_run_writer_put(&spiller->writer, pair, error);
}

static kf_status write_buffer(kfi_spiller *spiller, kfi_sort_buffer *buffer, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_sorter *sorter = spiller->sorter;
    uint64_t bytes = buffer->used, dropped = spiller->fold.dropped;
    if (!spiller->spool)
        status = sorter->resume ? kfi_resume_create_runs(spiller, error)
                                : kfi_sorter_create_spool(sorter, &spiller->spool, error);
    if (!status) status = kfi_sort_buffer_order(buffer, error);
    if (!status) status = begin_run(spiller, buffer, error);
    if (!status)
        status = kfi_run_writer_segment(&spiller->writer, spiller->longest_key, spiller->longest_field, error);
    kfi_sort_source source = { kfi_sort_buffer_next, buffer };
    if (!status)
        status = kfi_sort_fold_all(&spiller->fold, source, spiller->longest_key, spiller->longest_field, put,
                                   spiller, error);
    if (!status) status = kfi_run_writer_flush(&spiller->writer, error);
    kfi_sort_buffer_reset(buffer);
    if (!status && sorter->resume)
        status = kfi_resume_complete(spiller, bytes, spiller->fold.dropped - dropped, error);
    return status;
}

/* ---- threads ------------------------------------------------------------------------------------ */

static void run_spiller(void *context)
{
    kfi_spiller *spiller = context;
    kfi_sorter *sorter = spiller->sorter;
    kfi_monitor_lock(&sorter->monitor);
    for (;;) {
        while (!spiller->buffer && !spiller->stop) kfi_monitor_wait(&sorter->monitor);
        if (!spiller->buffer) break;
        kfi_monitor_unlock(&sorter->monitor);
        kf_status status = write_buffer(spiller, spiller->buffer, &spiller->error);
        kfi_monitor_lock(&sorter->monitor);
        if (!spiller->status) spiller->status = status;
        sorter->idle[sorter->idle_count++] = spiller->buffer;
        spiller->buffer = NULL;
        kfi_monitor_changed(&sorter->monitor);
    }
    kfi_monitor_unlock(&sorter->monitor);
}

void kfi_sorter_stop(kfi_sorter *sorter)
{
    if (!sorter->has_monitor) return;
    kfi_monitor_lock(&sorter->monitor);
    for (unsigned i = 0; i < sorter->spiller_count; i++) sorter->spillers[i].stop = 1;
    kfi_monitor_changed(&sorter->monitor);
    kfi_monitor_unlock(&sorter->monitor);
    for (unsigned i = 0; i < sorter->spiller_count; i++) kfi_thread_join(&sorter->spillers[i].thread);
}

/* Locked: the first failure of a thread. */
static kf_status failure(const kfi_sorter *sorter, kf_error *error)
{
    for (unsigned i = 0; i < sorter->spiller_count; i++) {
        const kfi_spiller *spiller = &sorter->spillers[i];
        if (!spiller->status) continue;
        if (error) *error = spiller->error;
        return spiller->status;
    }
    return KF_OK;
}

static int extends_run(const kfi_sorter *sorter)
{
    if (!sorter->tail_spiller || !sorter->buffer->sorted || !sorter->buffer->count) return 0;
    kf_bytes first = kfi_sort_buffer_first(sorter->buffer);
    return kfi_sort_compare(sorter->tail.data, sorter->tail.size, first.data, first.size) <= 0;
}

int kfi_sorter_can_extend_run(const kfi_sorter *sorter)
{
    return extends_run(sorter) && !sorter->tail_spiller->buffer;
}

/* Locked: waits for the spiller that should take the buffer to be idle. */
static kfi_spiller *wait_for_spiller(kfi_sorter *sorter)
{
    kfi_spiller *wanted = extends_run(sorter) ? sorter->tail_spiller : NULL;
    for (;;) {
        for (unsigned i = 0; i < sorter->spiller_count; i++) {
            kfi_spiller *spiller = &sorter->spillers[i];
            if (!spiller->buffer && (!wanted || spiller == wanted)) return spiller;
        }
        kfi_monitor_wait(&sorter->monitor);
    }
}

static kf_status keep_tail(kfi_sorter *sorter, kfi_spiller *spiller, kf_error *error)
{
    const kfi_sort_buffer *buffer = sorter->buffer;
    sorter->tail_spiller = buffer->sorted ? spiller : NULL;
    sorter->tail.size = 0;
    return buffer->sorted ? kfi_array_append(&sorter->tail, buffer->last_key, buffer->last_size, error) : KF_OK;
}

/* Gives the buffer to the spiller's thread; 0 if it has none. */
static int hand_over(kfi_sorter *sorter, kfi_spiller *spiller)
{
    if (sorter->options.threads < 2) return 0;
    if (!spiller->thread.started && kfi_thread_start(&spiller->thread, run_spiller, spiller, NULL)) return 0;
    spiller->buffer = sorter->buffer;
    sorter->buffer = sorter->idle[--sorter->idle_count];
    kfi_monitor_changed(&sorter->monitor);
    return 1;
}

kf_status kfi_sorter_spill(kfi_sorter *sorter, kf_error *error)
{
    int handed = 0;
    sorter->buffered = 0;
    if (sorter->resume) {
        kf_status flushed = kfi_resume_flush(sorter, error);
        if (flushed) return flushed;
    }
    kfi_monitor_lock(&sorter->monitor);
    kfi_spiller *spiller = wait_for_spiller(sorter);
    kf_status status = failure(sorter, error);
    if (!status) status = keep_tail(sorter, spiller, error);
    if (!status) {
        spiller->order = sorter->buffers_spilled++;
        spiller->longest_key = sorter->longest_key;
        spiller->longest_field = sorter->longest_field;
        if (sorter->resume) kfi_resume_hand_over(sorter, spiller);
    }
    if (!status) handed = hand_over(sorter, spiller);
    kfi_monitor_unlock(&sorter->monitor);
    return status || handed ? status : write_buffer(spiller, sorter->buffer, error);
}

kf_status kfi_sorter_spill_rest(kfi_sorter *sorter, kf_error *error)
{
    kf_status status = sorter->buffer->count ? kfi_sorter_spill(sorter, error) : KF_OK;
    kfi_sorter_stop(sorter);
    if (!status) status = failure(sorter, error);
    for (unsigned i = 0; i <= KFI_SPILLERS; i++) kfi_sort_buffer_free(&sorter->buffers[i]);
    for (unsigned i = 0; i < sorter->spiller_count && !status; i++) {
        kfi_spiller *spiller = &sorter->spillers[i];
        status = kfi_sorter_keep_run(sorter, &spiller->writer, error);
        if (!status) status = kfi_key_sample_merge(&sorter->sample, &spiller->sample, error);
        if (!status && spiller->spool) status = kfi_spool_finish(spiller->spool, error);
        sorter->dropped += spiller->fold.dropped;
        kfi_run_writer_free(&spiller->writer);
        kfi_sort_fold_free(&spiller->fold);
        kfi_key_sample_free(&spiller->sample);
    }
    if (!status) status = kfi_resume_checkpoint(sorter, error);
    return status;
}
