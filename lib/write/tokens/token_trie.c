#include "write/tokens/token_trie.h"

#include <stdlib.h>

enum {
    BLOCK = 256,
    OPEN_BLOCKS = 8,    /* only the newest blocks are searched for room: keeps building linear */
    MAX_SLOTS = 1 << 22 /* a base has 22 bits */
};

static int compare_tokens(const void *a, const void *b)
{
    const kfi_token_text *x = a, *y = b;
    uint64_t p = __builtin_bswap64(kfi_load64(x->bytes)), q = __builtin_bswap64(kfi_load64(y->bytes));
    if (p == q) {
        p = __builtin_bswap64(kfi_load64(x->bytes + 8));
        q = __builtin_bswap64(kfi_load64(y->bytes + 8));
    }
    return p != q ? (p < q ? -1 : 1) : (int)x->length - (int)y->length;
}

/* A node whose children are still to be placed: the tokens [first, last) share its bytes. */
typedef struct pending {
    uint32_t slot, first, last;
} pending;

typedef struct block_state {
    uint64_t free[4];            /* bit maps: slots without a node, bases without an owner */
    uint64_t unused[4];
    unsigned free_count;
} block_state;

typedef struct trie_build {
    kfi_token_trie *trie;
    block_state *blocks;
    uint32_t capacity;           /* slots */
    kf_error *error;
} trie_build;

static inline int has(const uint64_t *map, unsigned i)
{
    return map[i >> 6] >> (i & 63) & 1;
}

static inline void clear(uint64_t *map, unsigned i)
{
    map[i >> 6] &= ~(1ull << (i & 63));
}

static kf_status add_block(trie_build *build)
{
    kfi_token_trie *trie = build->trie;
    if (trie->size + BLOCK > build->capacity) {
        uint32_t capacity = build->capacity * 2;
        if (capacity > MAX_SLOTS) return kfi_fail(build->error, KF_LIMIT, "token trie too large");
        kfi_token_slot *slots = realloc(trie->slots, capacity * sizeof *slots);
        if (!slots) return kfi_fail_memory(build->error, capacity * sizeof *slots);
        trie->slots = slots;
        block_state *blocks = realloc(build->blocks, capacity / BLOCK * sizeof *blocks);
        if (!blocks) return kfi_fail_memory(build->error, capacity);
        build->blocks = blocks;
        build->capacity = capacity;
    }
    for (uint32_t i = trie->size; i < trie->size + BLOCK; i++)
        trie->slots[i] = (kfi_token_slot){0, KFI_TOKEN_NONE};
    block_state *state = build->blocks + trie->size / BLOCK;
    memset(state, 0xFF, sizeof *state);
    state->free_count = BLOCK;
    trie->size += BLOCK;
    return KF_OK;
}

/* A base in a block where all labels find free slots, or 0. */
static uint32_t find_in_block(const trie_build *build, uint32_t block, const uint8_t *labels,
                              unsigned count)
{
    const block_state *state = build->blocks + block;
    if (state->free_count < count) return 0;
    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t bits = state->free[word]; bits; bits &= bits - 1) {
            unsigned base = (word * 64 + (unsigned)__builtin_ctzll(bits)) ^ labels[0];
            if (!has(state->unused, base)) continue;
            unsigned i = 1;
            while (i < count && has(state->free, base ^ labels[i])) i++;
            if (i == count) return block * BLOCK + base;
        }
    }
    return 0;
}

/* Block 0 holds the root only, so that a base is never 0 and a leaf's base 0 leads nowhere. */
static kf_status find_base(trie_build *build, const uint8_t *labels, unsigned count, uint32_t *base)
{
    uint32_t blocks = build->trie->size / BLOCK;
    uint32_t first = blocks > OPEN_BLOCKS ? blocks - OPEN_BLOCKS : 1;
    for (uint32_t block = first; block < blocks; block++)
        if ((*base = find_in_block(build, block, labels, count))) return KF_OK;
    kf_status status = add_block(build);
    if (!status) *base = find_in_block(build, blocks, labels, count);
    return status;
}

static kf_status place_children(trie_build *build, const kfi_token_text *tokens, pending node,
                                unsigned depth, pending *next, uint32_t *next_count)
{
    uint32_t starts[257];
    uint8_t labels[256];
    unsigned count = 0;
    if (node.first < node.last && tokens[node.first].length == depth) {
        build->trie->slots[node.slot].code = tokens[node.first].code;
        build->trie->slots[node.slot].link |= KFI_TOKEN_ENDS;
        node.first++;
    }
    for (uint32_t i = node.first; i < node.last; i++) {
        uint8_t label = tokens[i].bytes[depth];
        if (count && labels[count - 1] == label) continue;
        labels[count] = label;
        starts[count++] = i;
    }
    if (!count) return KF_OK;
    starts[count] = node.last;
    uint32_t base;
    kf_status status = find_base(build, labels, count, &base);
    if (status) return status;
    kfi_token_slot *slots = build->trie->slots;
    slots[node.slot].link |= base << KFI_TOKEN_BASE;
    block_state *state = build->blocks + base / BLOCK;
    clear(state->unused, base % BLOCK);
    state->free_count -= count;
    for (unsigned i = 0; i < count; i++) {
        clear(state->free, (base ^ labels[i]) % BLOCK);
        slots[base ^ labels[i]].link = KFI_TOKEN_IN_USE | labels[i];
        next[(*next_count)++] = (pending){base ^ labels[i], starts[i], starts[i + 1]};
    }
    return KF_OK;
}

kf_status kfi_token_trie_build(kfi_token_trie *trie, const kfi_token_text *tokens, uint32_t count,
                               kf_error *error)
{
    trie_build build = {trie, NULL, 1024, error};
    kf_status status;
    trie->size = 0;
    trie->slots = malloc(build.capacity * sizeof *trie->slots);
    build.blocks = malloc(build.capacity / BLOCK * sizeof *build.blocks);
    size_t queue_size = ((size_t)count + 1) * sizeof(pending);
    pending *level = malloc(queue_size), *next = malloc(queue_size);
    kfi_token_text *sorted = malloc(((size_t)count + 1) * sizeof *sorted);
    if (!trie->slots || !build.blocks || !level || !next || !sorted) {
        status = kfi_fail_memory(error, queue_size);
        goto out;
    }
    if (count) memcpy(sorted, tokens, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_tokens);
    if ((status = add_block(&build))) goto out;
    /* Level by level, so that the slots near the root lie together. */
    level[0] = (pending){0, 0, count};
    uint32_t level_count = 1;
    for (unsigned depth = 0; level_count && !status; depth++) {
        uint32_t next_count = 0;
        for (uint32_t i = 0; i < level_count && !status; i++)
            status = place_children(&build, sorted, level[i], depth, next, &next_count);
        pending *swap = level;
        level = next;
        next = swap;
        level_count = next_count;
    }
out:
    free(sorted);
    free(level);
    free(next);
    free(build.blocks);
    if (status) kfi_token_trie_free(trie);
    return status;
}

void kfi_token_trie_free(kfi_token_trie *trie)
{
    free(trie->slots);
    trie->slots = NULL;
    trie->size = 0;
}

/* With one class all tokens are in the one trie. */
static inline __attribute__((always_inline)) uint32_t
parse(const kfi_token_trie *tries, const kfi_token_classes *classes, unsigned before, const uint8_t *data,
      uint32_t size, kfi_parse_scratch *scratch)
{
    const kfi_token_slot *slots = tries->slots;
    uint32_t *cost = scratch->cost;
    cost[size] = 0;
    for (uint32_t i = size; i-- > 0;) {
        if (classes) slots = tries[classes->of[i ? data[i - 1] : before]].slots;
        uint32_t best = cost[i + 1] + 1, best_slot = 0, best_end = i + 1, at = i;
        uint32_t base = slots[0].link >> KFI_TOKEN_BASE;
        const uint32_t end = size - i < KFI_TOKEN_MAX ? size : i + KFI_TOKEN_MAX;
        do {   /* until a leaf, whose base is 0 */
            uint32_t byte = data[at++], slot = base ^ byte, link = slots[slot].link;
            if ((link & 0x1FF) != (KFI_TOKEN_IN_USE | byte)) break;
            base = link >> KFI_TOKEN_BASE;
            if (!(link & KFI_TOKEN_ENDS) || cost[at] >= best) continue;
            best = cost[at] + 1;
            best_slot = slot;
            best_end = at;
        } while (base && at < end);
        cost[i] = best;
        scratch->code[i] = slots[best_slot].code;   /* the root's: none */
        scratch->length[i] = (uint8_t)(best_end - i);
    }
    return cost[0];
}

uint32_t kfi_token_parse(const kfi_token_trie *trie, const uint8_t *data, uint32_t size,
                         kfi_parse_scratch *scratch)
{
    return parse(trie, NULL, 0, data, size, scratch);
}

uint32_t kfi_token_parse_classed(const kfi_token_trie *tries, const kfi_token_classes *classes, unsigned before,
                                 const uint8_t *data, uint32_t size, kfi_parse_scratch *scratch)
{
    return parse(tries, classes, before, data, size, scratch);
}
