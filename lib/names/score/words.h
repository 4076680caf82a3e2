/* The tokens of a name that are not empty, sorted: what the scorers on sorted tokens and on sets of them compare. */
#ifndef KFI_NAMES_SCORE_WORDS_H
#define KFI_NAMES_SCORE_WORDS_H

#include "names/score/text.h"

/* By bytes, which is by code points. < 0, 0, > 0 */
int kfi_words_compare(kf_bytes a, kf_bytes b);

/* Of a name that was accepted: sorted, at most KF_NAME_TOKENS; `once`: each of them once. Returns how many. */
uint32_t kfi_words(kf_bytes name, int once, kf_bytes words[KF_NAME_TOKENS]);

/* What two sets of words have both, and what only the one or the other has. */
typedef struct kfi_word_sets {
    kf_bytes common[KF_NAME_TOKENS], a[KF_NAME_TOKENS], b[KF_NAME_TOKENS];
    uint32_t common_count, a_count, b_count;
} kfi_word_sets;

/* Of sorted words, each of them once. */
void kfi_words_part(kfi_word_sets *sets, const kf_bytes *a, uint32_t a_count, const kf_bytes *b, uint32_t b_count);

/* Words with a space between each two of them, as `text`'s whole content. KF_NO_MEMORY. */
kf_status kfi_words_join(const kf_bytes *words, uint32_t count, kfi_array *text, kf_error *error);

/* The length of that in code points. */
uint32_t kfi_words_length(const kf_bytes *words, uint32_t count);

#endif
