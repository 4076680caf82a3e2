#include "names/ratio/sketch_scan.h"

#include "read/search/search.h"

#include <string.h>

kfi_sketch_scan kfi_sketch_scan_best(void)
{
#if defined(__x86_64__)
    const kfi_search_variant *best = kfi_search_best();
    if (best == &kfi_search_avx512 || best == &kfi_search_avx2) return kfi_sketch_scan_avx2;
#endif
    return kfi_sketch_scan_portable;
}

void kfi_sketch_query_set(kfi_sketch_query *q, const kfi_letters *letters, const uint32_t *points, uint32_t length)
{
    *q = (kfi_sketch_query){ .length = length, .least = { 1, 1 } };   /* no names score 2 */
    for (uint32_t i = 0; i < length; i++)
        if (points[i] == ' ') q->spaces++;
        else q->counts[kfi_sketch_kind(letters->kinds, letters->kind_count, points[i])]++;
}

/* What letters that only one side has take away. */
static uint64_t cost(const kfi_sketch_query *q, uint32_t needle, uint32_t name, int name_is_least)
{
    const uint64_t s = q->least.sum, t = q->least.tokens;
    if (name >= needle) return s * (name - needle);
    return name_is_least ? 0 : (t - s) * (needle - name);
}

/* In the units of the limit. */
static uint64_t share(const kfi_sketch_query *q, uint64_t cost)
{
    const uint64_t all = q->length * (uint64_t)(q->least.tokens - 2 * q->least.sum);
    if (!cost) return 0;
    if (cost > all) return KFI_SKETCH_LIMIT + 1;
    return kfi_wide_share(cost, KFI_SKETCH_LIMIT, all);
}

void kfi_sketch_query_want(kfi_sketch_query *q, kfi_score least)
{
    q->least = least;
    for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++)
        for (uint32_t counts = 0; counts < 16; counts++) {
            const uint32_t low = counts & 3, high = counts >> 2;
            const uint64_t sum = share(q, cost(q, q->counts[2 * pair], low, low == KFI_KIND_MOST)
                                              + cost(q, q->counts[2 * pair + 1], high, high == KFI_KIND_MOST));
            q->shares[pair][counts] = (uint8_t)sum;
        }
}

int kfi_sketch_query_limit(const kfi_sketch_query *q, uint32_t spaces)
{
    return KFI_SKETCH_LIMIT - (int)share(q, cost(q, q->spaces, spaces, 0));
}

void kfi_sketch_scan_portable(const kfi_sketch_query *q, const uint8_t *chunk, uint32_t count, unsigned limit,
                              uint64_t *masks)
{
    for (; count > 0; count--, chunk += KFI_CHUNK_SIZE) {
        uint16_t sums[KFI_CHUNK] = { 0 };
        uint64_t mask = 0;
        for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++) {
            const uint8_t *at = chunk + pair * KFI_CHUNK_HALF;
            for (unsigned i = 0; i < KFI_CHUNK_HALF; i++) {
                sums[i] = (uint16_t)(sums[i] + q->shares[pair][at[i] & 15]);
                sums[KFI_CHUNK_HALF + i] = (uint16_t)(sums[KFI_CHUNK_HALF + i] + q->shares[pair][at[i] >> 4]);
            }
        }
        for (unsigned i = 0; i < KFI_CHUNK; i++) mask |= (uint64_t)(sums[i] <= limit) << i;
        *masks++ = mask;
    }
}
