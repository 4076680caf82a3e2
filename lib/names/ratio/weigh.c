/* Looking at one name: a bound by its tokens, and perhaps its score. */
#include "names/ratio/token_codes.h"

#include "names/score/ratio.h"

/* For the least score that counts now. */
static void update(kf_matcher *m)
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

static kf_status offer(kf_matcher *m, kfi_score score, uint32_t slot, kf_error *error)
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
    return offer(m, kfi_ratio_of(common, r->length, length), slot, error);
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
        const uint32_t found = find_word(r, ids[i]);
        if (found < r->word_count) {
            s->taken[found] = 1;
            s->common++;
            s->common_letters += r->known[found].length;
            continue;
        }
        const uint8_t code = kfi_ratio_code(m, ids[i]);
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
    if (!r->word_count || !(s.common + s.rest)) return offer(m, (kfi_score){ 0, 2 }, slot, error);
    if (s.common && (!s.rest || !s.needle)) return offer(m, (kfi_score){ 1, 2 }, slot, error);
    if (s.is_known && kfi_score_compare(bound_of(&s), m->best.least) < 0) return KF_OK;
    kf_status status = spell_sorted(m, s.ids, s.rest, error);
    if (!status) status = rest_of_needle(r, &s, &pattern, error);
    if (status) return status;
    const uint32_t length = (uint32_t)(r->points_of_name.size / 4);
    m->names_scored++;
    s.rest_letters = length - (s.rest ? s.rest - 1 : 0);
    const uint32_t common = kfi_pattern_common(pattern, 0, points_at(&r->points_of_name, 0), length);
    return offer(m, score_of(&s, common), slot, error);
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

static int is_seed(const kfi_whole *r, uint32_t slot)
{
    for (uint32_t i = 0; i < r->seed_count; i++)
        if (r->seeds[i] == slot) return 1;
    return 0;
}

void kfi_ratio_begin_group(kf_matcher *m, const kfi_group *group)
{
    kfi_whole *r = m->whole;
    uint32_t at = 0, offset = 0;
    for (unsigned width = 1; width <= KFI_ID_WIDTHS; width++)
        for (uint32_t i = group->widths[width - 1]; i > 0; i--, offset += width) {
            r->offsets[at] = offset;
            r->id_masks[at++] = (uint32_t)kfi_mask64(8 * width);
        }
    r->record = offset;
}

/* ---- sums of many names ------------------------------------------------------------------------- */

/* Which names of the mask can reach the least score. The number of tokens is a constant where this is inlined, and
 * whether all have codes. Sets count a token once, so that names which have one twice are among them. No branch depends
 * on a sum: what the next names read would wait for it. */
static inline uint64_t reaching(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens, int is_known)
{
    const kfi_whole *r = m->whole;
    const int is_set = r->scorer == KF_SCORER_TOKEN_SET_RATIO;
    const uint32_t spaces = tokens - 1, common = kfi_ratio_spaces(r, spaces), all = m->names->head.tokens;
    const int64_t needs = (int64_t)r->least.sum * ((int64_t)r->length + spaces) - (int64_t)r->least.tokens * common;
    uint64_t left = 0;
    if (is_known && r->id_masks[tokens - 1] > UINT16_MAX)
        for (uint64_t ahead = mask; ahead; ahead &= ahead - 1) {
            const uint8_t *record = records + (size_t)__builtin_ctzll(ahead) * r->record;
            __builtin_prefetch(r->told + (kfi_load32(record + r->offsets[tokens - 1]) & r->id_masks[tokens - 1]));
        }
    for (; mask; mask &= mask - 1) {
        const unsigned name = (unsigned)__builtin_ctzll(mask);
        const uint8_t *record = records + (size_t)name * r->record;
        int64_t sum = 0;
        uint32_t last = UINT32_MAX;
        for (uint32_t i = 0; i < tokens; i++) {
            const uint32_t id = kfi_load32(record + r->offsets[i]) & r->id_masks[i];
            if (is_set && id == last) sum += r->values[KFI_CODE_LONG];
            last = id;
            sum += r->values[id >= all ? KFI_CODE_LONG : is_known ? kfi_told_code(r->told[id]) : kfi_ratio_code(m, id)];
        }
        left |= (uint64_t)(sum >= needs) << name;
    }
    return left;
}

static inline uint64_t reach_by(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens, int is_known)
{
    switch (tokens) {
    case 1: return reaching(m, records, mask, 1, is_known);
    case 2: return reaching(m, records, mask, 2, is_known);
    case 3: return reaching(m, records, mask, 3, is_known);
    case 4: return reaching(m, records, mask, 4, is_known);
    case 5: return reaching(m, records, mask, 5, is_known);
    case 6: return reaching(m, records, mask, 6, is_known);
    default: return reaching(m, records, mask, tokens, is_known);
    }
}

static uint64_t reach(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens)
{
    const int is_known = m->whole->codes_are_set && m->whole->length > 0;
    return is_known ? reach_by(m, records, mask, tokens, 1) : reach_by(m, records, mask, tokens, 0);
}

/* ---- ratio of a needle of one or two words of bits ---------------------------------------------- */

/* A name whose tokens' letters are on their way to the processor. */
typedef struct laid_out {
    uint32_t slot, tokens, length;
    uint32_t ids[KFI_LAID_OUT];    /* in the name's order */
    uint8_t letters[KFI_LAID_OUT], commons[KFI_LAID_OUT];   /* of tokens */
    const uint8_t *columns[KFI_LAID_OUT];   /* of those that have letters */
} laid_out;

/* The ids of a name's tokens in its order. 0: it has to be spelled. */
static int arrange_ids(const kf_matcher *m, const kfi_group *group, uint32_t slot, uint32_t *ids)
{
    const kfi_whole *r = m->whole;
    const uint32_t tokens = group->tokens, width = kfi_order_width(tokens);
    const uint8_t *record = m->names->forward + group->records + (uint64_t)(slot - group->first) * r->record;
    if (tokens > KFI_LAID_OUT) return 0;
    if (tokens > KFI_ARRANGED) {
        kfi_names_ids(m->names, group, slot, ids);
        return kfi_names_arrange(m->names, group, slot, ids, NULL) == KF_OK;
    }
    const uint32_t rank = (uint32_t)kfi_load_bits(m->names->orders + group->orders,
                                                  (uint64_t)(slot - group->first) * width, width);
    if (rank >= KFI_ORDERS) return 0;
    for (uint32_t i = 0; i < tokens; i++) {
        const uint32_t at = r->orders[tokens][rank][i];
        ids[i] = kfi_load32(record + r->offsets[at]) & r->id_masks[at];
    }
    return 1;
}

/* Sets `common` too: at most so many letters, spaces among them, the name has in common with the needle: the token that
 * has some of both halves is any of them. 0: it has to be spelled. */
static int arrange(const kf_matcher *m, const kfi_group *group, uint32_t slot, laid_out *name, uint32_t *common)
{
    const kfi_whole *r = m->whole;
    uint32_t left = 0, both = 0;
    if (!arrange_ids(m, group, slot, name->ids)) return 0;
    name->slot = slot;
    name->tokens = group->tokens;
    name->length = group->tokens - 1;
    for (uint32_t i = 0; i < group->tokens; i++) {
        const uint32_t id = name->ids[i], told = id < m->names->head.tokens ? r->told[id] : KFI_CODE_LONG;
        const uint8_t code = kfi_told_code(told);
        if (code >= KFI_CODE_LONG) return 0;
        const uint32_t whole = r->code_common[code];
        uint32_t first = whole, second = whole;
        kfi_told_halves(told, &first, &second);
        both = both + second > left + whole ? both + second : left + whole;
        left += first;
        name->letters[i] = r->code_length[code];
        name->commons[i] = (uint8_t)whole;
        name->length += name->letters[i];
    }
    *common = both + kfi_ratio_spaces(r, group->tokens - 1);
    return 1;
}

/* Whether that may be enough. */
static int reaches(const kfi_whole *r, const laid_out *name, uint32_t common)
{
    return r->least.tokens * (uint64_t)common >= r->least.sum * ((uint64_t)r->length + name->length);
}

/* 0: it has to be spelled. */
static int find_letters(const kf_matcher *m, laid_out *name)
{
    const kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    for (uint32_t i = 0; i < name->tokens; i++) {
        const uint32_t letters = name->letters[i];
        if (!letters) continue;    /* the empty token */
        const kfi_length_group *g = r->groups[letters];
        const uint32_t index = g ? kfi_ratio_place(r, name->ids[i]) - g->first_token : 0;
        if (!g || index >= g->tokens) return 0;
        const uint8_t *column = kfi_blocks_column(b, g, index);
        for (unsigned j = 0; j < letters; j += 2) __builtin_prefetch(column + j * KFI_BLOCK);
        name->columns[i] = column;
    }
    return 1;
}

/* The longest common subsequence of the needle and a name, or more if the needle is doubtful; as soon as it is known to
 * have less than is needed, any number that has. */
static inline uint32_t common_in(const kfi_whole *r, const laid_out *name, int wide)
{
    kfi_two_words state = { UINT64_MAX, UINT64_MAX };
    uint32_t rest = kfi_ratio_spaces(r, name->tokens - 1), common = 0;
    for (uint32_t i = 0; i < name->tokens; i++) rest += name->commons[i];
    for (uint32_t i = 0; i < name->tokens; i++) {
        const uint8_t *column = name->columns[i];
        if (i) state = kfi_two_words_step(state, r->space_mask, wide);
        for (uint32_t j = name->letters[i]; j > 0; j--, column += KFI_BLOCK)
            state = kfi_two_words_step(state, r->masks[*column & (KFI_CLASSES - 1)], wide);
        common = kfi_popcount(~state.low) + (wide ? kfi_popcount(~state.high) : 0);
        rest -= name->commons[i];
        if (!reaches(r, name, common + rest)) break;
    }
    return common;
}

static uint32_t common_of(const kfi_whole *r, const laid_out *name)
{
    return r->length > 64 ? common_in(r, name, 1) : common_in(r, name, 0);
}

static kf_status score_short(kf_matcher *m, const kfi_group *group, const laid_out *name, kf_error *error)
{
    const kfi_whole *r = m->whole;
    const kfi_score score = kfi_ratio_of(common_of(r, name), r->length, name->length);
    const int is_out = kfi_score_compare(score, m->best.least) < 0;
    if (!is_out && is_seed(r, name->slot)) return KF_OK;
    if (!is_out && r->is_doubtful) return kfi_ratio_score(m, group, name->slot, error);
    m->names_scored++;
    return is_out ? KF_OK : offer(m, score, name->slot, error);
}

/* In steps, so that what the next one reads is on its way to the processor meanwhile. */
static kf_status weigh_short(kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, kf_error *error)
{
    const kfi_whole *r = m->whole;
    laid_out names[KFI_CHUNK], *kept[KFI_CHUNK];
    uint32_t spelled[KFI_CHUNK], left = 0, found = 0, others = 0, common;
    kf_status status = KF_OK;
    for (; mask; mask &= mask - 1) {
        const uint32_t slot = first + (uint32_t)__builtin_ctzll(mask);
        laid_out *name = &names[left];
        if (!arrange(m, group, slot, name, &common)) {
            spelled[others++] = slot;
            continue;
        }
        if (!reaches(r, name, common)) continue;
        for (uint32_t k = 0; k < group->tokens; k++) kfi_ratio_place_prefetch(r, name->ids[k]);
        left++;
    }
    for (uint32_t i = 0; i < left; i++)
        if (find_letters(m, &names[i])) kept[found++] = &names[i];
        else spelled[others++] = names[i].slot;
    for (uint32_t i = 0; i < found && !status; i++) status = score_short(m, group, kept[i], error);
    for (uint32_t i = 0; i < others && !status; i++)
        if (!is_seed(r, spelled[i])) status = kfi_ratio_score(m, group, spelled[i], error);
    return status;
}

/* ------------------------------------------------------------------------------------------------- */

static kf_status weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    const kfi_whole *r = m->whole;
    kf_status status = read_ids(m, group, slot, ids, error);
    if (status || is_seed(r, slot)) return status;
    if (r->scorer == KF_SCORER_TOKEN_SET_RATIO) return weigh_sets(m, ids, group->tokens, slot, error);
    update(m);
    return can_reach(m, ids, group->tokens) ? score_text(m, group, slot, ids, error) : KF_OK;
}

kf_status kfi_ratio_weigh(kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, kf_error *error)
{
    const kfi_whole *r = m->whole;
    const int is_short = r->scorer == KF_SCORER_RATIO && r->is_short;
    kf_status status = KF_OK;
    for (uint64_t left = m->is_filtered || m->first_slot ? mask : 0; left; left &= left - 1)
        if (!kfi_filter_passes(m, first + (uint32_t)__builtin_ctzll(left))) mask &= ~(left & (0 - left));
    m->names_seen += kfi_popcount(mask);
    /* Tokens of longer names are not sorted. */
    if (r->scorer != KF_SCORER_TOKEN_SET_RATIO || group->tokens <= KFI_SORTED_TOKENS) {
        const int64_t from = ((int64_t)first - group->first) * (int64_t)r->record;   /* may be that of another group */
        update(m);
        mask = reach(m, m->names->forward + group->records + from, mask, group->tokens);
    }
    if (is_short) return weigh_short(m, group, first, mask, error);
    for (; mask && !status; mask &= mask - 1)
        status = weigh(m, group, first + (uint32_t)__builtin_ctzll(mask), error);
    return status;
}
