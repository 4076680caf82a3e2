/* Choosing a dictionary out of the candidates, and encoding with it.
 *
 * Merging leaves tokens that were only steps on the way to longer ones. So more tokens are made than
 * wanted, the sample is parsed with them, and those that save least are dropped: a token saves, each
 * time it is used, the tokens that would be needed in its place. */
#include "write/tokens/token_candidates.h"
#include "write/tokens/token_sample.h"
#include "write/tokens/token_trainer.h"

#include <stdlib.h>

enum {
    PARSED_LEAST = 1 << 15,     /* bytes of the sample that are parsed to choose tokens; */
    PARSED_PER_TOKEN = 128,     /* and for each of them */
    FRAME_SIZE = 16, PAD_SIZE = 16
};

struct kfi_token_encoder {
    kfi_token_trie trie;
    kfi_token_text *tokens;     /* by code, once trained */
    uint32_t count;
    unsigned bits;
    double rate;                /* codes a byte of the sample */
    kfi_parse_scratch scratch;
};

/* ---- parsing parts of the sample ----------------------------------------------------------- */

typedef struct parse_totals {
    uint64_t bytes, codes;
} parse_totals;

/* Parses evenly spread records until about `budget` bytes; usage[code] counts. */
static parse_totals parse_sample(const kfi_token_trie *trie, const kfi_token_trainer *trainer,
                                 uint64_t budget, uint32_t *usage, kfi_parse_scratch *scratch)
{
    parse_totals totals = {0, 0};
    uint64_t step = trainer->sample_bytes / (budget + 1) + 1, number = 0;
    KFI_EACH_RECORD(p, trainer) {
        if (number++ % step) continue;
        uint32_t size = p[0];
        totals.codes += kfi_token_parse(trie, p + 4, size, scratch);
        totals.bytes += size;
        for (uint32_t i = 0; i < size; i += scratch->length[i]) usage[scratch->code[i]]++;
    }
    return totals;
}

/* ---- choosing the tokens ------------------------------------------------------------------- */

typedef struct ranked {
    double gain;
    kfi_token_text token;
} ranked;

static int compare_gain(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->gain != y->gain) return x->gain > y->gain ? -1 : 1;
    int order = memcmp(x->token.bytes, y->token.bytes, KFI_TOKEN_MAX);
    return order ? order : (int)x->token.length - (int)y->token.length;
}

/* Tokens needed in place of a token. */
static uint32_t spelling(const kfi_token_trie *trie, const kfi_token_text *token)
{
    uint32_t cost[KFI_TOKEN_MAX + 1];
    unsigned n = token->length;
    cost[n] = 0;
    for (unsigned i = n; i-- > 0;) {
        uint32_t best = cost[i + 1] + 1, slot = 0;
        for (unsigned j = i; j < n && (slot = kfi_token_trie_step(trie, slot, token->bytes[j])); j++) {
            if (i == 0 && j == n - 1) break;
            if (trie->slots[slot].code != KFI_TOKEN_NONE && cost[j + 1] + 1 < best)
                best = cost[j + 1] + 1;
        }
        cost[i] = best;
    }
    return cost[0];
}

typedef struct refinement {
    const kfi_token_trainer *trainer;
    kfi_parse_scratch *scratch;
    ranked *ranks;
    uint32_t *usage;
    kfi_token_text *tokens;
    uint32_t count;
    unsigned bits;
    double rate;             /* codes a byte, as last parsed */
} refinement;

/* Parses with the tokens and keeps the most useful ones, at most `limit`, in order of gain.
 * Single bytes always stay. */
static kf_status refine(refinement *r, uint32_t limit, kf_error *error)
{
    kfi_token_trie trie;
    uint64_t budget = PARSED_LEAST + (uint64_t)PARSED_PER_TOKEN * r->count;
    for (uint32_t i = 0; i < r->count; i++) {
        r->tokens[i].code = i;
        r->ranks[i].token = r->tokens[i];
    }
    kf_status status = kfi_token_trie_build(&trie, r->tokens, r->count, error);
    if (status) return status;
    memset(r->usage, 0, r->count * sizeof *r->usage);
    parse_totals totals = parse_sample(&trie, r->trainer, budget, r->usage, r->scratch);
    double scale = totals.bytes ? (double)r->trainer->total_bytes / (double)totals.bytes * r->bits / 8 : 0;
    int complete = totals.bytes == r->trainer->total_bytes;
    r->rate = totals.bytes ? (double)totals.codes / (double)totals.bytes : 0;
    for (uint32_t i = 0; i < r->count; i++) {
        kfi_token_text *token = &r->ranks[i].token;
        double saved = (double)r->usage[token->code] * scale * (spelling(&trie, token) - 1);
        if (token->length == 1) {
            saved = 1e300;
        } else if (saved <= 4.0 + token->length / 4.0 || (!complete && r->usage[token->code] < 2)) {
            saved = 0;   /* does not pay for its entry, or is an accident of the sample */
        }
        r->ranks[i].gain = saved;
    }
    kfi_token_trie_free(&trie);
    qsort(r->ranks, r->count, sizeof *r->ranks, compare_gain);
    uint32_t kept = 0;
    while (kept < r->count && kept < limit && r->ranks[kept].gain > 0) kept++;
    for (uint32_t i = 0; i < kept; i++) r->tokens[i] = r->ranks[i].token;
    r->count = kept;
    return KF_OK;
}

/* Codes go by use, so that the entries and bytes of frequent tokens share cache lines. */
static kf_status order_by_use(refinement *r, kfi_token_trie *trie, kf_error *error)
{
    for (uint32_t i = 0; i < r->count; i++) r->ranks[i] = (ranked){r->usage[r->tokens[i].code], r->tokens[i]};
    qsort(r->ranks, r->count, sizeof *r->ranks, compare_gain);
    for (uint32_t i = 0; i < r->count; i++) {
        r->ranks[i].token.code = i;
        r->tokens[i] = r->ranks[i].token;
    }
    kf_status status = kfi_token_trie_build(trie, r->tokens, r->count, error);
    for (uint32_t i = 0; i < r->count; i++) r->tokens[i] = r->ranks[i].token;   /* the trie has sorted them */
    return status;
}

kf_status kfi_token_encoder_train(kfi_token_encoder **out, const kfi_token_trainer *trainer,
                                  unsigned bits, kf_error *error)
{
    *out = NULL;
    if (bits && (bits < KFI_TOKEN_BITS_MIN || bits > KFI_TOKEN_BITS_MAX))
        return kfi_fail(error, KF_INVALID, "token width %u is out of range", bits);
    kfi_token_encoder *encoder = malloc(sizeof *encoder);
    if (!encoder) return kfi_fail_memory(error, sizeof *encoder);
    encoder->trie = (kfi_token_trie){0};
    kfi_token_candidates candidates;
    kf_status status = kfi_token_candidates_make(&candidates, trainer, bits, error);
    refinement r = {
        .trainer = trainer, .scratch = &encoder->scratch, .count = candidates.count, .bits = candidates.bits,
        .ranks = malloc((candidates.count + 1) * sizeof *r.ranks),
        .usage = malloc((candidates.count + 1) * sizeof *r.usage),
        .tokens = candidates.tokens,
    };
    if (!status && (!r.ranks || !r.usage)) status = kfi_fail_memory(error, r.count * sizeof *r.ranks);
    const uint32_t limit = 1u << r.bits;
    if (!status) status = refine(&r, limit, error);
    if (!status) status = order_by_use(&r, &encoder->trie, error);
    free(r.ranks);
    free(r.usage);
    encoder->tokens = candidates.tokens;
    encoder->count = r.count;
    encoder->bits = r.bits;
    encoder->rate = r.rate;
    if (status) kfi_token_encoder_destroy(&encoder);
    *out = encoder;
    return status;
}

unsigned kfi_token_encoder_bits(const kfi_token_encoder *encoder)
{
    return encoder->bits;
}

double kfi_token_encoder_rate(const kfi_token_encoder *encoder)
{
    return encoder->rate;
}

void kfi_token_encoder_destroy(kfi_token_encoder **encoder)
{
    if (!encoder || !*encoder) return;
    kfi_token_trie_free(&(*encoder)->trie);
    free((*encoder)->tokens);
    free(*encoder);
    *encoder = NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Marks where tokens begin in pool[from .. size): the first place found counts. */
static void mark_tokens(const kfi_token_trie *trie, const uint8_t *pool, uint32_t from, uint32_t size,
                        uint32_t *offsets)
{
    for (uint32_t i = from; i < size; i++) {
        uint32_t slot = 0;
        for (uint32_t j = i; j < size && (slot = kfi_token_trie_step(trie, slot, pool[j])); j++) {
            uint32_t code = trie->slots[slot].code;
            if (code != KFI_TOKEN_NONE && offsets[code] == UINT32_MAX) offsets[code] = i;
        }
    }
}

/* The longest tokens are laid down first; each shorter one that occurs in them is free. */
static uint32_t pack_pool(const kfi_token_encoder *encoder, uint8_t *pool, uint32_t *offsets)
{
    uint32_t size = 0, marked = 0;
    for (unsigned length = KFI_TOKEN_MAX; length > 0; length--) {
        for (uint32_t i = 0; i < encoder->count; i++) {
            const kfi_token_text *token = encoder->tokens + i;
            if (token->length != length || offsets[i] != UINT32_MAX) continue;
            memcpy(pool + size, token->bytes, length);
            offsets[i] = size;
            size += length;
        }
        mark_tokens(&encoder->trie, pool, marked, size, offsets);
        marked = size > KFI_TOKEN_MAX ? size - KFI_TOKEN_MAX : 0;
    }
    return size;
}

kf_status kfi_token_encoder_write(const kfi_token_encoder *encoder, kfi_array *out, kf_error *error)
{
    uint32_t count = encoder->count;
    uint8_t *pool = malloc((size_t)count * KFI_TOKEN_MAX + 1), frame[FRAME_SIZE] = {0};
    uint32_t *offsets = malloc((size_t)count * sizeof *offsets + 1);
    kf_status status;
    if (!pool || !offsets) {
        status = kfi_fail_memory(error, (size_t)count * KFI_TOKEN_MAX);
        goto out;
    }
    memset(offsets, 0xFF, (size_t)count * sizeof *offsets);
    uint32_t pool_size = pack_pool(encoder, pool, offsets);
    frame[0] = (uint8_t)encoder->bits;
    kfi_store32(frame + 8, count);
    kfi_store32(frame + 12, pool_size);
    if ((status = kfi_array_append(out, frame, sizeof frame, error))) goto out;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[4];
        kfi_store32(entry, offsets[i] << 5 | encoder->tokens[i].length);
        if ((status = kfi_array_append(out, entry, sizeof entry, error))) goto out;
    }
    if ((status = kfi_array_append(out, pool, pool_size, error))) goto out;
    memset(frame, 0, sizeof frame);
    status = kfi_array_append(out, frame, PAD_SIZE, error);
out:
    free(pool);
    free(offsets);
    return status;
}

/* ---- encoding ------------------------------------------------------------------------------ */

size_t kfi_token_encode(kfi_token_encoder *encoder, const uint8_t *data, size_t size,
                        uint16_t *codes)
{
    kfi_parse_scratch *scratch = &encoder->scratch;
    size_t count = 0, at = 0;
    while (at < size) {
        size_t left = size - at;
        uint32_t window = left > KFI_PARSE_WINDOW ? KFI_PARSE_WINDOW : (uint32_t)left;
        /* Near a cut the parse is a guess: stop short of it and begin the next window there. */
        uint32_t stop = left > window ? window - KFI_PARSE_OVERLAP : window, i = 0;
        kfi_token_parse(&encoder->trie, data + at, window, scratch);
        for (; i < stop; i += scratch->length[i]) codes[count++] = (uint16_t)scratch->code[i];
        at += i;
    }
    return count;
}
