/* Looking at one name: a bound by its tokens, and perhaps its score. */
#include "names/ratio/token_codes.h"

#include "names/score/ratio.h"

void kfi_ratio_update(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const int64_t sum = (int64_t)m->best.least.sum, tokens = m->best.least.tokens;
    if (r->least.sum == m->best.least.sum && r->least.tokens == m->best.least.tokens) return;
    r->least = m->best.least;
    for (unsigned code = 0; code < KFI_CODE_LONG; code++)
        r->values[code] = tokens * r->code_common[code] - sum * r->code_length[code];
    r->values[KFI_CODE_LONG] = r->values[KFI_CODE_UNKNOWN] = INT64_MAX / (2 * KF_NAME_TOKENS);
}

static kf_status read_ids(const kf_matcher *m, const kfi_group *group, uint32_t slot, uint32_t *ids, kf_error *error)
{
    kfi_names_ids(m->names, group, slot, ids);
    for (uint32_t i = 0; i < group->tokens; i++)
        if (ids[i] >= m->names->head.tokens)
            return kfi_fail(error, KF_CORRUPT, "a token of slot %u is out of range", (unsigned)slot);
    return KF_OK;
}

kf_status kfi_ratio_offer(kf_matcher *m, kfi_score score, uint32_t slot, kf_error *error)
{
    const kfi_found found = { score, kfi_names_position(m->names, slot), slot };
    if (found.position >= m->names->count) return kfi_fail(error, KF_CORRUPT, "a position is out of range");
    return kfi_best_wants(&m->best, score) ? kfi_best_offer(&m->best, &found, error) : KF_OK;
}

static const uint32_t *points_at(const kfi_array *array, size_t at)
{
    return (const uint32_t *)(const void *)array->data + at;
}

/* ---- ratio, token_sort_ratio -------------------------------------------------------------------- */

/* Whether a name can reach the least score. */
static int can_reach(kf_matcher *m, const uint32_t *ids, uint32_t tokens)
{
    const kfi_whole *r = m->whole;
    const uint32_t empty = m->names->blocks.empty;
    int64_t sum = 0;
    uint32_t spaces = tokens;
    for (uint32_t i = 0; i < tokens; i++) {
        sum += r->values[kfi_ratio_code(m, ids[i])];
        spaces -= ids[i] == empty;
    }
    if (r->scorer == KF_SCORER_RATIO) spaces = tokens;
    spaces -= spaces > 0;
    const uint32_t common = kfi_ratio_spaces(r, spaces);
    return sum + (int64_t)r->least.tokens * common >= (int64_t)r->least.sum * ((int64_t)r->length + spaces);
}

typedef struct word { size_t first; uint32_t length; } word;

static int compare_words(const uint32_t *points, word a, word b)
{
    const uint32_t length = a.length < b.length ? a.length : b.length;
    for (uint32_t i = 0; i < length; i++)
        if (points[a.first + i] != points[b.first + i]) return points[a.first + i] < points[b.first + i] ? -1 : 1;
    return (a.length > b.length) - (a.length < b.length);
}

/* The words in their order, with spaces, as the name's points. */
static kf_status join_sorted(kfi_whole *r, word *words, uint32_t count, kf_error *error)
{
    const uint32_t *points = points_at(&r->points_of_tokens, 0), space = KFI_NAME_SPACE;
    kf_status status = KF_OK;
    for (uint32_t i = 1; i < count; i++) {
        const word moved = words[i];
        uint32_t at = i;
        for (; at && compare_words(points, words[at - 1], moved) > 0; at--) words[at] = words[at - 1];
        words[at] = moved;
    }
    r->points_of_name.size = 0;
    for (uint32_t i = 0; i < count && !status; i++) {
        if (i) status = kfi_array_append(&r->points_of_name, &space, sizeof space, error);
        if (!status)
            status = kfi_array_append(&r->points_of_name, points + words[i].first, 4 * (size_t)words[i].length, error);
    }
    return status;
}

static kf_status spell_sorted(kf_matcher *m, const uint32_t *ids, uint32_t tokens, kf_error *error)
{
    kfi_whole *r = m->whole;
    word words[KF_NAME_TOKENS];
    uint32_t count = 0;
    kf_status status = KF_OK;
    r->points_of_tokens.size = 0;
    for (uint32_t i = 0; i < tokens && !status; i++) {
        const size_t first = r->points_of_tokens.size / 4;
        status = kfi_spelling_append(m, ids[i], &r->points_of_tokens, error);
        const uint32_t length = (uint32_t)(r->points_of_tokens.size / 4 - first);
        if (length) words[count++] = (word){ first, length };
    }
    return status ? status : join_sorted(r, words, count, error);
}

static kf_status spell(kf_matcher *m, const kfi_group *group, uint32_t slot, uint32_t *ids, kf_error *error)
{
    kfi_array *points = &m->whole->points_of_name;
    const uint32_t space = KFI_NAME_SPACE;
    kf_status status = kfi_names_arrange(m->names, group, slot, ids, error);
    points->size = 0;
    for (uint32_t i = 0; i < group->tokens && !status; i++) {
        if (i) status = kfi_array_append(points, &space, sizeof space, error);
        if (!status) status = kfi_spelling_append(m, ids[i], points, error);
    }
    return status;
}

static kf_status score_text(kf_matcher *m, const kfi_group *group, uint32_t slot, uint32_t *ids, kf_error *error)
{
    kfi_whole *r = m->whole;
    kf_status status = r->scorer == KF_SCORER_RATIO ? spell(m, group, slot, ids, error)
                                                    : spell_sorted(m, ids, group->tokens, error);
    if (status) return status;
    const uint32_t length = (uint32_t)(r->points_of_name.size / 4);
    m->names_scored++;
    const uint32_t common = kfi_pattern_common(&r->pattern, 0, points_at(&r->points_of_name, 0), length);
    return kfi_ratio_offer(m, kfi_ratio_of(common, r->length, length), slot, error);
}

/* ---- token_set_ratio ---------------------------------------------------------------------------- */

/* A name beside the needle: what both have, and what only one has. */
typedef struct sets {
    uint32_t common, common_letters;
    uint32_t rest, rest_letters, rest_common;   /* of the name; common with the needle at most */
    uint32_t needle, needle_letters;
    uint32_t ids[KF_NAME_TOKENS];               /* of the rest */
    uint8_t taken[KF_NAME_TOKENS];              /* words of the needle */
    int is_known;                               /* 0: there are tokens without a code */
} sets;

static uint32_t joined(uint32_t words, uint32_t letters) { return words ? letters + words - 1 : 0; }

/* Words of the needle have the code of long tokens: see token_codes.c. */
static uint32_t find_word(const kfi_whole *r, uint32_t id)
{
    uint32_t i = 0;
    while (i < r->word_count && r->known[i].id != id) i++;
    return i;
}

static void part(kf_matcher *m, const uint32_t *ids, uint32_t tokens, sets *s)
{
    const kfi_whole *r = m->whole;
    const int sorted = tokens <= KFI_SORTED_TOKENS;
    memset(s, 0, offsetof(sets, ids));
    memset(s->taken, 0, r->word_count);
    s->is_known = 1;
    for (uint32_t i = 0; i < tokens; i++) {
        uint32_t before = sorted && i ? i - 1 : 0;
        while (before < i && ids[before] != ids[i]) before++;
        if (before < i || ids[i] == m->names->blocks.empty) continue;
        const uint8_t code = kfi_ratio_code(m, ids[i]);
        const uint32_t found = code == KFI_CODE_LONG ? find_word(r, ids[i]) : r->word_count;
        if (found < r->word_count) {
            s->taken[found] = 1;
            s->common++;
            s->common_letters += r->known[found].length;
            continue;
        }
        s->ids[s->rest++] = ids[i];
        s->rest_letters += r->code_length[code];
        s->rest_common += r->code_common[code];
        if (code == KFI_CODE_LONG) s->is_known = 0;
    }
    s->needle = r->word_count - s->common;
    for (uint32_t i = 0; i < r->word_count; i++)
        if (!s->taken[i]) s->needle_letters += r->known[i].length;
}

static kfi_score score_of(const sets *s, uint32_t rest_common)
{
    return kfi_token_set_score(s->common > 0, joined(s->common, s->common_letters),
                               joined(s->needle, s->needle_letters), joined(s->rest, s->rest_letters), rest_common);
}

/* The greatest score that is possible. */
static kfi_score bound_of(const sets *s)
{
    const uint32_t name = joined(s->rest, s->rest_letters), needle = joined(s->needle, s->needle_letters);
    const uint32_t spaces = s->rest && s->needle ? (s->rest < s->needle ? s->rest : s->needle) - 1 : 0;
    uint32_t common = s->rest_common + spaces;
    if (common > name) common = name;
    if (common > needle) common = needle;
    return score_of(s, common);
}

/* The needle's pattern, or that of its words which are not common. */
static kf_status rest_of_needle(kfi_whole *r, const sets *s, kfi_patterns **pattern, kf_error *error)
{
    kf_bytes words[KF_NAME_TOKENS];
    uint32_t count = 0;
    *pattern = &r->pattern;
    if (!s->common) return KF_OK;
    *pattern = &r->rest_pattern;
    for (uint32_t i = 0; i < r->word_count; i++)
        if (!s->taken[i]) words[count++] = r->words[i];
    kf_status status = kfi_words_join(words, count, &r->rest, error);
    return status ? status : kfi_patterns_set_whole(*pattern, (kf_bytes){ r->rest.data, r->rest.size }, error);
}

static kf_status weigh_sets(kf_matcher *m, const uint32_t *ids, uint32_t tokens, uint32_t slot, kf_error *error)
{
    kfi_whole *r = m->whole;
    kfi_patterns *pattern;
    sets s;
    part(m, ids, tokens, &s);
    if (!r->word_count || !(s.common + s.rest)) return kfi_ratio_offer(m, (kfi_score){ 0, 2 }, slot, error);
    if (s.common && (!s.rest || !s.needle)) return kfi_ratio_offer(m, (kfi_score){ 1, 2 }, slot, error);
    if (s.is_known && kfi_score_compare(bound_of(&s), m->best.least) < 0) return KF_OK;
    kf_status status = spell_sorted(m, s.ids, s.rest, error);
    if (!status) status = rest_of_needle(r, &s, &pattern, error);
    if (status) return status;
    const uint32_t length = (uint32_t)(r->points_of_name.size / 4);
    m->names_scored++;
    s.rest_letters = length - (s.rest ? s.rest - 1 : 0);
    const uint32_t common = kfi_pattern_common(pattern, 0, points_at(&r->points_of_name, 0), length);
    return kfi_ratio_offer(m, score_of(&s, common), slot, error);
}

/* ------------------------------------------------------------------------------------------------- */

kf_status kfi_ratio_score(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    kf_status status = read_ids(m, group, slot, ids, error);
    if (status) return status;
    return m->whole->scorer == KF_SCORER_TOKEN_SET_RATIO ? weigh_sets(m, ids, group->tokens, slot, error)
                                                         : score_text(m, group, slot, ids, error);
}

/* ------------------------------------------------------------------------------------------------- */

kf_status kfi_ratio_weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    const kfi_whole *r = m->whole;
    kf_status status = read_ids(m, group, slot, ids, error);
    if (status) return status;
    if (r->scorer == KF_SCORER_TOKEN_SET_RATIO) return weigh_sets(m, ids, group->tokens, slot, error);
    kfi_ratio_update(m);
    return can_reach(m, ids, group->tokens) ? score_text(m, group, slot, ids, error) : KF_OK;
}
