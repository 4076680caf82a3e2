#include "format/keys.h"

void kfi_keys_parameters_write(const kfi_keys_parameters *p, uint8_t *out)
{
    memset(out, 0, KFI_KEYS_PARAMETERS);
    out[0] = p->root_kind;
    out[1] = p->label_bits;
    out[2] = p->character_bits;
    out[3] = p->has_escape;
    out[4] = p->directory_width;
    kfi_store32(out + 8, p->fixed_length);
    kfi_store64(out + 16, p->root);
    kfi_store64(out + 24, p->directory_count);
    kfi_store64(out + 32, p->shared_start);
    kfi_store64(out + 40, p->endings);
    memcpy(out + 64, p->label_code, 256);
    memcpy(out + 320, p->character, 16);
}

kf_status kfi_keys_parameters_read(kfi_keys_parameters *p, const uint8_t *tree, uint64_t size,
                                   kf_error *error)
{
    if (size < KFI_KEYS_PARAMETERS)
        return kfi_fail(error, KF_CORRUPT, "the key section is too short");
    p->root_kind = tree[0];
    p->label_bits = tree[1];
    p->character_bits = tree[2];
    p->has_escape = tree[3];
    p->directory_width = tree[4];
    p->fixed_length = kfi_load32(tree + 8);
    p->root = kfi_load64(tree + 16);
    p->directory_count = kfi_load64(tree + 24);
    p->shared_start = kfi_load64(tree + 32);
    p->endings = kfi_load64(tree + 40);
    memcpy(p->label_code, tree + 64, 256);
    memcpy(p->character, tree + 320, 16);
    if (p->root_kind > KFI_ROOT_CONTAINER || p->label_bits < 1 || p->label_bits > KFI_LABEL_BITS_MAX
        || p->character_bits > 4 || p->has_escape > 1 || p->directory_width > 57)
        return kfi_fail(error, KF_CORRUPT, "the key section's parameters are out of range");
    return KF_OK;
}
