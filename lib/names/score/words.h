/* The tokens of a name that are not empty, sorted: what the scorers on sorted tokens and on sets of them compare. */
#ifndef KFI_NAMES_SCORE_WORDS_H
#define KFI_NAMES_SCORE_WORDS_H

#include "names/score/text.h"

/* By bytes, which is by code points. < 0, 0, > 0 */
int kfi_words_compare(kf_bytes a, kf_bytes b);

/* Of a name that was accepted: sorted, with room for all tokens; `once`: each of them once. Returns how many. */
uint32_t kfi_words(kf_bytes name, int once, kf_bytes *words);

/* The words of two names, and what both have, or only one of them. On the heap: a thread's stack may be small. */
typedef struct kfi_word_lists {
    kf_bytes *a, *b, *common, *only_a, *only_b;
    uint32_t a_count, b_count, common_count, only_a_count, only_b_count;
} kfi_word_lists;

/* Of names that were accepted; no words are common yet. To be freed in any case. KF_NO_MEMORY. */
kf_status kfi_word_lists_set(kfi_word_lists *lists, kf_bytes a, kf_bytes b, int once, kf_error *error);
/* Of lists that have each word once. */
void kfi_word_lists_part(kfi_word_lists *lists);
void kfi_word_lists_free(kfi_word_lists *lists);

/* Words with a space between each two of them, as `text`'s whole content. KF_NO_MEMORY. */
kf_status kfi_words_join(const kf_bytes *words, uint32_t count, kfi_array *text, kf_error *error);

/* The length of that in code points. */
uint32_t kfi_words_length(const kf_bytes *words, uint32_t count);

#endif
