#include "query/text_boundary.h"

#include <utf8proc.h>

#define TEN_ONES 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define LETTERS TEN_ONES, TEN_ONES, 1, 1, 1, 1, 1, 1

const uint8_t kfi_ascii_word[128] = {
    ['0'] = TEN_ONES, ['A'] = LETTERS, ['_'] = 1, ['a'] = LETTERS
};

static inline int continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* The size of the well-formed sequence that begins at `p`, and what it stands for; 0: none begins there. */
static unsigned sequence(const uint8_t *p, size_t size, int32_t *code_point)
{
    const uint8_t lead = p[0];
    if (lead < 0x80) return *code_point = lead, 1;
    if (lead < 0xc2 || lead > 0xf4 || size < 2 || !continues(p[1])) return 0;
    if (lead < 0xe0) return *code_point = (lead & 31) << 6 | (p[1] & 63), 2;
    if (size < 3 || !continues(p[2])) return 0;
    if (lead < 0xf0) {
        *code_point = (lead & 15) << 12 | (p[1] & 63) << 6 | (p[2] & 63);
        return *code_point >= 0x800 && *code_point >> 11 != 0xd800 >> 11 ? 3 : 0;
    }
    if (size < 4 || !continues(p[3])) return 0;
    *code_point = (lead & 7) << 18 | (p[1] & 63) << 12 | (p[2] & 63) << 6 | (p[3] & 63);
    return *code_point >= 0x10000 && *code_point < 0x110000 ? 4 : 0;
}

/* The start of the sequence that text[at] is in; `at` itself when it is a byte of its own. */
static size_t sequence_start(kf_bytes text, size_t at, unsigned *size, int32_t *code_point)
{
    size_t lead = at;
    while (lead && at - lead < 3 && continues(text.data[lead])) lead--;
    *size = sequence(text.data + lead, text.size - lead, code_point);
    if (lead + *size > at) return lead;
    *size = 0;
    return at;
}

static int is_word(int32_t code_point)
{
    if (code_point < 0x80) return kfi_ascii_word[code_point];
    utf8proc_category_t category = utf8proc_category(code_point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_PC;
}

int kfi_code_point_boundary(kf_bytes text, size_t at)
{
    unsigned size;
    int32_t code_point;
    if (at == 0 || at == text.size || !continues(text.data[at])) return 1;
    return sequence_start(text, at, &size, &code_point) == at;
}

int kfi_word_boundary_any(kf_bytes text, size_t at)
{
    unsigned size;
    int32_t before, after;
    if (at == 0 || at == text.size) return 1;
    if (sequence_start(text, at, &size, &after) != at) return 0;
    if (!size || !is_word(after)) return 1;
    sequence_start(text, at - 1, &size, &before);
    return !size || !is_word(before);
}
