/* Searches for the names most similar to a needle as whole texts: by ratio, token_sort_ratio, token_set_ratio.
 *
 *   a search by setratio, of little work, finds names to begin with                     ratio_search.c
 *   all names: can what their letters are still reach the best ones?                    letters.h
 *     those that can: do their tokens have enough in common with the needle?            token_codes.c, weigh.c
 *       those that do: their letters, and the longest common subsequence                spelling.c
 *
 * A name has at most as many letters in common with the needle as its tokens have, each for itself, and spaces. Bounds
 * are whole numbers: a name of b letters reaches a score of s / t with a needle of a letters if t times what is common
 * is at least s * (a + b). */
#ifndef KFI_NAMES_RATIO_RATIO_H
#define KFI_NAMES_RATIO_RATIO_H

#include "names/match/matcher.h"
#include "names/score/words.h"

enum {
    KFI_CODE_LENGTH = 21,          /* of tokens that have a code of one byte */
    KFI_CODE_LONG = 254,           /* longer ones: nothing is known of them */
    KFI_CODE_UNKNOWN = 255,        /* was not compared yet */
    KFI_SEEDS = 64
};

/* A word of the needle, for token_set_ratio. */
typedef struct kfi_needle_word {
    uint32_t id;                   /* UINT32_MAX: the index has no such token */
    uint32_t length;
} kfi_needle_word;

typedef struct kfi_whole {
    const kf_names *names;
    uint8_t *codes;                /* by place among tokens in blocks: length and what is common with the needle */
    uint32_t *places;              /* by token, if the file does not tell */
    uint32_t points[KFI_CLASSES];  /* the code point of a class; UINT32_MAX: it has several */

    /* the needle: its text, or its sorted words */
    kf_scorer scorer;
    kfi_array text;
    kfi_patterns pattern;
    kfi_block_query query;
    uint32_t length, spaces;
    int codes_are_set;
    kf_bytes words[KF_NAME_TOKENS];
    kfi_needle_word known[KF_NAME_TOKENS];
    uint32_t word_count;

    /* what a token brings a name nearer to the best ones, by its code: for `least` */
    int64_t values[256];
    kfi_score least;
    uint8_t code_length[256], code_common[256];

    uint32_t seeds[KFI_SEEDS];     /* slots that were looked at first */
    uint32_t seed_count;

    /* the name that is looked at */
    kfi_array points_of_tokens, points_of_name;   /* uint32_t */
    kfi_array rest;                /* bytes: words of the needle that the name has not */
    kfi_patterns rest_pattern;
    kfi_array texts;
} kfi_whole;

void kfi_ratio_destroy(kfi_whole **ratio);

/* Searches by one of the three scorers, after the needle was prepared for one by setratio. KF_END: the work limit is
 * reached. */
kf_status kfi_ratio_search(kf_matcher *m, const kf_matcher_options *options, kf_error *error);

/* ---- tokens ------------------------------------------------------------------------------------- */

/* Where a token is among those in blocks: any number on a damaged file. Not below their number: in none. */
static inline uint32_t kfi_ratio_place(const kfi_whole *r, uint32_t id) { return r->places[id]; }

/* Sets `points` and, if the file does not tell, `places`. KF_NO_MEMORY. */
kf_status kfi_spelling_begin(kfi_whole *r, kf_error *error);
/* Appends a token's code points. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_spelling_append(kf_matcher *m, uint32_t id, kfi_array *points, kf_error *error);

/* The code of a token whose length and common letters are known. */
static inline uint8_t kfi_code(uint32_t length, uint32_t common)
{
    return (uint8_t)(length <= KFI_CODE_LENGTH ? length * (length + 1) / 2 + common : KFI_CODE_LONG);
}
/* Compares all tokens in blocks with the needle. KF_END. */
kf_status kfi_token_codes_set(kf_matcher *m);

/* The code of a token, once they are set. */
static inline uint8_t kfi_ratio_code(const kfi_whole *r, uint32_t id)
{
    const uint32_t place = kfi_ratio_place(r, id);
    if (place < r->names->blocks.tokens) return r->codes[place];
    return id == r->names->blocks.empty ? 0 : KFI_CODE_LONG;
}

/* ---- names -------------------------------------------------------------------------------------- */

/* Scores a name if its bound allows. KF_CORRUPT, KF_NO_MEMORY, KF_END. */
kf_status kfi_ratio_weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);
/* Scores it and offers it to the best ones. */
kf_status kfi_ratio_score(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);

#endif
