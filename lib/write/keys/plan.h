/* Planning the key structure: which states are stored once, and how labels and tails are coded. */
#ifndef KFI_WRITE_KEYS_PLAN_H
#define KFI_WRITE_KEYS_PLAN_H

#include "write/keys/layout.h"

typedef struct kfi_key_plan {
    kfi_keys_parameters parameters;   /* all but root, directory width and positions */
    kfi_token_encoder *tokens;        /* NULL in character mode */
} kfi_key_plan;

/* Runs the layout once over the automaton, decides for each shared state and trains the tokens within
 * `memory` bytes. */
kf_status kfi_key_plan_make(kfi_key_plan *plan, const kfi_automaton *automaton, kfi_shared_table *shared,
                            uint64_t memory, kfi_effort effort, kf_error *error);
void kfi_key_plan_free(kfi_key_plan *plan);

#endif
