#include "write/values/packed_writer.h"

#include <stdlib.h>

enum {
    SPOOL_BUFFER = 1 << 16,
    /* A block's payload: base and slope, then two fields of at most 64 bits a value. */
    PAYLOAD_MOST = 32 + KFI_PACKED_MAP + 2 * 8 * KFI_PACKED_BLOCK,
    LINEAR_BITS = 48   /* larger values could overflow a slope's product */
};

struct kfi_packed_writer {
    kfi_spool *payload, *directory;   /* NULL: only count */
    uint64_t payload_size, blocks;
    uint64_t values[KFI_PACKED_BLOCK];
    unsigned fill, base_bytes;
    int linear;                       /* all values are small enough for LINEAR */
    uint8_t *scratch;
};

kf_status kfi_packed_counter_create(kfi_packed_writer **out, uint64_t most, kf_error *error)
{
    *out = NULL;
    kfi_packed_writer *writer = calloc(1, sizeof *writer + PAYLOAD_MOST);
    if (!writer) return kfi_fail_memory(error, sizeof *writer + PAYLOAD_MOST);
    writer->scratch = (uint8_t *)(writer + 1);
    unsigned bits = kfi_bit_width(most);
    writer->base_bytes = bits ? bits / 8 + 1 : 0;   /* one bit more than the values: a sign */
    if (writer->base_bytes > 8) writer->base_bytes = 8;
    writer->linear = bits <= LINEAR_BITS;
    *out = writer;
    return KF_OK;
}

kf_status kfi_packed_writer_create(kfi_packed_writer **out, uint64_t most, const char *folder,
                                   kfi_disk_account *account, kf_error *error)
{
    kfi_packed_writer *writer = NULL;
    kf_status status = kfi_packed_counter_create(&writer, most, error);
    if (!status) status = kfi_spool_create(&writer->payload, folder, SPOOL_BUFFER, account, error);
    if (!status) status = kfi_spool_create(&writer->directory, folder, SPOOL_BUFFER, account, error);
    if (status) kfi_packed_writer_destroy(&writer);
    *out = writer;
    return status;
}

int kfi_packed_writer_stores(const kfi_packed_writer *writer) { return writer->payload != NULL; }

void kfi_packed_writer_destroy(kfi_packed_writer **writer)
{
    if (!writer || !*writer) return;
    kfi_spool_destroy(&(*writer)->payload);
    kfi_spool_destroy(&(*writer)->directory);
    free(*writer);
    *writer = NULL;
}

/* ---- measuring a block's modes ------------------------------------------------------------- */

typedef struct block_plan {
    unsigned mode, width, m;
    uint64_t base, slope;
    uint64_t distinct[KFI_PACKED_BLOCK];   /* RUNS, LOCAL: the m values */
    uint8_t index[KFI_PACKED_BLOCK];       /* LOCAL */
    uint64_t size;
} block_plan;

static uint64_t bytes_for(unsigned count, unsigned width)
{
    return ((uint64_t)count * width + 7) / 8;
}

/* Fewer distinct values than this share of a block may be worth a table of them. */
enum { LOCAL_MOST = KFI_PACKED_BLOCK / 2, LOCAL_CELLS = 4 * LOCAL_MOST };

/* The distinct values of a block, found by hashing. */
typedef struct local_values {
    uint64_t value[LOCAL_MOST];            /* in order of appearance, then ascending */
    uint8_t rank[LOCAL_MOST];              /* in ascending order, by appearance */
    uint8_t cell[LOCAL_CELLS];             /* 1 + which one; 0: free */
    unsigned count;
} local_values;

static uint8_t *local_find(local_values *local, uint64_t value)
{
    unsigned i = (unsigned)(value * 0x9E3779B97F4A7C15u >> 56) % LOCAL_CELLS;
    while (local->cell[i] && local->value[local->cell[i] - 1] != value) i = (i + 1) % LOCAL_CELLS;
    return local->cell + i;
}

/* Returns 0 when there are more than `most`. */
static int local_collect(local_values *local, const uint64_t *values, unsigned count, unsigned most)
{
    local->count = 0;
    memset(local->cell, 0, sizeof local->cell);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *cell = local_find(local, values[i]);
        if (*cell) continue;
        if (local->count == most) return 0;
        local->value[local->count] = values[i];
        *cell = (uint8_t)++local->count;
    }
    return 1;
}

static void local_sort(local_values *local, uint64_t *sorted)
{
    uint8_t order[LOCAL_MOST];
    for (unsigned i = 0; i < local->count; i++) {
        unsigned j = i;
        for (; j && sorted[j - 1] > local->value[i]; j--) {
            sorted[j] = sorted[j - 1];
            order[j] = order[j - 1];
        }
        sorted[j] = local->value[i];
        order[j] = (uint8_t)i;
    }
    for (unsigned i = 0; i < local->count; i++) local->rank[order[i]] = (uint8_t)i;
}

static uint64_t local_size(unsigned n, unsigned distinct, unsigned width, unsigned base_bytes)
{
    return base_bytes + bytes_for(distinct, width) + bytes_for(n, kfi_bit_width(distinct - 1));
}

static void plan_local(const uint64_t *values, unsigned n, const uint64_t *runs, unsigned run_count,
                       unsigned width, unsigned base_bytes, block_plan *plan)
{
    local_values local;
    unsigned most = LOCAL_MOST;
    while (most >= 2 && local_size(n, most, width, base_bytes) >= plan->size) most--;
    if (most < 2 || !local_collect(&local, runs, run_count, most)) return;
    plan->mode = KFI_PACKED_LOCAL;
    plan->m = local.count;
    plan->size = local_size(n, local.count, width, base_bytes);
    local_sort(&local, plan->distinct);
    for (unsigned i = 0; i < n; i++) plan->index[i] = local.rank[*local_find(&local, values[i]) - 1];
}

static void plan_linear(const uint64_t *values, unsigned n, unsigned base_bytes, block_plan *plan)
{
    if (n < 3 || values[n - 1] <= values[0]) return;
    uint64_t slope = ((values[n - 1] - values[0]) << KFI_PACKED_SLOPE_SHIFT) / (n - 1);
    int64_t least = 0, most = 0;
    for (unsigned i = 0; i < n; i++) {
        int64_t rest = (int64_t)(values[i] - values[0]) - (int64_t)(slope * i >> KFI_PACKED_SLOPE_SHIFT);
        if (rest < least) least = rest;
        if (rest > most) most = rest;
    }
    unsigned width = kfi_packed_width((uint64_t)(most - least));
    unsigned slope_bytes = base_bytes < 8 ? base_bytes + 1 : 8;
    uint64_t size = base_bytes + slope_bytes + bytes_for(n, width);
    uint64_t base = values[0] + (uint64_t)least;
    unsigned shift = 64 - 8 * base_bytes;
    if (size >= plan->size || (uint64_t)((int64_t)(base << shift) >> shift) != base) return;
    plan->mode = KFI_PACKED_LINEAR;
    plan->width = width;
    plan->base = base;
    plan->slope = slope;
    plan->size = size;
}

static void plan_block(const kfi_packed_writer *writer, block_plan *plan)
{
    const uint64_t *values = writer->values;
    unsigned n = writer->fill, runs = 0;
    uint64_t least = values[0], most = values[0], starts[KFI_PACKED_BLOCK];
    for (unsigned i = 0; i < n; i++) {
        if (values[i] < least) least = values[i];
        if (values[i] > most) most = values[i];
        starts[runs] = values[i];
        runs += i + 1 == n || values[i + 1] != values[i];
    }
    plan->mode = KFI_PACKED_OFFSET;
    plan->m = 1;
    plan->base = least;
    plan->width = kfi_packed_width(most - least);
    plan->size = writer->base_bytes + bytes_for(n, plan->width);
    if (!plan->width) return;
    unsigned width = plan->width;
    uint64_t runs_size = writer->base_bytes + KFI_PACKED_MAP + bytes_for(runs, width);
    if (runs_size < plan->size) {
        plan->mode = KFI_PACKED_RUNS;
        plan->m = runs;
        plan->size = runs_size;
        memcpy(plan->distinct, starts, runs * sizeof *starts);
    }
    plan_local(values, n, starts, runs, width, writer->base_bytes, plan);
    if (writer->linear) plan_linear(values, n, writer->base_bytes, plan);
}

/* ---- writing a block ----------------------------------------------------------------------- */

/* ORs a field into zeroed bytes. */
static void put_bits(uint8_t *out, uint64_t bit, uint64_t value)
{
    uint8_t *p = out + (bit >> 3);
    kfi_store64(p, kfi_load64(p) | value << (bit & 7));
}

static uint8_t *put_deltas(uint8_t *out, const uint64_t *values, unsigned count, uint64_t base,
                           unsigned width)
{
    for (unsigned i = 0; i < count && width; i++)
        put_bits(out, (uint64_t)i * width, values[i] - base);
    return out + bytes_for(count, width);
}

static void write_payload(kfi_packed_writer *writer, const block_plan *plan)
{
    uint8_t *p = writer->scratch, word[8];
    unsigned n = writer->fill;
    memset(p, 0, PAYLOAD_MOST);
    kfi_store64(word, plan->base);
    memcpy(p, word, writer->base_bytes);
    p += writer->base_bytes;
    switch (plan->mode) {
    case KFI_PACKED_OFFSET:
        put_deltas(p, writer->values, n, plan->base, plan->width);
        break;
    case KFI_PACKED_RUNS:
        for (unsigned i = 1; i < n; i++)
            if (writer->values[i] != writer->values[i - 1]) p[i / 8] |= (uint8_t)(1u << (i % 8));
        put_deltas(p + KFI_PACKED_MAP, plan->distinct, plan->m, plan->base, plan->width);
        break;
    case KFI_PACKED_LOCAL:
        p = put_deltas(p, plan->distinct, plan->m, plan->base, plan->width);
        for (unsigned i = 0, width = kfi_bit_width(plan->m - 1); i < n; i++)
            put_bits(p, (uint64_t)i * width, plan->index[i]);
        break;
    default:
        kfi_store64(word, plan->slope);
        memcpy(p, word, writer->base_bytes < 8 ? writer->base_bytes + 1 : 8);
        p += writer->base_bytes < 8 ? writer->base_bytes + 1 : 8;
        for (unsigned i = 0; i < n && plan->width; i++)
            put_bits(p, (uint64_t)i * plan->width, writer->values[i] - plan->base
                     - (plan->slope * i >> KFI_PACKED_SLOPE_SHIFT));
    }
}

static kf_status end_block(kfi_packed_writer *writer, kf_error *error)
{
    block_plan plan;
    kf_status status = KF_OK;
    plan_block(writer, &plan);
    if (writer->payload) {
        uint8_t entry[8];
        write_payload(writer, &plan);
        kfi_store64(entry, plan.width | (uint64_t)plan.mode << 7 | (uint64_t)(plan.m - 1) << 10
                           | writer->payload_size << 17);
        status = kfi_spool_write(writer->directory, entry, sizeof entry, error);
        if (!status) status = kfi_spool_write(writer->payload, writer->scratch, plan.size, error);
    }
    writer->payload_size += plan.size;
    writer->blocks++;
    writer->fill = 0;
    return status;
}

kf_status kfi_packed_writer_add(kfi_packed_writer *writer, uint64_t value, kf_error *error)
{
    writer->values[writer->fill++] = value;
    return writer->fill == KFI_PACKED_BLOCK ? end_block(writer, error) : KF_OK;
}

uint64_t kfi_packed_writer_size(const kfi_packed_writer *writer)
{
    block_plan plan;
    uint64_t size = writer->payload_size + writer->blocks * 8;
    if (!writer->fill) return size;
    plan_block(writer, &plan);
    return size + plan.size + 8;
}

/* ---- finishing ----------------------------------------------------------------------------- */

kf_status kfi_append_spool(kfi_writer *out, const kfi_spool *spool, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    kf_status status = kfi_spool_reader_create(&reader, spool, 0, SPOOL_BUFFER, error);
    for (uint64_t left = kfi_spool_size(spool); left && !status;) {
        size_t part = left < SPOOL_BUFFER ? (size_t)left : SPOOL_BUFFER;
        const uint8_t *data;
        status = kfi_spool_reader_take(reader, part, &data, error);
        if (!status) status = kfi_writer_write(out, data, part, error);
        left -= part;
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

kf_status kfi_packed_writer_finish(kfi_packed_writer *writer, kfi_writer *out,
                                   kfi_packed_descriptor *descriptor, kf_error *error)
{
    static const uint8_t zeros[8];
    kf_status status = writer->fill ? end_block(writer, error) : KF_OK;
    if (!status) status = kfi_spool_finish(writer->payload, error);
    if (!status) status = kfi_spool_finish(writer->directory, error);
    if (status) return status;
    descriptor->base_bytes = (uint8_t)writer->base_bytes;
    descriptor->payload_size = writer->payload_size;
    descriptor->payload_offset = kfi_writer_position(out);
    status = kfi_append_spool(out, writer->payload, error);
    /* The directory is aligned, so that an entry never straddles two cache lines. */
    if (!status)
        status = kfi_writer_write(out, zeros, (8 - kfi_writer_position(out) % 8) % 8, error);
    descriptor->directory_offset = kfi_writer_position(out);
    if (!status) status = kfi_append_spool(out, writer->directory, error);
    return status;
}
