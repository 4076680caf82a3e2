/* Text in UTF-16 and UTF-32, as Windows programs write it, into UTF-8. */
#ifndef TOOL_INPUT_UNICODE_H
#define TOOL_INPUT_UNICODE_H

#include "input/kind.h"

typedef enum kft_unicode {
    UNICODE_NONE,       /* UTF-8, or no Unicode at all */
    UNICODE_16LE,
    UNICODE_16BE,
    UNICODE_32LE,
    UNICODE_32BE
} kft_unicode;

/* By the byte order mark or, without one, by zeros in every second byte. `*mark` is the mark's size. */
kft_unicode unicode_detect(const kft_head *head, size_t *mark);

const char *unicode_name(kft_unicode kind);

/* Writes a character in UTF-8, up to 4 bytes; returns their end. */
uint8_t *unicode_put(uint8_t *to, uint32_t code);

/* Decodes from *in (advanced, *in_size reduced) into `out`, which has room for *out_size bytes, at least 4, and where
 * *out_size is set to the bytes produced. What is left of *in, at most 3 bytes, needs those that follow. Returns NULL,
 * or what is wrong. */
const char *unicode_decode(kft_unicode kind, const uint8_t **in, size_t *in_size, uint8_t *out, size_t *out_size);

#endif
