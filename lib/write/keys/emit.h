/* Writing the key structure's sections: TOKENS, TREE, SHARED, TOP. */
#ifndef KFI_WRITE_KEYS_EMIT_H
#define KFI_WRITE_KEYS_EMIT_H

#include "write/keys/plan.h"
#include "write/writer.h"

/* Called now and then with the number of states laid out; a result other than KF_OK stops. */
typedef kf_status (*kfi_emit_tick)(void *context, uint64_t states_done, kf_error *error);

/* Writes the four sections with the plan's codes; ranks the stored states first. */
kf_status kfi_keys_emit(kfi_key_plan *plan, const kfi_automaton *automaton, kfi_shared_table *shared,
                        kfi_writer *writer, kfi_emit_tick tick, void *tick_context, kf_error *error);

#endif
