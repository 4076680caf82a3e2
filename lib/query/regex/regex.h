/* Patterns as queries, whatever their notation. */
#ifndef KFI_QUERY_REGEX_REGEX_H
#define KFI_QUERY_REGEX_REGEX_H

#include "query/query.h"
#include "query/regex/pattern_tree.h"

typedef kf_status (*kfi_pattern_parser)(kfi_pattern *pattern, uint32_t *root);

/* `is_text`: the notation has nothing but literals, which become normal together. */
kf_status kfi_pattern_query(kf_query **out, kfi_pattern_parser parse, int is_text, const void *text, size_t size,
                            uint32_t flags, kf_error *error);

#endif
