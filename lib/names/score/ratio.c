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
    kf_bytes first[KF_NAME_TOKENS], second[KF_NAME_TOKENS];
    const uint32_t n = kfi_words(a, 0, first), m = kfi_words(b, 0, second);
    return ratio_of_words(first, n, second, m, score, error);
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

kf_status kfi_token_set_ratio(kf_bytes a, kf_bytes b, kfi_score *score, kf_error *error)
{
    kf_bytes first[KF_NAME_TOKENS], second[KF_NAME_TOKENS];
    kfi_word_sets sets;
    const uint32_t n = kfi_words(a, 1, first), m = kfi_words(b, 1, second);
    *score = (kfi_score){ 0, 2 };
    if (!n || !m) return KF_OK;
    kfi_words_part(&sets, first, n, second, m);
    *score = (kfi_score){ 1, 2 };
    if (sets.common_count && (!sets.a_count || !sets.b_count)) return KF_OK;
    kfi_score rest;
    kf_status status = ratio_of_words(sets.a, sets.a_count, sets.b, sets.b_count, &rest, error);
    if (!status) *score = kfi_token_set_score(sets.common_count > 0, kfi_words_length(sets.common, sets.common_count),
                                              kfi_words_length(sets.a, sets.a_count),
                                              kfi_words_length(sets.b, sets.b_count), rest.sum);
    return status;
}
