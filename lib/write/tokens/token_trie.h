/* A double-array trie over up to a hundred thousand tokens of 1 to 16 bytes, and the shortest parse
 * of a text with them.
 *
 * The double array is Aoe's (1989) in its XOR form: the child of a node by byte c is slot
 * `base ^ c`. No two nodes have the same base, so a slot needs to remember the byte only, not its
 * parent, and a step is one load and one compare. */
#ifndef KFI_WRITE_TOKENS_TOKEN_TRIE_H
#define KFI_WRITE_TOKENS_TOKEN_TRIE_H

#include "base/error.h"
#include "format/tokens.h"
#include "write/tokens/token_trainer.h"

/* A token while it is being chosen; bytes after `length` are zero. */
typedef struct kfi_token_text {
    uint8_t bytes[KFI_TOKEN_MAX];
    uint32_t code;
    uint8_t length;
} kfi_token_text;

#define KFI_TOKEN_NONE UINT32_MAX

typedef struct kfi_token_slot {
    uint32_t link;   /* base << 10 | a token ends here << 9 | in use << 8 | byte that leads here */
    uint32_t code;   /* of that token, or KFI_TOKEN_NONE */
} kfi_token_slot;

enum { KFI_TOKEN_BASE = 10, KFI_TOKEN_ENDS = 1 << 9, KFI_TOKEN_IN_USE = 1 << 8 };

typedef struct kfi_token_trie {
    kfi_token_slot *slots;
    uint32_t size;               /* a multiple of 256: base ^ c of a base below it is below it */
} kfi_token_trie;

/* `tokens` must be distinct and not empty, in any order. */
kf_status kfi_token_trie_build(kfi_token_trie *trie, const kfi_token_text *tokens, uint32_t count,
                               kf_error *error);
void kfi_token_trie_free(kfi_token_trie *trie);

/* The slot reached from `slot` by `byte`, or 0. */
static inline uint32_t kfi_token_trie_step(const kfi_token_trie *trie, uint32_t slot, uint8_t byte)
{
    uint32_t next = (trie->slots[slot].link >> KFI_TOKEN_BASE) ^ byte;
    return (trie->slots[next].link & 0x1FF) == (KFI_TOKEN_IN_USE | byte) ? next : 0;
}

/* Texts longer than this are parsed in windows. */
enum { KFI_PARSE_WINDOW = 1 << 15, KFI_PARSE_OVERLAP = 1 << 8 };

/* Scratch memory for parsing; one parse at a time. */
typedef struct kfi_parse_scratch {
    uint32_t cost[KFI_PARSE_WINDOW + 1];
    uint32_t code[KFI_PARSE_WINDOW];
    uint8_t length[KFI_PARSE_WINDOW];
} kfi_parse_scratch;

/* Fills scratch->code and scratch->length for every position of data[0..size), size at most
 * KFI_PARSE_WINDOW: the first token of a shortest parse of the rest, the longest such token.
 * A byte that is no token counts as one of code KFI_TOKEN_NONE. Returns the number of tokens. */
uint32_t kfi_token_parse(const kfi_token_trie *trie, const uint8_t *data, uint32_t size,
                         kfi_parse_scratch *scratch);

/* Classes of what may be before a token. */
typedef struct kfi_token_classes {
    uint8_t of[KFI_NOTHING_BEFORE + 1];
    unsigned count;
} kfi_token_classes;

/* The same with a trie for each class; `before` is what is before data[0]. */
uint32_t kfi_token_parse_classed(const kfi_token_trie *tries, const kfi_token_classes *classes, unsigned before,
                                 const uint8_t *data, uint32_t size, kfi_parse_scratch *scratch);

#endif
