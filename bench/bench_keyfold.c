/* keyfold itself, through its public interface alone. Commands and figures are those of common.h, and
 *   batch_ns      one key of kf_dict_ordinal_many in batches of BATCH
 *   key_at_ns     ordinal -> key
 *   count_ns      kf_dict_prefix_range: how many keys begin with the first half of a hit
 *   value_at_ns   ordinal -> value, random ordinals
 * For a set of pairs hit_ns and miss_ns are those of the value, as with every other peer, and ordinal_ns
 * is the key alone. */
#include <keyfold/keyfold.h>

#include "common.h"

enum { BATCH = 1024 };

typedef struct context {
    kf_dict *dict;
    kf_buffer buffer;
    enum bench_values values;
    kf_iter *iter;   /* used again for every list, as the peers' cursors are */
} context;

static void must(kf_status status, const kf_error *error, const char *what)
{
    if (status != KF_OK)
        bench_die(what, error != NULL && error->message[0] ? error->message : kf_status_name(status));
}

/* ---- lookups ---- */

static uint64_t lookup_ordinal(void *context_, const char *key, size_t size)
{
    const context *c = context_;
    uint64_t ordinal;
    return kf_dict_ordinal(c->dict, key, size, &ordinal) == KF_OK ? ordinal : BENCH_NOTHING;
}

static uint64_t lookup_number(void *context_, const char *key, size_t size)
{
    const context *c = context_;
    uint64_t value;
    return kf_dict_get_u64(c->dict, key, size, &value) == KF_OK ? value : BENCH_NOTHING;
}

static uint64_t lookup_text(void *context_, const char *key, size_t size)
{
    context *c = context_;
    kf_bytes value;
    if (kf_dict_get(c->dict, key, size, &c->buffer, &value) != KF_OK)
        return BENCH_NOTHING;
    return bench_hash(value.data, value.size);
}

static uint64_t touch_text(void *context_, const char *key, size_t size)
{
    context *c = context_;
    kf_bytes value;
    if (kf_dict_get(c->dict, key, size, &c->buffer, &value) != KF_OK)
        return BENCH_NOTHING;
    return value.size + (value.size ? value.data[0] : 0u);
}

static uint64_t count_prefix(void *context_, const char *prefix, size_t size)
{
    const context *c = context_;
    uint64_t first = 0, count = 0;
    return kf_dict_prefix_range(c->dict, prefix, (size + 1) / 2, &first, &count) == KF_OK ? count : 0;
}

static uint64_t list_prefix(void *context_, const char *prefix, size_t size)
{
    context *c = context_;
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_entry entries[BENCH_LISTED];
    size_t count;
    uint64_t n = 0;
    options.prefix.data = (const uint8_t *)prefix;
    options.prefix.size = size;
    options.limit = BENCH_LISTED;
    must(kf_iter_reset(&c->iter, c->dict, &options, NULL), NULL, "iterator");
    while (kf_iter_next_many(c->iter, entries, BENCH_LISTED, &count) == KF_OK)
        n += count;
    return n;
}

static uint64_t enumerate(void *context_)
{
    context *c = context_;
    kf_entry entries[256];
    size_t count;
    uint64_t n = 0, bytes = 0;
    must(kf_iter_reset(&c->iter, c->dict, NULL, NULL), NULL, "iterator");
    while (kf_iter_next_many(c->iter, entries, 256, &count) == KF_OK) {
        n += count;
        for (size_t i = 0; i < count; i++)
            bytes += entries[i].key.size;
    }
    return bytes ? n : 0;
}

/* ---- figures that only keyfold has ---- */

static double time_batches(const context *c, const bench_queries *q, int rounds, uint64_t *wrong)
{
    kf_bytes *keys = malloc((q->count + 1) * sizeof *keys);
    uint64_t *ordinals = malloc((q->count + 1) * sizeof *ordinals);
    double samples[64];
    if (keys == NULL || ordinals == NULL)
        bench_die("batches", "out of memory");
    for (size_t i = 0; i < q->count; i++)
        keys[i] = (kf_bytes){(const uint8_t *)q->keys[i], q->sizes[i]};
    for (int r = 0; r <= rounds && r <= 64; r++) {
        double start = bench_cpu();
        for (size_t i = 0; i < q->count; i += BATCH) {
            size_t n = q->count - i < BATCH ? q->count - i : BATCH;
            must(kf_dict_ordinal_many(c->dict, keys + i, n, ordinals + i, NULL), NULL, "batch");
        }
        if (r > 0)
            samples[r - 1] = (bench_cpu() - start) * 1e9 / (double)(q->count ? q->count : 1);
    }
    for (size_t i = 0; i < q->count; i++)
        *wrong += ordinals[i] != lookup_ordinal((void *)(uintptr_t)c, q->keys[i], q->sizes[i]);
    free(keys);
    free(ordinals);
    return bench_median(samples, (size_t)(rounds < 64 ? rounds : 64));
}

static kf_status visit(context *c, uint64_t ordinal, int want_value, uint64_t *sum)
{
    kf_bytes bytes = {NULL, 0};
    uint64_t number = 0;
    kf_status status;
    if (!want_value)
        status = kf_dict_key_at(c->dict, ordinal, &c->buffer, &bytes);
    else if (c->values == BENCH_U64)
        status = kf_dict_u64_at(c->dict, ordinal, &number);
    else
        status = kf_dict_value_at(c->dict, ordinal, &c->buffer, &bytes);
    *sum += number + bytes.size;
    return status;
}

/* The median of three passes over random ordinals. */
static double time_ordinals(context *c, size_t count, int want_value)
{
    uint64_t keys = kf_dict_count(c->dict), sum = 0, random = 0;
    double samples[3];
    for (int r = 0; r < 3; r++) {
        double start = bench_cpu();
        for (size_t i = 0; i < count; i++) {
            uint64_t ordinal = bench_random_below(&random, keys);
            must(visit(c, ordinal, want_value, &sum), NULL, "ordinal");
        }
        samples[r] = (bench_cpu() - start) * 1e9 / (double)(count ? count : 1);
    }
    return sum ? bench_median(samples, 3) : 0;
}

/* ---- commands ---- */

static int open_and_close(const char *path)
{
    kf_dict *dict = NULL;
    kf_status status = kf_dict_open(&dict, path, NULL, NULL);
    kf_dict_close(&dict);
    return status == KF_OK;
}

static void add_all(kf_builder *builder, bench_reader *reader, kf_error *error)
{
    while (bench_reader_next(reader)) {
        kf_status status;
        if (reader->values == BENCH_U64)
            status = kf_builder_add_u64(builder, reader->key, reader->key_size, reader->number, error);
        else
            status = kf_builder_add(builder, reader->key, reader->key_size, reader->value, reader->value_size,
                                    error);
        must(status, error, "add");
    }
}

static void build(const bench_command *command)
{
    static const kf_value_type types[] = {KF_VALUES_NONE, KF_VALUES_U64, KF_VALUES_BYTES};
    double cpu = bench_process_cpu(), wall = bench_wall();
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_builder *builder = NULL;
    kf_error error = {0};
    bench_reader reader;

    options.value_type = types[command->values];
    options.memory_limit = command->memory;
    if (!strcmp(command->variant, "keyfold-filter")) options.flags = KF_BUILD_FILTER;
    must(kf_builder_create(&builder, command->output, &options, &error), &error, "create");
    bench_reader_open(&reader, command->input, command->values);
    add_all(builder, &reader, &error);
    must(kf_builder_finish(builder, &report, &error), &error, "finish");
    kf_builder_destroy(&builder);
    bench_json_built(report.keys, bench_file_size(command->output), cpu, wall);
    bench_json_count("states", report.states);
    bench_json_count("states_extra", report.states_extra);
    bench_json_count("temporary_peak", report.temporary_peak);
}

static void print_sizes(const kf_dict *dict)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    if (kf_dict_get_stat(dict, &stat) != KF_OK)
        return;
    bench_json_count("key_bytes", stat.key_bytes);
    bench_json_count("token_bytes", stat.token_bytes);
    bench_json_count("shared_bytes", stat.shared_bytes);
    bench_json_count("value_bytes", stat.value_bytes);
    bench_json_count("checksum_bytes", stat.checksum_bytes);
    bench_json_count("value_encoding", stat.value_encoding);
}

static void query(const bench_command *command)
{
    bench_query_file queries;
    bench_queries *hits = &queries.hits;
    kf_error error = {0};
    context c = {NULL, KF_BUFFER_INIT, command->values, NULL};
    int rounds = command->rounds;
    uint64_t wrong = 0;

    bench_queries_load(&queries, command->input);
    bench_json_open(open_and_close, command->output);
    must(kf_dict_open(&c.dict, command->output, NULL, &error), &error, "open");
    print_sizes(c.dict);
    if (c.values == BENCH_BYTES)
        bench_json_values(&queries, rounds, lookup_text, touch_text, &c);
    else
        bench_json_lookups(&queries, rounds, BENCH_EXACT,
                           c.values == BENCH_U64 ? lookup_number : lookup_ordinal, &c);
    if (c.values != BENCH_NONE) {
        uint64_t ignored = 0;
        bench_json_number("ordinal_ns", bench_time_lookups(hits, rounds, BENCH_PRESENCE, lookup_ordinal, &c,
                                                           &ignored));
        bench_json_number("value_at_ns", time_ordinals(&c, hits->count, 1));
    }
    bench_json_number("batch_ns", time_batches(&c, hits, rounds, &wrong));
    bench_json_number("batch_miss_ns", time_batches(&c, &queries.misses, rounds, &wrong));
    bench_json_count("batch_wrong", wrong);
    bench_json_number("count_ns", bench_time_lookups(hits, rounds, BENCH_PRESENCE, count_prefix, &c, &wrong));
    bench_json_prefixes(hits, rounds, list_prefix, &c);
    bench_json_number("key_at_ns", time_ordinals(&c, hits->count, 0));
    bench_json_enumerate(enumerate, &c, queries.corpus_keys);
    kf_iter_destroy(&c.iter);
    kf_buffer_free(&c.buffer);
    kf_dict_close(&c.dict);
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    bench_json_begin(command.variant);
    if (command.building)
        build(&command);
    else
        query(&command);
    bench_json_end();
    return 0;
}
