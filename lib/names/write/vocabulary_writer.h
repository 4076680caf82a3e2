/* The tokens as sections: an image a band, and blocks; and what the rest of a build asks them for: their ids. */
#ifndef KFI_NAMES_WRITE_VOCABULARY_WRITER_H
#define KFI_NAMES_WRITE_VOCABULARY_WRITER_H

#include "names/write/token_list.h"
#include "write/image.h"

/* Ids by hash, which differ: nobody asks for a token that isn't there. Zero-initialise it. */
typedef struct kfi_token_table {
    uint64_t *hashes;
    uint32_t *ids;               /* UINT32_MAX: free */
    uint64_t capacity, seed;
} kfi_token_table;

/* KF_NO_MEMORY. */
kf_status kfi_token_table_fill(kfi_token_table *table, const kfi_token_list *list, kf_error *error);
uint32_t kfi_token_table_find(const kfi_token_table *table, kf_bytes token);
void kfi_token_table_free(kfi_token_table *table);
/* Bytes that it holds. */
static inline uint64_t kfi_token_table_size(const kfi_token_table *table) { return 12 * table->capacity; }

/* Writes a band's image into the current section, and notes its place. */
kf_status kfi_vocabulary_write_band(kfi_token_list *list, unsigned band, const kfi_image_options *image,
                                    kfi_writer *writer, kf_error *error);
/* Writes the section VOCABULARY; `bands` get their images' places. */
kf_status kfi_vocabulary_write(kfi_token_list *list, const kfi_image_options *image, kfi_writer *writer,
                               kf_error *error);

#endif
