/* The tokens of a dictionary, and the width of its codes. */
#ifndef KFI_WRITE_TOKENS_TOKEN_CHOICE_H
#define KFI_WRITE_TOKENS_TOKEN_CHOICE_H

#include "write/tokens/token_trainer.h"
#include "write/tokens/token_trie.h"

typedef struct kfi_token_choice {
    kfi_token_text *tokens;    /* at most 2^bits, by code; the caller frees them */
    uint32_t count;
    unsigned bits;
    double rate;               /* codes a byte of text, about */
} kfi_token_choice;

/* With `bits` 0, of the width whose estimated total of dictionary and coded text is least. Takes time in proportion to
 * the dictionary, not to the sample, once that is large. */
kf_status kfi_token_choice_make(kfi_token_choice *choice, const kfi_token_trainer *trainer, unsigned bits,
                                kf_error *error);

#endif
