#include "build/sort.h"

#include "build/sort_buffer.h"
#include "build/sort_fold.h"
#include "build/sort_merge.h"

#include <stdlib.h>

/* What the memory is divided into. Everything follows the budget, so that tests with tiny ones go
 * the same ways as real ones. */
typedef struct sort_sizes {
    size_t block_target;       /* of a run */
    size_t smallest_buffer;    /* for reading a run */
    size_t spool_buffer;       /* for writing */
    size_t large_value;        /* above this a value goes to a spool of its own at once: it neither
                                  crowds the buffer nor is it copied by every merge */
    size_t early_spill;        /* sorted input that goes on extending a run is written out when it
                                  has so many bytes: that costs nothing and stays in the cache */
} sort_sizes;

struct kfi_sorter {
    kfi_sort_options options;
    char *folder;
    sort_sizes sizes;
    uint64_t added;
    size_t longest_key, longest_field;
    uint64_t reserve;          /* of the memory, for writing runs with such keys and fields */
    bool finished;

    kfi_sort_buffer buffer;
    kfi_sort_fold fold;
    kfi_run_writer writer;
    kfi_spool *spool;          /* of all runs */
    kfi_run *runs;             /* complete ones; while adding, the last one is still in `writer` */
    size_t run_count, run_capacity;

    kfi_spool *large;          /* large values, in the order of adding */
    kfi_spool_reader *large_reader;
    uint64_t large_position;   /* of large_reader */

    kfi_pair_sink sink;
    void *sink_context;
};

static size_t part_of(uint64_t memory, unsigned divisor, size_t least, size_t most)
{
    uint64_t part = memory / divisor;
    return part < least ? least : part > most ? most : (size_t)part;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

kf_status kfi_sorter_create(kfi_sorter **out, const kfi_sort_options *options, kf_error *error)
{
    kf_status status = KF_OK;

    *out = NULL;
    if (options->value_type != KF_VALUES_U64 && options->duplicates > KF_DUPLICATES_LAST)
        return kfi_fail(error, KF_INVALID, "sum, min and max of duplicates need integer values");
    kfi_sorter *sorter = calloc(1, sizeof *sorter);
    if (!sorter) return kfi_fail_memory(error, sizeof *sorter);
    sorter->options = *options;
    sorter->sizes = (sort_sizes){
        .block_target = part_of(options->memory, 512, 512, 32 << 10),
        .smallest_buffer = part_of(options->memory, 256, 1 << 10, 64 << 10),
        .spool_buffer = part_of(options->memory, 64, 4 << 10, 256 << 10),
        .large_value = part_of(options->memory, 64, 256, 1 << 20),
        .early_spill = part_of(options->memory, 16, 1 << 10, 1 << 20)
    };
    sorter->fold.duplicates = options->duplicates;
    /* Sums may grow. */
    if (options->value_type == KF_VALUES_U64) sorter->longest_field = KFI_SORT_U64_MAX;
    kfi_sort_buffer_init(&sorter->buffer, options->memory, options->value_type);
    if (options->folder) {
        sorter->folder = copy_text(options->folder);
        if (!sorter->folder) {
            status = kfi_fail_memory(error, strlen(options->folder) + 1);
            goto out;
        }
    }
    *out = sorter;
    sorter = NULL;
out:
    kfi_sorter_destroy(&sorter);
    return status;
}

/* Frees all that pairs are kept in; the counts remain. */
static void release(kfi_sorter *sorter)
{
    kfi_sort_buffer_free(&sorter->buffer);
    kfi_sort_fold_free(&sorter->fold);
    kfi_run_writer_free(&sorter->writer);
    kfi_spool_reader_destroy(&sorter->large_reader);
    kfi_spool_destroy(&sorter->large);
    kfi_spool_destroy(&sorter->spool);
    free(sorter->runs);
    sorter->runs = NULL;
    sorter->run_count = sorter->run_capacity = 0;
}

void kfi_sorter_destroy(kfi_sorter **pointer)
{
    kfi_sorter *sorter = pointer ? *pointer : NULL;
    if (!sorter) return;
    release(sorter);
    free(sorter->folder);
    free(sorter);
    *pointer = NULL;
}

uint64_t kfi_sorter_added(const kfi_sorter *sorter)
{
    return sorter->added;
}

uint64_t kfi_sorter_dropped(const kfi_sorter *sorter)
{
    return sorter->fold.dropped;
}

/* ---- runs --------------------------------------------------------------------------------- */

/* What writing runs allocates besides the buffer or the merge that they come from. */
static uint64_t output_memory(const kfi_sorter *sorter)
{
    return kfi_run_writer_memory(sorter->sizes.block_target, sorter->longest_key, sorter->longest_field)
        + kfi_sort_fold_memory(sorter->longest_key, sorter->longest_field)
        + 2 * sorter->sizes.spool_buffer;
}

static kf_status create_spool(const kfi_sorter *sorter, kfi_spool **spool, kf_error *error)
{
    return kfi_spool_create(spool, sorter->folder, sorter->sizes.spool_buffer,
                            sorter->options.account, error);
}

/* Adds the writer's run to a list. */
static kf_status keep_run(kfi_run **runs, size_t *count, size_t *capacity, const kfi_run *run,
                          kf_error *error)
{
    if (*count == *capacity) {
        size_t larger = *capacity ? 2 * *capacity : 16;
        kfi_run *moved = realloc(*runs, larger * sizeof *moved);
        if (!moved) return kfi_fail_memory(error, larger * sizeof *moved);
        *runs = moved;
        *capacity = larger;
    }
    (*runs)[(*count)++] = *run;
    return KF_OK;
}

/* Writes all pairs of a source as a segment of the writer's run. */
static kf_status write_segment(kfi_sorter *sorter, kfi_sort_source source, kf_error *error)
{
    kf_status status = kfi_run_writer_segment(&sorter->writer, sorter->longest_key,
                                              sorter->longest_field, error);
    if (status) return status;
    status = kfi_sort_fold_all(&sorter->fold, source, sorter->longest_key, sorter->longest_field,
                               kfi_run_writer_put, &sorter->writer, error);
    return status ? status : kfi_run_writer_flush(&sorter->writer, error);
}

/* Whether the last run can go on with the buffer as it lies. */
static bool extends_run(const kfi_sorter *sorter)
{
    if (!sorter->writer.spool || !sorter->buffer.sorted || !sorter->buffer.count) return false;
    kf_bytes first = kfi_sort_buffer_first(&sorter->buffer);
    return kfi_sort_compare(sorter->writer.last_key, sorter->writer.last_size, first.data, first.size) <= 0;
}

/* Writes the buffer out: behind the last run, if its keys are all above that, or as a new one. */
static kf_status spill(kfi_sorter *sorter, kf_error *error)
{
    kfi_run_writer *writer = &sorter->writer;
    kf_status status = KF_OK;
    if (!sorter->spool) status = create_spool(sorter, &sorter->spool, error);
    if (!status) status = kfi_sort_buffer_order(&sorter->buffer, error);
    if (status) return status;
    kf_bytes first = kfi_sort_buffer_first(&sorter->buffer);
    if (!writer->spool) {
        kfi_run_writer_begin(writer, sorter->spool, sorter->sizes.block_target);
    } else if (kfi_sort_compare(writer->last_key, writer->last_size, first.data, first.size) > 0) {
        status = keep_run(&sorter->runs, &sorter->run_count, &sorter->run_capacity, &writer->run, error);
        if (status) return status;
        kfi_run_writer_begin(writer, sorter->spool, sorter->sizes.block_target);
    }
    status = write_segment(sorter, (kfi_sort_source){ kfi_sort_buffer_next, &sorter->buffer }, error);
    kfi_sort_buffer_reset(&sorter->buffer);
    return status;
}

/* ---- adding ------------------------------------------------------------------------------- */

static kf_status spool_large_value(kfi_sorter *sorter, kf_bytes value, uint8_t *head, size_t *size,
                                   kf_error *error)
{
    kf_status status = KF_OK;
    if (!sorter->large) status = create_spool(sorter, &sorter->large, error);
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
        if (value->size <= sorter->sizes.large_value) {
            *size = kfi_varint_write(head, (uint64_t)value->size << 1);
            return KF_OK;
        }
        if (value->size >> 62) return kfi_fail(error, KF_LIMIT, "value is too large");
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

kf_status kfi_sorter_add(kfi_sorter *sorter, kf_bytes key, kf_bytes value, kf_error *error)
{
    uint8_t head[KFI_SORT_FIELD_HEAD_MAX];
    size_t head_size;
    bool full;

    if (sorter->finished) return kfi_fail(error, KF_INVALID, "sorting has finished");
    if (key.size > KFI_SORT_KEY_MAX)
        return kfi_fail_key(error, KF_LIMIT, key, "key of %zu bytes is longer than %d", key.size,
                            KFI_SORT_KEY_MAX);
    kf_status status = make_field(sorter, &value, head, &head_size, error);
    if (status) return status;

    size_t field_size = head_size + value.size;
    if (key.size > sorter->longest_key || field_size > sorter->longest_field) {
        if (key.size > sorter->longest_key) sorter->longest_key = key.size;
        if (field_size > sorter->longest_field) sorter->longest_field = field_size;
        sorter->reserve = output_memory(sorter);
    }
    kf_bytes head_bytes = { head, head_size };
    if (sorter->buffer.used >= sorter->sizes.early_spill && extends_run(sorter)) {
        status = spill(sorter, error);
        if (status) return status;
    }
    status = kfi_sort_buffer_add(&sorter->buffer, key, head_bytes, value, sorter->reserve, &full, error);
    if (!status && full) {
        status = spill(sorter, error);
        if (!status)
            status = kfi_sort_buffer_add(&sorter->buffer, key, head_bytes, value, sorter->reserve,
                                         &full, error);
    }
    if (status) return status;
    sorter->added++;
    return KF_OK;
}

/* ---- finishing ---------------------------------------------------------------------------- */

static kf_status read_large_value(kfi_sorter *sorter, uint64_t offset, kf_bytes *value,
                                  kf_error *error)
{
    if (!sorter->large || offset > kfi_spool_size(sorter->large)
        || value->size > kfi_spool_size(sorter->large) - offset)
        return kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
    /* Sorted input reads on; otherwise, or when the last value left a huge buffer, start anew. */
    if (sorter->large_reader && sorter->large_position != offset)
        kfi_spool_reader_destroy(&sorter->large_reader);
    if (!sorter->large_reader) {
        kf_status status = kfi_spool_reader_create(&sorter->large_reader, sorter->large, offset,
                                                   sorter->sizes.smallest_buffer, error);
        if (status) return status;
    }
    sorter->large_position = offset + value->size;
    kf_status status = kfi_spool_reader_take(sorter->large_reader, value->size, &value->data, error);
    return status == KF_END ? kfi_fail(error, KF_CORRUPT, "a temporary file ends early") : status;
}

/* Hands a distinct pair to the caller's sink, its value as plain bytes. */
static kf_status give(void *context, const kfi_sort_pair *pair, kf_error *error)
{
    kfi_sorter *sorter = context;
    kf_bytes key = { pair->key, pair->key_size }, value = { NULL, 0 };
    uint8_t number[8];
    if (sorter->options.value_type == KF_VALUES_U64) {
        kfi_store64(number, kfi_sort_u64_get(pair->field));
        value = (kf_bytes){ number, 8 };
    } else if (sorter->options.value_type == KF_VALUES_BYTES) {
        const uint8_t *end = pair->field + pair->field_size;
        uint64_t head = 0, offset = 0;
        const uint8_t *body = kfi_sort_varint_get(pair->field, end, &head);
        value = (kf_bytes){ body, (size_t)(head >> 1) };
        if (head & 1) {
            kfi_sort_varint_get(body, end, &offset);
            kf_status status = read_large_value(sorter, offset, &value, error);
            if (status) return status;
        }
    }
    kf_status status = sorter->sink(sorter->sink_context, key, value, error);
    if (sorter->large_reader && value.size > sorter->sizes.large_value * 4)
        kfi_spool_reader_destroy(&sorter->large_reader);
    return status;
}

static kf_status fold_out(kfi_sorter *sorter, kfi_sort_source source, kf_error *error)
{
    sorter->fold.last_pass = true;
    return kfi_sort_fold_all(&sorter->fold, source, sorter->longest_key, sorter->longest_field, give,
                             sorter, error);
}

/* Replaces runs by the fewer runs that groups of them merge to, in a new spool. */
static kf_status merge_pass(kfi_sorter *sorter, uint64_t memory, kf_error *error)
{
    kfi_spool *spool = NULL;
    kfi_run *runs = NULL;
    kfi_merge *merge = NULL;
    size_t count = 0, capacity = 0;
    kf_status status = create_spool(sorter, &spool, error);
    for (size_t i = 0, n; !status && i < sorter->run_count; i += n) {
        n = kfi_merge_fan_in(sorter->runs + i, sorter->run_count - i, sorter->sizes.smallest_buffer,
                             memory);
        status = kfi_merge_create(&merge, sorter->runs + i, n, sorter->sizes.smallest_buffer, memory,
                                  sorter->options.value_type, error);
        if (status) break;
        kfi_run_writer_begin(&sorter->writer, spool, sorter->sizes.block_target);
        status = write_segment(sorter, (kfi_sort_source){ kfi_merge_next, merge }, error);
        kfi_merge_destroy(&merge);
        if (!status) status = keep_run(&runs, &count, &capacity, &sorter->writer.run, error);
    }
    if (!status) status = kfi_spool_finish(spool, error);
    if (status) goto out;
    kfi_spool_destroy(&sorter->spool);
    free(sorter->runs);
    sorter->spool = spool;
    sorter->runs = runs;
    sorter->run_count = count;
    sorter->run_capacity = capacity;
    spool = NULL;
    runs = NULL;
out:
    kfi_merge_destroy(&merge);
    kfi_spool_destroy(&spool);
    free(runs);
    return status;
}

static kf_status merge_runs(kfi_sorter *sorter, kf_error *error)
{
    kfi_merge *merge = NULL;
    uint64_t output = output_memory(sorter);
    uint64_t memory = sorter->options.memory > output ? sorter->options.memory - output : 0;
    size_t smallest = sorter->sizes.smallest_buffer;
    kf_status status = KF_OK;

    while (sorter->run_count > 2
           && kfi_merge_fan_in(sorter->runs, sorter->run_count, smallest, memory) < sorter->run_count) {
        status = merge_pass(sorter, memory, error);
        if (status) return status;
    }
    kfi_run_writer_free(&sorter->writer);
    status = kfi_merge_create(&merge, sorter->runs, sorter->run_count, smallest, memory,
                              sorter->options.value_type, error);
    if (!status) status = fold_out(sorter, (kfi_sort_source){ kfi_merge_next, merge }, error);
    kfi_merge_destroy(&merge);
    return status;
}

static kf_status finish_in_memory(kfi_sorter *sorter, kf_error *error)
{
    kf_status status = kfi_sort_buffer_order(&sorter->buffer, error);
    if (status) return status;
    return fold_out(sorter, (kfi_sort_source){ kfi_sort_buffer_next, &sorter->buffer }, error);
}

static kf_status finish_runs(kfi_sorter *sorter, kf_error *error)
{
    kf_status status = sorter->buffer.count ? spill(sorter, error) : KF_OK;
    kfi_sort_buffer_free(&sorter->buffer);
    if (!status)
        status = keep_run(&sorter->runs, &sorter->run_count, &sorter->run_capacity,
                          &sorter->writer.run, error);
    if (!status) status = kfi_spool_finish(sorter->spool, error);
    return status ? status : merge_runs(sorter, error);
}

kf_status kfi_sorter_finish(kfi_sorter *sorter, kfi_pair_sink sink, void *context, kf_error *error)
{
    kf_status status = KF_OK;
    if (sorter->finished) return kfi_fail(error, KF_INVALID, "sorting has finished");
    sorter->finished = true;
    sorter->sink = sink;
    sorter->sink_context = context;
    if (sorter->large) status = kfi_spool_finish(sorter->large, error);
    if (!status) status = sorter->spool ? finish_runs(sorter, error) : finish_in_memory(sorter, error);
    release(sorter);
    return status;
}
