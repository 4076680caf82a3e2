/* Encoding buckets and edge paths; the layout is drawn in FORMAT.md 4.6 to 4.8. */
#ifndef KFI_WRITE_KEYS_BUCKET_WRITER_H
#define KFI_WRITE_KEYS_BUCKET_WRITER_H

#include "base/array.h"
#include "format/keys.h"
#include "write/tokens/token_trainer.h"

#define KFI_NO_JUMP UINT64_MAX

/* One front-coded entry. */
typedef struct kfi_bucket_entry {
    uint64_t keys;      /* 1, or the keys below the jump */
    uint64_t jump;      /* directory index (in the layout's analysis: shared state), or KFI_NO_JUMP */
    size_t offset;      /* where its bytes lie in the text given along */
    uint32_t size;      /* at least 1: label and rest */
    uint32_t lcp;       /* shared with the entry before, from the container's depth; 0 for the first */
} kfi_bucket_entry;

/* What encoding needs of the file. */
typedef struct kfi_key_coder {
    const kfi_keys_parameters *parameters;
    kfi_token_encoder *tokens;        /* NULL in character mode */
    uint8_t character_code[256];
    kfi_array codes;                  /* scratch: uint16_t */
    kfi_array counts;                 /* scratch: uint32_t */
} kfi_key_coder;

void kfi_key_coder_free(kfi_key_coder *coder);

/* Appends a bucket of 1 to KFI_BUCKET_ENTRIES entries. `depth` is the container's; it matters for
 * fixed-length keys only. */
kf_status kfi_bucket_encode(kfi_key_coder *coder, const kfi_bucket_entry *entries, unsigned count,
                            const uint8_t *text, int final, kfi_array *out,
                            kf_error *error);

/* Appends varint(codes), then the codes of `text`, which is behind `label`, byte-aligned. */
kf_status kfi_path_encode(kfi_key_coder *coder, uint8_t label, const uint8_t *text, size_t size, kfi_array *out,
                          kf_error *error);

#endif
