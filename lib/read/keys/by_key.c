#include "read/keys/by_key.h"

#include "read/search/search.h"

kfi_order kfi_codes_compare(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count, uint32_t row,
                            kf_bytes key, size_t *at)
{
    const unsigned width = keys->code_width;
    const unsigned most = keys->parameters.character_bits ? 2 * KFI_TOKEN_MAX : 1;
    uint8_t text[4 * KFI_TOKEN_MAX];
    for (unsigned some; count; count -= some, bit += (uint64_t)some * width) {
        some = count < most ? (unsigned)count : most;
        const uint8_t *end = kfi_codes_append(keys, bits, bit, some, row, text, text + 2 * KFI_TOKEN_MAX);
        if (!end) return KFI_TEXT_BAD;
        row = kfi_token_row(&keys->tokens, end[-1]);
        for (const uint8_t *t = text; t < end; t++, ++*at) {
            if (*at == key.size) return KFI_TEXT_LONGER;
            if (*t != key.data[*at]) return *t < key.data[*at] ? KFI_TEXT_BELOW : KFI_TEXT_ABOVE;
        }
    }
    return KFI_TEXT_AGREES;
}

kf_status kfi_prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    if (keys->parameters.root_kind == KFI_ROOT_CONTAINER)
        return kfi_search_best()->prefix_range(keys, prefix, first, end, NULL);
    *first = prefix.size ? keys->count : 0;
    *end = keys->count;
    return KF_OK;
}

kf_status kfi_lower_bound(const kfi_keys *keys, kf_bytes key, uint64_t *ordinal)
{
    uint64_t end;
    return kfi_prefix_range(keys, key, ordinal, &end);
}
