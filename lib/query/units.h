/* The units of a text: bytes, or the code points of UTF-8. A byte that is not part of a well-formed sequence
 * (RFC 3629, Unicode table 3-7) is a unit of its own. */
#ifndef KFI_QUERY_UNITS_H
#define KFI_QUERY_UNITS_H

#include "base/error.h"

#include <keyfold/query.h>

enum {
    KFI_UNIT_INVALID = 0x110000,   /* + byte: a byte outside of well-formed UTF-8 */
    KFI_SEQUENCE_MAX = 4
};

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

/* Takes one unit off a text of at least one byte; returns how many bytes it had. */
static inline size_t kfi_unit_next(kf_unit unit, const uint8_t *text, size_t size, uint32_t *value)
{
    unsigned length = unit == KF_UNIT_BYTES ? 1 : kfi_utf8_length(text[0]), have = 1;
    while (have < length && have < size && kfi_utf8_continues(text, have, text[have])) have++;
    if (!length || have < length) {
        *value = KFI_UNIT_INVALID + text[0];
        return 1;
    }
    *value = unit == KF_UNIT_BYTES ? text[0] : kfi_utf8_value(text, length);
    return length;
}

/* The units of a needle, for which `to` has room for one a byte. KF_INVALID, with the offset, when it is not
 * UTF-8. */
kf_status kfi_units_read(kf_unit unit, kf_bytes needle, uint32_t *to, uint32_t *count, kf_error *error);

/* Classes of bytes for an automaton that compares units with those of a needle: the needle's bytes are classes of
 * their own, of the others only matters what they do to a sequence of UTF-8. `representative`: of each byte the
 * first of its class. */
void kfi_units_classify(kf_unit unit, kf_bytes needle, uint32_t signature[256], uint8_t representative[256]);

#endif
