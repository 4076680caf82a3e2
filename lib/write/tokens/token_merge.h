/* Growing a token dictionary by merging frequent adjacent pairs of a sample. */
#ifndef KFI_WRITE_TOKENS_TOKEN_MERGE_H
#define KFI_WRITE_TOKENS_TOKEN_MERGE_H

#include "base/array.h"
#include "write/tokens/token_trie.h"

/* The state after a round: the first `tokens` tokens are a dictionary by themselves. */
typedef struct kfi_merge_stage {
    uint32_t tokens;
    uint32_t live;       /* of them, used often enough to be worth a code */
    double codes;        /* tokens in all text, by what was held out if anything was: near the shortest parse */
} kfi_merge_stage;

/* Bytes of a token in the section: its entry and, as tokens overlap, two or three of the pool. */
#define KFI_TOKEN_COST 6.5

enum { KFI_MERGE_STAGES = 96 };

/* One merge: how often, in the text that pairs were chosen by. */
typedef struct kfi_merge {
    uint32_t left, right, token, times;
    uint32_t tokens;     /* that there are then */
} kfi_merge;

typedef struct kfi_merges {
    kfi_token_text *tokens;          /* in the order of making, single bytes first */
    uint32_t *uses;                  /* by token, in the text that pairs were chosen by */
    uint32_t count;
    kfi_array log;                   /* of kfi_merge. A token may be made again, of other halves */
    kfi_merge_stage stages[KFI_MERGE_STAGES];
    uint32_t stage_count;
} kfi_merges;

/* The sample: a trainer's records, with a random number r each. A merge never spans
 * records. `bytes` says which byte values are tokens. Stops when there are `max_tokens`, when no pair occurs
 * `min_count` times, or when the total of coded text and dictionary only grows. */
typedef struct kfi_merge_input {
    const uint8_t *records;
    size_t size;
    /* Pairs are chosen by the records with r below `train_below`; those from there up to `below` are coded as well,
     * and tell what the tokens are worth on text that they were not made of. */
    uint32_t train_below, below;
    size_t room;                     /* their text, and a boundary each */
    const uint8_t *bytes;            /* 256 flags */
    uint32_t max_tokens, min_count;
    double scale;                    /* all text / what was held out, or if that is nothing, / what was trained on */
    double trained_scale;            /* all text / what was trained on */
} kfi_merge_input;

kf_status kfi_merges_make(kfi_merges *merges, const kfi_merge_input *input, kf_error *error);
/* Undoes the last merges, so that `tokens` are left. Stages stay. */
void kfi_merges_undo(kfi_merges *merges, uint32_t tokens);
void kfi_merges_free(kfi_merges *merges);

#endif
