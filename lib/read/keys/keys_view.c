#include "read/keys/keys_view.h"

static kf_status open_top(kfi_top *top, const uint8_t *p, uint64_t size, kf_error *error)
{
    if (!size) return KF_OK;
    if (size < 8 || !p[0] || p[0] > 16 || p[1] > 8 || p[2] > 8 || size < 8 + p[0] * 260u)
        return kfi_fail(error, KF_CORRUPT, "the top table's header is out of range");
    top->position_width = p[1];
    top->rank_width = p[2];
    top->cell_width = (uint8_t)(1 + p[1] + p[2]);
    top->cell_count = kfi_load32(p + 4);
    top->strides = p + 8;
    top->classes = top->strides + 4 * p[0];
    top->cells = top->classes + 256 * p[0];
    if ((size - 8 - p[0] * 260u) / top->cell_width < top->cell_count)
        return kfi_fail(error, KF_CORRUPT, "the top table is larger than its section");
    top->positions = p[0];
    return KF_OK;
}

static kf_status open_endings(kfi_keys *keys, kf_error *error)
{
    kfi_endings *endings = &keys->endings;
    const uint64_t position = keys->parameters.endings;
    endings->entries = keys->tree;
    if (!position) return KF_OK;
    const uint64_t room = position < keys->shared_size ? keys->shared_size - position : 0;
    const uint8_t *const p = keys->shared + (room ? position : 0);
    endings->count = room < KFI_ENDINGS_HEAD ? UINT32_MAX : kfi_load32(p);
    const uint64_t records_at = kfi_endings_records_at(endings->count);
    if (room < records_at + KFI_ENDINGS_TAIL)
        return kfi_fail(error, KF_CORRUPT, "the endings lie outside their section");
    endings->entries = p + KFI_ENDINGS_HEAD;
    endings->records = p + records_at;
    endings->units = (room - records_at - KFI_ENDINGS_TAIL) / KFI_ENDINGS_UNIT;
    return KF_OK;
}

/* What is smaller is in the processor's nearer caches after some lookups. */
enum { IN_CACHE = 1 << 20 };

kf_status kfi_keys_open(kfi_keys *keys, const uint8_t *file, const kfi_header *header, kf_error *error)
{
    const kfi_section *tree = kfi_header_section(header, KFI_SECTION_TREE);
    const kfi_section *shared = kfi_header_section(header, KFI_SECTION_SHARED);
    const kfi_section *tokens = kfi_header_section(header, KFI_SECTION_TOKENS);
    memset(keys, 0, sizeof *keys);
    if (!tree || !shared || !tokens) return kfi_fail(error, KF_CORRUPT, "a key section is missing");
    keys->tree = file + tree->offset;
    keys->tree_size = tree->size;
    keys->shared = file + shared->offset;
    keys->shared_size = shared->size;
    keys->count = header->keys;
    keys->longest_key = header->longest_key;
    keys->interleave = tree->size > IN_CACHE || shared->size > IN_CACHE - tree->size;
    kf_status status = kfi_keys_parameters_read(&keys->parameters, keys->tree, tree->size, error);
    if (status) return status;
    const kfi_keys_parameters *p = &keys->parameters;
    if (keys->longest_key > KFI_KEY_LIMIT)
        return kfi_fail(error, KF_CORRUPT, "the longest key is longer than the format allows");
    for (unsigned b = 256; b--;)
        if (p->label_code[b] < sizeof keys->label_of) keys->label_of[p->label_code[b]] = (uint8_t)b;
    /* Divided so that the count does not overflow; what a section of more bytes than any has would, is only less. */
    if (p->directory_count > (p->directory_width ? (8 * shared->size + 7) / p->directory_width : 0))
        return kfi_fail_at(error, KF_CORRUPT, shared->offset, "the directory is larger than its section");
    if (p->root_kind != KFI_ROOT_CONTAINER) keys->parameters.root = 0;   /* not used, but pointed at */
    if (p->root_kind == KFI_ROOT_CONTAINER && (p->root < KFI_KEYS_PARAMETERS || p->root >= tree->size))
        return kfi_fail_at(error, KF_CORRUPT, tree->offset, "the root lies outside its section");
    if ((p->root_kind == KFI_ROOT_NONE) != (header->keys == 0))
        return kfi_fail_at(error, KF_CORRUPT, tree->offset, "the number of keys contradicts the root");
    const kfi_section *top = kfi_header_section(header, KFI_SECTION_TOP);
    if (top) status = open_top(&keys->top, file + top->offset, top->size, error);
    if (!status) status = open_endings(keys, error);
    if (status) return status;
    keys->escape = (uint8_t)kfi_escape_code(p);
    keys->tokens = kfi_no_tokens;
    if (!p->character_bits) status = kfi_tokens_open(&keys->tokens, file + tokens->offset, tokens->size, error);
    keys->code_width = p->character_bits ? p->character_bits : (uint8_t)keys->tokens.bits;
    return status;
}
