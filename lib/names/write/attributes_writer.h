/* The section ATTRIBUTES: the distinct ones as a dictionary, which of them each slot has, and which slots each has. */
#ifndef KFI_NAMES_WRITE_ATTRIBUTES_WRITER_H
#define KFI_NAMES_WRITE_ATTRIBUTES_WRITER_H

#include "names/write/token_count.h"
#include "write/image.h"

typedef struct kfi_attributes kfi_attributes;

/* `count` has counted the attribute of each name; it is destroyed, also when this fails. */
kf_status kfi_attributes_create(kfi_attributes **out, kfi_token_count **count, uint32_t names, const char *folder,
                                kfi_disk_account *account, kf_error *error);
/* The number of an attribute that was counted: its rank in the order of bytes. */
uint32_t kfi_attributes_find(const kfi_attributes *attributes, kf_bytes attribute);
/* The next slot has this one. */
kf_status kfi_attributes_add_slot(kfi_attributes *attributes, uint32_t number, kf_error *error);
/* All slots were added: writes the section. For `memory` and `progress` see kfi_postings_write. */
kf_status kfi_attributes_write(kfi_attributes *attributes, const kfi_image_options *image, uint64_t memory,
                               kfi_writer *writer, kfi_progress *progress, kf_error *error);
void kfi_attributes_destroy(kfi_attributes **attributes);

#endif
