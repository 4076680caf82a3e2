#include "query/regex/nfa.h"

#include <stdlib.h>

void kfi_nfa_free(kfi_nfa *nfa)
{
    free(nfa->states);
    nfa->states = NULL;
}

/* Room was counted while parsing. */
static uint32_t add(kfi_nfa *nfa, kfi_nfa_kind kind, uint32_t next, uint32_t other)
{
    nfa->states[nfa->count] = (kfi_nfa_state){ .kind = (uint8_t)kind, .next = next, .other = other,
                                               .covers = nfa->count };
    return nfa->count++;
}

static uint32_t emit(kfi_nfa *nfa, const kfi_pattern *pattern, uint32_t at, uint32_t next);

static uint32_t repeat(kfi_nfa *nfa, const kfi_pattern *pattern, const kfi_ast_node *node, uint32_t next)
{
    uint32_t entry = next, copies = node->least;
    if (node->most == KFI_AST_ENDLESS) {
        uint32_t loop = add(nfa, KFI_NFA_SPLIT, 0, next);
        entry = nfa->states[loop].next = emit(nfa, pattern, node->last, loop);
        if (copies) copies--;
        else entry = loop;
    }
    for (uint32_t n = node->least; node->most != KFI_AST_ENDLESS && n < node->most; n++) {
        uint32_t body = emit(nfa, pattern, node->last, entry);
        entry = add(nfa, KFI_NFA_SPLIT, body, next);
    }
    for (; copies; copies--) entry = emit(nfa, pattern, node->last, entry);
    return entry;
}

/* The UNITS of a child that ends in an endless loop of a wide set, if it does, otherwise 0. It is the state
 * that was made right after the child's first one, the split. */
static uint32_t wide_loop(const kfi_pattern *pattern, const kfi_ast_node *node, uint32_t before,
                          uint8_t *wide)
{
    if (node->kind != KFI_AST_REPEAT || node->most != KFI_AST_ENDLESS) return 0;
    *wide = kfi_ast_at(pattern, node->last)->wide;
    return *wide ? before + 1 : 0;
}

static uint32_t concat(kfi_nfa *nfa, const kfi_pattern *pattern, const kfi_ast_node *node, uint32_t next)
{
    /* Loops whose cover still grows, of both kinds; chained through `covers`, ending in 0. */
    uint32_t open[KFI_WIDE_ALL + 1] = { 0 };
    for (uint32_t at = node->last; ; ) {
        const kfi_ast_node *child = at ? kfi_ast_at(pattern, at) : NULL;
        for (uint8_t wide = KFI_WIDE_LINE; wide <= KFI_WIDE_ALL; wide++) {
            if (child && (wide == KFI_WIDE_ALL || !child->feeds)) continue;
            for (uint32_t loop = open[wide]; loop; ) {
                uint32_t following = nfa->states[loop].covers;
                nfa->states[loop].covers = nfa->count - 1;
                loop = following;
            }
            open[wide] = 0;
        }
        if (!child) return next;
        uint32_t before = nfa->count;
        uint8_t wide;
        next = emit(nfa, pattern, at, next);
        uint32_t loop = wide_loop(pattern, child, before, &wide);
        if (loop) {
            nfa->states[loop].covers = open[wide];
            open[wide] = loop;
        }
        at = child->before;
    }
}

/* Returns where the tree at `at` begins when `next` follows it. Recursion: at most KFI_PATTERN_DEPTH_MAX. */
static uint32_t emit(kfi_nfa *nfa, const kfi_pattern *pattern, uint32_t at, uint32_t next)
{
    const kfi_ast_node *node = kfi_ast_at(pattern, at);
    uint32_t entry;
    switch (node->kind) {
    case KFI_AST_UNITS:
        entry = add(nfa, KFI_NFA_UNITS, next, node->root);
        nfa->states[entry].stray = node->stray;
        nfa->strays |= node->stray;
        nfa->units++;
        return entry;
    case KFI_AST_BEGIN:
        return add(nfa, KFI_NFA_BEGIN, next, 0);
    case KFI_AST_END:
        nfa->ends = 1;
        return add(nfa, KFI_NFA_END, next, 0);
    case KFI_AST_REPEAT:
        return repeat(nfa, pattern, node, next);
    case KFI_AST_CONCAT:
        return concat(nfa, pattern, node, next);
    case KFI_AST_ALTERNATE:
        entry = emit(nfa, pattern, node->last, next);
        for (uint32_t child = kfi_ast_at(pattern, node->last)->before; child;
             child = kfi_ast_at(pattern, child)->before)
            entry = add(nfa, KFI_NFA_SPLIT, emit(nfa, pattern, child, next), entry);
        return entry;
    default:
        return next;
    }
}

kf_status kfi_nfa_create(kfi_nfa *nfa, const kfi_pattern *pattern, uint32_t root, kf_error *error)
{
    memset(nfa, 0, sizeof *nfa);
    nfa->capacity = kfi_ast_at(pattern, root)->states + 1;
    nfa->states = malloc(nfa->capacity * sizeof *nfa->states);
    if (!nfa->states) return kfi_fail_memory(error, nfa->capacity * sizeof *nfa->states);
    nfa->start = emit(nfa, pattern, root, add(nfa, KFI_NFA_ACCEPT, 0, 0));
    return KF_OK;
}
