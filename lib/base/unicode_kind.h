/* What kind of character a code point is, by its general category in Unicode 13.0. */
#ifndef KFI_BASE_UNICODE_KIND_H
#define KFI_BASE_UNICODE_KIND_H

#include <stdint.h>

typedef enum kfi_unicode_kind {
    KFI_UNICODE_OTHER = 0,         /* also what Unicode 13.0 does not assign */
    KFI_UNICODE_WORD = 1,          /* letters, marks, numbers: L, M, N */
    KFI_UNICODE_PUNCTUATION = 2,   /* P */
    KFI_UNICODE_SPACE = 3          /* White_Space */
} kfi_unicode_kind;

kfi_unicode_kind kfi_unicode_kind_of(uint32_t code);

#endif
