/* Encoding with the dictionary that was chosen, and writing it. */
#include "write/tokens/token_choice.h"

#include <stdlib.h>

enum { FRAME_SIZE = 16, PAD_SIZE = 16 };

struct kfi_token_encoder {
    kfi_token_choice choice;
    int is_greedy;
    kfi_token_trie trie;       /* of all tokens, by their indexes */
    kfi_token_trie rows[KFI_TOKEN_CLASSES_MAX];   /* with several classes: by their codes */
    kfi_parse_scratch scratch;
};

static kf_status build_rows(kfi_token_encoder *encoder, kf_error *error)
{
    const kfi_token_choice *choice = &encoder->choice;
    const size_t size = (size_t)1 << choice->bits;
    kfi_token_text *texts = malloc(size * sizeof *texts);
    kf_status status = texts ? KF_OK : kfi_fail_memory(error, size * sizeof *texts);
    for (unsigned class = 0; class < choice->classes.count && !status; class++) {
        const uint32_t *row = choice->rows + class * size;
        uint32_t count = 0;
        for (; count < size && row[count] != KFI_TOKEN_NONE; count++) {
            texts[count] = choice->tokens[row[count]];
            texts[count].code = count;
        }
        status = kfi_token_trie_build(&encoder->rows[class], texts, count, error);
    }
    free(texts);
    return status;
}

kf_status kfi_token_encoder_train(kfi_token_encoder **out, const kfi_token_trainer *trainer,
                                  unsigned bits, kf_error *error)
{
    *out = NULL;
    if (bits && (bits < KFI_TOKEN_BITS_MIN || bits > KFI_TOKEN_BITS_MAX))
        return kfi_fail(error, KF_INVALID, "token width %u is out of range", bits);
    kfi_token_encoder *encoder = malloc(sizeof *encoder);
    if (!encoder) return kfi_fail_memory(error, sizeof *encoder);
    encoder->trie = (kfi_token_trie){0};
    memset(encoder->rows, 0, sizeof encoder->rows);
    encoder->is_greedy = trainer->effort == KFI_EFFORT_LITTLE;
    kf_status status = kfi_token_choice_make(&encoder->choice, trainer, bits, error);
    if (!status) status = kfi_token_trie_build(&encoder->trie, encoder->choice.tokens, encoder->choice.count, error);
    if (!status && encoder->choice.rows) status = build_rows(encoder, error);
    if (status) kfi_token_encoder_destroy(&encoder);
    *out = encoder;
    return status;
}

unsigned kfi_token_encoder_bits(const kfi_token_encoder *encoder)
{
    return encoder->choice.bits;
}

double kfi_token_encoder_rate(const kfi_token_encoder *encoder)
{
    return encoder->choice.rate;
}

void kfi_token_encoder_destroy(kfi_token_encoder **encoder)
{
    if (!encoder || !*encoder) return;
    kfi_token_trie_free(&(*encoder)->trie);
    for (unsigned class = 0; class < KFI_TOKEN_CLASSES_MAX; class++) kfi_token_trie_free(&(*encoder)->rows[class]);
    kfi_token_choice_free(&(*encoder)->choice);
    free(*encoder);
    *encoder = NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Marks where tokens begin in pool[from .. size): the first place found counts. */
static void mark_tokens(const kfi_token_trie *trie, const uint8_t *pool, uint32_t from, uint32_t size,
                        uint32_t *offsets)
{
    for (uint32_t i = from; i < size; i++) {
        uint32_t slot = 0;
        for (uint32_t j = i; j < size && (slot = kfi_token_trie_step(trie, slot, pool[j])); j++) {
            uint32_t code = trie->slots[slot].code;
            if (code != KFI_TOKEN_NONE && offsets[code] == UINT32_MAX) offsets[code] = i;
        }
    }
}

/* The longest tokens are laid down first; each shorter one that occurs in them is free. */
static uint32_t pack_pool(const kfi_token_encoder *encoder, uint8_t *pool, uint32_t *offsets)
{
    uint32_t size = 0, marked = 0;
    for (unsigned length = KFI_TOKEN_MAX; length > 0; length--) {
        for (uint32_t i = 0; i < encoder->choice.count; i++) {
            const kfi_token_text *token = encoder->choice.tokens + i;
            if (token->length != length || offsets[i] != UINT32_MAX) continue;
            memcpy(pool + size, token->bytes, length);
            offsets[i] = size;
            size += length;
        }
        mark_tokens(&encoder->trie, pool, marked, size, offsets);
        marked = size > KFI_TOKEN_MAX ? size - KFI_TOKEN_MAX : 0;
    }
    return size;
}

/* Those of all rows, the last one up to its last token. It has one at least, so that its first place is in range. */
static uint32_t count_entries(const kfi_token_choice *choice)
{
    if (!choice->rows) return choice->count;
    const size_t last = ((size_t)choice->classes.count - 1) << choice->bits;
    size_t entries = (size_t)choice->classes.count << choice->bits;
    while (entries > last + 1 && choice->rows[entries - 1] == KFI_TOKEN_NONE) entries--;
    return (uint32_t)entries;
}

kf_status kfi_token_encoder_write(const kfi_token_encoder *encoder, kfi_array *out, kf_error *error)
{
    uint32_t count = encoder->choice.count;
    uint8_t *pool = malloc((size_t)count * KFI_TOKEN_MAX + 1), frame[FRAME_SIZE] = {0};
    uint32_t *offsets = malloc((size_t)count * sizeof *offsets + 1);
    kf_status status;
    if (!pool || !offsets) {
        status = kfi_fail_memory(error, (size_t)count * KFI_TOKEN_MAX);
        goto out;
    }
    memset(offsets, 0xFF, (size_t)count * sizeof *offsets);
    const kfi_token_choice *choice = &encoder->choice;
    const uint32_t pool_size = pack_pool(encoder, pool, offsets), entries = count_entries(choice);
    frame[0] = (uint8_t)choice->bits;
    frame[1] = (uint8_t)choice->classes.count;
    kfi_store32(frame + 8, entries);
    kfi_store32(frame + 12, pool_size);
    if ((status = kfi_array_append(out, frame, sizeof frame, error))) goto out;
    if (choice->rows && (status = kfi_array_append(out, choice->classes.of, 256, error))) goto out;
    for (uint32_t i = 0; i < entries; i++) {
        const uint32_t token = choice->rows ? choice->rows[i] : i;
        uint8_t entry[4] = {0};
        if (token != KFI_TOKEN_NONE) {
            const kfi_token_text *text = choice->tokens + token;
            const uint32_t class = choice->classes.of[text->bytes[text->length - 1]];
            kfi_store32(entry, offsets[token] << KFI_TOKEN_OFFSET_SHIFT | class << KFI_TOKEN_CLASS_SHIFT
                               | text->length);
        }
        if ((status = kfi_array_append(out, entry, sizeof entry, error))) goto out;
    }
    if ((status = kfi_array_append(out, pool, pool_size, error))) goto out;
    memset(frame, 0, sizeof frame);
    status = kfi_array_append(out, frame, PAD_SIZE, error);
out:
    free(pool);
    free(offsets);
    return status;
}

/* ---- encoding ------------------------------------------------------------------------------ */

/* By the longest token at each place. `*all` becomes the codes or-ed, of which KFI_TOKEN_NONE makes itself. */
static size_t encode_greedily(const kfi_token_trie *trie, const uint8_t *data, size_t size, uint16_t *codes,
                              uint32_t *all)
{
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        uint32_t slot = 0, code = KFI_TOKEN_NONE;
        size_t end = at + 1;
        for (size_t i = at; i < size && (slot = kfi_token_trie_step(trie, slot, data[i])); i++) {
            if (!(trie->slots[slot].link & KFI_TOKEN_ENDS)) continue;
            code = trie->slots[slot].code;
            end = i + 1;
        }
        *all |= code;
        codes[count++] = (uint16_t)code;
        at = end;
    }
    return count;
}

/* Parses a window, and writes the codes of its first `stop` bytes, or some more; `*at` becomes how many. */
static size_t encode_window(kfi_token_encoder *encoder, unsigned before, const uint8_t *data, uint32_t size,
                            uint32_t stop, uint16_t *codes, uint32_t *at, uint32_t *all)
{
    kfi_parse_scratch *scratch = &encoder->scratch;
    const kfi_token_choice *choice = &encoder->choice;
    size_t count = 0;
    uint32_t i = 0;
    if (!choice->rows) {
        kfi_token_parse(&encoder->trie, data, size, scratch);
    } else {
        kfi_token_parse_classed(encoder->rows, &choice->classes, before, data, size, scratch);
    }
    for (; i < stop; i += scratch->length[i]) {
        *all |= scratch->code[i];
        codes[count++] = (uint16_t)scratch->code[i];
    }
    *at = i;
    return count;
}

kf_status kfi_token_encode(kfi_token_encoder *encoder, unsigned before, const uint8_t *data, size_t size,
                           uint16_t *codes, size_t *count, kf_error *error)
{
    size_t n = 0, at = 0;
    uint32_t all = 0;
    if (encoder->is_greedy) {
        n = encode_greedily(&encoder->trie, data, size, codes, &all);
        at = size;
    }
    while (at < size) {
        size_t left = size - at;
        uint32_t window = left > KFI_PARSE_WINDOW ? KFI_PARSE_WINDOW : (uint32_t)left;
        /* Near a cut the parse is a guess: stop short of it and begin the next window there. */
        const uint32_t stop = left > window ? window - KFI_PARSE_OVERLAP : window;
        uint32_t done;
        n += encode_window(encoder, at ? data[at - 1] : before, data + at, window, stop, codes + n, &done, &all);
        at += done;
    }
    *count = n;
    return all != KFI_TOKEN_NONE ? KF_OK
           : kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
}
