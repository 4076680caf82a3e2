/* A dictionary's keys on their way to the section BLOCKS: kept in a temporary file, front-coded. */
#ifndef KFI_WRITE_BLOCKS_KEY_BLOCKS_H
#define KFI_WRITE_BLOCKS_KEY_BLOCKS_H

#include "write/writer.h"

typedef struct kfi_key_blocks kfi_key_blocks;

/* `memory`: for sorting keys. */
kf_status kfi_key_blocks_create(kfi_key_blocks **out, uint64_t memory, const char *folder, kfi_disk_account *account,
                                kf_error *error);
/* In ascending order: ordinals are ids. */
kf_status kfi_key_blocks_add(kfi_key_blocks *keys, kf_bytes key, kf_error *error);
/* Once all were added. Writes nothing if there are more keys than ids. */
kf_status kfi_key_blocks_write(kfi_key_blocks *keys, kfi_writer *writer, kf_error *error);
/* Whether there is going to be a section. */
int kfi_key_blocks_fit(const kfi_key_blocks *keys);
void kfi_key_blocks_destroy(kfi_key_blocks **keys);

#endif
