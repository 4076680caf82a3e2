/* Whether the section of letters says of each name and token what they say themselves. */
#include "names/index/index.h"

#include <stdlib.h>

enum { STEP = 1 << 16 };

static kf_status bad(const kf_names *n, const char *what, kf_error *error)
{
    return kfi_fail_at(error, KF_CORRUPT, kfi_header_section(&n->header, KFI_SECTION_LETTERS)->offset, "%s", what);
}

static kf_status verify_head(const kf_names *n, kf_error *error)
{
    const kfi_letters *l = &n->letters;
    const uint8_t *head = l->kinds - KFI_LETTERS_TABLE;
    uint32_t before = 0;
    for (uint32_t i = 0; i < l->kind_count; i++) {
        const uint32_t entry = kfi_load32(l->kinds + 4 * (size_t)i), point = entry & 0xffffff;
        if (entry >> 24 >= KFI_KINDS || (i && point <= before)) return bad(n, "the kinds of letters are wrong", error);
        before = point;
    }
    for (uint32_t at = 4; at < KFI_LETTERS_HEAD; at++) {
        const int is_used = at >= KFI_LETTERS_TABLE && at < KFI_LETTERS_TABLE + 4 * l->kind_count;
        if (!is_used && head[at]) return bad(n, "the head of the letters is not zero", error);
    }
    return KF_OK;
}

/* The places, and the sketches of all tokens. */
static kf_status verify_tokens(const kf_names *n, uint32_t *sketches, kfi_progress *progress, kf_error *error)
{
    const kfi_letters *l = &n->letters;
    const kfi_blocks *b = &n->blocks;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_status status = KF_OK;
    for (uint32_t id = 0; id < n->head.tokens && !status; id++) {
        const uint32_t place = kfi_letters_place(l, id);
        kf_bytes text;
        status = kfi_names_token_text(n, id, &buffer, &text, error);
        if (status) break;
        sketches[id] = kfi_sketch_text(l->kinds, l->kind_count, text);
        const int is_there = place < b->tokens ? kfi_blocks_id(b, place) == id
                                               : place == b->tokens && (id == b->empty || text.size > KFI_BLOCK_LENGTH);
        if (!is_there) status = bad(n, "a token is at another place", error);
        if (!status && id % STEP == 0) status = kfi_progress_report(progress, id, error);
    }
    kf_buffer_free(&buffer);
    return status;
}

static kf_status verify_names(const kf_names *n, const uint32_t *sketches, kfi_progress *progress, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    kf_status status = KF_OK;
    for (uint32_t g = 0; g < n->head.groups; g++) {
        const kfi_group *group = &n->groups[g];
        for (uint32_t slot = group->first; slot < group[1].first && !status; slot++) {
            uint32_t sketch = 0;
            kfi_names_ids(n, group, slot, ids);
            for (uint32_t i = 0; i < group->tokens; i++) sketch = kfi_sketch_add(sketch, sketches[ids[i]]);
            if (sketch != kfi_letters_sketch(&n->letters, slot)) status = bad(n, "a name has other letters", error);
            if (!status && slot % STEP == 0) status = kfi_progress_report(progress, slot, error);
        }
    }
    const uint64_t end = (uint64_t)kfi_letters_chunks(n->count) * KFI_CHUNK;
    for (uint64_t slot = n->count; slot < end && !status; slot++)
        if (kfi_letters_sketch(&n->letters, (uint32_t)slot)) status = bad(n, "letters of no name", error);
    return status;
}

kf_status kfi_letters_verify(const kf_names *n, kfi_progress *progress, kf_error *error)
{
    if (!n->letters.kinds) return KF_OK;
    uint32_t *sketches = malloc(((size_t)n->head.tokens + 1) * sizeof *sketches);
    if (!sketches) return kfi_fail_memory(error, (size_t)n->head.tokens * sizeof *sketches);
    kf_status status = verify_head(n, error);
    if (!status) status = verify_tokens(n, sketches, progress, error);
    if (!status) status = verify_names(n, sketches, progress, error);
    free(sketches);
    return status;
}
