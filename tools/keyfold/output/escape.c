#include "output/escape.h"

#include <stdio.h>
#include <string.h>

const uint8_t escape_letter[256] = {
    ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r', ['\0'] = '0', ['\\'] = '\\',
};

int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* The byte of the \xHH at `from`, or -1. */
static int hex_escape(const uint8_t *from, const uint8_t *end)
{
    if (end - from < 4 || hex_digit(from[2]) < 0 || hex_digit(from[3]) < 0)
        return -1;
    return hex_digit(from[2]) << 4 | hex_digit(from[3]);
}

/* Whether all escapes from `at` on, which is a backslash, are valid. */
static int are_valid(const uint8_t *at, const uint8_t *end)
{
    while (at != NULL) {
        if (end - at < 2 || at[1] == 0 || strchr("tnr0\\&x", at[1]) == NULL ||
            (at[1] == 'x' && hex_escape(at, end) < 0))
            return 0;
        at += at[1] == 'x' ? 4 : 2;
        at = at < end ? memchr(at, '\\', (size_t)(end - at)) : NULL;
    }
    return 1;
}

int unescape(uint8_t *data, size_t *size)
{
    const uint8_t *end = data + *size;
    const uint8_t *from = *size > 0 ? memchr(data, '\\', *size) : NULL;
    uint8_t *to;

    if (from == NULL)
        return 1;
    if (!are_valid(from, end))
        return 0;
    to = data + (from - data);
    while (from < end) {
        const uint8_t *next;

        switch (from[1]) {
        case 't': *to++ = '\t'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case '0': *to++ = 0; break;
        case '\\': *to++ = '\\'; break;
        case '&': break;
        default:
            *to++ = (uint8_t)hex_escape(from, end);
            from += 2;
        }
        from += 2;
        next = memchr(from, '\\', (size_t)(end - from));
        if (next == NULL)
            next = end;
        memmove(to, from, (size_t)(next - from));
        to += next - from;
        from = next;
    }
    *size = (size_t)(to - data);
    return 1;
}

void escape_for_terminal(char *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (escape_letter[data[i]] != 0)
            out += sprintf(out, "\\%c", escape_letter[data[i]]);
        else if (data[i] < 0x20 || data[i] >= 0x7f)
            out += sprintf(out, "\\x%02x", data[i]);
        else
            *out++ = (char)data[i];
    }
    *out = 0;
}

/* After table 3-7 of the Unicode
 * Standard: only the second byte's range depends on the first. */
size_t utf8_character(const uint8_t *data, size_t size)
{
    uint8_t first = data[0], low = 0x80, high = 0xBF;
    size_t length;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (size < length || data[1] < low || data[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((data[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

int is_utf8(const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t length = utf8_character(data + at, size - at);

        if (length == 0)
            return 0;
        at += length;
    }
    return 1;
}
