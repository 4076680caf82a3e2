/* Regular expressions. */
#include "query/regex/parse.h"

static kf_status alternation(kfi_pattern *pattern, uint32_t *out);

/* A number of at most nine digits; larger ones are too large for anything anyway. */
static int number(kfi_pattern *pattern, uint32_t *value)
{
    size_t start = pattern->at;
    *value = 0;
    for (; pattern->at < pattern->size; pattern->at++) {
        uint8_t byte = pattern->text[pattern->at];
        if (byte < '0' || byte > '9') break;
        *value = *value > 99999999 ? 999999999 : 10 * *value + (byte - '0');
    }
    return pattern->at > start;
}

/* {m} {m,} {m,n} */
static kf_status bounds(kfi_pattern *pattern, uint32_t *least, uint32_t *most)
{
    size_t start = pattern->at++;
    int fine = number(pattern, least);
    *most = *least;
    if (fine && kfi_pattern_peek(pattern, ',')) {
        pattern->at++;
        if (!number(pattern, most)) *most = KFI_AST_ENDLESS;
    }
    if (!fine || !kfi_pattern_peek(pattern, '}'))
        return kfi_pattern_fail(pattern, KF_INVALID, start,
                                "neither {m} nor {m,} nor {m,n}: a literal { is \\{");
    pattern->at++;
    if (*least > *most)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a repetition with the larger number first");
    return KF_OK;
}

/* All repetitions that follow a node. */
static kf_status repetitions(kfi_pattern *pattern, uint32_t *node)
{
    for (int repeated = 0; pattern->at < pattern->size; repeated = 1) {
        uint32_t least = 0, most = KFI_AST_ENDLESS;
        size_t start = pattern->at;
        uint8_t byte = pattern->text[start];
        kf_status status = KF_OK;
        if (byte == '+' && repeated)
            return kfi_pattern_fail(pattern, KF_INVALID, start, "possessive repetitions are not supported");
        if (byte == '{') {
            status = bounds(pattern, &least, &most);
        } else if (byte == '*' || byte == '+' || byte == '?') {
            pattern->at++;
            least = byte == '+';
            if (byte == '?') most = 1;
        } else {
            return KF_OK;
        }
        if (!status) status = kfi_ast_repeat(pattern, *node, least, most, node);
        if (status) return status;
        if (kfi_pattern_peek(pattern, '?')) pattern->at++;   /* lazy: the same keys match */
    }
    return KF_OK;
}

static kf_status group(kfi_pattern *pattern, uint32_t *out)
{
    size_t start = pattern->at++;
    if (++pattern->nesting > KFI_PATTERN_NESTING_MAX)
        return kfi_pattern_fail(pattern, KF_LIMIT, start, "parentheses are nested too deeply");
    if (kfi_pattern_peek(pattern, '?')) {
        pattern->at++;
        if (!kfi_pattern_peek(pattern, ':'))
            return kfi_pattern_fail(pattern, KF_INVALID, start,
                                    "of (? there are only (?:, and (?i) (?s) at the very start");
        pattern->at++;
    }
    kf_status status = alternation(pattern, out);
    if (status) return status;
    if (!kfi_pattern_peek(pattern, ')'))
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a ( without its )");
    pattern->at++;
    pattern->nesting--;
    return KF_OK;
}

static kf_status escaped(kfi_pattern *pattern, uint32_t *out)
{
    kfi_escape escape;
    kf_status status = kfi_escape_parse(pattern, &escape);
    if (status) return status;
    switch (escape.kind) {
    case KFI_ESCAPE_BEGIN: return kfi_ast_empty(pattern, KFI_AST_BEGIN, out);
    case KFI_ESCAPE_END: return kfi_ast_empty(pattern, KFI_AST_END, out);
    case KFI_ESCAPE_NAMED: return kfi_ast_named(pattern, escape.name, escape.negate, out);
    case KFI_ESCAPE_UNIT: return kfi_ast_escaped(pattern, escape.unit, out);
    default:
        kfi_set_clear(&pattern->set);
        status = kfi_escape_add(pattern, &escape);
        return status ? status : kfi_ast_set(pattern, 0, out);
    }
}

static kf_status atom(kfi_pattern *pattern, uint32_t *out)
{
    switch (pattern->text[pattern->at]) {
    case '(': return group(pattern, out);
    case '[': return kfi_bracket_parse(pattern, 0, out);
    case '\\': return escaped(pattern, out);
    case '.':
        pattern->at++;
        return kfi_ast_named(pattern, pattern->dot_all ? KFI_SET_ALL : KFI_SET_LINE, 0, out);
    case '^':
        pattern->at++;
        return kfi_ast_empty(pattern, KFI_AST_BEGIN, out);
    case '$':
        pattern->at++;
        return kfi_ast_empty(pattern, KFI_AST_END, out);
    case '*': case '+': case '?': case '{':
        return kfi_pattern_fail(pattern, KF_INVALID, pattern->at, "there is nothing to repeat");
    default: break;
    }
    return kfi_ast_literal(pattern, out);
}

static kf_status concatenation(kfi_pattern *pattern, uint32_t *out)
{
    kfi_ast_list list = { 0 };
    while (pattern->at < pattern->size && !kfi_pattern_peek(pattern, '|')
           && !kfi_pattern_peek(pattern, ')')) {
        uint32_t node;
        kf_status status = atom(pattern, &node);
        if (!status) status = repetitions(pattern, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
        if (status) return status;
    }
    return kfi_ast_list_close(pattern, &list, KFI_AST_CONCAT, out);
}

/* Recursion: a level for each open parenthesis, of which there are at most KFI_PATTERN_NESTING_MAX. */
static kf_status alternation(kfi_pattern *pattern, uint32_t *out)
{
    kfi_ast_list list = { 0 };
    for (;;) {
        uint32_t node;
        kf_status status = concatenation(pattern, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_ALTERNATE, node);
        if (status) return status;
        if (!kfi_pattern_peek(pattern, '|')) break;
        pattern->at++;
    }
    return kfi_ast_list_close(pattern, &list, KFI_AST_ALTERNATE, out);
}

/* (?i) (?s) (?is), as many as there are. Anything else after "(?" is left to `group`. */
static void leading_flags(kfi_pattern *pattern)
{
    for (;;) {
        size_t at = pattern->at + 2;
        uint32_t flags = pattern->flags;
        int dot_all = pattern->dot_all;
        if (pattern->size - pattern->at < 4 || memcmp(pattern->text + pattern->at, "(?", 2)) return;
        for (; at < pattern->size && (pattern->text[at] == 'i' || pattern->text[at] == 's'); at++) {
            if (pattern->text[at] == 'i') flags |= KF_PATTERN_IGNORE_CASE;
            else dot_all = 1;
        }
        if (at == pattern->at + 2 || at == pattern->size || pattern->text[at] != ')') return;
        pattern->at = at + 1;
        pattern->flags = flags;
        pattern->dot_all = dot_all;
    }
}

kf_status kfi_regex_parse(kfi_pattern *pattern, uint32_t *out)
{
    leading_flags(pattern);
    kf_status status = alternation(pattern, out);
    if (!status && pattern->at < pattern->size)
        status = kfi_pattern_fail(pattern, KF_INVALID, pattern->at, "a ) without its (");
    return status;
}
