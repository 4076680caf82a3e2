#include "names/process/legal.h"

#include "base/bits.h"
#include "base/unicode_kind.h"
#include "base/utf8.h"

#include <stdlib.h>

typedef struct form {
    uint32_t line;
    uint32_t letters, letters_size;   /* in the texts */
    uint32_t canonical, canonical_size;
    const uint8_t *texts;             /* for comparing */
} form;

typedef struct compiling {
    kfi_legal_text text;
    void *context;
    kfi_normal fold;
    kfi_array forms, texts;
    uint32_t line;
} compiling;

static int compare_forms(const void *a, const void *b)
{
    const form *x = a, *y = b;
    const uint32_t least = x->letters_size < y->letters_size ? x->letters_size : y->letters_size;
    const int order = memcmp(x->texts + x->letters, y->texts + y->letters, least);
    if (order) return order;
    if (x->letters_size != y->letters_size) return x->letters_size < y->letters_size ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static kf_status bad(const compiling *c, kf_bytes text, const char *what, kf_error *error)
{
    return kfi_fail(error, KF_INVALID, "the table of legal forms, line %u: '%.*s' %s", (unsigned)c->line,
                    (int)(text.size < 60 ? text.size : 60), (const char *)text.data, what);
}

/* Appends a form's letters to the texts. */
static kf_status put_letters(compiling *c, kf_bytes text, int at_start, form *f, kf_error *error)
{
    c->fold.size = 0;
    kf_status status = kfi_normal_append(&c->fold, text);
    if (status) return kfi_fail_memory(error, text.size);
    f->letters = (uint32_t)c->texts.size;
    if (at_start) status = kfi_array_append(&c->texts, "^", 1, error);
    for (size_t at = 0; at < c->fold.size && !status; ) {
        const unsigned length = kfi_utf8_sequence(c->fold.data + at, c->fold.size - at);
        if (!length) return bad(c, text, "is not UTF-8", error);
        if (kfi_unicode_kind_of(kfi_utf8_value(c->fold.data + at, length)) == KFI_UNICODE_WORD)
            status = kfi_array_append(&c->texts, c->fold.data + at, length, error);
        at += length;
    }
    f->letters_size = (uint32_t)c->texts.size - f->letters;
    if (!status && f->letters_size == (uint32_t)at_start) return bad(c, text, "has no letters", error);
    if (!status && f->letters_size > KFI_LEGAL_LETTERS) return bad(c, text, "is too long", error);
    return status;
}

static kf_status put_form(compiling *c, kf_bytes text, int at_start, form f, kf_error *error)
{
    kf_status status = put_letters(c, text, at_start, &f, error);
    f.line = c->line;
    return status ? status : kfi_array_append(&c->forms, &f, sizeof f, error);
}

/* The canonical form, and other ways to write it. If any of these stands at the start, so may the canonical one. */
static kf_status take_line(compiling *c, const char *line, size_t size, kf_error *error)
{
    kf_bytes canonical = { NULL, 0 }, processed = { NULL, 0 };
    form f = { 0 };
    int any_start = 0;
    kf_status status = KF_OK;
    for (size_t at = 0, end; at <= size && !status; at = end + 1) {
        for (end = at; end < size && line[end] != '\t'; end++) {}
        kf_bytes text = { (const uint8_t *)line + at, end - at };
        const int at_start = text.size && text.data[0] == '^';
        text.data += at_start;
        text.size -= (size_t)at_start;
        if (!canonical.data) {
            canonical = text;
            status = c->text(c->context, text, &processed, error);
            f.canonical = (uint32_t)c->texts.size;
            f.canonical_size = (uint32_t)processed.size;
            if (!status) status = kfi_array_append(&c->texts, processed.data, processed.size, error);
        }
        any_start |= at_start;
        if (!status) status = put_form(c, text, at_start, f, error);
    }
    if (!status && line[0] == '^') status = put_form(c, canonical, 0, f, error);
    return status || !any_start ? status : put_form(c, canonical, 1, f, error);
}

static kf_status take_table(compiling *c, const char *table, kf_error *error)
{
    kf_status status = KF_OK;
    for (const char *at = table, *end; *at && !status; at = *end ? end + 1 : end) {
        for (end = at; *end && *end != '\n'; end++) {}
        const char *last = end > at && end[-1] == '\r' ? end - 1 : end;
        c->line++;
        if (last > at && *at != '#') status = take_line(c, at, (size_t)(last - at), error);
        if (c->texts.size > UINT32_MAX / 4) return kfi_fail(error, KF_LIMIT, "the table of legal forms is too large");
    }
    return status;
}

/* Of equal letters one form stays; they must be of one canonical form. */
static kf_status settle(compiling *c, kf_error *error)
{
    form *forms = (form *)(void *)c->forms.data;
    const size_t count = c->forms.size / sizeof *forms;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) forms[i].texts = c->texts.data;
    if (count) qsort(forms, count, sizeof *forms, compare_forms);
    for (size_t i = 0; i < count; i++) {
        const form *last = kept ? &forms[kept - 1] : NULL;
        if (last && last->letters_size == forms[i].letters_size
            && !memcmp(c->texts.data + last->letters, c->texts.data + forms[i].letters, last->letters_size)) {
            if (last->canonical != forms[i].canonical)
                return kfi_fail(error, KF_INVALID, "the table of legal forms: '%.*s' is in line %u and in line %u",
                                (int)last->letters_size, (const char *)c->texts.data + last->letters,
                                (unsigned)last->line, (unsigned)forms[i].line);
            continue;
        }
        forms[kept++] = forms[i];
    }
    c->forms.size = kept * sizeof *forms;
    return KF_OK;
}

static kf_status store(const compiling *c, kfi_array *stored, uint32_t *count, kf_error *error)
{
    const form *forms = (const form *)(const void *)c->forms.data;
    kf_status status = KF_OK;
    uint32_t end = 0;
    *count = (uint32_t)(c->forms.size / sizeof *forms);
    for (uint32_t i = 0; i < *count && !status; i++) {
        uint8_t entry[KFI_LEGAL_FORM_SIZE];
        kfi_store32(entry, end += forms[i].letters_size);
        kfi_store32(entry + 4, end += forms[i].canonical_size);
        status = kfi_array_append(stored, entry, sizeof entry, error);
    }
    for (uint32_t i = 0; i < *count && !status; i++) {
        status = kfi_array_append(stored, c->texts.data + forms[i].letters, forms[i].letters_size, error);
        if (!status)
            status = kfi_array_append(stored, c->texts.data + forms[i].canonical, forms[i].canonical_size, error);
    }
    return status;
}

kf_status kfi_legal_compile(const char *const *table, kfi_legal_text text, void *context, kfi_array *stored,
                            uint32_t *count, kf_error *error)
{
    compiling c = { .text = text, .context = context };
    kfi_normal_begin(&c.fold, KF_NORMALISE_CASE | KF_NORMALISE_NFKC | KF_NORMALISE_ACCENTS);
    kf_status status = KF_OK;
    for (; *table && !status; table++) status = take_table(&c, *table, error);
    if (!status) status = settle(&c, error);
    if (!status) status = store(&c, stored, count, error);
    kfi_normal_end(&c.fold);
    kfi_array_free(&c.forms);
    kfi_array_free(&c.texts);
    return status;
}
