/* Globs and subsequences: other notations for the trees of pattern_tree.h. */
#include "query/regex/parse.h"
#include "query/regex/regex.h"

static kf_status anything(kfi_pattern *pattern, uint32_t *out)
{
    kf_status status = kfi_ast_named(pattern, KFI_SET_ALL, 0, out);
    return status ? status : kfi_ast_repeat(pattern, *out, 0, KFI_AST_ENDLESS, out);
}

static kf_status sequence(kfi_pattern *pattern, uint32_t *out);

/* {this,that} */
static kf_status choice(kfi_pattern *pattern, uint32_t *out)
{
    kfi_ast_list list = { 0 };
    size_t start = pattern->at;
    if (++pattern->nesting > KFI_PATTERN_NESTING_MAX)
        return kfi_pattern_fail(pattern, KF_LIMIT, start, "braces are nested too deeply");
    do {
        uint32_t node;
        pattern->at++;
        kf_status status = sequence(pattern, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_ALTERNATE, node);
        if (status) return status;
    } while (kfi_pattern_peek(pattern, ','));
    if (!kfi_pattern_peek(pattern, '}'))
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a { without its }");
    pattern->at++;
    pattern->nesting--;
    return kfi_ast_list_close(pattern, &list, KFI_AST_ALTERNATE, out);
}

static kf_status atom(kfi_pattern *pattern, uint32_t *out)
{
    size_t start = pattern->at;
    switch (pattern->text[start]) {
    case '?':
        pattern->at++;
        return kfi_ast_named(pattern, KFI_SET_ALL, 0, out);
    case '*':
        while (kfi_pattern_peek(pattern, '*')) pattern->at++;
        return anything(pattern, out);
    case '[': return kfi_bracket_parse(pattern, 1, out);
    case '{': return choice(pattern, out);
    case '\\':
        if (++pattern->at == pattern->size)
            return kfi_pattern_fail(pattern, KF_INVALID, start, "a backslash before nothing");
        break;
    default: break;
    }
    return kfi_ast_literal(pattern, out);
}

/* To the pattern's end; in braces, to the next ',' or '}'. */
static kf_status sequence(kfi_pattern *pattern, uint32_t *out)
{
    kfi_ast_list list = { 0 };
    while (pattern->at < pattern->size
           && !(pattern->nesting && (kfi_pattern_peek(pattern, ',') || kfi_pattern_peek(pattern, '}')))) {
        uint32_t node;
        kf_status status = atom(pattern, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
        if (status) return status;
    }
    return kfi_ast_list_close(pattern, &list, KFI_AST_CONCAT, out);
}

kf_status kfi_glob_parse(kfi_pattern *pattern, uint32_t *out)
{
    return sequence(pattern, out);
}

/* [^a]*a[^b]*b.* : each letter where it is first met, so there is never more than one place to be at. */
kf_status kfi_subsequence_parse(kfi_pattern *pattern, uint32_t *out)
{
    kfi_ast_list list = { 0 };
    uint32_t unit, node;
    kf_status status = KF_OK;
    while (pattern->at < pattern->size && !status) {
        status = kfi_pattern_unit(pattern, &unit);
        if (!status) status = kfi_ast_unit(pattern, unit, 1, &node);
        if (!status) status = kfi_ast_repeat(pattern, node, 0, KFI_AST_ENDLESS, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
        if (!status) status = kfi_ast_unit(pattern, unit, 0, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
    }
    if (!status) status = anything(pattern, &node);
    if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
    return status ? status : kfi_ast_list_close(pattern, &list, KFI_AST_CONCAT, out);
}

kf_status kf_query_create_glob(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                        kf_error *error)
{
    return kfi_pattern_query(out, kfi_glob_parse, 0, pattern, pattern_size, flags, error);
}

kf_status kf_query_create_subsequence(kf_query **out, const void *letters, size_t letters_size, uint32_t flags,
                               kf_error *error)
{
    return kfi_pattern_query(out, kfi_subsequence_parse, 1, letters, letters_size, flags, error);
}
