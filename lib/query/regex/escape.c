/* What begins with a backslash in a regular expression. */
#include "query/regex/parse.h"

static int digit_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 32;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Up to `most` hexadecimal digits, at least `least`. */
static kf_status hexadecimal(kfi_pattern *pattern, unsigned least, unsigned most, uint32_t *value)
{
    unsigned count = 0;
    *value = 0;
    for (; count < most && pattern->at < pattern->size; count++, pattern->at++) {
        int digit = digit_value(pattern->text[pattern->at]);
        if (digit < 0) break;
        *value = *value << 4 | (uint32_t)digit;
    }
    if (count < least)
        return kfi_pattern_fail(pattern, KF_INVALID, pattern->at, "a hexadecimal digit is missing");
    return KF_OK;
}

/* After \x or \u, which is at `start`. */
static kf_status numbered(kfi_pattern *pattern, size_t start, unsigned digits, uint32_t *unit)
{
    kf_status status;
    if (digits == 2 && kfi_pattern_peek(pattern, '{')) {
        pattern->at++;
        status = hexadecimal(pattern, 1, 8, unit);
        if (!status && !kfi_pattern_peek(pattern, '}'))
            status = kfi_pattern_fail(pattern, KF_INVALID, pattern->at, "a } is missing");
        pattern->at++;
    } else {
        status = hexadecimal(pattern, digits, digits, unit);
    }
    if (status) return status;
    if (kfi_pattern_bytes(pattern) && *unit > 255)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a pattern of bytes has none above FF");
    if (*unit > KFI_CODE_POINT_MAX || (*unit >= 0xd800 && *unit <= 0xdfff))
        return kfi_pattern_fail(pattern, KF_INVALID, start, "no code point that UTF-8 can have");
    return KF_OK;
}

/* After \p or \P. */
static kf_status property(kfi_pattern *pattern, kfi_escape *escape)
{
    size_t start = pattern->at, end = start;
    escape->kind = KFI_ESCAPE_CATEGORIES;
    if (kfi_pattern_bytes(pattern))
        return kfi_pattern_fail(pattern, KF_INVALID, start - 2, "bytes have no Unicode properties");
    if (kfi_pattern_peek(pattern, '{')) {
        start++;
        while (end < pattern->size && pattern->text[end] != '}') end++;
        if (end == pattern->size)
            return kfi_pattern_fail(pattern, KF_INVALID, start - 1, "a { without its }");
        pattern->at = end + 1;
    } else {
        end += start < pattern->size;
        pattern->at = end;
    }
    if (start < end) escape->categories = kfi_unicode_categories(pattern->text + start, end - start);
    if (!escape->categories)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "the name of a general category is expected");
    return KF_OK;
}

static kf_status letter(kfi_pattern *pattern, size_t start, uint8_t byte, kfi_escape *escape)
{
    static const char controls[] = "n\nt\tr\rf\fv\v";
    uint8_t lower = byte | 32;
    escape->negate = byte < 'a';
    if (lower == 'd' || lower == 'w' || lower == 's') {
        escape->kind = KFI_ESCAPE_NAMED;
        escape->name = lower == 'd' ? KFI_SET_DIGIT : lower == 'w' ? KFI_SET_WORD : KFI_SET_SPACE;
        return KF_OK;
    }
    if (lower == 'p') return property(pattern, escape);
    if (byte == 'A' || byte == 'z') {
        escape->kind = byte == 'A' ? KFI_ESCAPE_BEGIN : KFI_ESCAPE_END;
        return KF_OK;
    }
    if (byte == 'x' || byte == 'u') return numbered(pattern, start, byte == 'x' ? 2 : 4, &escape->unit);
    for (const char *c = controls; *c; c += 2) {
        if ((uint8_t)*c != byte) continue;
        escape->unit = (uint8_t)c[1];
        return KF_OK;
    }
    if (lower == 'b')
        return kfi_pattern_fail(pattern, KF_INVALID, start, "word boundaries are not supported");
    return kfi_pattern_fail(pattern, KF_INVALID, start, "an unknown escape");
}

kf_status kfi_escape_parse(kfi_pattern *pattern, kfi_escape *escape)
{
    size_t start = pattern->at++;
    memset(escape, 0, sizeof *escape);
    escape->kind = KFI_ESCAPE_UNIT;
    if (pattern->at == pattern->size)
        return kfi_pattern_fail(pattern, KF_INVALID, start, "a backslash before nothing");
    uint8_t byte = pattern->text[pattern->at], lower = byte | 32;
    if (byte >= '0' && byte <= '9') {
        uint8_t after = ++pattern->at < pattern->size ? pattern->text[pattern->at] : 0;
        if (byte != '0')
            return kfi_pattern_fail(pattern, KF_INVALID, start, "back references are not supported");
        if (after >= '0' && after <= '9')
            return kfi_pattern_fail(pattern, KF_INVALID, start, "octal numbers are not supported: use \\xHH");
        return KF_OK;
    }
    if (lower < 'a' || lower > 'z') return kfi_pattern_unit(pattern, &escape->unit);
    pattern->at++;
    return letter(pattern, start, byte, escape);
}

kf_status kfi_escape_add(kfi_pattern *pattern, const kfi_escape *escape)
{
    kfi_set *part = &pattern->part;
    kf_status status;
    kfi_set_clear(part);
    if (escape->kind == KFI_ESCAPE_NAMED) status = kfi_named_add(pattern, part, escape->name);
    else if (escape->kind == KFI_ESCAPE_UNIT)
        status = kfi_set_add(part, escape->unit, escape->unit, pattern->error);
    else status = kfi_unicode_add(part, escape->categories, pattern->error);
    if (!status && escape->kind != KFI_ESCAPE_NAMED) status = kfi_pattern_fold(pattern, part);
    if (!status && escape->negate) {
        kfi_set_normalise(part);
        status = kfi_set_negate(part, kfi_pattern_bytes(pattern) ? 255 : KFI_CODE_POINT_MAX,
                                !kfi_pattern_bytes(pattern), pattern->error);
    }
    return status ? status : kfi_pattern_gather(pattern, &pattern->set, part);
}
