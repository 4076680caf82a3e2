#include "read/keys/bucket_decode.h"

#include "read/keys/fields_portable.h"

/* Where each entry's codes begin, from the unary lengths: entry e's 1 bit has code[e+1] zeros before it. */
static int unary_codes(const kfi_bucket *b, uint32_t *code)
{
    unsigned entry = 0;
    for (uint64_t base = 0; base < b->unary_bits; base += 64) {
        uint64_t word = kfi_load64(b->unary + base / 8);
        if (b->unary_bits - base < 64) word &= kfi_mask64((unsigned)(b->unary_bits - base));
        for (; word && entry < b->count; word &= word - 1, entry++)
            code[entry + 1] = (uint32_t)(base + (unsigned)__builtin_ctzll(word)) - entry;
    }
    return entry == b->count;
}

static int field_codes(const kfi_bucket *b, uint32_t *code)
{
    for (unsigned i = 0; i < b->count; i++) {
        uint64_t length = kfi_load_bits(b->bits, (uint64_t)i * b->length_width, b->length_width);
        if (length > KFI_KEY_LIMIT) return 0;
        code[i + 1] = code[i] + (uint32_t)length;
    }
    return 1;
}

static int implied_codes(const kfi_keys *keys, const kfi_decoded *d, uint32_t *code)
{
    uint32_t fixed = keys->parameters.fixed_length;
    if (fixed > KFI_KEY_LIMIT) return 0;
    for (unsigned i = 0; i < d->view.count; i++) {
        uint64_t given = 1 + (uint64_t)d->depth + d->lcp[i];
        if (given > fixed) return 0;
        code[i + 1] = code[i] + fixed - (uint32_t)given;
    }
    return 1;
}

static int decode_lcps(kfi_decoded *d)
{
    const kfi_bucket *b = &d->view;
    kfi_vec v = kfi_vec_unpack(b->lcps, b->lcp_width, b->count);
    if (b->lcp_mode <= KFI_LCP_BYTE) {
        for (unsigned i = 0; i < KFI_BUCKET_ENTRIES; i++) d->lcp[i] = v.byte[i];
        return 1;
    }
    for (unsigned i = 0; i < b->count; i++) {
        unsigned index = v.byte[i];
        if (index >= b->lcp_table_count) return 0;
        d->lcp[i] = b->lcp_mode == KFI_LCP_WIDE ? kfi_load32(b->lcp_table + 4 * index) : b->lcp_table[index];
    }
    return 1;
}

static int decode_labels(const kfi_keys *keys, kfi_decoded *d)
{
    const kfi_bucket *b = &d->view;
    const kfi_keys_parameters *p = &keys->parameters;
    kfi_vec v = kfi_vec_unpack(b->labels, p->label_bits, b->count);
    for (unsigned i = 0; i < b->count; i++) d->label[i] = keys->label_of[v.byte[i]];
    d->escaped = 0;
    if (!p->has_escape) return 1;
    const unsigned escape = kfi_escape_code(p);
    for (unsigned i = 0; i < b->count; i++) d->escaped |= (uint64_t)(v.byte[i] == escape) << i;
    for (uint64_t left = d->escaped; left; left &= left - 1) {
        uint8_t text[4 * KFI_TOKEN_MAX];
        unsigned entry = (unsigned)__builtin_ctzll(left);
        uint64_t bit = b->codes_at + (uint64_t)d->code[entry] * keys->code_width;
        if (d->code[entry] == d->code[entry + 1]) return 0;
        if (!kfi_codes_append(keys, b->bits, bit, 1, KFI_TOKEN_FIRST_ROW, text, text + KFI_TOKEN_MAX)) return 0;
        d->label[entry] = text[0];
    }
    return 1;
}

int kfi_decoded_labels_valid(const kfi_keys *keys, const kfi_decoded *d)
{
    const kfi_keys_parameters *p = &keys->parameters;
    for (unsigned i = 0; i < d->view.count; i++) {
        if (d->escaped >> i & 1) {
            if (p->label_code[d->label[i]] != kfi_escape_code(p)) return 0;
        } else {
            uint64_t code = kfi_load_bits(d->view.labels, i * p->label_bits, p->label_bits);
            if (p->label_code[d->label[i]] != code) return 0;
        }
    }
    return 1;
}

int kfi_bucket_decode(const kfi_keys *keys, kfi_place place, uint32_t depth, kfi_decoded *d)
{
    const kfi_bucket *b = &d->view;
    int good;
    d->at = NULL;
    if (!kfi_bucket_parse(keys, &d->view, place)) return 0;
    d->depth = depth;
    d->any_depth = b->length_mode != KFI_LENGTHS_IMPLIED;
    if (!decode_lcps(d) || d->lcp[0]) return 0;
    d->code[0] = 0;
    if (b->length_mode <= KFI_LENGTHS_UNARY32) good = unary_codes(b, d->code);
    else if (b->length_mode == KFI_LENGTHS_FIELDS) good = field_codes(b, d->code);
    else good = implied_codes(keys, d, d->code);
    if (!good || (uint64_t)d->code[b->count] * keys->code_width > b->bits_limit - b->codes_at) return 0;
    if (!decode_labels(keys, d)) return 0;
    d->at = place.at;
    return 1;
}

uint8_t *kfi_characters_append(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                               uint8_t *to, const uint8_t *limit)
{
    enum { STEP = 12 };   /* characters of up to 4 bits in one load */
    const unsigned width = keys->parameters.character_bits;
    const uint8_t *character = keys->parameters.character;
    const unsigned mask = (1u << width) - 1;
    if ((int64_t)count > limit - to) return NULL;   /* also where `to` is beyond the limit */
    for (; count; bit += STEP * width) {
        uint64_t codes = kfi_load_bits(bits, bit, 4 * STEP);
        for (unsigned i = 0; i < STEP; i++, codes >>= width) to[i] = character[codes & mask];
        unsigned n = count < STEP ? (unsigned)count : STEP;
        to += n;
        count -= n;
    }
    return to;
}

uint8_t *kfi_decoded_text(const kfi_keys *keys, const kfi_decoded *d, unsigned entry, uint32_t valid,
                          uint8_t *text, const uint8_t *limit)
{
    uint8_t chain[KFI_BUCKET_ENTRIES];
    unsigned n = 0;
    /* Right to left, the entries that contribute bytes beyond the valid ones; lcp[0] is 0. */
    for (uint32_t need = d->lcp[entry]; need > valid;) {
        unsigned from = n ? chain[n - 1] : entry;
        while (d->lcp[--from] >= need) {}
        chain[n++] = (uint8_t)from;
        need = d->lcp[from];
    }
    while (n--) {
        unsigned from = chain[n];
        if (d->lcp[from] > (size_t)(limit - text)) return NULL;
        if (!kfi_decoded_append(keys, d, from, text + d->lcp[from], limit)) return NULL;
    }
    if (d->lcp[entry] > (size_t)(limit - text)) return NULL;
    return kfi_decoded_append(keys, d, entry, text + d->lcp[entry], limit);
}
