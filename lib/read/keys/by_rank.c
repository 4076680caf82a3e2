#include "read/keys/by_rank.h"

#include "read/search/search.h"

size_t kfi_key_at(const kfi_keys *keys, uint64_t ordinal, uint8_t *text)
{
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) return ordinal ? SIZE_MAX : 0;
    return kfi_search_best()->key_at(keys, ordinal, text, NULL);
}
