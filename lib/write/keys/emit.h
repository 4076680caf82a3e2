/* Writing the key structure's sections: TOKENS, TREE, SHARED, TOP. */
#ifndef KFI_WRITE_KEYS_EMIT_H
#define KFI_WRITE_KEYS_EMIT_H

#include "write/keys/plan.h"
#include "write/writer.h"

/* Writes the four sections with the plan's codes; ranks the stored states first. Progress counts states. */
kf_status kfi_keys_emit(kfi_key_plan *plan, const kfi_automaton *automaton, kfi_shared_table *shared,
                        kfi_writer *writer, kfi_progress *progress, kf_error *error);

#endif
