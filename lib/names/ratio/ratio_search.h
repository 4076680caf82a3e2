/* Searches for the names most similar to a needle as whole texts: by ratio, token_sort_ratio, token_set_ratio.
 *
 *   a search by setratio, of little work, finds names to begin with                     ratio_search.c
 *   all names, or those in an attribute's list: do their letters, whatever their
 *   order, allow for a place among the best ones? First those that these make likely    sketch_scan.h
 *     those that do: have their tokens enough in common with the needle?                token_codes.c, reach.c
 *       those that have: have they, in their order, with the needle's halves?           weigh_short.c
 *         those that have: their letters, and the longest common subsequence            weigh.c, spelling.c
 *
 * A name has at most as many letters in common with the needle as its tokens have, each for itself, and spaces. What is
 * common with the needle's first half is in some tokens, with its second half in those behind them, and there is one
 * token at most that has letters of both. Bounds are whole numbers: a name of b letters reaches a score of s / t with a
 * needle of a letters if t times what is common is at least s * (a + b).
 *
 * What takes time are needles whose best name scores below 0.7 (tokens in another order, say): half of all names have
 * letters for that, an eighth has tokens, a few in a hundred are compared. Knowing the best score from the beginning
 * would save a sixth of what is looked at, which likely names first do save. A name takes some 35 instructions in
 * reach.c, 100 by halves, 300 when compared. Summing parts of 8 to 32 names took more than 64 at once; vectors of
 * several names with gathers were not tried. */
#ifndef KFI_NAMES_RATIO_RATIO_SEARCH_H
#define KFI_NAMES_RATIO_RATIO_SEARCH_H

#include "names/match/matcher.h"
#include "names/ratio/sketch_scan.h"
#include "names/score/words.h"

enum {
    KFI_CODE_LENGTH = 21,          /* of tokens that have a code of one byte */
    KFI_CODE_LONG = 254,           /* longer ones: nothing is known of them */
    KFI_CODE_UNKNOWN = 255,        /* was not compared yet */
    KFI_SEEDS = 64,
    KFI_ARRANGED = 6,              /* tokens of names whose orders are in a table */
    KFI_ORDERS = 720,              /* that there are of these */
    KFI_SHORT = 128,               /* letters of needles that two words have room for */
    KFI_NOTED = 1 << 12,           /* tokens */
    KFI_LAID_OUT = 16,             /* tokens of names that are compared without spelling them */
    KFI_UPPER = 1 << 12            /* the upper one of two numbers is times that */
};

/* A bit for each letter of a needle, the first one lowest. */
typedef struct kfi_two_words { uint64_t low, high; } kfi_two_words;

/* Hyyrö's recurrence, as in pattern.c. `wide` is a constant where this is inlined: the second word is used. */
static inline kfi_two_words kfi_two_words_step(kfi_two_words state, kfi_two_words mask, int wide)
{
    const uint64_t low = state.low & mask.low, high = state.high & mask.high, sum = state.low + low;
    if (wide) state.high = (state.high + high + (sum < low)) | (state.high - high);
    state.low = sum | (state.low - low);
    return state;
}

/* A word of the needle, for token_set_ratio. */
typedef struct kfi_needle_word {
    uint32_t id;                   /* UINT32_MAX: the index has no such token */
    uint32_t length;
} kfi_needle_word;

typedef struct kfi_whole {
    const kf_names *names;
    uint8_t *codes, *halves;       /* by token, and one more: common with the needle, its halves: token_codes.h */
    uint32_t *places;              /* by token, if the file does not tell */
    uint32_t points[KFI_CLASSES];  /* the code point of a class; UINT32_MAX: it has several */

    /* the needle: its text, or its sorted words */
    kf_scorer scorer;
    kfi_array text;
    kfi_patterns pattern;
    kfi_block_query query;
    uint32_t length, spaces;
    int codes_are_set, halves_are_set;   /* of all tokens */
    uint32_t compared;             /* tokens, one by one */
    uint32_t notes[KFI_NOTED], noted;   /* tokens whose codes were set; more than that: any */
    kfi_sketch_scan scan;
    kfi_sketch_query sketch, likely;
    int are_likely;                /* that names are looked at */
    kf_bytes words[KF_NAME_TOKENS];
    kfi_needle_word known[KF_NAME_TOKENS];
    uint32_t word_count;

    /* what a token brings a name nearer to the best ones, by its code: for `least` */
    int64_t values[256];
    kfi_score least;
    uint8_t code_length[256], code_common[256];
    uint32_t code_both[256];       /* length times KFI_UPPER, and common */
    uint32_t halves_both[256];     /* common with the second half at most, times KFI_UPPER, and with the first */

    /* of a needle of at most KFI_SHORT letters: where it has a class, and spaces */
    int is_short;
    int is_doubtful;               /* it has letters in classes of several */
    kfi_two_words masks[KFI_CLASSES], space_mask;
    uint64_t low_masks[256];       /* the low words, by what a column has */
    const kfi_length_group *groups[KFI_CODE_LENGTH + 1];   /* of tokens, by length */

    /* how the records of a group of names are laid out */
    uint32_t offsets[KF_NAME_TOKENS], id_masks[KF_NAME_TOKENS], record;

    uint8_t orders[KFI_ARRANGED + 1][KFI_ORDERS][KFI_ARRANGED];   /* by rank: which token is where */

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
static inline uint32_t kfi_ratio_place(const kfi_whole *r, uint32_t id)
{
    return r->places ? r->places[id] : kfi_letters_place(&r->names->letters, id);
}

static inline void kfi_ratio_place_prefetch(const kfi_whole *r, uint32_t id)
{
    if (r->places) kfi_prefetch(r->places + id);
    else kfi_prefetch(r->names->letters.places + (uint64_t)id * r->names->letters.place_width / 8);
}

/* How many spaces a name of so many has in common with the needle at most. */
static inline uint32_t kfi_ratio_spaces(const kfi_whole *r, uint32_t spaces)
{
    return spaces < r->spaces ? spaces : r->spaces;
}

/* Sets `points` and, if the file does not tell, `places`. KF_NO_MEMORY. */
kf_status kfi_spelling_begin(kfi_whole *r, kf_error *error);
/* The tokens as long as the one in a place that there is. */
const kfi_length_group *kfi_spelling_group(const kfi_blocks *blocks, uint32_t place);
/* Appends a token's code points. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_spelling_append(kf_matcher *m, uint32_t id, kfi_array *points, kf_error *error);

/* ---- names -------------------------------------------------------------------------------------- */

/* Prepares for looking at the names of a group. */
void kfi_ratio_begin_group(kf_matcher *m, const kfi_group *group);
/* Which of 64 names of that group, given their records and a mask of them, their tokens allow for. `least` is set. */
uint64_t kfi_ratio_reach(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens);
/* Sets `values` for the least score that counts now. */
void kfi_ratio_update(kf_matcher *m);
/* Scores a name of that group if its bounds allow. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_ratio_weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);
/* The same of those of 64, from `first` on, that kfi_ratio_reach has left, for a needle that is short: no sets. */
kf_status kfi_ratio_weigh_short(kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, kf_error *error);
/* Scores it and offers it to the best ones. */
kf_status kfi_ratio_score(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);
/* Offers a score to the best ones. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_ratio_offer(kf_matcher *m, kfi_score score, uint32_t slot, kf_error *error);

#endif
