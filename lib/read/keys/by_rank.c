#include "read/keys/by_rank.h"

size_t kfi_key_at(const kfi_keys *keys, uint64_t ordinal, uint8_t *text)
{
    kfi_rank_way way = kfi_rank_way_begin(keys, ordinal, text);
    kfi_step step = KFI_STEP_ON;
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) return ordinal ? SIZE_MAX : 0;
    /* Every bucket and child node adds a byte to the text, which does not exceed the longest key. */
    while (step == KFI_STEP_ON) {
        kfi_node n;
        kfi_node_pick pick;
        kfi_decoded d;
        unsigned entry;
        if (kfi_is_node(way.place.at)) step = kfi_step_by_rank_in_node(&way, &n, &pick);
        else if (!kfi_bucket_decode(keys, way.place, (uint32_t)way.size, &d)) step = KFI_STEP_CORRUPT;
        else step = kfi_step_by_rank_in_bucket(&way, &d, &entry);
    }
    return step == KFI_STEP_FOUND ? way.size : SIZE_MAX;
}
