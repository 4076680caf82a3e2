/* The token dictionary: short byte strings (1 to 16 bytes) that stand for themselves in key tails and string values as
 * codes of a fixed width. FORMAT.md 4.4 draws it.
 *
 * Decoding one token is two loads: the entry, then 16 bytes of the pool, of which `length` count. Every byte value
 * that occurs in the coded text must be a token of its own. */
#ifndef KFI_FORMAT_TOKENS_H
#define KFI_FORMAT_TOKENS_H

#include "base/bits.h"
#include "base/error.h"

enum { KFI_TOKEN_MAX = 16, KFI_TOKEN_BITS_MIN = 8, KFI_TOKEN_BITS_MAX = 16 };

/* A view of a dictionary in the file. */
typedef struct kfi_tokens {
    const uint8_t *entries;
    const uint8_t *pool;
    uint32_t count;
    uint32_t pool_size;
    uint32_t entry_limit;   /* entries above it begin behind the pool */
    unsigned bits;
} kfi_tokens;

/* Checks the frame (O(1)): counts, sizes, bits. Entries are checked as they are used. */
kf_status kfi_tokens_open(kfi_tokens *tokens, const uint8_t *section, uint64_t size,
                          kf_error *error);

/* Where token `code` lies and how long it is; 16 bytes can be read there. A code or an entry out
 * of range yields length 0, which no valid dictionary has: callers treat it as damage. */
static inline const uint8_t *kfi_token(const kfi_tokens *tokens, uint32_t code, unsigned *length)
{
    if (code >= tokens->count) { *length = 0; return tokens->pool; }
    uint32_t entry = kfi_load32(tokens->entries + 4 * (size_t)code);
    uint32_t offset = entry >> 5;
    unsigned n = entry & 31;
    if (n > KFI_TOKEN_MAX || offset > tokens->pool_size) n = 0, offset = 0;
    *length = n;
    return tokens->pool + offset;
}

#endif
