/* The sections FORWARD, ORDERS and POSITIONS: names with as many tokens whose ids take as many bytes lie together, and
 * among them those with the same frequent tokens. */
#ifndef KFI_NAMES_WRITE_FORWARD_WRITER_H
#define KFI_NAMES_WRITE_FORWARD_WRITER_H

#include "base/array.h"
#include "names/write/letters_writer.h"
#include "names/names_layout.h"
#include "names/write/attributes_writer.h"
#include "write/sort/sorter.h"
#include "write/writer.h"

typedef struct kfi_forward_writer kfi_forward_writer;

/* `tokens`: how many different ones there are; `names`: how many names there will be. `attributes`: who is told those
 * of the slots; NULL: nobody. `letters` is told their tokens. */
kf_status kfi_forward_create(kfi_forward_writer **out, uint32_t tokens, uint32_t names, kfi_attributes *attributes,
                             kfi_letters_writer *letters, const kfi_sort_options *sort, kf_error *error);
/* The next name's tokens, in its order; `ids` are sorted. */
kf_status kfi_forward_add(kfi_forward_writer *forward, uint32_t *ids, uint32_t count, uint32_t attribute,
                          kf_error *error);
/* Writes the sections; names count twice in the progress, the second time here. */
kf_status kfi_forward_write(kfi_forward_writer *forward, kfi_writer *writer, kfi_progress *progress, kf_error *error);
/* What became of it: groups; and each slot's distinct ids, as a varint count and differences. */
const kfi_group *kfi_forward_groups(const kfi_forward_writer *forward, uint32_t *count);
const kfi_spool *kfi_forward_slots(const kfi_forward_writer *forward);
void kfi_forward_destroy(kfi_forward_writer **forward);

#endif
