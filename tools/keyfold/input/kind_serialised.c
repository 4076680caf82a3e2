/* MessagePack and CBOR, told by their structure: after the specification of MessagePack, and RFC 8949. */
#include <string.h>

#include "input/kind.h"
#include "output/escape.h"

enum { LEAST = 8, LEAST_TEXTS = 16 };   /* bytes; and strings, where the head is cut */

typedef struct walk {
    const uint8_t *data;
    size_t size, at;
    uint64_t waiting;     /* values that are still to come */
    uint64_t texts;       /* strings with something in them */
    int is_bad;           /* one is not UTF-8 */
} walk;

/* A big-endian number behind the head of a value. 0 if it is cut: all that follows is, too. */
static uint64_t number(walk *w, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value = value << 8 | (w->at + i < w->size ? w->data[w->at + i] : 0);
    w->at += width;
    return value;
}

static int pass(walk *w, uint64_t size, int is_text)
{
    if (w->at > w->size || size > w->size - w->at) {
        w->at = w->size + 1;     /* cut */
        return 1;
    }
    if (is_text && size > 0) {
        w->texts++;
        w->is_bad |= !is_utf8(w->data + w->at, (size_t)size);
    }
    w->at += (size_t)size;
    return 1;
}

static int contain(walk *w, uint64_t count, unsigned each)
{
    w->waiting += count <= UINT32_MAX ? count * each : 0;
    return count <= UINT32_MAX;
}

static int msgpack_value(walk *w)
{
    uint8_t head = w->data[w->at++];

    if (head < 0x80 || head >= 0xe0)
        return 1;
    if (head < 0xa0)
        return contain(w, head & 15, head < 0x90 ? 2 : 1);
    if (head < 0xc0)
        return pass(w, head & 31, 1);
    if (head <= 0xc3)
        return head != 0xc1;
    if (head <= 0xc6)
        return pass(w, number(w, (size_t)1 << (head - 0xc4)), 0);
    if (head <= 0xc9)
        return pass(w, number(w, (size_t)1 << (head - 0xc7)) + 1, 0);
    if (head <= 0xcb)
        return pass(w, head == 0xca ? 4 : 8, 0);
    if (head <= 0xd3)
        return pass(w, 1u << ((head - 0xcc) & 3), 0);
    if (head <= 0xd8)
        return pass(w, (1u << (head - 0xd4)) + 1, 0);
    if (head <= 0xdb)
        return pass(w, number(w, (size_t)1 << (head - 0xd9)), 1);
    return contain(w, number(w, head & 1 ? 4 : 2), head < 0xde ? 1 : 2);
}

static int cbor_value(walk *w)
{
    uint8_t head = w->data[w->at++];
    unsigned what = head >> 5, size = head & 31;
    uint64_t value = size;

    if (size >= 28)     /* reserved, or of no size that is told */
        return 0;
    if (size >= 24)
        value = number(w, (size_t)1 << (size - 24));
    if (what == 2 || what == 3)
        return pass(w, value, what == 3);
    if (what == 4 || what == 5)
        return contain(w, value, what - 3);
    if (what == 6)
        w->waiting++;
    return 1;
}

/* Whether all is maps and arrays of values, up to the end or to where the head is cut. Text in an old encoding may
 * begin like a map, but what would be strings there is not UTF-8, and it does not end where the map does. */
static int is_all(const kft_head *head, int (*value)(walk *w), int (*is_root)(uint8_t byte))
{
    walk w = { head->data, head->size, 0, 0, 0, 0 };

    while (w.at < w.size) {
        if (w.waiting == 0 && !is_root(w.data[w.at]))
            return 0;
        w.waiting += w.waiting == 0;
        w.waiting--;
        if (!value(&w) || w.is_bad)
            return 0;
    }
    return head->whole ? w.texts > 0 && w.at == w.size && w.waiting == 0 : w.texts >= LEAST_TEXTS;
}

static int is_msgpack_root(uint8_t byte)
{
    return (byte >= 0x80 && byte < 0xa0) || (byte >= 0xdc && byte <= 0xdf);
}

static int is_cbor_root(uint8_t byte)
{
    return (byte >= 0x80 && byte < 0xbc) || byte == 0xd9;     /* 0xd9: a tag, such as the one of all CBOR */
}

int kind_serialised(const kft_head *head, kft_kind *kind)
{
    if (head->size < LEAST)
        return 0;
    if (is_all(head, msgpack_value, is_msgpack_root)) {
        *kind = (kft_kind){ "MessagePack", "in Python, keyfold.compile(path, msgpack.load(open('%s', 'rb'))) takes a "
                            "map" };
        return 1;
    }
    if (!is_all(head, cbor_value, is_cbor_root))
        return 0;
    *kind = (kft_kind){ "CBOR", "in Python, keyfold.compile(path, cbor2.load(open('%s', 'rb'))) takes a map" };
    return 1;
}
