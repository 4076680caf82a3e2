/* The normal form of texts: what a dictionary that was built with kf_build_options.normalise makes of keys before it
 * stores them, and of whatever is looked up in it.
 *
 * A text is read as segments: a stray byte; a code point; or, in all forms but that of KF_NORMALISE_CASE alone, a code
 * point with those that follow and may join with it (marks, the vowels and finals of Hangul). The normal form of a
 * text is that of its segments, one after the other, and what is normal stays as it is:
 *
 *     text      C a f e +301   S t r a ß e      normal      c a f é   s t r a s s e
 *     segments  - - - ------   - - - - - -      segments    - - - -   - - - - --- -
 *
 * Of a segment: NFD, marks left out (ACCENTS), case folded (CASE); with NFKC then NFKD and both again, as the Unicode
 * Standard has it for caseless matching (D145, D146); NFC of the result. Stray bytes, and code points that Unicode
 * 13.0 does not assign, are left as they are and join with nothing: so the form is the same whatever version
 * utf8proc has. */
#ifndef KFI_BASE_NORMALISE_H
#define KFI_BASE_NORMALISE_H

#include "base/error.h"

#include <keyfold/values.h>

enum {
    KFI_NORMALISE_ALL = KF_NORMALISE_CASE | KF_NORMALISE_NFC | KF_NORMALISE_NFKC | KF_NORMALISE_ACCENTS,
    KFI_NORMALISE_UNICODE_MAJOR = 13, KFI_NORMALISE_UNICODE_MINOR = 0,
    KFI_NORMAL_ROOM = 256, KFI_NORMAL_CODES = 64
};

/* Completes a caller's flags: ACCENTS has NFC in it unless NFKC is asked for. KF_INVALID. */
kf_status kfi_normalise_flags(uint32_t *flags, kf_error *error);

typedef struct kfi_normal_codes {
    int32_t *at;                 /* `few`, or allocated */
    size_t count, capacity;
    int32_t few[KFI_NORMAL_CODES];
} kfi_normal_codes;

/* A normal form that grows segment by segment. Nothing is allocated before it is larger than `room`. */
typedef struct kfi_normal {
    uint32_t flags;
    uint8_t *data;               /* what there is so far: `room`, or allocated */
    size_t size, capacity;
    kfi_normal_codes codes, made;
    uint8_t room[KFI_NORMAL_ROOM];
} kfi_normal;

/* Must stay where it is; kfi_normal_end frees it. `flags` are complete. */
void kfi_normal_begin(kfi_normal *normal, uint32_t flags);
void kfi_normal_end(kfi_normal *normal);

/* Appends the normal form of the segment that begins at `at`, and returns its size in the text: 1 at least; 0 without
 * memory. */
size_t kfi_normal_segment(kfi_normal *normal, kf_bytes text, size_t at);

/* Appends the normal form of a text. KF_NO_MEMORY. */
kf_status kfi_normal_append(kfi_normal *normal, kf_bytes text);

/* The normal form of a text, in place of what was there: in `normal`, or the text itself where that is normal and easy
 * to tell so. KF_NO_MEMORY. */
kf_status kfi_normal_text(kfi_normal *normal, kf_bytes text, kf_bytes *form);

/* Whether a text is ASCII without anything to be folded, and so its own normal form. */
int kfi_normal_is_plain(const kfi_normal *normal, kf_bytes text);

/* How many bytes from `at` on are segments of their own that begin with ASCII: each is an ASCII byte, and none that
 * follows joins with it. */
size_t kfi_normal_ascii(const kfi_normal *normal, kf_bytes text, size_t at);

#endif
