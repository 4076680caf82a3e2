/* Pairs are merged in a part of the sample, and in a larger one if the dictionary that comes out of it is large for
 * that: a small dictionary needs little text. What the tokens are worth is told by text that they were not made of
 * where there is some: by their own, ever more tokens would seem to pay.
 *
 * Merging leaves tokens that were only steps on the way to longer ones. So some more are made than wanted, and those
 * that save least are dropped. A token saves a code each time it is used, as its halves are tokens too. */
#include "write/tokens/token_choice.h"
#include "write/tokens/token_merge.h"
#include "write/tokens/token_rows.h"

#include <float.h>
#include <stdlib.h>

/* Bytes that a token saves at least, and a quarter for each of its own. */
#define ENTRY 4.0

enum {
    PART_LEAST = 1 << 18,      /* bytes of the sample */
    PART_GROWTH = 7,
    PART_PER_TOKEN = 96,       /* so many are enough for each token */
    LITTLE = 8,                /* of so many bytes of a small sample one, with little effort, */
    LITTLE_LEAST = 1 << 10,
    HELD_OUT = 16,             /* of so many records one */
    TEXT_PER_TOKEN = 24,       /* the densest dictionaries we met have one for 60 bytes */
    TOKENS_LEAST = 512,
    CLASSED_TEXT = 1 << 16,    /* shorter texts save less by classes than their rows take, and so do */
    CLASSED_BITS = 13,         /* those that want wider codes: their tokens are words. Else classes are tried, */
    CLASSED_TOKENS = 1 << 12,  /* and twice as many as with one class are what rows are made of */
    SPARE = 32                 /* so much of what is wanted is made more */
};

/* Where the merges have `limit` tokens in good use. */
static kfi_merge_stage stage_at(const kfi_merges *merges, uint32_t limit)
{
    for (uint32_t i = 0; i < merges->stage_count; i++) {
        const kfi_merge_stage *stage = merges->stages + i, *before = i ? stage - 1 : stage;
        if (stage->live < limit) continue;
        if (stage->live <= before->live) return *stage;
        /* Interpolate within the one that crosses the limit. */
        double share = (double)(limit - before->live) / (double)(stage->live - before->live);
        return (kfi_merge_stage){
            .tokens = before->tokens + (uint32_t)((double)(stage->tokens - before->tokens) * share),
            .live = limit,
            .codes = before->codes + (stage->codes - before->codes) * share,
        };
    }
    return merges->stages[merges->stage_count - 1];
}

static unsigned choose_width(const kfi_merges *merges)
{
    double least = DBL_MAX;
    unsigned best = KFI_TOKEN_BITS_MIN;
    for (unsigned bits = KFI_TOKEN_BITS_MIN; bits <= KFI_TOKEN_BITS_MAX; bits++) {
        if (merges->count <= 1u << (bits - 1) && bits > KFI_TOKEN_BITS_MIN) break;
        kfi_merge_stage stage = stage_at(merges, 1u << bits);
        double total = stage.codes * bits / 8 + KFI_TOKEN_COST * stage.live;
        if (total >= least) continue;
        least = total;
        best = bits;
    }
    return best;
}

/* What of the sample is merged; about `part` bytes of it, or all if that is not much more. */
static kfi_merge_input choose_part(const kfi_token_trainer *trainer, uint64_t part, unsigned bits, const uint8_t *bytes)
{
    const int whole = part + part / 2 >= trainer->sample_bytes;
    const int complete = whole && trainer->sample_bytes == trainer->total_bytes;
    uint32_t below = trainer->threshold;
    if (!whole) below = (uint32_t)((double)below * ((double)part / (double)trainer->sample_bytes));
    kfi_merge_input input = {
        .records = trainer->records.data, .size = trainer->records.size, .bytes = bytes,
        .below = below, .train_below = complete ? below : below - below / HELD_OUT,
        .min_count = 3,
    };
    uint64_t held = 0, trained = 0;
    KFI_EACH_RECORD(p, trainer) {
        uint32_t r = kfi_record_random(p);
        if (r >= below) continue;
        *(r < input.train_below ? &trained : &held) += p[0];
        input.room += p[0] + 1u;
    }
    uint64_t judged = held ? held : trained, useful = TOKENS_LEAST + (trained + held) / TEXT_PER_TOKEN;
    input.trained_scale = trained ? (double)trainer->total_bytes / (double)trained : 1;
    input.scale = judged ? (double)trainer->total_bytes / (double)judged : 1;
    uint32_t most = 3u << (bits ? bits : KFI_TOKEN_BITS_MAX) >> 1;
    input.max_tokens = useful < most ? (uint32_t)useful : most;
    return input;
}

/* ---- choosing the tokens ------------------------------------------------------------------- */

/* What is not worth its entry, or is an accident of the sample. */
static int is_worth(const kfi_merges *merges, uint32_t token, double saved, int complete)
{
    const unsigned length = merges->tokens[token].length;
    const uint32_t uses = merges->uses[token];
    return length == 1 || ((double)uses * saved > ENTRY + length / 4.0 && (complete || uses > 1));
}

/* Spells tokens that are not worth it by their halves, the last ones first; they are left without uses. `saved`: bytes
 * by one use. */
static void prune(kfi_merges *merges, double saved, int complete)
{
    const kfi_merge *all = (const kfi_merge *)(const void *)merges->log.data;
    for (size_t left = merges->log.size / sizeof *all; left-- > 0;) {
        const kfi_merge *merge = all + left;
        uint32_t uses = merges->uses[merge->token];
        if (!uses || is_worth(merges, merge->token, saved, complete)) continue;
        merges->uses[merge->left] += uses;
        merges->uses[merge->right] += uses;
        merges->uses[merge->token] = 0;
    }
}

static int most_used(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x > *y ? -1 : *x < *y;
}

/* Leaves what is used, at most `limit`, the most used first, so that the entries and bytes of frequent tokens share
 * cache lines. Single bytes always stay. */
static kf_status keep_most_used(kfi_token_choice *choice, kfi_merges *merges, uint32_t limit, kf_error *error)
{
    uint32_t bytes = 0, count = 0;
    uint64_t *order = malloc((merges->count + 1) * sizeof *order);
    kfi_token_text *tokens = malloc((merges->count + 1) * sizeof *tokens);
    choice->tokens = tokens;
    if (!order || !tokens) {
        free(order);
        return kfi_fail_memory(error, merges->count * sizeof *tokens);
    }
    for (uint32_t i = 0; i < merges->count; i++) {
        bytes += merges->tokens[i].length == 1;
        if (merges->uses[i] || merges->tokens[i].length == 1) order[count++] = (uint64_t)merges->uses[i] << 32 | ~i;
    }
    qsort(order, count, sizeof *order, most_used);
    for (uint32_t i = 0; i < count; i++) {
        const kfi_token_text *token = merges->tokens + ~(uint32_t)order[i];
        if (token->length == 1) bytes--;
        else if (choice->count + bytes >= limit) continue;
        tokens[choice->count] = *token;
        tokens[choice->count].code = choice->count;
        choice->count++;
    }
    free(order);
    return KF_OK;
}

static uint64_t first_part(const kfi_token_trainer *trainer)
{
    if (trainer->effort == KFI_EFFORT_GREAT) return trainer->sample_bytes;
    if (trainer->effort == KFI_EFFORT_USUAL) return PART_LEAST;
    const uint64_t part = trainer->sample_bytes / LITTLE;
    return part < LITTLE_LEAST ? LITTLE_LEAST : part > PART_LEAST ? PART_LEAST : part;
}

/* What rows of classes are made of: tokens from before the merges that are undone. */
static kf_status copy_tokens(const kfi_merges *merges, unsigned bits, kfi_token_text **tokens, uint32_t *count,
                             kf_error *error)
{
    *count = (2u << bits) + CLASSED_TOKENS;
    if (*count > merges->count) *count = merges->count;
    *tokens = malloc((*count + 1) * sizeof **tokens);
    if (!*tokens) return kfi_fail_memory(error, *count * sizeof **tokens);
    memcpy(*tokens, merges->tokens, *count * sizeof **tokens);
    return KF_OK;
}

void kfi_token_choice_free(kfi_token_choice *choice)
{
    free(choice->tokens);
    free(choice->rows);
    *choice = (kfi_token_choice){0};
}

kf_status kfi_token_choice_make(kfi_token_choice *choice, const kfi_token_trainer *trainer, unsigned bits,
                                kf_error *error)
{
    kfi_merges merges = {0};
    kfi_merge_input input;
    kfi_token_text *tokens = NULL;
    uint32_t token_count = 0;
    uint8_t bytes[256];
    uint64_t any[4] = {0};
    kfi_followers followers;
    kfi_token_trainer_followers(trainer, &followers);
    for (unsigned before = 0; before <= KFI_NOTHING_BEFORE; before++)
        for (unsigned i = 0; i < 4; i++) any[i] |= followers.bits[before][i];
    for (unsigned b = 0; b < 256; b++) bytes[b] = any[b >> 6] >> (b & 63) & 1;
    *choice = (kfi_token_choice){.bits = bits, .classes.count = 1};
    for (uint64_t part = first_part(trainer);; part *= PART_GROWTH) {
        input = choose_part(trainer, part, bits, bytes);
        kfi_merges_free(&merges);
        kf_status status = kfi_merges_make(&merges, &input, error);
        if (status) return status;
        if (!bits) choice->bits = choose_width(&merges);
        if (input.below == trainer->threshold || part >> choice->bits >= PART_PER_TOKEN) break;
        if (trainer->effort == KFI_EFFORT_LITTLE) break;
    }
    const uint32_t limit = 1u << choice->bits;
    const kfi_merge_stage stage = stage_at(&merges, limit + limit / SPARE);
    choice->rate = trainer->total_bytes ? stage.codes / (double)trainer->total_bytes : 0;
    const int may_be_classed = !bits && choice->bits <= CLASSED_BITS && trainer->total_bytes >= CLASSED_TEXT
                            && trainer->effort != KFI_EFFORT_LITTLE;
    kf_status status = may_be_classed ? copy_tokens(&merges, choice->bits, &tokens, &token_count, error) : KF_OK;
    kfi_merges_undo(&merges, stage.tokens);
    prune(&merges, input.trained_scale * choice->bits / 8, input.trained_scale == 1);
    if (!status) status = keep_most_used(choice, &merges, limit, error);
    kfi_merges_free(&merges);
    if (!status && tokens) status = kfi_token_rows_choose(choice, trainer, &followers, tokens, token_count, error);
    else free(tokens);
    return status;
}
