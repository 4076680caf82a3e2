/* How keys are stored, as far as writer and reader share it: nodes on top, buckets below. FORMAT.md 4 draws the
 * sections TREE (4.2), SHARED (4.3) and TOP (4.9), nodes (4.6), buckets (4.7) and jumps (4.8). */
#ifndef KFI_FORMAT_KEYS_H
#define KFI_FORMAT_KEYS_H

#include "base/bits.h"
#include "base/error.h"

enum {
    KFI_KEYS_PARAMETERS = 512,
    KFI_BUCKET_ENTRIES = 64,
    KFI_NODE_FIXED = 5,
    KFI_KEY_LIMIT = 1 << 20,       /* bytes */
    KFI_LABEL_BITS_MAX = 7,
    KFI_LABEL_NONE = 0xff,         /* code of a byte that begins no entry */
    KFI_REFERENCE_BITS_MAX = 40,
    KFI_RESIDUAL_BITS_MAX = 57,
    KFI_TABLE_TARGETS = 16         /* most targets of a bucket whose extras are in a table */
};

enum kfi_root_kind {
    KFI_ROOT_NONE = 0,             /* no keys */
    KFI_ROOT_EMPTY_KEY = 1,        /* only the empty key */
    KFI_ROOT_CONTAINER = 2
};

enum kfi_lcp_mode {
    KFI_LCP_BYTE = 8,
    KFI_LCP_INDEX1 = 9,
    KFI_LCP_INDEX4 = 12,
    KFI_LCP_WIDE = 13
};

enum kfi_length_mode {
    KFI_LENGTHS_UNARY8 = 0,
    KFI_LENGTHS_UNARY32 = 1,
    KFI_LENGTHS_FIELDS = 2,
    KFI_LENGTHS_IMPLIED = 3
};

/* Parameters of the key structure, at the start of the TREE section (FORMAT.md 4.2). */
typedef struct kfi_keys_parameters {
    uint8_t root_kind;
    uint8_t label_bits;
    uint8_t character_bits;   /* 0: tails are tokens of the TOKENS section; 1..4: fixed-width characters */
    uint8_t has_escape;       /* the highest label code means: the tail's first byte is the label */
    uint8_t directory_width;
    uint32_t fixed_length;
    uint64_t root;
    uint64_t directory_count;
    uint64_t shared_start;
    uint64_t endings;         /* position in SHARED (format/endings.h); 0: none */
    uint8_t label_code[256];
    uint8_t character[16];
} kfi_keys_parameters;

void kfi_keys_parameters_write(const kfi_keys_parameters *parameters, uint8_t *out);
/* `size`: of the TREE section. */
kf_status kfi_keys_parameters_read(kfi_keys_parameters *parameters, const uint8_t *tree,
                                   uint64_t size, kf_error *error);

static inline unsigned kfi_escape_code(const kfi_keys_parameters *p)
{
    return p->has_escape ? (1u << p->label_bits) - 1 : KFI_LABEL_NONE - 1u;
}

#endif
