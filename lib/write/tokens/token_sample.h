/* What a token trainer has collected. */
#ifndef KFI_WRITE_TOKENS_TOKEN_SAMPLE_H
#define KFI_WRITE_TOKENS_TOKEN_SAMPLE_H

#include "write/tokens/token_trainer.h"

struct kfi_token_trainer {
    kfi_array records;       /* u8 length | 3 bytes of a random number | text, of up to 255 bytes */
    size_t limit;
    kfi_effort effort;
    uint32_t threshold;      /* records with a random number below it are kept */
    uint64_t pieces;
    uint64_t total_bytes;    /* of all text */
    uint64_t sample_bytes;   /* of the text in `records` */
    uint8_t bytes[256];      /* byte values seen, from when text was first left out */
};

/* Flags of all byte values seen. */
void kfi_token_trainer_bytes(const kfi_token_trainer *trainer, uint8_t seen[256]);

/* Goes through the records: `p` is at the length. Those whose random number is below some number are a sample of the
 * sample. */
#define KFI_EACH_RECORD(p, trainer)                                                                      \
    for (const uint8_t *p = (trainer)->records.data, *end_ = p ? p + (trainer)->records.size : p; p < end_;   \
         p += 4 + p[0])

#endif
