/* What a token trainer has collected. */
#ifndef KFI_WRITE_TOKENS_TOKEN_SAMPLE_H
#define KFI_WRITE_TOKENS_TOKEN_SAMPLE_H

#include "write/tokens/token_trainer.h"

/* Which bytes follow which: bit b % 64 of word b / 64 in the row of the byte before, or of KFI_NOTHING_BEFORE. */
typedef struct kfi_followers {
    uint64_t bits[KFI_NOTHING_BEFORE + 1][4];
} kfi_followers;

struct kfi_token_trainer {
    kfi_array records;       /* u8 length | 3 bytes of a random number | u16 what is before | text of up to 255 bytes */
    size_t limit;
    kfi_effort effort;
    uint32_t threshold;      /* records with a random number below it are kept */
    uint64_t pieces;
    uint64_t total_bytes;    /* of all text */
    uint64_t sample_bytes;   /* of the text in `records` */
    kfi_followers followers; /* seen from when text was first left out */
};

/* All that were seen. */
void kfi_token_trainer_followers(const kfi_token_trainer *trainer, kfi_followers *followers);

enum { KFI_RECORD_BEFORE = 4, KFI_RECORD_HEADER = 6 };

static inline uint32_t kfi_record_random(const uint8_t *record) { return kfi_load32(record) >> 8; }
static inline unsigned kfi_record_before(const uint8_t *record) { return record[4] | (unsigned)record[5] << 8; }

/* Goes through the records: `p` is at the length. Those whose random number is below some number are a sample of the
 * sample. */
#define KFI_EACH_RECORD(p, trainer)                                                                      \
    for (const uint8_t *p = (trainer)->records.data, *end_ = p ? p + (trainer)->records.size : p; p < end_;   \
         p += KFI_RECORD_HEADER + p[0])

#endif
