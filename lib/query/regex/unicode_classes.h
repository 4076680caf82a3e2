/* What Unicode says of code points, as patterns ask for it: general categories and simple case folding, from
 * utf8proc. The tables are made when a process first needs them, in one pass over all code points. */
#ifndef KFI_QUERY_REGEX_UNICODE_CLASSES_H
#define KFI_QUERY_REGEX_UNICODE_CLASSES_H

#include "query/regex/unit_set.h"

/* A set of general categories: bit utf8proc_category_t. 0: the name is none. The names are those of Unicode's
 * PropertyValueAliases, short or long; case, spaces, '_' and '-' do not matter. */
uint32_t kfi_unicode_categories(const uint8_t *name, size_t size);

/* \w but for the low line, and \d. */
uint32_t kfi_unicode_word(void);
uint32_t kfi_unicode_digit(void);

kf_status kfi_unicode_add(kfi_set *set, uint32_t categories, kf_error *error);

/* Adds all that differ from members only in case. */
kf_status kfi_unicode_fold(kfi_set *set, kf_error *error);

#endif
