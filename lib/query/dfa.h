/* A query's automaton as a table that fills itself while it is used: the guide of one walk. Determinisation on
 * demand with a bounded cache, after Thompson 1968 and the lazy DFAs of Cox 2007: when the states met take more
 * than the memory limit they are all forgotten, and those of the current path are made again. (What one path needs
 * is kept whatever it takes.) */
#ifndef KFI_QUERY_DFA_H
#define KFI_QUERY_DFA_H

#include "base/array.h"
#include "query/query.h"
#include "read/search/guide.h"

typedef struct kfi_dfa_row {
    uint64_t content;            /* where in `contents` */
    uint32_t size, hash;
    uint32_t distance;
    double score;
} kfi_dfa_row;

typedef struct kfi_dfa {
    kfi_guide guide;             /* first: what the walk sees */
    const kf_query *query;       /* held */
    uint32_t stride;             /* words of a row of the guide's table */
    uint32_t rows, row_capacity;
    kfi_dfa_row *row;
    kfi_array contents;
    uint32_t *slots;             /* open addressing, row numbers; 0: free */
    uint32_t slot_mask;
    uint64_t memory_limit;
    void *scratch;
    uint8_t *made;               /* the content that a step made */
    uint8_t class_byte[256], class_single[256];
} kfi_dfa;

enum { KFI_DFA_MEMORY = 16 << 20 };

/* A dfa belongs to one thread. KF_NO_MEMORY. */
kf_status kfi_dfa_create(kfi_dfa *dfa, const kf_query *query, uint64_t memory_limit);
void kfi_dfa_destroy(kfi_dfa *dfa);

/* The state after all of `key`; KFI_GUIDE_DEAD, KFI_GUIDE_FAILED (no memory). O(key). */
uint32_t kfi_dfa_run(kfi_dfa *dfa, kf_bytes key);

/* Of a state that accepts. */
static inline uint32_t kfi_dfa_distance(const kfi_dfa *dfa, uint32_t state)
{
    return dfa->row[kfi_guide_row(&dfa->guide, state)].distance;
}
static inline double kfi_dfa_score(const kfi_dfa *dfa, uint32_t state)
{
    return dfa->row[kfi_guide_row(&dfa->guide, state)].score;
}

#endif
