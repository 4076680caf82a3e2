#include "query/regex/unit_set.h"

#include <stdlib.h>

void kfi_set_clear(kfi_set *set)
{
    set->ranges.size = 0;
    set->stray = 0;
}

void kfi_set_free(kfi_set *set)
{
    kfi_array_free(&set->ranges);
    set->stray = 0;
}

kf_status kfi_set_add(kfi_set *set, uint32_t low, uint32_t high, kf_error *error)
{
    kfi_range range = { low, high };
    return kfi_array_append(&set->ranges, &range, sizeof range, error);
}

kf_status kfi_set_add_all(kfi_set *set, const kfi_set *other, kf_error *error)
{
    set->stray |= other->stray;
    return kfi_array_append(&set->ranges, other->ranges.data, other->ranges.size, error);
}

static int compare(const void *left, const void *right)
{
    const kfi_range *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

void kfi_set_normalise(kfi_set *set)
{
    kfi_range *ranges = (kfi_range *)(void *)set->ranges.data;
    size_t count = kfi_set_count(set), kept = 0, sorted = 1;
    while (sorted < count && ranges[sorted - 1].low <= ranges[sorted].low) sorted++;
    if (sorted < count) qsort(ranges, count, sizeof *ranges, compare);
    for (size_t i = 0; i < count; i++) {
        kfi_range *last = kept ? &ranges[kept - 1] : NULL;
        if (!last || ranges[i].low > last->high + 1) ranges[kept++] = ranges[i];
        else if (ranges[i].high > last->high) last->high = ranges[i].high;
    }
    set->ranges.size = kept * sizeof *ranges;
}

kf_status kfi_set_negate(kfi_set *set, uint32_t most, int strays, kf_error *error)
{
    kf_status status = kfi_array_reserve(&set->ranges, sizeof(kfi_range), error);
    if (status) return status;
    kfi_range *ranges = (kfi_range *)(void *)set->ranges.data;
    size_t count = kfi_set_count(set), kept = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        kfi_range range = ranges[i];
        if (range.low > next) ranges[kept++] = (kfi_range){ next, range.low - 1 };
        next = range.high + 1;
    }
    if (next <= most) ranges[kept++] = (kfi_range){ next, most };
    set->ranges.size = kept * sizeof *ranges;
    if (strays) set->stray = !set->stray;
    return KF_OK;
}

kf_status kfi_set_fold_ascii(kfi_set *set, kf_error *error)
{
    size_t count = kfi_set_count(set);
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) {
        kfi_range range = kfi_set_ranges(set)[i];
        for (unsigned upper = 0; upper < 2 && !status; upper++) {
            uint32_t first = upper ? 'A' : 'a', last = first + 25;
            uint32_t low = range.low > first ? range.low : first;
            uint32_t high = range.high < last ? range.high : last;
            if (low <= high) status = kfi_set_add(set, low ^ 32, high ^ 32, error);
        }
    }
    return status;
}
