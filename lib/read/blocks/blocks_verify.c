#include "read/blocks/blocks_verify.h"

#include "base/utf8.h"
#include "read/plain.h"

#include <stdlib.h>

enum { STEP = 4096 };              /* keys between two reports */

typedef struct verifying {
    const kf_dict *dict;
    uint64_t offset;               /* of the section */
    uint8_t *met;                  /* a bit an id */
    kf_buffer buffer;
    kf_bytes key;                  /* the one that was met last */
    uint64_t count;
    kfi_progress *progress;
    kf_error *error;
} verifying;

static kf_status bad(const verifying *v, const char *what)
{
    return kfi_fail_at(v->error, KF_CORRUPT, v->offset, "blocks: %s", what);
}

/* Reads a key that must not have been met before. */
static kf_status meet(verifying *v, uint32_t id)
{
    if (id >= v->dict->header.keys || v->met[id / 8] >> (id % 8) & 1)
        return bad(v, "a key is out of range or there twice");
    v->met[id / 8] |= (uint8_t)(1u << (id % 8));
    kf_status status = kfi_plain_key_at(v->dict, id, &v->buffer, &v->key);
    if (status == KF_NO_MEMORY) return kfi_fail_memory(v->error, v->dict->header.longest_key);
    if (status) return bad(v, "a key can't be read");
    return ++v->count % STEP ? KF_OK : kfi_progress_report(v->progress, 0, v->error);
}

static uint32_t count_units(kf_bytes key)
{
    uint32_t count = 0, unit;
    for (size_t at = 0; at < key.size; count++) at += kfi_utf8_unit(key.data + at, key.size - at, &unit);
    return count;
}

static kf_status verify_keys(verifying *v)
{
    const kfi_blocks *b = v->dict->blocks;
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < b->group_count; i++)
        for (uint32_t t = 0; t < b->groups[i].tokens && !status; t++) {
            status = meet(v, kfi_blocks_id(b, b->groups[i].first_token + t));
            if (!status && !kfi_blocks_has(b, &b->groups[i], t, v->key))
                status = bad(v, "a block does not have the units of its key");
        }
    for (uint32_t i = 0; i < b->longs && !status; i++) {
        status = meet(v, kfi_blocks_long_id(b, i));
        const uint32_t length = status ? 0 : count_units(v->key);
        if (!status && (length != kfi_blocks_long_length(b, i) || length <= KFI_BLOCK_KEY_LENGTH))
            status = bad(v, "a key has another length");
    }
    if (!status && b->empty != UINT32_MAX) status = meet(v, b->empty);
    if (!status && b->empty != UINT32_MAX && v->key.size) status = bad(v, "the empty key is not empty");
    return status;
}

kf_status kfi_blocks_verify(const kf_dict *dict, kfi_progress *progress, kf_error *error)
{
    const size_t size = (size_t)(dict->header.keys / 8) + 1;
    verifying v = { .dict = dict, .offset = kfi_header_section(&dict->header, KFI_SECTION_BLOCKS)->offset,
                    .met = calloc(size, 1), .progress = progress, .error = error };
    kf_status status = v.met ? verify_keys(&v) : kfi_fail_memory(error, size);
    free(v.met);
    kf_buffer_free(&v.buffer);
    return status;
}
