/* Which tokens of two names are paired. */
#ifndef KFI_NAMES_SCORE_EXPLAIN_H
#define KFI_NAMES_SCORE_EXPLAIN_H

#include "base/array.h"

#include <keyfold/names.h>

/* Appends what kf_explanation says of pairs to an array of kf_token_pair, whose texts are parts of the names. These
 * were accepted, and the scorer is a known one. KF_NO_MEMORY. */
kf_status kfi_explain(kf_scorer scorer, kf_bytes a, kf_bytes b, kfi_array *pairs, kf_error *error);

#endif
