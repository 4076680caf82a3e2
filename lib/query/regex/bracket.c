/* Sets in brackets, of regular expressions and of globs. */
#include "query/regex/parse.h"

static const struct posix_class {
    const char *name;
    const char *ranges;      /* pairs of first and last */
} posix_classes[] = {
    { "alnum", "09AZaz" }, { "alpha", "AZaz" }, { "ascii", "\x01\x7f" }, { "blank", "\t\t  " },
    { "cntrl", "\x01\x1f\x7f\x7f" }, { "digit", "09" }, { "graph", "!~" }, { "lower", "az" },
    { "print", " ~" }, { "punct", "!/:@[`{~" }, { "space", "\t\r  " }, { "upper", "AZ" },
    { "word", "09AZaz__" }, { "xdigit", "09AFaf" },
};

/* [:alpha:] or [:^alpha:] at pattern->at, if there is one: then `*end` is where it ends. */
static int posix_name(const kfi_pattern *pattern, size_t *begin, size_t *end, int *negate)
{
    const uint8_t *text = pattern->text;
    size_t at = pattern->at + 2;
    *negate = at < pattern->size && text[at] == '^';
    *begin = at += (size_t)*negate;
    while (at < pattern->size && text[at] >= 'a' && text[at] <= 'z') at++;
    *end = at;
    return pattern->at + 1 < pattern->size && text[pattern->at + 1] == ':' && at + 1 < pattern->size
           && text[at] == ':' && text[at + 1] == ']';
}

static kf_status add_posix(kfi_pattern *pattern, size_t begin, size_t end, int negate)
{
    kfi_set *part = &pattern->part;
    size_t count = sizeof posix_classes / sizeof *posix_classes, n = 0;
    int bytes = kfi_pattern_bytes(pattern);
    kf_status status = KF_OK;
    while (n < count && (strlen(posix_classes[n].name) != end - begin
                         || memcmp(posix_classes[n].name, pattern->text + begin, end - begin))) n++;
    if (n == count) return kfi_pattern_fail(pattern, KF_INVALID, begin, "no class of that name");
    kfi_set_clear(part);
    for (const char *c = posix_classes[n].ranges; *c && !status; c += 2)
        status = kfi_set_add(part, (uint8_t)c[0] == 1 ? 0 : (uint8_t)c[0], (uint8_t)c[1], pattern->error);
    if (!status) status = kfi_pattern_fold(pattern, part);
    if (!status && negate) {
        kfi_set_normalise(part);
        status = kfi_set_negate(part, bytes ? 255 : KFI_CODE_POINT_MAX, !bytes, pattern->error);
    }
    pattern->at = end + 2;
    return status ? status : kfi_pattern_gather(pattern, &pattern->set, part);
}

/* One unit or escape. */
static kf_status item(kfi_pattern *pattern, int glob, kfi_escape *escape)
{
    memset(escape, 0, sizeof *escape);
    escape->kind = KFI_ESCAPE_UNIT;
    if (!kfi_pattern_peek(pattern, '\\')) return kfi_pattern_unit(pattern, &escape->unit);
    size_t start = pattern->at;
    if (glob && ++pattern->at < pattern->size) return kfi_pattern_unit(pattern, &escape->unit);
    pattern->at = start;
    kf_status status = kfi_escape_parse(pattern, escape);
    if (!status && (escape->kind == KFI_ESCAPE_BEGIN || escape->kind == KFI_ESCAPE_END))
        return kfi_pattern_fail(pattern, KF_INVALID, start, "this escape is no member of a set");
    return status;
}

/* A unit, a range of units or an escaped set. */
static kf_status add_items(kfi_pattern *pattern, int glob)
{
    kfi_escape low, high;
    size_t start = pattern->at;
    kf_status status = item(pattern, glob, &low);
    if (status) return status;
    if (!kfi_pattern_peek(pattern, '-') || pattern->at + 1 >= pattern->size
        || pattern->text[pattern->at + 1] == ']') return kfi_escape_add(pattern, &low);

    pattern->at++;
    status = item(pattern, glob, &high);
    if (status) return status;
    if (low.kind != KFI_ESCAPE_UNIT || high.kind != KFI_ESCAPE_UNIT)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a range between other things than units");
    if (low.unit > high.unit)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a range that ends before it begins");
    kfi_set_clear(&pattern->part);
    status = kfi_set_add(&pattern->part, low.unit, high.unit, pattern->error);
    if (!status) status = kfi_pattern_fold(pattern, &pattern->part);
    return status ? status : kfi_pattern_gather(pattern, &pattern->set, &pattern->part);
}

kf_status kfi_bracket_parse(kfi_pattern *pattern, int glob, uint32_t *out)
{
    size_t start = pattern->at++, begin, end;
    int negate = kfi_pattern_peek(pattern, '^') || (glob && kfi_pattern_peek(pattern, '!')), posix_negate;
    kf_status status = KF_OK;
    kfi_set_clear(&pattern->set);
    pattern->at += (size_t)negate;
    size_t first = pattern->at;
    while (!status) {
        if (pattern->at >= pattern->size)
            return kfi_pattern_fail(pattern, KF_INVALID, start, "a [ without its ]");
        if (pattern->text[pattern->at] == ']' && pattern->at > first) break;
        if (pattern->text[pattern->at] == '[' && posix_name(pattern, &begin, &end, &posix_negate))
            status = add_posix(pattern, begin, end, posix_negate);
        else status = add_items(pattern, glob);
    }
    if (status) return status;
    pattern->at++;
    return kfi_ast_set(pattern, negate, out);
}
