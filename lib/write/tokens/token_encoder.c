/* Choosing a dictionary out of the merges, and encoding with it.
 *
 * Merging leaves tokens that were only steps on the way to longer ones. So more tokens are made than
 * wanted, the sample is parsed with them, and those that save least are dropped: a token saves, each
 * time it is used, the tokens that would be needed in its place. */
#include "write/tokens/token_merge.h"
#include "write/tokens/token_sample.h"
#include "write/tokens/token_trainer.h"

#include <stdlib.h>

enum {
    ESTIMATE_BYTES = 1 << 18,   /* of the sample, for comparing widths */
    REFINE_BYTES = 64,          /* of the sample, for each token, when choosing those to drop */
    REFINE_LEAST = 1 << 19,
    TEXT_PER_TOKEN = 24,        /* the densest dictionaries we met have one for 60 bytes */
    FRAME_SIZE = 16, PAD_SIZE = 16
};

struct kfi_token_encoder {
    kfi_token_trie trie;
    kfi_token_text *tokens;     /* by code, once trained */
    uint32_t count;
    unsigned bits;
    kfi_parse_scratch scratch;
};

/* ---- parsing parts of the sample ----------------------------------------------------------- */

typedef struct parse_totals {
    uint64_t bytes, codes;
} parse_totals;

/* Parses evenly spread records until about `budget` bytes; usage[code] counts, if not NULL. */
static parse_totals parse_sample(const kfi_token_trie *trie, const kfi_token_trainer *trainer,
                                 uint64_t budget, uint32_t *usage, kfi_parse_scratch *scratch)
{
    parse_totals totals = {0, 0};
    const uint8_t *p = trainer->records.data, *end = trainer->records.size ? p + trainer->records.size : p;
    uint64_t step = trainer->sample_bytes / (budget + 1) + 1, number = 0;
    for (; p < end; p += 4 + p[0]) {
        if (number++ % step) continue;
        uint32_t size = p[0];
        totals.codes += kfi_token_parse(trie, p + 4, size, scratch);
        totals.bytes += size;
        for (uint32_t i = 0; usage && i < size; i += scratch->length[i]) usage[scratch->code[i]]++;
    }
    return totals;
}

static double scale_of(parse_totals totals, const kfi_token_trainer *trainer)
{
    return totals.bytes ? (double)trainer->total_bytes / (double)totals.bytes : 0;
}

/* ---- choosing a width ---------------------------------------------------------------------- */

/* How many of the merges to start from for a dictionary of `limit` tokens. */
static uint32_t candidates_for(const kfi_merges *merges, uint32_t limit)
{
    for (uint32_t i = 0; i < merges->stage_count; i++) {
        const kfi_merge_stage *stage = merges->stages + i;
        if (stage->live < limit) continue;
        /* Interpolate within the one that crosses the limit. */
        const kfi_merge_stage *before = i ? stage - 1 : stage;
        uint32_t need = stage->live - before->live, have = limit - before->live;
        if (!need) return stage->tokens;
        return before->tokens + (uint32_t)((uint64_t)(stage->tokens - before->tokens) * have / need);
    }
    return merges->count;
}

static kf_status estimate_width(const kfi_merges *merges, const kfi_token_trainer *trainer,
                                unsigned bits, kfi_token_text *work, kfi_parse_scratch *scratch,
                                double *total, kf_error *error)
{
    kfi_token_trie trie;
    uint32_t limit = 1u << bits, count = candidates_for(merges, limit);
    for (uint32_t i = 0; i < count; i++) {
        work[i] = merges->tokens[i];
        work[i].code = i;
    }
    kf_status status = kfi_token_trie_build(&trie, work, count, error);
    if (status) return status;
    parse_totals totals = parse_sample(&trie, trainer, ESTIMATE_BYTES, NULL, scratch);
    kfi_token_trie_free(&trie);
    if (count > limit) count = limit;
    *total = (double)totals.codes * scale_of(totals, trainer) * bits / 8 + KFI_TOKEN_COST * count;
    return KF_OK;
}

static kf_status choose_width(const kfi_merges *merges, const kfi_token_trainer *trainer,
                              kfi_token_text *work, kfi_parse_scratch *scratch, unsigned *bits,
                              kf_error *error)
{
    double best = 0;
    for (unsigned b = KFI_TOKEN_BITS_MIN; b <= KFI_TOKEN_BITS_MAX; b++) {
        double total;
        if (merges->count <= 1u << (b - 1) && b > KFI_TOKEN_BITS_MIN) break;
        kf_status status = estimate_width(merges, trainer, b, work, scratch, &total, error);
        if (status) return status;
        if (b == KFI_TOKEN_BITS_MIN || total < best) {
            best = total;
            *bits = b;
        }
    }
    return KF_OK;
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
} refinement;

static uint64_t refine_budget(const refinement *r)
{
    return REFINE_LEAST + (uint64_t)REFINE_BYTES * r->count;
}

/* Parses with the tokens and keeps the most useful ones, at most `limit`, in order of gain.
 * Single bytes always stay. */
static kf_status refine(refinement *r, uint32_t limit, kf_error *error)
{
    kfi_token_trie trie;
    for (uint32_t i = 0; i < r->count; i++) {
        r->tokens[i].code = i;
        r->ranks[i].token = r->tokens[i];
    }
    kf_status status = kfi_token_trie_build(&trie, r->tokens, r->count, error);
    if (status) return status;
    memset(r->usage, 0, r->count * sizeof *r->usage);
    parse_totals totals = parse_sample(&trie, r->trainer, refine_budget(r), r->usage, r->scratch);
    double scale = scale_of(totals, r->trainer) * r->bits / 8;
    int complete = totals.bytes == r->trainer->total_bytes;
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
    for (uint32_t i = 0; i < r->count; i++) r->tokens[i].code = i;
    for (uint32_t i = 0; i < r->count; i++) r->ranks[i].token = r->tokens[i];
    kf_status status = kfi_token_trie_build(trie, r->tokens, r->count, error);
    if (status) return status;
    memset(r->usage, 0, r->count * sizeof *r->usage);
    parse_sample(trie, r->trainer, refine_budget(r), r->usage, r->scratch);
    for (uint32_t i = 0; i < r->count; i++) r->ranks[i].gain = r->usage[i];
    qsort(r->ranks, r->count, sizeof *r->ranks, compare_gain);
    /* usage becomes the map from old codes to new ones */
    for (uint32_t i = 0; i < r->count; i++) {
        r->usage[r->ranks[i].token.code] = i;
        r->tokens[i] = r->ranks[i].token;
        r->tokens[i].code = i;
    }
    for (uint32_t i = 0; i < trie->size; i++)
        if (trie->slots[i].code != KFI_TOKEN_NONE) trie->slots[i].code = r->usage[trie->slots[i].code];
    return KF_OK;
}

kf_status kfi_token_encoder_train(kfi_token_encoder **out, const kfi_token_trainer *trainer,
                                  unsigned bits, kf_error *error)
{
    *out = NULL;
    if (bits && (bits < KFI_TOKEN_BITS_MIN || bits > KFI_TOKEN_BITS_MAX))
        return kfi_fail(error, KF_INVALID, "token width %u is out of range", bits);
    kfi_token_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return kfi_fail_memory(error, sizeof *encoder);
    kfi_merges merges = {0};
    refinement r = {trainer, &encoder->scratch, NULL, NULL, NULL, 0, bits};
    /* A token must be met several times to be worth having: that bounds them, and the memory for
     * them, by the sample. */
    uint32_t live = 1u << (bits ? bits : KFI_TOKEN_BITS_MAX);
    uint64_t useful = 512 + trainer->sample_bytes / TEXT_PER_TOKEN;
    if (live > useful) live = (uint32_t)useful;
    double scale = trainer->sample_bytes ? (double)trainer->total_bytes / (double)trainer->sample_bytes : 1;
    kfi_merge_input input = {
        .records = trainer->records.data, .size = trainer->records.size, .bytes = trainer->bytes,
        .max_live = live + live / 8, .max_tokens = live + live / 2 + 256,
        .min_count = scale > 1.01 ? 3 : 2,
        .scale = bits ? 0 : scale
    };
    kf_status status = kfi_merges_make(&merges, &input, error);
    if (status) goto out;
    r.tokens = malloc((merges.count + 1) * sizeof *r.tokens);
    r.ranks = malloc((merges.count + 1) * sizeof *r.ranks);
    r.usage = malloc((merges.count + 1) * sizeof *r.usage);
    if (!r.tokens || !r.ranks || !r.usage) {
        status = kfi_fail_memory(error, merges.count * sizeof *r.ranks);
        goto out;
    }
    if (!bits) {
        status = choose_width(&merges, trainer, r.tokens, r.scratch, &r.bits, error);
        if (status) goto out;
    }
    uint32_t limit = 1u << r.bits;
    r.count = candidates_for(&merges, limit + limit / 8);
    memcpy(r.tokens, merges.tokens, r.count * sizeof *r.tokens);
    if ((status = refine(&r, limit + limit / 32, error))) goto out;
    if ((status = refine(&r, limit, error))) goto out;
    if ((status = order_by_use(&r, &encoder->trie, error))) goto out;
    encoder->tokens = r.tokens;
    r.tokens = NULL;
    encoder->count = r.count;
    encoder->bits = r.bits;
    *out = encoder;
    encoder = NULL;
out:
    free(r.tokens);
    free(r.ranks);
    free(r.usage);
    kfi_merges_free(&merges);
    kfi_token_encoder_destroy(&encoder);
    return status;
}

unsigned kfi_token_encoder_bits(const kfi_token_encoder *encoder)
{
    return encoder->bits;
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
