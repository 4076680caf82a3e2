/* A pattern's tree as a nondeterministic automaton over units (Thompson 1968), whose states 0 .. count-1 are
 *
 *   UNITS    takes a unit that belongs to the set, then `next`
 *   SPLIT    takes nothing: `next` or `other`
 *   BEGIN    takes nothing: `next`, if nothing was taken yet; END, if nothing will be
 *   ACCEPT   state 0
 *
 * They are made from the pattern's end to its beginning, so a state's `next` is known when it is made.
 *
 * Where a loop of all units, .* , has been reached, what comes before it in its concatenation is
 * needless: whatever leads from there to the key's end leads from the loop too. So while the loop's state
 * is alive, those with numbers above its own, up to `covers`, are left out. It holds for loops of all units
 * but a line feed too, back to what can have a line feed in it. Otherwise .*a.{4}.*b.{4}.*c would have six
 * times as many deterministic states. */
#ifndef KFI_QUERY_REGEX_NFA_H
#define KFI_QUERY_REGEX_NFA_H

#include "query/regex/pattern_tree.h"

typedef enum kfi_nfa_kind {
    KFI_NFA_ACCEPT, KFI_NFA_UNITS, KFI_NFA_SPLIT, KFI_NFA_BEGIN, KFI_NFA_END
} kfi_nfa_kind;

typedef struct kfi_nfa_state {
    uint8_t kind, stray;
    uint32_t next;
    uint32_t other;          /* SPLIT: a state. UNITS: the set's root in the pool */
    uint32_t covers;         /* UNITS: the last state that it makes needless; its own number if none */
} kfi_nfa_state;

typedef struct kfi_nfa {
    kfi_nfa_state *states;
    uint32_t count, capacity, start;
    uint32_t units;          /* states that are UNITS */
    int strays, ends;        /* there are UNITS with stray, and ENDs */
} kfi_nfa;

/* KF_NO_MEMORY. */
kf_status kfi_nfa_create(kfi_nfa *nfa, const kfi_pattern *pattern, uint32_t root, kf_error *error);
void kfi_nfa_free(kfi_nfa *nfa);

#endif
