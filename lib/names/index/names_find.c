/* Names that have given tokens, all of them and no other: names of a group are in the order of their records. */
#include "names/index/index.h"

#include "names/order.h"

/* The group of names with as many ids of each width, or NULL. */
static const kfi_group *find_group(const kf_names *n, uint32_t count, const uint16_t *widths)
{
    for (uint32_t i = 0; i < n->head.groups; i++)
        if (n->groups[i].tokens == count && !memcmp(n->groups[i].widths, widths, sizeof n->groups[i].widths))
            return &n->groups[i];
    return NULL;
}

static int compare(const kf_names *n, const kfi_group *g, uint32_t slot, const uint32_t *ids)
{
    uint32_t own[KFI_SORTED_TOKENS];
    kfi_names_ids(n, g, slot, own);
    for (uint32_t i = 0; i < g->tokens; i++)
        if (own[i] != ids[i]) return own[i] < ids[i] ? -1 : 1;
    return 0;
}

/* The first slot from `low` on whose name is not before, or, `is_end`, is behind those with the ids. */
static uint32_t find_slot(const kf_names *n, const kfi_group *g, uint32_t low, const uint32_t *ids, int is_end)
{
    uint32_t high = g[1].first;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare(n, g, middle, ids) < is_end) low = middle + 1;
        else high = middle;
    }
    return low;
}

kfi_run kfi_names_equal(const kf_names *n, uint32_t *ids, uint32_t count)
{
    uint16_t widths[KFI_ID_WIDTHS] = { 0 };
    kfi_order_take(ids, count);
    for (uint32_t i = 0; i < count; i++) widths[kfi_id_width(ids[i]) - 1]++;
    const kfi_group *g = find_group(n, count, widths);
    if (!g) return (kfi_run){ 0, 0 };
    const uint32_t first = find_slot(n, g, g->first, ids, 0);
    return (kfi_run){ first, find_slot(n, g, first, ids, 1) - first };
}
