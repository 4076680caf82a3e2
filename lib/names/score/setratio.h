/* setratio of two names, and which of their tokens are paired. */
#ifndef KFI_NAMES_SCORE_SETRATIO_H
#define KFI_NAMES_SCORE_SETRATIO_H

#include "names/score/pattern.h"

/* Of names that were accepted. KF_NO_MEMORY. */
kf_status kfi_setratio(kf_bytes a, kf_bytes b, double *score, kf_error *error);

/* The same, and for each token of a the one of b with which it is paired; UINT32_MAX: none to which it is similar. */
kf_status kfi_setratio_pairs(kf_bytes a, kf_bytes b, double *score, uint32_t *partners, kf_error *error);

#endif
