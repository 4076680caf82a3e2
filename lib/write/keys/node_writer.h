/* Encoding nodes with their buckets; the layout is drawn in FORMAT.md 4.6. */
#ifndef KFI_WRITE_KEYS_NODE_WRITER_H
#define KFI_WRITE_KEYS_NODE_WRITER_H

#include "write/keys/layout.h"

/* Appends the node that will lie at `position` of the TREE section, with its buckets. The entries'
 * jumps must be directory indexes. `scratch` is a caller's array, reused between calls. */
kf_status kfi_node_encode(kfi_key_coder *coder, const kfi_laid_state *state, uint64_t position,
                          kfi_array *scratch, kfi_array *out, kf_error *error);

#endif
