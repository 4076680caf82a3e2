/* Notations of patterns. Each function reads from pattern->at and makes nodes of pattern_tree.h; errors are
 * KF_INVALID, KF_LIMIT and KF_NO_MEMORY with the position. */
#ifndef KFI_QUERY_REGEX_PARSE_H
#define KFI_QUERY_REGEX_PARSE_H

#include "query/regex/pattern_tree.h"

typedef enum kfi_escape_kind {
    KFI_ESCAPE_UNIT, KFI_ESCAPE_NAMED, KFI_ESCAPE_CATEGORIES, KFI_ESCAPE_BEGIN, KFI_ESCAPE_END
} kfi_escape_kind;

typedef struct kfi_escape {
    kfi_escape_kind kind;
    kfi_named_set name;
    uint32_t unit, categories;
    int negate;
} kfi_escape;

/* What the backslash at pattern->at begins. */
kf_status kfi_escape_parse(kfi_pattern *pattern, kfi_escape *escape);

/* Adds the units of an escape of the first three kinds to pattern->set, folded if case is to be ignored. */
kf_status kfi_escape_add(kfi_pattern *pattern, const kfi_escape *escape);

/* The set that the bracket at pattern->at begins. In a glob '!' negates too, a backslash only quotes. */
kf_status kfi_bracket_parse(kfi_pattern *pattern, int glob, uint32_t *out);

/* Whole patterns. */
kf_status kfi_regex_parse(kfi_pattern *pattern, uint32_t *out);
kf_status kfi_glob_parse(kfi_pattern *pattern, uint32_t *out);
kf_status kfi_subsequence_parse(kfi_pattern *pattern, uint32_t *out);

#endif
