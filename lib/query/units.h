/* The units of a text: bytes, or the code points of UTF-8. A byte that is not part of a well-formed sequence
 * (RFC 3629, Unicode table 3-7) is a unit of its own. */
#ifndef KFI_QUERY_UNITS_H
#define KFI_QUERY_UNITS_H

#include "base/error.h"
#include "base/utf8.h"

#include <keyfold/query.h>

enum { KFI_UNIT_INVALID = KFI_UTF8_INVALID };   /* + byte */

/* Takes one unit off a text of at least one byte; returns how many bytes it had. */
static inline size_t kfi_unit_next(kf_unit unit, const uint8_t *text, size_t size, uint32_t *value)
{
    if (unit == KF_UNIT_CODE_POINTS) return kfi_utf8_unit(text, size, value);
    *value = text[0];
    return 1;
}

/* The units of a needle, for which `to` has room for one a byte. KF_INVALID, with the offset, when it is not
 * UTF-8. */
kf_status kfi_units_read(kf_unit unit, kf_bytes needle, uint32_t *to, uint32_t *count, kf_error *error);

/* Classes of bytes for an automaton that compares units with those of a needle: the needle's bytes are classes of
 * their own, of the others only matters what they do to a sequence of UTF-8. `representative`: of each byte the
 * first of its class. */
void kfi_units_classify(kf_unit unit, kf_bytes needle, uint32_t signature[256], uint8_t representative[256]);

#endif
