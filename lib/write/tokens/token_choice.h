/* The tokens of a dictionary, and the width of its codes. */
#ifndef KFI_WRITE_TOKENS_TOKEN_CHOICE_H
#define KFI_WRITE_TOKENS_TOKEN_CHOICE_H

#include "write/tokens/token_sample.h"
#include "write/tokens/token_trie.h"

typedef struct kfi_token_choice {
    kfi_token_text *tokens;
    uint32_t count;
    unsigned bits;
    double rate;               /* codes a byte of text, about */
    kfi_token_classes classes;
    uint32_t *rows;            /* of each class 2^bits tokens, or KFI_TOKEN_NONE, by code. NULL with one class, where
                                  a token's code is its index */
} kfi_token_choice;

/* With `bits` 0, of the width and classes with which dictionary and coded text are estimated to take least. Takes time
 * in proportion to the dictionary, not to the sample, once that is large. The caller frees the choice. */
kf_status kfi_token_choice_make(kfi_token_choice *choice, const kfi_token_trainer *trainer, unsigned bits,
                                kf_error *error);
void kfi_token_choice_free(kfi_token_choice *choice);

#endif
