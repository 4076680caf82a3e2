/* Building the TOP section: a table by the key's first bytes of the deepest node that they lead to, which
 * saves a lookup the first levels of nodes. Drawn in FORMAT.md 4.9. */
#ifndef KFI_WRITE_KEYS_TOP_WRITER_H
#define KFI_WRITE_KEYS_TOP_WRITER_H

#include "write/keys/layout.h"

typedef struct kfi_top_builder kfi_top_builder;

/* `keys`: of the whole dictionary. */
kf_status kfi_top_builder_create(kfi_top_builder **out, uint64_t keys, kf_error *error);
/* Notes a node that was written; the root comes last. Nodes with too few keys below are not kept. */
kf_status kfi_top_builder_add(kfi_top_builder *top, const kfi_laid_state *state, uint64_t address,
                              kf_error *error);
/* Appends the section, at most about `size_limit` bytes; nothing when a table would not help. */
kf_status kfi_top_builder_write(kfi_top_builder *top, uint64_t size_limit, kfi_array *out,
                                kf_error *error);
void kfi_top_builder_destroy(kfi_top_builder **top);

#endif
