#include "base/unicode_kind.h"

#include "base/unicode_assigned.h"

#include <utf8proc.h>

kfi_unicode_kind kfi_unicode_kind_of(uint32_t code)
{
    if ((code >= 9 && code <= 13) || code == 0x85) return KFI_UNICODE_SPACE;
    if (!kfi_unicode_assigned(code)) return KFI_UNICODE_OTHER;
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
        return KFI_UNICODE_WORD;
    case UTF8PROC_CATEGORY_PC: case UTF8PROC_CATEGORY_PD: case UTF8PROC_CATEGORY_PS: case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI: case UTF8PROC_CATEGORY_PF: case UTF8PROC_CATEGORY_PO:
        return KFI_UNICODE_PUNCTUATION;
    case UTF8PROC_CATEGORY_ZS: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP:
        return KFI_UNICODE_SPACE;
    default:
        return KFI_UNICODE_OTHER;
    }
}
