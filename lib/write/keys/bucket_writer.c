#include "write/keys/bucket_writer.h"

#include "base/varint.h"
#include "write/keys/bit_writer.h"

#include <stdlib.h>

void kfi_key_coder_free(kfi_key_coder *coder)
{
    kfi_array_free(&coder->codes);
    kfi_array_free(&coder->counts);
}

static unsigned code_bits(const kfi_key_coder *coder)
{
    return coder->parameters->character_bits ? coder->parameters->character_bits
                                             : kfi_token_encoder_bits(coder->tokens);
}

/* Appends the codes of `text` to coder->codes. */
static kf_status append_codes(kfi_key_coder *coder, unsigned before, const uint8_t *text, size_t size,
                              uint32_t *count, kf_error *error)
{
    size_t codes_count = size;
    *count = 0;
    if (!size) return KF_OK;
    kf_status status = kfi_array_reserve(&coder->codes, size * sizeof(uint16_t), error);
    if (status) return status;
    uint16_t *codes = (uint16_t *)(void *)(coder->codes.data + coder->codes.size);
    if (coder->parameters->character_bits) {
        for (size_t i = 0; i < size; i++) codes[i] = coder->character_code[text[i]];
    } else {
        status = kfi_token_encode(coder->tokens, before, text, size, codes, &codes_count, error);
    }
    *count = (uint32_t)codes_count;
    coder->codes.size += codes_count * sizeof(uint16_t);
    return status;
}

static kf_status put_codes(kfi_bit_writer *w, const kfi_key_coder *coder, kf_error *error)
{
    const uint16_t *codes = (const uint16_t *)(const void *)coder->codes.data;
    size_t n = coder->codes.size / sizeof(uint16_t);
    unsigned bits = code_bits(coder);
    kf_status status = kfi_array_reserve(w->out, n * bits / 8 + 8, error);
    for (size_t i = 0; !status && i < n; i++) kfi_bits_put(w, codes[i], bits);
    return status;
}

kf_status kfi_path_encode(kfi_key_coder *coder, uint8_t label, const uint8_t *text, size_t size, kfi_array *out,
                          kf_error *error)
{
    uint32_t count;
    uint8_t head[KFI_VARINT_MAX];
    coder->codes.size = 0;
    kf_status status = append_codes(coder, label, text, size, &count, error);
    if (!status) status = kfi_array_append(out, head, kfi_varint_write(head, count), error);
    kfi_bit_writer w = { out, 0 };
    if (!status) status = put_codes(&w, coder, error);
    return status;
}

/* ---- longest common prefixes ---------------------------------------------------------------- */

typedef struct lcp_plan {
    unsigned mode, width, distinct;
    uint32_t table[KFI_BUCKET_ENTRIES];
    uint8_t index[KFI_BUCKET_ENTRIES];
} lcp_plan;

/* The distinct ones in ascending order; they are few, and many are equal. */
static unsigned sort_distinct(const kfi_bucket_entry *entries, unsigned count, uint32_t *table)
{
    unsigned distinct = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t lcp = entries[i].lcp;
        unsigned at = distinct;
        while (at && table[at - 1] > lcp) at--;
        if (at && table[at - 1] == lcp) continue;
        memmove(table + at + 1, table + at, (distinct++ - at) * sizeof *table);
        table[at] = lcp;
    }
    return distinct;
}

static void lcp_plan_make(lcp_plan *plan, const kfi_bucket_entry *entries, unsigned count)
{
    uint32_t most = 0;
    for (unsigned i = 0; i < count; i++)
        if (entries[i].lcp > most) most = entries[i].lcp;
    const unsigned distinct = plan->distinct = sort_distinct(entries, count, plan->table);

    unsigned direct = kfi_bit_width(most);
    unsigned indexed = kfi_bit_width(distinct - 1);
    if (!indexed) indexed = 1;
    plan->mode = plan->width = direct;
    if (most > 255) {
        plan->mode = KFI_LCP_WIDE;
        plan->width = 6;
    } else if (indexed <= 4 && 8 + distinct * 8 + (count * indexed + 7) / 8 * 8 < (count * direct + 7) / 8 * 8) {
        plan->mode = KFI_LCP_INDEX1 - 1 + indexed;
        plan->width = indexed;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned at = 0;
        if (plan->mode <= KFI_LCP_BYTE) at = entries[i].lcp;
        else while (plan->table[at] != entries[i].lcp) at++;
        plan->index[i] = (uint8_t)at;
    }
}

static void lcp_write(const lcp_plan *plan, unsigned count, kfi_bit_writer *w)
{
    if (plan->mode > KFI_LCP_BYTE) {
        kfi_bits_put(w, plan->distinct - 1, 8);
        for (unsigned i = 0; i < plan->distinct; i++)
            kfi_bits_put(w, plan->table[i], plan->mode == KFI_LCP_WIDE ? 32 : 8);
    }
    for (unsigned i = 0; i < count; i++) kfi_bits_put(w, plan->index[i], plan->width);
}

/* ---- references ------------------------------------------------------------------------------- */

typedef struct jump_plan {
    unsigned jumps, sums, targets, reference_bits, index_bits, residual_bits;
    int indexed, residual, table;
    uint64_t slope;
    int64_t base;
    uint64_t reference[KFI_BUCKET_ENTRIES];
    uint64_t target[KFI_BUCKET_ENTRIES], target_extra[KFI_BUCKET_ENTRIES];
    uint8_t index[KFI_BUCKET_ENTRIES];
    uint64_t residuals[KFI_BUCKET_ENTRIES + 1];
} jump_plan;

static void jump_sums(jump_plan *p, const uint64_t *extra)
{
    uint64_t total = 0;
    for (unsigned j = 0; j + 1 < p->sums; j++) total += extra[j];
    p->slope = p->sums > 1 ? total / (p->sums - 1) : 0;
    int64_t least = 0, most = 0;
    uint64_t before = 0;
    for (unsigned j = 0; j < p->sums; j++) {
        int64_t residual = (int64_t)(before - p->slope * j);
        if (residual < least) least = residual;
        if (residual > most) most = residual;
        p->residuals[j] = (uint64_t)residual;
        if (j < p->jumps) before += extra[j];
    }
    p->residual = least != 0 || most != 0;
    p->base = least;
    p->residual_bits = kfi_bit_width((uint64_t)(most - least));
    for (unsigned j = 0; j < p->sums; j++) p->residuals[j] -= (uint64_t)least;
}

/* Bits of the header and fields by which jump sums are found without a table. */
static uint64_t sums_cost(const jump_plan *p)
{
    uint8_t bytes[KFI_VARINT_MAX];
    uint64_t zigzag = (uint64_t)p->base << 1 ^ (p->base < 0 ? ~0ull : 0);
    uint64_t cost = 8 * kfi_varint_write(bytes, p->slope);
    if (p->residual) cost += 8 + 8 * kfi_varint_write(bytes, zigzag) + p->sums * p->residual_bits;
    return cost;
}

/* Direct references, or an index into the targets, whose extras may be in a table: the smallest. */
static void choose_references(jump_plan *p, uint64_t most_extra)
{
    uint64_t direct = p->jumps * p->reference_bits;
    uint64_t indexed = 8 + p->targets * p->reference_bits + (p->jumps * p->index_bits + 7) / 8 * 8;
    uint64_t sums = sums_cost(p), table = 8ull * p->targets;
    int can_table = p->targets <= KFI_TABLE_TARGETS && most_extra < 256;
    p->table = can_table && table < sums && indexed + table < direct + sums;
    p->indexed = p->table || indexed < direct;
    if (p->table) p->residual = 0;
}

static void jump_plan_make(jump_plan *p, const kfi_bucket_entry *entries, unsigned count)
{
    uint64_t extra[KFI_BUCKET_ENTRIES], most = 0, most_extra = 0;
    p->jumps = p->sums = p->targets = 0;
    p->indexed = p->residual = p->table = 0;
    for (unsigned i = 0; i < count; i++) {
        if (entries[i].jump == KFI_NO_JUMP) continue;
        extra[p->jumps] = entries[i].keys - 1;
        p->reference[p->jumps] = entries[i].jump;
        if (entries[i].jump > most) most = entries[i].jump;
        if (entries[i].keys - 1 > most_extra) most_extra = entries[i].keys - 1;
        unsigned t = 0;
        while (t < p->targets && p->target[t] != entries[i].jump) t++;
        if (t == p->targets) {
            p->target_extra[t] = entries[i].keys - 1;
            p->target[p->targets++] = entries[i].jump;
        }
        p->index[p->jumps++] = (uint8_t)t;
    }
    if (!p->jumps) return;
    p->sums = p->jumps + (entries[count - 1].jump == KFI_NO_JUMP);
    p->reference_bits = kfi_bit_width(most);
    p->index_bits = kfi_bit_width(p->targets - 1);
    jump_sums(p, extra);
    choose_references(p, most_extra);
}

static void jump_write_header(const jump_plan *p, kfi_bit_writer *w)
{
    uint8_t bytes[4 + KFI_BUCKET_ENTRIES + 2 * KFI_VARINT_MAX];
    size_t n = 0;
    bytes[n++] = (uint8_t)(p->indexed << 7 | p->residual << 6 | (int)p->reference_bits);
    if (p->indexed) bytes[n++] = (uint8_t)(p->table << 7 | (int)(p->targets - 1));
    if (p->table)
        for (unsigned t = 0; t < p->targets; t++) bytes[n++] = (uint8_t)p->target_extra[t];
    else
        n += kfi_varint_write(bytes + n, p->slope);
    if (p->residual) {
        bytes[n++] = (uint8_t)p->residual_bits;
        n += kfi_varint_write(bytes + n, (uint64_t)p->base << 1 ^ (p->base < 0 ? ~0ull : 0));
    }
    for (size_t i = 0; i < n; i++) kfi_bits_put(w, bytes[i], 8);
}

static void jump_write_fields(const jump_plan *p, kfi_bit_writer *w)
{
    const uint64_t *references = p->indexed ? p->target : p->reference;
    unsigned count = p->indexed ? p->targets : p->jumps;
    for (unsigned i = 0; i < count; i++) kfi_bits_put(w, references[i], p->reference_bits);
    if (p->residual)
        for (unsigned j = 0; j < p->sums; j++) kfi_bits_put(w, p->residuals[j], p->residual_bits);
}

/* ---- buckets ---------------------------------------------------------------------------------- */

typedef struct length_plan {
    enum kfi_length_mode mode;
    uint64_t total;
    unsigned width;
} length_plan;

static length_plan length_plan_make(const uint32_t *counts, unsigned count, int implied)
{
    length_plan plan = { KFI_LENGTHS_IMPLIED, 0, 0 };
    uint32_t most = 0;
    for (unsigned i = 0; i < count; i++) {
        plan.total += counts[i];
        if (counts[i] > most) most = counts[i];
    }
    if (implied) return plan;
    plan.width = kfi_bit_width(most);
    plan.mode = plan.total < 256 ? KFI_LENGTHS_UNARY8 : KFI_LENGTHS_UNARY32;
    if ((uint64_t)count * plan.width < count + plan.total) plan.mode = KFI_LENGTHS_FIELDS;
    return plan;
}

static kf_status unary_write(kfi_bit_writer *w, const uint32_t *counts, unsigned count, uint64_t total,
                             kf_error *error)
{
    kf_status status = kfi_array_reserve(w->out, (total + count) / 8 + 16, error);
    for (unsigned i = 0; !status && i < count; i++) {
        for (uint32_t zeros = counts[i]; zeros;) {
            unsigned step = zeros > 56 ? 56 : zeros;
            kfi_bits_put(w, 0, step);
            zeros -= step;
        }
        kfi_bits_put(w, 1, 1);
    }
    kfi_bits_align(w);
    return status;
}

/* Tokenises every entry's tail: all but the label, or all of it when the label has no code. */
static kf_status code_tails(kfi_key_coder *coder, const kfi_bucket_entry *entries, unsigned count,
                            const uint8_t *text, uint32_t *counts, kf_error *error)
{
    unsigned escape = kfi_escape_code(coder->parameters);
    coder->codes.size = 0;
    kf_status status = KF_OK;
    for (unsigned i = 0; !status && i < count; i++) {
        const uint8_t *bytes = text + entries[i].offset;
        const unsigned skip = coder->parameters->label_code[bytes[0]] != escape;
        const unsigned before = skip ? bytes[0] : KFI_NOTHING_BEFORE;
        status = append_codes(coder, before, bytes + skip, entries[i].size - skip, &counts[i], error);
    }
    return status;
}

kf_status kfi_bucket_encode(kfi_key_coder *coder, const kfi_bucket_entry *entries, unsigned count,
                            const uint8_t *text, int final, kfi_array *out,
                            kf_error *error)
{
    uint32_t counts[KFI_BUCKET_ENTRIES];
    lcp_plan lcps;
    jump_plan jumps;
    const kfi_keys_parameters *p = coder->parameters;
    kf_status status = code_tails(coder, entries, count, text, counts, error);
    if (status) return status;
    lcp_plan_make(&lcps, entries, count);
    jump_plan_make(&jumps, entries, count);
    int all_jumps = jumps.jumps == count;
    length_plan lengths = length_plan_make(counts, count,
                                           p->character_bits && p->fixed_length && !p->has_escape
                                           && !jumps.jumps);

    /* Headers, labels, lcps, map and jump fields: at most 64 * (1 + 5 + 1 + 5 + 8) bytes. */
    status = kfi_array_reserve(out, 2048, error);
    if (status) return status;
    kfi_bit_writer w = { out, 0 };
    kfi_bits_put(&w, (uint64_t)(final << 6) | (count - 1), 8);
    kfi_bits_put(&w, (uint64_t)((jumps.jumps > 0) << 7 | (all_jumps && jumps.jumps) << 6
                                | (int)lengths.mode << 4 | (int)lcps.mode), 8);
    if (lengths.mode == KFI_LENGTHS_UNARY8) kfi_bits_put(&w, lengths.total, 8);
    if (lengths.mode == KFI_LENGTHS_UNARY32) kfi_bits_put(&w, lengths.total, 32);
    if (lengths.mode == KFI_LENGTHS_FIELDS) kfi_bits_put(&w, lengths.width, 8);
    if (jumps.jumps) jump_write_header(&jumps, &w);
    for (unsigned i = 0; i < count; i++)
        kfi_bits_put(&w, p->label_code[text[entries[i].offset]], p->label_bits);
    kfi_bits_align(&w);
    lcp_write(&lcps, count, &w);
    if (lengths.mode != KFI_LENGTHS_IMPLIED) kfi_bits_align(&w);
    if (jumps.jumps && !all_jumps) {
        for (unsigned i = 0; i < count; i++) kfi_bits_put(&w, entries[i].jump != KFI_NO_JUMP, 1);
        kfi_bits_align(&w);
    }
    if (jumps.indexed) {
        for (unsigned j = 0; j < jumps.jumps; j++) kfi_bits_put(&w, jumps.index[j], jumps.index_bits);
        kfi_bits_align(&w);
    }
    if (lengths.mode <= KFI_LENGTHS_UNARY32) {
        status = unary_write(&w, counts, count, lengths.total, error);
        if (!status) status = kfi_array_reserve(out, 2048, error);
        if (status) return status;
    }
    if (lengths.mode == KFI_LENGTHS_FIELDS)
        for (unsigned i = 0; i < count; i++) kfi_bits_put(&w, counts[i], lengths.width);
    if (jumps.jumps) jump_write_fields(&jumps, &w);
    return put_codes(&w, coder, error);
}
