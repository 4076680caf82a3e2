/* Legal forms of names: Ltd, GmbH, S.A.
 *
 * A form is known by its *letters*: its text with case, compatibility forms and accents gone, and of the result
 * letters, marks and numbers only. So "S.A.", "sa" and "s a" are one. One that stands at the start has ^ before its
 * letters. */
#ifndef KFI_NAMES_PROCESS_LEGAL_H
#define KFI_NAMES_PROCESS_LEGAL_H

#include "base/array.h"
#include "base/normalise.h"

#include <keyfold/names.h>

enum { KFI_LEGAL_LETTERS = 255, KFI_LEGAL_FORM_SIZE = 8 };   /* most bytes of a form's letters; of its entry */

/* Forms as they are stored: each an entry, u32 end of its letters and u32 end of its canonical form, in ascending order
 * of letters; then for each of them both texts. */
typedef struct kfi_legal {
    const uint8_t *entries, *texts;
    uint32_t count;
    uint64_t size;                 /* of the texts */
    size_t longest;                /* letters */
    int has_starts;
} kfi_legal;

/* Reads stored forms in place. KF_CORRUPT. */
kf_status kfi_legal_open(kfi_legal *legal, const uint8_t *data, uint64_t size, uint32_t count, uint64_t offset,
                         kf_error *error);

/* The library's table: a NULL follows its last part. */
extern const char *const kfi_legal_table[];

/* What turns a form into what it is in a processed name; and what it needs. */
typedef kf_status (*kfi_legal_text)(void *context, kf_bytes text, kf_bytes *out, kf_error *error);

/* Stores a table, whose parts end with NULL, appended. KF_INVALID (with a line's number), KF_NO_MEMORY. */
kf_status kfi_legal_compile(const char *const *table, kfi_legal_text text, void *context, kfi_array *stored,
                            uint32_t *count, kf_error *error);

/* Scratch of a thread. Zero-initialise it, then kfi_legal_begin. */
typedef struct kfi_legal_scratch {
    kfi_normal fold;
    kfi_array text, other;
    uint8_t letters[1 + KFI_LEGAL_LETTERS];
} kfi_legal_scratch;

void kfi_legal_begin(kfi_legal_scratch *scratch);
void kfi_legal_end(kfi_legal_scratch *scratch);

/* What becomes of a name: itself, or a text in the scratch. KF_NO_MEMORY. */
kf_status kfi_legal_apply(const kfi_legal *legal, kf_legal_forms what, kfi_legal_scratch *scratch, kf_bytes name,
                          kf_bytes *out, kf_error *error);

#endif
