#include "format/tokens.h"

enum { FRAME_SIZE = 16, PAD_SIZE = 16 };

kf_status kfi_tokens_open(kfi_tokens *tokens, const uint8_t *section, uint64_t size,
                          kf_error *error)
{
    if (size < FRAME_SIZE + PAD_SIZE) return kfi_fail(error, KF_CORRUPT, "token dictionary is cut");
    unsigned bits = section[0];
    uint32_t count = kfi_load32(section + 8), pool_size = kfi_load32(section + 12);
    if (bits < KFI_TOKEN_BITS_MIN || bits > KFI_TOKEN_BITS_MAX || count > 1u << bits)
        return kfi_fail(error, KF_CORRUPT, "token dictionary has a wrong width or count");
    if (size != FRAME_SIZE + 4 * (uint64_t)count + pool_size + PAD_SIZE)
        return kfi_fail(error, KF_CORRUPT, "token dictionary has a wrong size");
    tokens->entries = section + FRAME_SIZE;
    tokens->pool = tokens->entries + 4 * (size_t)count;
    tokens->count = count;
    tokens->pool_size = pool_size;
    tokens->entry_limit = pool_size < 1u << 27 ? pool_size << 5 | 31 : UINT32_MAX;
    tokens->bits = bits;
    return KF_OK;
}
