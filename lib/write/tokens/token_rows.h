/* Codes by what is before them: a row of tokens for each class of bytes. */
#ifndef KFI_WRITE_TOKENS_TOKEN_ROWS_H
#define KFI_WRITE_TOKENS_TOKEN_ROWS_H

#include "write/tokens/token_choice.h"

/* Gives the choice, so far of one class, more classes and narrower codes, if all text takes less room so. The rows are
 * made of `tokens`, which the choice takes over. */
kf_status kfi_token_rows_choose(kfi_token_choice *choice, const kfi_token_trainer *trainer,
                                const kfi_followers *followers, kfi_token_text *tokens, uint32_t count,
                                kf_error *error);

#endif
