#include "write/keys/node_writer.h"

enum { MOST_CHILDREN = 256 };

/* The parts of a node while it is being put together. Sums and offsets are as FORMAT.md 4.6 says. */
typedef struct node_plan {
    unsigned bigs, buckets;
    uint64_t big_sum[MOST_CHILDREN], small_before[MOST_CHILDREN], big_offset[MOST_CHILDREN];
    uint64_t bucket_sum[MOST_CHILDREN], bucket_offset[MOST_CHILDREN], path_offset[MOST_CHILDREN + 1];
    uint8_t big_label[MOST_CHILDREN], bucket_label[MOST_CHILDREN];
    int has_paths;
    size_t paths_size;
} node_plan;

static kf_status encode_paths(kfi_key_coder *coder, const kfi_laid_state *state, node_plan *plan,
                              kfi_array *out, kf_error *error)
{
    kf_status status = KF_OK;
    for (unsigned i = 0; i < plan->bigs; i++) plan->has_paths |= state->bigs[i].path_size > 0;
    for (unsigned i = 0; !status && plan->has_paths && i < plan->bigs; i++) {
        plan->path_offset[i] = out->size;
        status = kfi_path_encode(coder, state->bigs[i].label, state->text + state->bigs[i].path,
                                 state->bigs[i].path_size, out, error);
    }
    plan->paths_size = plan->path_offset[plan->bigs] = out->size;
    return status;
}

/* Packs whole edges (runs of entries that begin with one of lcp 0) into buckets, as full as they get. */
static kf_status encode_buckets(kfi_key_coder *coder, const kfi_laid_state *state, node_plan *plan,
                                kfi_array *out, kf_error *error)
{
    const kfi_bucket_entry *e = state->entries;
    uint32_t begin = 0, end = 0;
    uint64_t keys = 0;
    kf_status status = KF_OK;
    unsigned big = 0;
    while (!status && begin < state->entry_count) {
        uint32_t next = begin;
        unsigned bucket = plan->buckets++;
        plan->bucket_label[bucket] = state->text[e[begin].offset];
        plan->bucket_offset[bucket] = out->size - plan->paths_size;
        for (end = begin; end < state->entry_count; end = next) {
            for (next = end + 1; next < state->entry_count && e[next].lcp; next++) {}
            if (next - begin > KFI_BUCKET_ENTRIES) break;
            for (; big < plan->bigs && plan->big_label[big] < state->text[e[end].offset]; big++)
                plan->small_before[big] = keys;
            for (uint32_t i = end; i < next; i++) keys += e[i].keys;
        }
        plan->bucket_sum[bucket] = keys;
        status = kfi_bucket_encode(coder, e + begin, end - begin, state->text, 0, out, error);
        begin = end;
    }
    for (; big < plan->bigs; big++) plan->small_before[big] = keys;
    return status;
}

static unsigned width_of(const uint64_t *values, unsigned count, unsigned least)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < count; i++)
        if (values[i] > most) most = values[i];
    unsigned width = kfi_byte_width(most);
    return width < least ? least : width;
}

static void put_bytes(kfi_array *out, const uint8_t *bytes, unsigned count)
{
    memcpy(out->data + out->size, bytes, count);
    out->size += count;
}

static void put_number(kfi_array *out, uint64_t value, unsigned width)
{
    uint8_t bytes[8];
    kfi_store64(bytes, value);
    put_bytes(out, bytes, width);
}

static void put_header(const node_plan *p, int final, kfi_array *out)
{
    unsigned inner = p->buckets ? p->buckets - 1 : 0;
    unsigned big_width = width_of(p->big_offset, p->bigs, 1);
    unsigned count_width = width_of(p->big_sum, p->bigs, 1);
    unsigned small_width = width_of(p->bucket_sum, p->buckets, 0);
    unsigned bucket_width = width_of(p->bucket_offset, p->buckets, 1);
    unsigned path_width = p->has_paths ? width_of(p->path_offset, p->bigs + 1, 1) : 0;
    unsigned path_code = path_width < 3 ? path_width : 3;
    uint8_t fixed[KFI_NODE_FIXED] = {
        (uint8_t)(0x80 | final << 6 | (big_width - 1) << 3 | (count_width - 1)),
        (uint8_t)(small_width << 3 | path_code << 1 | p->bigs >> 8),
        (uint8_t)p->bigs,
        (uint8_t)p->buckets,
        (uint8_t)(p->buckets >> 8 << 3 | (bucket_width - 1)),
    };
    put_bytes(out, fixed, KFI_NODE_FIXED);
    put_bytes(out, p->big_label, p->bigs);
    put_bytes(out, p->bucket_label + 1, inner);
    for (unsigned i = 0; i < p->bigs; i++) {
        put_number(out, p->small_before[i], small_width);
        put_number(out, p->big_offset[i], big_width);
        put_number(out, p->big_sum[i], count_width);
    }
    for (unsigned j = 0; j < inner; j++) {
        put_number(out, p->bucket_sum[j], small_width);
        put_number(out, p->bucket_offset[j + 1], bucket_width);
    }
    for (unsigned i = 0; p->has_paths && i <= p->bigs; i++)
        put_number(out, p->path_offset[i], path_code == 3 ? 4 : path_code);
}

kf_status kfi_node_encode(kfi_key_coder *coder, const kfi_laid_state *state, uint64_t position,
                          kfi_array *scratch, kfi_array *out, kf_error *error)
{
    node_plan plan;
    uint64_t sum = 0;
    plan.bigs = state->big_count;
    plan.buckets = 0;
    plan.has_paths = 0;
    for (unsigned i = 0; i < plan.bigs; i++) {
        plan.big_label[i] = state->bigs[i].label;
        plan.big_offset[i] = position - state->bigs[i].address;
        plan.big_sum[i] = sum += state->bigs[i].keys;
    }
    scratch->size = 0;
    kf_status status = encode_paths(coder, state, &plan, scratch, error);
    if (!status) status = encode_buckets(coder, state, &plan, scratch, error);
    if (!status) status = kfi_array_reserve(out, KFI_NODE_FIXED + MOST_CHILDREN * (2 + 6 * 8), error);
    if (status) return status;
    put_header(&plan, state->final, out);
    return kfi_array_append(out, scratch->data, scratch->size, error);
}
