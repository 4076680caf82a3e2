/* What tokens have in common with the whole needle: a code of that and their length. With its first and second half: in
 * four bits each, the greatest number standing for any. */
#ifndef KFI_NAMES_RATIO_TOKEN_CODES_H
#define KFI_NAMES_RATIO_TOKEN_CODES_H

#include "names/ratio/ratio_search.h"

enum { KFI_HALF_BITS = 4, KFI_HALF_ANY = (1 << KFI_HALF_BITS) - 1 };

/* The code of a token whose length and common letters are known. */
static inline uint8_t kfi_code(uint32_t length, uint32_t common)
{
    return (uint8_t)(length <= KFI_CODE_LENGTH ? length * (length + 1) / 2 + common : KFI_CODE_LONG);
}
/* For another needle. */
void kfi_token_codes_clear(kf_matcher *m);
/* Compares all tokens in blocks with the needle, at once. KF_END. */
kf_status kfi_token_codes_set(kf_matcher *m);
/* Whether so many were compared one by one that this pays. */
int kfi_token_codes_pay(const kf_matcher *m);
/* Whether comparing all tokens with the needle's halves takes less than scoring names as before. */
int kfi_token_halves_pay(const kf_matcher *m);
/* Does that; the codes are set. KF_END. */
kf_status kfi_token_halves_set(kf_matcher *m);
/* Compares one token. If that fails, which scoring a name will tell, nothing is known of it. */
uint8_t kfi_token_code_find(kf_matcher *m, uint32_t id);

/* The code of a token. */
static inline uint8_t kfi_ratio_code(kf_matcher *m, uint32_t id)
{
    const uint8_t code = m->whole->codes[id];
    return code == KFI_CODE_UNKNOWN ? kfi_token_code_find(m, id) : code;
}

#endif
