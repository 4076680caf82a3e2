/* Encoding with the dictionary that was chosen, and writing it. */
#include "write/tokens/token_choice.h"
#include "write/tokens/token_sample.h"

#include <stdlib.h>

enum { FRAME_SIZE = 16, PAD_SIZE = 16 };

struct kfi_token_encoder {
    kfi_token_choice choice;
    int is_greedy;
    kfi_token_trie trie;
    kfi_parse_scratch scratch;
};

kf_status kfi_token_encoder_train(kfi_token_encoder **out, const kfi_token_trainer *trainer,
                                  unsigned bits, kf_error *error)
{
    *out = NULL;
    if (bits && (bits < KFI_TOKEN_BITS_MIN || bits > KFI_TOKEN_BITS_MAX))
        return kfi_fail(error, KF_INVALID, "token width %u is out of range", bits);
    kfi_token_encoder *encoder = malloc(sizeof *encoder);
    if (!encoder) return kfi_fail_memory(error, sizeof *encoder);
    encoder->trie = (kfi_token_trie){0};
    encoder->is_greedy = trainer->effort == KFI_EFFORT_LITTLE;
    kf_status status = kfi_token_choice_make(&encoder->choice, trainer, bits, error);
    if (!status) status = kfi_token_trie_build(&encoder->trie, encoder->choice.tokens, encoder->choice.count, error);
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
    free((*encoder)->choice.tokens);
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
    uint32_t pool_size = pack_pool(encoder, pool, offsets);
    frame[0] = (uint8_t)encoder->choice.bits;
    kfi_store32(frame + 8, count);
    kfi_store32(frame + 12, pool_size);
    if ((status = kfi_array_append(out, frame, sizeof frame, error))) goto out;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[4];
        kfi_store32(entry, offsets[i] << 5 | encoder->choice.tokens[i].length);
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

/* By the longest token at each place. */
static size_t encode_greedily(const kfi_token_trie *trie, const uint8_t *data, size_t size, uint16_t *codes)
{
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        uint32_t slot = 0, code = 0;
        size_t end = at + 1;
        for (size_t i = at; i < size && (slot = kfi_token_trie_step(trie, slot, data[i])); i++) {
            if (!(trie->slots[slot].link & KFI_TOKEN_ENDS)) continue;
            code = trie->slots[slot].code;
            end = i + 1;
        }
        codes[count++] = (uint16_t)code;
        at = end;
    }
    return count;
}

size_t kfi_token_encode(kfi_token_encoder *encoder, const uint8_t *data, size_t size,
                        uint16_t *codes)
{
    kfi_parse_scratch *scratch = &encoder->scratch;
    size_t count = 0, at = 0;
    if (encoder->is_greedy) return encode_greedily(&encoder->trie, data, size, codes);
    while (at < size) {
        size_t left = size - at;
        uint32_t window = left > KFI_PARSE_WINDOW ? KFI_PARSE_WINDOW : (uint32_t)left;
        /* Near a cut the parse is a guess: stop short of it and begin the next window there. */
        uint32_t stop = left > window ? window - KFI_PARSE_OVERLAP : window, i = 0;
        kfi_token_parse(&encoder->trie, data + at, window, scratch);
        for (; i < stop; i += scratch->length[i]) codes[count++] = (uint16_t)scratch->code[i];
        at += i;
    }
    return count;
}
