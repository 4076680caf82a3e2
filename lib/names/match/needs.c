#include "names/match/needs.h"

void kfi_needs_begin(kfi_needs *n, uint32_t needle)
{
    n->least = (kfi_score){ 0, 1 };
    n->needle = needle;
    n->version++;
}

void kfi_needs_update(kfi_needs *n, kfi_score least, uint32_t tokens)
{
    if (least.sum != n->least.sum || least.tokens != n->least.tokens) {
        n->least = least;
        n->version++;
    }
    if (n->versions[tokens] == n->version) return;
    const uint64_t sum = kfi_score_needs(least, n->needle + tokens);
    n->sum[tokens] = sum;
    n->ceil[tokens] = (uint32_t)kfi_wide_share_up(sum, 255, KFI_SIMILARITY_ONE);
    n->versions[tokens] = n->version;
}
