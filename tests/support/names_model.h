/* Names and scores as plainly as can be, for comparing searches with. */
#ifndef TESTS_SUPPORT_NAMES_MODEL_H
#define TESTS_SUPPORT_NAMES_MODEL_H

#include "random.h"
#include "scratch.h"
#include "suite.h"
#include "tally.h"

#include <keyfold/keyfold.h>

#include <math.h>

enum { MODEL_TOKENS = 12, MODEL_LETTERS = 20, MODEL_NAMES = 20000 };

/* Divisible by all lengths of two tokens together: so sums are exact. */
#define MODEL_ONE 5342931457063200ull

typedef struct model_names {
    char *name[MODEL_NAMES];
    size_t count;
} model_names;

typedef struct model_token { uint32_t letter[MODEL_LETTERS]; int length; } model_token;

static inline int model_split(const char *name, model_token tokens[MODEL_TOKENS])
{
    int count = 0;
    tokens[0].length = 0;
    for (const uint8_t *at = (const uint8_t *)name; *at; at++) {
        if (*at == ' ') {
            count++;
            ck_assert_msg(count < MODEL_TOKENS, "'%s' has too many tokens for the model", name);
            tokens[count].length = 0;
            continue;
        }
        model_token *token = &tokens[count];
        if ((*at & 0xc0) != 0x80) {
            ck_assert_msg(token->length < MODEL_LETTERS, "'%s' is too long for the model", name);
            token->letter[token->length++] = *at;
        } else
            token->letter[token->length - 1] = token->letter[token->length - 1] << 8 | *at; /* as good as any */
    }
    return count + 1;
}

static inline uint64_t model_similarity(const model_token *a, const model_token *b)
{
    int row[MODEL_LETTERS + 1] = { 0 };
    if (a->length + b->length == 0) return MODEL_ONE;
    for (int i = 0; i < a->length; i++)
        for (int j = 0, corner = 0; j < b->length; j++) {
            const int above = row[j + 1];
            if (a->letter[i] == b->letter[j]) row[j + 1] = corner + 1;
            else if (row[j] > above) row[j + 1] = row[j];
            corner = above;
        }
    return MODEL_ONE / (unsigned)(a->length + b->length) * 2 * (unsigned)row[b->length];
}

/* The greatest sum of pairs, by all subsets of b's tokens that those of a up to one are paired with. */
static inline void model_score(const char *first, const char *second, uint64_t *sum, int *tokens)
{
    static uint64_t best[1 << MODEL_TOKENS];
    model_token a[MODEL_TOKENS], b[MODEL_TOKENS];
    const int n = model_split(first, a), m = model_split(second, b);
    memset(best, 0, sizeof *best << m);
    for (int i = 0; i < n; i++) {
        uint64_t row[MODEL_TOKENS];
        for (int j = 0; j < m; j++) row[j] = model_similarity(&a[i], &b[j]);
        for (int set = (1 << m) - 1; set >= 0; set--)
            for (int j = 0; j < m; j++) {
                if (!(set >> j & 1)) continue;
                const uint64_t with = best[set & ~(1 << j)] + row[j];
                if (with > best[set]) best[set] = with;
            }
    }
    *sum = best[(1 << m) - 1];
    *tokens = n + m;
}

typedef struct model_hit { uint64_t sum, position; int tokens; double score; } model_hit;

static inline int model_compare(const void *left, const void *right)
{
    const model_hit *a = left, *b = right;
    const double gap = (double)b->sum * a->tokens - (double)a->sum * b->tokens;
    /* Sums are whole numbers far apart or equal: a double tells, but for the last digits. */
    if (fabs(gap) > 1e6) return gap > 0 ? 1 : -1;
    return (a->position > b->position) - (a->position < b->position);
}

/* All names, best first. */
static inline void model_rank(const model_names *names, const char *needle, model_hit *hits)
{
    for (size_t i = 0; i < names->count; i++) {
        model_hit *hit = &hits[i];
        model_score(needle, names->name[i], &hit->sum, &hit->tokens);
        hit->position = i;
        hit->score = 2.0 * (double)hit->sum / ((double)MODEL_ONE * hit->tokens);
    }
    qsort(hits, names->count, sizeof *hits, model_compare);
}

static inline void model_free(model_names *names)
{
    for (size_t i = 0; i < names->count; i++) free(names->name[i]);
    names->count = 0;
}

static inline kf_names *model_build(const model_names *names, const char *file, uint64_t memory)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_names *index;
    kf_error error = { 0 };
    char id[24];
    options.memory_limit = memory;
    ck_assert_int_eq(kf_names_builder_create(&builder, scratch_path(file), &options, &error), KF_OK);
    for (size_t i = 0; i < names->count; i++) {
        snprintf(id, sizeof id, "%zu", i + 1);
        ck_assert_int_eq(kf_names_builder_add(builder, id, strlen(id), names->name[i], strlen(names->name[i]), &error),
                         KF_OK);
    }
    ck_assert_msg(kf_names_builder_finish(builder, NULL, &error) == KF_OK, "%s", error.message);
    kf_names_builder_destroy(&builder);
    ck_assert_msg(kf_names_open(&index, scratch_path(file), NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_uint_eq(kf_names_count(index), names->count);
    return index;
}

/* What a search says is what scoring every name says. `hits`: the model's, all names. */
static inline void model_check(kf_matcher *matcher, const model_names *names, const char *needle, uint64_t limit,
                               double cutoff, const model_hit *hits)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    kf_error error = { 0 };
    char id[24];
    size_t count = 0;
    options.limit = limit;
    options.cutoff = cutoff;
    ck_assert_msg(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, &error) == KF_OK, "'%s': %s",
                  needle, error.message);
    ck_assert_int_eq(found->exact, 1);
    while (count < names->count && count < limit && hits[count].score >= cutoff - 1e-13) count++;
    ck_assert_msg(found->count == count, "'%s' of %zu: %zu hits, not %zu", needle, names->count, found->count, count);
    for (size_t i = 0; i < count; i++) {
        const kf_name_hit *hit = found->hits[i];
        ck_assert_msg(hit->position == hits[i].position && fabs(hit->score - hits[i].score) < 1e-12,
                      "'%s' of %zu, hit %zu: %.15g at %llu '%s', not %.15g at %llu '%s'", needle, names->count, i,
                      hit->score, (unsigned long long)hit->position, names->name[hit->position], hits[i].score,
                      (unsigned long long)hits[i].position, names->name[hits[i].position]);
        ck_assert_uint_eq(hit->name.size, strlen(names->name[hit->position]));
        ck_assert_int_eq(memcmp(hit->name.data, names->name[hit->position], hit->name.size), 0);
        snprintf(id, sizeof id, "%zu", (size_t)hit->position + 1);
        ck_assert_uint_eq(hit->id.size, strlen(id));
        ck_assert_int_eq(memcmp(hit->id.data, id, hit->id.size), 0);
    }
    tally("queries", 1);
    tally("answers", count + 1);
}

#endif
