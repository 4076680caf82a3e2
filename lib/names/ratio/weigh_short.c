/* Looking at names, by ratio and token_sort_ratio, with a needle of one or two words of bits: without spelling them. */
#include "names/ratio/token_codes.h"

#include "names/score/ratio.h"

/* A name that has enough in common with the needle's halves. */
typedef struct laid_out {
    uint32_t slot, tokens, length;
    uint32_t ids[KFI_LAID_OUT];    /* in the order in which they are compared */
    uint8_t letters[KFI_LAID_OUT], commons[KFI_LAID_OUT];   /* of tokens */
    const uint8_t *columns[KFI_LAID_OUT];   /* of those that have letters */
} laid_out;

/* Whether so much in common may be enough. */
static inline int reaches(const kfi_whole *r, uint32_t length, uint32_t common)
{
    return r->least.tokens * (uint64_t)common >= r->least.sum * ((uint64_t)r->length + length);
}

/* ---- halves ------------------------------------------------------------------------------------- */

/* The ids of a name's tokens in its order, or in any if they will be sorted. 0: it has to be spelled. */
static inline int arrange(const kf_matcher *m, const kfi_group *group, uint32_t slot, uint32_t *ids)
{
    const kfi_whole *r = m->whole;
    const uint32_t tokens = group->tokens, width = kfi_order_width(tokens);
    const uint8_t *record = m->names->forward + group->records + (uint64_t)(slot - group->first) * r->record;
    if (tokens > KFI_LAID_OUT) return 0;
    if (tokens > KFI_ARRANGED || r->scorer == KF_SCORER_TOKEN_SORT_RATIO) {
        kfi_names_ids(m->names, group, slot, ids);
        return r->scorer == KF_SCORER_TOKEN_SORT_RATIO
               || kfi_names_arrange(m->names, group, slot, ids, NULL) == KF_OK;
    }
    const uint32_t rank = (uint32_t)kfi_load_bits(m->names->orders + group->orders,
                                                  (uint64_t)(slot - group->first) * width, width);
    if (rank >= KFI_ORDERS) return 0;
    const uint8_t *order = r->orders[tokens][rank];
    for (uint32_t i = 0; i < tokens; i++) ids[i] = kfi_load32(record + r->offsets[order[i]]) & r->id_masks[order[i]];
    return 1;
}

/* What a name has in common with the needle at most, spaces among it: the token that has some of both halves is any of
 * them. 0: a token has no code. */
static inline int bound(const kfi_whole *r, const uint32_t *ids, uint32_t tokens, uint32_t *common, uint32_t *length)
{
    const uint32_t all = r->names->head.tokens;
    uint32_t left = 0, both = 0, unknown = 0, letters = 0;
    for (uint32_t i = 0; i < tokens; i++) {
        const uint32_t id = ids[i] < all ? ids[i] : all, code = r->codes[id];
        const uint32_t token = r->code_both[code], halves = r->halves_both[r->halves[id]], whole = token % KFI_UPPER;
        both += halves / KFI_UPPER;
        if (both < left + whole) both = left + whole;
        left += halves % KFI_UPPER;
        letters += token / KFI_UPPER;
        unknown |= code >= KFI_CODE_LONG;
    }
    *common = both + kfi_ratio_spaces(r, tokens - 1);
    *length = letters + tokens - 1;
    return !unknown;
}

/* ---- letters ------------------------------------------------------------------------------------ */

/* Where the letters of its tokens are. 0: it has to be spelled. */
static int find_letters(const kf_matcher *m, laid_out *name)
{
    const kfi_whole *r = m->whole;
    for (uint32_t i = 0; i < name->tokens; i++) {
        const uint8_t code = name->ids[i] < m->names->head.tokens ? r->codes[name->ids[i]] : KFI_CODE_LONG;
        const uint32_t letters = r->code_length[code];
        if (code >= KFI_CODE_LONG) return 0;
        name->letters[i] = (uint8_t)letters;
        name->commons[i] = r->code_common[code];
        if (!letters) continue;    /* the empty token */
        const kfi_length_group *g = r->groups[letters];
        const uint32_t index = g ? kfi_ratio_place(r, name->ids[i]) - g->first_token : 0;
        if (!g || index >= g->tokens) return 0;
        name->columns[i] = kfi_blocks_column(&m->names->blocks, g, index);
        kfi_prefetch(name->columns[i]);
    }
    return 1;
}

static void prefetch_letters(const laid_out *name)
{
    for (uint32_t i = 0; i < name->tokens; i++)
        for (unsigned j = 2; j < name->letters[i]; j += 2) kfi_prefetch(name->columns[i] + j * KFI_BLOCK);
}

/* Whether token a comes behind token b, both of which have letters; -1: unknown, as a class is of several. */
static int is_behind(const kfi_whole *r, const laid_out *name, uint32_t a, uint32_t b)
{
    const uint32_t letters = name->letters[a] < name->letters[b] ? name->letters[a] : name->letters[b];
    for (uint32_t i = 0; i < letters; i++) {
        const uint32_t left = r->points[name->columns[a][i * KFI_BLOCK] & (KFI_CLASSES - 1)];
        const uint32_t right = r->points[name->columns[b][i * KFI_BLOCK] & (KFI_CLASSES - 1)];
        if (left == UINT32_MAX || right == UINT32_MAX) return -1;
        if (left != right) return left > right;
    }
    return name->letters[a] > name->letters[b];
}

/* Sorts the tokens by their letters. 0: it has to be spelled. */
static int sort(const kfi_whole *r, laid_out *name)
{
    uint8_t order[KFI_LAID_OUT];
    for (uint32_t i = 0; i < name->tokens; i++) {
        uint32_t at = i;
        for (int behind = 1; at; at--) {
            behind = is_behind(r, name, order[at - 1], i);
            if (behind < 0) return 0;
            if (!behind) break;
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)i;
    }
    const laid_out before = *name;
    for (uint32_t i = 0; i < name->tokens; i++) {
        name->ids[i] = before.ids[order[i]];
        name->letters[i] = before.letters[order[i]];
        name->commons[i] = before.commons[order[i]];
        name->columns[i] = before.columns[order[i]];
    }
    return 1;
}

/* The longest common subsequence of the needle and a name, or more if the needle is doubtful; as soon as it is known to
 * have less than is needed, any number that has. */
static inline __attribute__((always_inline)) uint32_t common_in(const kfi_whole *r, const laid_out *name, int wide)
{
    kfi_two_words state = { UINT64_MAX, UINT64_MAX };
    uint32_t rest = kfi_ratio_spaces(r, name->tokens - 1), common = 0;
    for (uint32_t i = 0; i < name->tokens; i++) rest += name->commons[i];
    for (uint32_t i = 0; i < name->tokens; i++) {
        const uint8_t *column = name->columns[i];
        if (i) state = kfi_two_words_step(state, r->space_mask, wide);
        for (uint32_t left = name->letters[i]; left; left--, column += KFI_BLOCK) {
            const kfi_two_words mask = wide ? r->masks[*column & (KFI_CLASSES - 1)]
                                            : (kfi_two_words){ r->low_masks[*column], 0 };
            state = kfi_two_words_step(state, mask, wide);
        }
        common = kfi_popcount(~state.low) + (wide ? kfi_popcount(~state.high) : 0);
        rest -= name->commons[i];
        if (!reaches(r, name->length, common + rest)) break;
    }
    return common;
}

static kf_status score(kf_matcher *m, const kfi_group *group, const laid_out *name, kf_error *error)
{
    const kfi_whole *r = m->whole;
    const uint32_t common = r->length > 64 ? common_in(r, name, 1) : common_in(r, name, 0);
    const int is_out = !reaches(r, name->length, common);
    if (!is_out && r->is_doubtful) return kfi_ratio_score(m, group, name->slot, error);
    m->names_scored++;
    return is_out ? KF_OK : kfi_ratio_offer(m, kfi_ratio_of(common, r->length, name->length), name->slot, error);
}

/* Names of 64, and what is to be done with them. */
typedef struct stage {
    laid_out names[KFI_CHUNK], *left[KFI_CHUNK];
    uint32_t spelled[KFI_CHUNK];   /* slots */
    uint32_t count, others;
} stage;

/* The names whose ids are known. */
static void lay_out(const kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, stage *s)
{
    const kfi_whole *r = m->whole;
    s->count = s->others = 0;
    for (; mask; mask &= mask - 1) {
        laid_out *name = &s->names[s->count];
        name->slot = first + (uint32_t)__builtin_ctzll(mask);
        name->tokens = group->tokens;
        if (!arrange(m, group, name->slot, name->ids)) {
            s->spelled[s->others++] = name->slot;
            continue;
        }
        for (uint32_t k = 0; k < group->tokens; k++) kfi_prefetch(r->halves + name->ids[k]);
        if (r->scorer == KF_SCORER_TOKEN_SORT_RATIO)
            for (uint32_t k = 0; k < group->tokens; k++) kfi_ratio_place_prefetch(r, name->ids[k]);
        s->left[s->count++] = name;
    }
}

/* Keeps those whose letters are found. */
static void keep_found(const kf_matcher *m, stage *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (find_letters(m, s->left[i])) s->left[kept++] = s->left[i];
        else s->spelled[s->others++] = s->left[i]->slot;
    s->count = kept;
}

/* Keeps those that may reach the least score by the needle's halves. */
static void keep_reaching(const kf_matcher *m, stage *s)
{
    const kfi_whole *r = m->whole;
    const int is_sorted = r->scorer == KF_SCORER_TOKEN_SORT_RATIO;
    uint32_t kept = 0, common;
    for (uint32_t i = 0; i < s->count; i++) {
        laid_out *name = s->left[i];
        if ((is_sorted && !sort(r, name)) || !bound(r, name->ids, name->tokens, &common, &name->length)) {
            s->spelled[s->others++] = name->slot;
            continue;
        }
        if (!reaches(r, name->length, common)) continue;
        if (is_sorted) prefetch_letters(name);
        else for (uint32_t k = 0; k < name->tokens; k++) kfi_ratio_place_prefetch(r, name->ids[k]);
        s->left[kept++] = name;
    }
    s->count = kept;
}

/* In steps, so that what the next one reads is on its way to the processor meanwhile. */
kf_status kfi_ratio_weigh_short(kf_matcher *m, const kfi_group *group, uint32_t first, uint64_t mask, kf_error *error)
{
    const int is_sorted = m->whole->scorer == KF_SCORER_TOKEN_SORT_RATIO;
    kf_status status = KF_OK;
    stage s;
    lay_out(m, group, first, mask, &s);
    if (is_sorted) keep_found(m, &s);
    keep_reaching(m, &s);
    if (!is_sorted) {
        keep_found(m, &s);
        for (uint32_t i = 0; i < s.count; i++) prefetch_letters(s.left[i]);
    }
    for (uint32_t i = 0; i < s.count && !status; i++) status = score(m, group, s.left[i], error);
    for (uint32_t i = 0; i < s.others && !status; i++) status = kfi_ratio_score(m, group, s.spelled[i], error);
    return status;
}
