/* Where words and code points begin and end in a text of any bytes.
 *
 * A text is read as well-formed UTF-8 sequences (RFC 3629) and single bytes that belong to none. The byte
 * that leads a sequence is no continuation byte, so two sequences never overlap and a look at three bytes on
 * either side of a place tells which sequence it is in: nothing has to be read from the text's start. */
#ifndef KFI_QUERY_TEXT_BOUNDARY_H
#define KFI_QUERY_TEXT_BOUNDARY_H

#include <keyfold/status.h>

/* 1 for ASCII's letters, digits and low line. */
extern const uint8_t kfi_ascii_word[128];

/* Whether `at` (0 .. text.size) is not inside a well-formed sequence. */
int kfi_code_point_boundary(kf_bytes text, size_t at);

/* Whether it is not inside a sequence nor between two word characters, where one side is not ASCII. */
int kfi_word_boundary_any(kf_bytes text, size_t at);

static inline int kfi_word_boundary(kf_bytes text, size_t at)
{
    if (at == 0 || at == text.size) return 1;
    const uint8_t before = text.data[at - 1], after = text.data[at];
    if ((before | after) & 0x80) return kfi_word_boundary_any(text, at);
    return !(kfi_ascii_word[before] & kfi_ascii_word[after]);
}

#endif
