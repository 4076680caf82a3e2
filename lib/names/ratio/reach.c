/* Which names can reach the least score, by what is told of their tokens. Names of a group are in the order of their
 * records, so that neighbours begin with the same tokens. */
#include "names/ratio/token_codes.h"

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

static inline uint32_t id_at(const kfi_whole *r, const uint8_t *record, uint32_t i)
{
    return kfi_load32(record + r->offsets[i]) & r->id_masks[i];
}

/* Which names have what is needed in their tokens from one on. How many these are is a constant where this is inlined,
 * and whether a token counts once: names that have one twice are among those left. No branch depends on a sum: what the
 * next names read would wait for it. */
static inline __attribute__((always_inline)) uint64_t add_up(const kfi_whole *r, const uint8_t *records,
                                                             uint64_t mask, int64_t needs, uint32_t from,
                                                             const uint32_t count, const int is_set)
{
    const uint32_t *const offsets = r->offsets + from, *const masks = r->id_masks + from;
    const uint32_t all = r->names->head.tokens;
    const uint8_t *const codes = r->codes;
    const size_t size = r->record;
    uint64_t left = 0;
    for (; mask; mask &= mask - 1) {
        const unsigned name = (unsigned)__builtin_ctzll(mask);
        const uint8_t *record = records + name * size;
        int64_t sum = 0;
        uint32_t last = is_set && from ? id_at(r, record, from - 1) : UINT32_MAX;
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t id = kfi_load32(record + offsets[i]) & masks[i];
            if (is_set) sum += id == last ? r->values[KFI_CODE_LONG] : 0;
            last = id;
            sum += r->values[codes[id < all ? id : all]];
        }
        left |= (uint64_t)(sum >= needs) << name;
    }
    return left;
}

static inline __attribute__((always_inline)) uint64_t add_up_by(const kfi_whole *r, const uint8_t *records,
                                                                uint64_t mask, int64_t needs, uint32_t from,
                                                                uint32_t count, const int is_set)
{
    switch (count) {
    case 0: return needs <= 0 ? mask : 0;
    case 1: return add_up(r, records, mask, needs, from, 1, is_set);
    case 2: return add_up(r, records, mask, needs, from, 2, is_set);
    case 3: return add_up(r, records, mask, needs, from, 3, is_set);
    case 4: return add_up(r, records, mask, needs, from, 4, is_set);
    case 5: return add_up(r, records, mask, needs, from, 5, is_set);
    case 6: return add_up(r, records, mask, needs, from, 6, is_set);
    default: return add_up(r, records, mask, needs, from, count, is_set);
    }
}

/* Adds up the tokens once with which all names of the mask begin. */
static uint64_t reach(const kfi_whole *r, const uint8_t *records, uint64_t mask, uint32_t tokens, int64_t needs)
{
    const uint32_t all = r->names->head.tokens;
    const int is_set = r->scorer == KF_SCORER_TOKEN_SET_RATIO;
    const uint8_t *first = records + (size_t)__builtin_ctzll(mask) * r->record;
    const uint8_t *end = records + (size_t)(63 - __builtin_clzll(mask)) * r->record;
    uint32_t from = 0, last = UINT32_MAX;
    for (; from < tokens && id_at(r, first, from) == id_at(r, end, from); from++) {
        const uint32_t id = id_at(r, first, from);
        if (is_set && id == last) needs -= r->values[KFI_CODE_LONG];
        last = id;
        needs -= r->values[r->codes[id < all ? id : all]];
    }
    return is_set ? add_up_by(r, records, mask, needs, from, tokens - from, 1)
                  : add_up_by(r, records, mask, needs, from, tokens - from, 0);
}

/* Where not all tokens have codes. */
static uint64_t reach_one_by_one(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens, int64_t needs)
{
    const kfi_whole *r = m->whole;
    const int is_set = r->scorer == KF_SCORER_TOKEN_SET_RATIO;
    uint64_t reached = 0;
    for (; mask; mask &= mask - 1) {
        const unsigned name = (unsigned)__builtin_ctzll(mask);
        const uint8_t *record = records + (size_t)name * r->record;
        uint32_t last = UINT32_MAX;
        int64_t sum = 0;
        for (uint32_t i = 0; i < tokens; i++) {
            const uint32_t id = id_at(r, record, i);
            if (is_set && id == last) sum += r->values[KFI_CODE_LONG];
            last = id;
            sum += r->values[id < m->names->head.tokens ? kfi_ratio_code(m, id) : KFI_CODE_LONG];
        }
        reached |= (uint64_t)(sum >= needs) << name;
    }
    return reached;
}

uint64_t kfi_ratio_reach(kf_matcher *m, const uint8_t *records, uint64_t mask, uint32_t tokens)
{
    const kfi_whole *r = m->whole;
    const uint32_t spaces = tokens - 1, common = kfi_ratio_spaces(r, spaces);
    const int64_t needs = (int64_t)r->least.sum * ((int64_t)r->length + spaces) - (int64_t)r->least.tokens * common;
    if (!mask) return 0;
    if (!r->codes_are_set || !r->length) return reach_one_by_one(m, records, mask, tokens, needs);
    return reach(r, records, mask, tokens, needs);
}
