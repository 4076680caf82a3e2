/* UTF-8 (RFC 3629, Unicode table 3-7) in texts of any bytes. */
#ifndef KFI_BASE_UTF8_H
#define KFI_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { KFI_SEQUENCE_MAX = 4 };

/* Bytes of the sequence that `byte` begins: 1 to 4; 0 when none begins with it. */
static inline unsigned kfi_utf8_length(uint8_t byte)
{
    if (byte < 0x80) return 1;
    if (byte < 0xc2 || byte > 0xf4) return 0;
    return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/* Whether `byte` can follow the `count` (1 to 3) bytes of a sequence at `begun`. */
static inline int kfi_utf8_continues(const uint8_t *begun, unsigned count, uint8_t byte)
{
    uint8_t low = 0x80, high = 0xbf;
    if (count == 1) {
        if (begun[0] == 0xe0) low = 0xa0;
        if (begun[0] == 0xed) high = 0x9f;
        if (begun[0] == 0xf0) low = 0x90;
        if (begun[0] == 0xf4) high = 0x8f;
    }
    return byte >= low && byte <= high;
}

/* The code point of a well-formed sequence. */
static inline uint32_t kfi_utf8_value(const uint8_t *sequence, unsigned length)
{
    uint32_t value = length == 1 ? sequence[0] : sequence[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) value = value << 6 | (sequence[i] & 0x3f);
    return value;
}

/* Writes a code point's sequence and returns its length. */
static inline unsigned kfi_utf8_encode(uint32_t value, uint8_t to[KFI_SEQUENCE_MAX])
{
    unsigned length = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    for (unsigned i = length; i-- > 1; value >>= 6) to[i] = (uint8_t)(0x80 | (value & 0x3f));
    to[0] = (uint8_t)(length == 1 ? value : (0xf00u >> length & 0xf0) | value);
    return length;
}

/* The length of the well-formed sequence that begins a text of at least one byte; 0: none does. */
static inline unsigned kfi_utf8_sequence(const uint8_t *text, size_t size)
{
    unsigned length = kfi_utf8_length(text[0]), have = 1;
    while (have < length && have < size && kfi_utf8_continues(text, have, text[have])) have++;
    return have < length ? 0 : length;
}

enum { KFI_UTF8_INVALID = 0x110000 };   /* + byte: one outside of well-formed UTF-8, which is a unit by itself */

/* Takes one unit off a text of at least one byte; returns how many bytes it had. */
static inline size_t kfi_utf8_unit(const uint8_t *text, size_t size, uint32_t *value)
{
    const unsigned length = kfi_utf8_sequence(text, size);
    *value = length ? kfi_utf8_value(text, length) : (uint32_t)KFI_UTF8_INVALID + text[0];
    return length ? length : 1;
}

#endif
