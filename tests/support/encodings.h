/* The encodings that values of a type can have, as the library's table has them: a new one is tried by every test that
 * goes through this list. */
#ifndef TESTS_SUPPORT_ENCODINGS_H
#define TESTS_SUPPORT_ENCODINGS_H

#include "format/column.h"

/* AUTO first, then by number. */
static inline unsigned encodings_of_type(kf_value_type type, kf_encoding list[KFI_ENCODINGS])
{
    unsigned count = 0;
    for (unsigned e = 0; e < KFI_ENCODINGS; e++)
        if (kfi_encoding_kinds[e].types >> type & 1) list[count++] = (kf_encoding)e;
    return count;
}

/* One of them. */
static inline kf_encoding encoding_by(kf_value_type type, uint64_t number)
{
    kf_encoding list[KFI_ENCODINGS];
    unsigned count = encodings_of_type(type, list);
    return list[number % count];
}

#endif
