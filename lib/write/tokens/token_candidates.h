/* The tokens that a dictionary is chosen from, and the width of its codes. */
#ifndef KFI_WRITE_TOKENS_TOKEN_CANDIDATES_H
#define KFI_WRITE_TOKENS_TOKEN_CANDIDATES_H

#include "write/tokens/token_trainer.h"
#include "write/tokens/token_trie.h"

typedef struct kfi_token_candidates {
    kfi_token_text *tokens;    /* some more than the 2^bits that are wanted; the caller frees them */
    uint32_t count;
    unsigned bits;
} kfi_token_candidates;

/* With `bits` 0, of the width whose estimated total of dictionary and coded text is least. Takes time in proportion to
 * the dictionary, not to the sample, once that is large. */
kf_status kfi_token_candidates_make(kfi_token_candidates *candidates, const kfi_token_trainer *trainer, unsigned bits,
                                    kf_error *error);

#endif
