#include "build/token_trie.h"

#include <stdlib.h>

enum {
    BLOCK = 256,
    OPEN_BLOCKS = 24,   /* only the newest blocks are searched for room: keeps building linear */
    MAX_SLOTS = 1 << 23 /* a base has 23 bits */
};

static int compare_tokens(const void *a, const void *b)
{
    const kfi_token_text *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, KFI_TOKEN_MAX);
    return order ? order : (int)x->length - (int)y->length;
}

/* A node whose children are still to be placed: the tokens [first, last) share its bytes. */
typedef struct pending {
    uint32_t slot, first, last;
} pending;

typedef struct trie_build {
    kfi_token_trie *trie;
    uint8_t *base_used;          /* one byte a slot */
    uint32_t capacity;
    kf_error *error;
} trie_build;

static kf_status add_block(trie_build *build)
{
    kfi_token_trie *trie = build->trie;
    if (trie->size + BLOCK > build->capacity) {
        uint32_t capacity = build->capacity * 2;
        if (capacity > MAX_SLOTS) return kfi_fail(build->error, KF_LIMIT, "token trie too large");
        kfi_token_slot *slots = realloc(trie->slots, capacity * sizeof *slots);
        if (!slots) return kfi_fail_memory(build->error, capacity * sizeof *slots);
        trie->slots = slots;
        uint8_t *used = realloc(build->base_used, capacity);
        if (!used) return kfi_fail_memory(build->error, capacity);
        build->base_used = used;
        build->capacity = capacity;
    }
    for (uint32_t i = trie->size; i < trie->size + BLOCK; i++) {
        trie->slots[i].link = 0;
        trie->slots[i].code = KFI_TOKEN_NONE;
        build->base_used[i] = 0;
    }
    trie->size += BLOCK;
    return KF_OK;
}

/* A base in the block at `start` where all labels find free slots, or 0. */
static uint32_t find_in_block(const trie_build *build, uint32_t start, const uint8_t *labels,
                              unsigned count)
{
    const kfi_token_slot *slots = build->trie->slots;
    for (uint32_t slot = start; slot < start + BLOCK; slot++) {
        if (slots[slot].link & 0x100) continue;
        uint32_t base = slot ^ labels[0];
        if (build->base_used[base]) continue;
        unsigned i = 1;
        while (i < count && !(slots[base ^ labels[i]].link & 0x100)) i++;
        if (i == count) return base;
    }
    return 0;
}

/* Block 0 holds the root only, so that a base is never 0 and a leaf's base 0 leads nowhere. */
static kf_status find_base(trie_build *build, const uint8_t *labels, unsigned count, uint32_t *base)
{
    uint32_t blocks = build->trie->size / BLOCK;
    uint32_t first = blocks > OPEN_BLOCKS ? blocks - OPEN_BLOCKS : 1;
    for (uint32_t block = first; block < blocks; block++)
        if ((*base = find_in_block(build, block * BLOCK, labels, count))) return KF_OK;
    kf_status status = add_block(build);
    if (!status) *base = find_in_block(build, build->trie->size - BLOCK, labels, count);
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
    slots[node.slot].link |= base << 9;
    build->base_used[base] = 1;
    for (unsigned i = 0; i < count; i++) {
        slots[base ^ labels[i]].link = 0x100u | labels[i];
        next[(*next_count)++] = (pending){base ^ labels[i], starts[i], starts[i + 1]};
    }
    return KF_OK;
}

kf_status kfi_token_trie_build(kfi_token_trie *trie, kfi_token_text *tokens, uint32_t count,
                               kf_error *error)
{
    trie_build build = {trie, NULL, 1024, error};
    kf_status status;
    trie->size = 0;
    trie->slots = malloc(build.capacity * sizeof *trie->slots);
    build.base_used = malloc(build.capacity);
    size_t queue_size = ((size_t)count + 1) * sizeof(pending);
    pending *level = malloc(queue_size), *next = malloc(queue_size);
    if (!trie->slots || !build.base_used || !level || !next) {
        status = kfi_fail_memory(error, queue_size);
        goto out;
    }
    qsort(tokens, count, sizeof *tokens, compare_tokens);
    if ((status = add_block(&build))) goto out;
    /* Level by level, so that the slots near the root lie together. */
    level[0] = (pending){0, 0, count};
    uint32_t level_count = 1;
    for (unsigned depth = 0; level_count && !status; depth++) {
        uint32_t next_count = 0;
        for (uint32_t i = 0; i < level_count && !status; i++)
            status = place_children(&build, tokens, level[i], depth, next, &next_count);
        pending *swap = level;
        level = next;
        next = swap;
        level_count = next_count;
    }
out:
    free(level);
    free(next);
    free(build.base_used);
    if (status) kfi_token_trie_free(trie);
    return status;
}

void kfi_token_trie_free(kfi_token_trie *trie)
{
    free(trie->slots);
    trie->slots = NULL;
    trie->size = 0;
}

uint32_t kfi_token_parse(const kfi_token_trie *trie, const uint8_t *data, uint32_t size,
                         kfi_parse_scratch *scratch)
{
    const kfi_token_slot *slots = trie->slots;
    uint32_t *cost = scratch->cost;
    cost[size] = 0;
    for (uint32_t i = size; i-- > 0;) {
        uint32_t best = cost[i + 1] + 1, best_code = 0, best_length = 1;
        uint32_t limit = size - i < KFI_TOKEN_MAX ? size - i : KFI_TOKEN_MAX;
        uint32_t link = slots[0].link;
        for (uint32_t n = 0; n < limit; n++) {
            uint8_t byte = data[i + n];
            const kfi_token_slot *slot = slots + ((link >> 9) ^ byte);
            link = slot->link;
            if ((link & 0x1FF) != (0x100u | byte)) break;
            if (slot->code == KFI_TOKEN_NONE) continue;
            uint32_t total = cost[i + n + 1] + 1;
            if (total <= best) {
                best = total;
                best_code = slot->code;
                best_length = n + 1;
            }
        }
        cost[i] = best;
        scratch->code[i] = best_code;
        scratch->length[i] = (uint8_t)best_length;
    }
    return cost[0];
}
