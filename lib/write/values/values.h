/* What a dictionary's pairs have besides their keys: the value column and the weights. They arrive in ordinal
 * order and can be encoded in the background, while the keys are: then into an image of their own, whose sections
 * are copied where they belong. */
#ifndef KFI_WRITE_VALUES_VALUES_H
#define KFI_WRITE_VALUES_VALUES_H

#include "write/image.h"

typedef struct kfi_values kfi_values;

/* Progress is told on the thread of kfi_values_finish only. `options` is copied, the folder's name is not. */
kf_status kfi_values_create(kfi_values **out, const kfi_image_options *options, kf_error *error);
/* A weight that is given comes in front of the value, as a varint. */
kf_status kfi_values_add(kfi_values *values, kf_bytes value, kf_error *error);
/* How many sections will be written. */
uint32_t kfi_values_sections(const kfi_values *values);
/* All were added: begins to encode them in a thread of its own, if there can be one. Returns at once. */
void kfi_values_start(kfi_values *values);
/* What has failed in the background so far. */
kf_status kfi_values_check(const kfi_values *values, kf_error *error);
/* Writes the sections, and fills in the header's fields for values. */
kf_status kfi_values_finish(kfi_values *values, kfi_writer *writer, kfi_header *header, kf_error *error);
/* Ends what is under way in the background. */
void kfi_values_destroy(kfi_values **values);

#endif
