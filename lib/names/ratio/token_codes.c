/* What tokens have in common with the whole needle. */
#include "names/ratio/ratio.h"

enum { ALL = 127 };                /* more common letters than tokens in blocks have */

static kf_status take_block(void *context, size_t query, const kfi_length_group *group, uint32_t first,
                            uint32_t lanes, const uint8_t *common)
{
    kfi_whole *r = context;
    const uint32_t left = r->names->blocks.tokens - first, count = left < KFI_BLOCK ? left : KFI_BLOCK;
    (void)query, (void)lanes;
    for (uint32_t i = 0; i < count; i++) r->codes[first + i] = kfi_code(group->length, common[i]);
    return KF_OK;
}

kf_status kfi_token_codes_set(kf_matcher *m)
{
    kfi_whole *r = m->whole;
    const kfi_blocks *b = &m->names->blocks;
    if (r->codes_are_set) return KF_OK;
    r->codes_are_set = 1;
    if (!r->length) {              /* nothing is common */
        for (uint32_t i = 0; i < b->group_count; i++)
            memset(r->codes + b->groups[i].first_token, kfi_code(b->groups[i].length, 0), b->groups[i].tokens);
        return KF_OK;
    }
    memset(r->query.low, 0, sizeof r->query.low);
    memset(r->query.high, ALL, sizeof r->query.high);
    const kfi_block_query *query = &r->query;
    const kf_status status = m->blocks->scan(b, &query, 1, take_block, r);
    return status ? status : kfi_matcher_work(m, b->blocks);
}
