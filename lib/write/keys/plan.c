#include "write/keys/plan.h"

#include "write/budget.h"

#include <stdlib.h>

enum {
    MOST_SAMPLE = 8 << 20,        /* of tails, to train tokens on */
    FIXED_SAMPLE = 1 << 20,       /* for fixed-length keys, which are mostly coded by characters */
    CHECK_SAMPLE = 1 << 16,       /* bytes of tails on which tokens and characters are compared */
    CHECK_HEADER = 5,
    ESCAPE_BITS = 11              /* what one more token and its length bit cost, about */
};

typedef struct planner {
    kfi_token_trainer *trainer;
    uint64_t label_count[256];
    uint64_t entries;
    uint64_t references;      /* edges into states that have several parents, about */
    int fixed_length;         /* of the keys: tails may then be coded by characters, which the rest is for */
    uint8_t in_tail[256];
    /* every stride-th tail: list of size (4 bytes), label and bytes. How many there are shows at the end only: the
     * stride grows with the list */
    kfi_array check;
    uint64_t stride, tails;
} planner;

/* Keeps every other tail of the list. */
static void thin_out(kfi_array *list)
{
    size_t kept = 0;
    int keep = 1;
    for (size_t at = 0, size; at < list->size; at += size, keep = !keep) {
        size = CHECK_HEADER + (size_t)kfi_load32(list->data + at);
        if (!keep) continue;
        memmove(list->data + kept, list->data + at, size);
        kept += size;
    }
    list->size = kept;
}

static kf_status note_tail(planner *p, uint8_t label, const uint8_t *tail, size_t size, kf_error *error)
{
    kf_status status = kfi_token_trainer_add(p->trainer, label, tail, size, error);
    if (status || !p->fixed_length) return status;
    for (size_t i = 0; i < size; i++) p->in_tail[tail[i]] = 1;
    if (p->tails++ % p->stride) return KF_OK;
    uint8_t head[CHECK_HEADER];
    kfi_store32(head, (uint32_t)size);
    head[4] = label;
    status = kfi_array_append(&p->check, head, sizeof head, error);
    if (!status) status = kfi_array_append(&p->check, tail, size, error);
    if (p->check.size <= CHECK_SAMPLE) return status;
    thin_out(&p->check);
    p->stride *= 2;
    return status;
}

static kf_status note_entries(planner *p, const kfi_laid_state *state, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint32_t i = 0; !status && i < state->entry_count; i++) {
        const uint8_t *bytes = state->text + state->entries[i].offset;
        p->label_count[bytes[0]]++;
        p->entries++;
        status = note_tail(p, bytes[0], bytes + 1, state->entries[i].size - 1, error);
    }
    return status;
}

static kf_status plan_node(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                           uint64_t *address, kf_error *error)
{
    planner *p = context;
    kf_status status = note_entries(p, state, error);
    *address = 0;
    for (uint32_t i = 0; !status && i < state->big_count; i++)
        status = note_tail(p, state->bigs[i].label, state->text + state->bigs[i].path, state->bigs[i].path_size, error);
    return status;
}

/* Whether one container and a jump in each parent are smaller than the entries in each parent, by typical
 * field widths: label 5, lcp 3, length 1 and 5 bits for each byte of a tail; a container costs about 60 bits
 * beside its entries. The more often a state is referred to, the more often it is one of few targets in a
 * bucket, which then cost an index only: a jump is taken to cost what an entropy coder would need and 5
 * bits more. Measured against a flat price of 27 bits: English words -11 % (the possessive becomes a jump),
 * names -1 %, Polish -0.5 %. */
static kf_status plan_small(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                            kf_error *error)
{
    planner *p = context;
    /* Integer arithmetic: the same decisions on every machine. */
    uint64_t bits = 0, jump = 5 + kfi_bit_width(p->references / shared->references);
    for (uint32_t i = 0; i < state->entry_count; i++)
        bits += 9 + 5 * (uint64_t)(state->entries[i].size - 1)
                + (state->entries[i].jump != KFI_NO_JUMP ? 20 : 0);
    if (bits <= jump || (shared->references - 1) * (bits - jump) <= 60) return KF_OK;
    shared->stored = 1;
    return note_entries(p, state, error);
}

static kf_status plan_small_root(void *context, const kfi_laid_state *state, kf_error *error)
{
    return note_entries(context, state, error);
}

typedef struct label_rank { uint64_t count; unsigned byte; } label_rank;

static int by_count(const void *a, const void *b)
{
    const label_rank *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (int)x->byte - (int)y->byte;
}

/* Picks the label width: each width codes its most frequent labels and escapes the others. */
static void choose_labels(const planner *p, kfi_keys_parameters *out)
{
    label_rank order[256];
    unsigned distinct = 0;
    for (unsigned b = 0; b < 256; b++)
        if (p->label_count[b]) order[distinct++] = (label_rank){ p->label_count[b], b };
    qsort(order, distinct, sizeof *order, by_count);
    uint64_t least = UINT64_MAX;
    unsigned coded = 0;
    for (unsigned bits = 1; bits <= KFI_LABEL_BITS_MAX; bits++) {
        int escape = distinct > 1u << bits;
        unsigned codes = escape ? (1u << bits) - 1 : distinct;
        uint64_t escaped = 0;
        for (unsigned i = codes; i < distinct; i++) escaped += order[i].count;
        uint64_t cost = bits * p->entries + ESCAPE_BITS * escaped;
        if (cost >= least) continue;
        least = cost;
        out->label_bits = (uint8_t)bits;
        out->has_escape = (uint8_t)escape;
        coded = codes;
    }
    memset(out->label_code, out->has_escape ? (1 << out->label_bits) - 1 : KFI_LABEL_NONE, 256);
    for (unsigned i = 0; i < coded; i++) out->label_code[order[i].byte] = (uint8_t)i;
}

/* The character table, if every byte of every key is one of at most 16. */
static unsigned character_table(const planner *p, uint8_t table[16])
{
    unsigned n = 0;
    for (unsigned b = 0; b < 256; b++) {
        if (!p->in_tail[b] && !p->label_count[b]) continue;
        if (n == 16) return 0;
        table[n++] = (uint8_t)b;
    }
    unsigned bits = n ? kfi_bit_width(n - 1) : 1;
    return bits ? bits : 1;
}

static kf_status train(planner *p, kfi_key_plan *plan, kf_error *error)
{
    kf_status status = KF_OK;
    for (unsigned b = 0; !status && b < 256; b++) {
        uint8_t byte = (uint8_t)b;   /* an escaped label is the first byte of a tail */
        if (p->label_count[b] && plan->parameters.label_code[b] == kfi_escape_code(&plan->parameters))
            status = kfi_token_trainer_add(p->trainer, KFI_NOTHING_BEFORE, &byte, 1, error);
    }
    if (!status) status = kfi_token_encoder_train(&plan->tokens, p->trainer, 0, error);
    return status;
}

/* Bits of the checked tails in tokens, with their lengths. */
static kf_status check_tokens(const planner *p, kfi_token_encoder *tokens, uint64_t *bits, uint64_t *bytes,
                              kf_error *error)
{
    uint16_t *codes = malloc((p->check.size + 1) * sizeof *codes);
    if (!codes) return kfi_fail_memory(error, p->check.size * sizeof *codes);
    kf_status status = KF_OK;
    *bits = *bytes = 0;
    for (size_t at = 0; at < p->check.size && !status;) {
        uint32_t size = kfi_load32(p->check.data + at);
        size_t n;
        status = kfi_token_encode(tokens, p->check.data[at + 4], p->check.data + at + CHECK_HEADER, size, codes, &n,
                                  error);
        *bits += n * (kfi_token_encoder_bits(tokens) + 1) + 1;
        *bytes += size;
        at += CHECK_HEADER + size;
    }
    free(codes);
    return status;
}

static kf_status choose_codes(planner *p, kfi_key_plan *plan, const kfi_automaton *automaton,
                              kf_error *error)
{
    kfi_keys_parameters *out = &plan->parameters;
    out->fixed_length = automaton->keys && automaton->longest_key == automaton->shortest_key
                        ? automaton->longest_key : 0;
    unsigned characters = out->fixed_length ? character_table(p, out->character) : 0;
    kf_status status = train(p, plan, error);
    if (status || !characters) {
        memset(out->character, 0, 16);
        return status;
    }
    uint64_t token_bits = 0, bytes = 0;
    status = check_tokens(p, plan->tokens, &token_bits, &bytes, error);
    if (status) return status;
    if (token_bits < bytes * characters) {
        memset(out->character, 0, 16);
        return KF_OK;
    }
    out->character_bits = (uint8_t)characters;
    kfi_token_encoder_destroy(&plan->tokens);
    return KF_OK;
}

kf_status kfi_key_plan_make(kfi_key_plan *plan, const kfi_automaton *automaton, kfi_shared_table *shared,
                            uint64_t memory, kfi_effort effort, kf_error *error)
{
    planner p = { .stride = 1, .references = automaton->reference_count + 1,
                  .fixed_length = automaton->longest_key == automaton->shortest_key };
    memset(plan, 0, sizeof *plan);
    uint64_t most = p.fixed_length ? FIXED_SAMPLE : MOST_SAMPLE;
    kf_status status = kfi_token_trainer_create(&p.trainer, kfi_budget_training(memory, most), effort, error);
    kfi_layout_sink sink = { &p, plan_node, plan_small, plan_small_root, NULL };
    if (!status) status = kfi_layout_run(automaton, shared, &sink, error);
    if (!status) {
        choose_labels(&p, &plan->parameters);
        status = choose_codes(&p, plan, automaton, error);
    }
    kfi_token_trainer_destroy(&p.trainer);
    kfi_array_free(&p.check);
    return status;
}

void kfi_key_plan_free(kfi_key_plan *plan)
{
    kfi_token_encoder_destroy(&plan->tokens);
}
