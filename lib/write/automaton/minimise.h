/* Incremental minimisation of the path-compressed automaton from sorted keys (after Daciuk, Mihov,
 * Watson & Watson 2000, "Incremental construction of minimal acyclic finite-state automata").
 *
 * Only final or branching states exist; a chain of other states is one edge with a label of several
 * bytes. A state is closed once no later key can extend it; its fingerprint (a keyed Merkle hash over
 * finality, labels and the children's fingerprints) then finds it in the register, or it is new and
 * written to a stream. The stream is the minimal automaton in post-order; later passes cost what the
 * automaton costs, not what the keys cost.
 *
 *   record   varint edges << 1 | final, varint number of edges of KFI_EDGE_FRESH, then for each edge in label order:
 *              varint label size << 2 | kind,
 *              for KFI_EDGE_BACK: varint (this state's id - child's id),
 *              the label's bytes
 *   or       varint 0, varint n: forget the last n states that no parent has claimed yet (they were
 *            stored again after the register had forgotten them, for a parent that it remembered)
 *
 * Ids count the state records from 0; the last record is the root's. The children of a state by
 * KFI_EDGE_FRESH are the states directly before it that have no parent yet, in order: a reader keeps
 * a stack. */
#ifndef KFI_WRITE_AUTOMATON_MINIMISE_H
#define KFI_WRITE_AUTOMATON_MINIMISE_H

#include "base/array.h"
#include "base/file.h"

enum kfi_edge_kind {
    KFI_EDGE_SINK = 0,   /* a key ends there and nothing follows */
    KFI_EDGE_FRESH = 1,
    KFI_EDGE_BACK = 2
};

typedef struct kfi_automaton {
    kfi_spool *states;
    kfi_spool *references;    /* 5 bytes, little-endian, for each KFI_EDGE_BACK: the child's id */
    uint64_t state_count;     /* records */
    uint64_t orphans;         /* of them, forgotten ones */
    uint64_t distinct;        /* states of the exactly minimal automaton (estimated if it overflowed) */
    uint64_t reference_count;
    uint64_t keys;
    uint64_t raw_key_bytes;
    uint32_t longest_key, shortest_key;
} kfi_automaton;

void kfi_automaton_destroy(kfi_automaton *automaton);

typedef struct kfi_minimiser kfi_minimiser;

kf_status kfi_minimiser_create(kfi_minimiser **out, uint64_t memory, const char *folder,
                               kfi_disk_account *account, kf_error *error);
/* Keys must come in strictly ascending order. */
kf_status kfi_minimiser_add(kfi_minimiser *minimiser, kf_bytes key, kf_error *error);
/* The key that was added last; none yet: the empty one. Valid until the next call. */
kf_bytes kfi_minimiser_last(const kfi_minimiser *minimiser);
/* Hands the automaton to the caller. Without keys it has no records. */
kf_status kfi_minimiser_finish(kfi_minimiser *minimiser, kfi_automaton *automaton, kf_error *error);
void kfi_minimiser_destroy(kfi_minimiser **minimiser);

#endif
