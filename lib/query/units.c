#include "query/units.h"

#include <string.h>

/* What a byte that is in none of the needle's units does to a sequence of UTF-8. */
static unsigned role_of(uint8_t byte)
{
    if (byte < 0x80) return 0;
    if (byte < 0xc0) return byte < 0x90 ? 1 : byte < 0xa0 ? 2 : 3;
    if (!kfi_utf8_length(byte)) return 4;
    if (byte == 0xe0 || byte == 0xed || byte == 0xf0 || byte == 0xf4) return byte;
    return 4 + kfi_utf8_length(byte);
}

void kfi_units_classify(kf_unit unit, kf_bytes needle, uint32_t signature[256], uint8_t representative[256])
{
    uint8_t in_needle[256] = { 0 };
    int first[512];
    memset(first, -1, sizeof first);
    for (size_t i = 0; i < needle.size; i++) in_needle[needle.data[i]] = 1;
    for (unsigned b = 0; b < 256; b++) {
        unsigned kind = in_needle[b] ? b : 256 + (unit == KF_UNIT_BYTES ? 0 : role_of((uint8_t)b));
        if (first[kind] < 0) first[kind] = (int)b;
        representative[b] = (uint8_t)first[kind];
        signature[b] = kind;
    }
}

kf_status kfi_units_read(kf_unit unit, kf_bytes needle, uint32_t *to, uint32_t *count, kf_error *error)
{
    *count = 0;
    for (size_t at = 0; at < needle.size; ) {
        uint32_t value;
        size_t used = kfi_unit_next(unit, needle.data + at, needle.size - at, &value);
        if (value >= KFI_UNIT_INVALID)
            return kfi_fail_at(error, KF_INVALID, at, "the needle is not UTF-8 at byte %zu (ask for bytes instead?)",
                               at);
        to[(*count)++] = value;
        at += used;
    }
    return KF_OK;
}
