/* Pairs are merged in a part of the sample, and in a larger one if the dictionary that comes out of it is large for
 * that: a small dictionary needs little text. What the tokens are worth is told by text that they were not made of
 * where there is some: by their own, ever more tokens would seem to pay. */
#include "write/tokens/token_candidates.h"
#include "write/tokens/token_merge.h"
#include "write/tokens/token_sample.h"

#include <float.h>
#include <stdlib.h>

enum {
    PART_LEAST = 1 << 18,      /* bytes of the sample */
    PART_GROWTH = 4,
    PART_PER_TOKEN = 96,       /* so many are enough for each token */
    HELD_OUT = 16,             /* of so many records one */
    TEXT_PER_TOKEN = 24,       /* the densest dictionaries we met have one for 60 bytes */
    TOKENS_LEAST = 512,
    SPARE = 32                 /* candidates: so much of what is wanted more */
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
        .min_count = complete ? 2 : 3,
    };
    uint64_t held = 0, trained = 0;
    KFI_EACH_RECORD(p, trainer) {
        uint32_t r = kfi_load32(p) >> 8;
        if (r >= below) continue;
        *(r < input.train_below ? &trained : &held) += p[0];
        input.room += p[0] + 1u;
    }
    uint64_t judged = held ? held : trained, useful = TOKENS_LEAST + (trained + held) / TEXT_PER_TOKEN;
    input.scale = judged ? (double)trainer->total_bytes / (double)judged : 1;
    uint32_t most = 3u << (bits ? bits : KFI_TOKEN_BITS_MAX) >> 1;
    input.max_tokens = useful < most ? (uint32_t)useful : most;
    return input;
}

kf_status kfi_token_candidates_make(kfi_token_candidates *candidates, const kfi_token_trainer *trainer, unsigned bits,
                                    kf_error *error)
{
    kfi_merges merges = {0};
    unsigned width = bits;
    uint8_t bytes[256];
    kfi_token_trainer_bytes(trainer, bytes);
    memset(candidates, 0, sizeof *candidates);
    for (uint64_t part = PART_LEAST;; part *= PART_GROWTH) {
        kfi_merge_input input = choose_part(trainer, part, bits, bytes);
        kfi_merges_free(&merges);
        kf_status status = kfi_merges_make(&merges, &input, error);
        if (status) return status;
        if (!bits) width = choose_width(&merges);
        if (input.below == trainer->threshold || part >> width >= PART_PER_TOKEN) break;
    }
    uint32_t limit = 1u << width;
    *candidates = (kfi_token_candidates){ merges.tokens, stage_at(&merges, limit + limit / SPARE).tokens, width };
    return KF_OK;
}
