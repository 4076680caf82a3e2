#include "names/process/process.h"

#include "base/bits.h"
#include "base/unicode_kind.h"
#include "base/utf8.h"
#include "names/score/text.h"

#include <stdlib.h>

#define NORMAL_FLAGS (KF_NAMES_FOLD_CASE | KF_NAMES_NFC | KF_NAMES_NFKC | KF_NAMES_NO_ACCENTS)
_Static_assert((int)KF_NAMES_FOLD_CASE == (int)KF_NORMALISE_CASE && (int)KF_NAMES_NFC == (int)KF_NORMALISE_NFC
               && (int)KF_NAMES_NFKC == (int)KF_NORMALISE_NFKC
               && (int)KF_NAMES_NO_ACCENTS == (int)KF_NORMALISE_ACCENTS, "flags");

/* ---- opening ------------------------------------------------------------------------------------ */

static int is_separator(const kfi_process *p, uint32_t code)
{
    uint32_t low = 0, high = p->separator_count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2, found = kfi_load32(p->separators + 4 * (size_t)middle);
        if (found == code) return 1;
        if (found < code) low = middle + 1;
        else high = middle;
    }
    return 0;
}

/* Whether a code point becomes a space. */
static int becomes_space(const kfi_process *p, uint32_t code)
{
    if (p->separator_count && is_separator(p, code)) return 1;
    if (!(p->flags & (KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE))) return 0;
    const kfi_unicode_kind kind = kfi_unicode_kind_of(code);
    return (kind == KFI_UNICODE_PUNCTUATION && p->flags & KF_NAMES_NO_PUNCTUATION)
           || (kind == KFI_UNICODE_SPACE && p->flags & KF_NAMES_SQUEEZE);
}

static kf_status unknown(uint64_t offset, kf_error *error)
{
    return kfi_fail_at(error, KF_UNSUPPORTED, offset, "names are processed in a way that this library does not know");
}

kf_status kfi_process_open(kfi_process *p, const uint8_t *data, uint64_t size, uint64_t offset, kf_error *error)
{
    *p = (kfi_process){ 0 };
    if (size < KFI_PROCESS_HEAD) return kfi_fail_at(error, KF_CORRUPT, offset, "the section of processing is cut");
    p->flags = kfi_load32(data);
    p->legal_forms = (kf_legal_forms)data[4];
    if (p->flags & ~(uint32_t)KFI_PROCESS_ALL || data[4] > KF_LEGAL_IGNORE || data[5] != KFI_NORMALISE_UNICODE_MAJOR
        || data[6] != KFI_NORMALISE_UNICODE_MINOR || data[7] || kfi_load64(data + 16) || kfi_load64(data + 24))
        return unknown(offset, error);
    p->separator_count = kfi_load32(data + 8);
    p->separators = data + KFI_PROCESS_HEAD;
    const uint32_t forms = kfi_load32(data + 12);
    const uint64_t at = KFI_PROCESS_HEAD + 4 * (uint64_t)p->separator_count;
    uint32_t normal = p->flags & NORMAL_FLAGS;
    if (at > size || kfi_normalise_flags(&normal, NULL) || normal != (p->flags & NORMAL_FLAGS)
        || (p->legal_forms == KF_LEGAL_KEEP && forms))
        return kfi_fail_at(error, KF_CORRUPT, offset, "the section of processing is impossible");
    for (uint32_t i = 1; i < p->separator_count; i++)
        if (kfi_load32(p->separators + 4 * (size_t)i - 4) >= kfi_load32(p->separators + 4 * (size_t)i))
            return kfi_fail_at(error, KF_CORRUPT, offset, "separators are not in order");
    p->does_spaces = p->separator_count || p->flags & (KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE);
    for (uint32_t code = 0; code < sizeof p->is_space; code++)
        p->is_space[code] = (uint8_t)(code == KFI_NAME_SPACE || becomes_space(p, code));
    return kfi_legal_open(&p->legal, data + at, size - at, forms, offset, error);
}

/* ---- applying ----------------------------------------------------------------------------------- */

void kfi_process_begin(kfi_process_scratch *s, const kfi_process *p)
{
    s->text = (kfi_array){ 0 };
    s->legal.text = s->legal.other = (kfi_array){ 0 };
    kfi_normal_begin(&s->normal, p->flags & NORMAL_FLAGS);
    kfi_legal_begin(&s->legal);
}

void kfi_process_end(kfi_process_scratch *s)
{
    kfi_normal_end(&s->normal);
    kfi_legal_end(&s->legal);
    kfi_array_free(&s->text);
}

static kf_status put_spaces(const kfi_process *p, kfi_process_scratch *s, kf_bytes text, kf_error *error)
{
    const int squeeze = (p->flags & KF_NAMES_SQUEEZE) != 0;
    s->text.size = 0;
    kf_status status = kfi_array_reserve(&s->text, text.size, error);
    if (status) return status;
    uint8_t *to = s->text.data;
    size_t size = 0;
    for (size_t at = 0; at < text.size; ) {
        unsigned length = 1;
        int space;
        if (text.data[at] < 0x80) {
            space = p->is_space[text.data[at]];
        } else {
            length = kfi_utf8_sequence(text.data + at, text.size - at);
            space = length && becomes_space(p, kfi_utf8_value(text.data + at, length));
            length = length ? length : 1;
        }
        if (!space) {
            for (unsigned i = 0; i < length; i++) to[size++] = text.data[at + i];
        } else if (!squeeze || (size && to[size - 1] != KFI_NAME_SPACE)) {
            to[size++] = KFI_NAME_SPACE;
        }
        at += length;
    }
    if (squeeze && size && to[size - 1] == KFI_NAME_SPACE) size--;
    s->text.size = size;
    return KF_OK;
}

/* All but legal forms. */
static kf_status make_plain(const kfi_process *p, kfi_process_scratch *s, kf_bytes text, kf_bytes *out, kf_error *error)
{
    *out = text;
    if (p->flags & NORMAL_FLAGS && kfi_normal_text(&s->normal, text, out)) return kfi_fail_memory(error, text.size);
    if (!p->does_spaces) return KF_OK;
    kf_status status = put_spaces(p, s, *out, error);
    *out = (kf_bytes){ s->text.data, s->text.size };
    return status;
}

kf_status kfi_process_name(const kfi_process *p, kfi_process_scratch *s, kf_bytes text, const char *what,
                           kf_bytes *out, kf_error *error)
{
    *out = text;
    kf_status status = kfi_name_check(text, what, error);
    if (status || !(p->flags || p->separator_count || p->legal_forms)) return status;
    status = make_plain(p, s, text, out, error);
    if (!status) status = kfi_name_check(*out, what, error);
    if (!status && p->legal.count) status = kfi_legal_apply(&p->legal, p->legal_forms, &s->legal, *out, out, error);
    if (!status && p->legal.count) status = kfi_name_check(*out, what, error);
    return status;
}

/* ---- compiling ---------------------------------------------------------------------------------- */

int kfi_process_is_wanted(const kf_names_build_options *o)
{
    return o->processing || o->legal_forms || (o->separators && *o->separators);
}

static int compare_codes(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return (x > y) - (x < y);
}

static kf_status read_separators(const kf_names_build_options *o, kfi_array *codes, kf_error *error)
{
    const uint8_t *text = (const uint8_t *)(o->separators ? o->separators : "");
    const size_t size = strlen((const char *)text);
    kf_status status = KF_OK;
    for (size_t at = 0; at < size && !status; ) {
        const unsigned length = kfi_utf8_sequence(text + at, size - at);
        const uint32_t code = length ? kfi_utf8_value(text + at, length) : 0;
        if (!length) return kfi_fail_at(error, KF_INVALID, at, "the separators are not UTF-8 at byte %zu", at);
        if (o->legal_forms && kfi_unicode_kind_of(code) == KFI_UNICODE_WORD)
            return kfi_fail_at(error, KF_INVALID, at, "the separator '%.*s' is part of words: with legal forms it must "
                               "not be", (int)length, (const char *)text + at);
        status = kfi_array_append(codes, &code, sizeof code, error);
        at += length;
    }
    if (codes->size) qsort(codes->data, codes->size / 4, 4, compare_codes);
    return status;
}

/* A kfi_legal_text. */
typedef struct making { kfi_process process; kfi_process_scratch scratch; } making;

static kf_status make_form(void *context, kf_bytes text, kf_bytes *out, kf_error *error)
{
    making *m = context;
    kf_status status = kfi_name_check(text, "a legal form", error);
    return status ? status : make_plain(&m->process, &m->scratch, text, out, error);
}

/* Forms are squeezed whatever names are. */
static kf_status compile_forms(const kf_names_build_options *o, kfi_array *stored, size_t head, kf_error *error)
{
    kfi_array own = { 0 };
    uint32_t forms = 0;
    making *m = calloc(1, sizeof *m);
    if (!m) return kfi_fail_memory(error, sizeof *m);
    kf_status status = kfi_array_append(&own, stored->data + head, stored->size - head, error);
    if (!status) {
        kfi_store32(own.data, kfi_load32(own.data) | KF_NAMES_SQUEEZE);
        status = kfi_process_open(&m->process, own.data, own.size, 0, error);
    }
    const char *const given[] = { o->legal_table, NULL };
    kfi_process_begin(&m->scratch, &m->process);
    if (!status)
        status = kfi_legal_compile(o->legal_table ? given : kfi_legal_table, make_form, m, stored, &forms, error);
    if (!status) kfi_store32(stored->data + head + 12, forms);
    kfi_process_end(&m->scratch);
    kfi_array_free(&own);
    free(m);
    return status;
}

kf_status kfi_process_compile(const kf_names_build_options *o, kfi_array *stored, kf_error *error)
{
    const size_t head = stored->size;
    uint8_t bytes[KFI_PROCESS_HEAD] = { 0 };
    uint32_t normal = o->processing & NORMAL_FLAGS, count = 0;
    kfi_array codes = { 0 };
    if (o->processing & ~(uint32_t)KFI_PROCESS_ALL)
        return kfi_fail(error, KF_INVALID, "unknown flags of processing %#x",
                        (unsigned)(o->processing & ~(uint32_t)KFI_PROCESS_ALL));
    if (o->legal_forms < KF_LEGAL_KEEP || o->legal_forms > KF_LEGAL_IGNORE)
        return kfi_fail(error, KF_INVALID, "nothing is known to be done to legal forms by number %d",
                        (int)o->legal_forms);
    if (o->legal_table && o->legal_forms == KF_LEGAL_KEEP)
        return kfi_fail(error, KF_INVALID, "a table of legal forms, which are to be kept as they are");
    kf_status status = kfi_normalise_flags(&normal, error);
    if (!status) status = read_separators(o, &codes, error);
    kfi_store32(bytes, o->processing | normal);
    bytes[4] = (uint8_t)o->legal_forms;
    bytes[5] = KFI_NORMALISE_UNICODE_MAJOR;
    bytes[6] = KFI_NORMALISE_UNICODE_MINOR;
    if (!status) status = kfi_array_append(stored, bytes, sizeof bytes, error);
    for (size_t i = 0; i < codes.size && !status; i += 4) {
        uint32_t code;
        uint8_t little[4];
        memcpy(&code, codes.data + i, 4);
        kfi_store32(little, code);
        if (i && !memcmp(codes.data + i, codes.data + i - 4, 4)) continue;
        status = kfi_array_append(stored, little, sizeof little, error);
        count++;
    }
    kfi_array_free(&codes);
    if (status) return status;
    kfi_store32(stored->data + head + 8, count);
    return o->legal_forms ? compile_forms(o, stored, head, error) : KF_OK;
}
