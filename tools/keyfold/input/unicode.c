#include "input/unicode.h"

#include <string.h>

static size_t width(kft_unicode kind)
{
    return kind >= UNICODE_32LE ? 4 : 2;
}

static uint32_t unit_at(kft_unicode kind, const uint8_t *at)
{
    switch (kind) {
    case UNICODE_16LE: return at[0] | (uint32_t)at[1] << 8;
    case UNICODE_16BE: return at[1] | (uint32_t)at[0] << 8;
    case UNICODE_32LE: return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    default: return at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
    }
}

/* Whether units of this kind are unmistakable: a quarter of them at least are ASCII, one of these a line's end, and
 * no NUL is among them. */
static int is_plain(const kft_head *head, kft_unicode kind)
{
    size_t units = head->size / width(kind), ascii = 0, ends = 0;

    for (size_t i = 0; i < units; i++) {
        uint32_t unit = unit_at(kind, head->data + i * width(kind));

        if (unit == 0 || unit > 0x10FFFF)
            return 0;
        ascii += unit < 0x80;
        ends += unit == '\n';
    }
    return ends > 0 && ascii * 4 >= units;
}

/* Text in UTF-16 of any length has spaces or line ends, so zeros; without these, a key's bytes look like the mark. */
static int is_marked(const kft_head *head, kft_unicode kind)
{
    for (size_t at = 2; at + 1 < head->size; at += 2)
        if (unit_at(kind, head->data + at) < 0x100)
            return 1;
    return memchr(head->data, '\n', head->size) == NULL;
}

kft_unicode unicode_detect(const kft_head *head, size_t *mark)
{
    static const uint8_t marks[] = { 0xFF, 0xFE, 0, 0, 0xFE, 0xFF };

    *mark = 0;
    if (head->size >= 4 && memcmp(head->data, marks, 4) == 0)
        return *mark = 4, UNICODE_32LE;
    if (head->size >= 4 && memcmp(head->data, marks + 2, 4) == 0)
        return *mark = 4, UNICODE_32BE;
    if (head->size >= 2 && memcmp(head->data, marks, 2) == 0 && is_marked(head, UNICODE_16LE))
        return *mark = 2, UNICODE_16LE;
    if (head->size >= 2 && memcmp(head->data, marks + 4, 2) == 0 && is_marked(head, UNICODE_16BE))
        return *mark = 2, UNICODE_16BE;
    if (memchr(head->data, 0, head->size) == NULL)
        return UNICODE_NONE;
    for (kft_unicode kind = UNICODE_32BE; kind > UNICODE_NONE; kind--)
        if (is_plain(head, kind))
            return kind;
    return UNICODE_NONE;
}

const char *unicode_name(kft_unicode kind)
{
    static const char *const names[] = { "UTF-8", "UTF-16 (little-endian)", "UTF-16 (big-endian)",
                                         "UTF-32 (little-endian)", "UTF-32 (big-endian)" };

    return names[kind];
}

uint8_t *unicode_put(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (uint8_t)(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (uint8_t)(0xE0 | code >> 12);
        } else {
            *to++ = (uint8_t)(0xF0 | code >> 18);
            *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (uint8_t)(0x80 | (code & 0x3F));
    return to;
}

const char *unicode_decode(kft_unicode kind, const uint8_t **in, size_t *in_size, uint8_t *out, size_t *out_size)
{
    const size_t step = width(kind);
    uint8_t *to = out, *room = out + *out_size - 4;
    const char *problem = NULL;

    while (*in_size >= step && to <= room) {
        uint32_t code = unit_at(kind, *in);
        size_t taken = step;

        if (step == 2 && code >= 0xD800 && code <= 0xDBFF) {
            uint32_t second;

            if (*in_size < 4)
                break;
            second = unit_at(kind, *in + 2);
            if (second < 0xDC00 || second > 0xDFFF) {
                problem = "half of a surrogate pair";
                break;
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
            taken = 4;
        } else if ((code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) {
            problem = code > 0x10FFFF ? "a number that is no character" : "half of a surrogate pair";
            break;
        }
        to = unicode_put(to, code);
        *in += taken;
        *in_size -= taken;
    }
    *out_size = (size_t)(to - out);
    return *out_size > 0 ? NULL : problem;   /* what came before it is taken first */
}
