/* Training a token dictionary on a sample and encoding text with it. */
#ifndef KFI_WRITE_TOKENS_TOKEN_TRAINER_H
#define KFI_WRITE_TOKENS_TOKEN_TRAINER_H

#include "base/array.h"
#include "format/tokens.h"

typedef struct kfi_token_trainer kfi_token_trainer;

/* How much text tokens are made of, and with LITTLE also how it is encoded. */
typedef enum kfi_effort { KFI_EFFORT_USUAL, KFI_EFFORT_LITTLE, KFI_EFFORT_GREAT } kfi_effort;

/* What is before a text: a byte, or this. Which bytes can be a text's first depends on it. */
enum { KFI_NOTHING_BEFORE = 256 };

/* Collects at most `sample_limit` bytes by reservoir sampling (deterministic: a fixed seed). Every
 * byte value of every string that is added becomes a token, sampled or not. */
kf_status kfi_token_trainer_create(kfi_token_trainer **out, size_t sample_limit, kfi_effort effort, kf_error *error);
kf_status kfi_token_trainer_add(kfi_token_trainer *trainer, unsigned before, const uint8_t *data, size_t size,
                                kf_error *error);
void kfi_token_trainer_destroy(kfi_token_trainer **trainer);

/* The least width of codes of one class, which have a token for each byte. */
enum { KFI_TOKEN_BITS_MIN = 8 };

/* A trained dictionary with what encoding needs. */
typedef struct kfi_token_encoder kfi_token_encoder;

/* Trains with at most 2^bits tokens of one class. With `bits` 0, tries all widths, and classes, and keeps what has the
 * smallest estimated total: dictionary + sample bits scaled to all text that was added. */
kf_status kfi_token_encoder_train(kfi_token_encoder **out, const kfi_token_trainer *trainer,
                                  unsigned bits, kf_error *error);
unsigned kfi_token_encoder_bits(const kfi_token_encoder *encoder);
/* Codes that a byte takes, as the tokens were chosen by: about a hundredth less than in the end, with little effort
 * some hundredths. */
double kfi_token_encoder_rate(const kfi_token_encoder *encoder);
/* The section's bytes (see format/tokens.h). */
kf_status kfi_token_encoder_write(const kfi_token_encoder *encoder, kfi_array *out,
                                  kf_error *error);
/* Writes the codes of `data` to `codes` (room for `size` of them needed) and their number to `count`:
 * the fewest tokens possible, with little effort the longest that fits at each place. Deterministic.
 * KF_CORRUPT where a byte was not added to the trainer with what is before it: the text is not what it was then.
 * O(16 x size). */
kf_status kfi_token_encode(kfi_token_encoder *encoder, unsigned before, const uint8_t *data, size_t size,
                           uint16_t *codes, size_t *count, kf_error *error);
void kfi_token_encoder_destroy(kfi_token_encoder **encoder);

#endif
