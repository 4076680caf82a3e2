#include "names/process/legal.h"

#include "base/bits.h"
#include "base/unicode_kind.h"
#include "base/utf8.h"
#include "names/score/text.h"

#include <string.h>

enum {
    AT_START = '^',
    TOKEN_MOST = 255               /* bytes: a longer token is no part of a form */
};

void kfi_legal_begin(kfi_legal_scratch *s)
{
    kfi_normal_begin(&s->fold, KF_NORMALISE_CASE | KF_NORMALISE_NFKC | KF_NORMALISE_ACCENTS);
}

void kfi_legal_end(kfi_legal_scratch *s)
{
    kfi_normal_end(&s->fold);
    kfi_array_free(&s->text);
    kfi_array_free(&s->other);
}

/* ---- stored forms ------------------------------------------------------------------------------- */

static kf_bytes letters_of(const kfi_legal *l, uint32_t i)
{
    const uint32_t from = i ? kfi_load32(l->entries + KFI_LEGAL_FORM_SIZE * (size_t)i - 4) : 0;
    return (kf_bytes){ l->texts + from, kfi_load32(l->entries + KFI_LEGAL_FORM_SIZE * (size_t)i) - from };
}

static kf_bytes canonical_of(const kfi_legal *l, uint32_t i)
{
    const uint32_t from = kfi_load32(l->entries + KFI_LEGAL_FORM_SIZE * (size_t)i);
    return (kf_bytes){ l->texts + from, kfi_load32(l->entries + KFI_LEGAL_FORM_SIZE * (size_t)i + 4) - from };
}

static int compare(kf_bytes a, kf_bytes b)
{
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static unsigned pair_of(const uint8_t *two) { return (two[0] * 31u + two[1]) & 8191; }

/* Whether a form can have these letters at its end or start, as far as the two outermost bytes tell. */
static int is_likely(const kfi_legal *l, const uint8_t *letters, size_t size, int at_start)
{
    if (size < 2) return 1;
    const unsigned pair = pair_of(at_start ? letters : letters + size - 2);
    return (at_start ? l->starts : l->ends)[pair / 8] >> (pair % 8) & 1;
}

static void note_pair(kfi_legal *l, kf_bytes letters, int at_start)
{
    if (letters.size < 2) return;
    const unsigned pair = pair_of(at_start ? letters.data : letters.data + letters.size - 2);
    (at_start ? l->starts : l->ends)[pair / 8] |= (uint8_t)(1u << pair % 8);
}

kf_status kfi_legal_open(kfi_legal *l, const uint8_t *data, uint64_t size, uint32_t count, uint64_t offset,
                         kf_error *error)
{
    const uint64_t entries = KFI_LEGAL_FORM_SIZE * (uint64_t)count;
    uint64_t end = 0;
    if (entries > size) return kfi_fail_at(error, KF_CORRUPT, offset, "the legal forms are cut");
    *l = (kfi_legal){ .entries = data, .texts = data + entries, .count = count, .size = size - entries };
    for (uint32_t i = 0; i < 2 * count; i++) {
        const uint32_t next = kfi_load32(data + 4 * (size_t)i);
        if (next < end || next > l->size)
            return kfi_fail_at(error, KF_CORRUPT, offset, "legal form %u lies outside of its section", i / 2);
        end = next;
    }
    for (uint32_t i = 0; i < count; i++) {
        const kf_bytes letters = letters_of(l, i);
        const int is_start = letters.size && letters.data[0] == AT_START;
        if (letters.size == (size_t)is_start || letters.size > KFI_LEGAL_LETTERS + (size_t)is_start
            || !canonical_of(l, i).size || (i && compare(letters_of(l, i - 1), letters) >= 0))
            return kfi_fail_at(error, KF_CORRUPT, offset, "legal form %u is impossible", (unsigned)i);
        l->has_starts |= is_start;
        note_pair(l, (kf_bytes){ letters.data + is_start, letters.size - (size_t)is_start }, is_start);
        if (letters.size - (size_t)is_start > l->longest) l->longest = letters.size - (size_t)is_start;
    }
    return end == l->size ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "the legal forms have the wrong size");
}

/* The form with these letters, or NULL; `canonical` is set. */
static int find(const kfi_legal *l, kf_bytes letters, kf_bytes *canonical)
{
    uint32_t low = 0, high = l->count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        const int order = compare(letters_of(l, middle), letters);
        if (order < 0) low = middle + 1;
        else high = middle;
        if (order) continue;
        *canonical = canonical_of(l, middle);
        return 1;
    }
    return 0;
}

/* ---- letters ------------------------------------------------------------------------------------ */

/* The letters of a token, in the scratch. */
static kf_status take_letters(kfi_legal_scratch *s, kf_bytes token, kf_bytes *letters, kf_error *error)
{
    size_t to = 0, at = 0;
    for (; at < token.size && token.data[at] < 0x80; at++) {      /* as what follows does */
        const uint8_t byte = token.data[at], lower = byte | 0x20;
        if (lower >= 'a' && lower <= 'z') s->ascii[to++] = lower;
        else if (byte >= '0' && byte <= '9') s->ascii[to++] = byte;
    }
    *letters = (kf_bytes){ s->ascii, to };
    if (at == token.size) return KF_OK;
    to = 0;
    s->fold.size = 0;
    kf_status status = kfi_normal_append(&s->fold, token);
    if (status) return kfi_fail_memory(error, token.size);
    uint8_t *bytes = s->fold.data;
    for (at = 0; at < s->fold.size; ) {
        const unsigned length = kfi_utf8_sequence(bytes + at, s->fold.size - at);
        const unsigned size = length ? length : 1;
        if (length && kfi_unicode_kind_of(kfi_utf8_value(bytes + at, length)) == KFI_UNICODE_WORD) {
            memmove(bytes + to, bytes + at, size);
            to += size;
        }
        at += size;
    }
    *letters = (kf_bytes){ bytes, to };
    return KF_OK;
}

/* How many tokens at an end are a form: the most that are. 0: none. */
static kf_status match(const kfi_legal *l, kfi_legal_scratch *s, const kf_bytes *tokens, uint32_t count, int at_start,
                       uint32_t *taken, kf_bytes *canonical, kf_error *error)
{
    uint8_t *const end = s->letters + sizeof s->letters;
    size_t size = 0;
    *taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        const kf_bytes token = tokens[at_start ? i : count - 1 - i];
        kf_bytes letters = { NULL, 0 }, whole;
        if (token.size > TOKEN_MOST) break;
        kf_status status = take_letters(s, token, &letters, error);
        if (status) return status;
        if (letters.size > l->longest - size) break;
        if (at_start) {
            s->letters[0] = AT_START;
            memcpy(s->letters + 1 + size, letters.data, letters.size);
            whole = (kf_bytes){ s->letters, 1 + size + letters.size };
        } else {
            memcpy(end - size - letters.size, letters.data, letters.size);
            whole = (kf_bytes){ end - size - letters.size, size + letters.size };
        }
        size += letters.size;
        if (!is_likely(l, whole.data + at_start, size, at_start)) break;
        if (size && find(l, whole, canonical)) *taken = i + 1;
    }
    return KF_OK;
}

/* ---- applying ----------------------------------------------------------------------------------- */

static kf_status put_token(kfi_array *to, kf_bytes token, int *begun, kf_error *error)
{
    kf_status status = *begun ? kfi_array_append(to, " ", 1, error) : KF_OK;
    *begun = 1;
    return status ? status : kfi_array_append(to, token.data, token.size, error);
}

static kf_bytes joined(const kf_bytes *tokens, uint32_t count)
{
    const kf_bytes *last = &tokens[count - 1];
    return (kf_bytes){ tokens[0].data, (size_t)(last->data - tokens[0].data) + last->size };
}

/* Once, at one end. `name` becomes the new text if that differs. */
static kf_status apply_at(const kfi_legal *l, kf_legal_forms what, kfi_legal_scratch *s, int at_start, kf_bytes *name,
                          int *changed, kf_error *error)
{
    kf_bytes tokens[KF_NAME_TOKENS], canonical = { NULL, 0 };
    uint32_t taken;
    int begun = 0;
    *changed = 0;
    if (!name->size) return KF_OK;
    const uint32_t count = kfi_name_tokens(*name, tokens);
    for (uint32_t i = 0; i < count; i++)     /* where an empty one is, for `joined` */
        if (!tokens[i].data) tokens[i].data = i ? tokens[i - 1].data + tokens[i - 1].size + 1 : name->data;
    kf_status status = match(l, s, tokens, count, at_start, &taken, &canonical, error);
    if (status || !taken || (what == KF_LEGAL_IGNORE && taken == count)) return status;
    const kf_bytes *form = at_start ? tokens : tokens + count - taken;
    const kf_bytes *rest = at_start ? tokens + taken : tokens;
    const kf_bytes before = joined(form, taken);
    if (what == KF_LEGAL_CANONICAL && before.size == canonical.size
        && !memcmp(before.data, canonical.data, canonical.size)) return KF_OK;
    kfi_array *to = name->data == s->text.data ? &s->other : &s->text;
    to->size = 0;
    if (what == KF_LEGAL_CANONICAL && at_start) status = put_token(to, canonical, &begun, error);
    if (!status && taken < count) status = put_token(to, joined(rest, count - taken), &begun, error);
    if (!status && what == KF_LEGAL_CANONICAL && !at_start) status = put_token(to, canonical, &begun, error);
    *name = (kf_bytes){ to->data, to->size };
    *changed = 1;
    return status;
}

kf_status kfi_legal_apply(const kfi_legal *l, kf_legal_forms what, kfi_legal_scratch *s, kf_bytes name, kf_bytes *out,
                          kf_error *error)
{
    kf_status status = KF_OK;
    int changed = 1;
    *out = name;
    /* Each step leaves a form out, or makes one canonical that takes in other tokens: the end is never far. */
    for (unsigned i = 0; changed && i < 4 * KF_NAME_TOKENS && !status; i++) {
        status = apply_at(l, what, s, 0, out, &changed, error);
        if (!status && !changed && l->has_starts) status = apply_at(l, what, s, 1, out, &changed, error);
    }
    return status;
}
