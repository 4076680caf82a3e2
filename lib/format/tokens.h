/* The token dictionary: short byte strings (1 to 16 bytes) that codes of a fixed width in key tails and string values
 * stand for. FORMAT.md 4.4 draws it.
 *
 * Which one depends on the class of the byte before: each class has a row of entries of its own, so that few bits
 * choose among what is likely there. Where nothing is before, the class is 0.
 *
 * Decoding one token is two loads: the entry, which also names the row of the next code, then 16 bytes of the pool, of
 * which `length` count. Every byte that occurs after a byte of a class must be a token of its own in that row. */
#ifndef KFI_FORMAT_TOKENS_H
#define KFI_FORMAT_TOKENS_H

#include "base/bits.h"
#include "base/error.h"

enum {
    KFI_TOKEN_MAX = 16,
    KFI_TOKEN_BITS_LEAST = 4, KFI_TOKEN_BITS_MAX = 16,
    KFI_TOKEN_CLASSES_MAX = 64
};

/* An entry: offset in the pool, class of the token's last byte, length. */
enum { KFI_TOKEN_CLASS_SHIFT = 5, KFI_TOKEN_OFFSET_SHIFT = 11, KFI_TOKEN_POOL_MAX = 1 << 21 };

/* A view of a dictionary in the file. */
typedef struct kfi_tokens {
    const uint8_t *entries;
    const uint8_t *pool;
    const uint8_t *classes;   /* by byte */
    uint32_t count;           /* of entries, in all rows */
    uint32_t pool_size;
    uint32_t entry_limit;     /* entries above it begin behind the pool */
    unsigned bits;
    int is_classed;           /* has several classes */
} kfi_tokens;

/* What to read where no file has a dictionary, so that kfi_token_row may be asked. */
extern const kfi_tokens kfi_no_tokens;

/* Checks the frame (O(1)): counts, sizes, bits. Entries are checked as they are used. */
kf_status kfi_tokens_open(kfi_tokens *tokens, const uint8_t *section, uint64_t size,
                          kf_error *error);

/* The row of a code after `byte`; of a text's first code it is KFI_TOKEN_FIRST_ROW. */
#define KFI_TOKEN_FIRST_ROW 0u
static inline uint32_t kfi_token_row(const kfi_tokens *tokens, uint8_t byte)
{
    return (uint32_t)tokens->classes[byte] << tokens->bits;
}

/* The row of the code after the one with this entry. A branch, which the empty statement keeps one: with one class, the
 * next entry needs not wait for this one. */
static inline uint32_t kfi_token_next_row(const kfi_tokens *tokens, uint32_t entry)
{
    if (!tokens->is_classed) return KFI_TOKEN_FIRST_ROW;
    __asm__ volatile("");
    return (entry >> KFI_TOKEN_CLASS_SHIFT & (KFI_TOKEN_CLASSES_MAX - 1)) << tokens->bits;
}

/* Where token `code` of row `*row` lies and how long it is; 16 bytes can be read there. `*row` becomes that of the next
 * code. A code or an entry out of range yields length 0, which no valid dictionary has: callers treat it as damage. */
static inline const uint8_t *kfi_token(const kfi_tokens *tokens, uint32_t *row, uint32_t code, unsigned *length)
{
    *length = 0;
    if (*row + code >= tokens->count) return tokens->pool;
    const uint32_t entry = kfi_load32(tokens->entries + 4 * (size_t)(*row + code)), n = entry & 31;
    if (n > KFI_TOKEN_MAX || entry > tokens->entry_limit) return tokens->pool;
    *length = n;
    *row = kfi_token_next_row(tokens, entry);
    return tokens->pool + (entry >> KFI_TOKEN_OFFSET_SHIFT);
}

#endif
