/* Turning the automaton's stream of states into containers.
 *
 * A stack machine reads the states in post-order and assembles each from its children. While a state
 * has at most KFI_BUCKET_ENTRIES entries and no child that is a node, it stays a front-coded list in
 * memory; a larger one is handed to the sink as a node. A small state with several parents is handed
 * to the sink as well, which says whether it is stored once (its parents then get a jump) or repeated.
 * The machine runs twice, with a sink that plans (plan.h) and with one that writes (emit.h). */
#ifndef KFI_WRITE_KEYS_LAYOUT_H
#define KFI_WRITE_KEYS_LAYOUT_H

#include "base/progress.h"
#include "write/automaton/shared.h"
#include "write/keys/bucket_writer.h"

/* An edge to a child that is a node. */
typedef struct kfi_big_edge {
    uint64_t keys;
    uint64_t address;       /* as the sink gave it */
    size_t path;            /* the label's bytes after the first, in the state's text */
    uint32_t path_size;
    uint8_t label;
} kfi_big_edge;

/* A state as assembled. Entries are in label order; those of one edge are together (their first one
 * has lcp 0). `jump` in an entry is an index into the shared table's states. */
typedef struct kfi_laid_state {
    kfi_bucket_entry *entries;
    const kfi_big_edge *bigs;
    const uint8_t *text;
    uint64_t keys;
    uint32_t entry_count;
    uint32_t big_count;
    int final;
} kfi_laid_state;

typedef struct kfi_layout_sink {
    void *context;
    /* A node, `shared` if it has several parents (then it is always stored once). Sets the address. */
    kf_status (*node)(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                      uint64_t *address, kf_error *error);
    /* A small state with several parents. May set shared->stored; what is set stands. */
    kf_status (*small)(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                       kf_error *error);
    /* The root, when it is small (may have no entries). */
    kf_status (*small_root)(void *context, const kfi_laid_state *state, kf_error *error);
    kfi_progress *progress;   /* of states; NULL: nobody wants to know */
} kfi_layout_sink;

kf_status kfi_layout_run(const kfi_automaton *automaton, kfi_shared_table *shared,
                         const kfi_layout_sink *sink, kf_error *error);

#endif
