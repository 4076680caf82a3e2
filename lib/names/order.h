/* The order in which a name has its tokens, as a number: the rank of a permutation of its sorted ids. */
#ifndef KFI_NAMES_ORDER_H
#define KFI_NAMES_ORDER_H

#include "names/names_layout.h"

/* Sorts up to KFI_SORTED_TOKENS ids, and returns the rank of the order that they had. Of equal ids the first one
 * comes first. */
static inline uint32_t kfi_order_take(uint32_t *ids, uint32_t count)
{
    uint32_t rest[KFI_SORTED_TOKENS], rank = 0, before[KFI_SORTED_TOKENS];
    memcpy(before, ids, 4 * (size_t)count);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t id = ids[i], at = i;
        for (; at && ids[at - 1] > id; at--) ids[at] = ids[at - 1];
        ids[at] = id;
    }
    memcpy(rest, ids, 4 * (size_t)count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 0;
        while (rest[at] != before[i]) at++;
        rank = rank * (count - i) + at;
        for (; at + 1 < count - i; at++) rest[at] = rest[at + 1];
    }
    return rank;
}

/* Puts sorted ids into the order of a rank. Returns 0: there is no such rank. */
static inline int kfi_order_restore(uint32_t *ids, uint32_t count, uint32_t rank)
{
    uint32_t digits[KFI_SORTED_TOKENS], rest[KFI_SORTED_TOKENS];
    for (uint32_t i = count; i-- > 0; rank /= count - i) digits[i] = rank % (count - i);
    if (rank) return 0;
    memcpy(rest, ids, 4 * (size_t)count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = digits[i];
        ids[i] = rest[at];
        for (; at + 1 < count - i; at++) rest[at] = rest[at + 1];
    }
    return 1;
}

#endif
