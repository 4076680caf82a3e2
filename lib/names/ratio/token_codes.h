/* What tokens have in common with the whole needle: a code of that and their length, in the low byte of what is told of
 * each. In the high one, with its first and second half: in four bits each, the greatest number standing for any. */
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

/* The code of what is told of a token. */
static inline uint8_t kfi_told_code(uint32_t told) { return (uint8_t)told; }

/* What a token of which that is told has in common with the halves at most; unchanged where it is unknown. */
static inline void kfi_told_halves(uint32_t told, uint32_t *first, uint32_t *second)
{
    const uint32_t left = told >> 8 & KFI_HALF_ANY, right = told >> (8 + KFI_HALF_BITS);
    *first = left == KFI_HALF_ANY ? *first : left;
    *second = right == KFI_HALF_ANY ? *second : right;
}

/* The code of a token. */
static inline uint8_t kfi_ratio_code(kf_matcher *m, uint32_t id)
{
    const uint8_t code = kfi_told_code(m->whole->told[id]);
    return code == KFI_CODE_UNKNOWN ? kfi_token_code_find(m, id) : code;
}

#endif
