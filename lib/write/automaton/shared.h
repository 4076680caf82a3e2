/* The states that have several parents. A layout either stores such a state once, as a container
 * that jumps refer to, or repeats its few entries in each parent. */
#ifndef KFI_WRITE_AUTOMATON_SHARED_H
#define KFI_WRITE_AUTOMATON_SHARED_H

#include "base/array.h"
#include "write/automaton/minimise.h"

typedef struct kfi_shared_state {
    uint64_t id;
    uint64_t keys;
    uint64_t place;          /* directory index if stored, else offset of the repeated entries */
    uint32_t references;     /* edges that lead to it, at least 2; saturates */
    uint16_t entries;
    uint8_t final;
    uint8_t stored;
} kfi_shared_state;

typedef struct kfi_shared_table {
    kfi_shared_state *states;    /* by id, ascending */
    uint64_t count;
    uint64_t *first;             /* index of the first state with id >> shift >= i; and an end mark */
    unsigned shift;
    uint64_t next;               /* sequential cursor of kfi_shared_table_next */
} kfi_shared_table;

/* Counts the automaton's references, in windows of ids that fit `memory`. */
kf_status kfi_shared_table_create(kfi_shared_table *table, const kfi_automaton *automaton,
                                  uint64_t memory, kf_error *error);
/* The state `id`, or NULL when it has one parent. */
kfi_shared_state *kfi_shared_table_find(const kfi_shared_table *table, uint64_t id);
/* The same for ids asked for in ascending order; O(1). Set `next` to 0 to start over. */
kfi_shared_state *kfi_shared_table_next(kfi_shared_table *table, uint64_t id);
/* Gives the stored states directory indexes, most referenced first; returns their number. */
kf_status kfi_shared_table_rank(kfi_shared_table *table, uint64_t *stored, kf_error *error);
void kfi_shared_table_free(kfi_shared_table *table);

#endif
