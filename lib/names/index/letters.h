/* The letters of names, and where tokens are in blocks: an index may have both, for searches by whole texts. */
#ifndef KFI_NAMES_INDEX_LETTERS_H
#define KFI_NAMES_INDEX_LETTERS_H

#include "base/error.h"
#include "names/names_layout.h"
#include "names/sketch.h"

enum {
    KFI_LETTERS_HEAD = 320,        /* 64 bytes, and a table of kinds */
    KFI_LETTERS_TABLE = 64,        /* where that begins */
    KFI_CHUNK = 64,                /* names whose sketches lie side by side */
    KFI_CHUNK_PAIRS = KFI_KINDS / 2,      /* of kinds, in four bits */
    KFI_CHUNK_HALF = KFI_CHUNK / 2,       /* names in the low, and in the high half of bytes */
    KFI_CHUNK_SIZE = KFI_CHUNK_PAIRS * KFI_CHUNK_HALF
};

typedef struct kfi_letters {
    const uint8_t *kinds;          /* NULL: the index has no such section */
    uint32_t kind_count;
    const uint8_t *chunks;
    const uint8_t *places;
    unsigned place_width;
} kfi_letters;

/* KF_CORRUPT. */
kf_status kfi_letters_open(kfi_letters *letters, const uint8_t *section, uint64_t size, uint64_t offset,
                           uint32_t names, uint32_t tokens, kf_error *error);

static inline uint32_t kfi_letters_chunks(uint32_t names) { return names / KFI_CHUNK + (names % KFI_CHUNK > 0); }

/* Where a token is among those in blocks; their number: it is in none. Any number on a damaged file. */
static inline uint32_t kfi_letters_place(const kfi_letters *letters, uint32_t id)
{
    return (uint32_t)kfi_load_bits(letters->places, (uint64_t)id * letters->place_width, letters->place_width);
}

/* The sketch of a text, which may be damaged. */
uint32_t kfi_sketch_text(const uint8_t *kinds, uint32_t count, kf_bytes text);

/* The sketch of a slot. */
uint32_t kfi_letters_sketch(const kfi_letters *letters, uint32_t slot);

#endif
