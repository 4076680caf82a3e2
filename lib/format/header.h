/* The file's frame: header, section table, pads, checksums. FORMAT.md 2 draws it; this is its code. */
#ifndef KFI_FORMAT_HEADER_H
#define KFI_FORMAT_HEADER_H

#include "base/error.h"

enum {
    KFI_HEADER_SIZE = 128,
    KFI_SECTION_ENTRY_SIZE = 32,
    KFI_SECTION_ALIGNMENT = 64,
    KFI_TAIL_PAD = 64,
    KFI_MAX_SECTIONS = 32,
    KFI_FORMAT_MAJOR = 1,
    KFI_FORMAT_MINOR = 0,
    KFI_CHECKSUM_BLOCK = 1 << 18   /* bytes of the file that one checksum covers */
};

/* Incompatible features. */
enum {
    KFI_FEATURE_SHARDS = 1u << 0,   /* the keys are in other files or images (format/shards.h) */
    KFI_FEATURE_NORMALISED = 1u << 1,   /* keys are in a normal form (base/normalise.h), which the header names */
    KFI_FEATURE_NAMES = 1u << 2,    /* no dictionary but a names index (names/names_layout.h) */
    KFI_FEATURES_KNOWN = KFI_FEATURE_SHARDS | KFI_FEATURE_NORMALISED | KFI_FEATURE_NAMES
};

/* Compatible ones. */
enum {
    KFI_COMPATIBLE_BLOCKS = 1u << 0,   /* the section BLOCKS has the keys (format/blocks.h) */
    KFI_COMPATIBLE_FILTER = 1u << 1    /* the section FILTER has their hashes (format/filter.h) */
};

typedef enum kfi_section_type {
    KFI_SECTION_METADATA = 1,
    KFI_SECTION_TOKENS = 2,       /* token dictionary of the keys' tails */
    KFI_SECTION_SHARED = 3,       /* containers with several parents */
    KFI_SECTION_TREE = 4,         /* nodes and buckets, root last */
    KFI_SECTION_VALUES = 5,       /* value column (codes, packed integers, strings) */
    KFI_SECTION_TOP = 7,          /* table of nodes by the key's first bytes */
    KFI_SECTION_WEIGHTS = 8,      /* weights, or only their maxima (format/weights.h); may be absent */
    KFI_SECTION_SHARDS = 9,       /* what the shards are (format/shards.h); no keys and values of its own then */
    KFI_SECTION_IMAGES = 10,      /* the shards' files, one after the other */
    KFI_SECTION_NAMES = 11,       /* of a names index: its parameters, bands of tokens, groups of names */
    KFI_SECTION_VOCABULARY = 12,  /* the tokens: an image a band */
    KFI_SECTION_BLOCKS = 13,      /* the tokens, or a dictionary's keys, once more, side by side */
    KFI_SECTION_FORWARD = 14,     /* the tokens of each name */
    KFI_SECTION_ORDERS = 15,      /* and in which order it has them */
    KFI_SECTION_POSITIONS = 16,   /* of the names */
    KFI_SECTION_POSTINGS = 17,    /* the names of each token */
    KFI_SECTION_TEXTS = 18,       /* a column: the names as they were given; only if names are processed */
    KFI_SECTION_PROCESSING = 19,  /* how names are processed */
    KFI_SECTION_ATTRIBUTES = 20,  /* of the names, and which names have each; absent: none has */
    KFI_SECTION_PAYLOADS = 21,    /* a column: what belongs to the names; absent: nothing */
    KFI_SECTION_LETTERS = 22,     /* of the names, counted, and where tokens are in blocks; may be absent */
    KFI_SECTION_FILTER = 23,      /* which keys are certainly absent (format/filter.h); may be absent itself */
    KFI_SECTION_CHECKSUMS = 6     /* XXH3-64 of each KFI_CHECKSUM_BLOCK from header_size up to this
                                     section; always the last section */
} kfi_section_type;

typedef struct kfi_section {
    uint32_t type;
    uint64_t offset;
    uint64_t size;
} kfi_section;

typedef struct kfi_header {
    uint32_t header_size;
    uint64_t file_size;
    uint32_t incompatible, compatible;
    uint64_t keys;
    uint32_t longest_key;
    uint8_t value_type, value_encoding;
    uint8_t normalise;               /* KF_NORMALISE_..., complete; writing sets its feature */
    uint64_t raw_key_bytes, raw_value_bytes, states, states_extra;
    uint8_t build_id[16];
    uint32_t section_count;
    kfi_section sections[KFI_MAX_SECTIONS];
} kfi_header;

/* How every file begins. */
enum { KFI_MAGIC_SIZE = 8 };
extern const uint8_t kfi_magic[KFI_MAGIC_SIZE];

/* Parses and checks header and table against the file's real size: magic, version, features,
 * checksum, every section in bounds, aligned, in order, with its tail pad inside the file. */
kf_status kfi_header_parse(kfi_header *header, const uint8_t *file, uint64_t file_size,
                           kf_error *error);
/* Writes header->header_size bytes; `build_id` and checksum are taken or computed from `header`. */
void kfi_header_write(const kfi_header *header, uint8_t *out);
/* Size of header and table for a number of sections. */
uint32_t kfi_header_size(uint32_t section_count);
/* The section of a type, or NULL. */
const kfi_section *kfi_header_section(const kfi_header *header, kfi_section_type type);
/* The id of a file with this header and this checksum section. */
void kfi_header_build_id(const kfi_header *header, const void *checksums, size_t size,
                         uint8_t id[16]);
/* Where the section after one of this offset and size begins: alignment and tail pad added. The sum
 * must not overflow. */
static inline uint64_t kfi_section_next(uint64_t offset, uint64_t size)
{
    return ((offset + size + KFI_SECTION_ALIGNMENT - 1) & ~(uint64_t)(KFI_SECTION_ALIGNMENT - 1))
           + KFI_TAIL_PAD;
}
/* How many checksum blocks `size` bytes after the header make. */
static inline uint64_t kfi_checksum_blocks(uint64_t size)
{
    return size / KFI_CHECKSUM_BLOCK + (size % KFI_CHECKSUM_BLOCK != 0);
}

#endif
