/* Endings, as code for writer and reader: what the most frequent jumps lead to, as whole strings. They lie at the end
 * of the section SHARED; FORMAT.md 4.12 draws them. */
#ifndef KFI_FORMAT_ENDINGS_H
#define KFI_FORMAT_ENDINGS_H

#include "base/bits.h"

enum {
    KFI_ENDINGS_HEAD = 4,
    KFI_ENDINGS_ENTRY = 4,
    KFI_ENDINGS_MOST = 32,         /* strings of an entry */
    KFI_ENDINGS_UNIT = 8,          /* bytes of a narrow record; a wide one has two units */
    KFI_ENDINGS_TAIL = 64,         /* zeros behind the last record: with the section's pad, 128 bytes can be read */
    KFI_ENDINGS_LONGEST = 15       /* bytes of a string: a record less one */
};

/* What an entry of the directory says; a count of 0: nothing is known of that index. */
typedef struct kfi_ending_list {
    uint32_t first;                /* unit of the first record */
    unsigned count, wide;
} kfi_ending_list;

static inline kfi_ending_list kfi_ending_list_load(const uint8_t *entry)
{
    const uint32_t word = kfi_load32(entry);
    return (kfi_ending_list){ word >> 7, word & 63, word >> 6 & 1 };
}

/* Where the records begin. */
static inline uint64_t kfi_endings_records_at(uint64_t entries)
{
    return KFI_ENDINGS_HEAD + entries * KFI_ENDINGS_ENTRY;
}

#endif
