/* Streaming decompression of .gz, .zst, .xz and .bz2, each also of several members, frames or streams in a row. */
#ifndef TOOL_INPUT_DECODER_H
#define TOOL_INPUT_DECODER_H

#include <stddef.h>
#include <stdint.h>

typedef struct kft_decoder kft_decoder;

typedef enum kft_decoder_kind {
    DECODER_NONE,
    DECODER_GZIP,
    DECODER_ZSTD,
    DECODER_XZ,
    DECODER_BZIP2
} kft_decoder_kind;

/* What the first bytes of a file announce. `*undecided` is set when more than `size` bytes are
 * needed to tell. */
kft_decoder_kind decoder_detect(const uint8_t *data, size_t size, int *undecided);

const char *decoder_name(kft_decoder_kind kind);

/* Whether there is code for it: xz and bzip2 need libraries that may have been absent when this was built. */
int decoder_known(kft_decoder_kind kind);

kft_decoder *decoder_create(kft_decoder_kind kind);   /* NULL: out of memory */
void decoder_destroy(kft_decoder **decoder);

/* Decodes from *in (advanced, *in_size reduced) into `out`, which has room for *out_size bytes and
 * where *out_size is set to the bytes produced. Returns NULL, or what is wrong with the data. */
const char *decoder_run(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                        size_t *out_size);

/* Whether the data may end here: between members or frames, with all output taken. */
int decoder_may_end(const kft_decoder *decoder);

#endif
