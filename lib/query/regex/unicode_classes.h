/* What Unicode says of code points, as patterns ask for it: general categories and simple case folding, from
 * utf8proc. The tables are made when first needed, in one pass over all code points, for one pattern. */
#ifndef KFI_QUERY_REGEX_UNICODE_CLASSES_H
#define KFI_QUERY_REGEX_UNICODE_CLASSES_H

#include "query/regex/unit_set.h"

typedef struct kfi_unicode {
    int ready;
    kfi_array runs;          /* of code points of one category, ascending, from 0 */
    kfi_array cased;         /* those that are not alone when case is ignored, by code point */
    kfi_array alike;         /* the same by what they fold to */
} kfi_unicode;

void kfi_unicode_free(kfi_unicode *unicode);

/* A set of general categories: bit utf8proc_category_t. 0: the name is none. The names are those of Unicode's
 * PropertyValueAliases, short or long; case, spaces, '_' and '-' do not matter. */
uint32_t kfi_unicode_categories(const uint8_t *name, size_t size);

/* \w but for the low line, and \d. */
uint32_t kfi_unicode_word(void);
uint32_t kfi_unicode_digit(void);

kf_status kfi_unicode_add(kfi_unicode *unicode, kfi_set *set, uint32_t categories, kf_error *error);

/* Adds all that differ from members only in case. */
kf_status kfi_unicode_fold(kfi_unicode *unicode, kfi_set *set, kf_error *error);

#endif
