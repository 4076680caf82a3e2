/* Endings (format/endings.h): all strings below the containers that are most often jumped to, where these are few and
 * short. They are collected while containers are written, children first. */
#ifndef KFI_WRITE_KEYS_ENDINGS_WRITER_H
#define KFI_WRITE_KEYS_ENDINGS_WRITER_H

#include "format/endings.h"
#include "write/keys/layout.h"

enum { KFI_ENDINGS_INDEXES = 1024 };   /* directory indexes that are considered */

/* Zero-initialise it. */
typedef struct kfi_endings_builder {
    kfi_array records;                 /* wide ones; of each list one after the other */
    struct { uint32_t first; uint8_t count, longest; } lists[KFI_ENDINGS_INDEXES];
} kfi_endings_builder;

/* Notes what is below directory index `index`: a state whose jumps name directory indexes. */
kf_status kfi_endings_add(kfi_endings_builder *endings, const kfi_laid_state *state, uint64_t index, kf_error *error);
/* Appends the first lists, in at most `most` bytes; nothing, if not even one fits. */
kf_status kfi_endings_write(const kfi_endings_builder *endings, uint64_t most, kfi_array *out, kf_error *error);
void kfi_endings_free(kfi_endings_builder *endings);

#endif
