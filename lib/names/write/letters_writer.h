/* The section LETTERS: how many letters of each kind names have, and where tokens are in blocks. */
#ifndef KFI_NAMES_WRITE_LETTERS_WRITER_H
#define KFI_NAMES_WRITE_LETTERS_WRITER_H

#include "names/write/token_list.h"
#include "write/writer.h"

typedef struct kfi_letters_writer kfi_letters_writer;

/* Chooses kinds. Eight bytes a token are held. */
kf_status kfi_letters_create(kfi_letters_writer **out, const kfi_token_list *list, const char *folder,
                             kfi_disk_account *account, kf_error *error);
/* By token: to be set to where each is in blocks. The others are left as they are. */
uint32_t *kfi_letters_places(kfi_letters_writer *letters);
/* Takes the tokens of the next slot. */
kf_status kfi_letters_add(kfi_letters_writer *letters, const uint32_t *ids, uint32_t count, kf_error *error);
kf_status kfi_letters_write(kfi_letters_writer *letters, kfi_writer *writer, kf_error *error);
void kfi_letters_destroy(kfi_letters_writer **letters);

#endif
