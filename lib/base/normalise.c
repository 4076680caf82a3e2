#include "base/normalise.h"

#include "base/array.h"
#include "base/bits.h"
#include "base/unicode_assigned.h"
#include "base/utf8.h"

#include <keyfold/text.h>

#include <stdlib.h>
#include <utf8proc.h>

enum {
    LONGEST_MAPPING = 32,        /* code points that one becomes: utf8proc's longest is 18 */
    SHORT_RUN = 24,              /* marks that are sorted by insertion */
    FIRST_MARK = 0x300,
    UNCHANGED = 0xffff           /* in place of an index: utf8proc has no mapping */
};
#define HIGH_BITS 0x8080808080808080u
#define ONES 0x0101010101010101u

kf_status kfi_normalise_flags(uint32_t *flags, kf_error *error)
{
    if (*flags & ~(uint32_t)KFI_NORMALISE_ALL)
        return kfi_fail(error, KF_INVALID, "flags of normalisation that are unknown: %#x",
                        (unsigned)(*flags & ~(uint32_t)KFI_NORMALISE_ALL));
    if (*flags & KF_NORMALISE_NFC && *flags & KF_NORMALISE_NFKC)
        return kfi_fail(error, KF_INVALID, "of the normal forms NFC and NFKC a dictionary has one");
    if ((*flags & (KF_NORMALISE_ACCENTS | KF_NORMALISE_NFKC)) == KF_NORMALISE_ACCENTS) *flags |= KF_NORMALISE_NFC;
    return KF_OK;
}

/* Whether segments can have several code points. */
static int composes(const kfi_normal *n) { return (n->flags & ~(uint32_t)KF_NORMALISE_CASE) != 0; }

/* ---- room ------------------------------------------------------------------------------------- */

static void begin_codes(kfi_normal_codes *codes)
{
    codes->at = codes->few;
    codes->count = 0;
    codes->capacity = KFI_NORMAL_CODES;
}

void kfi_normal_begin(kfi_normal *n, uint32_t flags)
{
    n->flags = flags;
    n->data = n->room;
    n->size = 0;
    n->capacity = KFI_NORMAL_ROOM;
    begin_codes(&n->codes);
    begin_codes(&n->made);
}

static void end_codes(kfi_normal_codes *codes)
{
    if (codes->at != codes->few) free(codes->at);
}

void kfi_normal_end(kfi_normal *n)
{
    if (n->data != n->room) free(n->data);
    end_codes(&n->codes);
    end_codes(&n->made);
    kfi_normal_begin(n, n->flags);
}

/* Makes room for `more` items of `item` bytes after `used` of them in memory that begins as a part of a struct. */
static void *grow(void *at, const void *first, size_t used, size_t *capacity, size_t more, size_t item)
{
    if (*capacity - used >= more) return at;
    if (more > SIZE_MAX / 2 / item - used) return NULL;
    size_t wanted = used + more > 2 * *capacity ? used + more : 2 * *capacity;
    void *grown = realloc(at == first ? NULL : at, wanted * item);
    if (!grown) return NULL;
    if (at == first) memcpy(grown, first, used * item);
    *capacity = wanted;
    return grown;
}

static int reserve(kfi_normal *n, size_t more)
{
    void *data = grow(n->data, n->room, n->size, &n->capacity, more, 1);
    if (data) n->data = data;
    return data != NULL;
}

static int reserve_codes(kfi_normal_codes *codes, size_t more)
{
    void *at = grow(codes->at, codes->few, codes->count, &codes->capacity, more, sizeof *codes->at);
    if (at) codes->at = at;
    return at != NULL;
}

static int put_bytes(kfi_normal *n, const uint8_t *bytes, size_t size)
{
    if (!reserve(n, size)) return 0;
    memcpy(n->data + n->size, bytes, size);
    n->size += size;
    return 1;
}

/* ---- what Unicode says ------------------------------------------------------------------------ */

/* The code point at a place before the text's end, or -1 for a stray byte; returns its size. */
static size_t code_at(kf_bytes text, size_t at, int32_t *code)
{
    const unsigned length = kfi_utf8_sequence(text.data + at, text.size - at);
    *code = length ? (int32_t)kfi_utf8_value(text.data + at, length) : -1;
    return length ? length : 1;
}

/* Whether it is the second one of a composition in spite of being no mark with a combining class. */
static int is_second(int32_t code)
{
    static const int32_t seconds[] = {
        0x9be, 0x9d7, 0xb3e, 0xb56, 0xb57, 0xbbe, 0xbd7, 0xcc2, 0xcd5, 0xcd6, 0xd3e, 0xd57, 0xdcf, 0xddf, 0x102e,
        0x1b35, 0x11127, 0x1133e, 0x11357, 0x114b0, 0x114ba, 0x114bd, 0x115af, 0x11930
    };
    if (code >= 0x1161 && code <= 0x11c2) return code <= 0x1175 || code >= 0x11a8;   /* vowels and finals of Hangul */
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        if (seconds[i] == code) return 1;
    return 0;
}

static utf8proc_option_t decomposition(const kfi_normal *n)
{
    return n->flags & KF_NORMALISE_NFKC ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT : UTF8PROC_DECOMPOSE;
}

/* Whether the code point joins with what is before it. */
static int joins(const kfi_normal *n, int32_t code)
{
    if (code < FIRST_MARK) return 0;
    const utf8proc_property_t *property = utf8proc_get_property(code);
    int joining = property->combining_class || is_second(code);
    if (!joining && property->decomp_seqindex != UNCHANGED) {
        utf8proc_int32_t made[LONGEST_MAPPING];
        int last_class;
        utf8proc_ssize_t count = utf8proc_decompose_char(code, made, LONGEST_MAPPING, decomposition(n), &last_class);
        joining = count > 0 && count <= LONGEST_MAPPING
                  && (utf8proc_get_property(made[0])->combining_class || is_second(made[0]));
    }
    return joining && kfi_unicode_assigned((uint32_t)code);
}

/* An accent: all marks above, below and through letters, but not those that make another letter of it (nukta, the
 * marks of Kana) or take a vowel from it (virama). */
static int is_accent(int32_t code)
{
    const unsigned class = (unsigned)utf8proc_get_property(code)->combining_class;
    return class && (class < 7 || class > 9);
}

/* Whether, by itself, it is its own normal form. */
static int is_normal(const kfi_normal *n, int32_t code)
{
    const utf8proc_property_t *property = utf8proc_get_property(code);
    if (n->flags & KF_NORMALISE_CASE && property->casefold_seqindex != UNCHANGED) return 0;
    if (!composes(n)) return 1;
    return property->decomp_seqindex == UNCHANGED && !(n->flags & KF_NORMALISE_ACCENTS && is_accent(code));
}

/* ---- segments --------------------------------------------------------------------------------- */

/* Puts what each code point becomes in its place. */
static int map(kfi_normal *n, utf8proc_option_t options)
{
    kfi_normal_codes *from = &n->codes, *to = &n->made;
    int last_class = 0;
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (!reserve_codes(to, LONGEST_MAPPING)) return 0;
        utf8proc_ssize_t count = utf8proc_decompose_char(from->at[i], to->at + to->count, LONGEST_MAPPING, options,
                                                         &last_class);
        if (count < 0 || count > LONGEST_MAPPING) to->at[to->count++] = from->at[i];
        else to->count += (size_t)count;
    }
    if (!reserve_codes(from, to->count > from->count ? to->count - from->count : 0)) return 0;
    if (to->count) memcpy(from->at, to->at, to->count * sizeof *to->at);
    from->count = to->count;
    return 1;
}

/* Sorts a run of marks by their classes, keeping the order of equal ones. Insertion is quick for all that is written;
 * counting is for what is not. */
static int sort_run(kfi_normal *n, int32_t *run, size_t count)
{
    if (count <= SHORT_RUN) {
        for (size_t i = 1; i < count; i++) {
            const int32_t code = run[i];
            const utf8proc_propval_t class = utf8proc_get_property(code)->combining_class;
            size_t at = i;
            for (; at && utf8proc_get_property(run[at - 1])->combining_class > class; at--) run[at] = run[at - 1];
            run[at] = code;
        }
        return 1;
    }
    size_t place[257] = { 0 };
    n->made.count = 0;
    if (!reserve_codes(&n->made, count)) return 0;
    for (size_t i = 0; i < count; i++) place[(utf8proc_get_property(run[i])->combining_class & 255) + 1]++;
    for (size_t class = 1; class < 257; class++) place[class] += place[class - 1];
    for (size_t i = 0; i < count; i++)
        n->made.at[place[utf8proc_get_property(run[i])->combining_class & 255]++] = run[i];
    memcpy(run, n->made.at, count * sizeof *run);
    return 1;
}

/* The canonical order of marks, without accents if they are to be left out. */
static int order(kfi_normal *n)
{
    kfi_normal_codes *codes = &n->codes;
    if (n->flags & KF_NORMALISE_ACCENTS) {
        size_t kept = 0;
        for (size_t i = 0; i < codes->count; i++)
            if (!is_accent(codes->at[i])) codes->at[kept++] = codes->at[i];
        codes->count = kept;
    }
    for (size_t i = 0; i < codes->count; ) {
        size_t end = i;
        while (end < codes->count && utf8proc_get_property(codes->at[end])->combining_class) end++;
        if (end - i > 1 && !sort_run(n, codes->at + i, end - i)) return 0;
        i = end + (end == i);
    }
    return 1;
}

/* Makes the normal form of the code points in n->codes. */
static int transform(kfi_normal *n)
{
    const int folds = (n->flags & KF_NORMALISE_CASE) != 0, compatible = (n->flags & KF_NORMALISE_NFKC) != 0;
    kfi_normal_codes *codes = &n->codes;
    if (!composes(n)) return map(n, UTF8PROC_CASEFOLD);
    if (!map(n, folds ? UTF8PROC_DECOMPOSE : decomposition(n)) || !order(n)) return 0;
    for (int round = 0; folds && round <= compatible; round++)
        if (!map(n, UTF8PROC_CASEFOLD) || !map(n, decomposition(n)) || !order(n)) return 0;
    if (codes->count < 2) return 1;
    utf8proc_ssize_t count = utf8proc_normalize_utf32(codes->at, (utf8proc_ssize_t)codes->count,
                                                      UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    if (count >= 0) codes->count = (size_t)count;
    return 1;
}

static int put_codes(kfi_normal *n)
{
    const kfi_normal_codes *codes = &n->codes;
    if (codes->count > SIZE_MAX / KFI_SEQUENCE_MAX || !reserve(n, codes->count * KFI_SEQUENCE_MAX)) return 0;
    for (size_t i = 0; i < codes->count; i++)
        n->size += kfi_utf8_encode((uint32_t)codes->at[i], n->data + n->size);
    return 1;
}

/* The size of the code point at a place, and which it is, if there is one that joins with what is before; else 0. */
static size_t joining(const kfi_normal *n, kf_bytes text, size_t at, int32_t *code)
{
    if (at == text.size || !composes(n)) return 0;
    const size_t size = code_at(text, at, code);
    return *code >= 0 && joins(n, *code) ? size : 0;
}

size_t kfi_normal_segment(kfi_normal *n, kf_bytes text, size_t at)
{
    kfi_normal_codes *codes = &n->codes;
    int32_t code, next;
    size_t size = code_at(text, at, &code), more = joining(n, text, at + size, &next);
    /* Marks behind a stray byte stay: bytes that they part could be a code point together. */
    for (; code < 0 && more; more = joining(n, text, at + size, &next)) size += more;
    if (code < 0 || (!more && is_normal(n, code)) || !kfi_unicode_assigned((uint32_t)code))
        return put_bytes(n, text.data + at, size) ? size : 0;
    codes->count = 0;
    codes->at[codes->count++] = code;
    for (; more; more = joining(n, text, at + size, &next)) {
        if (!reserve_codes(codes, 1)) return 0;
        codes->at[codes->count++] = next;
        size += more;
    }
    return transform(n) && put_codes(n) ? size : 0;
}

/* ---- texts ------------------------------------------------------------------------------------ */

size_t kfi_normal_ascii(const kfi_normal *n, kf_bytes text, size_t at)
{
    size_t end = at;
    while (end + 8 <= text.size && !(kfi_load64(text.data + end) & HIGH_BITS)) end += 8;
    while (end < text.size && text.data[end] < 0x80) end++;
    int32_t next;
    return end - at - (size_t)(end > at && joining(n, text, end, &next) > 0);
}

/* The high bits of those of eight ASCII bytes that are upper case. */
static uint64_t upper(uint64_t ascii)
{
    return (ascii + ONES * (0x80 - 'A')) & ~(ascii + ONES * (0x7f - 'Z')) & HIGH_BITS;
}

static void lower(uint8_t *to, const uint8_t *from, size_t size)
{
    for (; size >= 8; size -= 8, from += 8, to += 8) {
        const uint64_t eight = kfi_load64(from);
        kfi_store64(to, eight | upper(eight) >> 2);
    }
    for (; size; size--, from++, to++) *to = *from >= 'A' && *from <= 'Z' ? *from | 0x20 : *from;
}

static int put_ascii(kfi_normal *n, const uint8_t *bytes, size_t size)
{
    if (!(n->flags & KF_NORMALISE_CASE)) return put_bytes(n, bytes, size);
    if (!reserve(n, size)) return 0;
    lower(n->data + n->size, bytes, size);
    n->size += size;
    return 1;
}

kf_status kfi_normal_append(kfi_normal *n, kf_bytes text)
{
    for (size_t at = 0; at < text.size; ) {
        size_t size = text.data[at] < 0x80 ? kfi_normal_ascii(n, text, at) : 0;
        if (size) {
            if (!put_ascii(n, text.data + at, size)) return KF_NO_MEMORY;
        } else {
            size = kfi_normal_segment(n, text, at);
            if (!size) return KF_NO_MEMORY;
        }
        at += size;
    }
    return KF_OK;
}

int kfi_normal_is_plain(const kfi_normal *n, kf_bytes text)
{
    const uint64_t folds = n->flags & KF_NORMALISE_CASE ? HIGH_BITS : 0;
    uint64_t any = 0;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        const uint64_t eight = kfi_load64(text.data + at);
        any |= (eight & HIGH_BITS) | (upper(eight) & folds);
    }
    for (; at < text.size; at++) {
        const uint8_t byte = text.data[at];
        any |= (byte & 0x80) | (folds && byte >= 'A' && byte <= 'Z');
    }
    return !any;
}

kf_status kfi_normal_text(kfi_normal *n, kf_bytes text, kf_bytes *form)
{
    *form = text;
    if (kfi_normal_is_plain(n, text)) return KF_OK;
    n->size = 0;
    kf_status status = kfi_normal_append(n, text);
    *form = (kf_bytes){ n->data, n->size };
    return status;
}

kf_status kf_text_normalise(const void *text, size_t text_size, uint32_t flags, kf_buffer *buffer, kf_bytes *form)
{
    kfi_normal normal;
    kf_status status = kfi_normalise_flags(&flags, NULL);
    if (status) return status;
    kfi_normal_begin(&normal, flags);
    status = kfi_normal_text(&normal, (kf_bytes){ text, text_size }, form);
    if (!status && form->data == normal.data) {
        status = kfi_buffer_reserve(buffer, form->size + 1, 0);
        if (!status && form->size) memcpy(buffer->data, form->data, form->size);
        form->data = buffer->data;
    }
    kfi_normal_end(&normal);
    return status;
}
