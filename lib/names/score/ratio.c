/* ratio, token_sort_ratio, token_set_ratio, as RapidFuzz defines them. */
#include "names/score/ratio.h"

#include "names/score/words.h"

kf_status kfi_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error)
{
    kfi_patterns pattern = { 0 };
    kfi_array points = { 0 };
    kf_status status = kfi_patterns_set_whole(&pattern, a, error);
    if (!status) status = kfi_name_points(b, &points, error);
    if (!status) {
        const uint32_t length = (uint32_t)(points.size / 4);
        const uint32_t common = kfi_pattern_common(&pattern, 0, (const uint32_t *)(const void *)points.data, length);
        *score = kfi_ratio_of(common, pattern.list[0].length, length);
    }
    kfi_patterns_free(&pattern);
    kfi_array_free(&points);
    return status;
}

static kf_status ratio_of_words(const kf_bytes *a, uint32_t a_count, const kf_bytes *b, uint32_t b_count,
                                kfi_score *score, kf_error *error)
{
    kfi_array first = { 0 }, second = { 0 };
    kf_status status = kfi_words_join(a, a_count, &first, error);
    if (!status) status = kfi_words_join(b, b_count, &second, error);
    if (!status) status = kfi_ratio((kf_bytes){ first.data, first.size }, (kf_bytes){ second.data, second.size }, score,
                                    error);
    kfi_array_free(&first);
    kfi_array_free(&second);
    return status;
}

kf_status kfi_token_sort_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error)
{
    kfi_word_lists words;
    kf_status status = kfi_word_lists_set(&words, a, b, 0, error);
    if (!status) status = ratio_of_words(words.a, words.a_count, words.b, words.b_count, score, error);
    kfi_word_lists_free(&words);
    return status;
}

/* The best one of three ratios: of both texts with the common words first, and of the common words alone with each of
 * them. Where words are common, the space behind them is too. */
kfi_score kfi_token_set_score(int has_common, uint64_t common, uint64_t a, uint64_t b, uint64_t rest_common)
{
    const uint64_t both = has_common ? common + 1 : 0;
    kfi_score best = kfi_ratio_of(both + rest_common, both + a, both + b);
    if (!has_common) return best;
    const kfi_score alone = kfi_ratio_of(common, common, both + (a < b ? a : b));
    return kfi_score_compare(alone, best) > 0 ? alone : best;
}

static kf_status score_sets(kfi_word_lists *w, kfi_score *score, kf_error *error)
{
    kfi_score rest;
    *score = (kfi_score){ 0, 2 };
    if (!w->a_count || !w->b_count) return KF_OK;
    kfi_word_lists_part(w);
    *score = (kfi_score){ 1, 2 };
    if (w->common_count && (!w->only_a_count || !w->only_b_count)) return KF_OK;
    kf_status status = ratio_of_words(w->only_a, w->only_a_count, w->only_b, w->only_b_count, &rest, error);
    if (!status) *score = kfi_token_set_score(w->common_count > 0, kfi_words_length(w->common, w->common_count),
                                              kfi_words_length(w->only_a, w->only_a_count),
                                              kfi_words_length(w->only_b, w->only_b_count), rest.sum);
    return status;
}

kf_status kfi_token_set_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error)
{
    kfi_word_lists words;
    kf_status status = kfi_word_lists_set(&words, a, b, 1, error);
    if (!status) status = score_sets(&words, score, error);
    kfi_word_lists_free(&words);
    return status;
}
