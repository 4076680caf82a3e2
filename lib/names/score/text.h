/* Names as text: their tokens, and code points. */
#ifndef KFI_NAMES_SCORE_TEXT_H
#define KFI_NAMES_SCORE_TEXT_H

#include "base/array.h"

#include <keyfold/names.h>

enum { KFI_NAME_SPACE = ' ' };

/* Whether the library takes such a name: KF_INVALID with the offset, KF_LIMIT. `what` begins the message. */
kf_status kfi_name_check(kf_bytes name, const char *what, kf_error *error);

/* How many tokens a name has: at most KF_NAME_TOKENS if it was accepted. */
uint32_t kfi_name_token_count(kf_bytes name);
/* Sets them and returns how many. */
uint32_t kfi_name_tokens(kf_bytes name, kf_bytes *tokens);

/* How many code points a name has that was accepted. */
uint32_t kfi_name_length(kf_bytes name);

/* The code points of a token, appended to an array of uint32_t. Ill-formed bytes, which a damaged file may have, are
 * code points of their own. KF_NO_MEMORY. */
kf_status kfi_name_points(kf_bytes token, kfi_array *points, kf_error *error);

#endif
