#include "names/score/explain.h"

#include "names/score/ratio.h"
#include "names/score/setratio.h"

#include <stdlib.h>

static kf_status add_pair(kfi_array *pairs, const kf_bytes *a, uint32_t i, const kf_bytes *b, uint32_t j,
                          kf_error *error)
{
    kfi_score score;
    kf_token_pair pair = { .a = a[i], .b = b[j], .a_index = i, .b_index = j };
    kf_status status = kfi_ratio(a[i], b[j], &score, error);
    if (status) return status;
    pair.common = a[i].size ? (uint32_t)score.sum : 0;   /* the ratio of empty ones is 1 by definition */
    pair.similarity = kfi_whole_value(score);
    return kfi_array_append(pairs, &pair, sizeof pair, error);
}

static uint32_t find(const kf_bytes *tokens, uint32_t count, kf_bytes token)
{
    uint32_t i = 0;
    while (i < count && (tokens[i].size != token.size || memcmp(tokens[i].data, token.data, token.size))) i++;
    return i;
}

kf_status kfi_explain(kf_scorer scorer, kf_bytes a, kf_bytes b, kfi_array *pairs, kf_error *error)
{
    const uint32_t n = kfi_name_token_count(a), m = kfi_name_token_count(b);
    double score;
    kfi_array room = { 0 };
    if (scorer != KF_SCORER_SETRATIO && scorer != KF_SCORER_TOKEN_SET_RATIO) return KF_OK;
    kf_status status = kfi_array_reserve(&room, (n + m) * sizeof(kf_bytes) + n * sizeof(uint32_t), error);
    if (status) return status;
    kf_bytes *first = (kf_bytes *)(void *)room.data, *second = first + n;
    uint32_t *partners = (uint32_t *)(void *)(second + m);
    kfi_name_tokens(a, first);
    kfi_name_tokens(b, second);
    if (scorer == KF_SCORER_SETRATIO) {
        status = kfi_setratio_pairs(a, b, &score, partners, error);
        for (uint32_t i = 0; i < n && !status; i++)
            if (partners[i] != UINT32_MAX) status = add_pair(pairs, first, i, second, partners[i], error);
    } else {
        for (uint32_t i = 0; i < n && !status; i++) {
            if (!first[i].size || find(first, i, first[i]) < i) continue;
            const uint32_t j = find(second, m, first[i]);
            if (j < m) status = add_pair(pairs, first, i, second, j, error);
        }
    }
    kfi_array_free(&room);
    return status;
}

/* ------------------------------------------------------------------------------------------------- */

/* With what it points to behind it. */
typedef struct explanation {
    kf_explanation public;
    kfi_array pairs;
    uint8_t text[];
} explanation;

kf_status kf_names_explain(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                           kf_explanation **out, kf_error *error)
{
    double score;
    *out = NULL;
    kf_status status = kf_names_score(scorer, a, a_size, b, b_size, &score, error);
    if (status) return status;
    explanation *e = calloc(1, sizeof *e + a_size + b_size);
    if (!e) return kfi_fail_memory(error, sizeof *e + a_size + b_size);
    if (a_size) memcpy(e->text, a, a_size);
    if (b_size) memcpy(e->text + a_size, b, b_size);
    status = kfi_explain(scorer, (kf_bytes){ e->text, a_size }, (kf_bytes){ e->text + a_size, b_size }, &e->pairs,
                         error);
    e->public = (kf_explanation){ score, e->pairs.size / sizeof(kf_token_pair),
                                  (const kf_token_pair *)(const void *)e->pairs.data };
    *out = &e->public;
    if (status) kf_explanation_free(out);
    return status;
}

void kf_explanation_free(kf_explanation **pointer)
{
    explanation *e = pointer ? (explanation *)*pointer : NULL;
    if (!e) return;
    kfi_array_free(&e->pairs);
    free(e);
    *pointer = NULL;
}
