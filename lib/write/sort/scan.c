/* Runs become the sorted stream of distinct keys, whole or by ranges. */
#include "write/sort/join.h"
#include "write/sort/resume.h"
#include "write/sort/sorter_parts.h"

#include <stdlib.h>

static const kfi_key_range everything = { .has_to = 0 };

/* One pass over a range. */
typedef struct scan {
    const kfi_sorter *sorter;
    kfi_sort_fold fold;
    kfi_merge *merge;
    const kfi_key_range *range;
    kfi_pair_sink sink;
    void *context;
    kfi_spool_reader *large_reader;
    uint64_t large_position;   /* of large_reader */
} scan;

static kf_status read_large_value(scan *s, uint64_t offset, kf_bytes *value, kf_error *error)
{
    const kfi_sorter *sorter = s->sorter;
    if (!sorter->large || offset > kfi_spool_size(sorter->large)
        || value->size > kfi_spool_size(sorter->large) - offset)
        return kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
    /* Sorted input reads on; otherwise, or when the last value left a huge buffer, start anew. */
    if (s->large_reader && s->large_position != offset) kfi_spool_reader_destroy(&s->large_reader);
    if (!s->large_reader) {
        kf_status status = kfi_spool_reader_create(&s->large_reader, sorter->large, offset,
                                                   sorter->shares.run_buffer, error);
        if (status) return status;
    }
    s->large_position = offset + value->size;
    kf_status status = kfi_spool_reader_take(s->large_reader, value->size, &value->data, error);
    return status == KF_END ? kfi_fail(error, KF_CORRUPT, "a temporary file ends early") : status;
}

/* Hands a distinct pair to the caller's sink, its value as plain bytes. */
static kf_status give(void *context, const kfi_sort_pair *pair, kf_error *error)
{
    scan *s = context;
    kf_bytes key = { pair->key, pair->key_size }, value = { NULL, 0 };
    uint8_t number[8];
    uint64_t offset = 0;
    int is_large = 0;
    if (s->sorter->options.value_type == KF_VALUES_U64) {
        kfi_store64(number, kfi_sort_u64_get(pair->field));
        value = (kf_bytes){ number, 8 };
    } else if (s->sorter->options.value_type == KF_VALUES_BYTES) {
        const uint8_t *end = pair->field + pair->field_size;
        uint64_t head = 0;
        const uint8_t *body = kfi_sort_varint_get(pair->field, end, &head);
        value = (kf_bytes){ body, (size_t)(head >> 1) };
        is_large = head & 1;
        if (is_large) {
            kfi_sort_varint_get(body, end, &offset);
            kf_status status = read_large_value(s, offset, &value, error);
            if (status) return status;
        }
    }
    kf_status status = s->sink(s->context, key, value, error);
    if (s->large_reader && value.size > s->sorter->shares.large_value * 4)
        kfi_spool_reader_destroy(&s->large_reader);
    if (is_large) kfi_spool_discard(s->sorter->large, offset, value.size);
    return status;
}

static kf_status next_in_range(void *self, kfi_sort_pair *pair, kf_error *error)
{
    scan *s = self;
    kf_status status = kfi_merge_next(s->merge, pair, error);
    if (status || !s->range->has_to) return status;
    kf_bytes to = s->range->to;
    return kfi_sort_compare(pair->key, pair->key_size, to.data, to.size) < 0 ? KF_OK : KF_END;
}

/* Pushes the source's distinct pairs into the sink. */
static kf_status drain(kfi_sorter *sorter, scan *s, kfi_sort_source source, kf_error *error)
{
    s->sorter = sorter;
    s->fold.duplicates = sorter->options.duplicates;
    s->fold.last_pass = 1;
    kfi_join join = { .sink = s->sink, .context = s->context };
    int joins = s->fold.duplicates == KF_DUPLICATES_JOIN;
    if (joins) {
        s->sink = kfi_join_add;
        s->context = &join;
    }
    kf_status status = kfi_sort_fold_all(&s->fold, source, sorter->longest_key, sorter->longest_field, give, s, error);
    if (joins && !status) status = kfi_join_end(&join, error);
    sorter->dropped += s->fold.dropped + join.dropped;
    kfi_join_free(&join);
    kfi_sort_fold_free(&s->fold);
    kfi_spool_reader_destroy(&s->large_reader);
    return status;
}

/* What one of so many scans may use for its merge. */
static uint64_t merge_memory(const kfi_sorter *sorter)
{
    uint64_t memory = sorter->shares.scans / sorter->scans, output = kfi_sorter_output_memory(sorter);
    return memory > output ? memory - output : 0;
}

/* ---- fewer runs --------------------------------------------------------------------------------- */

/* Merges some runs to one at the end of the spool. */
static kf_status merge_group(kfi_sorter *sorter, kfi_run_writer *writer, kfi_spool *spool, const kfi_run *runs,
                             size_t count, kf_error *error)
{
    kfi_merge *merge = NULL;
    kfi_sort_fold fold = { .duplicates = sorter->options.duplicates };
    kf_status status = kfi_merge_create(&merge, runs, count, &everything, sorter->shares.run_buffer,
                                        merge_memory(sorter), sorter->options.value_type, error);
    if (status) return status;
    kfi_run_writer_begin(writer, spool, sorter->shares.block, sorter->shares.mark_step);
    writer->run.order = runs->order;
    status = kfi_run_writer_segment(writer, sorter->longest_key, sorter->longest_field, error);
    if (!status)
        status = kfi_sort_fold_all(&fold, (kfi_sort_source){ kfi_merge_next, merge }, sorter->longest_key,
                                   sorter->longest_field, kfi_run_writer_put, writer, error);
    if (!status) status = kfi_run_writer_flush(writer, error);
    sorter->dropped += fold.dropped;
    kfi_sort_fold_free(&fold);
    kfi_merge_destroy(&merge);
    return status;
}

/* Replaces runs by the fewer runs that groups of them merge to, in a new spool. */
static kf_status merge_pass(kfi_sorter *sorter, kf_error *error)
{
    kfi_run_writer writer = { .spool = NULL };
    kfi_spool *spool = NULL;
    kfi_run *runs = sorter->runs;
    size_t count = sorter->run_count;
    kf_status status = kfi_sorter_create_spool(sorter, &spool, error);
    sorter->runs = NULL;
    sorter->run_count = sorter->run_capacity = 0;
    for (size_t i = 0, n; !status && i < count; i += n) {
        n = kfi_merge_fan_in(runs + i, count - i, sorter->shares.run_buffer, merge_memory(sorter));
        status = merge_group(sorter, &writer, spool, runs + i, n, error);
        if (!status) status = kfi_sorter_keep_run(sorter, &writer, error);
    }
    if (!status) status = kfi_spool_finish(spool, error);
    for (size_t i = 0; i < count; i++) kfi_run_free(&runs[i]);
    free(runs);
    kfi_run_writer_free(&writer);
    for (unsigned i = 0; i < KFI_SPILLERS; i++) kfi_spool_destroy(&sorter->spillers[i].spool);
    kfi_spool_destroy(&sorter->merged);
    sorter->merged = spool;
    return status;
}

/* ---- the sorted stream -------------------------------------------------------------------------- */

kf_status kfi_sorter_seal(kfi_sorter *sorter, unsigned scans, kf_error *error)
{
    if (sorter->finished) return kfi_fail(error, KF_INVALID, "sorting has finished");
    sorter->finished = 1;
    sorter->scans = scans ? scans : 1;
    kf_status status = sorter->resume ? kfi_resume_check_end(sorter, error) : KF_OK;
    if (!status && sorter->large) status = kfi_spool_finish(sorter->large, error);
    if (!status) status = kfi_sorter_spill_rest(sorter, error);
    while (!status && sorter->run_count > 2
           && kfi_merge_fan_in(sorter->runs, sorter->run_count, sorter->shares.run_buffer,
                               merge_memory(sorter)) < sorter->run_count)
        status = merge_pass(sorter, error);
    return status;
}

kf_status kfi_sorter_scan(kfi_sorter *sorter, const kfi_key_range *range, kfi_pair_sink sink, void *context,
                          kf_error *error)
{
    scan s = { .range = range, .sink = sink, .context = context };
    if (!sorter->run_count) return KF_OK;
    kf_status status = kfi_merge_create(&s.merge, sorter->runs, sorter->run_count, range,
                                        sorter->shares.run_buffer, merge_memory(sorter),
                                        sorter->options.value_type, error);
    if (!status) status = drain(sorter, &s, (kfi_sort_source){ next_in_range, &s }, error);
    kfi_merge_destroy(&s.merge);
    return status;
}

static kf_status finish_in_memory(kfi_sorter *sorter, kfi_pair_sink sink, void *context, kf_error *error)
{
    scan s = { .sink = sink, .context = context };
    sorter->finished = 1;
    kf_status status = sorter->large ? kfi_spool_finish(sorter->large, error) : KF_OK;
    if (!status) status = kfi_sort_buffer_order(sorter->buffer, error);
    return status ? status : drain(sorter, &s, (kfi_sort_source){ kfi_sort_buffer_next, sorter->buffer }, error);
}

kf_status kfi_sorter_finish(kfi_sorter *sorter, kfi_pair_sink sink, void *context, kf_error *error)
{
    kf_status status;
    if (sorter->finished) return kfi_fail(error, KF_INVALID, "sorting has finished");
    if (sorter->buffers_spilled || sorter->resume) {
        status = kfi_sorter_seal(sorter, 1, error);
        if (!status) status = kfi_sorter_scan(sorter, &everything, sink, context, error);
    } else {
        status = finish_in_memory(sorter, sink, context, error);
    }
    kfi_sorter_release(sorter);
    return status;
}
