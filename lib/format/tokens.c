#include "format/tokens.h"

enum { FRAME_SIZE = 16, PAD_SIZE = 16, BYTES = 256 };

static const uint8_t one_class[BYTES];

const kfi_tokens kfi_no_tokens = { .classes = one_class };

kf_status kfi_tokens_open(kfi_tokens *tokens, const uint8_t *section, uint64_t size,
                          kf_error *error)
{
    if (size < FRAME_SIZE + PAD_SIZE) return kfi_fail(error, KF_CORRUPT, "token dictionary is cut");
    const unsigned bits = section[0], classes = section[1];
    const uint32_t count = kfi_load32(section + 8), pool_size = kfi_load32(section + 12);
    const unsigned map_size = classes > 1 ? BYTES : 0;
    if (!classes) return kfi_fail(error, KF_CORRUPT, "damaged, or of an earlier state of keyfold: build it again");
    if (bits < KFI_TOKEN_BITS_LEAST || bits > KFI_TOKEN_BITS_MAX || classes > KFI_TOKEN_CLASSES_MAX
        || count > classes << bits || pool_size > KFI_TOKEN_POOL_MAX)
        return kfi_fail(error, KF_CORRUPT, "token dictionary has a wrong width or count");
    if (size != FRAME_SIZE + map_size + 4 * (uint64_t)count + pool_size + PAD_SIZE)
        return kfi_fail(error, KF_CORRUPT, "token dictionary has a wrong size");
    tokens->classes = map_size ? section + FRAME_SIZE : one_class;
    tokens->entries = section + FRAME_SIZE + map_size;
    tokens->pool = tokens->entries + 4 * (size_t)count;
    tokens->count = count;
    tokens->pool_size = pool_size;
    tokens->entry_limit = pool_size < KFI_TOKEN_POOL_MAX ? (pool_size + 1) * (1u << KFI_TOKEN_OFFSET_SHIFT) - 1
                                                         : UINT32_MAX;
    tokens->bits = bits;
    tokens->is_classed = classes > 1;
    return KF_OK;
}
