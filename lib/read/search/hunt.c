#include "read/search/hunt.h"

#include "read/search/search.h"

#include <stdlib.h>

enum { FIRST_LEVELS = 24, ALIGNMENT = 64 };

kf_status kfi_hunt_create(kfi_hunt *h, size_t longest_key)
{
    memset(h, 0, sizeof *h);
    h->variant = kfi_search_best();
    h->work_limit = UINT64_MAX;
    h->capacity = FIRST_LEVELS;
    h->bytes = malloc(longest_key + 2 * KFI_TOKEN_MAX);
    h->states = malloc((longest_key + 1) * sizeof *h->states);
    h->outlines = aligned_alloc(ALIGNMENT, (size_t)KFI_HUNT_OUTLINE << KFI_HUNT_OUTLINE_BITS);
    h->levels = malloc(h->capacity * sizeof *h->levels);
    h->path = h->bytes;
    if (h->bytes && h->states && h->outlines && h->levels) return KF_OK;
    kfi_hunt_destroy(h);
    return KF_NO_MEMORY;
}

void kfi_hunt_destroy(kfi_hunt *h)
{
    free(h->bytes);
    free(h->states);
    free(h->outlines);
    free(h->levels);
    free(h->barren);
    memset(h, 0, sizeof *h);
}

void kfi_hunt_begin(kfi_hunt *h, const kfi_keys *keys, kfi_guide *guide, uint64_t low, uint64_t high)
{
    if (h->keys != keys) memset(h->outline_at, 0, sizeof h->outline_at);
    h->keys = keys;
    h->escape = kfi_escape_code(&keys->parameters);
    h->guide = guide;
    h->resets = guide->resets;
    h->low = low;
    h->high = high;
    h->floor = h->taken = 0;
    h->height = 0;
    h->begun = 0;
    h->states[0] = guide->start;
    kfi_hunt_forget(h);
}

void kfi_hunt_remember(kfi_hunt *h)
{
    h->barren = calloc((size_t)1 << KFI_HUNT_BARREN_BITS, sizeof *h->barren);
}

void kfi_hunt_forget(kfi_hunt *h)
{
    for (size_t i = 0; i < h->height; i++) h->levels[i].state = KFI_GUIDE_DEAD;
    if (h->barren) memset(h->barren, 0, sizeof *h->barren << KFI_HUNT_BARREN_BITS);
}

kf_status kfi_hunt_next(kfi_hunt *h)
{
    if (h->height) return h->variant->hunt(h, 0);
    if (h->begun || h->low >= h->high || h->guide->start == KFI_GUIDE_DEAD) return KF_END;
    h->begun = 1;
    if (h->keys->parameters.root_kind == KFI_ROOT_CONTAINER) return h->variant->hunt(h, 1);
    h->size = h->ordinal = 0;   /* the empty key: without a root there are none, and low is high */
    h->state = h->states[0];
    return kfi_guide_accepts(h->guide, h->state) ? KF_OK : KF_END;
}
